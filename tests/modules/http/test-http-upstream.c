/* test-http-upstream.c: every call and every event over a simulated API, plainly and with every fault (protocol.md 14.1, 14.2, 14.5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-fixture.h"
#include "rb-error.h"
#include "rb-fake-clock.h"

#include <string.h>

#define TARGET_TEXT "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_1'>, 'background_exchange_mode': <'resident_endpoint'>}"
#define REGISTRATION "{'runtime_kind': <'codex'>, 'endpoint_nonce': <'n1'>, 'display_label': <'L'>, " \
                     "'runtime_capabilities': <['background_exchange_v1']>, 'background_exchange_mode': <'resident_endpoint'>}"

/* How a success is told, and whether what it says is read. */
typedef enum {
  TELLS_204,      /* 204 is the only success */
  TELLS_2XX,      /* any 2xx; nobody reads the body */
  TELLS_BODY,     /* the body is read */
  TELLS_LENIENT,  /* it is read, and makes sense whatever its types are */
} Tells;

typedef struct {
  int         which;       /* RbUpstreamCall, or 100 + RbEventKind */
  const char *request;     /* as the simulation names it */
  const char *arguments;   /* or the payload of the event */
  Tells       tells;
  gint64      timeout_ms;
  guint       terminal;
} Route;

#define EVENT(kind) (100 + (kind))

static const Route routes[] = {
  { RB_UPSTREAM_REGISTER_ENDPOINT, "POST /v1/runtime-endpoints", REGISTRATION, TELLS_BODY, 15000, 422 },
  { RB_UPSTREAM_HEARTBEAT, "POST /v1/runtime-endpoints/ep_1/heartbeat", "{'endpoint_id': <'ep_1'>}", TELLS_2XX, 15000, 403 },
  { RB_UPSTREAM_ENDPOINT_STATE, "POST /v1/runtime-endpoints/ep_1/state",
    "{'endpoint_id': <'ep_1'>, 'state': <'active'>, 'reason': <'register'>, 'ts': <'2026-01-01T00:00:00.000Z'>}", TELLS_2XX, 15000, 422 },
  { RB_UPSTREAM_UNREGISTER, "DELETE /v1/runtime-endpoints/ep_1", "{'endpoint_id': <'ep_1'>}", TELLS_2XX, 15000, 404 },
  { RB_UPSTREAM_DISPLAY_METADATA, "POST /v1/runtime-endpoints/ep_1/display-metadata", "{'endpoint_id': <'ep_1'>, 'task_hint': <'h'>}",
    TELLS_2XX, 15000, 404 },
  { RB_UPSTREAM_LOOKUP_CLOSED, "GET /v1/runtime-endpoints/ep_1", "{'endpoint_id': <'ep_1'>}", TELLS_LENIENT, 15000, 403 },
  { RB_UPSTREAM_CAPABILITIES, "GET /v1/runtime/capabilities", "@a{sv} {}", TELLS_LENIENT, 15000, 404 },
  { RB_UPSTREAM_ROUTE_CLAIM, "POST /v1/runtime/inbound-route-claim",
    "{'source_message_id': <'m1'>, 'routed_to_endpoint_id': <'ep_1'>, 'route_kind': <'active_endpoint'>, 'claimed_at': <int64 5>}",
    TELLS_BODY, 15000, 403 },
  { RB_UPSTREAM_CANDIDATES, "POST /v1/runtime/claim-candidates",
    "{'endpoint_id': <'ep_1'>, 'endpoint_nonce': <'n1'>, 'limit': <int64 256>}", TELLS_BODY, 30000, 409 },
  { RB_UPSTREAM_SELF_CLAIM, "POST /v1/runtime/self-claim",
    "{'undispatched_id': <'u1'>, 'target_endpoint_id': <'ep_1'>, 'endpoint_nonce': <'n1'>, 'recover_existing': <true>}",
    TELLS_BODY, 15000, 409 },
  { RB_UPSTREAM_RELEASE_CLAIM, "POST /v1/runtime/self-claim/release",
    "{'undispatched_id': <'u1'>, 'source_message_id': <'u1'>, 'assignment_id': <'a1'>, 'target_ref': <" TARGET_TEXT ">, "
    "'endpoint_nonce': <'n1'>, 'broker_projection_token': <'T'>}", TELLS_204, 15000, 403 },
  { RB_UPSTREAM_HISTORY, "POST /v1/runtime/session-conversation-history",
    "{'endpoint_id': <'ep_1'>, 'endpoint_nonce': <'n1'>, 'conversation_ref': <{'kind': <'session_conversation'>, 'id': <'c1'>}>, "
    "'limit': <int64 10>}", TELLS_BODY, 30000, 404 },
  { RB_UPSTREAM_SELF_SETTLE, "POST /v1/runtime/self-settle",
    "{'undispatched_id': <'u1'>, 'endpoint_id': <'ep_1'>, 'endpoint_nonce': <'n1'>}", TELLS_BODY, 15000, 409 },
  { EVENT (RB_EVENT_UNDISPATCHED_CHANGED), "POST /v1/runtime/undispatched-changed",
    "{\"type\":\"undispatched_changed\",\"version\":1,\"action\":\"add\",\"undispatched_id\":\"u2\",\"source_message_id\":\"u2\","
    "\"sender_address\":\"bob\",\"content_preview\":\"hi\",\"reason\":\"no_target_endpoint\",\"arrived_at\":5,"
    "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\"traceId\":\"0af7651916cd43dd8448eb211c80319c\"}",
    TELLS_204, 15000, 422 },
  { EVENT (RB_EVENT_PRESENCE_CHANGED), "POST /v1/runtime/network-presence-changed",
    "{\"type\":\"network_presence_changed\",\"version\":1,\"state\":\"online\",\"ts\":5,\"reason\":\"connector_connected\"}",
    TELLS_204, 15000, 401 },
  { EVENT (RB_EVENT_INBOUND_ROUTED), "POST /v1/runtime/inbound-routed",
    "{\"type\":\"runtime_inbound_routed\",\"version\":1,\"source_message_id\":\"m1\",\"routed_to_endpoint_id\":\"ep_1\","
    "\"route_kind\":\"active_endpoint\",\"routed_at\":5}", TELLS_204, 15000, 422 },
  { EVENT (RB_EVENT_PROCESSING_STATE), "POST /v1/runtime/processing-state", NULL, TELLS_204, 15000, 403 },
  { EVENT (RB_EVENT_ENDPOINT_STATE), "POST /v1/runtime-endpoints/ep_1/state",
    "{\"state\":\"active\",\"reason\":\"register\",\"ts\":\"2026-01-01T00:00:00.000Z\"}", TELLS_2XX, 15000, 422 },
};

/* An endpoint ep_1, a row u1 that it may claim, a conversation c1. */
static void
make_model (HttpFixture *fixture)
{
  g_autoptr(GVariant) registered = http_fixture_call (fixture, RB_UPSTREAM_REGISTER_ENDPOINT, REGISTRATION, NULL);
  const char *id = NULL;

  g_assert_nonnull (registered);
  g_assert_true (g_variant_lookup (registered, "endpoint_id", "&s", &id));
  g_assert_cmpstr (id, ==, "ep_1");
  rb_sim_work_add_row (rb_sim_get_work (fixture->sim), "u1", "bob@sim", "hello", NULL);
  rb_sim_add_history (fixture->sim, "c1", "{\"message_id\":\"h1\",\"source_node_id\":\"a\",\"target_node_id\":\"b\",\"timestamp\":\"t\"}");
}

static const char *
event_subject (const Route *route)
{
  return route->which == EVENT (RB_EVENT_ENDPOINT_STATE) ? "ep_1" : "subject";
}

/* A claim of ours, so that a state or a release is about something. */
static GVariant *
claim (HttpFixture *fixture)
{
  g_autoptr(GError) error = NULL;
  GVariant *claimed = http_fixture_call (fixture, RB_UPSTREAM_SELF_CLAIM, routes[9].arguments, &error);

  g_assert_no_error (error);
  return claimed;
}

static char *
claimed_text (GVariant   *claimed,
              const char *name)
{
  char *text = NULL;

  g_assert_true (g_variant_lookup (claimed, name, "s", &text));
  return text;
}

static char *
dup_processing_state (HttpFixture *fixture)
{
  g_autoptr(GVariant) claimed = claim (fixture);
  g_autofree char *assignment = claimed_text (claimed, "assignment_id");
  g_autofree char *source = claimed_text (claimed, "source_message_id");
  g_autofree char *token = claimed_text (claimed, "broker_projection_token");

  return g_strdup_printf ("{\"type\":\"runtime_processing_state\",\"version\":1,\"source_message_id\":\"%s\",\"assignment_id\":\"%s\","
                          "\"state_event_id\":\"%s:assigned\",\"state_sequence\":1,\"state\":\"assigned_to_runtime_target\",\"occurred_at\":5,"
                          "\"undispatched_id\":\"u1\",\"broker_projection_token\":\"%s\",\"target_ref\":{\"kind\":\"projection_endpoint\","
                          "\"projection_endpoint_id\":\"ep_1\",\"background_exchange_mode\":\"resident_endpoint\"}}",
                          source, assignment, assignment, token);
}

static char *
dup_release (HttpFixture *fixture)
{
  g_autoptr(GVariant) claimed = claim (fixture);
  g_autofree char *assignment = claimed_text (claimed, "assignment_id");
  g_autofree char *source = claimed_text (claimed, "source_message_id");
  g_autofree char *token = claimed_text (claimed, "broker_projection_token");

  return g_strdup_printf ("{'undispatched_id': <'u1'>, 'source_message_id': <'%s'>, 'assignment_id': <'%s'>, 'target_ref': <" TARGET_TEXT ">,"
                          " 'endpoint_nonce': <'n1'>, 'broker_projection_token': <'%s'>}", source, assignment, token);
}

static char *
dup_arguments (HttpFixture *fixture,
               const Route *route)
{
  if (route->which == EVENT (RB_EVENT_PROCESSING_STATE))
    return dup_processing_state (fixture);
  if (route->which == RB_UPSTREAM_RELEASE_CLAIM)
    return dup_release (fixture);
  return g_strdup (route->arguments);
}

/* The route's request, begun; its outcome is asked for with end(). */
static void
begin (HttpFixture   *fixture,
       const Route   *route,
       const char    *arguments,
       GAsyncResult **result)
{
  g_autoptr(GBytes) payload = g_bytes_new (arguments, strlen (arguments));
  g_autoptr(RbEvent) event = NULL;

  if (route->which < 100)
    {
      http_fixture_begin (fixture, (RbUpstreamCall) route->which, arguments, result);
      return;
    }
  event = rb_event_new ((RbEventKind) (route->which - 100), event_subject (route), payload);
  rb_emitter_emit_async (RB_EMITTER (fixture->emitter), event, NULL, rb_test_store_result, result);
}

/* NULL: it succeeded */
static GError *
end (HttpFixture  *fixture,
     const Route  *route,
     GAsyncResult *result)
{
  g_autoptr(GVariant) answer = NULL;
  GError *error = NULL;

  if (route->which < 100)
    answer = rb_upstream_call_finish (RB_UPSTREAM (fixture->upstream), result, &error);
  else
    rb_emitter_emit_finish (RB_EMITTER (fixture->emitter), result, &error);
  g_assert_true (route->which >= 100 || (answer == NULL) == (error != NULL));
  return error;
}

static GError *
run (HttpFixture *fixture,
     const Route *route)
{
  g_autofree char *arguments = dup_arguments (fixture, route);
  g_autoptr(GAsyncResult) result = NULL;

  begin (fixture, route, arguments, &result);
  rb_test_wait_until (result != NULL);
  return end (fixture, route, result);
}

static void
test_plain (HttpFixture   *fixture,
            gconstpointer  data)
{
  const Route *route = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *violations = NULL;
  g_autofree char *authorization = NULL;
  const RbSimEntry *entry;

  g_test_summary ("The simulated API agrees, and finds nothing wrong with what it was sent.");

  http_fixture_start (fixture);
  make_model (fixture);
  error = run (fixture, route);
  g_assert_no_error (error);

  violations = rb_sim_dup_violations (fixture->sim);
  g_assert_cmpstr (violations, ==, "");
  entry = rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, route->request, NULL, -1);
  g_assert_nonnull (entry);
  authorization = g_strdup_printf ("Bearer %s", rb_sim_get_token (fixture->sim));
  g_assert_cmpstr (entry->authorization, ==, authorization);
}

static void
check_details (const GError *error,
               gint64        status)
{
  gint64 said = 0;

  g_assert_nonnull (rb_error_get_details (error));
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "status", "x", &said));
  g_assert_cmpint (said, ==, status);
}

static void
expect_success (const Route  *route,
                const GError *error)
{
  g_assert_no_error (error);
}

static void
expect_network_error (const Route  *route,
                      const GError *error)
{
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_true (g_str_has_prefix (error->message, "network network: "));
  g_assert_null (rb_error_get_details (error));
}

static void
expect_timeout (const Route  *route,
                const GError *error)
{
  g_autofree char *text = g_strdup_printf ("network timeout: timed out after %" G_GINT64_FORMAT "ms", route->timeout_ms);

  http_assert_error (error, RB_ERROR_TIMED_OUT, text, NULL);
}

static void
expect_nonsense (const Route  *route,
                 const GError *error)
{
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_nonnull (strstr (error->message, "respon"));
  g_assert_nonnull (rb_error_get_details (error));
}

static void
expect_other_2xx (const Route  *route,
                  const GError *error)
{
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  check_details (error, 200);
}

static void
expect_terminal (const Route  *route,
                 const GError *error)
{
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_nonnull (strstr (error->message, "because"));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "refused");
  check_details (error, route->terminal);
}

static void
expect_unavailable (const Route  *route,
                    const GError *error)
{
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  check_details (error, 500);
}

static void
expect_too_many (const Route  *route,
                 const GError *error)
{
  gint64 wait_ms = 0;

  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  check_details (error, 429);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "retry_after_ms", "x", &wait_ms));
  g_assert_cmpint (wait_ms, ==, 3000);
}

static void
expect_redirect (const Route  *route,
                 const GError *error)
{
  g_assert_true (g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED) || g_error_matches (error, RB_ERROR, RB_ERROR_UNAVAILABLE));
  check_details (error, 302);
}

typedef void (*Expectation) (const Route *route, const GError *error);

typedef struct {
  const char  *name;
  RbSimFault   fault;
  gboolean     hangs;      /* the clock has to be moved on */
  Expectation  expected[4];   /* by Tells */
} Trouble;

static const Trouble troubles[] = {
  { "terminal", { .kind = RB_SIM_FAULT_STATUS, .body = "{\"error\":\"refused\",\"message\":\"because\"}" }, FALSE,
    { expect_terminal, expect_terminal, expect_terminal, expect_terminal } },
  { "status-500", { .kind = RB_SIM_FAULT_STATUS, .status = 500 }, FALSE,
    { expect_unavailable, expect_unavailable, expect_unavailable, expect_unavailable } },
  { "status-429", { .kind = RB_SIM_FAULT_STATUS, .status = 429, .header = "Retry-After: 3" }, FALSE,
    { expect_too_many, expect_too_many, expect_too_many, expect_too_many } },
  { "redirect", { .kind = RB_SIM_FAULT_STATUS, .status = 302, .header = "Location: /v1/whoami" }, FALSE,
    { expect_redirect, expect_redirect, expect_redirect, expect_redirect } },
  { "slow", { .kind = RB_SIM_FAULT_DELAY, .delay_ms = 20 }, FALSE, { expect_success, expect_success, expect_success, expect_success } },
  { "hang", { .kind = RB_SIM_FAULT_HANG }, TRUE, { expect_timeout, expect_timeout, expect_timeout, expect_timeout } },
  { "close", { .kind = RB_SIM_FAULT_CLOSE }, FALSE,
    { expect_network_error, expect_network_error, expect_network_error, expect_network_error } },
  { "reset", { .kind = RB_SIM_FAULT_RESET }, FALSE,
    { expect_network_error, expect_network_error, expect_network_error, expect_network_error } },
  { "lost-answer", { .kind = RB_SIM_FAULT_LOST_ANSWER }, FALSE,
    { expect_network_error, expect_network_error, expect_network_error, expect_network_error } },
  { "half-body", { .kind = RB_SIM_FAULT_HALF_BODY }, FALSE,
    { expect_other_2xx, expect_success, expect_network_error, expect_network_error } },
  { "stalled-body", { .kind = RB_SIM_FAULT_STALLED_BODY }, TRUE,
    { expect_other_2xx, expect_success, expect_timeout, expect_timeout } },
  { "garbage", { .kind = RB_SIM_FAULT_GARBAGE }, FALSE, { expect_other_2xx, expect_success, expect_nonsense, expect_success } },
  { "huge", { .kind = RB_SIM_FAULT_HUGE }, FALSE, { expect_other_2xx, expect_success, expect_nonsense, expect_nonsense } },
  { "wrong-types", { .kind = RB_SIM_FAULT_WRONG_TYPES }, FALSE,
    { expect_other_2xx, expect_success, expect_nonsense, expect_success } },
  { "not-http", { .kind = RB_SIM_FAULT_NOT_HTTP }, FALSE,
    { expect_network_error, expect_network_error, expect_network_error, expect_network_error } },
};

typedef struct {
  const Route   *route;
  const Trouble *trouble;
} Case;

/* The two that are lenient in what they read are not in what they refuse: capabilities must be an object, a lookup need not. */
static Expectation
expectation (const Case *one)
{
  if (g_str_equal (one->trouble->name, "garbage") && one->route->which == RB_UPSTREAM_CAPABILITIES)
    return expect_nonsense;
  return one->trouble->expected[one->route->tells];
}

static void
test_trouble (HttpFixture   *fixture,
              gconstpointer  data)
{
  const Case *one = data;
  g_autofree char *arguments = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  RbSimFault fault = one->trouble->fault;
  guint before;

  g_test_summary ("Whatever happens to the answer, the call ends, in time, and says what can be done about it.");

  http_fixture_start (fixture);
  make_model (fixture);
  arguments = dup_arguments (fixture, one->route);
  fault.request = one->route->request;
  if (fault.kind == RB_SIM_FAULT_STATUS && fault.status == 0)
    fault.status = one->route->terminal;
  rb_sim_add_fault (fixture->sim, &fault);

  before = rb_sim_count (fixture->sim, one->route->request, NULL);
  begin (fixture, one->route, arguments, &result);
  rb_test_wait_until (rb_sim_count (fixture->sim, one->route->request, NULL) > before);
  if (one->trouble->hangs)
    {
      rb_test_settle ();
      rb_fake_clock_advance (fixture->clock, one->route->timeout_ms);
    }
  rb_test_wait_until (result != NULL);
  error = end (fixture, one->route, result);
  expectation (one) (one->route, error);
}

static void
test_state_missing (HttpFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("The state of an endpoint that the upstream does not know is told with success, and logged (14.5).");

  http_fixture_start (fixture);
  answer = http_fixture_call (fixture, RB_UPSTREAM_ENDPOINT_STATE,
                              "{'endpoint_id': <'gone'>, 'state': <'active'>, 'reason': <'register'>, 'ts': <'t'>}", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rb_test_count_log ("transitionState_404_degraded"), ==, 1);
  g_assert_true (http_fixture_emit (fixture, RB_EVENT_ENDPOINT_STATE, "gone", routes[17].arguments, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (rb_test_count_log ("transitionState_404_degraded"), ==, 1);
}

static void
test_lookup (HttpFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr(GVariant) unknown = NULL;
  g_autoptr(GVariant) alive = NULL;
  g_autoptr(GVariant) closed = NULL;
  g_autofree char *expected = NULL;
  const RbSimEntry *entry;

  g_test_summary ("An endpoint is unknown, alive or closed; it is asked for in our own name (14.7).");

  http_fixture_start (fixture);
  make_model (fixture);
  rb_sim_endpoints_add_past (rb_sim_get_endpoints (fixture->sim), "ep_old", "2026-01-01T00:00:00.000Z");
  unknown = http_fixture_call (fixture, RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'nobody at all'>}", NULL);
  alive = http_fixture_call (fixture, RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'ep_1'>}", NULL);
  closed = http_fixture_call (fixture, RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'ep_old'>}", NULL);
  http_assert_variant (unknown, "{'exists': <false>}");
  http_assert_variant (alive, "{'exists': <true>}");
  http_assert_variant (closed, "{'exists': <true>, 'retired_at': <'2026-01-01T00:00:00.000Z'>}");

  entry = rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, "GET /v1/runtime-endpoints/ep_old", NULL, -1);
  expected = g_strdup_printf ("as=%s", rb_sim_get_node_id (fixture->sim));
  g_assert_cmpstr (entry->query, ==, expected);
}

static void
test_features (HttpFixture   *fixture,
               gconstpointer  data)
{
  g_test_summary ("The closed endpoint lookup can be turned off (IMP-29).");

  http_fixture_set (fixture, "closed-endpoint-lookup", "false");
  http_fixture_make (fixture);
  g_assert_cmpint (rb_upstream_get_features (RB_UPSTREAM (fixture->upstream)), ==, RB_UPSTREAM_HAS_ROUTE_CLAIM | RB_UPSTREAM_HAS_CANDIDATES);
  g_assert_true (rb_emitter_is_authority (RB_EMITTER (fixture->emitter)));
}

static void
test_not_running (HttpFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) asked = NULL;
  g_autoptr(GError) emitted = NULL;

  g_test_summary ("Before the start there is nothing to be had, now.");

  http_fixture_make (fixture);
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", &asked));
  g_assert_error (asked, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_false (http_fixture_emit (fixture, RB_EVENT_PRESENCE_CHANGED, "network", "{}", &emitted));
  g_assert_error (emitted, RB_ERROR, RB_ERROR_UNAVAILABLE);
}

static void
test_stop_in_flight (HttpFixture   *fixture,
                     gconstpointer  data)
{
  const RbSimFault fault = { .request = "*", .kind = RB_SIM_FAULT_HANG };
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func (g_free);
  guint before;

  g_test_summary ("A stop ends whatever is in flight at once, and leaves nothing behind.");

  http_fixture_start (fixture);
  make_model (fixture);
  before = rb_sim_count (fixture->sim, "*", NULL);
  rb_sim_add_fault (fixture->sim, &fault);
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      GAsyncResult **result = g_new0 (GAsyncResult *, 1);

      g_ptr_array_add (results, result);
      begin (fixture, &routes[i], routes[i].arguments != NULL ? routes[i].arguments : "{}", result);
    }
  rb_test_wait_until (rb_sim_count (fixture->sim, "*", NULL) >= before + G_N_ELEMENTS (routes));

  http_fixture_stop_one (fixture->upstream);
  http_fixture_stop_one (fixture->emitter);
  rb_test_settle ();
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      g_autoptr(GAsyncResult) result = *(GAsyncResult **) results->pdata[i];
      g_autoptr(GError) error = NULL;

      g_assert_nonnull (result);
      error = end (fixture, &routes[i], result);
      g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
    }
}

static void
test_cancel (HttpFixture   *fixture,
             gconstpointer  data)
{
  const RbSimFault fault = { .request = "GET /v1/runtime/capabilities", .kind = RB_SIM_FAULT_HANG };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A cancelled call ends at once, with the error of a cancellation.");

  http_fixture_start (fixture);
  rb_sim_add_fault (fixture->sim, &fault);
  rb_upstream_call_async (RB_UPSTREAM (fixture->upstream), RB_UPSTREAM_CAPABILITIES, NULL, cancellable, rb_test_store_result, &result);
  rb_test_wait_until (rb_sim_count (fixture->sim, fault.request, NULL) == 1);
  g_cancellable_cancel (cancellable);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_upstream_call_finish (RB_UPSTREAM (fixture->upstream), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_down (HttpFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr(GError) away = NULL;
  g_autoptr(GError) back = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("An upstream that went away is noticed at each call, and used again when it is back.");

  http_fixture_start (fixture);
  rb_sim_down (fixture->sim);
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", &away));
  expect_network_error (NULL, away);
  g_assert_true (rb_sim_up (fixture->sim, NULL));
  answer = http_fixture_call (fixture, RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", &back);
  g_assert_no_error (back);
}

static void
add (const char    *path,
     gconstpointer  data,
     void         (*test) (HttpFixture *fixture, gconstpointer data))
{
  g_test_add (path, HttpFixture, data, http_fixture_set_up, test, http_fixture_tear_down);
}

static const char *
route_name (const Route *route)
{
  return route->which < 100 ? rb_upstream_call_to_string ((RbUpstreamCall) route->which)
                            : rb_event_kind_to_string ((RbEventKind) (route->which - 100));
}

static void
add_routes (GPtrArray *cases)
{
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      const char *kind = routes[i].which < 100 ? "call" : "event";
      g_autofree char *plain = g_strdup_printf ("/http/%s/%s/plain", kind, route_name (&routes[i]));

      add (plain, &routes[i], test_plain);
      for (gsize j = 0; j < G_N_ELEMENTS (troubles); j++)
        {
          g_autofree char *path = g_strdup_printf ("/http/%s/%s/%s", kind, route_name (&routes[i]), troubles[j].name);
          Case *one = g_new (Case, 1);

          *one = (Case) { &routes[i], &troubles[j] };
          g_ptr_array_add (cases, one);
          add (path, one, test_trouble);
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);

  rb_test_init (&argc, &argv);
  add_routes (cases);
  add ("/http/upstream/state-missing", NULL, test_state_missing);
  add ("/http/upstream/lookup", NULL, test_lookup);
  add ("/http/upstream/features", NULL, test_features);
  add ("/http/upstream/not-running", NULL, test_not_running);
  add ("/http/upstream/stop-in-flight", NULL, test_stop_in_flight);
  add ("/http/upstream/cancel", NULL, test_cancel);
  add ("/http/upstream/down", NULL, test_down);
  return g_test_run ();
}
