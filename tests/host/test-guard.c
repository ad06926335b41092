/* test-guard.c: what a guard makes of a module's behaviour
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

#define TIMEOUT_MS 30000

typedef struct {
  RbClock      *clock;
  RbHost       *host;
  RbEnvelope   *envelope;
  GString      *heard;       /* what the connector emitted */
  GCancellable *cancellable;
  GAsyncResult *result;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  settings)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"hi\"", 4);

  fixture->clock = rb_fake_clock_new ();
  fixture->host = host_fixture_new (fixture->clock, settings);
  fixture->envelope = rb_envelope_new ("m1", NULL, "bob", content, NULL, NULL);
  fixture->heard = g_string_new (NULL);
  fixture->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->result);
  g_assert_finalize_object (fixture->cancellable);
  g_assert_finalize_object (fixture->host);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->clock);
  rb_envelope_unref (fixture->envelope);
  g_string_free (fixture->heard, TRUE);
  rb_test_count_log ("module_contract_broken");
  rb_test_count_log ("module_answer_ignored");
  rb_test_count_log ("module_call_timed_out");
}

static void
assert_view (Fixture    *fixture,
             guint       i,
             const char *member,
             const char *expected)
{
  g_autofree char *value = host_fixture_view (fixture->host, i, member);

  g_assert_cmpstr (value, ==, expected);
}

static void
load (Fixture      *fixture,
      RbModuleKind  kind,
      const char   *name,
      gboolean      required)
{
  g_autoptr(GError) error = NULL;

  rb_host_load (fixture->host, kind, name, required, &error);
  g_assert_no_error (error);
}

static gboolean
start (Fixture  *fixture,
       GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_host_start_finish (fixture->host, result, error);
}

static gboolean
stop (Fixture  *fixture,
      GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_host_stop_finish (fixture->host, result, error);
}

static RbConnector *
load_and_start (Fixture    *fixture,
                const char *name)
{
  g_autoptr(GError) error = NULL;

  load (fixture, RB_MODULE_CONNECTOR, name, TRUE);
  start (fixture, &error);
  g_assert_no_error (error);
  return rb_host_get_connector (fixture->host);
}

static void
stop_well (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;

  stop (fixture, &error);
  g_assert_no_error (error);
}

static void
send_it (Fixture *fixture)
{
  rb_connector_send_async (rb_host_get_connector (fixture->host), fixture->envelope, fixture->cancellable, rb_test_store_result,
                           &fixture->result);
}

static void
assert_send_fails (Fixture    *fixture,
                   GQuark      domain,
                   int         code,
                   const char *words)
{
  g_autoptr(GError) error = NULL;

  rb_test_wait_until (fixture->result != NULL);
  g_assert_false (rb_connector_send_finish (rb_host_get_connector (fixture->host), fixture->result, NULL, NULL, &error));
  g_assert_error (error, domain, code);
  if (words != NULL)
    g_assert_nonnull (strstr (error->message, words));
  g_clear_object (&fixture->result);
}

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
listen (Fixture     *fixture,
        RbConnector *connector)
{
  g_signal_connect (connector, "delivery", G_CALLBACK (on_delivery), fixture->heard);
  g_signal_connect (connector, "connected", G_CALLBACK (on_connected), fixture->heard);
  g_signal_connect (connector, "disconnected", G_CALLBACK (on_disconnected), fixture->heard);
  g_signal_connect (connector, "superseded", G_CALLBACK (on_superseded), fixture->heard);
}

static void
test_connector (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = NULL;
  RbSendStatus status = RB_SEND_STORED;
  RbConnector *connector;

  g_test_summary ("A connector behind its guard: told things, asked to send, heard, counted, stopped.");

  load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  connector = rb_host_get_connector (fixture->host);
  listen (fixture, connector);
  rb_connector_set_window (connector, 4, 100);
  rb_connector_accept (connector, 1);
  g_assert_null (rb_connector_get_address (connector));
  start (fixture, &error);
  g_assert_no_error (error);

  rb_connector_accept (connector, 2);
  rb_connector_release (connector, 3);
  g_assert_cmpstr (rb_connector_get_address (connector), ==, "hello 80 window 4/100 accept 2 release 3 ");

  send_it (fixture);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_connector_send_finish (connector, fixture->result, &message_id, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (message_id, ==, "m1");
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  g_assert_cmpstr (fixture->heard->str, ==, "connected,delivery 5 m1,disconnected tired,superseded,");
  assert_view (fixture, 0, "state", "running");
  assert_view (fixture, 0, "calls", "2");
  assert_view (fixture, 0, "failures", "0");

  stop_well (fixture);
  assert_view (fixture, 0, "state", "stopped");
  g_assert_null (rb_connector_get_address (connector));
}

static void
test_not_running (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A module that is not running is not called; the caller hears so at once.");

  load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  send_it (fixture);
  assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "'good' is not running");
  assert_view (fixture, 0, "calls", "0");

  g_assert_true (start (fixture, NULL));
  stop_well (fixture);
  send_it (fixture);
  assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "'good' is not running");
}

static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            guint      *count)
{
  (*count)++;
}

static void
test_upstream (Fixture       *fixture,
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

  load (fixture, RB_MODULE_UPSTREAM, "good", TRUE);
  g_assert_true (start (fixture, NULL));
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
  assert_view (fixture, 0, "calls", "4");
  assert_view (fixture, 0, "failures", "2");
  stop_well (fixture);
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
test_spawn_driver (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(GAsyncResult) spawned = NULL;
  g_autoptr(GAsyncResult) silent = NULL;
  g_autoptr(GError) error = NULL;
  RbSpawnDriver *driver;

  g_test_summary ("A spawn driver behind its guard: asked, started, heard; silence about a failure is reported.");

  load (fixture, RB_MODULE_SPAWN_DRIVER, "good", TRUE);
  driver = g_ptr_array_index (rb_host_get_spawn_drivers (fixture->host), 0);
  g_assert_false (rb_spawn_driver_handles (driver, "good"));
  g_assert_false (rb_spawn_driver_is_available (driver, "good", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_clear_error (&error);

  g_assert_true (start (fixture, NULL));
  g_signal_connect (driver, "exited", G_CALLBACK (on_exited), fixture->heard);
  g_assert_true (rb_spawn_driver_handles (driver, "good"));
  g_assert_false (rb_spawn_driver_handles (driver, "other"));
  g_assert_true (rb_spawn_driver_is_available (driver, "good", &error));
  g_assert_false (rb_spawn_driver_is_available (driver, "good-silent", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_clear_error (&error);

  rb_spawn_driver_spawn_async (driver, "good", "hi", "t1", NULL, rb_test_store_result, &spawned);
  rb_spawn_driver_spawn_async (driver, "good-silent", NULL, "t2", NULL, rb_test_store_result, &silent);
  rb_test_wait_until (spawned != NULL && silent != NULL);
  g_assert_cmpint (rb_spawn_driver_spawn_finish (driver, spawned, &error), ==, 4711);
  g_assert_no_error (error);
  g_assert_cmpint (rb_spawn_driver_spawn_finish (driver, silent, &error), ==, 0);
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_assert_cmpstr (fixture->heard->str, ==, "t1 256 bye,t2 256 bye,");
  stop_well (fixture);
}

static void
test_emitter (Fixture       *fixture,
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

  load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  g_assert_true (start (fixture, NULL));
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
  stop_well (fixture);
}

static void
test_send_silent (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Failure without an error, or an error beside success, is reported against the module's name.");

  load_and_start (fixture, "odd");
  send_it (fixture);
  assert_send_fails (fixture, RB_ERROR, RB_ERROR_INTERNAL, "Module 'odd'");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);
  assert_view (fixture, 0, "failures", "1");
  stop_well (fixture);
}

static void
test_send_never (Fixture       *fixture,
                 gconstpointer  data)
{
  RbConnector *connector = load_and_start (fixture, "odd");

  g_test_summary ("A send that is not answered ends at the deadline with its outcome unknown; the late answer is ignored.");

  send_it (fixture);
  rb_fake_clock_advance (fixture->clock, TIMEOUT_MS - 1);
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 1);
  assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "Module 'odd' did not answer 'send' within 30000 ms");
  assert_view (fixture, 0, "timeouts", "1");
  assert_view (fixture, 0, "failures", "0");
  g_assert_cmpuint (rb_test_count_log ("module_call_timed_out"), ==, 1);

  rb_connector_release (connector, 1);
  rb_test_settle ();
  g_assert_null (fixture->result);
  g_assert_cmpuint (rb_test_count_log ("module_answer_ignored"), ==, 1);
  stop_well (fixture);
}

static void
test_send_twice (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  RbConnector *connector = load_and_start (fixture, "odd");

  g_test_summary ("Of two answers the first counts and the second is ignored.");

  send_it (fixture);
  rb_test_wait_until (fixture->result != NULL);
  rb_test_settle ();
  g_assert_true (rb_connector_send_finish (connector, fixture->result, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (rb_test_count_log ("module_answer_ignored"), ==, 1);
  stop_well (fixture);
}

static void
test_send_cancelled (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("Cancelling reaches the module, whose answer ends the call.");

  load_and_start (fixture, "odd");
  send_it (fixture);
  rb_test_settle ();
  g_assert_null (fixture->result);
  g_cancellable_cancel (fixture->cancellable);
  assert_send_fails (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  assert_view (fixture, 0, "failures", "0");

  send_it (fixture);
  assert_send_fails (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  assert_view (fixture, 0, "calls", "2");
  stop_well (fixture);
}

static void
test_send_pending_at_stop (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("A call that waits while its module is stopped is answered.");

  load_and_start (fixture, "odd");
  send_it (fixture);
  stop_well (fixture);
  assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "was stopped before it answered 'send'");
}

static void
test_emits (Fixture       *fixture,
            gconstpointer  data)
{
  RbConnector *connector;

  g_test_summary ("What is emitted before the start, or is no sequence number, goes no further.");

  load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  connector = rb_host_get_connector (fixture->host);
  listen (fixture, connector);
  rb_connector_set_window (connector, 1, 1);
  g_assert_cmpstr (fixture->heard->str, ==, "");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);

  g_assert_true (start (fixture, NULL));
  rb_connector_set_window (connector, 1, 1);
  rb_connector_accept (connector, 1);
  g_assert_cmpstr (fixture->heard->str, ==, "connected,");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);
  stop_well (fixture);
}

static void
test_start_fails (Fixture       *fixture,
                  gconstpointer  data)
{
  gboolean silent = g_str_has_suffix (data, "silent");
  g_autoptr(GError) error = NULL;

  g_test_summary ("A required module that does not start fails the start with its name and reason.");

  load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  g_assert_false (start (fixture, &error));
  g_assert_true (g_error_matches (error, RB_ERROR, silent ? RB_ERROR_INTERNAL : RB_ERROR_UNAVAILABLE));
  g_assert_nonnull (strstr (error->message, "Module 'odd' did not start: "));
  g_assert_nonnull (strstr (error->message, silent ? "without saying why" : "The network is away"));
  assert_view (fixture, 0, "state", "failed");
  stop_well (fixture);
  assert_view (fixture, 0, "state", "failed");
}

static void
test_start_fails_optional (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *reason = NULL;

  g_test_summary ("An optional module that does not start is marked so; the others start.");

  load (fixture, RB_MODULE_CONNECTOR, "odd", FALSE);
  load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  g_assert_true (start (fixture, NULL));
  assert_view (fixture, 0, "state", "failed");
  assert_view (fixture, 1, "state", "running");
  reason = host_fixture_view (fixture->host, 0, "reason");
  g_assert_cmpstr (reason, ==, "The network is away");
  send_it (fixture);
  assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "The network is away");
  stop_well (fixture);
}

static void
test_start_never (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Modules start emitters first, connector last; a required one that does not answer fails the start in time.");

  load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  load (fixture, RB_MODULE_SPAWN_DRIVER, "good", TRUE);
  load (fixture, RB_MODULE_UPSTREAM, "good", TRUE);
  load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_settle ();
  assert_view (fixture, 0, "state", "starting");
  for (guint i = 1; i < 4; i++)
    assert_view (fixture, i, "state", "running");

  rb_fake_clock_advance (fixture->clock, TIMEOUT_MS);
  g_assert_nonnull (result);
  g_assert_false (rb_host_start_finish (fixture->host, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
  assert_view (fixture, 0, "state", "failed");
  assert_view (fixture, 0, "timeouts", "1");
  stop_well (fixture);
  for (guint i = 0; i < 4; i++)
    assert_view (fixture, i, "state", "stopped");
}

static void
test_start_never_optional (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("An optional module that never starts is given up at the deadline.");

  load (fixture, RB_MODULE_CONNECTOR, "odd", FALSE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_fake_clock_advance (fixture->clock, TIMEOUT_MS);
  g_assert_nonnull (result);
  g_assert_true (rb_host_start_finish (fixture->host, result, NULL));
  assert_view (fixture, 0, "state", "failed");
  stop_well (fixture);
}

static void
test_stop_while_starting (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop does not wait for a module that is still starting.");

  load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &started);
  rb_test_settle ();
  stop_well (fixture);
  rb_test_wait_until (started != NULL);
  g_assert_false (rb_host_start_finish (fixture->host, started, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  assert_view (fixture, 0, "state", "stopped");
  assert_view (fixture, 1, "state", "stopped");
}

static void
test_stop_before_start (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A host that was stopped neither starts nor loads any more.");

  load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  stop_well (fixture);
  g_assert_false (start (fixture, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_clear_error (&error);
  g_assert_false (rb_host_load (fixture->host, RB_MODULE_EMITTER, "good", FALSE, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
}

static void
test_stop_never (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The connector stops first; if it does not answer it is given up and the others stop.");

  load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  g_assert_true (start (fixture, NULL));
  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &second);
  rb_test_settle ();
  assert_view (fixture, 0, "state", "running");
  assert_view (fixture, 1, "state", "stopping");
  g_assert_false (rb_host_stop_finish (fixture->host, second, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_clear_error (&error);

  rb_fake_clock_advance (fixture->clock, TIMEOUT_MS);
  g_assert_nonnull (result);
  g_assert_false (rb_host_stop_finish (fixture->host, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
  assert_view (fixture, 0, "state", "stopped");
  assert_view (fixture, 1, "state", "stopped");
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A host without modules starts and stops.");

  g_assert_true (start (fixture, NULL));
  g_assert_null (rb_host_get_connector (fixture->host));
  g_assert_null (rb_host_get_upstream (fixture->host));
  stop_well (fixture);
}

#define ADD(path, data, function) g_test_add ("/guard/" path, Fixture, data, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  ADD ("connector", NULL, test_connector);
  ADD ("not-running", NULL, test_not_running);
  ADD ("upstream", NULL, test_upstream);
  ADD ("spawn-driver", NULL, test_spawn_driver);
  ADD ("emitter", NULL, test_emitter);
  ADD ("send/fails-without-error", "behaviour=send-silent", test_send_silent);
  ADD ("send/succeeds-with-error", "behaviour=send-both", test_send_silent);
  ADD ("send/never", "behaviour=send-never", test_send_never);
  ADD ("send/twice", "behaviour=send-twice", test_send_twice);
  ADD ("send/cancelled", "behaviour=send-until-cancelled", test_send_cancelled);
  ADD ("send/pending-at-stop", "behaviour=send-never", test_send_pending_at_stop);
  ADD ("emits", "behaviour=emits-early", test_emits);
  ADD ("start/fails", "behaviour=start-fails", test_start_fails);
  ADD ("start/fails-without-error", "behaviour=start-silent", test_start_fails);
  ADD ("start/fails-optional", "behaviour=start-fails", test_start_fails_optional);
  ADD ("start/never", "behaviour=start-never", test_start_never);
  ADD ("start/never-optional", "behaviour=start-never", test_start_never_optional);
  ADD ("stop/while-starting", "behaviour=start-never", test_stop_while_starting);
  ADD ("stop/before-start", NULL, test_stop_before_start);
  ADD ("stop/never", "behaviour=stop-never", test_stop_never);
  ADD ("empty", NULL, test_empty);
  return g_test_run ();
}
