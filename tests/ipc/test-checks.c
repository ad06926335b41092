/* test-checks.c: what a request has to pass before its handler sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-ipc-fixture.h"

#include <string.h>

#define AUTH "Authorization: Bearer " TOKEN "\r\n"
#define HOST "Host: 127.0.0.1:%u\r\n"

typedef struct {
  const char *name;
  const char *request;    /* %u is the port, once or not at all */
  int         status;
  const char *contains;   /* in the response; NULL: anything */
  const char *call;       /* what arrives at the core, NULL: nothing */
} Case;

/* Source: protocol.md 4.1 (IMP-11), 4.2 (IMP-63, IMP-64), 4.4; routes of 4.5. */
static const Case cases[] = {
  /* Health is open, and only exactly that. */
  { "health", "GET /health HTTP/1.1\r\n" HOST "\r\n", 200, "\"ok\":true", NULL },
  { "health/capabilities", "GET /health HTTP/1.1\r\n" HOST "\r\n", 200, "\"undispatched_inbox_v1\":false", NULL },
  { "health/version", "GET /health HTTP/1.1\r\n" HOST "\r\n", 200, "\"version\":\"999.0.0+runtime-broker.0.1.0\"", NULL },
  { "health/content-type", "GET /health HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Type: application/json; charset=utf-8\r\n", NULL },
  { "health/token", "GET /health HTTP/1.1\r\n" HOST AUTH "\r\n", 200, NULL, NULL },
  { "health/token-of-another", "GET /health HTTP/1.1\r\n" HOST "Authorization: Bearer x\r\n\r\n", 401, "{\"error\":\"unauthorized\"}", NULL },
  { "health/query-needs-token", "GET /health?x HTTP/1.1\r\n" HOST "\r\n", 401, "{\"error\":\"unauthorized\"}", NULL },
  { "health/query-is-no-route", "GET /health?x HTTP/1.1\r\n" HOST AUTH "\r\n", 404, "\"path\":\"/health?x\"", NULL },
  { "health/post", "POST /health HTTP/1.1\r\n" HOST AUTH "\r\n", 405, "Allow: GET\r\n", NULL },
  { "health/head", "HEAD /health HTTP/1.1\r\n" HOST AUTH "\r\n", 405, "Allow: GET\r\n", NULL },
  { "health/by-name", "GET /health HTTP/1.1\r\nHost: localhost:%u\r\n\r\n", 200, NULL, NULL },

  /* Host and Origin come before everything else. */
  { "host/rebinding", "GET /health HTTP/1.1\r\nHost: evil.example:%u\r\n\r\n", 403, "\"error\":\"forbidden_host\"", NULL },
  { "host/other-port", "GET /health HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 403, "\"error\":\"forbidden_host\"", NULL },
  { "host/no-port", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 403, "\"error\":\"forbidden_host\"", NULL },
  { "host/missing", "GET /health HTTP/1.1\r\n\r\n", 400, NULL, NULL },
  { "host/twice", "GET /health HTTP/1.1\r\n" HOST "Host: evil.example\r\n\r\n", 403, "\"error\":\"forbidden_host\"", NULL },
  { "host/absolute-target", "GET http://evil.example/health HTTP/1.1\r\n" HOST "\r\n", 403, "\"error\":\"forbidden_host\"", NULL },
  { "host/bad-even-with-token", "POST /v1/send HTTP/1.1\r\nHost: evil.example\r\n" AUTH "\r\n", 403, "forbidden_host", NULL },
  { "origin", "GET /health HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", 403, "\"error\":\"forbidden_origin\"", NULL },
  { "origin/null", "GET /health HTTP/1.1\r\n" HOST "Origin: null\r\n\r\n", 403, "\"error\":\"forbidden_origin\"", NULL },

  /* Authentication. */
  { "token/missing", "POST /v1/initialize HTTP/1.1\r\n" HOST "\r\n", 401, "{\"error\":\"unauthorized\"}", NULL },
  { "token/wrong", "POST /v1/initialize HTTP/1.1\r\n" HOST "Authorization: Bearer x\r\n\r\n", 401, NULL, NULL },
  { "token/lower-case", "POST /v1/initialize HTTP/1.1\r\n" HOST "Authorization: bearer " TOKEN "\r\n\r\n", 401, NULL, NULL },
  { "token/raw", "DELETE /v1/endpoint/e HTTP/1.1\r\n" HOST "Authorization: " TOKEN "\r\n\r\n", 200, NULL, "unregister e pid=0" },
  { "token/before-route", "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 401, NULL, NULL },

  /* Routes. */
  { "route/unknown", "GET /v1/nothing?a=b HTTP/1.1\r\n" HOST AUTH "\r\n", 404,
    "{\"error\":\"not_found\",\"path\":\"/v1/nothing?a=b\"}", NULL },
  { "route/root", "GET / HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/stream-without-upgrade", "GET /v1/stream HTTP/1.1\r\n" HOST AUTH "\r\n", 404, "\"not_found\"", NULL },
  { "route/other-method", "GET /v1/send HTTP/1.1\r\n" HOST AUTH "\r\n", 405,
    "{\"error\":\"method_not_allowed\",\"path\":\"/v1/send\"}", NULL },
  { "route/allow", "GET /v1/send HTTP/1.1\r\n" HOST AUTH "\r\n", 405, "Allow: POST\r\n", NULL },
  { "route/allow-both", "GET /v1/endpoint/register HTTP/1.1\r\n" HOST AUTH "\r\n", 405, "Allow: POST, DELETE\r\n", NULL },
  { "route/head-undispatched", "HEAD /v1/undispatched HTTP/1.1\r\n" HOST AUTH "\r\n", 405, "Allow: GET\r\n", NULL },
  { "route/options", "OPTIONS /v1/send HTTP/1.1\r\n" HOST AUTH "\r\n", 405, NULL, NULL },
  { "route/operator-on-tcp", "GET /v1/operator/status HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/operator-search-on-tcp", "GET /v1/operator/search?words=a HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/operator-export-on-tcp", "GET /v1/operator/export HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/operator-policy-on-tcp", "POST /v1/operator/policy HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/operator-retry-on-tcp", "POST /v1/operator/dead-letters/retry HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/operator-dispatch-on-tcp", "POST /v1/operator/dispatch HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/query-ignored", "DELETE /v1/endpoint/e?x=1 HTTP/1.1\r\n" HOST AUTH "\r\n", 200, "{\"ok\":true}", "unregister e pid=0" },
  { "route/trailing-slash", "DELETE /v1/endpoint/e/ HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/empty-segment", "POST /v1/endpoint//heartbeat HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },
  { "route/dots", "DELETE /v1/endpoint/.. HTTP/1.1\r\n" HOST AUTH "\r\n", 404, NULL, NULL },

  /* Parameters. */
  { "parameter/escaped", "DELETE /v1/endpoint/a%%2Fb%%20c HTTP/1.1\r\n" HOST AUTH "\r\n", 200, NULL, "unregister a/b c pid=0" },
  { "parameter/bad-escape", "DELETE /v1/endpoint/a%%zz HTTP/1.1\r\n" HOST AUTH "\r\n", 400, NULL, NULL },
  { "parameter/cut-escape", "DELETE /v1/endpoint/a%%2 HTTP/1.1\r\n" HOST AUTH "\r\n", 400, NULL, NULL },
  { "parameter/nul", "DELETE /v1/endpoint/a%%00 HTTP/1.1\r\n" HOST AUTH "\r\n", 400, NULL, NULL },
  { "parameter/not-utf8", "DELETE /v1/endpoint/a%%ff HTTP/1.1\r\n" HOST AUTH "\r\n", 400, NULL, NULL },
  { "query/endpoint", "GET /v1/undispatched?endpoint_id=a%%2Bb HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: 5\r\n\r\n", 200,
    "{\"items\":[]}", "list a+b pid=5" },
  { "query/empty", "GET /v1/undispatched?endpoint_id= HTTP/1.1\r\n" HOST AUTH "\r\n", 200, NULL, "list  pid=0" },
  { "query/absent", "GET /v1/undispatched HTTP/1.1\r\n" HOST AUTH "\r\n", 200, NULL, "list - pid=0" },
  { "query/first-counts", "GET /v1/undispatched/presence?endpoint_id=a&endpoint_id=b HTTP/1.1\r\n" HOST AUTH "\r\n", 200,
    "{\"bound_continuation_count\":2}", "count a pid=0" },

  /* x-plugin-pid. */
  { "pid/plain", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: 41\r\n\r\n", 200, NULL, "heartbeat e pid=41" },
  { "pid/text-behind", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: 5abc\r\n\r\n", 200, NULL,
    "heartbeat e pid=5 " },
  { "pid/sign", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid:   +6\r\n\r\n", 200, NULL,
    "heartbeat e pid=6 " },
  { "pid/negative", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: -6\r\n\r\n", 200, NULL,
    "heartbeat e pid=0 " },
  { "pid/zero", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: 0\r\n\r\n", 200, NULL, "heartbeat e pid=0 " },
  { "pid/text", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: abc\r\n\r\n", 200, NULL, "heartbeat e pid=0 " },
  { "pid/huge", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: 99999999999999999999\r\n\r\n", 200, NULL,
    "heartbeat e pid=0 " },
  { "pid/twice", "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "x-plugin-pid: 8\r\nX-Plugin-Pid: 9\r\n\r\n", 200, NULL,
    "heartbeat e pid=8 " },

  /* Not HTTP. */
  { "http/garbage", "hello\r\n\r\n", 400, NULL, NULL },
  { "http/version", "GET /health HTTP/9.9\r\n" HOST "\r\n", 505, NULL, NULL },
};

static void
test_case (RbIpcFixture *fixture,
           gconstpointer data)
{
  const Case *c = data;
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *request = NULL;
  g_autofree char *response = NULL;
  g_autofree char *calls = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  request = g_strdup_printf (c->request, fixture->port);
#pragma GCC diagnostic pop
  if (g_str_has_prefix (request, "HEAD "))
    rb_raw_set_headers_only (client);
  rb_raw_write (client, request, -1);
  response = rb_raw_read_response (client);
  assert_status (response, c->status);
  if (c->contains != NULL)
    assert_contains (response, c->contains);

  calls = rb_fake_core_take_calls (fixture->core);
  if (c->call != NULL)
    assert_contains (calls, c->call);
  else
    g_assert_cmpstr (calls, ==, "");
}

#define SEND "/v1/send"
#define REPLY "/v1/runtime/assignment-reply"
#define STATE "/v1/runtime/processing-state"
#define REGISTER "/v1/endpoint/register"
#define CLAIM "/v1/runtime/assignment-claim"
#define SETTLE "/v1/runtime/self-settle"
#define STAGED "/v1/runtime/staged-delivery"
#define HISTORY "/v1/runtime/session-conversation-history"
#define OWNER "\"endpoint_id\":\"e\",\"plugin_pid\":7"
#define STATE_BODY "\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\",\"state_event_id\":\"s\""
#define REPLY_BODY "\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\",\"content\":\"c\""

typedef struct {
  const char *name;
  const char *target;
  const char *body;
  int         status;
  const char *contains;
  const char *call;
} BodyCase;

/* Source: protocol.md 4.3, 4.5, 6.1; each route with its fields. */
static const BodyCase body_cases[] = {
  { "not-json", SEND, "{", 400, "\"error\":\"bad_request\"", NULL },
  { "null", SEND, "null", 400, "\"error\":\"bad_request\"", NULL },
  { "array", SEND, "[]", 400, "endpoint_id", NULL },
  { "array-own-code", "/v1/endpoint/e/reattach", "[7]", 200, NULL, "reattach e 0 pid=7" },
  { "string", "/v1/initialize", "\"x\"", 400, "client_protocol_version is required and must be a string", NULL },
  { "trailing", SEND, "{}x", 400, "\"error\":\"bad_request\"", NULL },
  { "not-read", "/v1/endpoint/e/heartbeat", "{", 200, NULL, "heartbeat e" },

  { "initialize/empty", "/v1/initialize", "", 400, "client_protocol_version is required and must be a string", NULL },
  { "initialize/version-type", "/v1/initialize", "{\"client_protocol_version\":1}", 400, "client_protocol_version is required", NULL },
  { "initialize/kind", "/v1/initialize", "{\"client_protocol_version\":\"1.1\",\"client_kind\":\"\"}", 400,
    "client_kind is required and must be a non-empty string", NULL },
  { "initialize/major", "/v1/initialize", "{\"client_protocol_version\":\"2.0\",\"client_kind\":\"k\"}", 400,
    "broker IPC protocol major 1 does not match client protocol major 2", NULL },
  { "initialize/fine", "/v1/initialize", "{\"client_protocol_version\":\"1\",\"client_kind\":\"k\"}", 200,
    "\"network_presence\":\"online\"", NULL },

  { "send/fine", SEND, "{\"endpoint_id\":\"e\",\"to\":\"bob\",\"content\":\"hi\"}", 200,
    "{\"messageId\":\"m1\",\"status\":\"stored\"}", "send e bob 4 pid=7" },
  { "send/half-a-character", SEND, "{\"endpoint_id\":\"e\",\"to\":\"bob\",\"content\":\"\\ud83d\"}", 200, NULL, "send e bob 8 pid=7" },
  { "send/null-options", SEND,
    "{\"endpoint_id\":\"e\",\"to\":\"bob\",\"content\":\"hi\",\"contentType\":null,\"metadata\":null,\"require_live\":null}", 200, NULL,
    "send e bob 4 pid=7" },
  { "send/no-endpoint", SEND, "{\"to\":\"bob\",\"content\":\"hi\"}", 400, "endpoint_id", NULL },
  { "send/no-to", SEND, "{\"endpoint_id\":\"e\",\"content\":\"hi\"}", 400, "'to'", NULL },
  { "send/content-type", SEND, "{\"endpoint_id\":\"e\",\"to\":\"bob\",\"content\":1}", 400, "'content'", NULL },
  { "send/metadata-type", SEND, "{\"endpoint_id\":\"e\",\"to\":\"bob\",\"content\":\"\",\"metadata\":[]}", 400, "'metadata'", NULL },
  { "send/live-type", SEND, "{\"endpoint_id\":\"e\",\"to\":\"bob\",\"content\":\"\",\"require_live\":1}", 400, "require_live", NULL },

  { "register/fine", REGISTER, "{\"agent_id\":\"a\",\"plugin_pid\":7.0,\"kind\":\"custom\"}", 200,
    "{\"endpoint_id\":\"ep_1\",\"endpoint_owner_token\":\"token_1\"}", "register a 7 custom" },
  { "register/no-agent", REGISTER, "{\"plugin_pid\":7,\"kind\":\"custom\"}", 400, "agent_id", NULL },
  { "register/pid-type", REGISTER, "{\"agent_id\":\"a\",\"plugin_pid\":\"7\",\"kind\":\"custom\"}", 400, "plugin_pid", NULL },
  { "register/capabilities", REGISTER, "{\"agent_id\":\"a\",\"plugin_pid\":7,\"kind\":\"c\",\"runtime_capabilities\":[1]}", 400,
    "runtime_capabilities", NULL },

  { "reattach/pid-text", "/v1/endpoint/e/reattach", "{\"plugin_pid\":\"7\"}", 200, NULL, "reattach e 0 pid=7" },
  { "reattach/pid-negative", "/v1/endpoint/e/reattach", "{\"plugin_pid\":-7}", 200, NULL, "reattach e 0 pid=7" },
  { "reattach/fine", "/v1/endpoint/e/reattach", "{\"plugin_pid\":7}", 200,
    "{\"restored\":true,\"reconnecting_buffer_count\":3}", "reattach e 7 pid=7" },
  { "task-hint/type", "/v1/endpoint/e/task-hint", "{\"plugin_pid\":7,\"task_hint\":1}", 200, NULL, "task-hint e 7 -" },
  { "task-hint/fine", "/v1/endpoint/e/task-hint", "{\"plugin_pid\":7,\"task_hint\":\"\"}", 200, NULL, "task-hint e 7  pid=7" },

  { "reply/fine", REPLY, "{" REPLY_BODY ",\"reply_request_id\":\"r\"}", 200, "{\"messageId\":\"w1\",\"status\":\"delivered\"}",
    "reply e r pid=7" },
  { "reply/own-code", REPLY, "{" REPLY_BODY ",\"reply_request_id\":1}", 200, NULL, "reply e - pid=7" },
  { "reply/no-content", REPLY, "{\"endpoint_id\":\"e\",\"plugin_pid\":7,\"source_message_id\":\"m\",\"assignment_id\":\"a\"}", 400,
    "'content'", NULL },
  { "state/fine", STATE, "{" STATE_BODY ",\"state_sequence\":1e0,\"state\":\"adapter_accepted\"}", 200, "{\"ok\":true}",
    "processing e adapter_accepted" },
  { "state/sequence", STATE, "{" STATE_BODY ",\"state_sequence\":1.5,\"state\":\"x\"}", 400, "state_sequence", NULL },
  { "state/no-state", STATE, "{" STATE_BODY ",\"state_sequence\":1}", 400, "'state'", NULL },
  { "dispatch/types", "/v1/dispatch", "{\"undispatched_id\":1}", 200, NULL, "dispatch - - pid=7" },
  { "dispatch/fine", "/v1/dispatch", "{\"undispatched_id\":\"u\",\"target_endpoint_id\":\"e\"}", 200, "{\"ok\":true}",
    "dispatch u e pid=7 kernel=0 operator=0" },

  { "claim/fine", CLAIM, "{" OWNER ",\"endpoint_owner_token\":\"t\",\"undispatched_id\":\"u\",\"assignment_mode\":\"staged\"}", 200,
    "{\"assignment\":{\"undispatchedId\":\"u\",\"sourceMessageId\":\"m1\",\"assignmentId\":\"a1\",\"targetRef\":{"
    "\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"e\",\"background_exchange_mode\":\"resident_endpoint\"},"
    "\"deliveryIntent\":\"external_handoff\"},\"message\":{\"from\":\"bob\",\"content\":\"hi\",\"contentType\":\"text\",\"metadata\":{"
    "\"traceparent\":\"00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\"},\"sourceMessageId\":\"m1\"}}",
    "claim e 7 t u staged=1 pid=7 kernel=0 operator=0" },
  { "claim/types", CLAIM, "{\"endpoint_id\":1,\"plugin_pid\":\"7\",\"endpoint_owner_token\":1,\"undispatched_id\":[],"
    "\"assignment_mode\":\"other\"}", 200, NULL, "claim - 0  - staged=0 pid=7" },
  { "claim/empty", CLAIM, "", 200, NULL, "claim - 0 - - staged=0" },
  { "settle/fine", SETTLE, "{" OWNER ",\"undispatched_id\":\"u\"}", 200, "{\"settled\":true,\"remove_reason\":\"handled_no_reply\"}",
    "settle e 7 u pid=7 kernel=0 operator=0" },
  { "settle/types", SETTLE, "{\"endpoint_id\":{},\"undispatched_id\":7}", 200, NULL, "settle - 0 -" },
  { "staged/fine", STAGED, "{" OWNER ",\"timeout_ms\":1500.5,\"mark_attempt\":false}", 200,
    "{\"items\":[{\"endpoint_id\":\"e\",\"undispatched_id\":\"u\",\"assignment_id\":\"a1\",\"source_message_id\":\"m1\","
    "\"message\":{\"from\":\"bob\",\"content\":\"hi\",\"contentType\":\"text\",\"sourceMessageId\":\"m1\"},"
    "\"staged_at\":\"1970-01-01T00:00:01.000Z\"}]}",
    "staged e 7 1500.5 mark=0 pid=7 kernel=0 operator=0" },
  { "staged/types", STAGED, "{" OWNER ",\"timeout_ms\":\"soon\",\"mark_attempt\":0}", 200, NULL, "staged e 7 0.0 mark=1" },
  { "history/fine", HISTORY, "{" OWNER ",\"endpoint_owner_token\":\"t\",\"conversation_ref\":{\"kind\":\"k\",\"id\":\"i\",\"x\":1},"
    "\"limit\":5,\"before\":\"b\",\"after\":\"a\"}", 200, "{\"items\":[{\"message_id\":\"m1\"}],\"has_more\":false}",
    "history e t {'id': <'i'>, 'kind': <'k'>} limit=1/5 b a pid=7 kernel=0 operator=0" },
  { "history/nothing", HISTORY, "{}", 200, NULL, "history - - - limit=0/0 - -" },
  { "history/reference", HISTORY, "{\"conversation_ref\":[]}", 200, NULL, "history - - - limit=0/0 - -" },
  { "history/limit", HISTORY, "{\"limit\":\"5\"}", 400, "'limit'", NULL },
  { "history/before", HISTORY, "{\"before\":5}", 400, "'before'", NULL },
};

static void
test_body (RbIpcFixture *fixture,
           gconstpointer data)
{
  const BodyCase *c = data;
  g_autofree char *response = rb_ipc_fixture_ask (fixture, "POST", c->target, "x-plugin-pid: 7\r\n", c->body);
  g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

  assert_status (response, c->status);
  if (c->contains != NULL)
    assert_contains (response, c->contains);
  if (c->call != NULL)
    assert_contains (calls, c->call);
  else
    g_assert_cmpstr (calls, ==, "");
}

static void
test_nested (RbIpcFixture *fixture,
             gconstpointer data)
{
  g_autofree char *body = g_strnfill (100 * 1000, '[');
  g_autofree char *response = NULL;

  g_test_summary ("100 kB of '[' is a bad request, not a crash.");

  response = rb_ipc_fixture_ask (fixture, "POST", "/v1/send", NULL, body);
  assert_status (response, 400);
  assert_contains (response, "\"error\":\"bad_request\"");
}

/* Source: protocol.md 4.3, error envelope; 22. */
static void
test_envelope (RbIpcFixture *fixture,
               gconstpointer data)
{
  g_autoptr(GError) refusal = rb_error_new (RB_ERROR_BAD_STATE, "endpoint_not_active", "endpoint e is reconnecting");
  g_autofree char *response = NULL;

  g_test_summary ("An error of the core leaves as its status, its code, its text and its details.");

  rb_error_set_retryable (refusal, TRUE);
  rb_fake_core_set_error (fixture->core, refusal);
  response = rb_ipc_fixture_ask (fixture, "POST", "/v1/endpoint/e/heartbeat", NULL, NULL);
  assert_status (response, 409);
  assert_contains (response, "{\"error\":\"endpoint_not_active\",\"message\":\"endpoint e is reconnecting\",\"retryable\":true}");
  rb_test_assert_logged ("ipc_route_rejected", "url", "/v1/endpoint/e/heartbeat", "method", "POST", "status", "409", "code",
                         "endpoint_not_active", "message", "endpoint e is reconnecting", "retryable", "true", NULL);
}

static void
test_foreign_error (RbIpcFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(GError) refusal = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "the password is 1234");
  g_autofree char *response = NULL;

  g_test_summary ("An error of another domain is our bug: 500, and its text stays inside.");

  rb_fake_core_set_error (fixture->core, refusal);
  response = rb_ipc_fixture_ask (fixture, "POST", "/v1/endpoint/e/heartbeat", NULL, NULL);
  assert_status (response, 500);
  assert_contains (response, "\"error\":\"internal_error\"");
  g_assert_null (strstr (response, "1234"));
  g_assert_cmpuint (rb_test_count_log ("ipc_route_error"), ==, 1);
}

static void
test_keep_alive (RbIpcFixture *fixture,
                 gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);

  g_test_summary ("One connection serves many requests, also when some are refused.");

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *fine = NULL;
      g_autofree char *refused = NULL;

      rb_raw_printf (client, "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "\r\n", fixture->port);
      fine = rb_raw_read_response (client);
      assert_status (fine, 200);
      rb_raw_printf (client, "GET /nothing HTTP/1.1\r\n" HOST AUTH "\r\n", fixture->port);
      refused = rb_raw_read_response (client);
      assert_status (refused, 404);
    }
  g_assert_false (rb_raw_is_closed (client));
}

static void
test_token_each_time (RbIpcFixture *fixture,
                      gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *fine = NULL;
  g_autofree char *refused = NULL;

  g_test_summary ("Each request shows the token, also on a connection where one did before.");

  rb_raw_printf (client, "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST AUTH "\r\n", fixture->port);
  fine = rb_raw_read_response (client);
  assert_status (fine, 200);
  rb_raw_printf (client, "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\n" HOST "\r\n", fixture->port);
  refused = rb_raw_read_response (client);
  assert_status (refused, 401);
}

static void
test_pipelined (RbIpcFixture *fixture,
                gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Requests sent without waiting are answered in order.");

  rb_raw_printf (client,
                 "DELETE /v1/endpoint/a HTTP/1.1\r\n" HOST AUTH "\r\nGET /nothing HTTP/1.1\r\nHost: localhost:%u\r\n" AUTH "\r\n",
                 fixture->port, fixture->port);
  first = rb_raw_read_response (client);
  assert_status (first, 200);
  second = rb_raw_read_response (client);
  assert_status (second, 404);
}

/* g_test_add() has one data pointer and the fixture wants its options there; the tables need theirs. */
static void
set_up_default (RbIpcFixture *fixture,
                gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, NULL);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ipc/checks/", cases[i].name, NULL);

      g_test_add (path, RbIpcFixture, &cases[i], set_up_default, test_case, rb_ipc_fixture_tear_down);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (body_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ipc/bodies/", body_cases[i].name, NULL);

      g_test_add (path, RbIpcFixture, &body_cases[i], set_up_default, test_body, rb_ipc_fixture_tear_down);
    }
#define ADD(path, function) g_test_add (path, RbIpcFixture, NULL, set_up_default, function, rb_ipc_fixture_tear_down)
  ADD ("/ipc/bodies/nested", test_nested);
  ADD ("/ipc/errors/envelope", test_envelope);
  ADD ("/ipc/errors/foreign", test_foreign_error);
  ADD ("/ipc/connections/keep-alive", test_keep_alive);
  ADD ("/ipc/connections/token-each-time", test_token_each_time);
  ADD ("/ipc/connections/pipelined", test_pipelined);

  return g_test_run ();
}
