/* test-rpc.c: frames, versions, schemas, cursors and results of MCP
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-mcp-field.h"
#include "rb-mcp-page.h"
#include "rb-mcp-resources.h"
#include "rb-mcp-result.h"
#include "rb-mcp-rpc.h"
#include "rb-mcp-tool.h"
#include "rb-mcp-version.h"
#include "rb-test.h"

#include <string.h>

static RbJson *
parse (const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(GError) error = NULL;
  RbJson *value = rb_json_parse (bytes, 0, &error);

  g_assert_no_error (error);
  return value;
}

static void
assert_text (GBytes     *bytes,
             const char *expected)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (data, size);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_kinds (void)
{
  static const struct { const char *text; RbMcpKind kind; const char *id; } rows[] = {
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", RB_MCP_REQUEST, "1" },
    { "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\",\"method\":\"ping\",\"params\":{}}", RB_MCP_REQUEST, "\"a\\u0041\"" },
    { "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", RB_MCP_NOTIFICATION, NULL },
    { "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}", RB_MCP_RESPONSE, "7" },
    { "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{}}", RB_MCP_RESPONSE, "7" },
  };

  g_test_summary ("Requests, notifications and responses are told apart, and ids stay as they came.");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbJson) value = parse (rows[i].text);
      g_auto(RbMcpFault) fault = { 0 };
      g_autoptr(RbMcpMessage) message = rb_mcp_message_parse (value, &fault);

      g_assert_nonnull (message);
      g_assert_cmpint (message->kind, ==, rows[i].kind);
      if (rows[i].id != NULL)
        assert_text (message->id, rows[i].id);
      else
        g_assert_null (message->id);
    }
}

static void
test_faults (void)
{
  static const struct { const char *text; int code; gboolean has_id; } rows[] = {
    { "7", RB_MCP_INVALID_REQUEST, FALSE },
    { "{\"id\":1,\"method\":\"ping\"}", RB_MCP_INVALID_REQUEST, TRUE },
    { "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", RB_MCP_INVALID_REQUEST, TRUE },
    { "{\"jsonrpc\":\"2.0\",\"id\":1}", RB_MCP_INVALID_REQUEST, TRUE },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", RB_MCP_INVALID_REQUEST, TRUE },
    { "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", RB_MCP_INVALID_REQUEST, FALSE },
    { "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", RB_MCP_INVALID_REQUEST, FALSE },
    { "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", RB_MCP_INVALID_REQUEST, FALSE },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[1]}", RB_MCP_INVALID_PARAMS, TRUE },
  };

  g_test_summary ("What is no message is refused with the code of JSON-RPC, and with its id where it has one.");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbJson) value = parse (rows[i].text);
      g_auto(RbMcpFault) fault = { 0 };

      g_assert_null (rb_mcp_message_parse (value, &fault));
      g_assert_cmpint (fault.code, ==, rows[i].code);
      g_assert_cmpint (fault.id != NULL, ==, rows[i].has_id);
    }
}

static void
test_frames (void)
{
  g_autoptr(GBytes) id = g_bytes_new_static ("\"x\"", 3);
  g_autoptr(GBytes) result = g_bytes_new_static ("{\"a\":\n \"b\\n\"}", 13);
  g_autoptr(GBytes) good = rb_mcp_frame_result (id, result);
  g_autoptr(GBytes) bad = rb_mcp_frame_error (NULL, RB_MCP_PARSE_ERROR, "no \"JSON\"");
  g_autoptr(GBytes) news = rb_mcp_frame_notification ("n", NULL);

  g_test_summary ("A frame is one line, whatever the slices in it look like.");
  assert_text (good, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{\"a\":  \"b\\n\"}}");
  assert_text (bad, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"no \\\"JSON\\\"\"}}");
  assert_text (news, "{\"jsonrpc\":\"2.0\",\"method\":\"n\"}");
}

static void
test_versions (void)
{
  static const char *const known[] = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07" };

  g_test_summary ("A known version is spoken; an unknown one is answered with the newest.");
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmpstr (rb_mcp_version_negotiate (known[i])->name, ==, known[i]);
  g_assert_cmpstr (rb_mcp_version_negotiate ("2099-01-01")->name, ==, "2025-11-25");
  g_assert_cmpstr (rb_mcp_version_negotiate (NULL)->name, ==, "2025-11-25");
  g_assert_true (rb_mcp_version_negotiate ("2025-03-26")->has_batches);
  g_assert_false (rb_mcp_version_negotiate ("2025-06-18")->has_batches);
}

static const char *const colours[] = { "red", "blue", NULL };
static const RbMcpField fields[] = {
  { "name", RB_MCP_STRING, TRUE, "A name.", NULL, 1 },
  { "colour", RB_MCP_STRING, FALSE, "A colour.", colours },
  { "count", RB_MCP_INTEGER, FALSE, "A count.", NULL, 0, 9 },
  { "loud", RB_MCP_BOOLEAN, FALSE, "Loud." },
  { NULL }
};

static void
test_arguments (void)
{
  static const struct { const char *text; const char *message; } rows[] = {
    { "{\"name\":\"x\",\"colour\":\"red\",\"count\":9,\"loud\":true}", NULL },
    { "{\"name\":\"x\",\"colour\":null}", NULL },
    { "{}", "'name' is missing: A name." },
    { "{\"name\":null}", "'name' must be a string" },
    { "{\"name\":7}", "'name' must be a string" },
    { "{\"name\":\"\"}", "'name' must not be empty" },
    { "{\"name\":\"a\\u0000b\"}", "'name' must not contain U+0000" },
    { "{\"name\":\"x\",\"colour\":\"green\"}", "'colour' must be one of: red, blue" },
    { "{\"name\":\"x\",\"count\":10}", "'count' must be from 0 to 9" },
    { "{\"name\":\"x\",\"count\":-1}", "'count' must be from 0 to 9" },
    { "{\"name\":\"x\",\"count\":1.5}", "'count' must be an integer" },
    { "{\"name\":\"x\",\"count\":99999999999999999999}", "'count' must be an integer" },
    { "{\"name\":\"x\",\"loud\":\"yes\"}", "'loud' must be true or false" },
    { "{\"name\":\"x\",\"naem\":\"y\"}", "there is no argument 'naem'" },
  };

  g_test_summary ("Arguments are held against the same rows that the schema is made of.");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbJson) value = parse (rows[i].text);
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (rb_mcp_fields_check (fields, value, &error), ==, rows[i].message == NULL);
      g_assert_cmpstr (error != NULL ? error->message : NULL, ==, rows[i].message);
    }
}

static void
test_schema (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) text = NULL;

  rb_mcp_fields_write_schema (fields, TRUE, NULL, writer);
  text = rb_json_writer_end (writer);
  assert_text (text, "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"description\":\"A name.\",\"minLength\":1},"
                     "\"colour\":{\"type\":\"string\",\"description\":\"A colour.\",\"enum\":[\"red\",\"blue\"]},"
                     "\"count\":{\"type\":\"integer\",\"description\":\"A count.\",\"minimum\":0,\"maximum\":9},"
                     "\"loud\":{\"type\":\"boolean\",\"description\":\"Loud.\"}},\"required\":[\"name\"],\"additionalProperties\":false}");
}

static void
test_tools (void)
{
  guint count = 0;

  g_test_summary ("Each tool can be found by its name, has words for a model, and a schema for what it takes and gives.");
  for (const RbMcpTool *tool; (tool = rb_mcp_tools_get_nth (count)) != NULL; count++)
    {
      g_assert_true (rb_mcp_tools_find (tool->name) == tool);
      g_assert_nonnull (tool->title);
      g_assert_cmpuint (strlen (tool->text), >, 20);
      g_assert_nonnull (tool->takes);
      g_assert_nonnull (tool->gives);
      g_assert_nonnull (tool->run);
      g_assert_false ((tool->hints & RB_MCP_HINT_READ_ONLY) != 0 && (tool->hints & RB_MCP_HINT_DESTRUCTIVE) != 0);
    }
  g_assert_cmpuint (count, ==, 16);
  g_assert_null (rb_mcp_tools_find ("none"));
}

static void
test_cursors (void)
{
  static const struct { const char *text; gboolean good; guint begin; } rows[] = {
    { "{}", TRUE, 0 },
    { "{\"cursor\":null}", TRUE, 0 },
    { "{\"cursor\":\"from-50\"}", TRUE, 50 },
    { "{\"cursor\":\"from-51\"}", FALSE, 0 },
    { "{\"cursor\":\"from-\"}", FALSE, 0 },
    { "{\"cursor\":\"from--50\"}", FALSE, 0 },
    { "{\"cursor\":\"x\"}", FALSE, 0 },
    { "{\"cursor\":50}", FALSE, 0 },
  };
  guint begin;

  g_test_summary ("A cursor is one that was given out, or refused.");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbJson) value = parse (rows[i].text);

      g_assert_cmpint (rb_mcp_page_read (value, &begin), ==, rows[i].good);
      g_assert_cmpuint (begin, ==, rows[i].begin);
    }
}

static void
test_uris (void)
{
  static const struct { const char *uri; const char *path; } rows[] = {
    { "runtime-broker://inbox", "/v1/operator/inbox" },
    { "runtime-broker://endpoints", "/v1/operator/endpoints" },
    { "runtime-broker://messages/a%20b", "/v1/operator/show/a%20b" },
    { "runtime-broker://ladders/x", "/v1/operator/explain/x" },
    { "runtime-broker://messages/", NULL },
    { "runtime-broker://messages/a/b", NULL },
    { "runtime-broker://messages/a%2", NULL },
    { "runtime-broker://restart", NULL },
    { "runtime-broker://", NULL },
    { "file:///etc/passwd", NULL },
    { "runtime-broker://messages/..%2F..%2Fexport", "/v1/operator/show/..%2F..%2Fexport" },
    { "runtime-broker://messages/x?limit=1", "/v1/operator/show/x%3Flimit%3D1" },
  };

  g_test_summary ("A URI leads to a view of the broker that is one of ours, and nowhere else.");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = rb_mcp_resource_dup_path (rows[i].uri);

      g_assert_cmpstr (path, ==, rows[i].path);
    }
}

static void
test_errors (void)
{
  g_autoptr(GError) error = rb_error_new (RB_ERROR_BAD_STATE, "already_ended", "it is over");
  g_autoptr(GBytes) text = rb_mcp_result_new_error (error);

  g_test_summary ("An error of the broker is a result that names code, words, and what to do.");
  assert_text (text, "{\"content\":[{\"type\":\"text\",\"text\":\"already_ended: it is over\\nWhat to do: Nothing is left to do for this message.\"}],"
                     "\"isError\":true,\"_meta\":{\"io.github.runtimebroker/error\":{\"code\":\"already_ended\",\"message\":\"it is over\"}}}");
  for (int code = 0; code < RB_ERROR_N_CODES; code++)
    {
      g_autoptr(GError) plain = g_error_new_literal (RB_ERROR, code, "x");

      g_assert_cmpuint (strlen (rb_mcp_advice (plain)), >, 10);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/mcp/rpc/kinds", test_kinds);
  g_test_add_func ("/mcp/rpc/faults", test_faults);
  g_test_add_func ("/mcp/rpc/frames", test_frames);
  g_test_add_func ("/mcp/version/negotiate", test_versions);
  g_test_add_func ("/mcp/field/arguments", test_arguments);
  g_test_add_func ("/mcp/field/schema", test_schema);
  g_test_add_func ("/mcp/tools/table", test_tools);
  g_test_add_func ("/mcp/page/cursors", test_cursors);
  g_test_add_func ("/mcp/resources/uris", test_uris);
  g_test_add_func ("/mcp/result/errors", test_errors);
  return g_test_run ();
}
