/* test-protocol.c: the program and what hosts say to it, good and bad, where no broker is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-program.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

typedef struct {
  char         *data_dir;
  RbMcpProgram *program;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->program = rb_mcp_program_new ("--data-dir", fixture->data_dir, "--no-start", NULL);
}

/* @data: the version to speak */
static void
set_up_greeted (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(RbJson) greeting = NULL;

  set_up (fixture, NULL);
  greeting = rb_mcp_program_greet (fixture->program, data, "tester");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_mcp_program_free (fixture->program);
  g_free (fixture->data_dir);
}

static void
assert_refused (Fixture    *fixture,
                const char *line,
                int         code)
{
  g_autoptr(RbJson) frame = NULL;

  rb_mcp_program_say (fixture->program, line);
  frame = rb_mcp_program_next (fixture->program);
  g_assert_cmpint (rb_mcp_program_code (frame), ==, code);
}

static void
assert_alive (Fixture *fixture)
{
  g_autoptr(RbJson) frame = rb_mcp_program_ask (fixture->program, "ping", NULL);
  g_autoptr(RbJson) result = rb_json_open (frame, "result", NULL);

  g_assert_nonnull (result);
  g_assert_cmpuint (rb_json_get_length (result), ==, 0);
}

static void
test_greeting (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(RbJson) greeting = NULL;
  g_autofree char *version = NULL;
  g_autofree char *instructions = NULL;
  g_autoptr(RbJson) capabilities = NULL;

  g_test_summary ("The answer to initialize has the version that was asked for, and what is offered.");
  assert_alive (fixture);
  greeting = rb_mcp_program_greet (fixture->program, "2025-06-18", "tester");
  version = rb_json_dup_string (greeting, "protocolVersion", NULL);
  instructions = rb_json_dup_string (greeting, "instructions", NULL);
  capabilities = rb_json_open (greeting, "capabilities", NULL);
  g_assert_cmpstr (version, ==, "2025-06-18");
  g_assert_nonnull (strstr (instructions, "wait_for_message"));
  g_assert_cmpint (rb_json_get_member_type (capabilities, "tools"), ==, RB_JSON_OBJECT);
  g_assert_cmpint (rb_json_get_member_type (capabilities, "resources"), ==, RB_JSON_OBJECT);
  g_assert_cmpint (rb_json_get_member_type (capabilities, "logging"), ==, RB_JSON_OBJECT);
}

static void
test_too_early (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(RbJson) call = rb_mcp_program_ask (fixture->program, "tools/call", "{\"name\":\"who_am_i\"}");
  g_autoptr(RbJson) list = rb_mcp_program_ask (fixture->program, "tools/list", NULL);
  g_autoptr(RbJson) nameless = rb_mcp_program_ask (fixture->program, "initialize", "{}");
  g_autoptr(RbJson) greeting = NULL;
  g_autoptr(RbJson) twice = NULL;

  g_test_summary ("Before initialize nothing is done; initialize is asked once, with a version.");
  g_assert_cmpint (rb_mcp_program_code (call), ==, -32600);
  g_assert_cmpint (rb_mcp_program_code (list), ==, -32600);
  g_assert_cmpint (rb_mcp_program_code (nameless), ==, -32602);
  greeting = rb_mcp_program_greet (fixture->program, "2025-06-18", "tester");
  twice = rb_mcp_program_ask (fixture->program, "initialize", "{\"protocolVersion\":\"2025-06-18\"}");
  g_assert_cmpint (rb_mcp_program_code (twice), ==, -32600);
}

static void
test_bad_lines (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *deep = g_strnfill (200, '[');

  g_test_summary ("A line that is no message is answered as JSON-RPC says, and the next one is read.");
  assert_refused (fixture, "hello", -32700);
  assert_refused (fixture, "{\"jsonrpc\":\"2.0\",", -32700);
  assert_refused (fixture, "{'jsonrpc':'2.0'}", -32700);
  assert_refused (fixture, "\"\xff\"", -32700);
  assert_refused (fixture, deep, -32700);
  assert_refused (fixture, "[]", -32600);
  assert_refused (fixture, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600);
  assert_refused (fixture, "null", -32600);
  assert_refused (fixture, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600);
  rb_mcp_program_say (fixture->program, "");
  rb_mcp_program_say (fixture->program, "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}");
  rb_mcp_program_say (fixture->program, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unheard-of\"}");
  rb_mcp_program_say (fixture->program, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":12345}}");
  rb_mcp_program_say (fixture->program, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
  assert_alive (fixture);
}

static void
test_long_line (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *line = g_strnfill (5 * 1024 * 1024, 'x');

  g_test_summary ("A line beyond the bound is dropped and answered; nothing grows with it.");
  assert_refused (fixture, line, -32700);
  assert_alive (fixture);
}

static void
test_unknown (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct { const char *method; const char *params; int code; } rows[] = {
    { "tools/destroy", NULL, -32601 },
    { "prompts/list", NULL, -32601 },
    { "tools/call", NULL, -32602 },
    { "tools/call", "{\"name\":7}", -32602 },
    { "tools/call", "{\"name\":\"none\"}", -32602 },
    { "tools/call", "{\"name\":\"who_am_i\",\"arguments\":[]}", -32602 },
    { "tools/call", "{\"name\":\"claim_message\"}", -32602 },
    { "tools/call", "{\"name\":\"claim_message\",\"arguments\":{\"message_id\":1}}", -32602 },
    { "tools/list", "{\"cursor\":\"x\"}", -32602 },
    { "resources/list", "{\"cursor\":7}", -32602 },
    { "resources/templates/list", "{\"cursor\":\"x\"}", -32602 },
    { "resources/read", NULL, -32602 },
    { "resources/read", "{\"uri\":\"file:///etc/passwd\"}", -32002 },
    { "resources/subscribe", "{\"uri\":\"runtime-broker://none\"}", -32002 },
    { "logging/setLevel", "{\"level\":\"loud\"}", -32602 },
    { "logging/setLevel", NULL, -32602 },
  };

  g_test_summary ("What there is not is refused with the code that says so.");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbJson) frame = rb_mcp_program_ask (fixture->program, rows[i].method, rows[i].params);

      g_test_message ("%s %s", rows[i].method, rows[i].params);
      g_assert_cmpint (rb_mcp_program_code (frame), ==, rows[i].code);
    }
}

static void
test_arguments_told (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *code = rb_mcp_program_refused (fixture->program, "claim_message", "{}");

  g_test_summary ("Since 2025-11-25 a model reads what is wrong with its arguments.");
  g_assert_cmpstr (code, ==, "invalid_arguments");
}

static void
test_batch (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbJson) answers = NULL;
  g_autoptr(RbJson) last = NULL;

  g_test_summary ("The one version that has batches gets all answers in one array, and none for notifications.");
  rb_mcp_program_say (fixture->program, "[{\"jsonrpc\":\"2.0\",\"id\":1001,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"},7,"
                                        "{\"jsonrpc\":\"2.0\",\"id\":1002,\"method\":\"tools/call\",\"params\":{\"name\":\"who_am_i\"}}]");
  answers = rb_mcp_program_next (fixture->program);
  g_assert_cmpint (rb_json_get_root_type (answers), ==, RB_JSON_ARRAY);
  g_assert_cmpuint (rb_json_get_length (answers), ==, 3);
  last = rb_json_open_item (answers, 2, NULL);
  g_assert_cmpint (rb_json_get_member_type (last, "result"), ==, RB_JSON_OBJECT);
  rb_mcp_program_say (fixture->program, "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}]");
  assert_alive (fixture);
}

static void
test_long_batch (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GString) text = g_string_new ("[");
  g_autoptr(RbJson) answer = NULL;

  g_test_summary ("Answers are kept until the last one is there, so a batch has no more messages than may be at work.");
  for (int i = 0; i < 65; i++)
    g_string_append_printf (text, "%s{\"jsonrpc\":\"2.0\",\"id\":\"b-%d\",\"method\":\"tools/list\"}", i > 0 ? "," : "", i);
  g_string_append_c (text, ']');
  rb_mcp_program_say (fixture->program, text->str);
  answer = rb_mcp_program_next (fixture->program);
  g_assert_cmpint (rb_mcp_program_code (answer), ==, -32600);
  assert_alive (fixture);
}

static void
test_list (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(RbJson) frame = rb_mcp_program_ask (fixture->program, "tools/list", "{}");
  g_autoptr(RbJson) result = rb_json_open (frame, "result", NULL);
  g_autoptr(RbJson) tools = rb_json_open (result, "tools", NULL);

  g_test_summary ("All tools are listed with schemas and hints, on one page.");
  g_assert_cmpuint (rb_json_get_length (tools), ==, 16);
  g_assert_cmpint (rb_json_get_member_type (result, "nextCursor"), ==, RB_JSON_ABSENT);
  for (guint i = 0; i < rb_json_get_length (tools); i++)
    {
      g_autoptr(RbJson) tool = rb_json_open_item (tools, i, NULL);

      g_assert_cmpint (rb_json_get_member_type (tool, "inputSchema"), ==, RB_JSON_OBJECT);
      g_assert_cmpint (rb_json_get_member_type (tool, "outputSchema"), ==, RB_JSON_OBJECT);
      g_assert_cmpint (rb_json_get_member_type (tool, "annotations"), ==, RB_JSON_OBJECT);
    }
}

static void
test_no_broker (Fixture       *fixture,
                gconstpointer  data)
{
  static const char *const tools[] = { "who_am_i", "list_inbox", "list_endpoints", "wait_for_message" };
  g_autoptr(RbJson) list = NULL;
  g_autoptr(RbJson) result = NULL;
  g_autoptr(RbJson) resources = NULL;

  g_test_summary ("Without a broker each tool says so, and what to do; what there is always is listed all the same.");
  for (gsize i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      g_autofree char *code = rb_mcp_program_refused (fixture->program, tools[i], "{}");

      g_assert_cmpstr (code, ==, "broker_not_running");
    }
  list = rb_mcp_program_ask (fixture->program, "resources/list", NULL);
  result = rb_json_open (list, "result", NULL);
  resources = rb_json_open (result, "resources", NULL);
  g_assert_cmpuint (rb_json_get_length (resources), ==, 4);
}

static void
test_not_at_hand (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char *const tools[] = { "accept_message", "release_message", "settle_message", "fail_message", "report_progress" };

  g_test_summary ("A message that this session was not given cannot be worked on.");
  for (gsize i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      g_autofree char *code = rb_mcp_program_refused (fixture->program, tools[i], "{\"message_id\":\"m-1\"}");

      g_assert_cmpstr (code, ==, "not_at_hand");
    }
}

static void
test_signal (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RbMcpProgram) other = rb_mcp_program_new ("--data-dir", fixture->data_dir, "--no-start", NULL);
  g_autoptr(RbJson) greeting = rb_mcp_program_greet (other, "2025-06-18", "tester");

  g_test_summary ("SIGTERM ends it well.");
  rb_mcp_program_signal (other, SIGTERM);
  g_assert_cmpint (rb_mcp_program_end (other), ==, 0);
}

static void
test_command_line (void)
{
  g_autoptr(RbMcpProgram) wrong = rb_mcp_program_new ("--none", NULL);
  g_autoptr(RbMcpProgram) more = rb_mcp_program_new ("more", NULL);

  g_test_summary ("A wrong command line ends with 2.");
  g_assert_cmpint (rb_mcp_program_end (wrong), ==, 2);
  g_assert_cmpint (rb_mcp_program_end (more), ==, 2);
}

#define ADD(path, version, function) g_test_add ("/mcp/protocol/" path, Fixture, version, set_up_greeted, function, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add ("/mcp/protocol/greeting", Fixture, NULL, set_up, test_greeting, tear_down);
  g_test_add ("/mcp/protocol/too-early", Fixture, NULL, set_up, test_too_early, tear_down);
  ADD ("bad-lines", "2025-06-18", test_bad_lines);
  ADD ("long-line", "2025-06-18", test_long_line);
  ADD ("unknown", "2025-06-18", test_unknown);
  ADD ("arguments-told", "2025-11-25", test_arguments_told);
  ADD ("batch", "2025-03-26", test_batch);
  ADD ("long-batch", "2025-03-26", test_long_batch);
  ADD ("list", "2025-06-18", test_list);
  ADD ("no-broker", "2025-06-18", test_no_broker);
  ADD ("not-at-hand", "2025-06-18", test_not_at_hand);
  ADD ("signal", "2025-06-18", test_signal);
  g_test_add_func ("/mcp/protocol/command-line", test_command_line);
  return g_test_run ();
}
