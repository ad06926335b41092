/* rb-client-call.c: one request to the broker, over the stream where it takes them there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-private.h"

#include "rb-error.h"

/* Above it a request goes over HTTP, whose limit the broker answers for; a frame that is too large would end the channel. */
#define BODY_MAX (1024 * 1024)

typedef struct {
  guint status;
} Answer;

static void
return_answer (GTask  *task,
               RbJson *json,
               GError *error)
{
  if (json != NULL)
    g_task_return_pointer (task, json, (GDestroyNotify) rb_json_unref);
  else
    g_task_return_error (task, error);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Answer *answer = g_task_get_task_data (task);
  GError *error = NULL;
  RbJson *json = rb_client_http_call_finish (RB_CLIENT_HTTP (source), result, &answer->status, &error);

  if (json == NULL && g_strcmp0 (rb_error_get_reason (error), "broker_unreachable") == 0)
    rb_client_note_unreachable (g_task_get_source_object (task), RB_CLIENT_HTTP (source));
  return_answer (task, json, error);
}

static void
on_requested (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Answer *answer = g_task_get_task_data (task);
  GError *error = NULL;
  RbJson *json = rb_client_channel_request_finish (RB_CLIENT_CHANNEL (source), result, &answer->status, &error);

  return_answer (task, json, error);
}

/* A person's routes are not an adapter's, and are not there. */
static gboolean
goes_over_the_stream (RbClient          *self,
                      const char        *path,
                      GBytes            *body,
                      RbClientCallFlags  flags)
{
  RbClientChannel *channel = rb_client_get_channel (self);

  return channel != NULL && rb_client_channel_takes_requests (channel) && (flags & RB_CLIENT_CALL_WAITS) == 0 &&
         g_str_has_prefix (path, "/v1/") && !g_str_has_prefix (path, "/v1/operator/") &&
         (body == NULL || g_bytes_get_size (body) <= BODY_MAX);
}

void
rb_client_call_async (RbClient            *self,
                      const char          *method,
                      const char          *path,
                      GBytes              *body,
                      RbClientCallFlags    flags,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  RbClientHttp *http;
  gint64 timeout_ms;

  g_return_if_fail (RB_IS_CLIENT (self));

  g_task_set_source_tag (task, rb_client_call_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_new0 (Answer, 1), g_free);
  http = rb_client_get_http (self);
  timeout_ms = rb_client_get_options (self)->call_timeout_ms;
  if (http == NULL)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, "not_connected", "find or connect must come before '%s'", path));
      g_object_unref (task);
    }
  else if (goes_over_the_stream (self, path, body, flags))
    rb_client_channel_request_async (rb_client_get_channel (self), method, path, body, flags, timeout_ms, cancellable, on_requested, task);
  else
    rb_client_http_call_async (http, method, path, body, flags, timeout_ms, cancellable, on_called, task);
}

RbJson *
rb_client_call_finish (RbClient      *self,
                       GAsyncResult  *result,
                       guint         *status,
                       GError       **error)
{
  Answer *answer = g_task_get_task_data (G_TASK (result));

  if (status != NULL)
    *status = answer->status;
  return g_task_propagate_pointer (G_TASK (result), error);
}
