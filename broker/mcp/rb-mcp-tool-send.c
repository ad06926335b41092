/* rb-mcp-tool-send.c: send_message, and waiting for the answer to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-tool.h"

static const RbMcpField takes[] = {
  { "to", RB_MCP_STRING, TRUE, "The address, such as default@local; who_am_i says which is ours.", NULL, 1 },
  { "content", RB_MCP_STRING, TRUE, "What to say." },
  { "content_type", RB_MCP_STRING, FALSE, "text by default.", NULL, 1 },
  { "wait_seconds", RB_MCP_INTEGER, FALSE, "Wait so long for the answer and return it too; 0, the default: do not wait. An answer that comes later comes with "
                                           "wait_for_message.", NULL, 0, RB_MCP_WAIT_MAX_S },
  { NULL }
};

static const RbMcpField gives[] = {
  { "sent_message_id", RB_MCP_STRING, TRUE, "The id of what was sent." },
  { "status", RB_MCP_STRING, TRUE, "delivered, or stored for a recipient who is away." },
  { "reference", RB_MCP_STRING, TRUE, "What the answer names as in_reply_to; wait_for_message can wait for it." },
  { "received", RB_MCP_BOOLEAN, FALSE, "With wait_seconds: whether the answer came." },
  { "message", RB_MCP_OBJECT, FALSE, "The answer, as wait_for_message returns it." },
  { "waited_seconds", RB_MCP_INTEGER, FALSE, "How long was waited when none came." },
  { NULL }
};

/* {"a":1} -> "a":1 */
static char *
dup_members (GBytes *object)
{
  gsize size;
  const char *data = g_bytes_get_data (object, &size);

  return g_strndup (data + 1, size - 2);
}

static void
wait_for_answer (RbMcpTask *task,
                 GBytes    *answer,
                 gint64     seconds)
{
  g_autofree char *rest = dup_members (answer);
  const RbMcpWish wish = { .timeout_s = seconds, .accept = TRUE, .in_reply_to = task->id, .rest = rest };

  if (!rb_mcp_call_is_over (task->call))
    rb_mcp_waits_add (task->waits, task->call, &wish);
  rb_mcp_task_free (task);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) answer = rb_mcp_task_asked (&task, source, result, NULL, user_data);
  g_autofree char *reference = NULL;
  g_autoptr(GBytes) shown = NULL;
  gint64 seconds;

  if (answer == NULL)
    return;
  reference = g_strdup_printf ("\"reference\":\"%s\"", task->id);
  shown = rb_json_object_edit (answer, NULL, reference);
  seconds = rb_mcp_task_get_int (task, "wait_seconds", 0);
  if (seconds > 0)
    wait_for_answer (task, shown, seconds);
  else
    rb_mcp_task_return_text (task, shown);
}

/* A name of our own for it, which the answer repeats as what it answers: so that is recognised, also when it is faster than the receipt.
 * (The correlation is the broker's to give.) */
static char *
new_reference (RbMcpTask *task)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  g_free (task->id);
  task->id = g_uuid_string_random ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "message_id", task->id);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end_text (writer);
}

static void
run (RbMcpTask *task)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_SEND);

  ask->id = rb_mcp_task_dup (task, "to");
  ask->text = rb_mcp_task_dup (task, "content");
  ask->content_type = rb_mcp_task_dup (task, "content_type");
  ask->metadata = new_reference (task);
  rb_mcp_task_ask (task, ask, on_sent);
}

const RbMcpTool rb_mcp_tool_send = {
  .name = "send_message",
  .title = "Send a message",
  .text = "Sends a new message to an address on the network, which may be another agent or a person. It is sent once; after an error that says that the "
          "outcome is unknown, look with search_messages before sending it again.",
  .takes = takes,
  .gives = gives,
  .hints = RB_MCP_HINT_OPEN_WORLD,
  .run = run,
};
