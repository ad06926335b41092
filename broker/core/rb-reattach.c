/* rb-reattach.c: an adapter takes back the endpoint that it had
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-private.h"
#include "rb-deliver.h"
#include "rb-error.h"
#include "rb-lifecycle.h"
#include "rb-mailroom.h"
#include "rb-register.h"

/* Source: protocol.md 7.8. The order of the checks is the wire's. */
static RbChannel *
check_reattach (RbCore          *core,
                const RbCaller  *caller,
                const char      *endpoint_id,
                gint64           plugin_pid,
                GError         **error)
{
  RbChannel *channel = rb_channels_lookup (core, plugin_pid);
  RbEndpoint *endpoint;

  if (plugin_pid <= 0)
    {
      rb_set_error (error, RB_ERROR_INVALID, "plugin_pid_invalid", "plugin_pid is required and must be a positive number");
      return NULL;
    }
  if (channel == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "ipc_channel_missing",
                    "no open IPC channel for plugin_pid=%" G_GINT64_FORMAT "; open WS /v1/stream first", plugin_pid);
      return NULL;
    }
  endpoint = rb_registry_lookup (core->registry, endpoint_id);
  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: %s", endpoint_id);
      return NULL;
    }
  if (endpoint->plugin_pid != plugin_pid || !rb_lifecycle_is_same_process (core, endpoint))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "reattach_pid_mismatch", "plugin_pid does not match the registered endpoint");
      return NULL;
    }
  if (!rb_core_check_owner (core, caller, endpoint, plugin_pid, error))
    return NULL;
  if (endpoint->state != RB_ENDPOINT_RECONNECTING)
    {
      endpoint->is_moved = FALSE;
      rb_set_error (error, RB_ERROR_BAD_STATE, "endpoint_not_reconnecting",
                    "endpoint is currently active; reattach is only valid from reconnecting");
      return NULL;
    }
  return channel;
}

typedef struct {
  GTask *task;
  char  *endpoint_id;
} Reattach;

static void
on_reattached (RbCore       *core,
               const GError *error,
               gpointer      user_data)
{
  Reattach *reattach = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&reattach->task);
  g_autofree char *endpoint_id = g_steal_pointer (&reattach->endpoint_id);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  g_free (reattach);
  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  if (endpoint == NULL)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: %s", endpoint_id));
      return;
    }

  rb_deliver_drain (core, endpoint, g_steal_pointer (&task));
  rb_mailroom_endpoint_active (core, endpoint_id);
}

void
rb_reattach_async (RbCore              *core,
                   const RbCaller      *caller,
                   const char          *endpoint_id,
                   gint64               plugin_pid,
                   GAsyncReadyCallback  callback,
                   gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbChanges *changes;
  RbChannel *channel;
  Reattach *reattach;
  GError *error = NULL;

  channel = rb_core_check_ready (core, &error) ? check_reattach (core, caller, endpoint_id, plugin_pid, &error) : NULL;
  if (channel == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  changes = rb_changes_new ();
  rb_lifecycle_activate (core, rb_registry_lookup (core->registry, endpoint_id), channel, changes);
  reattach = g_new0 (Reattach, 1);
  reattach->task = g_steal_pointer (&task);
  reattach->endpoint_id = g_strdup (endpoint_id);
  rb_core_commit (core, changes, on_reattached, reattach);
  rb_core_changed (core, "endpoints");
}

gboolean
rb_reattach_finish (RbCore        *core,
                    GAsyncResult  *result,
                    guint         *n_pushed,
                    GError       **error)
{
  g_autoptr(GError) local = NULL;
  gssize n = g_task_propagate_int (G_TASK (result), &local);

  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *n_pushed = n;
  return TRUE;
}
