/* rb-client-attempt.c: one attempt to be connected: find, greet, open the channel, bring the endpoints back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-attempt.h"

#include "rb-client-failure.h"
#include "rb-client-start.h"
#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-log.h"

#include <string.h>

typedef struct {
  RbClientOptions   *options;
  RbClock           *clock;
  GPtrArray         *endpoints;    /* a copy, with references */
  guint              next;         /* endpoint to bring back */
  RbClientAdoptFunc  adopt;
  gpointer           adopt_data;
  RbClientHttp      *http;
  RbClientChannel   *channel;
  RbJson            *greeting;     /* answer to initialize */
} Attempt;

static void bring_back_next (GTask *task);

static void
attempt_free (Attempt *attempt)
{
  rb_client_options_free (attempt->options);
  g_clear_object (&attempt->clock);
  g_ptr_array_unref (attempt->endpoints);
  g_clear_object (&attempt->http);
  g_clear_object (&attempt->channel);
  g_clear_pointer (&attempt->greeting, rb_json_unref);
  g_free (attempt);
}

static void
fail (GTask  *task,
      GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
call (GTask               *task,
      const char          *path,
      GBytes              *body,
      RbClientCallFlags    flags,
      GAsyncReadyCallback  callback)
{
  Attempt *attempt = g_task_get_task_data (task);

  rb_client_http_call_async (attempt->http, "POST", path, body, flags, attempt->options->call_timeout_ms,
                             g_task_get_cancellable (task), callback, task);
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GTask *task = user_data;
  Attempt *attempt = g_task_get_task_data (task);
  RbClientEndpoint *endpoint = g_ptr_array_index (attempt->endpoints, attempt->next);
  GError *error = NULL;
  g_autoptr(RbJson) answer = rb_client_http_call_finish (RB_CLIENT_HTTP (source), result, NULL, &error);

  if (answer == NULL || !rb_client_endpoint_registered (endpoint, answer, &error))
    {
      fail (task, error);
      return;
    }
  rb_log_info ("endpoint_registered_again", "endpoint_id", rb_client_endpoint_get_id (endpoint), NULL);
  attempt->next++;
  bring_back_next (task);
}

static void
register_again (GTask            *task,
                RbClientEndpoint *endpoint)
{
  const RbClientOptions *options = ((Attempt *) g_task_get_task_data (task))->options;
  g_autoptr(GBytes) body = rb_client_endpoint_make_body (endpoint, options->client_kind, options->client_version, options->pid);

  call (task, "/v1/endpoint/register", body, RB_CLIENT_CALL_NONE, on_registered);
}

/* The application did not acknowledge what had waited for it (it may do so later), so the broker does not call the endpoint active. One that
 * is registered anew, by the same process for the same session, takes over all that it had, and the queue need not be empty for that. */
static gboolean
has_refused_its_queue (const Attempt    *attempt,
                       RbClientEndpoint *endpoint,
                       const GError     *error)
{
  return rb_client_endpoint_has_session (endpoint) && rb_client_channel_has_refused (attempt->channel) &&
         g_strcmp0 (rb_error_get_reason (error), "reconnecting_buffer_drain_failed") == 0;
}

/* "Not reconnecting" from the owner's own broker means that it never noticed the break, or rebound the endpoint when the
 * channel was replaced (IMP-14): it is where we want it. */
static void
on_reattached (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GTask *task = user_data;
  Attempt *attempt = g_task_get_task_data (task);
  RbClientEndpoint *endpoint = g_ptr_array_index (attempt->endpoints, attempt->next);
  GError *error = NULL;
  g_autoptr(RbJson) answer = rb_client_http_call_finish (RB_CLIENT_HTTP (source), result, NULL, &error);

  if (answer != NULL || g_strcmp0 (rb_error_get_reason (error), "endpoint_not_reconnecting") == 0)
    {
      g_clear_error (&error);
      attempt->next++;
      bring_back_next (task);
    }
  else if (has_refused_its_queue (attempt, endpoint, error))
    {
      rb_log_info ("endpoint_queue_refused", "endpoint_id", rb_client_endpoint_get_id (endpoint), NULL);
      g_clear_error (&error);
      register_again (task, endpoint);
    }
  else if (rb_client_error_is_transient (error) || error->domain != RB_ERROR)
    {
      fail (task, error);
    }
  else
    {
      rb_log_info ("endpoint_reattach_refused", "endpoint_id", rb_client_endpoint_get_id (endpoint), "error", error->message,
                   NULL);
      g_clear_error (&error);
      register_again (task, endpoint);
    }
}

static void
bring_back_next (GTask *task)
{
  Attempt *attempt = g_task_get_task_data (task);
  g_autofree char *escaped = NULL;
  g_autofree char *path = NULL;
  g_autofree char *body_text = NULL;
  g_autoptr(GBytes) body = NULL;
  RbClientEndpoint *endpoint;

  /* Who was taken leave of meanwhile is not brought back. */
  while (attempt->next < attempt->endpoints->len && rb_client_endpoint_is_forgotten (g_ptr_array_index (attempt->endpoints, attempt->next)))
    attempt->next++;
  if (attempt->next >= attempt->endpoints->len)
    {
      g_task_return_pointer (task, g_steal_pointer (&attempt->greeting), (GDestroyNotify) rb_json_unref);
      g_object_unref (task);
      return;
    }

  endpoint = g_ptr_array_index (attempt->endpoints, attempt->next);
  escaped = g_uri_escape_string (rb_client_endpoint_get_id (endpoint), NULL, FALSE);
  path = g_strdup_printf ("/v1/endpoint/%s/reattach", escaped);
  body_text = g_strdup_printf ("{\"plugin_pid\":%" G_GINT64_FORMAT "}", attempt->options->pid);
  body = g_bytes_new (body_text, strlen (body_text));
  call (task, path, body, RB_CLIENT_CALL_REPEATABLE, on_reattached);
}

static void
on_opened (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Attempt *attempt = g_task_get_task_data (task);
  GError *error = NULL;

  if (!rb_client_channel_open_finish (RB_CLIENT_CHANNEL (source), result, &error))
    {
      fail (task, error);
      return;
    }
  attempt->adopt (attempt->http, attempt->channel, attempt->adopt_data);
  bring_back_next (task);
}

/* A broker of the npm package does not. */
static gboolean
takes_requests (const RbJson *greeting)
{
  g_autoptr(RbJson) capabilities = rb_json_open (greeting, "server_capabilities", NULL);
  gboolean takes = FALSE;

  return capabilities != NULL && rb_json_get_optional_boolean (capabilities, "stream_requests_v1", FALSE, &takes, NULL) && takes;
}

static void
on_greeted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  Attempt *attempt = g_task_get_task_data (task);
  GError *error = NULL;

  attempt->greeting = rb_client_http_call_finish (RB_CLIENT_HTTP (source), result, NULL, &error);
  if (attempt->greeting == NULL)
    {
      fail (task, error);
      return;
    }
  attempt->channel = rb_client_channel_new (attempt->http, attempt->clock, attempt->options->ping_interval_ms,
                                            takes_requests (attempt->greeting));
  rb_client_channel_open_async (attempt->channel, g_task_get_cancellable (task), on_opened, task);
}

static GBytes *
make_greeting (const RbClientOptions *options)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "client_protocol_version", RB_CLIENT_PROTOCOL_VERSION);
  rb_json_writer_string (writer, "client_kind", options->client_kind);
  rb_json_writer_string (writer, "client_version", options->client_version);
  rb_json_writer_begin_object (writer, "capabilities");
  rb_json_writer_boolean (writer, "endpoint_metadata_v1", TRUE);
  rb_json_writer_boolean (writer, "push_receipt_ack_v1", TRUE);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static void
on_found (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  GTask *task = user_data;
  Attempt *attempt = g_task_get_task_data (task);
  g_autoptr(GBytes) greeting = NULL;
  GError *error = NULL;

  attempt->http = rb_client_start_finish (result, &error);
  if (attempt->http == NULL)
    {
      fail (task, error);
      return;
    }
  greeting = make_greeting (attempt->options);
  call (task, "/v1/initialize", greeting, RB_CLIENT_CALL_REPEATABLE, on_greeted);
}

void
rb_client_attempt_async (const RbClientOptions *options,
                         RbClock               *clock,
                         GPtrArray             *endpoints,
                         RbClientAdoptFunc      adopt,
                         GCancellable          *cancellable,
                         GAsyncReadyCallback    callback,
                         gpointer               user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Attempt *attempt = g_new0 (Attempt, 1);

  g_task_set_source_tag (task, rb_client_attempt_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, attempt, (GDestroyNotify) attempt_free);
  attempt->options = rb_client_options_copy (options);
  attempt->clock = g_object_ref (clock);
  attempt->endpoints = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < endpoints->len; i++)
    g_ptr_array_add (attempt->endpoints, g_object_ref (g_ptr_array_index (endpoints, i)));
  attempt->adopt = adopt;
  attempt->adopt_data = user_data;
  rb_client_start_async (options, clock, cancellable, on_found, task);
}

RbJson *
rb_client_attempt_finish (GAsyncResult *result,
                          GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
