/* rb-client-calls.c: what an adapter asks of the broker, for one endpoint
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-calls.h"

#include "rb-client-private.h"
#include "rb-client-repeat.h"
#include "rb-json-writer.h"

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

void
rb_client_register_async (RbClient                   *self,
                          const RbClientRegistration *registration,
                          GCancellable               *cancellable,
                          GAsyncReadyCallback         callback,
                          gpointer                    user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  const RbClientOptions *options;
  RbClientEndpoint *endpoint;
  g_autoptr(GBytes) body = NULL;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (registration != NULL);

  options = rb_client_get_options (self);
  endpoint = rb_client_endpoint_new (registration, options->client_kind, options->client_version, options->pid);
  body = rb_client_endpoint_make_body (endpoint);
  g_task_set_source_tag (task, rb_client_register_async);
  g_task_set_task_data (task, endpoint, g_object_unref);
  rb_client_begin_registration (self);
  rb_client_call_async (self, "POST", "/v1/endpoint/register", body, RB_CLIENT_CALL_NONE, cancellable, on_registered, task);
}

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

gboolean
rb_client_unregister_finish (RbClient      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
write_content (RbJsonWriter *writer,
               const char   *content,
               const char   *content_type,
               GBytes       *metadata)
{
  rb_json_writer_string (writer, "content", content);
  rb_json_writer_string (writer, "contentType", content_type);
  rb_json_writer_slice (writer, "metadata", metadata);
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

void
rb_client_send_async (RbClient            *self,
                      RbClientEndpoint    *endpoint,
                      const char          *to,
                      const char          *content,
                      const char          *content_type,
                      GBytes              *metadata,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(RbJsonWriter) writer = rb_json_writer_new ();
  g_autoptr(GBytes) body = NULL;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));
  g_return_if_fail (to != NULL && content != NULL);

  g_task_set_source_tag (task, rb_client_send_async);
  g_task_set_check_cancellable (task, FALSE);
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", rb_client_endpoint_get_id (endpoint));
  rb_json_writer_string (writer, "to", to);
  write_content (writer, content, content_type, metadata);
  rb_json_writer_end_object (writer);
  body = rb_json_writer_end (g_steal_pointer (&writer));
  rb_client_call_async (self, "POST", "/v1/send", body, RB_CLIENT_CALL_NONE, cancellable, on_called, task);
}

/* The answer's ids; a broker that leaves one out has done its work all the same. */
static gboolean
take_receipt (GTask   *task,
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

gboolean
rb_client_send_finish (RbClient      *self,
                       GAsyncResult  *result,
                       char         **message_id,
                       char         **status,
                       char         **correlation_id,
                       GError       **error)
{
  return take_receipt (G_TASK (result), message_id, status, correlation_id, error);
}

/* What a report or a reply says, apart from who says it. */
typedef struct {
  gint64           pid;
  RbClientMessage *message;
  char            *state;
  gint64           sequence;
  gboolean         retryable;
  char            *reason_code;
  char            *detail;
  char            *reply_request_id;
  char            *content;
  char            *content_type;
} Saying;

static void
saying_free (gpointer data)
{
  Saying *saying = data;

  rb_client_message_unref (saying->message);
  g_free (saying->state);
  g_free (saying->reason_code);
  g_free (saying->detail);
  g_free (saying->reply_request_id);
  g_free (saying->content);
  g_free (saying->content_type);
  g_free (saying);
}

static RbJsonWriter *
begin_saying (RbClientEndpoint *endpoint,
              const Saying     *saying)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  const RbClientAssignment *assignment = saying->message->assignment;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", rb_client_endpoint_get_id (endpoint));
  rb_json_writer_int (writer, "plugin_pid", saying->pid);
  rb_json_writer_string (writer, "endpoint_owner_token", rb_client_endpoint_get_owner_token (endpoint));
  rb_json_writer_string (writer, "source_message_id", assignment->source_message_id);
  rb_json_writer_string (writer, "assignment_id", assignment->assignment_id);
  return writer;
}

static GBytes *
make_report (RbClientEndpoint *endpoint,
             gpointer          data)
{
  const Saying *saying = data;
  RbJsonWriter *writer = begin_saying (endpoint, saying);
  g_autofree char *event_id = g_strconcat (saying->message->assignment->assignment_id, ":", saying->state, NULL);

  rb_json_writer_string (writer, "undispatched_id", saying->message->assignment->undispatched_id);
  rb_json_writer_string (writer, "state_event_id", event_id);
  rb_json_writer_int (writer, "state_sequence", saying->sequence);
  rb_json_writer_string (writer, "state", saying->state);
  if (saying->retryable)
    rb_json_writer_boolean (writer, "retryable", TRUE);
  rb_json_writer_string (writer, "reason_code", saying->reason_code);
  rb_json_writer_string (writer, "detail", saying->detail);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static GBytes *
make_reply (RbClientEndpoint *endpoint,
            gpointer          data)
{
  const Saying *saying = data;
  RbJsonWriter *writer = begin_saying (endpoint, saying);

  rb_json_writer_string (writer, "reply_request_id", saying->reply_request_id);
  write_content (writer, saying->content, saying->content_type, NULL);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static void
on_said (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  RbJson *answer = rb_client_repeat_finish (RB_CLIENT (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) rb_json_unref);
  else
    g_task_return_error (task, error);
}

static void
say (GTask            *task,
     RbClientEndpoint *endpoint,
     RbClientMessage  *message,
     const char       *path,
     RbClientCallFlags flags,
     RbClientBodyFunc  make_body,
     Saying           *saying)
{
  RbClient *self = g_task_get_source_object (task);

  g_task_set_check_cancellable (task, FALSE);
  saying->pid = rb_client_get_options (self)->pid;
  saying->message = rb_client_message_ref (message);
  rb_client_repeat_async (self, endpoint, path, flags, make_body, saying, saying_free, g_task_get_cancellable (task), on_said,
                          task);
}

void
rb_client_report_async (RbClient             *self,
                        RbClientEndpoint     *endpoint,
                        RbClientMessage      *message,
                        const RbClientReport *report,
                        GCancellable         *cancellable,
                        GAsyncReadyCallback   callback,
                        gpointer              user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Saying *saying = g_new0 (Saying, 1);

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (message->assignment != NULL);

  g_task_set_source_tag (task, rb_client_report_async);
  saying->state = g_strdup (report->state);
  saying->sequence = report->sequence;
  saying->retryable = report->retryable;
  saying->reason_code = g_strdup (report->reason_code);
  saying->detail = g_strdup (report->detail);
  say (task, endpoint, message, "/v1/runtime/processing-state", RB_CLIENT_CALL_REPEATABLE, make_report, saying);
}

gboolean
rb_client_report_finish (RbClient      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return take_receipt (G_TASK (result), NULL, NULL, NULL, error);
}

void
rb_client_reply_async (RbClient            *self,
                       RbClientEndpoint    *endpoint,
                       RbClientMessage     *message,
                       const char          *reply_request_id,
                       const char          *content,
                       const char          *content_type,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Saying *saying = g_new0 (Saying, 1);

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (message->assignment != NULL);

  g_task_set_source_tag (task, rb_client_reply_async);
  saying->reply_request_id = g_strdup (reply_request_id);
  saying->content = g_strdup (content);
  saying->content_type = g_strdup (content_type);
  say (task, endpoint, message, "/v1/runtime/assignment-reply", RB_CLIENT_CALL_REPEATABLE, make_reply, saying);
}

gboolean
rb_client_reply_finish (RbClient      *self,
                        GAsyncResult  *result,
                        char         **message_id,
                        char         **status,
                        GError       **error)
{
  return take_receipt (G_TASK (result), message_id, status, NULL, error);
}

/* The correlation id, not the message id, is what the broker knows a reply by (protocol.md 8.3). */
static GBytes *
make_answer (RbClientEndpoint *endpoint,
             gpointer          data)
{
  const Saying *saying = data;
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *correlation_id = rb_client_message_dup_metadata (saying->message, "correlation_id");

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", rb_client_endpoint_get_id (endpoint));
  rb_json_writer_string (writer, "to", saying->message->from);
  rb_json_writer_string (writer, "content", saying->content);
  rb_json_writer_string (writer, "contentType", saying->content_type);
  rb_json_writer_begin_object (writer, "metadata");
  rb_json_writer_string (writer, "in_reply_to", correlation_id);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

void
rb_client_answer_async (RbClient            *self,
                        RbClientEndpoint    *endpoint,
                        RbClientMessage     *message,
                        const char          *content,
                        const char          *content_type,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Saying *saying = g_new0 (Saying, 1);

  g_return_if_fail (RB_IS_CLIENT (self));

  g_task_set_source_tag (task, rb_client_answer_async);
  saying->content = g_strdup (content);
  saying->content_type = g_strdup (content_type);
  say (task, endpoint, message, "/v1/send", RB_CLIENT_CALL_NONE, make_answer, saying);
}

gboolean
rb_client_answer_finish (RbClient      *self,
                         GAsyncResult  *result,
                         char         **message_id,
                         char         **status,
                         GError       **error)
{
  return take_receipt (G_TASK (result), message_id, status, NULL, error);
}
