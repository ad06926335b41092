/* test-requests.c: every field of every request body
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-test.h"
#include "rb-wire-requests.h"

#include <string.h>

static RbJson *
parse (const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(GError) error = NULL;
  RbJson *json = rb_wire_parse_body (bytes, 0, &error);

  g_assert_no_error (error);
  return json;
}

typedef gboolean (*ReadFunc) (const RbJson *body, GError **error);

static gboolean
read_register (const RbJson *body,
               GError      **error)
{
  g_auto(RbRegisterRequest) request = { 0 };

  return rb_wire_read_register (body, &request, error);
}

static gboolean
read_send (const RbJson *body,
           GError      **error)
{
  g_auto(RbSendRequest) request = { 0 };

  return rb_wire_read_send (body, &request, error);
}

static gboolean
read_processing (const RbJson *body,
                 GError      **error)
{
  g_auto(RbProcessingRequest) request = { 0 };

  return rb_wire_read_processing (body, &request, error);
}

static gboolean
read_reply (const RbJson *body,
            GError      **error)
{
  g_auto(RbReplyRequest) request = { 0 };

  return rb_wire_read_reply (body, &request, error);
}

/* S string, N integer, O object, B boolean, L list of strings; lower case: optional; ? : any type is taken. */
static const struct {
  const char *route;
  ReadFunc    read;
  const char *fields;
} routes[] = {
  { "register", read_register,
    "S:agent_id N:plugin_pid S:kind s:started_at s:tracking_ref s:session_name s:task_hint s:runtime_session_id "
    "l:runtime_capabilities s:execution_surface s:background_exchange_mode ?:client_kind ?:client_version ?:spawn_token ?:workspace" },
  { "send", read_send, "S:endpoint_id S:to S:content s:contentType o:metadata b:require_live" },
  { "processing", read_processing,
    "S:endpoint_id N:plugin_pid S:source_message_id S:assignment_id S:state_event_id N:state_sequence S:state ?:endpoint_owner_token "
    "n:occurred_at s:undispatched_id b:retryable s:reason_code s:detail s:reply_request_id s:outbound_message_id" },
  { "reply", read_reply,
    "S:endpoint_id N:plugin_pid S:source_message_id S:assignment_id S:content s:contentType o:metadata ?:endpoint_owner_token "
    "?:reply_request_id" },
};

static const char *
example (char type)
{
  switch (g_ascii_tolower (type))
    {
    case 's':
      return "\"text\"";
    case 'n':
      return "5";
    case 'o':
      return "{}";
    case 'b':
      return "true";
    case 'l':
      return "[\"a\"]";
    default:
      return "\"any\"";
    }
}

/* A right body, except that field @odd is @value (NULL: left out). */
static RbJson *
make_body (char      **fields,
           int         odd,
           const char *value)
{
  GString *text = g_string_new ("{");
  g_autofree char *body = NULL;

  for (int i = 0; fields[i] != NULL; i++)
    {
      const char *member = i == odd ? value : example (fields[i][0]);

      if (member != NULL)
        g_string_append_printf (text, "%s\"%s\":%s", text->len > 1 ? "," : "", fields[i] + 2, member);
    }
  g_string_append_c (text, '}');
  body = g_string_free (text, FALSE);
  return parse (body);
}

static void
check_field (ReadFunc    read,
             char      **fields,
             int         odd,
             const char *value,
             gboolean    fine)
{
  g_autoptr(RbJson) body = make_body (fields, odd, value);
  g_autoptr(GError) error = NULL;
  gboolean done = read (body, &error);

  if (fine)
    {
      g_assert_no_error (error);
      g_assert_true (done);
      return;
    }
  g_assert_false (done);
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_request");
  g_assert_nonnull (strstr (error->message, fields[odd] + 2));
}

static void
test_fields (gconstpointer data)
{
  guint r = GPOINTER_TO_UINT (data);
  g_auto(GStrv) fields = g_strsplit (routes[r].fields, " ", -1);
  static const char *const values[] = { "\"text\"", "5", "{}", "true", "[\"a\"]", "[1]", "1.5", "\"a\\u0000b\"" };

  g_test_summary ("A field that is missing or of another type is named; an optional one may be absent or null.");

  check_field (routes[r].read, fields, -1, NULL, TRUE);
  for (int i = 0; fields[i] != NULL; i++)
    {
      char type = fields[i][0];
      gboolean optional = type == '?' || g_ascii_islower (type);

      check_field (routes[r].read, fields, i, NULL, optional);
      check_field (routes[r].read, fields, i, "null", optional);
      for (gsize k = 0; k < G_N_ELEMENTS (values); k++)
        {
          gboolean nul_is_fine = k == 7 && strcmp (fields[i], "S:content") == 0;
          gboolean fine = type == '?' || strcmp (values[k], example (type)) == 0 || nul_is_fine;

          check_field (routes[r].read, fields, i, values[k], fine);
        }
    }
}

/* Source: protocol.md 7.2, the request. */
static void
test_register_values (void)
{
  g_autoptr(RbJson) body = parse ("{\"agent_id\":\"a\",\"plugin_pid\":7.0,\"kind\":\"codex\",\"workspace\":{\"root\": \"/x\"},"
                                  "\"runtime_capabilities\":[\"a\",\"b\"],\"spawn_token\":1,\"client_kind\":\"k\"}");
  g_auto(RbRegisterRequest) request = { 0 };

  g_assert_true (rb_wire_read_register (body, &request, NULL));
  g_assert_cmpint (request.plugin_pid, ==, 7);
  g_assert_cmpmem (g_bytes_get_data (request.workspace, NULL), g_bytes_get_size (request.workspace), "{\"root\": \"/x\"}", 14);
  g_assert_cmpuint (g_strv_length (request.runtime_capabilities), ==, 2);
  g_assert_null (request.spawn_token);
  g_assert_cmpstr (request.client_kind, ==, "k");
}

/* Source: protocol.md 8.1. */
static void
test_send_slices (void)
{
  g_autoptr(RbJson) body = parse ("{\"endpoint_id\":\"e\",\"to\":\"b\",\"content\":\"\\u0041\\u0000\",\"metadata\":{ \"a\" : 1.0}}");
  g_auto(RbSendRequest) request = { 0 };

  g_test_summary ("Content and metadata stay the slices they came as.");

  g_assert_true (rb_wire_read_send (body, &request, NULL));
  g_assert_cmpmem (g_bytes_get_data (request.content, NULL), g_bytes_get_size (request.content), "\"\\u0041\\u0000\"", 14);
  g_assert_cmpmem (g_bytes_get_data (request.metadata, NULL), g_bytes_get_size (request.metadata), "{ \"a\" : 1.0}", 12);
  g_assert_null (request.content_type);
  g_assert_false (request.require_live);
}

static void
test_own_codes (void)
{
  g_autoptr(RbJson) wrong = parse ("{\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\","
                                   "\"content\":\"\",\"reply_request_id\":5,\"endpoint_owner_token\":5}");
  g_autoptr(RbJson) absent = parse ("{\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\","
                                    "\"content\":\"\"}");
  g_auto(RbReplyRequest) reply = { 0 };
  g_auto(RbReplyRequest) bare = { 0 };

  g_test_summary ("Where a field has a code of its own the core says it: a wrong reply id is none, a wrong token owns nothing.");

  g_assert_true (rb_wire_read_reply (wrong, &reply, NULL));
  g_assert_null (reply.reply_request_id);
  g_assert_cmpstr (reply.endpoint_owner_token, ==, "");
  g_assert_true (rb_wire_read_reply (absent, &bare, NULL));
  g_assert_null (bare.endpoint_owner_token);
}

static void
test_processing_options (void)
{
  g_autoptr(RbJson) body = parse ("{\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\","
                                  "\"state_event_id\":\"s\",\"state_sequence\":3,\"state\":\"x\"}");
  g_autoptr(RbJson) full = parse ("{\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\","
                                  "\"state_event_id\":\"s\",\"state_sequence\":3,\"state\":\"x\",\"retryable\":false,\"occurred_at\":0}");
  g_auto(RbProcessingRequest) request = { 0 };
  g_auto(RbProcessingRequest) given = { 0 };

  g_assert_true (rb_wire_read_processing (body, &request, NULL));
  g_assert_cmpint (request.occurred_at, ==, RB_NO_TIME);
  g_assert_false (request.has_retryable);
  g_assert_true (rb_wire_read_processing (full, &given, NULL));
  g_assert_cmpint (given.occurred_at, ==, 0);
  g_assert_true (given.has_retryable);
  g_assert_false (given.retryable);
}

/* Source: protocol.md 4.3, IMP-1. */
static void
test_bodies (void)
{
  static const char *const bad[] = { "null", "[", "{", "{}}", " x", "{\"a\":01}", "[]x" };
  static const char *const empty_ones[] = { "[]", "[1]", "1", "\"a\"", "true", "{}" };
  g_autoptr(GBytes) large = g_bytes_new ("{\"a\":1}", 7);
  g_autoptr(RbJson) none = rb_wire_parse_body (NULL, 0, NULL);
  g_autoptr(RbJson) empty = parse ("");
  g_autoptr(RbJson) too_large = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Nothing counts as {}, and so does a value without members; null and what is no JSON is a bad request.");

  g_assert_cmpuint (rb_json_get_length (none), ==, 0);
  g_assert_cmpuint (rb_json_get_length (empty), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (empty_ones); i++)
    {
      g_autoptr(RbJson) json = parse (empty_ones[i]);

      g_assert_cmpint (rb_json_get_root_type (json), ==, RB_JSON_OBJECT);
      g_assert_cmpuint (rb_json_get_length (json), ==, 0);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GBytes) text = g_bytes_new (bad[i], strlen (bad[i]));
      g_autoptr(GError) reason = NULL;
      g_autoptr(RbJson) json = rb_wire_parse_body (text, 0, &reason);

      g_assert_null (json);
      g_assert_error (reason, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (reason), ==, "bad_request");
    }
  too_large = rb_wire_parse_body (large, 6, &error);
  g_assert_null (too_large);
  g_assert_error (error, RB_ERROR, RB_ERROR_TOO_LARGE);
}

/* Source: protocol.md 4.2, x-plugin-pid. */
static void
test_pids (void)
{
  static const struct {
    const char *text;
    gint64      pid;
  } headers[] = {
    { "5", 5 }, { " \t5", 5 }, { "+5", 5 }, { "5abc", 5 }, { "5.9", 5 }, { "007", 7 }, { "-5", 0 }, { "0", 0 }, { "", 0 }, { "a5", 0 },
    { "99999999999999999999999", 0 }, { "+ 5", 0 },
  };
  static const struct {
    const char *body;
    gint64      pid;
  } bodies[] = {
    { "{\"plugin_pid\":5}", 5 }, { "{\"plugin_pid\":5.0}", 5 }, { "{\"plugin_pid\":\"5\"}", 0 }, { "{\"plugin_pid\":-5}", 0 },
    { "{\"plugin_pid\":5.5}", 0 }, { "{\"plugin_pid\":null}", 0 }, { "{}", 0 }, { "{\"plugin_pid\":1e99}", 0 },
  };

  g_assert_cmpint (rb_wire_parse_pid_header (NULL), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    g_assert_cmpint (rb_wire_parse_pid_header (headers[i].text), ==, headers[i].pid);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(RbJson) body = parse (bodies[i].body);

      g_assert_cmpint (rb_wire_read_plugin_pid (body), ==, bodies[i].pid);
    }
}

/* Source: protocol.md 6.1. */
static void
test_initialize (void)
{
  static const struct {
    const char *body;
    const char *reason;    /* NULL: fine */
  } bodies[] = {
    { "{\"client_protocol_version\":\"1.1\",\"client_kind\":\"k\"}", NULL },
    { "{\"client_protocol_version\":\"1\",\"client_kind\":\"k\"}", NULL },
    { "{\"client_protocol_version\":\"1.99.x\",\"client_kind\":\"k\",\"capabilities\":5}", NULL },
    { "{}", "bad_request" },
    { "{\"client_protocol_version\":1.1,\"client_kind\":\"k\"}", "bad_request" },
    { "{\"client_protocol_version\":\"1.1\"}", "bad_request" },
    { "{\"client_protocol_version\":\"9\",\"client_kind\":\"\"}", "bad_request" },
    { "{\"client_protocol_version\":\"11.0\",\"client_kind\":\"k\"}", "protocol_version_mismatch" },
    { "{\"client_protocol_version\":\"\",\"client_kind\":\"k\"}", "protocol_version_mismatch" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(RbJson) body = parse (bodies[i].body);
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (rb_wire_check_initialize (body, &error), ==, bodies[i].reason == NULL);
      if (bodies[i].reason != NULL)
        g_assert_cmpstr (rb_error_get_reason (error), ==, bodies[i].reason);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      g_autofree char *path = g_strconcat ("/wire/requests/fields/", routes[i].route, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fields);
    }
  g_test_add_func ("/wire/requests/register", test_register_values);
  g_test_add_func ("/wire/requests/send", test_send_slices);
  g_test_add_func ("/wire/requests/own-codes", test_own_codes);
  g_test_add_func ("/wire/requests/processing", test_processing_options);
  g_test_add_func ("/wire/requests/bodies", test_bodies);
  g_test_add_func ("/wire/requests/pids", test_pids);
  g_test_add_func ("/wire/requests/initialize", test_initialize);

  return g_test_run ();
}
