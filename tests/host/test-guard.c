/* test-guard.c: what a guard makes of a module's behaviour
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             GString     *heard)
{
  g_string_append_printf (heard, "delivery %d %s,", (int) seq, rb_envelope_get_id (envelope));
}

static void
on_connected (RbConnector *connector,
              GString     *heard)
{
  g_string_append (heard, "connected,");
}

static void
on_disconnected (RbConnector *connector,
                 const char  *reason,
                 GString     *heard)
{
  g_string_append_printf (heard, "disconnected %s,", reason);
}

static void
on_superseded (RbConnector *connector,
               GString     *heard)
{
  g_string_append (heard, "superseded,");
}

static void
listen (HostFixture *fixture,
        RbConnector *connector)
{
  g_signal_connect (connector, "delivery", G_CALLBACK (on_delivery), fixture->heard);
  g_signal_connect (connector, "connected", G_CALLBACK (on_connected), fixture->heard);
  g_signal_connect (connector, "disconnected", G_CALLBACK (on_disconnected), fixture->heard);
  g_signal_connect (connector, "superseded", G_CALLBACK (on_superseded), fixture->heard);
}

static void
test_connector (HostFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = NULL;
  RbSendStatus status = RB_SEND_STORED;
  RbConnector *connector;

  g_test_summary ("A connector behind its guard: told things, asked to send, heard, counted, stopped.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  connector = rb_host_get_connector (fixture->host);
  listen (fixture, connector);
  rb_connector_set_window (connector, 4, 100);
  rb_connector_accept (connector, 1);
  g_assert_null (rb_connector_get_address (connector));
  host_fixture_start (fixture, &error);
  g_assert_no_error (error);

  rb_connector_accept (connector, 2);
  rb_connector_release (connector, 3);
  /* Another process asked for those, if any did. */
  g_assert_cmpstr (rb_connector_get_address (connector), ==,
                   host_fixture_is_isolated (data) ? "hello 80 window 4/100 " : "hello 80 window 4/100 accept 2 release 3 ");

  host_fixture_send (fixture);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_connector_send_finish (connector, fixture->result, &message_id, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (message_id, ==, "m1");
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  g_assert_cmpstr (fixture->heard->str, ==, "connected,delivery 5 m1,disconnected tired,superseded,");
  host_fixture_assert_view (fixture, 0, "state", "running");
  host_fixture_assert_view (fixture, 0, "calls", "2");
  host_fixture_assert_view (fixture, 0, "failures", "0");

  host_fixture_stop_well (fixture);
  host_fixture_assert_view (fixture, 0, "state", "stopped");
  g_assert_null (rb_connector_get_address (connector));
}

static void
test_not_running (HostFixture   *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A module that is not running is not called; the caller hears so at once.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "'good' is not running");
  host_fixture_assert_view (fixture, 0, "calls", "0");

  g_assert_true (host_fixture_start (fixture, NULL));
  host_fixture_stop_well (fixture);
  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "'good' is not running");
}

static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            guint      *count)
{
  (*count)++;
}

static void
test_upstream (HostFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr(GAsyncResult) asked = NULL;
  g_autoptr(GAsyncResult) refused = NULL;
  g_autoptr(GAsyncResult) wrong = NULL;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;
  RbUpstream *upstream;
  guint n_events = 0;

  g_test_summary ("An upstream's answers, refusals and events pass; what is not a dictionary does not.");

  host_fixture_load (fixture, RB_MODULE_UPSTREAM, "good", TRUE);
  g_assert_true (host_fixture_start (fixture, NULL));
  upstream = rb_host_get_upstream (fixture->host);
  g_signal_connect (upstream, "control", G_CALLBACK (on_control), &n_events);
  g_assert_cmpint (rb_upstream_get_features (upstream), ==, RB_UPSTREAM_LOCAL_INBOX);

  rb_upstream_call_async (upstream, RB_UPSTREAM_WHOAMI, g_variant_new_parsed ("{'a': <1>}"), NULL, rb_test_store_result, &asked);
  rb_upstream_call_async (upstream, RB_UPSTREAM_HISTORY, NULL, NULL, rb_test_store_result, &refused);
  rb_upstream_call_async (upstream, RB_UPSTREAM_HEARTBEAT, NULL, NULL, rb_test_store_result, &wrong);
  rb_test_wait_until (asked != NULL && refused != NULL && wrong != NULL);

  answer = rb_upstream_call_finish (upstream, asked, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (answer), ==, 1);
  g_assert_null (rb_upstream_call_finish (upstream, refused, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "not_yours");
  g_assert_nonnull (rb_error_get_details (error));
  g_clear_error (&error);
  g_assert_null (rb_upstream_call_finish (upstream, wrong, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);

  g_assert_cmpuint (n_events, ==, 1);
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 2);
  host_fixture_assert_view (fixture, 0, "calls", "4");
  host_fixture_assert_view (fixture, 0, "failures", "2");
  host_fixture_stop_well (fixture);
}

static void
on_exited (RbSpawnDriver *driver,
           const char    *token,
           int            wait_status,
           const char    *output,
           GString       *heard)
{
  g_string_append_printf (heard, "%s %d %s,", token, wait_status, output);
}

static void
test_spawn_driver (HostFixture   *fixture,
                   gconstpointer  data)
{
  RbSpawnRequest request = { .kind = "good", .prompt = "hi", .token = "t1" };
  RbSpawnRequest silent_request = { .kind = "good-silent", .token = "t2" };
  g_autoptr(GAsyncResult) spawned = NULL;
  g_autoptr(GAsyncResult) silent = NULL;
  g_autoptr(GError) error = NULL;
  RbSpawnDriver *driver;

  g_test_summary ("A spawn driver behind its guard: asked, started, heard; silence about a failure is reported.");

  host_fixture_load (fixture, RB_MODULE_SPAWN_DRIVER, "good", TRUE);
  driver = g_ptr_array_index (rb_host_get_spawn_drivers (fixture->host), 0);
  g_assert_false (rb_spawn_driver_handles (driver, "good"));
  g_assert_false (rb_spawn_driver_is_available (driver, "good", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_clear_error (&error);

  g_assert_true (host_fixture_start (fixture, NULL));
  g_signal_connect (driver, "exited", G_CALLBACK (on_exited), fixture->heard);
  g_assert_true (rb_spawn_driver_handles (driver, "good"));
  g_assert_false (rb_spawn_driver_handles (driver, "other"));
  g_assert_true (rb_spawn_driver_is_available (driver, "good", &error));
  g_assert_false (rb_spawn_driver_is_available (driver, "good-silent", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_clear_error (&error);

  rb_spawn_driver_spawn_async (driver, &request, NULL, rb_test_store_result, &spawned);
  rb_spawn_driver_spawn_async (driver, &silent_request, NULL, rb_test_store_result, &silent);
  rb_test_wait_until (spawned != NULL && silent != NULL);
  g_assert_cmpint (rb_spawn_driver_spawn_finish (driver, spawned, &error), ==, 4711);
  g_assert_no_error (error);
  g_assert_cmpint (rb_spawn_driver_spawn_finish (driver, silent, &error), ==, 0);
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_assert_cmpstr (fixture->heard->str, ==, "t1 256 bye,t2 256 bye,");
  host_fixture_stop_well (fixture);
}

static void
test_emitter (HostFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(GBytes) payload = g_bytes_new_static ("{}", 2);
  g_autoptr(RbEvent) good = rb_event_new (RB_EVENT_PRESENCE_CHANGED, "network", payload);
  g_autoptr(RbEvent) bad = rb_event_new (RB_EVENT_PRESENCE_CHANGED, "bad", payload);
  g_autoptr(GAsyncResult) emitted = NULL;
  g_autoptr(GAsyncResult) refused = NULL;
  g_autoptr(GError) error = NULL;
  RbEmitter *emitter;

  g_test_summary ("An emitter's success and refusal pass.");

  host_fixture_load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  g_assert_true (host_fixture_start (fixture, NULL));
  emitter = g_ptr_array_index (rb_host_get_emitters (fixture->host), 0);
  g_assert_true (rb_emitter_is_authority (emitter));
  rb_emitter_emit_async (emitter, good, NULL, rb_test_store_result, &emitted);
  rb_emitter_emit_async (emitter, bad, NULL, rb_test_store_result, &refused);
  rb_test_wait_until (emitted != NULL && refused != NULL);
  g_assert_true (rb_emitter_emit_finish (emitter, emitted, &error));
  g_assert_no_error (error);
  g_assert_false (rb_emitter_emit_finish (emitter, refused, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_subject");
  host_fixture_stop_well (fixture);
}

static void
test_send_silent (HostFixture   *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Failure without an error, or an error beside success, is reported against the module's name.");

  host_fixture_load_and_start (fixture, "odd");
  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_INTERNAL, "Module 'odd'");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);
  host_fixture_assert_view (fixture, 0, "failures", "1");
  host_fixture_stop_well (fixture);
}

static void
test_send_never (HostFixture   *fixture,
                 gconstpointer  data)
{
  RbConnector *connector = host_fixture_load_and_start (fixture, "odd");

  g_test_summary ("A send that is not answered ends at the deadline with its outcome unknown; the late answer is ignored.");

  host_fixture_send (fixture);
  rb_fake_clock_advance (fixture->clock, HOST_FIXTURE_TIMEOUT_MS - 1);
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 1);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "Module 'odd' did not answer 'send' within 35000 ms");
  host_fixture_assert_view (fixture, 0, "timeouts", "1");
  host_fixture_assert_view (fixture, 0, "failures", "0");
  g_assert_cmpuint (rb_test_count_log ("module_call_timed_out"), ==, 1);

  rb_connector_release (connector, 1);
  rb_test_settle ();
  g_assert_null (fixture->result);
  g_assert_cmpuint (rb_test_count_log ("module_answer_ignored"), ==, 1);
  host_fixture_stop_well (fixture);
}

static void
test_send_twice (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  RbConnector *connector = host_fixture_load_and_start (fixture, "odd");

  g_test_summary ("Of two answers the first counts and the second is ignored.");

  host_fixture_send (fixture);
  rb_test_wait_until (fixture->result != NULL);
  rb_test_settle ();
  g_assert_true (rb_connector_send_finish (connector, fixture->result, NULL, NULL, &error));
  g_assert_no_error (error);
  host_fixture_stop_well (fixture);
  g_assert_cmpuint (rb_test_count_log ("module_answer_ignored"), ==, 1);
}

static void
test_send_cancelled (HostFixture   *fixture,
                     gconstpointer  data)
{
  g_test_summary ("Cancelling reaches the module, whose answer ends the call.");

  host_fixture_load_and_start (fixture, "odd");
  host_fixture_send (fixture);
  rb_test_settle ();
  g_assert_null (fixture->result);
  g_cancellable_cancel (fixture->cancellable);
  host_fixture_assert_send_fails (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  host_fixture_assert_view (fixture, 0, "failures", "0");

  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  host_fixture_assert_view (fixture, 0, "calls", "2");
  host_fixture_stop_well (fixture);
}

static void
test_send_pending_at_stop (HostFixture   *fixture,
                           gconstpointer  data)
{
  g_test_summary ("A call that waits while its module is stopped is answered.");

  host_fixture_load_and_start (fixture, "odd");
  host_fixture_send (fixture);
  host_fixture_stop_well (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "was stopped before it answered 'send'");
}

static void
test_emits (HostFixture   *fixture,
            gconstpointer  data)
{
  RbConnector *connector;

  g_test_summary ("What is emitted before the start, or is no sequence number, goes no further.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  connector = rb_host_get_connector (fixture->host);
  listen (fixture, connector);
  rb_connector_set_window (connector, 1, 1);
  g_assert_cmpstr (fixture->heard->str, ==, "");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);

  g_assert_true (host_fixture_start (fixture, NULL));
  rb_connector_set_window (connector, 1, 1);
  rb_connector_accept (connector, 1);
  g_assert_cmpstr (fixture->heard->str, ==, "connected,");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);
  host_fixture_stop_well (fixture);
}

#define ADD(path, data, function)                                                            \
  g_test_add ("/guard/" path, HostFixture, data, host_fixture_set_up, function, host_fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  ADD ("connector", NULL, test_connector);
  ADD ("isolated/connector", "@", test_connector);
  ADD ("not-running", NULL, test_not_running);
  ADD ("isolated/not-running", "@", test_not_running);
  ADD ("upstream", NULL, test_upstream);
  ADD ("spawn-driver", NULL, test_spawn_driver);
  ADD ("emitter", NULL, test_emitter);
  ADD ("send/fails-without-error", "behaviour=send-silent", test_send_silent);
  ADD ("send/succeeds-with-error", "behaviour=send-both", test_send_silent);
  ADD ("send/never", "behaviour=send-never", test_send_never);
  ADD ("send/twice", "behaviour=send-twice", test_send_twice);
  ADD ("send/cancelled", "behaviour=send-until-cancelled", test_send_cancelled);
  ADD ("send/pending-at-stop", "behaviour=send-never", test_send_pending_at_stop);
  ADD ("isolated/send/fails-without-error", "@behaviour=send-silent", test_send_silent);
  ADD ("isolated/send/succeeds-with-error", "@behaviour=send-both", test_send_silent);
  ADD ("isolated/send/twice", "@behaviour=send-twice", test_send_twice);
  ADD ("isolated/send/cancelled", "@behaviour=send-until-cancelled", test_send_cancelled);
  ADD ("isolated/send/pending-at-stop", "@behaviour=send-never", test_send_pending_at_stop);
  ADD ("emits", "behaviour=emits-early", test_emits);
  return g_test_run ();
}
