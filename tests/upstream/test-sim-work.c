/* test-sim-work.c: the model of the API: endpoints, what waits, claims and assignments
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-fixture.h"

#include "rb-sim-json.h"

#include <string.h>

#define ADD(id, more) "{\"type\":\"undispatched_changed\",\"version\":1,\"action\":\"add\",\"undispatched_id\":\"" id "\"," \
                      "\"source_message_id\":\"" id "\",\"traceparent\":\"t\",\"traceId\":\"t\",\"sender_address\":\"bob\"," \
                      "\"content_preview\":\"one\",\"reason\":\"no_target_endpoint\",\"arrived_at\":5" more "}"
#define CANDIDATES "{\"type\":\"runtime_claim_candidates\",\"version\":1,\"endpoint_id\":\"ep_1\",\"endpoint_nonce\":\"n\",\"limit\":9}"
#define TARGET "{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep_1\",\"background_exchange_mode\":\"adapter_managed_turn\"," \
               "\"runtime_session_id\":\"s1\"}"

static void
expect_violations (SimFixture *fixture,
                   const char *expected)
{
  g_autofree char *violations = rb_sim_dup_violations (fixture->sim);

  g_assert_cmpstr (violations, ==, expected);
}

static void
expect_in_candidates (SimFixture *fixture,
                      const char *text)
{
  g_autofree char *answer = NULL;

  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/claim-candidates", CANDIDATES, &answer), ==, 200);
  g_test_message ("%s", answer);
  g_assert_nonnull (strstr (answer, text));
}

/* The answer to a claim of "m1" for ep_1. */
static JsonObject *
claim (SimFixture *fixture,
       const char *more,
       guint       status)
{
  g_autofree char *body = g_strdup_printf ("{\"undispatched_id\":\"m1\",\"target_endpoint_id\":\"ep_1\",\"endpoint_nonce\":\"n\"%s}", more);
  g_autofree char *answer = NULL;

  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/self-claim", body, &answer), ==, status);
  return rb_sim_json_parse (answer);
}

/* Posts a state of the assignment with a sequence; @token is NULL for none. */
static guint
report (SimFixture *fixture,
        const char *assignment,
        const char *state,
        int         sequence,
        const char *token)
{
  g_autoptr(JsonObject) event = rb_sim_json_new ("type", "runtime_processing_state", "source_message_id", "m1", "undispatched_id", "m1",
                                                 "assignment_id", assignment, "state", state, NULL);
  g_autofree char *id = g_strdup_printf ("%s:%s:%d", assignment, state, sequence);
  g_autofree char *body = NULL;

  json_object_set_string_member (event, "state_event_id", id);
  json_object_set_int_member (event, "version", 1);
  json_object_set_int_member (event, "state_sequence", sequence);
  json_object_set_int_member (event, "occurred_at", 5);
  rb_sim_json_set (event, "target_ref", TARGET);
  if (token != NULL)
    json_object_set_string_member (event, "broker_projection_token", token);
  body = rb_sim_json_to_text (event);
  return sim_fixture_post (fixture, "/v1/runtime/processing-state", body);
}

static void
test_endpoint (SimFixture    *fixture,
               gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autofree char *states = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (rb_sim_get_endpoints (fixture->sim), id);

  g_test_summary ("An endpoint is registered, beats, changes its state and its hint, leaves, and is remembered as retired.");

  g_assert_cmpstr (id, ==, "ep_1");
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints/ep_1/heartbeat", NULL), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints/ep_1/state", "{\"state\":\"reconnecting\",\"reason\":\"lost\"}"), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints/ep_1/state", "{\"state\":\"active\",\"reason\":\"back\"}"), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints/ep_1/display-metadata", "{\"task_hint\":\"busy\"}"), ==, 204);
  states = rb_sim_dup_states (fixture->sim, id);
  g_assert_cmpstr (states, ==, "reconnecting/lost active/back");
  g_assert_cmpuint (endpoint->n_heartbeats, ==, 1);
  g_assert_cmpstr (endpoint->task_hint, ==, "busy");

  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime-endpoints/ep_1?as=node_sim", NULL, &before), ==, 200);
  g_assert_nonnull (strstr (before, "\"retired_at\":null"));
  g_assert_cmpuint (sim_fixture_call (fixture, "DELETE", "/v1/runtime-endpoints/ep_1", NULL, NULL), ==, 204);
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime-endpoints/ep_1", NULL, &after), ==, 200);
  g_assert_nonnull (strstr (after, "\"retired_at\":\"20"));
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints/ep_1/heartbeat", NULL), ==, 404);
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime-endpoints/ep_9", NULL, NULL), ==, 404);
  rb_sim_endpoints_add_past (rb_sim_get_endpoints (fixture->sim), "ep past", "2026-01-01T00:00:00.000Z");
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime-endpoints/ep%20past", NULL, NULL), ==, 200);
  expect_violations (fixture, "");
}

static void
test_unauthorized (SimFixture    *fixture,
                   gconstpointer  data)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/whoami", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_test_summary ("Without the token nothing is answered but 401.");

  soup_session_send_and_read_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  bytes = soup_session_send_and_read_finish (fixture->session, result, NULL);
  g_assert_cmpuint (soup_message_get_status (message), ==, 401);
}

static void
test_settings (SimFixture    *fixture,
               gconstpointer  data)
{
  const char *body = "{\"type\":\"runtime_inbound_route_claim\",\"version\":1,\"source_message_id\":\"m1\"}";
  g_autofree char *capabilities = NULL;
  g_autofree char *whoami = NULL;
  g_autofree char *routed = NULL;
  g_autofree char *skipped = NULL;

  g_test_summary ("Capabilities, principal and the decision about a route are settings.");

  rb_sim_set_capability (fixture->sim, "staged_assignment", "\"true\"");
  rb_sim_set_capability (fixture->sim, "staged_delivery", "");
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime/capabilities", NULL, &capabilities), ==, 200);
  g_assert_cmpstr (capabilities, ==, "{\"staged_assignment\":\"true\"}");
  rb_sim_set_whoami (fixture->sim, "subjectType", "\"user\"");
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/whoami", NULL, &whoami), ==, 200);
  g_assert_nonnull (strstr (whoami, "\"subjectType\":\"user\""));
  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/inbound-route-claim", body, &routed), ==, 200);
  g_assert_cmpstr (routed, ==, "{\"action\":\"route\"}");
  rb_sim_set_route_claim (fixture->sim, "m1", "skip");
  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/inbound-route-claim", body, &skipped), ==, 200);
  g_assert_cmpstr (skipped, ==, "{\"action\":\"skip\"}");
}

static void
test_fields (SimFixture    *fixture,
             gconstpointer  data)
{
  g_test_summary ("Events that lack a field, or are of another type than their route, are objected to.");

  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/inbound-routed", "{\"type\":\"runtime_inbound_routed\",\"version\":1,"
                                      "\"source_message_id\":\"m\",\"route_kind\":\"active_endpoint\",\"routed_at\":\"now\"}"),
                    ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/network-presence-changed",
                                      "{\"type\":\"network_presence_changed\",\"version\":1,\"state\":\"online\",\"ts\":5}"), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/inbound-route-claim", "{\"type\":\"other\",\"version\":1}"), ==, 422);
  expect_violations (fixture, "inbound-routed/fields: no 'routed_to_endpoint_id'\ninbound-routed/fields: no 'routed_at'\n"
                              "network-presence-changed/fields: no 'reason'\n"
                              "type: 'runtime_inbound_route_claim' is expected, version 1");
}

static void
test_legacy (SimFixture    *fixture,
             gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autofree char *event = NULL;

  g_test_summary ("An upstream of the older age knows no capabilities, claims and tokens.");

  rb_sim_set_legacy (fixture->sim, TRUE);
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime/capabilities", NULL, NULL), ==, 404);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/inbound-route-claim", "{}"), ==, 404);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/undispatched-changed", ADD ("m1", "")), ==, 204);
  event = rb_sim_work_assign (fixture->work, "m1", id);
  g_assert_null (strstr (event, "broker_projection_token"));
  g_assert_cmpuint (report (fixture, "as_1", "assigned_to_runtime_target", 1, NULL), ==, 204);
  expect_violations (fixture, "");
}

static void
test_candidates (SimFixture    *fixture,
                 gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autofree char *refused = NULL;

  g_test_summary ("Who may claim a row is computed from the row and from who is registered.");

  sim_fixture_post (fixture, "/v1/runtime/undispatched-changed", ADD ("m1", ""));
  expect_in_candidates (fixture, "\"claim_policy\":\"node_pull_only\"");
  rb_sim_work_set_policy (fixture->work, "m1", "owner_select_required");
  expect_in_candidates (fixture, "\"claim_policy\":\"owner_select_required\"");
  sim_fixture_post (fixture, "/v1/runtime/undispatched-changed", ADD ("m2", ",\"target_endpoint_id_hint\":\"ep_1\",\"in_reply_to\":\"c\""));
  expect_in_candidates (fixture, "\"claim_policy\":\"bound_session_pull_only\"");
  expect_in_candidates (fixture, "\"in_reply_to\":\"c\"");
  sim_fixture_post (fixture, "/v1/runtime/undispatched-changed", ADD ("m3", ",\"target_endpoint_id_hint\":\"ep_gone\""));
  expect_in_candidates (fixture, "\"claim_policy\":\"continuation_session_unavailable\"");
  g_free (rb_sim_work_assign (fixture->work, "m1", id));
  expect_in_candidates (fixture, "\"claim_policy\":\"assigned_in_progress\"");
  expect_in_candidates (fixture, "\"active_assignment_id\":\"as_1\",\"active_target_endpoint_id\":\"ep_1\"");
  g_assert_cmpuint (rb_sim_work_count_waiting (fixture->work), ==, 2);
  expect_violations (fixture, "");

  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/claim-candidates",
                                      "{\"type\":\"runtime_claim_candidates\",\"version\":1,\"endpoint_id\":\"ep_1\"}", &refused),
                    ==, 403);
  expect_violations (fixture, "nonce: a request for 'ep_1' has another nonce");
}

static void
test_bound_to_another (SimFixture    *fixture,
                       gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autofree char *other = sim_fixture_endpoint (fixture);
  g_autoptr(JsonObject) refused = NULL;
  g_autofree char *answer = NULL;

  g_test_summary ("What is bound to one session is not shown to another, and not given to it.");

  rb_sim_work_add_row (fixture->work, "m1", "bob", "one", other);
  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/claim-candidates", CANDIDATES, &answer), ==, 200);
  g_assert_cmpstr (answer, ==, "{\"items\":[]}");
  refused = claim (fixture, "", 409);
  g_assert_cmpstr (rb_sim_json_string (refused, "error"), ==, "claim_not_allowed");
}

static void
test_claim (SimFixture    *fixture,
            gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autoptr(JsonObject) missing = claim (fixture, "", 404);
  g_autoptr(JsonObject) claimed = NULL;
  g_autoptr(JsonObject) refused = NULL;
  g_autoptr(JsonObject) recovered = NULL;
  JsonObject *message;

  g_test_summary ("A claim mints an assignment and a token; the second is refused, and recovered on request.");

  rb_sim_gateway_deliver (fixture->gateway, "m1", "bob", "the whole text", "{\"correlation_id\":\"c\"}");
  sim_fixture_post (fixture, "/v1/runtime/undispatched-changed", ADD ("m1", ""));
  claimed = claim (fixture, ",\"assignment_mode\":\"staged\"", 201);
  message = rb_sim_json_object (claimed, "message");
  g_assert_cmpstr (rb_sim_json_string (claimed, "assignment_id"), ==, "as_1");
  g_assert_cmpstr (rb_sim_json_string (message, "content"), ==, "the whole text");
  g_assert_cmpstr (rb_sim_json_string (rb_sim_json_object (message, "metadata"), "correlation_id"), ==, "c");
  g_assert_true (rb_sim_work_lookup (fixture->work, "as_1")->is_staged);
  refused = claim (fixture, "", 409);
  g_assert_cmpstr (rb_sim_json_string (refused, "assignment_failure_category"), ==, "assignment_in_progress");
  recovered = claim (fixture, ",\"recover_existing\":true", 200);
  g_assert_false (rb_sim_json_flag (recovered, "claimed"));
  g_assert_cmpstr (rb_sim_json_string (recovered, "broker_projection_token"), ==,
                   rb_sim_json_string (claimed, "broker_projection_token"));
}

static void
test_release (SimFixture    *fixture,
              gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autoptr(JsonObject) claimed = NULL;
  g_autofree char *wrong = NULL;
  g_autofree char *right = NULL;

  g_test_summary ("A release has to name what was claimed; then the row is free.");

  rb_sim_work_add_row (fixture->work, "m1", "bob", "one", NULL);
  claimed = claim (fixture, "", 201);
  json_object_set_string_member (claimed, "source_message_id", "m9");
  wrong = rb_sim_json_to_text (claimed);
  json_object_set_string_member (claimed, "source_message_id", "m1");
  right = rb_sim_json_to_text (claimed);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/self-claim/release", wrong), ==, 409);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/self-claim/release", right), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/self-claim/release", right), ==, 404);
  expect_in_candidates (fixture, "\"claim_policy\":\"node_pull_only\"");
  expect_violations (fixture, "release/fields: a release of 'as_1' does not name what was claimed");
}

static void
test_settle (SimFixture    *fixture,
             gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  const char *body = "{\"undispatched_id\":\"m1\",\"endpoint_id\":\"ep_1\",\"endpoint_nonce\":\"n\"}";
  g_autofree char *answer = NULL;

  g_test_summary ("What is settled is gone.");

  rb_sim_work_add_row (fixture->work, "m1", "bob", "one", NULL);
  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/self-settle", body, &answer), ==, 200);
  g_assert_cmpstr (answer, ==, "{\"undispatched_id\":\"m1\",\"remove_reason\":\"handled_no_reply\",\"settled\":true}");
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/self-settle", body), ==, 404);
}

/* A row that is assigned to ep_1; its token. */
static const char *
dispatch (SimFixture *fixture)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autofree char *key = NULL;

  rb_sim_work_add_row (fixture->work, "m1", "bob", "one", NULL);
  key = rb_sim_dispatch (fixture->sim, "m1", id);
  g_assert_cmpstr (key, ==, "as_1");
  return rb_sim_work_lookup (fixture->work, "as_1")->token;
}

static void
test_states (SimFixture    *fixture,
             gconstpointer  data)
{
  const char *token = dispatch (fixture);

  g_test_summary ("A dispatched message goes from assignment to answer, and each state may be repeated.");

  g_assert_cmpuint (report (fixture, "as_1", "assigned_to_runtime_target", 1, token), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "assigned_to_runtime_target", 1, token), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "adapter_accepted", 2, NULL), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "reply_requested", 3, token), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "reply_emitted", 4, token), ==, 204);
  g_assert_cmpuint (rb_sim_work_lookup (fixture->work, "m1")->states->len, ==, 4);
  g_assert_true (rb_sim_work_lookup_row (fixture->work, "m1")->is_done);
  g_assert_cmpuint (report (fixture, "as_1", "processing_started", 5, NULL), ==, 409);
  g_assert_cmpuint (report (fixture, "as_9", "processing_started", 5, NULL), ==, 409);
  expect_violations (fixture, "");
}

static void
test_state_refused (SimFixture    *fixture,
                    gconstpointer  data)
{
  const char *token = dispatch (fixture);

  g_test_summary ("Wrong tokens, sequences, targets, fields and an order that cannot be are objected to.");

  g_assert_cmpuint (report (fixture, "as_1", "assigned_to_runtime_target", 1, "wrong"), ==, 403);
  g_assert_cmpuint (report (fixture, "as_1", "assigned_to_runtime_target", 1, token), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "reply_requested", 2, token), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "processing_started", 2, NULL), ==, 409);
  g_assert_cmpuint (report (fixture, "as_1", "no_such_state", 3, NULL), ==, 422);
  g_assert_cmpuint (report (fixture, "as_1", "processing_started", 4, token), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/processing-state", "{\"type\":\"runtime_processing_state\",\"version\":1}"),
                    ==, 422);
  expect_violations (fixture,
                     "processing-state/token: 'assigned_to_runtime_target' of 'as_1' carries another token\n"
                     "processing-state/order: 'reply_requested' of 'as_1' before adapter_accepted\n"
                     "processing-state/sequence: 'processing_started' of 'as_1' has 2 after 2\n"
                     "processing-state/token: 'processing_started' carries a projection token\n"
                     "processing-state/fields: 'occurred_at' is missing or of another type");
}

static void
test_lost (SimFixture    *fixture,
           gconstpointer  data)
{
  const char *token = dispatch (fixture);

  g_test_summary ("A target that is lost before it accepted, and a failed acknowledgement, free the row for the next.");

  g_assert_cmpuint (report (fixture, "as_1", "assigned_to_runtime_target", 1, token), ==, 204);
  g_assert_cmpuint (report (fixture, "as_1", "target_lost_before_acceptance", 2, NULL), ==, 204);
  g_assert_cmpuint (rb_sim_work_count_waiting (fixture->work), ==, 1);
  g_free (rb_sim_dispatch (fixture->sim, "m1", "ep_1"));
  g_assert_cmpuint (rb_sim_work_count_waiting (fixture->work), ==, 0);
  sim_fixture_post (fixture, "/v1/runtime/control-ack", "{\"idempotency_key\":\"as_2\",\"status\":\"failed\",\"detail\":\"x\"}");
  g_assert_cmpuint (rb_sim_work_count_waiting (fixture->work), ==, 1);
  expect_violations (fixture, "");
}

/* Expects @text in the answer to a reading of conversation "conv", with @more in the request. */
static void
expect_in_history (SimFixture *fixture,
                   const char *more,
                   guint       status,
                   const char *text)
{
  g_autofree char *body = g_strdup_printf ("{\"type\":\"runtime_session_conversation_history\",\"version\":1,\"endpoint_id\":\"ep_1\","
                                           "\"conversation_ref\":{\"kind\":\"session_conversation\",\"id\":\"conv\"}%s}", more);
  g_autofree char *answer = NULL;

  g_assert_cmpuint (sim_fixture_call (fixture, "POST", "/v1/runtime/session-conversation-history", body, &answer), ==, status);
  g_test_message ("%s", answer);
  g_assert_nonnull (strstr (answer, text));
}

static void
test_history (SimFixture    *fixture,
              gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);

  g_test_summary ("A conversation is read page by page; an unknown one is 404, and it takes the nonce.");

  expect_in_history (fixture, ",\"endpoint_nonce\":\"n\"", 404, "conversation_not_found");
  rb_sim_add_history (fixture->sim, "conv", "{\"message_id\":\"h1\"}");
  rb_sim_add_history (fixture->sim, "conv", "{\"message_id\":\"h2\"}");
  rb_sim_add_history (fixture->sim, "conv", "{\"message_id\":\"h3\"}");
  expect_in_history (fixture, ",\"endpoint_nonce\":\"wrong\"", 403, "endpoint_nonce_mismatch");
  expect_in_history (fixture, ",\"endpoint_nonce\":\"n\"", 200,
                     "\"items\":[{\"message_id\":\"h1\"},{\"message_id\":\"h2\"},{\"message_id\":\"h3\"}],\"has_more\":false");
  expect_in_history (fixture, ",\"endpoint_nonce\":\"n\",\"limit\":1,\"after\":\"h1\"", 200,
                     "\"items\":[{\"message_id\":\"h2\"}],\"has_more\":true");
  expect_in_history (fixture, ",\"endpoint_nonce\":\"n\",\"limit\":1,\"before\":\"h3\"", 200,
                     "\"items\":[{\"message_id\":\"h2\"}],\"has_more\":true");
}

static void
test_reset (SimFixture    *fixture,
            gconstpointer  data)
{
  g_autofree char *id = NULL;

  g_test_summary ("A reset forgets everything.");

  dispatch (fixture);
  rb_sim_fail (fixture->sim, "*", 0, 500, NULL);
  rb_sim_reset (fixture->sim);
  g_assert_cmpuint (rb_sim_count (fixture->sim, "*", NULL), ==, 0);
  g_assert_null (rb_sim_work_lookup_row (fixture->work, "m1"));
  id = sim_fixture_endpoint (fixture);
  g_assert_cmpstr (id, ==, "ep_1");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  sim_fixture_add ("/sim/work/endpoint", test_endpoint);
  sim_fixture_add ("/sim/work/unauthorized", test_unauthorized);
  sim_fixture_add ("/sim/work/settings", test_settings);
  sim_fixture_add ("/sim/work/fields", test_fields);
  sim_fixture_add ("/sim/work/legacy", test_legacy);
  sim_fixture_add ("/sim/work/candidates", test_candidates);
  sim_fixture_add ("/sim/work/candidates/bound-to-another", test_bound_to_another);
  sim_fixture_add ("/sim/work/claim", test_claim);
  sim_fixture_add ("/sim/work/release", test_release);
  sim_fixture_add ("/sim/work/settle", test_settle);
  sim_fixture_add ("/sim/work/states", test_states);
  sim_fixture_add ("/sim/work/states/refused", test_state_refused);
  sim_fixture_add ("/sim/work/states/lost", test_lost);
  sim_fixture_add ("/sim/work/history", test_history);
  sim_fixture_add ("/sim/work/reset", test_reset);
  return g_test_run ();
}
