/* test-http-reader.c: requests and answers (protocol.md 14.3, 14.4, 14.5, 14.6, 14.7, 14.8, 14.9, 14.10, 14.11, 14.12)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-check.h"
#include "rb-error.h"
#include "rb-http-reader.h"
#include "rb-http-request.h"
#include "rb-http-value.h"
#include "rb-json.h"
#include "rb-test.h"

#include <string.h>

#define RESIDENT "{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep_1\",\"background_exchange_mode\":\"resident_endpoint\"}"
#define RESIDENT_TEXT "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_1'>, 'background_exchange_mode': <'resident_endpoint'>}"
#define CLAIM_ARGUMENTS "{'undispatched_id': <'u1'>}"
#define MESSAGE "\"message\":{\"from\":\"bob\",\"content\":\"hi\",\"contentType\":\"text\",\"sourceMessageId\":\"m1\"}"
#define CLAIM_HEAD "\"assignment_id\":\"a1\",\"source_message_id\":\"m1\",\"broker_projection_token\":\"T\",\"undispatched_id\":\"u1\""
#define CLAIM_TAIL "\"target_ref\":" RESIDENT ",\"assigned_at\":17,\"claimed\":true"
#define CANDIDATE "\"undispatched_id\":\"u\",\"source_message_id\":\"m\",\"sender_address\":\"bob\",\"content_preview\":\"hi\"," \
                  "\"reason\":\"unaddressed\",\"claim_policy\":\"node_pull_only\",\"arrived_at\":5"
#define CANDIDATE_TEXT "'undispatched_id': <'u'>, 'source_message_id': <'m'>, 'sender_address': <'bob'>, 'content_preview': <'hi'>, " \
                       "'reason': <'unaddressed'>, 'claim_policy': <'node_pull_only'>, 'arrived_at': <int64 5>"
#define ITEM "\"message_id\":\"m\",\"source_node_id\":\"a\",\"target_node_id\":\"b\",\"timestamp\":\"t\""
#define ITEM_TEXT "'message_id': <'m'>, 'source_node_id': <'a'>, 'target_node_id': <'b'>, 'timestamp': <'t'>"
#define CONVERSATION "\"conversation_ref\":{\"kind\":\"session_conversation\",\"id\":\"c\"}"
#define CONVERSATION_TEXT "'conversation_ref': <{'kind': <'session_conversation'>, 'id': <'c'>}>"

typedef struct {
  RbUpstreamCall  call;
  const char     *arguments;
  const char     *body;
  const char     *answer;
} Good;

static const Good good[] = {
  { RB_UPSTREAM_WHOAMI, "@a{sv} {}", "{\"subjectId\":\"n\",\"subjectType\":\"agent-runtime\",\"carrier\":\"c\",\"ownerUserId\":5,\"more\":[]}",
    "{'subjectId': <'n'>, 'subjectType': <'agent-runtime'>, 'carrier': <'c'>}" },
  { RB_UPSTREAM_REGISTER_ENDPOINT, "@a{sv} {}", "{\"endpoint_id\":\"ep\",\"heartbeat_after_seconds\":30,\"node_id\":\"n\"}",
    "{'endpoint_id': <'ep'>, 'heartbeat_after_seconds': <30.0>}" },
  { RB_UPSTREAM_REGISTER_ENDPOINT, "@a{sv} {}", "{\"endpoint_id\":\"ep\",\"heartbeat_after_seconds\":\"30\",\"session_naming\":7}",
    "{'endpoint_id': <'ep'>}" },
  { RB_UPSTREAM_REGISTER_ENDPOINT, "@a{sv} {}",
    "{\"endpoint_id\":\"ep\",\"session_naming\":{\"nickname\":\"N\",\"owner_edited_name\":null,\"n\":[1,2.5,true,{}]}}",
    "{'endpoint_id': <'ep'>, 'session_naming': <{'nickname': <'N'>, 'owner_edited_name': <@ms nothing>, "
    "'n': <[<int64 1>, <2.5>, <true>, <@a{sv} {}>]>}>}" },
  { RB_UPSTREAM_HEARTBEAT, "@a{sv} {}", "", "@a{sv} {}" },
  { RB_UPSTREAM_HEARTBEAT, "@a{sv} {}", "not JSON", "@a{sv} {}" },
  { RB_UPSTREAM_ENDPOINT_STATE, "@a{sv} {}", "{\"a\":1}", "@a{sv} {}" },
  { RB_UPSTREAM_UNREGISTER, "@a{sv} {}", "", "@a{sv} {}" },
  { RB_UPSTREAM_DISPLAY_METADATA, "@a{sv} {}", "", "@a{sv} {}" },
  { RB_UPSTREAM_LOOKUP_CLOSED, "@a{sv} {}", "{\"retired_at\":\"2026\"}", "{'exists': <true>, 'retired_at': <'2026'>}" },
  { RB_UPSTREAM_LOOKUP_CLOSED, "@a{sv} {}", "{\"retired_at\":\"\"}", "{'exists': <true>}" },
  { RB_UPSTREAM_LOOKUP_CLOSED, "@a{sv} {}", "{\"retired_at\":null}", "{'exists': <true>}" },
  { RB_UPSTREAM_LOOKUP_CLOSED, "@a{sv} {}", "garbage", "{'exists': <true>}" },
  { RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", "{\"staged_assignment\":true,\"staged_delivery\":1}",
    "{'staged_assignment': <true>, 'staged_delivery': <false>}" },
  { RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", "{\"staged_assignment\":\"true\"}", "{'staged_assignment': <false>, 'staged_delivery': <false>}" },
  { RB_UPSTREAM_ROUTE_CLAIM, "@a{sv} {}", "{\"action\":\"route\"}", "{'action': <'route'>}" },
  { RB_UPSTREAM_ROUTE_CLAIM, "@a{sv} {}", "{\"action\":\"skip\",\"why\":1}", "{'action': <'skip'>}" },
  { RB_UPSTREAM_CANDIDATES, "@a{sv} {}", "{\"items\":[]}", "{'items': <@aa{sv} []>}" },
  { RB_UPSTREAM_CANDIDATES, "@a{sv} {}",
    "{\"items\":[{" CANDIDATE ",\"in_reply_to\":\"c\",\"origin_scid\":5,\"active_assignment_id\":null," CONVERSATION "}]}",
    "{'items': <[{" CANDIDATE_TEXT ", 'in_reply_to': <'c'>, " CONVERSATION_TEXT "}]>}" },
  { RB_UPSTREAM_CANDIDATES, "@a{sv} {}", "{\"items\":[{" CANDIDATE ",\"conversation_ref\":{\"kind\":\"other\",\"id\":\"c\"}}]}",
    "{'items': <[{" CANDIDATE_TEXT "}]>}" },
  { RB_UPSTREAM_CANDIDATES, "@a{sv} {}", "{\"items\":[{" CANDIDATE ",\"conversation_ref\":{\"kind\":\"session_conversation\",\"id\":\"\"}}]}",
    "{'items': <[{" CANDIDATE_TEXT "}]>}" },
  { RB_UPSTREAM_SELF_CLAIM, CLAIM_ARGUMENTS, "{" CLAIM_HEAD "," CLAIM_TAIL "," MESSAGE "}",
    "{'assignment_id': <'a1'>, 'source_message_id': <'m1'>, 'broker_projection_token': <'T'>, 'undispatched_id': <'u1'>, "
    "'target_ref': <" RESIDENT_TEXT ">, 'assigned_at': <int64 17>, 'claimed': <true>, "
    "'message': <{'from': <'bob'>, 'content': <'hi'>, 'contentType': <'text'>, 'sourceMessageId': <'m1'>}>}" },
  { RB_UPSTREAM_SELF_CLAIM, CLAIM_ARGUMENTS,
    "{" CLAIM_HEAD "," CLAIM_TAIL ",\"message\":{\"from\":\"b\",\"content\":\"\\u0000\",\"contentType\":\"\",\"sourceMessageId\":\"m1\","
    "\"metadata\":{\"n\": 1.50, \"z\":\"\\u0000\"}}}",
    "{'assignment_id': <'a1'>, 'source_message_id': <'m1'>, 'broker_projection_token': <'T'>, 'undispatched_id': <'u1'>, "
    "'target_ref': <" RESIDENT_TEXT ">, 'assigned_at': <int64 17>, 'claimed': <true>, "
    "'message': <{'from': <'b'>, 'content': <'\xef\xbf\xbd'>, 'contentType': <''>, 'sourceMessageId': <'m1'>, "
    "'metadata': <'{\"n\": 1.50, \"z\":\"\\\\u0000\"}'>}>}" },
  { RB_UPSTREAM_SELF_CLAIM, CLAIM_ARGUMENTS,
    "{" CLAIM_HEAD "," CLAIM_TAIL ",\"message\":{\"from\":\"b\",\"content\":\"\",\"contentType\":\"\",\"sourceMessageId\":\"m1\","
    "\"metadata\":null}}",
    "{'assignment_id': <'a1'>, 'source_message_id': <'m1'>, 'broker_projection_token': <'T'>, 'undispatched_id': <'u1'>, "
    "'target_ref': <" RESIDENT_TEXT ">, 'assigned_at': <int64 17>, 'claimed': <true>, "
    "'message': <{'from': <'b'>, 'content': <''>, 'contentType': <''>, 'sourceMessageId': <'m1'>}>}" },
  { RB_UPSTREAM_RELEASE_CLAIM, "@a{sv} {}", "", "@a{sv} {}" },
  { RB_UPSTREAM_HISTORY, "@a{sv} {}", "{" CONVERSATION ",\"items\":[{" ITEM ",\"content\":\"x\",\"content_type\":1,\"more\":1}],\"has_more\":false}",
    "{" CONVERSATION_TEXT ", 'items': <[{" ITEM_TEXT ", 'content': <'x'>}]>, 'has_more': <false>}" },
  { RB_UPSTREAM_SELF_SETTLE, CLAIM_ARGUMENTS, "{\"settled\":true,\"remove_reason\":\"handled_no_reply\",\"undispatched_id\":\"u1\"}",
    "{'settled': <true>, 'remove_reason': <'handled_no_reply'>, 'undispatched_id': <'u1'>}" },
};

static GVariant *
read_body (RbUpstreamCall  call,
           const char     *arguments,
           guint           status,
           const char     *body,
           GError        **error)
{
  g_autoptr(GVariant) asked = http_arguments (arguments);
  g_autoptr(RbHttpAnswer) answer = http_answer (status, "", body);
  GVariant *said = rb_http_reader_read (call, asked, answer, error);

  return said != NULL ? g_variant_ref_sink (said) : NULL;
}

static void
test_good (void)
{
  g_test_summary ("Each answer of section 14 becomes the members of rb-upstream.h, and nothing else.");

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) answer = read_body (good[i].call, good[i].arguments, 200, good[i].body, &error);

      g_test_message ("%s", good[i].body);
      g_assert_no_error (error);
      http_assert_variant (answer, good[i].answer);
    }
}

typedef struct {
  RbUpstreamCall  call;
  const char     *text;
  const char     *details;
  const char     *bodies[20];
} Bad;

/* What makes no sense for any of them comes first; "" stands for no body. */
#define NO_OBJECTS "", "garbage", "[]", "null", "\"{}\"", "{}", "{\"a\":1"

static const Bad bad[] = {
  { RB_UPSTREAM_WHOAMI, "whoami response missing subjectId", "{'status': <int64 200>}",
    { NO_OBJECTS, "{\"subjectType\":\"agent-runtime\"}", "{\"subjectId\":\"\",\"subjectType\":\"agent-runtime\"}", "{\"subjectId\":1}" } },
  { RB_UPSTREAM_WHOAMI, "runtime broker requires agent-runtime credentials; got user", "{'status': <int64 200>}",
    { "{\"subjectId\":\"n\",\"subjectType\":\"user\"}" } },
  { RB_UPSTREAM_WHOAMI, "runtime broker requires agent-runtime credentials; got undefined", "{'status': <int64 200>}",
    { "{\"subjectId\":\"n\"}", "{\"subjectId\":\"n\",\"subjectType\":4}" } },
  { RB_UPSTREAM_REGISTER_ENDPOINT, "register response missing endpoint_id", "{'status': <int64 502>, 'code': <'unknown'>}",
    { NO_OBJECTS, "{\"endpoint_id\":\"\"}", "{\"endpoint_id\":7}", "{\"endpoint_id\":null}" } },
  { RB_UPSTREAM_CAPABILITIES, "invalid capabilities response", "{'status': <int64 200>}", { "", "garbage", "[]", "null", "7" } },
  { RB_UPSTREAM_ROUTE_CLAIM, "invalid claim response", "{'status': <int64 200>}",
    { NO_OBJECTS, "{\"action\":\"other\"}", "{\"action\":7}", "{\"action\":[\"route\"]}" } },
  { RB_UPSTREAM_CANDIDATES, "invalid claim-candidates response",
    "{'status': <int64 502>, 'code': <'invalid_claim_candidates_response'>}",
    { NO_OBJECTS, "{\"items\":{}}", "{\"items\":null}", "{\"items\":\"\"}" } },
  { RB_UPSTREAM_CANDIDATES, "invalid claim-candidates item", "{'status': <int64 502>, 'code': <'invalid_claim_candidates_item'>}",
    { "{\"items\":[1]}", "{\"items\":[{}]}", "{\"items\":[{" CANDIDATE "},null]}", "{\"items\":[{" CANDIDATE ",\"arrived_at\":\"5\"}]}",
      "{\"items\":[{" CANDIDATE ",\"claim_policy\":null}]}" } },
  { RB_UPSTREAM_HISTORY, "invalid runtime conversation history response",
    "{'status': <int64 502>, 'code': <'invalid_runtime_conversation_history_response'>}",
    { NO_OBJECTS, "{\"items\":[],\"has_more\":true}", "{" CONVERSATION ",\"has_more\":true}", "{" CONVERSATION ",\"items\":[]}",
      "{" CONVERSATION ",\"items\":{},\"has_more\":true}", "{" CONVERSATION ",\"items\":[],\"has_more\":1}",
      "{\"conversation_ref\":{\"kind\":\"x\",\"id\":\"c\"},\"items\":[],\"has_more\":true}",
      "{\"conversation_ref\":{\"kind\":\"session_conversation\"},\"items\":[],\"has_more\":true}" } },
  { RB_UPSTREAM_HISTORY, "invalid runtime conversation history item",
    "{'status': <int64 502>, 'code': <'invalid_runtime_conversation_history_item'>}",
    { "{" CONVERSATION ",\"items\":[[]],\"has_more\":true}", "{" CONVERSATION ",\"items\":[{" ITEM "},{}],\"has_more\":true}",
      "{" CONVERSATION ",\"items\":[{" ITEM ",\"timestamp\":5}],\"has_more\":true}" } },
  { RB_UPSTREAM_SELF_SETTLE, "invalid self-settle response",
    "{'status': <int64 200>, 'code': <'invalid_self_settle_response'>}",
    { NO_OBJECTS, "{\"settled\":false,\"remove_reason\":\"handled_no_reply\",\"undispatched_id\":\"u1\"}",
      "{\"settled\":1,\"remove_reason\":\"handled_no_reply\",\"undispatched_id\":\"u1\"}",
      "{\"settled\":true,\"remove_reason\":\"other\",\"undispatched_id\":\"u1\"}",
      "{\"settled\":true,\"remove_reason\":\"handled_no_reply\",\"undispatched_id\":\"u2\"}" } },
  { RB_UPSTREAM_SELF_CLAIM, "invalid self-claim response", "{'status': <int64 200>}", { "", "garbage", "[]", "null", "{\"a\":1" } },
};

static void
test_malformed (void)
{
  g_test_summary ("A success that is not as section 14 says is refused for good, with the code given there.");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    for (gsize j = 0; bad[i].bodies[j] != NULL; j++)
      {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) answer = read_body (bad[i].call, CLAIM_ARGUMENTS, 200, bad[i].bodies[j], &error);

        g_test_message ("%s", bad[i].bodies[j]);
        g_assert_null (answer);
        http_assert_error (error, RB_ERROR_REJECTED, bad[i].text, bad[i].details);
      }
}

static const struct {
  const char *body;
  const char *answer;   /* what of it was valid */
} bad_claims[] = {
  { "{}", "@a{sv} {}" },
  { "{" CLAIM_HEAD ",\"target_ref\":" RESIDENT "}",
    "{'assignment_id': <'a1'>, 'source_message_id': <'m1'>, 'broker_projection_token': <'T'>, 'undispatched_id': <'u1'>, "
    "'target_ref': <" RESIDENT_TEXT ">}" },
  { "{\"assignment_id\":\"a1\",\"undispatched_id\":\"other\",\"claimed\":\"yes\",\"assigned_at\":\"17\"}",
    "{'assignment_id': <'a1'>, 'undispatched_id': <'other'>}" },
  { "{\"target_ref\":{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep_1\",\"runtime_session_id\":\"s\","
    "\"background_exchange_mode\":\"resident_endpoint\"}}", "@a{sv} {}" },
  { "{" CLAIM_HEAD ",\"target_ref\":5,\"assigned_at\":17,\"claimed\":false,\"message\":{\"from\":\"bob\",\"content\":\"hi\","
    "\"contentType\":\"text\",\"sourceMessageId\":\"other\"}}",
    "{'assignment_id': <'a1'>, 'source_message_id': <'m1'>, 'broker_projection_token': <'T'>, 'undispatched_id': <'u1'>, "
    "'assigned_at': <int64 17>, 'claimed': <false>}" },
  { "{" CLAIM_HEAD ",\"message\":{\"from\":\"bob\",\"content\":\"hi\",\"contentType\":\"text\",\"sourceMessageId\":\"m1\",\"metadata\":[]}}",
    "{'assignment_id': <'a1'>, 'source_message_id': <'m1'>, 'broker_projection_token': <'T'>, 'undispatched_id': <'u1'>}" },
};

static void
test_malformed_claim (void)
{
  g_test_summary ("A malformed self-claim says what of it was valid, so that the claim can be released (11.10).");

  for (gsize i = 0; i < G_N_ELEMENTS (bad_claims); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) answer = read_body (RB_UPSTREAM_SELF_CLAIM, CLAIM_ARGUMENTS, 201, bad_claims[i].body, &error);
      g_autofree char *details = g_strdup_printf ("{'status': <int64 201>, 'answer': <%s>}", bad_claims[i].answer);

      g_test_message ("%s", bad_claims[i].body);
      g_assert_null (answer);
      http_assert_error (error, RB_ERROR_REJECTED, "invalid self-claim response", details);
    }
}

static void
test_lookup_missing (void)
{
  g_autoptr(GVariant) answer = read_body (RB_UPSTREAM_LOOKUP_CLOSED, "@a{sv} {}", 404, "{\"error\":\"not_found\",\"retired_at\":\"x\"}", NULL);

  g_test_summary ("An endpoint that nobody knows does not exist (14.7).");

  http_assert_variant (answer, "{'exists': <false>}");
}

static GVariant *
read_broken (RbUpstreamCall  call,
             guint           status,
             GError         *broken,
             GError        **error)
{
  g_autoptr(GVariant) asked = http_arguments (CLAIM_ARGUMENTS);
  g_autoptr(RbHttpAnswer) answer = rb_http_answer_new (status, "");
  GVariant *said;

  answer->broken = broken;
  said = rb_http_reader_read (call, asked, answer, error);
  return said != NULL ? g_variant_ref_sink (said) : NULL;
}

static void
test_broken (void)
{
  g_autoptr(GError) cut = NULL;
  g_autoptr(GError) huge = NULL;
  g_autoptr(GVariant) heartbeat = read_broken (RB_UPSTREAM_HEARTBEAT, 200, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "cut"), NULL);
  g_autoptr(GVariant) missing = read_broken (RB_UPSTREAM_LOOKUP_CLOSED, 404, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "cut"), NULL);

  g_test_summary ("A body that is cut off may come whole the next time; one that is too long makes no sense; one that nobody reads "
                  "does not matter.");

  http_assert_variant (heartbeat, "@a{sv} {}");
  http_assert_variant (missing, "{'exists': <false>}");
  g_assert_null (read_broken (RB_UPSTREAM_CANDIDATES, 200, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "cut"), &cut));
  http_assert_error (cut, RB_ERROR_UNAVAILABLE, "cut", NULL);
  g_assert_null (read_broken (RB_UPSTREAM_CANDIDATES, 200, rb_error_new (RB_ERROR_TOO_LARGE, NULL, "too long"), &huge));
  http_assert_error (huge, RB_ERROR_REJECTED, "invalid claim-candidates response",
                     "{'status': <int64 502>, 'code': <'invalid_claim_candidates_response'>}");
}

static const struct {
  RbUpstreamCall  call;
  const char     *arguments;
  const char     *method;
  const char     *path;
  const char     *body;   /* NULL: none */
} requests[] = {
  { RB_UPSTREAM_WHOAMI, "@a{sv} {}", "GET", "/whoami", NULL },
  { RB_UPSTREAM_REGISTER_ENDPOINT, "{'runtime_kind': <'k'>, 'workspace': <{'cwd': <'/'>}>, 'runtime_capabilities': <['a']>}", "POST",
    "/runtime-endpoints", "{\"runtime_kind\":\"k\",\"workspace\":{\"cwd\":\"/\"},\"runtime_capabilities\":[\"a\"]}" },
  { RB_UPSTREAM_HEARTBEAT, "{'endpoint_id': <'ep 1/2?#%'>}", "POST", "/runtime-endpoints/ep%201%2F2%3F%23%25/heartbeat", NULL },
  { RB_UPSTREAM_ENDPOINT_STATE, "{'endpoint_id': <'ep'>, 'state': <'active'>, 'reason': <'register'>, 'ts': <'t'>}", "POST",
    "/runtime-endpoints/ep/state", "{\"state\":\"active\",\"reason\":\"register\",\"ts\":\"t\"}" },
  { RB_UPSTREAM_UNREGISTER, "{'endpoint_id': <'\xc3\xa4'>}", "DELETE", "/runtime-endpoints/%C3%A4", NULL },
  { RB_UPSTREAM_DISPLAY_METADATA, "{'endpoint_id': <'ep'>, 'task_hint': <'h\"'>}", "POST", "/runtime-endpoints/ep/display-metadata",
    "{\"task_hint\":\"h\\\"\"}" },
  { RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'ep'>}", "GET", "/runtime-endpoints/ep?as=node%201%261", NULL },
  { RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", "GET", "/runtime/capabilities", NULL },
  { RB_UPSTREAM_ROUTE_CLAIM, "{'source_message_id': <'m'>, 'claimed_at': <int64 5>}", "POST", "/runtime/inbound-route-claim",
    "{\"type\":\"runtime_inbound_route_claim\",\"version\":1,\"source_message_id\":\"m\",\"claimed_at\":5}" },
  { RB_UPSTREAM_CANDIDATES, "{'endpoint_id': <'ep'>, 'limit': <int64 256>}", "POST", "/runtime/claim-candidates",
    "{\"type\":\"runtime_claim_candidates\",\"version\":1,\"endpoint_id\":\"ep\",\"limit\":256}" },
  { RB_UPSTREAM_SELF_CLAIM, "{'undispatched_id': <'u'>, 'recover_existing': <true>}", "POST", "/runtime/self-claim",
    "{\"undispatched_id\":\"u\",\"recover_existing\":true}" },
  { RB_UPSTREAM_RELEASE_CLAIM, "{'target_ref': <{'kind': <'k'>}>}", "POST", "/runtime/self-claim/release", "{\"target_ref\":{\"kind\":\"k\"}}" },
  { RB_UPSTREAM_HISTORY, "{'endpoint_id': <'ep'>, 'before': <'b'>}", "POST", "/runtime/session-conversation-history",
    "{\"type\":\"runtime_session_conversation_history\",\"version\":1,\"endpoint_id\":\"ep\",\"before\":\"b\"}" },
  { RB_UPSTREAM_SELF_SETTLE, "{'endpoint_id': <'ep'>}", "POST", "/runtime/self-settle", "{\"endpoint_id\":\"ep\"}" },
  { RB_UPSTREAM_CONTROL_ACK, "{'idempotency_key': <'k'>, 'status': <'applied'>}", "POST", "/runtime/control-ack",
    "{\"idempotency_key\":\"k\",\"status\":\"applied\"}" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (requests) == RB_UPSTREAM_N_CALLS);

static void
test_requests (void)
{
  g_test_summary ("Each call has the method, the path and the body of section 14; ids stand in one path component.");

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autoptr(GVariant) arguments = http_arguments (requests[i].arguments);
      g_autofree char *path = rb_http_request_path (requests[i].call, arguments, "node 1&1", NULL);
      g_autoptr(GBytes) body = rb_http_request_body (requests[i].call, arguments);
      g_autofree char *text = body != NULL ? g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body)) : NULL;

      g_assert_cmpstr (rb_http_route_of_call (requests[i].call)->method, ==, requests[i].method);
      g_assert_cmpstr (path, ==, requests[i].path);
      g_assert_cmpstr (text, ==, requests[i].body);
    }
}

static void
test_bad_id (void)
{
  static const char *const ids[] = { "@a{sv} {}", "{'endpoint_id': <''>}", "{'endpoint_id': <'.'>}", "{'endpoint_id': <'..'>}" };

  g_test_summary ("An endpoint id that would name another route is refused: it may come from anybody's message.");

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr(GVariant) arguments = http_arguments (ids[i]);
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_http_request_path (RB_UPSTREAM_LOOKUP_CLOSED, arguments, "n", &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_id_invalid");
    }
}

static void
test_deep (void)
{
  GString *text = g_string_new ("{\"o\":");
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) json = NULL;
  GVariantDict dict;

  g_test_summary ("An object that is nested too deeply counts as missing.");

  for (guint i = 0; i < 40; i++)
    g_string_append (text, "{\"o\":");
  g_string_append (text, "1");
  for (guint i = 0; i < 41; i++)
    g_string_append_c (text, '}');
  bytes = g_string_free_to_bytes (text);
  json = rb_json_parse_object (bytes, 0, NULL);
  g_assert_nonnull (json);

  g_variant_dict_init (&dict, NULL);
  g_assert_false (rb_http_value_object (json, "o", &dict));
  g_assert_false (g_variant_dict_contains (&dict, "o"));
  g_variant_dict_clear (&dict);
}

static void
test_numbers (void)
{
  static const struct {
    const char *text;
    gboolean    ok;
    gint64      value;
  } cases[] = {
    { "5", TRUE, 5 }, { "5.0", TRUE, 5 }, { "5.9", TRUE, 5 }, { "-3e2", TRUE, -300 }, { "9007199254740992", TRUE, G_GINT64_CONSTANT (1) << 53 },
    { "1e300", FALSE, 0 }, { "1e999", FALSE, 0 }, { "\"5\"", FALSE, 0 }, { "null", FALSE, 0 }, { "true", FALSE, 0 },
  };

  g_test_summary ("A number is a time when it fits; whatever is none counts as missing.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"n\":%s}", cases[i].text);
      g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
      g_autoptr(RbJson) json = rb_json_parse_object (bytes, 0, NULL);
      GVariantDict dict;
      gint64 value = 0;

      g_variant_dict_init (&dict, NULL);
      g_assert_cmpint (rb_http_value_number (json, "n", &dict), ==, cases[i].ok);
      g_variant_dict_lookup (&dict, "n", "x", &value);
      g_assert_cmpint (value, ==, cases[i].value);
      g_variant_dict_clear (&dict);
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/http/reader/good", test_good);
  g_test_add_func ("/http/reader/malformed", test_malformed);
  g_test_add_func ("/http/reader/malformed-claim", test_malformed_claim);
  g_test_add_func ("/http/reader/lookup-missing", test_lookup_missing);
  g_test_add_func ("/http/reader/broken", test_broken);
  g_test_add_func ("/http/reader/deep", test_deep);
  g_test_add_func ("/http/reader/numbers", test_numbers);
  g_test_add_func ("/http/request/all", test_requests);
  g_test_add_func ("/http/request/bad-id", test_bad_id);
  return g_test_run ();
}
