/* test-sim-faults.c: every fault of a request is really played
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-fixture.h"

#include <string.h>

static void
add_fault (SimFixture     *fixture,
           RbSimFaultKind  kind)
{
  const RbSimFault fault = { .request = "GET /v1/whoami", .kind = kind, .times = 1 };

  rb_sim_add_fault (fixture->sim, &fault);
}

static guint
whoami (SimFixture  *fixture,
        char       **answer)
{
  return sim_fixture_call (fixture, "GET", "/v1/whoami", NULL, answer);
}

static void
test_plain (SimFixture    *fixture,
            gconstpointer  data)
{
  g_autofree char *answer = NULL;
  const RbSimEntry *entry;

  g_test_summary ("Without a fault the answer is plain; the record has its headers and status.");

  g_assert_cmpuint (whoami (fixture, &answer), ==, 200);
  g_assert_nonnull (strstr (answer, "\"subjectType\":\"agent-runtime\""));
  entry = rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, "GET /v1/who*", NULL, -1);
  g_assert_cmpstr (entry->authorization, ==, "Bearer sim-token");
  g_assert_cmpuint (entry->status, ==, 200);
  g_assert_cmpint (entry->at_us, >, 0);
}

static void
test_status (SimFixture    *fixture,
             gconstpointer  data)
{
  const RbSimFault fault = { .request = "POST /v1/runtime/*", .text = "second", .kind = RB_SIM_FAULT_STATUS, .status = 429,
                             .body = "{\"error\":\"slow_down\"}", .header = "Retry-After: 7", .skip = 1, .times = 1 };
  const char *path = "/v1/runtime/network-presence-changed";
  const char *second = "{\"type\":\"network_presence_changed\",\"version\":1,\"reason\":\"second\"}";
  g_autofree char *answer = NULL;

  g_test_summary ("A status is answered to requests with a certain body, from the second on, once.");

  rb_sim_add_fault (fixture->sim, &fault);
  g_assert_cmpuint (sim_fixture_post (fixture, path, "{\"type\":\"network_presence_changed\",\"version\":1}"), ==, 204);
  g_assert_cmpuint (sim_fixture_post (fixture, path, second), ==, 204);
  g_assert_cmpuint (sim_fixture_call (fixture, "POST", path, second, &answer), ==, 429);
  g_assert_cmpstr (answer, ==, "{\"error\":\"slow_down\"}");
  g_assert_cmpuint (sim_fixture_post (fixture, path, second), ==, 204);
}

static void
test_header (SimFixture    *fixture,
             gconstpointer  data)
{
  const RbSimFault fault = { .request = "*", .kind = RB_SIM_FAULT_STATUS, .status = 503, .header = "Retry-After: 7" };
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/whoami", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_test_summary ("A status comes with its header, for ever when no number of times is said, and until the faults are cleared.");

  rb_sim_add_fault (fixture->sim, &fault);
  soup_session_send_and_read_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  bytes = soup_session_send_and_read_finish (fixture->session, result, NULL);
  g_assert_cmpstr (soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After"), ==, "7");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (whoami (fixture, NULL), ==, 503);
  rb_sim_faults_clear (rb_sim_get_faults (fixture->sim));
  g_assert_cmpuint (whoami (fixture, NULL), ==, 200);
}

static void
test_delay (SimFixture    *fixture,
            gconstpointer  data)
{
  const RbSimFault fault = { .request = "GET /v1/whoami", .kind = RB_SIM_FAULT_DELAY, .delay_ms = 40, .times = 1 };
  gint64 begin = g_get_monotonic_time ();

  g_test_summary ("A delayed answer is the plain one, later.");

  rb_sim_add_fault (fixture->sim, &fault);
  g_assert_cmpuint (whoami (fixture, NULL), ==, 200);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 40 * 1000);
}

static void
test_delayed_client_left (SimFixture    *fixture,
                          gconstpointer  data)
{
  const RbSimFault fault = { .request = "GET /v1/whoami", .kind = RB_SIM_FAULT_DELAY, .delay_ms = 60, .times = 1 };
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/whoami", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A client that leaves before its late answer does no harm.");

  rb_sim_add_fault (fixture->sim, &fault);
  soup_session_send_async (fixture->session, message, G_PRIORITY_DEFAULT, cancellable, rb_test_store_result, &result);
  rb_test_wait_until (rb_sim_count (fixture->sim, "GET /v1/whoami", NULL) == 1);
  g_cancellable_cancel (cancellable);
  rb_test_wait_until (result != NULL);
  g_assert_null (soup_session_send_finish (fixture->session, result, NULL));
  rb_test_wait_until (rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, NULL, NULL, 0)->status > 0);
  g_assert_cmpuint (whoami (fixture, NULL), ==, 200);
}

static void
test_delayed_streams (SimFixture    *fixture,
                      gconstpointer  data)
{
  const RbSimFault gateway = { .request = "GET /gateway", .kind = RB_SIM_FAULT_DELAY, .delay_ms = 20, .times = 1 };
  const RbSimFault events = { .request = "GET /v1/runtime/control-events", .kind = RB_SIM_FAULT_DELAY, .delay_ms = 20, .times = 1 };
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/runtime/control-events", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GInputStream) stream = NULL;

  g_test_summary ("The WebSocket's upgrade and the event stream may come later too.");

  rb_sim_add_fault (fixture->sim, &gateway);
  rb_sim_add_fault (fixture->sim, &events);
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"status\":\"ok\""));
  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", "Bearer sim-token");
  soup_session_send_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  stream = soup_session_send_finish (fixture->session, result, NULL);
  g_assert_cmpuint (soup_message_get_status (message), ==, 200);
  g_assert_cmpuint (rb_sim_events_count (fixture->events), ==, 1);
}

static void
test_upgrade_client_left (SimFixture    *fixture,
                          gconstpointer  data)
{
  const RbSimFault fault = { .request = "GET /gateway", .kind = RB_SIM_FAULT_DELAY, .delay_ms = 60, .times = 1 };
  g_autoptr(SoupMessage) message = soup_message_new ("GET", rb_sim_get_gateway_url (fixture->sim));
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A client that leaves before its late upgrade does no harm, and is no connection.");

  rb_sim_add_fault (fixture->sim, &fault);
  soup_session_websocket_connect_async (fixture->session, message, NULL, NULL, G_PRIORITY_DEFAULT, cancellable, rb_test_store_result,
                                        &result);
  rb_test_wait_until (rb_sim_count (fixture->sim, "GET /gateway", NULL) == 1);
  g_cancellable_cancel (cancellable);
  rb_test_wait_until (result != NULL);
  rb_test_wait_until (rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, NULL, NULL, 0)->status == 101);
  rb_test_wait_until (rb_sim_gateway_count_open (fixture->gateway) == 0);
  sim_fixture_register (fixture, 0);
}

static void
test_hang (SimFixture    *fixture,
           gconstpointer  data)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/whoami", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A request that hangs gets no answer, and its connection stays open until the upstream goes down.");

  add_fault (fixture, RB_SIM_FAULT_HANG);
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  soup_session_send_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (rb_sim_count (fixture->sim, "GET /v1/whoami", NULL) == 1);
  g_assert_cmpuint (whoami (fixture, NULL), ==, 200);
  g_assert_null (result);
  rb_sim_down (fixture->sim);
  rb_test_wait_until (result != NULL);
  g_assert_null (soup_session_send_finish (fixture->session, result, NULL));
}

/* One that a client of libsoup repeats by itself on a connection that it used before would be played twice. */
static void
expect_no_answer (SimFixture     *fixture,
                  RbSimFaultKind  kind)
{
  g_autofree char *answer = NULL;

  add_fault (fixture, kind);
  g_assert_cmpuint (whoami (fixture, &answer), ==, 0);
  g_test_message ("%s", answer);
}

static void
test_no_answer (SimFixture    *fixture,
                gconstpointer  data)
{
  g_test_summary ("Closed, reset, half a body, what is no HTTP: the client gets no answer, and the next request is well again.");

  expect_no_answer (fixture, RB_SIM_FAULT_CLOSE);
  expect_no_answer (fixture, RB_SIM_FAULT_RESET);
  expect_no_answer (fixture, RB_SIM_FAULT_LOST_ANSWER);
  expect_no_answer (fixture, RB_SIM_FAULT_HALF_BODY);
  expect_no_answer (fixture, RB_SIM_FAULT_NOT_HTTP);
  g_assert_cmpuint (whoami (fixture, NULL), ==, 200);
}

static void
test_work_done (SimFixture    *fixture,
                gconstpointer  data)
{
  const char *body = "{\"runtime_kind\":\"k\",\"endpoint_nonce\":\"n\",\"display_label\":\"l\"}";
  const RbSimFault close = { .request = "POST /v1/runtime-endpoints", .kind = RB_SIM_FAULT_CLOSE, .times = 1 };
  const RbSimFault lost = { .request = "POST /v1/runtime-endpoints", .kind = RB_SIM_FAULT_LOST_ANSWER, .times = 1 };

  g_test_summary ("A lost answer is one to work that was done; a closed connection is not.");

  rb_sim_add_fault (fixture->sim, &close);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints", body), ==, 0);
  g_assert_null (rb_sim_endpoints_lookup (rb_sim_get_endpoints (fixture->sim), "ep_1"));
  rb_sim_add_fault (fixture->sim, &lost);
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime-endpoints", body), ==, 0);
  g_assert_nonnull (rb_sim_endpoints_lookup (rb_sim_get_endpoints (fixture->sim), "ep_1"));
}

static void
test_stalled_body (SimFixture    *fixture,
                   gconstpointer  data)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/whoami", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GInputStream) stream = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) rest = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_test_summary ("A body that stalls has a head and a half, and no end.");

  add_fault (fixture, RB_SIM_FAULT_STALLED_BODY);
  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", "Bearer sim-token");
  soup_session_send_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  stream = soup_session_send_finish (fixture->session, result, NULL);
  g_assert_nonnull (stream);
  g_clear_object (&result);
  g_input_stream_read_bytes_async (stream, 4096, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  bytes = g_input_stream_read_bytes_finish (stream, result, NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), >, 10);
  g_input_stream_read_bytes_async (stream, 4096, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &rest);
  rb_test_settle ();
  g_assert_null (rest);
  rb_sim_down (fixture->sim);
  rb_test_wait_until (rest != NULL);
}

static void
test_bad_bodies (SimFixture    *fixture,
                 gconstpointer  data)
{
  g_autofree char *garbage = NULL;
  g_autofree char *huge = NULL;
  g_autofree char *wrong = NULL;

  g_test_summary ("Garbage, 10 MB, and members of the wrong types.");

  add_fault (fixture, RB_SIM_FAULT_GARBAGE);
  add_fault (fixture, RB_SIM_FAULT_HUGE);
  add_fault (fixture, RB_SIM_FAULT_WRONG_TYPES);
  g_assert_cmpuint (whoami (fixture, &garbage), ==, 200);
  g_assert_false (g_utf8_validate (garbage, -1, NULL));
  g_assert_cmpuint (whoami (fixture, &huge), ==, 200);
  g_assert_cmpuint (strlen (huge), ==, 10 * 1000 * 1000);
  g_assert_cmpuint (whoami (fixture, &wrong), ==, 200);
  g_assert_cmpstr (wrong, ==, "{\"subjectId\":7,\"subjectType\":7,\"ownerUserId\":7}");
}

static void
test_down (SimFixture    *fixture,
           gconstpointer  data)
{
  g_autofree char *origin = g_strdup (rb_sim_get_origin (fixture->sim));
  g_autofree char *id = sim_fixture_endpoint (fixture);
  g_autoptr(GError) error = NULL;

  g_test_summary ("An upstream that went down comes back at the same place, with its model.");

  sim_fixture_register (fixture, 0);
  rb_sim_down (fixture->sim);
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpuint (whoami (fixture, NULL), ==, 0);
  g_assert_true (rb_sim_up (fixture->sim, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_sim_get_origin (fixture->sim), ==, origin);
  g_assert_cmpuint (whoami (fixture, NULL), ==, 200);
  g_assert_nonnull (rb_sim_endpoints_lookup (rb_sim_get_endpoints (fixture->sim), id));
}

static gboolean
on_accept_certificate (SoupMessage          *message,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       gpointer              user_data)
{
  *(GTlsCertificateFlags *) user_data = errors;
  return TRUE;
}

static void
test_tls (SimFixture    *fixture,
          gconstpointer  data)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), "/v1/whoami", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *answer = NULL;
  GTlsCertificateFlags errors = 0;

  g_test_summary ("With TLS the certificate is refused by whoever does not accept it knowingly; then all goes on as without.");

  g_assert_true (g_str_has_prefix (rb_sim_get_gateway_url (fixture->sim), "wss://127.0.0.1:"));
  g_assert_cmpuint (whoami (fixture, &answer), ==, 0);
  g_signal_connect (message, "accept-certificate", G_CALLBACK (on_accept_certificate), &errors);
  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", "Bearer sim-token");
  soup_session_send_and_read_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  bytes = soup_session_send_and_read_finish (fixture->session, result, NULL);
  g_assert_cmpuint (soup_message_get_status (message), ==, 200);
  g_assert_cmpuint (errors, ==, G_TLS_CERTIFICATE_UNKNOWN_CA);
  g_assert_false (sim_fixture_open (fixture));
}

static const RbSimOptions with_tls = { .is_tls = TRUE };

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  sim_fixture_add ("/sim/faults/none", test_plain);
  sim_fixture_add ("/sim/faults/status", test_status);
  sim_fixture_add ("/sim/faults/status/header", test_header);
  sim_fixture_add ("/sim/faults/delay", test_delay);
  sim_fixture_add ("/sim/faults/delay/client-left", test_delayed_client_left);
  sim_fixture_add ("/sim/faults/delay/streams", test_delayed_streams);
  sim_fixture_add ("/sim/faults/delay/upgrade-client-left", test_upgrade_client_left);
  sim_fixture_add ("/sim/faults/hang", test_hang);
  sim_fixture_add ("/sim/faults/no-answer", test_no_answer);
  sim_fixture_add ("/sim/faults/work-done", test_work_done);
  sim_fixture_add ("/sim/faults/stalled-body", test_stalled_body);
  sim_fixture_add ("/sim/faults/bad-bodies", test_bad_bodies);
  sim_fixture_add ("/sim/faults/down", test_down);
  g_test_add ("/sim/faults/tls", SimFixture, &with_tls, sim_fixture_set_up, test_tls, sim_fixture_tear_down);
  return g_test_run ();
}
