/* rb-heartbeat.c: the upstream is told that an endpoint lives
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-heartbeat.h"

#include "rb-dict.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-register.h"
#include "rb-upstream-error.h"

static void start_timer (RbCore *core, RbEndpoint *endpoint);

typedef struct {
  RbCore *core;          /* referenced */
  char   *endpoint_id;
} Beat;

/* The next one is not due before this one was answered: a short period does not pile them up. */
static void
on_scheduled (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Beat *beat = user_data;
  g_autoptr(RbCore) core = beat->core;
  g_autofree char *endpoint_id = beat->endpoint_id;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  g_free (beat);
  if (answer == NULL)
    rb_log_warning ("endpoint_heartbeat_failed", "endpoint_id", endpoint_id, "err", error->message, NULL);
  if (endpoint != NULL && endpoint->heartbeat_timer == 0 && !core->is_stopping)
    start_timer (core, endpoint);
}

static void
on_due (gpointer user_data)
{
  RbEndpoint *endpoint = user_data;
  RbCore *core = endpoint->owner;
  Beat *beat = g_new (Beat, 1);

  endpoint->heartbeat_timer = 0;
  beat->core = g_object_ref (core);
  beat->endpoint_id = g_strdup (endpoint->id);
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_HEARTBEAT, rb_dict_endpoint (endpoint->id), NULL, on_scheduled, beat);
}

static void
start_timer (RbCore     *core,
             RbEndpoint *endpoint)
{
  endpoint->owner = core;
  endpoint->heartbeat_timer = rb_clock_add (core->clock, endpoint->traits->heartbeat_ms, on_due, endpoint);
}

void
rb_heartbeat_schedule (RbCore     *core,
                       RbEndpoint *endpoint)
{
  gboolean is_expected = (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) == 0;

  if (endpoint->traits->heartbeat_ms > 0)
    start_timer (core, endpoint);
  else
    rb_log_event (G_LOG_DOMAIN, is_expected ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, "endpoint_heartbeat_not_scheduled", "endpoint_id",
                  endpoint->id, NULL);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;

  answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  if (answer == NULL)
    g_task_return_error (task, rb_upstream_error_pass_on (error));
  else
    g_task_return_boolean (task, TRUE);
}

void
rb_heartbeat_async (RbCore              *core,
                    const RbCaller      *caller,
                    const char          *endpoint_id,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);
  GError *error = NULL;

  if (endpoint == NULL)
    rb_set_error (&error, RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: %s", endpoint_id);
  if (endpoint == NULL || !rb_core_check_owner (core, caller, endpoint, 0, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_HEARTBEAT, rb_dict_endpoint (endpoint_id), NULL, on_answered,
                          g_steal_pointer (&task));
}

gboolean
rb_heartbeat_finish (RbCore        *core,
                     GAsyncResult  *result,
                     GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
