/* rb-mcp-tool-work.c: tools for a message that this session has: accept, release, progress, reply, settle, fail
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-tool.h"

#include "rb-error.h"

#define MESSAGE_ID { "message_id", RB_MCP_STRING, TRUE, "The message, as wait_for_message or claim_message returned it.", NULL, 1 }

static const RbMcpField takes_message[] = { MESSAGE_ID, { NULL } };

static const RbMcpField gives_state[] = {
  { "message_id", RB_MCP_STRING, TRUE, "The message." },
  { "state", RB_MCP_STRING, TRUE, "What it is now." },
  { NULL }
};

static void
return_state (RbMcpTask  *task,
              const char *state)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "message_id", task->id);
  rb_json_writer_string (writer, "state", state);
  rb_json_writer_end_object (writer);
  rb_mcp_task_return (task, writer);
}

/* NULL: the task was failed. @assigned: an answer to us will not do. */
static RbMcpEntry *
find_open (RbMcpTask *task,
           gboolean   assigned)
{
  RbMcpEntry *entry = rb_mcp_task_find (task);

  if (entry == NULL)
    return NULL;
  if (assigned && entry->message->assignment == NULL)
    rb_mcp_task_fail (task, rb_error_new (RB_ERROR_BAD_STATE, "no_assignment", "message '%s' is no work", entry->id));
  else if (entry->place == RB_MCP_ENDED && (assigned || g_strcmp0 (entry->how, RB_MCP_GIVEN) != 0))
    rb_mcp_task_fail (task, rb_error_new (RB_ERROR_BAD_STATE, "already_ended", "message '%s' has ended: %s", entry->id, entry->how));
  else
    return entry;
  return NULL;
}

static void
end_entry (RbMcpTask  *task,
           const char *how)
{
  RbMcpEntry *entry = rb_mcp_desk_lookup (rb_mcp_agent_get_desk (task->agent), task->id, NULL);

  if (entry != NULL)
    rb_mcp_agent_end (task->agent, entry, how);
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError *error = NULL;

  if (rb_mcp_agent_accept_finish (RB_MCP_AGENT (source), result, &error))
    return_state (user_data, "accepted");
  else
    rb_mcp_task_fail (user_data, error);
}

static void
run_accept (RbMcpTask *task)
{
  RbMcpEntry *entry = find_open (task, TRUE);

  if (entry != NULL)
    rb_mcp_agent_accept_async (task->agent, entry, on_accepted, task);
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) answer = rb_mcp_task_asked (&task, source, result, NULL, user_data);

  if (answer == NULL)
    return;
  end_entry (task, task->outcome);
  return_state (task, task->outcome);
}

/* @ask: (transfer full). The entry ends with it, as @outcome says. */
static void
end_with (RbMcpTask  *task,
          RbMcpAsk   *ask,
          const char *outcome)
{
  task->outcome = outcome;
  rb_mcp_task_ask (task, ask, on_ended);
}

static void
run_release (RbMcpTask *task)
{
  RbMcpEntry *entry = find_open (task, TRUE);

  if (entry == NULL)
    return;
  if (entry->is_accepted || entry->is_asked_for)
    rb_mcp_task_fail (task, rb_error_new (RB_ERROR_BAD_STATE, "already_accepted", "message '%s' is accepted and cannot go back", entry->id));
  else
    {
      RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_FAIL);

      ask->message = g_object_ref (entry->message);
      ask->reason_code = g_strdup ("released");
      ask->retryable = TRUE;
      end_with (task, ask, "released");
    }
}

static void
on_progressed (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) answer = rb_mcp_task_asked (&task, source, result, NULL, user_data);
  g_autofree char *state = NULL;

  if (answer == NULL)
    return;
  state = rb_mcp_task_dup (task, "state");
  return_state (task, state != NULL ? state : "processing_started");
}

static void
on_taken (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbMcpTask *task = user_data;
  GError *error = NULL;
  RbMcpEntry *entry;

  if (!rb_mcp_agent_accept_finish (RB_MCP_AGENT (source), result, &error))
    {
      rb_mcp_task_fail (task, error);
      return;
    }
  entry = find_open (task, task->needs_work);
  if (entry != NULL)
    task->then (task, entry);
}

/* What ends an assignment, or is told of one, needs that it is ours; who works on it takes it. While the acceptance is on its way the broker
 * knows the message neither as undispatched nor as accepted. */
static void
take (RbMcpTask *task,
      gboolean   needs_work,
      void     (*then) (RbMcpTask *task, RbMcpEntry *entry))
{
  RbMcpEntry *entry = find_open (task, needs_work);

  if (entry == NULL)
    return;
  task->needs_work = needs_work;
  task->then = then;
  rb_mcp_agent_accept_async (task->agent, entry, on_taken, task);
}

static void
report (RbMcpTask  *task,
        RbMcpEntry *entry)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_REPORT);
  g_autofree char *state = rb_mcp_task_dup (task, "state");

  ask->message = g_object_ref (entry->message);
  ask->state = g_strcmp0 (state, "processing_interrupted") == 0 ? RB_CLIENT_STATE_INTERRUPTED : RB_CLIENT_STATE_STARTED;
  ask->text = rb_mcp_task_dup (task, "detail");
  rb_mcp_task_ask (task, ask, on_progressed);
}

static void
run_progress (RbMcpTask *task)
{
  take (task, TRUE, report);
}

static void
on_replied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) answer = rb_mcp_task_asked (&task, source, result, NULL, user_data);
  g_autoptr(RbJson) sent = answer != NULL ? rb_json_parse (answer, 0, NULL) : NULL;
  g_autofree char *sent_id = sent != NULL ? rb_json_peek_string (sent, "sent_message_id") : NULL;
  g_autofree char *status = sent != NULL ? rb_json_peek_string (sent, "status") : NULL;
  RbJsonWriter *writer;

  if (answer == NULL)
    return;
  end_entry (task, "replied");
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "message_id", task->id);
  rb_json_writer_string (writer, "state", "replied");
  rb_json_writer_string (writer, "sent_message_id", sent_id);
  rb_json_writer_string (writer, "status", status);
  rb_json_writer_end_object (writer);
  rb_mcp_task_return (task, writer);
}

static void
reply (RbMcpTask  *task,
       RbMcpEntry *entry)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_REPLY);

  ask->message = g_object_ref (entry->message);
  ask->text = rb_mcp_task_dup (task, "content");
  ask->content_type = rb_mcp_task_dup (task, "content_type");
  if (ask->content_type == NULL)
    ask->content_type = g_strdup ("text");
  rb_mcp_task_ask (task, ask, on_replied);
}

static void
run_reply (RbMcpTask *task)
{
  take (task, FALSE, reply);
}

static void
settle (RbMcpTask  *task,
        RbMcpEntry *entry)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_SETTLE);

  ask->id = g_strdup (entry->message->assignment->undispatched_id);
  end_with (task, ask, "settled");
}

static void
run_settle (RbMcpTask *task)
{
  take (task, TRUE, settle);
}

static void
run_fail (RbMcpTask *task)
{
  RbMcpEntry *entry = find_open (task, TRUE);
  RbMcpAsk *ask;

  if (entry == NULL)
    return;
  ask = rb_mcp_ask_new (RB_MCP_ASK_FAIL);
  ask->message = g_object_ref (entry->message);
  ask->retryable = rb_mcp_task_get_bool (task, "retryable", FALSE);
  ask->reason_code = rb_mcp_task_dup (task, "reason_code");
  if (ask->reason_code == NULL)
    ask->reason_code = g_strdup ("agent_failed");
  ask->text = rb_mcp_task_dup (task, "detail");
  end_with (task, ask, "failed");
}

const RbMcpTool rb_mcp_tool_accept = {
  .name = "accept_message",
  .title = "Accept a message",
  .text = "Takes a message that was looked at with accept=false as this session's own work. Has to be called within half a minute.",
  .takes = takes_message,
  .gives = gives_state,
  .hints = RB_MCP_HINT_IDEMPOTENT,
  .run = run_accept,
};

const RbMcpTool rb_mcp_tool_release = {
  .name = "release_message",
  .title = "Release a message",
  .text = "Puts a message that is not accepted yet back into the inbox, for others.",
  .takes = takes_message,
  .gives = gives_state,
  .hints = RB_MCP_HINT_NONE,
  .run = run_release,
};

static const char *const states[] = { "processing_started", "processing_interrupted", NULL };

static const RbMcpField progress_takes[] = {
  MESSAGE_ID,
  { "state", RB_MCP_STRING, FALSE, "processing_started (the default) when work begins; processing_interrupted when it stands still. Told once each.",
    states },
  { "detail", RB_MCP_STRING, FALSE, "A few words for the sender; 200 characters are kept." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_progress = {
  .name = "report_progress",
  .title = "Report progress",
  .text = "Tells the network, and with it the sender, how far the work on a message is.",
  .takes = progress_takes,
  .gives = gives_state,
  .hints = RB_MCP_HINT_IDEMPOTENT | RB_MCP_HINT_OPEN_WORLD,
  .run = run_progress,
};

static const RbMcpField reply_takes[] = {
  MESSAGE_ID,
  { "content", RB_MCP_STRING, TRUE, "The answer, for the sender." },
  { "content_type", RB_MCP_STRING, FALSE, "text by default.", NULL, 1 },
  { NULL }
};

static const RbMcpField reply_gives[] = {
  { "message_id", RB_MCP_STRING, TRUE, "The message that was answered." },
  { "state", RB_MCP_STRING, TRUE, "replied" },
  { "sent_message_id", RB_MCP_STRING, FALSE, "The id of the answer." },
  { "status", RB_MCP_STRING, FALSE, "delivered, or stored for a recipient who is away." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_reply = {
  .name = "reply_message",
  .title = "Reply to a message",
  .text = "Sends the answer to a message that this session has, and ends it. The answer to work is sent once: after an error the same call may be made again "
          "and does not send a second message. What answers an answer is like a message of one's own: an error that says that the outcome is not known "
          "means that it may have been sent.",
  .takes = reply_takes,
  .gives = reply_gives,
  .hints = RB_MCP_HINT_OPEN_WORLD,
  .run = run_reply,
};

const RbMcpTool rb_mcp_tool_settle = {
  .name = "settle_message",
  .title = "Settle a message",
  .text = "Ends a message that this session has: it was dealt with, and needs no answer.",
  .takes = takes_message,
  .gives = gives_state,
  .hints = RB_MCP_HINT_OPEN_WORLD,
  .run = run_settle,
};

static const RbMcpField fail_takes[] = {
  MESSAGE_ID,
  { "reason_code", RB_MCP_STRING, FALSE, "One word for programs; agent_failed by default.", NULL, 1 },
  { "detail", RB_MCP_STRING, FALSE, "What went wrong, for people; 200 characters are kept." },
  { "retryable", RB_MCP_BOOLEAN, FALSE, "Another attempt may work. A message that is not accepted yet returns to the inbox then. false by default." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_fail = {
  .name = "fail_message",
  .title = "Report that a message failed",
  .text = "Ends a message that this session has: it could not be dealt with.",
  .takes = fail_takes,
  .gives = gives_state,
  .hints = RB_MCP_HINT_DESTRUCTIVE | RB_MCP_HINT_OPEN_WORLD,
  .run = run_fail,
};
