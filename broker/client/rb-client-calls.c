/* rb-client-calls.c: what an adapter asks of the broker: endpoints, sending, and anything else
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-calls.h"

#include "rb-client-private.h"
#include "rb-error.h"
#include "rb-json-writer.h"

#include <string.h>

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbClient *self = RB_CLIENT (source);
  RbClientEndpoint *endpoint = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(RbJson) answer = rb_client_call_finish (self, result, NULL, &error);

  rb_client_endpoint_end (endpoint);
  if (answer != NULL && rb_client_endpoint_registered (endpoint, answer, &error))
    {
      rb_client_end_registration (self, endpoint);
      g_task_return_pointer (task, g_object_ref (endpoint), g_object_unref);
    }
  else
    {
      rb_client_end_registration (self, NULL);
      g_task_return_error (task, error);
    }
  rb_client_deliver_early (self);
}

/**
 * rb_client_register_async:
 * @self: a client
 * @endpoint: an endpoint that is not registered
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Makes the endpoint known to the broker. From then on the client brings it back
 * after each reconnect, until it is unregistered. The client must be connected.
 *
 * It is made once: when the connection breaks before the answer, the outcome is
 * unknown, and the broker forgets an endpoint that nobody came back for.
 */
void
rb_client_register_async (RbClient            *self,
                          RbClientEndpoint    *endpoint,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  const RbClientOptions *options;
  g_autoptr(GBytes) body = NULL;
  GTask *task;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rb_client_register_async);
  g_task_set_check_cancellable (task, FALSE);    /* what is registered is registered */
  g_task_set_task_data (task, g_object_ref (endpoint), g_object_unref);
  if (rb_client_has_endpoint (self, endpoint) || !rb_client_endpoint_begin (endpoint))
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, "already_registered", "the endpoint is registered already"));
      g_object_unref (task);
      return;
    }
  options = rb_client_get_options (self);
  body = rb_client_endpoint_make_body (endpoint, options->client_kind, options->client_version, options->pid);
  rb_client_begin_registration (self);
  rb_client_call_async (self, "POST", "/v1/endpoint/register", body, RB_CLIENT_CALL_NONE, cancellable, on_registered, task);
}

/**
 * rb_client_register_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.register_async].
 *
 * Returns: (transfer full): the endpoint that was registered; %NULL with @error set
 */
RbClientEndpoint *
rb_client_register_finish (RbClient      *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_unregistered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(RbJson) answer = rb_client_call_finish (RB_CLIENT (source), result, NULL, &error);

  if (answer != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * rb_client_unregister_async:
 * @self: a client
 * @endpoint: an endpoint of this client
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Takes leave of the broker: what still waits for the endpoint goes back to the
 * inbox. Whatever the broker answers, the client does not bring it back.
 */
void
rb_client_unregister_async (RbClient            *self,
                            RbClientEndpoint    *endpoint,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *escaped = NULL;
  g_autofree char *path = NULL;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));

  g_task_set_source_tag (task, rb_client_unregister_async);
  escaped = g_uri_escape_string (rb_client_endpoint_get_id (endpoint), NULL, FALSE);
  path = g_strconcat ("/v1/endpoint/", escaped, NULL);
  rb_client_forget_endpoint (self, endpoint);
  rb_client_call_async (self, "DELETE", path, NULL, RB_CLIENT_CALL_REPEATABLE, cancellable, on_unregistered, task);
}

/**
 * rb_client_unregister_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.unregister_async].
 *
 * Returns: %TRUE when the broker has forgotten the endpoint
 */
gboolean
rb_client_unregister_finish (RbClient      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What others wrote is checked before it is put between our own members. NULL with *@error NULL: there is none. */
static GBytes *
check_metadata (const char  *metadata,
                GError     **error)
{
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) json = NULL;

  if (metadata == NULL)
    return NULL;
  text = g_bytes_new (metadata, strlen (metadata));
  json = rb_json_parse_object (text, 0, error);
  return json != NULL ? g_bytes_ref (rb_json_get_text (json)) : NULL;
}

static GBytes *
make_message (RbClientEndpoint *endpoint,
              const char       *to,
              const char       *content,
              const char       *content_type,
              const char       *metadata,
              GError          **error)
{
  g_autoptr(GBytes) checked = check_metadata (metadata, error);
  RbJsonWriter *writer;

  if (metadata != NULL && checked == NULL)
    {
      g_prefix_error (error, "metadata: ");
      return NULL;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", rb_client_endpoint_get_id (endpoint));
  rb_json_writer_string (writer, "to", to);
  rb_json_writer_string (writer, "content", content);
  rb_json_writer_string (writer, "contentType", content_type);
  rb_json_writer_slice (writer, "metadata", checked);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  RbJson *answer = rb_client_call_finish (RB_CLIENT (source), result, NULL, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) rb_json_unref);
  else
    g_task_return_error (task, error);
}

/**
 * rb_client_send_async:
 * @self: a client
 * @endpoint: the endpoint that sends
 * @to: an address, such as `anna@local`
 * @content: the text
 * @content_type: (nullable): what the text is; %NULL: `text`
 * @metadata: (nullable): a JSON object, as text, that goes along
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Sends a message. Nothing tells the broker that two calls mean one message, so it
 * is never repeated by itself: when the connection breaks before the answer, it
 * fails with %RB_CLIENT_ERROR_OUTCOME_UNKNOWN. With @metadata that is no JSON object
 * it fails with %RB_CLIENT_ERROR_INVALID.
 *
 * Source: section 8 of the broker's protocol.
 */
void
rb_client_send_async (RbClient            *self,
                      RbClientEndpoint    *endpoint,
                      const char          *to,
                      const char          *content,
                      const char          *content_type,
                      const char          *metadata,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr(GBytes) body = NULL;
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));
  g_return_if_fail (to != NULL && content != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rb_client_send_async);
  g_task_set_check_cancellable (task, FALSE);
  body = make_message (endpoint, to, content, content_type, metadata, &error);
  if (body == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  rb_client_call_async (self, "POST", "/v1/send", body, RB_CLIENT_CALL_NONE, cancellable, on_called, task);
}

gboolean
rb_client_take_receipt (GTask   *task,
                        char   **message_id,
                        char   **status,
                        char   **correlation_id,
                        GError **error)
{
  g_autoptr(RbJson) answer = g_task_propagate_pointer (task, error);

  if (answer == NULL)
    return FALSE;
  if (message_id != NULL)
    *message_id = rb_json_peek_string (answer, "messageId");
  if (status != NULL)
    *status = rb_json_peek_string (answer, "status");
  if (correlation_id != NULL)
    *correlation_id = rb_json_peek_string (answer, "correlationId");
  return TRUE;
}

/**
 * rb_client_send_finish:
 * @self: a client
 * @result: what the callback was given
 * @message_id: (out) (optional) (nullable) (transfer full): the network's id of it
 * @status: (out) (optional) (nullable) (transfer full): `delivered`, or `stored` when the receiver is away
 * @correlation_id: (out) (optional) (nullable) (transfer full): what an answer to it names; %NULL: the broker does not say
 * @error: why not
 *
 * Ends [method@Rb.Client.send_async].
 *
 * Returns: %TRUE when it was sent
 */
gboolean
rb_client_send_finish (RbClient      *self,
                       GAsyncResult  *result,
                       char         **message_id,
                       char         **status,
                       char         **correlation_id,
                       GError       **error)
{
  return rb_client_take_receipt (G_TASK (result), message_id, status, correlation_id, error);
}

/**
 * rb_client_request_async:
 * @self: a client
 * @method: `GET`, `POST` or `DELETE`
 * @path: a route, such as `/v1/undispatched`
 * @body: (nullable): a JSON object, as text
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Asks the broker for what no other call of this library does. It is made once, and
 * goes over the channel where the broker takes requests there, else over HTTP.
 */
void
rb_client_request_async (RbClient            *self,
                         const char          *method,
                         const char          *path,
                         const char          *body,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GBytes) bytes = NULL;
  GTask *task;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (method != NULL && path != NULL && *path == '/');

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rb_client_request_async);
  g_task_set_check_cancellable (task, FALSE);
  bytes = body != NULL ? g_bytes_new (body, strlen (body)) : NULL;
  rb_client_call_async (self, method, path, bytes, RB_CLIENT_CALL_NONE, cancellable, on_called, task);
}

/**
 * rb_client_request_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.request_async]. An answer that is no success is an error.
 *
 * Returns: (transfer full): the answer, a JSON object as text; %NULL with @error
 *   set
 */
char *
rb_client_request_finish (RbClient      *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return rb_client_take_text (G_TASK (result), error);
}

char *
rb_client_take_text (GTask   *task,
                     GError **error)
{
  g_autoptr(RbJson) answer = g_task_propagate_pointer (task, error);
  GBytes *text;

  if (answer == NULL)
    return NULL;
  text = rb_json_get_text (answer);
  return g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
}
