/* rb-http-call.c: one request and the verdict on its answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-call.h"

#include "rb-error.h"

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  const RbHttpRoute *route = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(RbHttpAnswer) answer = rb_http_client_request_finish (result, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (rb_http_route_succeeded (route, answer->status))
    g_task_return_pointer (task, g_steal_pointer (&answer), (GDestroyNotify) rb_http_answer_free);
  else
    g_task_return_error (task, rb_http_route_refusal (route, answer));
}

/**
 * rb_http_call_async:
 * @client: asks
 * @route: a route, of which there are only static ones
 * @path: of the request
 * @body: (nullable): of the request
 * @timeout_ms: for all of it
 * @cancellable: (nullable): a cancellable
 * @callback: called when the answer is here
 * @user_data: for @callback
 */
void
rb_http_call_async (RbHttpClient        *client,
                    const RbHttpRoute   *route,
                    const char          *path,
                    GBytes              *body,
                    gint64               timeout_ms,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_http_call_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, (gpointer) route, NULL);
  rb_http_client_request_async (client, route->method, path, body, timeout_ms, cancellable, on_answered, task);
}

RbHttpAnswer *
rb_http_call_finish (GAsyncResult  *result,
                     GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, rb_http_call_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
rb_http_is_transient (const GError *error)
{
  return g_error_matches (error, RB_ERROR, RB_ERROR_UNAVAILABLE) || g_error_matches (error, RB_ERROR, RB_ERROR_TIMED_OUT);
}

gint64
rb_http_error_get_retry_after (const GError *error)
{
  GVariant *details = rb_error_get_details (error);
  gint64 retry_after_ms = -1;

  if (details != NULL)
    g_variant_lookup (details, "retry_after_ms", "x", &retry_after_ms);
  return retry_after_ms;
}
