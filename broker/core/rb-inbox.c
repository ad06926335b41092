/* rb-inbox.c: messages that no endpoint may receive directly, waiting for somebody to say where they go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-inbox.h"

#include "rb-core-bounds.h"

struct _RbInbox {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  guint       cap;
  guint       n_reserved;
  GHashTable *rows;      /* id (borrowed from the message) to RbMessage, owned */
};

RbInbox *
rb_inbox_new (guint cap)
{
  RbInbox *self = g_new0 (RbInbox, 1);

  self->cap = cap;
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) rb_message_unref);
  return self;
}

void
rb_inbox_free (RbInbox *self)
{
  g_hash_table_unref (self->rows);
  g_free (self);
}

void
rb_inbox_set_bounds (RbInbox *self,
                     RbBounds *bounds)
{
  self->bounds = bounds;
}

static void
note (RbInbox *self)
{
  rb_bounds_note (self->bounds, RB_CORE_BOUND_INBOX, g_hash_table_size (self->rows) + self->n_reserved);
}

gboolean
rb_inbox_is_full (const RbInbox *self)
{
  return g_hash_table_size (self->rows) + self->n_reserved >= self->cap;
}

void
rb_inbox_add (RbInbox   *self,
              RbMessage *message)
{
  g_hash_table_replace (self->rows, message->id, rb_message_ref (message));
  note (self);
}

RbMessage *
rb_inbox_lookup (RbInbox    *self,
                 const char *id)
{
  return g_hash_table_lookup (self->rows, id);
}

RbMessage *
rb_inbox_take (RbInbox    *self,
               const char *id)
{
  gpointer message = NULL;

  if (!g_hash_table_steal_extended (self->rows, id, NULL, &message))
    return NULL;

  self->n_reserved++;
  return message;
}

void
rb_inbox_put_back (RbInbox   *self,
                   RbMessage *message)
{
  rb_inbox_release (self);
  rb_inbox_add (self, message);
}

void
rb_inbox_release (RbInbox *self)
{
  g_return_if_fail (self->n_reserved > 0);
  self->n_reserved--;
}

void
rb_inbox_reserve (RbInbox *self)
{
  self->n_reserved++;
}

void
rb_inbox_remove (RbInbox    *self,
                 const char *id)
{
  g_hash_table_remove (self->rows, id);
}

guint
rb_inbox_get_n (const RbInbox *self)
{
  return g_hash_table_size (self->rows);
}

guint
rb_inbox_get_n_reserved (const RbInbox *self)
{
  return self->n_reserved;
}

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const RbMessage *first = *(RbMessage *const *) a;
  const RbMessage *second = *(RbMessage *const *) b;

  return first->position < second->position ? -1 : first->position > second->position;
}

GPtrArray *
rb_inbox_dup_rows (RbInbox *self)
{
  GPtrArray *rows = g_ptr_array_sized_new (g_hash_table_size (self->rows));
  GHashTableIter iter;
  gpointer message;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &message))
    g_ptr_array_add (rows, message);
  g_ptr_array_sort (rows, compare_positions);
  return rows;
}

const char *
rb_inbox_wire_reason (const char *reason)
{
  return g_strcmp0 (reason, RB_REASON_UNADDRESSED) == 0 ? "no_target_endpoint" : reason;
}
