/* rb-ledger.c: which messages live, and which were seen
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ledger.h"

#include "rb-core-bounds.h"

typedef struct {
  char   *id;
  gint64  since;
  GList   link;
} Seen;

struct _RbLedger {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  guint       cap;
  gint64      retention_ms;
  GHashTable *live;     /* id (borrowed) to RbMessage, owned */
  gsize       bytes;    /* of them */
  GHashTable *seen;     /* id (borrowed) to Seen, owned */
  GQueue      order;    /* of Seen, oldest first */
};

static void
seen_free (Seen *seen)
{
  g_free (seen->id);
  g_free (seen);
}

RbLedger *
rb_ledger_new (guint  seen_cap,
               gint64 retention_ms)
{
  RbLedger *self = g_new0 (RbLedger, 1);

  self->cap = seen_cap;
  self->retention_ms = retention_ms;
  self->live = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) rb_message_unref);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) seen_free);
  g_queue_init (&self->order);
  return self;
}

void
rb_ledger_free (RbLedger *self)
{
  g_hash_table_unref (self->live);
  g_hash_table_unref (self->seen);
  g_free (self);
}

void
rb_ledger_set_bounds (RbLedger *self,
                      RbBounds *bounds)
{
  self->bounds = bounds;
}

/* What comes to life again must not be forgotten as one that ended; if it is not to be, it has ended as before. */
static void
revive (RbLedger  *self,
        RbMessage *message)
{
  Seen *seen = g_hash_table_lookup (self->seen, message->id);

  if (seen == NULL)
    return;
  message->ended_at = seen->since;
  g_queue_unlink (&self->order, &seen->link);
  g_hash_table_remove (self->seen, message->id);
}

static void
remove_live (RbLedger   *self,
             const char *id)
{
  RbMessage *message = g_hash_table_lookup (self->live, id);

  if (message == NULL)
    return;
  self->bytes -= rb_envelope_get_size (message->envelope);
  g_hash_table_remove (self->live, id);
}

void
rb_ledger_add (RbLedger  *self,
               RbMessage *message)
{
  g_autoptr(RbMessage) added = rb_message_ref (message);

  revive (self, message);
  remove_live (self, message->id);
  self->bytes += rb_envelope_get_size (message->envelope);
  g_hash_table_insert (self->live, message->id, g_steal_pointer (&added));
  rb_bounds_note (self->bounds, RB_CORE_BOUND_MESSAGES, g_hash_table_size (self->live));
  rb_bounds_note (self->bounds, RB_CORE_BOUND_MESSAGE_BYTES, self->bytes);
}

RbMessage *
rb_ledger_lookup (RbLedger   *self,
                  const char *id)
{
  return g_hash_table_lookup (self->live, id);
}

void
rb_ledger_drop (RbLedger  *self,
                RbMessage *message)
{
  if (g_hash_table_lookup (self->live, message->id) != message)
    return;

  if (message->ended_at != 0)
    rb_ledger_add_seen (self, message->id, message->ended_at);
  remove_live (self, message->id);
}

static void
forget_oldest (RbLedger  *self,
               RbChanges *changes)
{
  Seen *oldest = self->order.head->data;

  if (self->order.length > self->cap)
    rb_bounds_reached (self->bounds, RB_CORE_BOUND_HISTORY);
  g_queue_unlink (&self->order, &oldest->link);
  rb_changes_delete (changes, RB_TABLE_PLACES, g_variant_new ("(s)", oldest->id));
  g_hash_table_remove (self->seen, oldest->id);
}

static gboolean
is_due (RbLedger *self,
        gint64    now)
{
  Seen *oldest = self->order.head != NULL ? self->order.head->data : NULL;

  return oldest != NULL && (self->order.length > self->cap || now - oldest->since > self->retention_ms);
}

void
rb_ledger_add_seen (RbLedger   *self,
                    const char *id,
                    gint64      since)
{
  Seen *seen;

  if (g_hash_table_contains (self->seen, id))
    return;

  seen = g_new0 (Seen, 1);
  seen->id = g_strdup (id);
  seen->since = since;
  seen->link.data = seen;
  g_hash_table_insert (self->seen, seen->id, seen);
  g_queue_push_tail_link (&self->order, &seen->link);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_HISTORY, MIN (self->order.length, self->cap));
}

void
rb_ledger_end (RbLedger   *self,
               RbMessage  *message,
               const char *reason,
               gint64      now,
               RbChanges  *changes)
{
  g_autoptr(RbMessage) held = rb_message_ref (message);

  rb_message_move (held, changes, RB_PLACE_ENDED, held->endpoint_id, reason, now);
  remove_live (self, held->id);
  rb_ledger_add_seen (self, held->id, now);

  /* A few at a time: a long pause must not end in one long transaction. */
  for (guint i = 0; i < 16 && is_due (self, now); i++)
    forget_oldest (self, changes);
}

gboolean
rb_ledger_has_seen (RbLedger   *self,
                    const char *id)
{
  return g_hash_table_contains (self->seen, id);
}

gint64
rb_ledger_get_seen_at (RbLedger   *self,
                       const char *id)
{
  const Seen *seen = g_hash_table_lookup (self->seen, id);

  return seen != NULL ? seen->since : 0;
}

void
rb_ledger_foreach (RbLedger     *self,
                   RbLedgerFunc  func,
                   gpointer      user_data)
{
  GHashTableIter iter;
  gpointer message;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &message))
    func (message, user_data);
}

guint
rb_ledger_get_n (RbLedger *self)
{
  return g_hash_table_size (self->live);
}

guint
rb_ledger_get_seen_cap (RbLedger *self)
{
  return self->cap;
}

guint
rb_ledger_get_n_seen (RbLedger *self)
{
  return g_hash_table_size (self->seen);
}

gsize
rb_ledger_get_bytes (RbLedger *self)
{
  return self->bytes;
}

guint
rb_ledger_get_most_checkpoints (RbLedger *self)
{
  GHashTableIter iter;
  gpointer message;
  guint most = 0;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &message))
    most = MAX (most, ((RbMessage *) message)->n_checkpoints);
  return most;
}
