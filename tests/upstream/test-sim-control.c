/* test-sim-control.c: the simulation's own routes, and the program
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-fixture.h"

#include <signal.h>
#include <string.h>

/* Posts to a route of the simulation and expects a status; the answer is to be freed. */
static char *
post (SimFixture *fixture,
      const char *path,
      const char *body,
      guint       expected)
{
  g_autofree char *answer = NULL;
  guint status = sim_fixture_call (fixture, "POST", path, body, &answer);

  g_test_message ("%s: %s", path, answer);
  g_assert_cmpuint (status, ==, expected);
  return g_steal_pointer (&answer);
}

static void
do_post (SimFixture *fixture,
         const char *path,
         const char *body)
{
  g_free (post (fixture, path, body, 204));
}

static void
expect_answer (SimFixture *fixture,
               const char *path,
               const char *body,
               const char *expected)
{
  g_autofree char *answer = post (fixture, path, body, 200);

  g_assert_cmpstr (answer, ==, expected);
}

static void
expect_in (SimFixture *fixture,
           const char *path,
           const char *text)
{
  g_autofree char *answer = NULL;

  g_assert_cmpuint (sim_fixture_call (fixture, "GET", path, NULL, &answer), ==, 200);
  g_test_message ("%s: %s", path, answer);
  g_assert_nonnull (strstr (answer, text));
}

static void
test_deliver (SimFixture    *fixture,
              gconstpointer  data)
{
  g_test_summary ("Everything that the gateway can deliver is delivered by request.");

  sim_fixture_register (fixture, 0);
  expect_answer (fixture, "/sim/deliver", "{\"id\":\"m1\",\"from\":\"bob\",\"content\":\"hi\",\"metadata\":{\"a\":1}}", "{\"seq\":1}");
  expect_answer (fixture, "/sim/deliver", "{\"id\":\"m1\",\"again\":true}", "{\"seq\":2}");
  expect_answer (fixture, "/sim/deliver", "{\"withhold\":true}", "{\"seq\":3}");
  expect_answer (fixture, "/sim/skip", NULL, "{\"seq\":4}");
  do_post (fixture, "/sim/deliver", "{\"bare\":true,\"content\":\"bare\"}");
  do_post (fixture, "/sim/burst", "{\"count\":2,\"prefix\":\"b\"}");
  do_post (fixture, "/sim/resend", "{\"seq\":3}");
  do_post (fixture, "/sim/resend", "{\"above\":5,\"reversed\":true}");
  do_post (fixture, "/sim/cursor", "{\"deliverySeq\":9,\"deliveredSeq\":8}");
  do_post (fixture, "/sim/frame", "{\"text\":\"garbage\"}");
  rb_test_wait_until (fixture->frames->len == 11);
  g_assert_true (sim_fixture_heard (fixture, 1, "\"metadata\":{\"a\":1}"));
  g_assert_true (sim_fixture_heard (fixture, 2, "\"seq\":2"));
  g_assert_true (sim_fixture_heard (fixture, 3, "DELIVERY_SKIP"));
  g_assert_true (sim_fixture_heard (fixture, 4, "bare"));
  g_assert_true (sim_fixture_heard (fixture, 7, "\"seq\":3"));
  g_assert_true (sim_fixture_heard (fixture, 8, "\"seq\":6"));
  g_assert_true (sim_fixture_heard (fixture, 9, "\"deliveredSeq\":8"));
  g_assert_true (sim_fixture_heard (fixture, 10, "garbage"));
  expect_in (fixture, "/sim/state", "\"last_seq\":6,\"acked_seq\":0,\"unacked\":6");
  expect_in (fixture, "/sim/frames?name=REGISTER", "{\"count\":1,");
  expect_in (fixture, "/sim/frames-out?name=DELIVERY_*&text=dismissed", "{\"count\":1,");
}

static void
test_end (SimFixture    *fixture,
          gconstpointer  data)
{
  g_test_summary ("The gateway refuses and ends connections by request, and says so when there is none.");

  g_free (post (fixture, "/sim/end", "{\"how\":\"drop\"}", 409));
  do_post (fixture, "/sim/refuse", "{\"reason\":\"no\"}");
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"reason\":\"no\""));
  do_post (fixture, "/sim/end", "{\"how\":\"close\",\"at\":\"ack\",\"code\":4000,\"reason\":\"bye\"}");
  sim_fixture_register (fixture, 0);
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpuint (fixture->close_code, ==, 4000);
  sim_fixture_register (fixture, 0);
  do_post (fixture, "/sim/end", "{\"how\":\"close\",\"code\":4001,\"reason\":\"Replaced by new Runtime\"}");
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpstr (fixture->close_reason, ==, "Replaced by new Runtime");
}

static void
test_answer_sends (SimFixture    *fixture,
                   gconstpointer  data)
{
  g_test_summary ("How a message is answered is asked for.");

  do_post (fixture, "/sim/answer-sends", "{\"how\":\"stored\",\"text\":\"m1\"}");
  sim_fixture_register (fixture, 0);
  sim_fixture_say (fixture, "{\"event\":\"SEND_MESSAGE\",\"messageId\":\"m1\",\"to\":\"b\",\"content\":\"\",\"contentType\":\"text\"}");
  rb_test_wait_until (fixture->frames->len == 2);
  g_assert_true (sim_fixture_heard (fixture, 1, "stored"));
}

static void
test_faults (SimFixture    *fixture,
             gconstpointer  data)
{
  g_test_summary ("Faults are added and cleared; an unknown kind is refused.");

  do_post (fixture, "/sim/fault", "{\"request\":\"GET /v1/whoami\",\"status\":418,\"body\":{\"error\":\"tea\"},\"times\":0}");
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/whoami", NULL, NULL), ==, 418);
  g_assert_cmpuint (sim_fixture_call (fixture, "DELETE", "/sim/fault", NULL, NULL), ==, 204);
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/whoami", NULL, NULL), ==, 200);
  g_free (post (fixture, "/sim/fault", "{\"kind\":\"flood\"}", 400));
  expect_in (fixture, "/sim/requests?name=GET%20/v1/whoami", "{\"count\":2,");
}

static void
test_settings (SimFixture    *fixture,
               gconstpointer  data)
{
  g_autofree char *answer = NULL;

  g_test_summary ("Settings are changed, and null takes a member away.");

  do_post (fixture, "/sim/settings", "{\"capabilities\":{\"staged_assignment\":null,\"new\":1},\"whoami\":{\"subjectId\":\"node_x\"},"
                                     "\"registration\":{\"heartbeat_after_seconds\":1},\"register_ack\":{\"protocolVersion\":9}}");
  expect_in (fixture, "/v1/runtime/capabilities", "{\"staged_delivery\":true,\"new\":1}");
  expect_in (fixture, "/v1/whoami", "node_x");
  answer = post (fixture, "/v1/runtime-endpoints", "{\"runtime_kind\":\"k\",\"endpoint_nonce\":\"n\",\"display_label\":\"l\"}", 201);
  g_assert_nonnull (strstr (answer, "\"heartbeat_after_seconds\":1,"));
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"protocolVersion\":9"));
  do_post (fixture, "/sim/settings", "{\"legacy\":true}");
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime/capabilities", NULL, NULL), ==, 404);
}

static void
test_events (SimFixture    *fixture,
             gconstpointer  data)
{
  g_autofree char *id = sim_fixture_endpoint (fixture);

  g_test_summary ("Control events of every kind are sent, and what cannot be dispatched is 404.");

  g_free (post (fixture, "/sim/event", "{\"type\":\"dispatch_undispatched\",\"undispatched_id\":\"r\"}", 404));
  do_post (fixture, "/sim/row", "{\"id\":\"r\",\"content\":\"x\",\"policy\":\"unavailable\"}");
  expect_in (fixture, "/sim/state", "\"claim_policy\":\"unavailable\"");
  expect_answer (fixture, "/sim/event", "{\"type\":\"dispatch_undispatched\",\"undispatched_id\":\"r\",\"endpoint_id\":\"ep_1\"}",
                 "{\"idempotency_key\":\"as_1\"}");
  g_free (post (fixture, "/sim/event", "{\"type\":\"spawn_request\"}", 200));
  g_free (post (fixture, "/sim/event", "{\"type\":\"force_unregister\"}", 200));
  g_free (post (fixture, "/sim/event", "{\"type\":\"dispatch_nudge\"}", 200));
  g_free (post (fixture, "/sim/event", "{\"type\":\"owner_session_delivery\"}", 200));
  expect_answer (fixture, "/sim/event", "{\"data\":\"no json\"}", "{\"id\":6}");
  do_post (fixture, "/sim/stream", "{\"line_end\":\"\\r\",\"cut_next\":true,\"end\":\"orderly\"}");
  expect_in (fixture, "/sim/events-out", "{\"count\":6,");
}

static void
test_housekeeping (SimFixture    *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Records are forgotten, the whole is reset; other routes and bodies are refused.");

  do_post (fixture, "/sim/history", "{\"conversation_id\":\"c\",\"item\":{\"message_id\":\"h\"}}");
  do_post (fixture, "/sim/endpoint", "{\"endpoint_id\":\"ep_old\"}");
  expect_in (fixture, "/v1/runtime-endpoints/ep_old", "\"retired_at\":\"2026-01-01");
  do_post (fixture, "/sim/forget", NULL);
  g_assert_cmpuint (rb_sim_count (fixture->sim, "*", NULL), ==, 0);
  do_post (fixture, "/sim/reset", NULL);
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", "/v1/runtime-endpoints/ep_old", NULL, NULL), ==, 404);
  expect_in (fixture, "/sim/violations", "{\"count\":0,\"items\":[]}");
  g_free (post (fixture, "/sim/no-such-route", NULL, 404));
  g_free (post (fixture, "/sim/burst", "[1]", 400));
}

static char *
read_line (GDataInputStream *stream)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_data_input_stream_read_line_async (stream, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return g_data_input_stream_read_line_finish (stream, result, NULL, NULL);
}

static void
test_program (SimFixture    *fixture,
              gconstpointer  data)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "upstream", "simulated-upstream", NULL);
  g_autofree char *directory = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (directory, "credentials.json", NULL);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GDataInputStream) output = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *port = NULL;
  g_autofree char *second = NULL;
  g_autofree char *credentials = NULL;
  g_autofree char *expected = NULL;

  g_test_summary ("The program says its port first, writes credentials that lead to it, and ends on SIGTERM.");

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, "--token", "tok", "--handle", "me@sim",
                              "--write-credentials", path, NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  port = read_line (output);
  second = read_line (output);
  expected = g_strdup_printf ("{\"accounts\":{\"default\":{\"connectorUrl\":\"ws://127.0.0.1:%s/gateway\",\"token\":\"tok\","
                              "\"apiHost\":\"http://127.0.0.1:%s\",\"handle\":\"me@sim\"}}}", port, port);
  g_assert_true (g_file_get_contents (path, &credentials, NULL, NULL));
  g_assert_cmpstr (credentials, ==, expected);
  g_assert_nonnull (strstr (second, "/gateway"));
  g_subprocess_send_signal (process, SIGTERM);
  g_subprocess_wait_async (process, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (g_subprocess_wait_finish (process, result, &error));
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
}

static void
test_port_taken (SimFixture    *fixture,
                 gconstpointer  data)
{
  const RbSimOptions options = { .port = rb_sim_get_port (fixture->sim) };
  g_autoptr(GError) error = NULL;

  g_test_summary ("A port that is taken is an error, not an end.");

  g_assert_null (rb_sim_new (&options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  sim_fixture_add ("/sim/control/deliver", test_deliver);
  sim_fixture_add ("/sim/control/end", test_end);
  sim_fixture_add ("/sim/control/answer-sends", test_answer_sends);
  sim_fixture_add ("/sim/control/faults", test_faults);
  sim_fixture_add ("/sim/control/settings", test_settings);
  sim_fixture_add ("/sim/control/events", test_events);
  sim_fixture_add ("/sim/control/housekeeping", test_housekeeping);
  sim_fixture_add ("/sim/control/program", test_program);
  sim_fixture_add ("/sim/control/port-taken", test_port_taken);
  return g_test_run ();
}
