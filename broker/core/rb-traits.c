/* rb-traits.c: what an adapter said about its endpoint when it registered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-traits.h"

#include <stddef.h>
#include <string.h>

/* The plain text members, as they stand in the stored JSON. */
static const struct {
  const char *name;
  size_t      offset;
  gboolean    tells;      /* one endpoint from another, for the upstream */
} texts[] = {
  { "kind", offsetof (RbTraits, kind), TRUE },
  { "client_kind", offsetof (RbTraits, client_kind), FALSE },
  { "client_version", offsetof (RbTraits, client_version), FALSE },
  { "started_at", offsetof (RbTraits, started_at), FALSE },
  { "tracking_ref", offsetof (RbTraits, tracking_ref), TRUE },
  { "session_name", offsetof (RbTraits, session_name), TRUE },
  { "task_hint", offsetof (RbTraits, task_hint), FALSE },
  { "runtime_session_id", offsetof (RbTraits, runtime_session_id), TRUE },
  { "execution_surface", offsetof (RbTraits, execution_surface), TRUE },
  { "background_exchange_mode", offsetof (RbTraits, background_exchange_mode), TRUE },
  { "label", offsetof (RbTraits, label), TRUE },
  { "session_naming", offsetof (RbTraits, session_naming), FALSE },
};

static char **
text_at (const RbTraits *self,
         size_t          i)
{
  return (char **) ((char *) self + texts[i].offset);
}

void
rb_traits_free (RbTraits *self)
{
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*text_at (self, i));
  g_clear_pointer (&self->workspace, rb_workspace_free);
  g_strfreev (self->capabilities);
  g_free (self);
}

static void
write_workspace (const RbWorkspace *workspace,
                 RbJsonWriter      *writer)
{
  if (workspace == NULL)
    return;

  rb_json_writer_begin_object (writer, "workspace");
  rb_json_writer_string (writer, "root", workspace->root);
  rb_json_writer_string (writer, "cwd", workspace->cwd);
  rb_json_writer_string (writer, "remote", workspace->remote);
  rb_json_writer_string (writer, "branch", workspace->branch);
  rb_json_writer_end_object (writer);
}

char *
rb_traits_to_json (const RbTraits *self)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    rb_json_writer_string (writer, texts[i].name, *text_at (self, i));
  write_workspace (self->workspace, writer);
  rb_json_writer_strv (writer, "capabilities", (const char *const *) self->capabilities);
  rb_json_writer_int (writer, "heartbeat_ms", self->heartbeat_ms);
  rb_json_writer_boolean (writer, "legacy", self->legacy);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end_text (writer);
}

RbTraits *
rb_traits_from_json (const char  *text,
                     GError     **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr(RbJson) json = rb_json_parse_object (bytes, 0, error);
  g_autoptr(RbTraits) self = NULL;
  g_autoptr(GBytes) workspace = NULL;

  if (json == NULL)
    return NULL;

  self = g_new0 (RbTraits, 1);
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    if (!rb_json_get_optional_string (json, texts[i].name, text_at (self, i), error))
      return NULL;

  workspace = rb_json_dup_slice (json, "workspace");
  if (!rb_workspace_from_json (workspace, &self->workspace, error) ||
      !rb_json_get_optional_strv (json, "capabilities", &self->capabilities, error) ||
      !rb_json_get_optional_int (json, "heartbeat_ms", 0, &self->heartbeat_ms, error) ||
      !rb_json_get_optional_boolean (json, "legacy", FALSE, &self->legacy, error))
    return NULL;

  return g_steal_pointer (&self);
}

static gboolean
equal_lists (const char *const *a,
             const char *const *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_strv_equal (a, b);
}

gboolean
rb_traits_equal (const RbTraits *a,
                 const RbTraits *b)
{
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i].tells && g_strcmp0 (*text_at (a, i), *text_at (b, i)) != 0)
      return FALSE;
  return rb_workspace_equal (a->workspace, b->workspace) &&
         equal_lists ((const char *const *) a->capabilities, (const char *const *) b->capabilities);
}

gboolean
rb_traits_has_capability (const RbTraits *self,
                          const char     *capability)
{
  return self->capabilities != NULL && g_strv_contains ((const char *const *) self->capabilities, capability);
}

gboolean
rb_traits_is_background (const RbTraits *self)
{
  RbTargetMode mode;

  return rb_traits_has_capability (self, "background_exchange_v1") &&
         rb_target_mode_from_string (self->background_exchange_mode, &mode);
}

gboolean
rb_traits_takes_foreground (const RbTraits *self)
{
  return self->legacy || g_strcmp0 (self->execution_surface, "headless") == 0 ||
         rb_traits_has_capability (self, "foreground_channel_v1");
}

RbTarget *
rb_traits_dup_target (const RbTraits *self,
                      const char     *endpoint_id)
{
  RbTargetMode mode;

  if (!rb_traits_is_background (self) || !rb_target_mode_from_string (self->background_exchange_mode, &mode))
    return NULL;

  switch (mode)
    {
    case RB_TARGET_RESIDENT_ENDPOINT:
      return rb_target_new (endpoint_id, mode, NULL);
    case RB_TARGET_ADAPTER_MANAGED_TURN:
      break;
    }
  return self->runtime_session_id != NULL ? rb_target_new (endpoint_id, mode, self->runtime_session_id) : NULL;
}

GStrv
rb_traits_effective_capabilities (const char *const *claimed,
                                  gboolean           can_spawn)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func (g_free);

  for (size_t i = 0; claimed != NULL && claimed[i] != NULL; i++)
    if (strcmp (claimed[i], "remote_spawn_v1") != 0 &&
        !g_ptr_array_find_with_equal_func (list, claimed[i], g_str_equal, NULL))
      g_ptr_array_add (list, g_strdup (claimed[i]));
  if (can_spawn)
    g_ptr_array_add (list, g_strdup ("remote_spawn_v1"));
  if (list->len == 0)
    return NULL;

  g_ptr_array_add (list, NULL);
  g_ptr_array_set_free_func (list, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&list), FALSE);
}
