/* rb-settling.c: which messages adapters declared handled, while nobody knows whether the upstream heard so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settling.h"

#include <string.h>

/* Named values: one of these, the endpoint's id, a colon and the message's; the value is the endpoint's id, which tells where it ends. */
#define PREFIX "settling:"
#define REFUSED "settling-refused:"

RbSettler *
rb_settler_ref (RbSettler *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_settler (gpointer data)
{
  RbSettler *self = data;

  g_free (self->endpoint_id);
}

void
rb_settler_unref (RbSettler *self)
{
  g_rc_box_release_full (self, clear_settler);
}

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
  g_ptr_array_unref (self->settlers);
}

void
rb_settling_unref (RbSettling *self)
{
  g_rc_box_release_full (self, clear);
}

static RbSettling *
ensure (RbCore     *core,
        const char *message_id)
{
  RbSettling *self = rb_settling_lookup (core, message_id);

  if (self != NULL)
    return self;

  self = g_rc_box_new0 (RbSettling);
  self->message_id = g_strdup (message_id);
  self->settlers = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_settler_unref);
  g_hash_table_insert (core->settling, self->message_id, self);
  return self;
}

static RbSettler *
find (const RbSettling *self,
      const char       *endpoint_id)
{
  for (guint i = 0; i < self->settlers->len; i++)
    {
      RbSettler *settler = g_ptr_array_index (self->settlers, i);

      if (g_str_equal (settler->endpoint_id, endpoint_id))
        return settler;
    }
  return NULL;
}

static RbSettler *
add (RbSettling *self,
     const char *endpoint_id)
{
  RbSettler *settler = g_rc_box_new0 (RbSettler);

  settler->endpoint_id = g_strdup (endpoint_id);
  g_ptr_array_add (self->settlers, settler);
  return settler;
}

static void
put_row (const RbSettling *self,
         const RbSettler  *settler,
         RbChanges        *changes)
{
  g_autofree char *name = g_strconcat (settler->is_refused ? REFUSED : PREFIX, settler->endpoint_id, ":", self->message_id, NULL);

  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", name, settler->endpoint_id));
}

static void
delete_row (const RbSettling *self,
            const RbSettler  *settler,
            RbChanges        *changes)
{
  g_autofree char *name = g_strconcat (settler->is_refused ? REFUSED : PREFIX, settler->endpoint_id, ":", self->message_id, NULL);

  rb_changes_delete (changes, RB_TABLE_META, g_variant_new ("(s)", name));
}

static void
set_refused (const RbSettling *self,
             RbSettler        *settler,
             gboolean          is_refused,
             RbChanges        *changes)
{
  if (settler->is_refused != is_refused)
    delete_row (self, settler, changes);
  settler->is_refused = is_refused;
  put_row (self, settler, changes);
}

RbSettler *
rb_settling_begin (RbCore     *core,
                   const char *message_id,
                   const char *endpoint_id,
                   RbChanges  *changes)
{
  RbSettling *self = ensure (core, message_id);
  RbSettler *settler = find (self, endpoint_id);

  if (settler == NULL)
    settler = add (self, endpoint_id);
  settler->n_running++;
  set_refused (self, settler, FALSE, changes);
  return rb_settler_ref (settler);
}

static const char *
find_message_id (const char *name,
                 const char *prefix,
                 const char *endpoint_id)
{
  g_autofree char *begin = g_strconcat (prefix, endpoint_id, ":", NULL);

  return g_str_has_prefix (name, begin) ? name + strlen (begin) : NULL;
}

void
rb_settling_load (RbCore    *core,
                  GVariant  *row,
                  RbChanges *changes)
{
  const char *name, *endpoint_id, *message_id, *refused_id;
  RbSettler *settler;

  g_variant_get (row, "(&s&s)", &name, &endpoint_id);
  refused_id = find_message_id (name, REFUSED, endpoint_id);
  message_id = refused_id != NULL ? refused_id : find_message_id (name, PREFIX, endpoint_id);
  if (message_id == NULL)
    return;
  if (!rb_settling_has_object (core, message_id))
    {
      rb_changes_delete (changes, RB_TABLE_META, g_variant_new ("(s)", name));
      return;
    }
  settler = add (ensure (core, message_id), endpoint_id);
  settler->n_lost = 1;
  settler->is_refused = refused_id != NULL;
  settler->has_left = rb_registry_lookup (core->registry, endpoint_id) == NULL;
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

gboolean
rb_settling_may_be_over (const RbSettling *self)
{
  for (guint i = 0; i < self->settlers->len; i++)
    {
      const RbSettler *settler = g_ptr_array_index (self->settlers, i);

      if (settler->n_lost > 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
rb_settling_is_asked (const RbSettling *self)
{
  for (guint i = 0; i < self->settlers->len; i++)
    if (((RbSettler *) g_ptr_array_index (self->settlers, i))->n_running > 0)
      return TRUE;
  return FALSE;
}

RbSettler *
rb_settling_find_asker (const RbSettling *self)
{
  gboolean may_be_over = rb_settling_may_be_over (self);
  RbSettler *asker = NULL;

  if (rb_settling_is_asked (self))
    return NULL;

  for (guint i = 0; i < self->settlers->len; i++)
    {
      RbSettler *settler = g_ptr_array_index (self->settlers, i);

      if (may_be_over && !settler->has_left && !settler->is_refused)
        asker = settler;
    }
  return asker;
}

static void
forget (RbCore     *core,
        RbSettling *self,
        RbSettler  *settler,
        RbChanges  *changes)
{
  delete_row (self, settler, changes);
  g_ptr_array_remove (self->settlers, settler);
  if (self->settlers->len > 0)
    return;

  self->is_gone = TRUE;
  g_hash_table_remove (core->settling, self->message_id);
}

void
rb_settling_refuse (RbCore     *core,
                    RbSettling *self,
                    RbSettler  *settler,
                    RbChanges  *changes)
{
  if (self->is_gone || !g_ptr_array_find (self->settlers, settler, NULL))
    return;

  if (settler->n_lost > 0)
    set_refused (self, settler, TRUE, changes);
  else
    forget (core, self, settler, changes);
  /* Who waited for the outcome of this one knows it now. */
  if (!self->is_gone && !rb_settling_is_asked (self) && !rb_settling_may_be_over (self))
    rb_settling_forget_message (core, self->message_id, changes);
}

void
rb_settling_forget_message (RbCore     *core,
                            const char *message_id,
                            RbChanges  *changes)
{
  RbSettling *self = rb_settling_lookup (core, message_id);

  if (self == NULL)
    return;

  for (guint i = 0; i < self->settlers->len; i++)
    delete_row (self, g_ptr_array_index (self->settlers, i), changes);
  self->is_gone = TRUE;
  g_hash_table_remove (core->settling, message_id);
}

/* One that left says all that another could add, so few of them are kept for a message. */
static gboolean
is_known_of_another (const RbSettling *self,
                     const RbSettler  *settler)
{
  for (guint i = 0; i < self->settlers->len; i++)
    {
      const RbSettler *other = g_ptr_array_index (self->settlers, i);

      if (other != settler && other->has_left && other->n_lost > 0)
        return TRUE;
    }
  return FALSE;
}

void
rb_settling_leave (RbCore     *core,
                   const char *endpoint_id,
                   RbChanges  *changes)
{
  g_autoptr(GPtrArray) all = rb_settling_dup_all (core);

  for (guint i = 0; i < all->len; i++)
    {
      RbSettling *self = g_ptr_array_index (all, i);
      RbSettler *settler = find (self, endpoint_id);

      if (settler == NULL)
        continue;
      settler->has_left = TRUE;
      if (is_known_of_another (self, settler))
        forget (core, self, settler, changes);
    }
}

gboolean
rb_settling_has_object (RbCore     *core,
                        const char *message_id)
{
  const RbMessage *message = rb_ledger_lookup (core->ledger, message_id);
  const RbAssignment *assignment = rb_assignments_of_message (core->assignments, message_id);

  return (message != NULL && (message->place == RB_PLACE_INBOX || message->is_being_claimed)) ||
         (assignment != NULL && !rb_assignment_state_is_accepted (assignment->state));
}
