/* rb-mcp-tool-look.c: tools that only look: read, explain, search, history, endpoints, who am I
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-tool.h"

static const RbMcpField nothing[] = { { NULL } };

static const RbMcpField takes_id[] = {
  { "id", RB_MCP_STRING, TRUE, "An id that any tool showed, or its beginning.", NULL, 1 },
  { NULL }
};

/* What the broker says is an object already. */
static void
on_object (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) answer = rb_mcp_task_asked (&task, source, result, NULL, user_data);

  if (answer != NULL)
    rb_mcp_task_return_text (task, answer);
}

/* @path: (transfer full) */
static void
view (RbMcpTask           *task,
      char                *path,
      GAsyncReadyCallback  done)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_VIEW);

  ask->path = path;
  rb_mcp_task_ask (task, ask, done);
}

static void
view_id (RbMcpTask  *task,
         const char *prefix)
{
  g_autofree char *id = rb_mcp_task_dup (task, "id");
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);

  view (task, g_strconcat (prefix, escaped, NULL), on_object);
}

static void
run_read (RbMcpTask *task)
{
  view_id (task, "/v1/operator/show/");
}

static void
run_explain (RbMcpTask *task)
{
  view_id (task, "/v1/operator/explain/");
}

static void
append_query (GString    *path,
              RbMcpTask  *task,
              const char *argument,
              const char *name)
{
  g_autofree char *value = rb_mcp_task_dup (task, argument);

  if (value == NULL)
    return;
  g_string_append_printf (path, "&%s=", name);
  g_string_append_uri_escaped (path, value, NULL, FALSE);
}

static void
run_search (RbMcpTask *task)
{
  GString *path = g_string_new (NULL);

  g_string_printf (path, "/v1/operator/search?limit=%" G_GINT64_FORMAT, rb_mcp_task_get_int (task, "limit", 20));
  append_query (path, task, "words", "words");
  append_query (path, task, "from", "from");
  view (task, g_string_free (path, FALSE), on_object);
}

static void
run_history (RbMcpTask *task)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_HISTORY);

  ask->id = rb_mcp_task_dup (task, "conversation_id");
  ask->limit = rb_mcp_task_get_int (task, "limit", 0);
  ask->before = rb_mcp_task_dup (task, "before");
  ask->after = rb_mcp_task_dup (task, "after");
  rb_mcp_task_ask (task, ask, on_object);
}

static void
on_endpoints (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) rows = rb_mcp_task_asked (&task, source, result, NULL, user_data);
  RbJsonWriter *writer;

  if (rows == NULL)
    return;
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "own_endpoint_id", rb_mcp_link_get_endpoint_id (rb_mcp_agent_get_link (task->agent)));
  rb_json_writer_slice (writer, "endpoints", rows);
  rb_json_writer_end_object (writer);
  rb_mcp_task_return (task, writer);
}

static void
run_endpoints (RbMcpTask *task)
{
  view (task, g_strdup ("/v1/operator/endpoints"), on_endpoints);
}

static void
write_network (RbJsonWriter *writer,
               GBytes       *answer)
{
  g_autoptr(RbJson) status = rb_json_parse_object (answer, 0, NULL);
  static const char *const members[] = { "address", "profile", "node", NULL };

  for (guint i = 0; status != NULL && members[i] != NULL; i++)
    {
      g_autofree char *value = rb_json_peek_string (status, members[i]);

      rb_json_writer_string (writer, members[i], value);
    }
  if (status != NULL)
    {
      g_autofree char *presence = rb_json_peek_string (status, "presence");

      rb_json_writer_string (writer, "network", presence);
    }
}

static void
on_status (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RbMcpTask *task;
  g_autoptr(GBytes) answer = rb_mcp_task_asked (&task, source, result, NULL, user_data);
  RbMcpLink *link;
  RbMcpDesk *desk;
  RbJsonWriter *writer;

  if (answer == NULL)
    return;
  link = rb_mcp_agent_get_link (task->agent);
  desk = rb_mcp_agent_get_desk (task->agent);
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "name", rb_mcp_link_get_name (link));
  rb_json_writer_string (writer, "kind", rb_mcp_link_get_kind (link));
  rb_json_writer_string (writer, "endpoint_id", rb_mcp_link_get_endpoint_id (link));
  rb_json_writer_string (writer, "broker", rb_mcp_link_get_state (link));
  write_network (writer, answer);
  rb_json_writer_int (writer, "waiting_messages", rb_mcp_desk_count (desk, RB_MCP_OFFERED));
  rb_json_writer_int (writer, "accepted_messages", rb_mcp_desk_count (desk, RB_MCP_ACCEPTED));
  rb_json_writer_end_object (writer);
  rb_mcp_task_return (task, writer);
}

static void
run_who (RbMcpTask *task)
{
  view (task, g_strdup ("/v1/operator/status"), on_status);
}

static const RbMcpField read_gives[] = {
  { "id", RB_MCP_STRING, FALSE, "The message." },
  { "state", RB_MCP_STRING, FALSE, "Where it is, or how it ended." },
  { "content", RB_MCP_STRING, FALSE, "What it says, where that is kept." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_read = {
  .name = "read_message",
  .title = "Read a message",
  .text = "Shows one message that came or was sent, with its content, also after it has ended. Takes nothing from anybody.",
  .takes = takes_id,
  .gives = read_gives,
  .hints = RB_MCP_HINT_READ_ONLY | RB_MCP_HINT_IDEMPOTENT,
  .run = run_read,
};

static const RbMcpField explain_gives[] = {
  { "id", RB_MCP_STRING, FALSE, "What was explained." },
  { "next", RB_MCP_STRING, FALSE, "What comes next, and what it waits for." },
  { "ladder", RB_MCP_ARRAY, FALSE, "Each step with its time, endpoint and reason." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_explain = {
  .name = "explain_message",
  .title = "Explain what became of something",
  .text = "Says where a message, assignment, reply or endpoint is, by which rule, what comes next, and each step with its time.",
  .takes = takes_id,
  .gives = explain_gives,
  .hints = RB_MCP_HINT_READ_ONLY | RB_MCP_HINT_IDEMPOTENT,
  .run = run_explain,
};

static const RbMcpField search_takes[] = {
  { "words", RB_MCP_STRING, TRUE, "Words that have to be in it; deploy* finds what begins so.", NULL, 1 },
  { "from", RB_MCP_STRING, FALSE, "Only from, or to, this address.", NULL, 1 },
  { "limit", RB_MCP_INTEGER, FALSE, "How many at most; 20 by default.", NULL, 1, 100 },
  { NULL }
};

static const RbMcpField search_gives[] = {
  { "rows", RB_MCP_ARRAY, FALSE, "id, direction, peer, at, state, snippet (the words found are its second part) of each, the newest first." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_search = {
  .name = "search_messages",
  .title = "Search messages",
  .text = "Finds messages by what they say, among those that wait and those that have ended.",
  .takes = search_takes,
  .gives = search_gives,
  .hints = RB_MCP_HINT_READ_ONLY | RB_MCP_HINT_IDEMPOTENT,
  .run = run_search,
};

static const RbMcpField history_takes[] = {
  { "conversation_id", RB_MCP_STRING, TRUE, "The conversation, as the network calls it.", NULL, 1 },
  { "limit", RB_MCP_INTEGER, FALSE, "How many at most.", NULL, 1, 100 },
  { "before", RB_MCP_STRING, FALSE, "Only what is older than this message.", NULL, 1 },
  { "after", RB_MCP_STRING, FALSE, "Only what is newer than this message.", NULL, 1 },
  { NULL }
};

static const RbMcpField history_gives[] = { { NULL } };

const RbMcpTool rb_mcp_tool_history = {
  .name = "read_history",
  .title = "Read a conversation",
  .text = "Reads a conversation from the network's own memory, where the network has one; search_messages searches what this broker has seen.",
  .takes = history_takes,
  .gives = history_gives,
  .hints = RB_MCP_HINT_READ_ONLY | RB_MCP_HINT_IDEMPOTENT | RB_MCP_HINT_OPEN_WORLD,
  .run = run_history,
};

static const RbMcpField endpoints_gives[] = {
  { "endpoints", RB_MCP_ARRAY, TRUE, "endpoint_id, session_name, kind, state, label of each." },
  { "own_endpoint_id", RB_MCP_STRING, FALSE, "Which of them is this session." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_endpoints = {
  .name = "list_endpoints",
  .title = "List the agents of this broker",
  .text = "Lists the agents and programs that are attached to the same broker.",
  .takes = nothing,
  .gives = endpoints_gives,
  .hints = RB_MCP_HINT_READ_ONLY | RB_MCP_HINT_IDEMPOTENT,
  .run = run_endpoints,
};

static const RbMcpField who_gives[] = {
  { "name", RB_MCP_STRING, TRUE, "What people and rules call this session." },
  { "kind", RB_MCP_STRING, TRUE, "The kind of its runtime." },
  { "endpoint_id", RB_MCP_STRING, FALSE, "Its endpoint." },
  { "broker", RB_MCP_STRING, TRUE, "connected or reconnecting." },
  { "address", RB_MCP_STRING, FALSE, "The address at which all agents of this broker are reached." },
  { "network", RB_MCP_STRING, FALSE, "online, reconnecting or offline." },
  { "waiting_messages", RB_MCP_INTEGER, TRUE, "How many wait for wait_for_message." },
  { "accepted_messages", RB_MCP_INTEGER, TRUE, "How many this session works on." },
  { NULL }
};

const RbMcpTool rb_mcp_tool_who = {
  .name = "who_am_i",
  .title = "Who am I",
  .text = "Says what this session is called, at which address it is reached, and whether broker and network are there.",
  .takes = nothing,
  .gives = who_gives,
  .hints = RB_MCP_HINT_READ_ONLY | RB_MCP_HINT_IDEMPOTENT,
  .run = run_who,
};
