/* rb-held.c: messages that wait for a person to say whether they may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-held.h"

#include "rb-core-bounds.h"

#include <string.h>

struct _RbHeld {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  guint       cap;
  GHashTable *rows;     /* message id (in the message) to RbHeldRow, owned */
  GHashTable *lanes;    /* conversation to GQueue of RbHeldRow, borrowed, in order of arrival */
};

static void
row_free (gpointer data)
{
  RbHeldRow *row = data;

  rb_message_unref (row->message);
  g_free (row->lane);
  g_free (row->why);
  g_clear_object (&row->answer);
  g_free (row);
}

RbHeld *
rb_held_new (guint cap)
{
  RbHeld *self = g_new0 (RbHeld, 1);

  self->cap = cap;
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, row_free);
  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);
  return self;
}

void
rb_held_free (RbHeld *self)
{
  g_hash_table_unref (self->lanes);
  g_hash_table_unref (self->rows);
  g_free (self);
}

void
rb_held_set_bounds (RbHeld   *self,
                    RbBounds *bounds)
{
  self->bounds = bounds;
}

gboolean
rb_held_is_full (const RbHeld *self)
{
  return g_hash_table_size (self->rows) >= self->cap;
}

static gboolean
is_given (const char *text)
{
  return text != NULL && *text != '\0';
}

/* What names the conversation with its sender; NULL: it is of none. */
static const char *
get_name (const RbMessage *message)
{
  return is_given (message->correlation_id) ? message->correlation_id : message->target_endpoint_id;
}

gboolean
rb_held_is_one_conversation (const RbMessage *a,
                             const RbMessage *b)
{
  return is_given (a->correlation_id) == is_given (b->correlation_id) && is_given (get_name (a)) &&
         g_strcmp0 (get_name (a), get_name (b)) == 0 &&
         strcmp (rb_envelope_get_from (a->envelope), rb_envelope_get_from (b->envelope)) == 0;
}

/* The length in front keeps the parts apart, whatever is in them. */
static char *
make_lane (const RbMessage *message)
{
  const char *sender = rb_envelope_get_from (message->envelope);

  if (!is_given (get_name (message)))
    return NULL;
  return g_strdup_printf ("%s%" G_GSIZE_FORMAT ":%s%s", is_given (message->correlation_id) ? "c" : "t", strlen (sender), sender,
                          get_name (message));
}

static GQueue *
ensure_lane (RbHeld     *self,
             const char *lane)
{
  GQueue *queue = g_hash_table_lookup (self->lanes, lane);

  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->lanes, g_strdup (lane), queue);
    }
  return queue;
}

void
rb_held_add (RbHeld     *self,
             RbMessage  *message,
             const char *why)
{
  RbHeldRow *row = g_new0 (RbHeldRow, 1);

  row->message = rb_message_ref (message);
  row->lane = make_lane (message);
  row->why = g_strdup (why);
  g_hash_table_insert (self->rows, message->id, row);
  if (row->lane != NULL)
    g_queue_push_tail (ensure_lane (self, row->lane), row);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_HELD, g_hash_table_size (self->rows));
}

RbHeldRow *
rb_held_lookup (RbHeld     *self,
                const char *message_id)
{
  return g_hash_table_lookup (self->rows, message_id);
}

void
rb_held_remove (RbHeld    *self,
                RbHeldRow *row)
{
  GQueue *queue = row->lane != NULL ? g_hash_table_lookup (self->lanes, row->lane) : NULL;

  if (queue != NULL)
    {
      g_queue_remove (queue, row);
      if (queue->length == 0)
        g_hash_table_remove (self->lanes, row->lane);
    }
  g_hash_table_remove (self->rows, row->message->id);
}

gboolean
rb_held_has_before (RbHeld          *self,
                    const RbMessage *message)
{
  g_autofree char *lane = NULL;

  if (g_hash_table_size (self->rows) == 0)
    return FALSE;
  lane = make_lane (message);
  return lane != NULL && g_hash_table_contains (self->lanes, lane);
}

RbHeldRow *
rb_held_get_first (RbHeld     *self,
                   const char *lane)
{
  GQueue *queue = lane != NULL ? g_hash_table_lookup (self->lanes, lane) : NULL;

  return queue != NULL ? g_queue_peek_head (queue) : NULL;
}

gboolean
rb_held_is_first (RbHeld          *self,
                  const RbHeldRow *row)
{
  return row->lane == NULL || rb_held_get_first (self, row->lane) == row;
}

guint
rb_held_get_n (const RbHeld *self)
{
  return g_hash_table_size (self->rows);
}

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const RbMessage *first = (*(RbHeldRow *const *) a)->message;
  const RbMessage *second = (*(RbHeldRow *const *) b)->message;

  return first->position < second->position ? -1 : first->position > second->position;
}

GPtrArray *
rb_held_dup_rows (RbHeld *self)
{
  GPtrArray *rows = g_ptr_array_sized_new (g_hash_table_size (self->rows));
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    g_ptr_array_add (rows, row);
  g_ptr_array_sort (rows, compare_positions);
  return rows;
}
