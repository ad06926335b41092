/* rb-host-entry.c: one module that the host was asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host-entry.h"

#include "rb-remote-connector.h"
#include "rb-time.h"

RbHostEntry *
rb_host_entry_new (RbModuleKind  kind,
                   const char   *name,
                   gboolean      required)
{
  RbHostEntry *self = g_new0 (RbHostEntry, 1);

  self->name = g_strdup (name);
  self->kind = kind;
  self->required = required;
  return self;
}

void
rb_host_entry_free (RbHostEntry *self)
{
  g_free (self->name);
  g_free (self->path);
  g_free (self->reason);
  g_clear_object (&self->guard);
  g_clear_object (&self->context);
  g_clear_pointer (&self->values, g_hash_table_unref);
  g_free (self);
}

static void
insert_text (GVariantDict *dict,
             const char   *name,
             const char   *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, name, "s", value);
}

GVariant *
rb_host_entry_view (const RbHostEntry *self)
{
  const RbModuleInfo *info;
  g_autofree char *since = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  insert_text (&dict, "kind", rb_module_kind_to_string (self->kind));
  insert_text (&dict, "path", self->path);
  g_variant_dict_insert (&dict, "required", "b", self->required);
  if (self->guard == NULL)
    {
      insert_text (&dict, "name", self->name);
      insert_text (&dict, "state", rb_guard_state_to_string (RB_GUARD_FAILED));
      insert_text (&dict, "reason", self->reason);
      return g_variant_dict_end (&dict);
    }

  info = rb_guard_get_info (self->guard);
  since = rb_time_to_iso (rb_guard_get_since_ms (self->guard));
  insert_text (&dict, "name", info->name);
  insert_text (&dict, "version", info->version);
  insert_text (&dict, "summary", info->summary);
  insert_text (&dict, "state", rb_guard_state_to_string (rb_guard_get_state (self->guard)));
  insert_text (&dict, "since", since);
  insert_text (&dict, "reason", rb_guard_get_reason (self->guard));
  rb_guard_add_counters (self->guard, &dict);
  if (RB_IS_REMOTE_CONNECTOR (rb_guard_get_module (self->guard)))
    rb_remote_connector_add_view (RB_REMOTE_CONNECTOR (rb_guard_get_module (self->guard)), &dict);
  return g_variant_dict_end (&dict);
}
