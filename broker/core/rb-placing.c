/* rb-placing.c: what came in and has no place yet
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-placing.h"

#include "rb-held.h"

struct _RbPlacing {
  GHashTable *messages;   /* set of RbMessage */
};

RbPlacing *
rb_placing_new (void)
{
  RbPlacing *self = g_new0 (RbPlacing, 1);

  self->messages = g_hash_table_new (NULL, NULL);
  return self;
}

void
rb_placing_free (RbPlacing *self)
{
  g_hash_table_unref (self->messages);
  g_free (self);
}

void
rb_placing_add (RbPlacing *self,
                RbMessage *message)
{
  g_hash_table_add (self->messages, message);
}

void
rb_placing_remove (RbPlacing       *self,
                   const RbMessage *message)
{
  g_hash_table_remove (self->messages, message);
}

gboolean
rb_placing_has (const RbPlacing *self,
                const RbMessage *message)
{
  return g_hash_table_contains (self->messages, message);
}

gboolean
rb_placing_has_before (const RbPlacing *self,
                       const RbMessage *message)
{
  GHashTableIter iter;
  gpointer other;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, &other, NULL))
    if (other != message && ((RbMessage *) other)->place != RB_PLACE_HELD && rb_held_is_one_conversation (other, message))
      return TRUE;
  return FALSE;
}
