/* rb-task-hint.c: an adapter says in a few words what it works on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-register.h"
#include "rb-text.h"

#define TASK_HINT_CODE_POINTS 200

/* Source: protocol.md 7.11. The order of the checks is the wire's. */
static RbEndpoint *
check (RbCore          *core,
       const RbCaller  *caller,
       const char      *endpoint_id,
       gint64           plugin_pid,
       const char      *task_hint,
       GError         **error)
{
  RbEndpoint *endpoint;

  if (plugin_pid <= 0)
    {
      rb_set_error (error, RB_ERROR_INVALID, "plugin_pid_invalid", "plugin_pid is required and must be a positive number");
      return NULL;
    }
  if (task_hint == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "task_hint_invalid", "task_hint is required and must be a string");
      return NULL;
    }
  endpoint = rb_registry_lookup (core->registry, endpoint_id);
  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: %s", endpoint_id);
      return NULL;
    }
  if (endpoint->plugin_pid != plugin_pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "ownership_mismatch", "task_hint is Plugin-write-only; plugin_pid does not match");
      return NULL;
    }
  return rb_core_check_owner (core, caller, endpoint, plugin_pid, error) ? endpoint : NULL;
}

static void
on_projected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  if (answer == NULL)
    rb_log_warning ("task_hint_projection_failed", "err", error->message, NULL);
  g_task_return_boolean (task, TRUE);
}

static void
on_durable (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GVariant *arguments = g_task_get_task_data (task);

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    rb_upstream_call_async (core->upstream, RB_UPSTREAM_DISPLAY_METADATA, arguments, NULL, on_projected, g_steal_pointer (&task));
}

static void
log_updated (const RbEndpoint *endpoint,
             gboolean          truncated)
{
  g_autofree char *length = g_strdup_printf ("%ld", g_utf8_strlen (endpoint->traits->task_hint, -1));

  rb_log_info ("task_hint_updated", "endpoint_id", endpoint->id, "truncated", truncated ? "true" : "false", "length", length, "max",
               G_STRINGIFY (TASK_HINT_CODE_POINTS), NULL);
}

void
rb_task_hint_async (RbCore              *core,
                    const RbCaller      *caller,
                    const char          *endpoint_id,
                    gint64               plugin_pid,
                    const char          *task_hint,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbEndpoint *endpoint;
  GVariantDict arguments;
  RbChanges *changes;
  gboolean truncated = FALSE;
  GError *error = NULL;

  endpoint = rb_core_check_ready (core, &error) ? check (core, caller, endpoint_id, plugin_pid, task_hint, &error) : NULL;
  if (endpoint == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_free (endpoint->traits->task_hint);
  endpoint->traits->task_hint = rb_text_truncate (task_hint, TASK_HINT_CODE_POINTS, &truncated);
  log_updated (endpoint, truncated);

  g_variant_dict_init (&arguments, NULL);
  g_variant_dict_insert (&arguments, "endpoint_id", "s", endpoint->id);
  g_variant_dict_insert (&arguments, "task_hint", "s", endpoint->traits->task_hint);
  g_task_set_task_data (task, g_variant_ref_sink (g_variant_dict_end (&arguments)), (GDestroyNotify) g_variant_unref);
  changes = rb_changes_new ();
  rb_endpoint_record (endpoint, changes);
  rb_core_commit (core, changes, on_durable, g_steal_pointer (&task));
}

gboolean
rb_task_hint_finish (RbCore        *core,
                     GAsyncResult  *result,
                     GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
