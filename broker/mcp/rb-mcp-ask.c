/* rb-mcp-ask.c: one thing that is asked of the broker; with rb-mcp-link the only file that knows the client library
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-ask.h"

#include "rb-json-writer.h"

typedef struct {
  const RbMcpAsk  *ask;
  RbClientMessage *message;     /* (nullable) that was claimed */
} Running;

static void
running_free (gpointer data)
{
  Running *self = data;

  g_clear_object (&self->message);
  g_free (self);
}

RbMcpAsk *
rb_mcp_ask_new (RbMcpAskKind kind)
{
  RbMcpAsk *self = g_new0 (RbMcpAsk, 1);

  self->kind = kind;
  return self;
}

void
rb_mcp_ask_free (RbMcpAsk *self)
{
  g_free (self->path);
  g_free (self->id);
  g_clear_object (&self->message);
  g_free (self->reason_code);
  g_free (self->text);
  g_free (self->content_type);
  g_free (self->metadata);
  g_free (self->before);
  g_free (self->after);
  g_free (self);
}

/* @task: (transfer full). @text: (nullable) (transfer full): it failed with @error (transfer full) */
static void
finish (GTask  *task,
        GBytes *text,
        GError *error)
{
  if (error == NULL)
    g_task_return_pointer (task, text, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
finish_json (GTask  *task,
             RbJson *answer,
             GError *error)
{
  GBytes *text = answer != NULL ? g_bytes_ref (rb_json_get_text (answer)) : NULL;

  g_clear_pointer (&answer, rb_json_unref);
  finish (task, text, error);
}

static GBytes *
empty_object (void)
{
  return g_bytes_new_static ("{}", 2);
}

static void
on_viewed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GError *error = NULL;
  RbJson *answer = rb_client_call_finish (RB_CLIENT (source), result, NULL, &error);

  finish_json (user_data, answer, error);
}

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Running *running = g_task_get_task_data (user_data);
  GError *error = NULL;

  running->message = rb_client_claim_finish (RB_CLIENT (source), result, &error);
  finish (user_data, error == NULL ? empty_object () : NULL, error);
}

static void
on_reported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError *error = NULL;

  rb_client_report_finish (RB_CLIENT (source), result, &error);
  finish (user_data, error == NULL ? empty_object () : NULL, error);
}

static void
on_failed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GError *error = NULL;

  rb_client_fail_finish (RB_CLIENT (source), result, &error);
  finish (user_data, error == NULL ? empty_object () : NULL, error);
}

/* All of them are NULL when it failed. */
static void
finish_sent (GTask  *task,
             char   *message_id,
             char   *status,
             char   *correlation_id,
             GError *error)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) text = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "sent_message_id", message_id);
  rb_json_writer_string (writer, "status", status);
  rb_json_writer_string (writer, "correlation_id", correlation_id);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end (writer);
  g_free (message_id);
  g_free (status);
  g_free (correlation_id);
  finish (task, error == NULL ? g_steal_pointer (&text) : NULL, error);
}

static void
on_replied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Running *running = g_task_get_task_data (user_data);
  RbClient *client = RB_CLIENT (source);
  char *message_id = NULL, *status = NULL;
  GError *error = NULL;

  if (running->ask->message->assignment != NULL)
    rb_client_reply_finish (client, result, &message_id, &status, &error);
  else
    rb_client_answer_finish (client, result, &message_id, &status, &error);
  finish_sent (user_data, message_id, status, NULL, error);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  char *message_id = NULL, *status = NULL, *correlation_id = NULL;
  GError *error = NULL;

  rb_client_send_finish (RB_CLIENT (source), result, &message_id, &status, &correlation_id, &error);
  finish_sent (user_data, message_id, status, correlation_id, error);
}

static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GError *error = NULL;

  rb_client_settle_finish (RB_CLIENT (source), result, &error);
  finish (user_data, error == NULL ? empty_object () : NULL, error);
}

/* The assignment names the reply, so that the same one that is given again, even by another process, is one reply. (Not
 * rb_client_answer_async() for it: a host is to hear that it gave another answer before.) */
static void
run_reply (const RbMcpAsk   *ask,
           RbClient         *client,
           RbClientEndpoint *endpoint,
           GCancellable     *cancellable,
           GTask            *task)
{
  if (ask->message->assignment != NULL)
    rb_client_reply_async (client, endpoint, ask->message, NULL, ask->text, ask->content_type, cancellable, on_replied, task);
  else
    rb_client_answer_async (client, endpoint, ask->message, ask->text, ask->content_type, cancellable, on_replied, task);
}

/* Not rb_client_history_async(), which goes on asking a network that offers no history. */
static void
run_history (const RbMcpAsk   *ask,
             RbClient         *client,
             RbClientEndpoint *endpoint,
             GCancellable     *cancellable,
             GTask            *task)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) body = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", rb_client_endpoint_get_id (endpoint));
  rb_json_writer_string (writer, "endpoint_owner_token", rb_client_endpoint_get_owner_token (endpoint));
  rb_json_writer_int (writer, "plugin_pid", rb_client_get_options (client)->pid);
  rb_json_writer_begin_object (writer, "conversation_ref");
  rb_json_writer_string (writer, "kind", "session_conversation");
  rb_json_writer_string (writer, "id", ask->id);
  rb_json_writer_end_object (writer);
  if (ask->limit > 0)
    rb_json_writer_int (writer, "limit", ask->limit);
  rb_json_writer_string (writer, "before", ask->before);
  rb_json_writer_string (writer, "after", ask->after);
  rb_json_writer_end_object (writer);
  body = rb_json_writer_end (writer);
  rb_client_call_async (client, "POST", "/v1/runtime/session-conversation-history", body, RB_CLIENT_CALL_REPEATABLE, cancellable, on_viewed, task);
}

void
rb_mcp_ask_run_async (const RbMcpAsk      *self,
                      RbClient            *client,
                      RbClientEndpoint    *endpoint,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Running *running = g_new0 (Running, 1);

  g_task_set_source_tag (task, rb_mcp_ask_run_async);
  running->ask = self;
  g_task_set_task_data (task, running, running_free);
  switch (self->kind)
    {
    case RB_MCP_ASK_VIEW:
      rb_client_call_async (client, "GET", self->path, NULL, RB_CLIENT_CALL_REPEATABLE, cancellable, on_viewed, task);
      return;
    case RB_MCP_ASK_CLAIM:
      rb_client_claim_async (client, endpoint, self->id, cancellable, on_claimed, task);
      return;
    case RB_MCP_ASK_REPORT:
      rb_client_report_async (client, endpoint, self->message, self->state, self->text, cancellable, on_reported, task);
      return;
    case RB_MCP_ASK_FAIL:
      rb_client_fail_async (client, endpoint, self->message, self->reason_code, self->text, self->retryable, cancellable, on_failed, task);
      return;
    case RB_MCP_ASK_REPLY:
      run_reply (self, client, endpoint, cancellable, task);
      return;
    case RB_MCP_ASK_SETTLE:
      rb_client_settle_async (client, endpoint, self->id, cancellable, on_settled, task);
      return;
    case RB_MCP_ASK_SEND:
      rb_client_send_async (client, endpoint, self->id, self->text, self->content_type, self->metadata, cancellable, on_sent, task);
      return;
    case RB_MCP_ASK_HISTORY:
      run_history (self, client, endpoint, cancellable, task);
      return;
    }
  g_assert_not_reached ();
}

GBytes *
rb_mcp_ask_run_finish (GAsyncResult     *result,
                       RbClientMessage **message,
                       GError          **error)
{
  Running *running = g_task_get_task_data (G_TASK (result));

  if (message != NULL)
    *message = g_steal_pointer (&running->message);
  return g_task_propagate_pointer (G_TASK (result), error);
}
