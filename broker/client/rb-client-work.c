/* rb-client-work.c: what an adapter says about a message that it has: states, replies, answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-work.h"

#include "rb-client-private.h"
#include "rb-client-repeat.h"
#include "rb-error.h"
#include "rb-json-writer.h"

#define DETAIL_MAX 200

G_DEFINE_ENUM_TYPE (RbClientState, rb_client_state,
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_STATE_ACCEPTED, "accepted"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_STATE_STARTED, "started"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_STATE_WAITING, "waiting"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_STATE_INTERRUPTED, "interrupted"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_STATE_EXPIRED, "expired"))

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

  g_object_unref (saying->message);
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
  rb_json_writer_string (writer, "content", saying->content);
  rb_json_writer_string (writer, "contentType", saying->content_type);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
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

  saying->pid = rb_client_get_options (self)->pid;
  saying->message = g_object_ref (message);
  rb_client_repeat_task (task, endpoint, path, flags, make_body, saying, saying_free);
}

/* Takes @saying. */
static void
say_state (RbClient            *self,
           RbClientEndpoint    *endpoint,
           RbClientMessage     *message,
           Saying              *saying,
           gpointer             source_tag,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));
  g_return_if_fail (RB_IS_CLIENT_MESSAGE (message) && message->assignment != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, source_tag);
  say (task, endpoint, message, "/v1/runtime/processing-state", RB_CLIENT_CALL_REPEATABLE, make_report, saying);
}

static char *
dup_detail (const char *detail)
{
  return detail != NULL ? g_utf8_substring (detail, 0, MIN (g_utf8_strlen (detail, -1), DETAIL_MAX)) : NULL;
}

/* The broker's own reports of an assignment are 1 (assigned), then, after ours, reply_requested and reply_emitted. */
static const struct {
  const char *name;
  gint64      sequence;
} states[] = {
  [RB_CLIENT_STATE_ACCEPTED] = { "adapter_accepted", 2 },
  [RB_CLIENT_STATE_STARTED] = { "processing_started", 3 },
  [RB_CLIENT_STATE_WAITING] = { "waiting_for_runtime_capability", 4 },
  [RB_CLIENT_STATE_INTERRUPTED] = { "processing_interrupted", 5 },
  [RB_CLIENT_STATE_EXPIRED] = { "expired", 6 },
};

#define SEQUENCE_FAILED 6

/**
 * rb_client_report_async:
 * @self: a client
 * @endpoint: the endpoint that has the message
 * @message: a message with an assignment
 * @state: what is said about it
 * @detail: (nullable): a few words for people; what is beyond 200 characters is left out
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Says how far an assignment is. It is said again until the broker took it,
 * whatever happens in between; each state counts once.
 *
 * A refused acceptance means that the message is somebody else's by now.
 */
void
rb_client_report_async (RbClient            *self,
                        RbClientEndpoint    *endpoint,
                        RbClientMessage     *message,
                        RbClientState        state,
                        const char          *detail,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  Saying *saying;

  g_return_if_fail ((guint) state < G_N_ELEMENTS (states));

  saying = g_new0 (Saying, 1);
  saying->state = g_strdup (states[state].name);
  saying->sequence = states[state].sequence;
  saying->detail = dup_detail (detail);
  say_state (self, endpoint, message, saying, rb_client_report_async, cancellable, callback, user_data);
}

/**
 * rb_client_report_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.report_async].
 *
 * Returns: %TRUE when the broker took it
 */
gboolean
rb_client_report_finish (RbClient      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return rb_client_take_receipt (G_TASK (result), NULL, NULL, NULL, error);
}

/**
 * rb_client_fail_async:
 * @self: a client
 * @endpoint: the endpoint that has the message
 * @message: a message with an assignment
 * @reason_code: a fixed lower-case token, such as `runtime_exited`
 * @detail: (nullable): a few words for people; what is beyond 200 characters is left out
 * @retryable: whether another attempt may work: what was not accepted yet then returns to the inbox
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Ends an assignment without a reply. It is said again until the broker took it.
 */
void
rb_client_fail_async (RbClient            *self,
                      RbClientEndpoint    *endpoint,
                      RbClientMessage     *message,
                      const char          *reason_code,
                      const char          *detail,
                      gboolean             retryable,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  Saying *saying = g_new0 (Saying, 1);

  saying->state = g_strdup ("processing_failed");
  saying->sequence = SEQUENCE_FAILED;
  saying->retryable = retryable;
  saying->reason_code = g_strdup (reason_code);
  saying->detail = dup_detail (detail);
  say_state (self, endpoint, message, saying, rb_client_fail_async, cancellable, callback, user_data);
}

/**
 * rb_client_fail_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.fail_async].
 *
 * Returns: %TRUE when the broker took it
 */
gboolean
rb_client_fail_finish (RbClient      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  return rb_client_take_receipt (G_TASK (result), NULL, NULL, NULL, error);
}

/**
 * rb_client_reply_async:
 * @self: a client
 * @endpoint: the endpoint that has the message
 * @message: a message with an assignment, accepted
 * @reply_request_id: (nullable): what names the reply; %NULL: the assignment does
 * @content: the text
 * @content_type: (nullable): what the text is; %NULL: `text`
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Replies to an assignment. It is said again until the broker took it, also when
 * the broker or the connection went away in between, and the same
 * @reply_request_id never sends a second message.
 *
 * Source: section 11.8 of the broker's protocol.
 */
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
  Saying *saying;
  GTask *task;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_MESSAGE (message) && message->assignment != NULL);
  g_return_if_fail (content != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rb_client_reply_async);
  saying = g_new0 (Saying, 1);
  saying->reply_request_id = reply_request_id != NULL ? g_strdup (reply_request_id)
                                                      : g_strconcat ("reply:", message->assignment->assignment_id, NULL);
  saying->content = g_strdup (content);
  saying->content_type = g_strdup (content_type);
  say (task, endpoint, message, "/v1/runtime/assignment-reply", RB_CLIENT_CALL_REPEATABLE, make_reply, saying);
}

/**
 * rb_client_reply_finish:
 * @self: a client
 * @result: what the callback was given
 * @message_id: (out) (optional) (nullable) (transfer full): the network's id of what was sent
 * @status: (out) (optional) (nullable) (transfer full): `delivered` or `stored`
 * @error: why not
 *
 * Ends [method@Rb.Client.reply_async].
 *
 * Returns: %TRUE when the reply was sent
 */
gboolean
rb_client_reply_finish (RbClient      *self,
                        GAsyncResult  *result,
                        char         **message_id,
                        char         **status,
                        GError       **error)
{
  return rb_client_take_receipt (G_TASK (result), message_id, status, NULL, error);
}

/* What is answered, through the steps of an assignment. */
typedef struct {
  RbClientEndpoint *endpoint;
  RbClientMessage  *message;
  char             *content;
  char             *content_type;
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_object_unref (answer->endpoint);
  g_object_unref (answer->message);
  g_free (answer->content);
  g_free (answer->content_type);
  g_free (answer);
}

static Answer *
answer_new (RbClientEndpoint *endpoint,
            RbClientMessage  *message,
            const char       *content,
            const char       *content_type)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->endpoint = g_object_ref (endpoint);
  answer->message = g_object_ref (message);
  answer->content = g_strdup (content);
  answer->content_type = g_strdup (content_type);
  return answer;
}

/* The correlation id, not the message id, is what the broker knows a reply by (protocol.md 8.3). */
static GBytes *
make_answer (RbClientEndpoint *endpoint,
             gpointer          data)
{
  const Saying *saying = data;
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *correlation_id = rb_client_message_dup_metadata_member (saying->message, "correlation_id");

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

static void
answer_direct (GTask           *task,
               RbClientMessage *message,
               Answer          *answer)
{
  Saying *saying = g_new0 (Saying, 1);

  saying->content = g_strdup (answer->content);
  saying->content_type = g_strdup (answer->content_type);
  say (task, answer->endpoint, message, "/v1/send", RB_CLIENT_CALL_NONE, make_answer, saying);
}

/* A different reply given earlier is a success, too: the sender has its answer. */
static void
on_answer_replied (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  RbJson *answer = g_task_propagate_pointer (G_TASK (result), &error);

  if (answer == NULL && g_strcmp0 (rb_error_get_reason (error), "runtime_assignment_reply_idempotency_conflict") == 0)
    {
      g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);

      g_clear_error (&error);
      answer = rb_json_parse_object (empty, 0, &error);
    }
  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) rb_json_unref);
  else
    g_task_return_error (task, error);
}

static void
on_answer_started (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GTask *task = user_data;
  Answer *answer = g_task_get_task_data (task);
  GError *error = NULL;

  if (!rb_client_report_finish (RB_CLIENT (source), result, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  rb_client_reply_async (RB_CLIENT (source), answer->endpoint, answer->message, NULL, answer->content, answer->content_type,
                         g_task_get_cancellable (task), on_answer_replied, task);
}

static void
on_answer_accepted (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  GTask *task = user_data;
  Answer *answer = g_task_get_task_data (task);
  GError *error = NULL;

  if (!rb_client_report_finish (RB_CLIENT (source), result, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  rb_client_report_async (RB_CLIENT (source), answer->endpoint, answer->message, RB_CLIENT_STATE_STARTED, NULL,
                          g_task_get_cancellable (task), on_answer_started, task);
}

/**
 * rb_client_answer_async:
 * @self: a client
 * @endpoint: the endpoint that has the message
 * @message: any message
 * @content: the text
 * @content_type: (nullable): what the text is; %NULL: `text`
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Answers a message, whichever kind it is. An assignment is accepted, started and
 * replied to, each until the broker took it. Another message is answered to its
 * sender: the call waits while the broker is away, and the answer is sent at most
 * once; when the connection breaks under it, the outcome is
 * %RB_CLIENT_ERROR_OUTCOME_UNKNOWN.
 *
 * What takes long to work out is better accepted first, with
 * [method@Rb.Client.report_async]: an assignment that nobody accepts in time is
 * given to somebody else.
 */
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
  Answer *answer;
  GTask *task;

  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));
  g_return_if_fail (RB_IS_CLIENT_MESSAGE (message));
  g_return_if_fail (content != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rb_client_answer_async);
  g_task_set_check_cancellable (task, FALSE);
  answer = answer_new (endpoint, message, content, content_type);
  g_task_set_task_data (task, answer, answer_free);
  if (message->assignment == NULL)
    answer_direct (task, message, answer);
  else
    rb_client_report_async (self, endpoint, message, RB_CLIENT_STATE_ACCEPTED, NULL, cancellable, on_answer_accepted, task);
}

/**
 * rb_client_answer_finish:
 * @self: a client
 * @result: what the callback was given
 * @message_id: (out) (optional) (nullable) (transfer full): the network's id of what was sent
 * @status: (out) (optional) (nullable) (transfer full): `delivered` or `stored`
 * @error: why not
 *
 * Ends [method@Rb.Client.answer_async].
 *
 * Returns: %TRUE when the answer was sent, now or earlier
 */
gboolean
rb_client_answer_finish (RbClient      *self,
                         GAsyncResult  *result,
                         char         **message_id,
                         char         **status,
                         GError       **error)
{
  return rb_client_take_receipt (G_TASK (result), message_id, status, NULL, error);
}
