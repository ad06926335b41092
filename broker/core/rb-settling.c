/* rb-settling.c: which messages adapters declared handled, while nobody knows whether the upstream heard so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settling.h"

#include <string.h>

/* Named values: this and the message's id; the value is the endpoint's. */
#define PREFIX "settling:"

RbSettling *
rb_settling_ref (RbSettling *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  RbSettling *self = data;

  g_free (self->message_id);
  g_free (self->endpoint_id);
}

void
rb_settling_unref (RbSettling *self)
{
  g_rc_box_release_full (self, clear);
}

static RbSettling *
add (RbCore     *core,
     const char *message_id,
     const char *endpoint_id)
{
  RbSettling *self = g_rc_box_new0 (RbSettling);

  self->message_id = g_strdup (message_id);
  self->endpoint_id = g_strdup (endpoint_id);
  g_hash_table_insert (core->settling, self->message_id, self);
  return self;
}

RbSettling *
rb_settling_begin (RbCore     *core,
                   const char *message_id,
                   const char *endpoint_id,
                   RbChanges  *changes)
{
  g_autofree char *name = g_strconcat (PREFIX, message_id, NULL);
  RbSettling *self = rb_settling_lookup (core, message_id);

  if (self == NULL)
    self = add (core, message_id, endpoint_id);
  g_free (self->endpoint_id);
  self->endpoint_id = g_strdup (endpoint_id);
  self->n_running++;
  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", name, endpoint_id));
  return rb_settling_ref (self);
}

void
rb_settling_load (RbCore    *core,
                  GVariant  *row,
                  RbChanges *changes)
{
  const char *name, *endpoint_id;

  g_variant_get (row, "(&s&s)", &name, &endpoint_id);
  if (!g_str_has_prefix (name, PREFIX))
    return;
  if (rb_registry_lookup (core->registry, endpoint_id) != NULL && rb_settling_has_object (core, name + strlen (PREFIX)))
    add (core, name + strlen (PREFIX), endpoint_id)->n_lost = 1;
  else
    rb_changes_delete (changes, RB_TABLE_META, g_variant_new ("(s)", name));
}

RbSettling *
rb_settling_lookup (RbCore     *core,
                    const char *message_id)
{
  return g_hash_table_lookup (core->settling, message_id);
}

GPtrArray *
rb_settling_dup_all (RbCore *core)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_settling_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, core->settling);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (all, rb_settling_ref (value));
  return all;
}

void
rb_settling_forget (RbCore     *core,
                    RbSettling *self,
                    RbChanges  *changes)
{
  g_autofree char *name = g_strconcat (PREFIX, self->message_id, NULL);

  if (self->is_gone)
    return;
  self->is_gone = TRUE;
  rb_changes_delete (changes, RB_TABLE_META, g_variant_new ("(s)", name));
  g_hash_table_remove (core->settling, self->message_id);
}

void
rb_settling_forget_message (RbCore     *core,
                            const char *message_id,
                            RbChanges  *changes)
{
  RbSettling *self = rb_settling_lookup (core, message_id);

  if (self != NULL)
    rb_settling_forget (core, self, changes);
}

void
rb_settling_forget_endpoint (RbCore     *core,
                             const char *endpoint_id,
                             RbChanges  *changes)
{
  g_autoptr(GPtrArray) all = rb_settling_dup_all (core);

  for (guint i = 0; i < all->len; i++)
    {
      RbSettling *self = g_ptr_array_index (all, i);

      if (g_str_equal (self->endpoint_id, endpoint_id))
        rb_settling_forget (core, self, changes);
    }
}

gboolean
rb_settling_has_object (RbCore     *core,
                        const char *message_id)
{
  const RbMessage *message = rb_ledger_lookup (core->ledger, message_id);
  const RbAssignment *assignment = rb_assignments_of_message (core->assignments, message_id);

  return (message != NULL && message->place == RB_PLACE_INBOX) ||
         (assignment != NULL && !rb_assignment_state_is_accepted (assignment->state));
}
