/* rb-queue.c: what waits for one endpoint, in lanes of one conversation each
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-queue.h"

struct _RbLane {
  char   *key;          /* correlation id, or "" */
  GQueue  items;        /* of RbItem, by their links */
  GList   ready_link;   /* in the queue's ready list */
  gboolean is_ready;
  gboolean is_blocked;  /* the head is on its way or waits for its next attempt */
};

struct _RbQueue {
  char       *endpoint_id;
  GHashTable *lanes;    /* key (borrowed from the lane) to RbLane, owned */
  GHashTable *items;    /* message id (borrowed from the message) to RbItem, owned by its lane */
  GHashTable *promised; /* message id to its size */
  gsize       promised_bytes;
  GQueue      ready;    /* of RbLane */
  gsize       bytes;
  guint       n_pushed;
  gsize       pushed_bytes;
};

static void
item_free (RbItem *item)
{
  rb_message_unref (item->message);
  g_free (item->assignment_id);
  g_free (item->endpoint_id);
  g_free (item->push_id);
  g_free (item);
}

static void
lane_free (RbLane *lane)
{
  while (lane->items.head != NULL)
    {
      RbItem *item = lane->items.head->data;

      g_queue_unlink (&lane->items, &item->link);
      item_free (item);
    }
  g_free (lane->key);
  g_free (lane);
}

RbQueue *
rb_queue_new (const char *endpoint_id)
{
  RbQueue *self = g_new0 (RbQueue, 1);

  self->endpoint_id = g_strdup (endpoint_id);
  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) lane_free);
  self->items = g_hash_table_new (g_str_hash, g_str_equal);
  self->promised = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->ready);
  return self;
}

void
rb_queue_free (RbQueue *self)
{
  g_hash_table_unref (self->items);
  g_hash_table_unref (self->promised);
  g_hash_table_unref (self->lanes);
  g_free (self->endpoint_id);
  g_free (self);
}

static RbLane *
ensure_lane (RbQueue    *self,
             const char *key)
{
  RbLane *lane = g_hash_table_lookup (self->lanes, key);

  if (lane != NULL)
    return lane;

  lane = g_new0 (RbLane, 1);
  lane->key = g_strdup (key);
  lane->ready_link.data = lane;
  g_queue_init (&lane->items);
  g_hash_table_insert (self->lanes, lane->key, lane);
  return lane;
}

/* A lane is ready when its head may go: not on its way, not waiting for its next attempt, and durable. */
static void
update_ready (RbQueue *self,
              RbLane  *lane)
{
  RbItem *head = lane->items.head != NULL ? lane->items.head->data : NULL;
  gboolean ready = head != NULL && !lane->is_blocked && head->message->is_durable;

  if (lane->is_ready == ready)
    return;

  lane->is_ready = ready;
  if (ready)
    g_queue_push_tail_link (&self->ready, &lane->ready_link);
  else
    g_queue_unlink (&self->ready, &lane->ready_link);
}

void
rb_queue_promise (RbQueue         *self,
                  const RbMessage *message)
{
  gsize size = rb_envelope_get_size (message->envelope);

  if (g_hash_table_insert (self->promised, g_strdup (message->id), GSIZE_TO_POINTER (size)))
    self->promised_bytes += size;
}

void
rb_queue_take_back (RbQueue    *self,
                    const char *message_id)
{
  self->promised_bytes -= GPOINTER_TO_SIZE (g_hash_table_lookup (self->promised, message_id));
  g_hash_table_remove (self->promised, message_id);
}

RbItem *
rb_queue_add (RbQueue    *self,
              RbMessage  *message,
              const char *assignment_id)
{
  RbLane *lane = ensure_lane (self, message->correlation_id != NULL ? message->correlation_id : "");
  RbItem *item = g_new0 (RbItem, 1);

  rb_queue_take_back (self, message->id);
  item->message = rb_message_ref (message);
  item->assignment_id = g_strdup (assignment_id);
  item->endpoint_id = g_strdup (self->endpoint_id);
  item->lane = lane;
  item->link.data = item;
  g_queue_push_tail_link (&lane->items, &item->link);
  g_hash_table_insert (self->items, message->id, item);
  self->bytes += rb_envelope_get_size (message->envelope);
  update_ready (self, lane);
  return item;
}

static void
mark_pushed (RbQueue  *self,
             RbItem   *item,
             gboolean  pushed)
{
  gsize size = rb_envelope_get_size (item->message->envelope);

  if (item->is_pushed == pushed)
    return;

  item->is_pushed = pushed;
  self->n_pushed += pushed ? 1 : -1;
  self->pushed_bytes += pushed ? size : -size;
}

void
rb_queue_remove (RbQueue *self,
                 RbItem  *item)
{
  RbLane *lane = item->lane;
  gboolean was_head = lane->items.head == &item->link;

  mark_pushed (self, item, FALSE);
  self->bytes -= rb_envelope_get_size (item->message->envelope);
  g_hash_table_remove (self->items, item->message->id);
  g_queue_unlink (&lane->items, &item->link);
  item_free (item);

  if (was_head)
    lane->is_blocked = FALSE;
  update_ready (self, lane);
  if (lane->items.length == 0)
    g_hash_table_remove (self->lanes, lane->key);
}

const RbItem *
rb_queue_peek_ready (RbQueue *self)
{
  const RbLane *lane = g_queue_peek_head (&self->ready);

  return lane != NULL ? lane->items.head->data : NULL;
}

RbItem *
rb_queue_take_ready (RbQueue *self)
{
  RbLane *lane = g_queue_peek_head (&self->ready);
  RbItem *item;

  if (lane == NULL)
    return NULL;

  item = lane->items.head->data;
  lane->is_blocked = TRUE;
  update_ready (self, lane);
  mark_pushed (self, item, TRUE);
  return item;
}

void
rb_queue_put_back (RbQueue  *self,
                   RbItem   *item,
                   gboolean  ready)
{
  mark_pushed (self, item, FALSE);
  if (item->lane->items.head != &item->link)
    return;

  item->lane->is_blocked = !ready;
  update_ready (self, item->lane);
}

void
rb_queue_wake (RbQueue *self,
               RbItem  *item)
{
  update_ready (self, item->lane);
}

RbItem *
rb_queue_find (RbQueue    *self,
               const char *message_id)
{
  return g_hash_table_lookup (self->items, message_id);
}

guint
rb_queue_get_length (const RbQueue *self)
{
  return g_hash_table_size (self->items);
}

guint
rb_queue_get_claimed_length (const RbQueue *self)
{
  return rb_queue_get_length (self) + g_hash_table_size (self->promised);
}

gsize
rb_queue_get_claimed_bytes (const RbQueue *self)
{
  return self->bytes + self->promised_bytes;
}

gsize
rb_queue_get_bytes (const RbQueue *self)
{
  return self->bytes;
}

guint
rb_queue_get_n_pushed (const RbQueue *self)
{
  return self->n_pushed;
}

gsize
rb_queue_get_pushed_bytes (const RbQueue *self)
{
  return self->pushed_bytes;
}

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const RbItem *first = *(RbItem *const *) a;
  const RbItem *second = *(RbItem *const *) b;

  return first->message->position < second->message->position ? -1 : first->message->position > second->message->position;
}

GPtrArray *
rb_queue_dup_items (RbQueue *self)
{
  GPtrArray *items = g_ptr_array_sized_new (g_hash_table_size (self->items));
  GHashTableIter iter;
  gpointer item;

  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    g_ptr_array_add (items, item);
  g_ptr_array_sort (items, compare_positions);
  return items;
}
