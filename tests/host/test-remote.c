/* test-remote.c: connectors in processes of their own, and what becomes of us when they go wrong
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define RESTART_MS 500
#define PING_MS 5000

/* Whoever breaks the contract is killed; the sanitizer and GLib have words of their own for want of memory. */
static const struct {
  const char *to;
  const char *reason;
  gboolean    is_breach;
} deaths[] = {
  { "crash", "signal 11 (Segmentation fault)" },
  { "abort", "signal 6 (Aborted)" },
  { "exit", "exit code 0" },
  { "leak", "" },
  { "deliver-and-crash", "signal 11 (Segmentation fault)" },
  { "flood", "it sent more messages than its window allows", TRUE },
  { "deliver-garbage", "it sent a message whose content or metadata is no JSON", TRUE },
  { "write-garbage", "it sent a frame of no type" },
  { "write-long", "it sent a frame that is too long" },
};

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             GString     *heard)
{
  g_string_append_printf (heard, "delivery %d,", (int) seq);
}

static void
on_disconnected (RbConnector *connector,
                 const char  *reason,
                 GString     *heard)
{
  g_string_append_printf (heard, "disconnected %s,", reason);
}

static RbConnector *
start (HostFixture *fixture)
{
  RbConnector *connector;

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "wild", TRUE);
  connector = rb_host_get_connector (fixture->host);
  rb_connector_set_window (connector, 4, 4096);
  g_signal_connect (connector, "delivery", G_CALLBACK (on_delivery), fixture->heard);
  g_signal_connect (connector, "disconnected", G_CALLBACK (on_disconnected), fixture->heard);
  g_assert_true (host_fixture_start (fixture, NULL));
  return connector;
}

static void
send_to (HostFixture *fixture,
         const char  *to,
         gsize        size)
{
  g_autofree char *text = g_strnfill (size, 'x');
  g_autoptr(GBytes) content = rb_json_slice_from_string (text);

  rb_envelope_unref (fixture->envelope);
  fixture->envelope = rb_envelope_new ("m1", NULL, to, content, NULL, NULL);
  host_fixture_send (fixture);
}

static gboolean
send_and_wait (HostFixture *fixture,
               const char  *to)
{
  gboolean ok;

  send_to (fixture, to, 2);
  rb_test_wait_until (fixture->result != NULL);
  ok = rb_connector_send_finish (rb_host_get_connector (fixture->host), fixture->result, NULL, NULL, NULL);
  g_clear_object (&fixture->result);
  return ok;
}

static void
wait_restart (HostFixture *fixture,
              gint64       after_ms)
{
  rb_fake_clock_advance (fixture->clock, after_ms);
  rb_test_wait_until (send_and_wait (fixture, "nobody"));
}

static void
test_death (HostFixture   *fixture,
            gconstpointer  data)
{
  gint64 delay = RESTART_MS;

  g_test_summary ("Whatever way its process ends: sends end, the network is away and why is said, and another process takes over.");

  start (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (deaths); i++)
    {
      g_autofree char *restarts = g_strdup_printf ("%d", (int) i + 1);
      g_autofree char *shown = NULL;

      g_string_truncate (fixture->heard, 0);
      g_test_message ("%s", deaths[i].to);
      send_and_wait (fixture, deaths[i].to);
      rb_test_wait_until (strstr (fixture->heard->str, "disconnected The process of module 'wild' ended: ") != NULL);
      g_assert_nonnull (strstr (fixture->heard->str, deaths[i].reason));
      host_fixture_assert_view (fixture, 0, "state", "running");
      shown = host_fixture_view (fixture->host, 0, "reason");
      g_assert_nonnull (strstr (shown, deaths[i].reason));
      g_assert_cmpuint (rb_test_count_log ("module_process_died"), ==, 1);
      g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, deaths[i].is_breach ? 1 : 0);

      host_fixture_send (fixture);
      host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, deaths[i].reason);
      wait_restart (fixture, delay);
      delay = MIN (2 * delay, 60000);
      host_fixture_assert_view (fixture, 0, "restarts", restarts);
      g_clear_pointer (&shown, g_free);
      shown = host_fixture_view (fixture->host, 0, "reason");
      g_assert_true (g_str_has_prefix (shown, "started again ("));
      g_assert_cmpstr (rb_connector_get_address (rb_host_get_connector (fixture->host)), ==, "window 4/4096 ");
    }
  host_fixture_stop_well (fixture);
}

static void
check_hang (HostFixture *fixture,
            const char  *to)
{
  start (fixture);
  for (guint i = 0; i < 20; i++)
    {
      rb_fake_clock_advance (fixture->clock, PING_MS);
      g_assert_true (send_and_wait (fixture, "nobody"));
    }
  host_fixture_assert_view (fixture, 0, "restarts", "0");

  send_to (fixture, to, 2);
  /* No further than its end: from there on the next one's time runs. */
  for (guint i = 0; i < 4 && fixture->result == NULL; i++)
    {
      rb_fake_clock_advance (fixture->clock, PING_MS);
      rb_test_settle ();
    }
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "ended (it ");
  wait_restart (fixture, RESTART_MS);
  host_fixture_assert_view (fixture, 0, "restarts", "1");
  host_fixture_stop_well (fixture);
}

static void
test_hang_call (HostFixture   *fixture,
                gconstpointer  data)
{
  g_test_summary ("A process whose main loop does not turn is killed; one that answers is left alone, however long it runs.");

  check_hang (fixture, "hang");
}

static void
test_hang_closed (HostFixture   *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A process that closes its socket and does not end is killed.");

  check_hang (fixture, "close-socket");
}

static void
test_not_written (HostFixture   *fixture,
                  gconstpointer  data)
{
  const gsize size = 8 * 1024 * 1024;
  g_autoptr(GPtrArray) bounds = NULL;
  g_autofree char *pid = NULL;
  RbConnector *connector = start (fixture);
  GAsyncResult *late[10] = { NULL };

  g_test_summary ("What a process never got was not sent; what it got nobody knows. More than a bound does not wait for it.");

  send_to (fixture, "hang", 2);
  for (guint i = 0; i < G_N_ELEMENTS (late); i++)
    {
      g_autofree char *text = g_strnfill (size, 'x');
      g_autoptr(GBytes) content = rb_json_slice_from_string (text);
      g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m2", NULL, "bob", content, NULL, NULL);

      rb_connector_send_async (connector, envelope, NULL, rb_test_store_result, &late[i]);
    }
  rb_test_settle ();
  bounds = rb_host_dup_bounds (fixture->host);
  rb_test_assert_bound (bounds->pdata[0], "isolated_queue");

  pid = host_fixture_view (fixture->host, 0, "pid");
  kill ((pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "ended (signal 9 (Killed)) before it answered 'send'");
  for (guint i = 0; i < G_N_ELEMENTS (late); i++)
    {
      g_autoptr(GError) error = NULL;

      rb_test_wait_until (late[i] != NULL);
      g_assert_false (rb_connector_send_finish (connector, late[i], NULL, NULL, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
      g_object_unref (late[i]);
    }
  host_fixture_stop_well (fixture);
}

static void
test_queue (HostFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(GPtrArray) bounds = NULL;
  RbConnector *connector = start (fixture);

  g_test_summary ("What waits for the process is counted as it comes and as it goes, and is nothing once the process has it, or has gone.");

  bounds = rb_host_dup_bounds (fixture->host);
  g_assert_cmpstr (rb_bounds_get (bounds->pdata[0], 0)->info->name, ==, "isolated_queue");
  send_to (fixture, "nobody", 4 * 1024 * 1024);
  g_assert_cmpuint (rb_bounds_get (bounds->pdata[0], 0)->used, >, 4 * 1024 * 1024);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_connector_send_finish (connector, fixture->result, NULL, NULL, NULL));
  g_clear_object (&fixture->result);
  g_assert_cmpuint (rb_bounds_get (bounds->pdata[0], 0)->used, ==, 0);

  send_to (fixture, "crash", 2);
  rb_connector_send_async (connector, fixture->envelope, NULL, NULL, NULL);
  g_assert_cmpuint (rb_bounds_get (bounds->pdata[0], 0)->used, >, 0);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "signal 11");
  g_assert_cmpuint (rb_bounds_get (bounds->pdata[0], 0)->used, ==, 0);
  host_fixture_stop_well (fixture);
}

static void
test_answers (HostFixture   *fixture,
              gconstpointer  data)
{
  RbConnector *connector = start (fixture);

  g_test_summary ("An answer goes to the process that asked, and to no later one; each delivery has its own.");

  g_assert_true (send_and_wait (fixture, "deliver"));
  g_assert_true (send_and_wait (fixture, "deliver"));
  rb_connector_accept (connector, 1);
  rb_connector_accept (connector, 1);
  g_assert_true (send_and_wait (fixture, "nobody"));
  g_assert_cmpstr (rb_connector_get_address (connector), ==, "window 4/4096 accept 1 ");
  g_assert_false (send_and_wait (fixture, "crash"));
  wait_restart (fixture, RESTART_MS);

  rb_connector_accept (connector, 2);
  g_assert_true (send_and_wait (fixture, "deliver"));
  rb_connector_release (connector, 1);
  g_assert_true (send_and_wait (fixture, "nobody"));
  g_assert_cmpstr (rb_connector_get_address (connector), ==, "window 4/4096 release 1 ");
  g_assert_true (g_str_has_prefix (fixture->heard->str, "delivery 1,delivery 2,disconnected "));
  g_assert_true (g_str_has_suffix (fixture->heard->str, ",delivery 1,"));
  host_fixture_stop_well (fixture);
}

static void
test_backoff (HostFixture   *fixture,
              gconstpointer  data)
{
  g_test_summary ("The more often it dies the longer the next one waits; once it was steady the first delay counts again.");

  start (fixture);
  for (gint64 delay = RESTART_MS; delay <= 4 * RESTART_MS; delay *= 2)
    {
      g_assert_false (send_and_wait (fixture, "crash"));
      rb_fake_clock_advance (fixture->clock, delay - 1);
      rb_test_settle ();
      host_fixture_assert_view (fixture, 0, "pid", NULL);
      wait_restart (fixture, 1);
    }
  for (guint i = 0; i < 13; i++)
    {
      rb_fake_clock_advance (fixture->clock, PING_MS);
      g_assert_true (send_and_wait (fixture, "nobody"));
    }
  g_assert_false (send_and_wait (fixture, "crash"));
  wait_restart (fixture, RESTART_MS);
  host_fixture_assert_view (fixture, 0, "restarts", "4");
  host_fixture_stop_well (fixture);
}

static void
test_before_start (HostFixture   *fixture,
                   gconstpointer  data)
{
  gboolean at_start = strstr (data, "start") != NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A process that ends before it has started is a module that does not load or start, and says so.");

  if (at_start)
    {
      host_fixture_load (fixture, RB_MODULE_CONNECTOR, "wild", TRUE);
      host_fixture_start (fixture, &error);
    }
  else
    rb_host_load (fixture->host, RB_MODULE_CONNECTOR, "wild", TRUE, &error);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "signal 11 (Segmentation fault)"));
  host_fixture_assert_view (fixture, 0, "state", "failed");
  host_fixture_stop_well (fixture);
}

static void
test_closed_early (HostFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("One that closes its socket while it is configured, and goes on, is not waited for.");

  g_assert_false (rb_host_load (fixture->host, RB_MODULE_CONNECTOR, "wild", TRUE, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "Its process ended: it closed its socket and went on"));
  host_fixture_assert_view (fixture, 0, "state", "failed");
  host_fixture_stop_well (fixture);
}

static void
test_not_opened (HostFixture   *fixture,
                 gconstpointer  data)
{
  static const struct {
    const char *name;
    const char *reason;
  } refused[] = {
    { "bomb", "module_process_died" }, { "wrong-abi", "module_wrong_abi" }, { "no-symbol", "module_no_info" },
    { "nothing", "module_not_found" },
  };

  g_test_summary ("The file of an isolated module is opened in its process alone; what the loader refuses is refused for the same reason.");

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (rb_host_load (fixture->host, RB_MODULE_CONNECTOR, refused[i].name, TRUE, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, refused[i].reason);
      g_clear_error (&error);
      g_assert_null (rb_host_peek (fixture->host, RB_MODULE_CONNECTOR, refused[i].name, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, refused[i].reason);
    }
}

static void
test_again (HostFixture   *fixture,
            gconstpointer  data)
{
  gboolean for_good = strstr (data, "rejected") != NULL;
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *mark = g_build_filename (dir, "mark", NULL);

  g_test_summary ("A process that is refused when it starts again stays away; one that finds the network away is tried again.");

  g_setenv ("RB_TEST_WILD_MARK", mark, TRUE);
  start (fixture);
  g_assert_false (send_and_wait (fixture, "crash"));
  rb_fake_clock_advance (fixture->clock, RESTART_MS);
  rb_test_wait_until (strstr (fixture->heard->str, for_good ? "not known any more" : "The network is away") != NULL);
  g_assert_false (send_and_wait (fixture, "nobody"));
  rb_fake_clock_advance (fixture->clock, 2 * RESTART_MS);
  rb_test_settle ();
  host_fixture_assert_view (fixture, 0, "restarts", for_good ? "1" : "2");
  host_fixture_stop_well (fixture);
}

static void
test_superseded (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_test_summary ("One that another broker took over from is not started again: it would take the identity back.");

  start (fixture);
  g_assert_true (send_and_wait (fixture, "superseded"));
  g_assert_false (send_and_wait (fixture, "crash"));
  rb_fake_clock_advance (fixture->clock, 100 * RESTART_MS);
  rb_test_settle ();
  host_fixture_assert_view (fixture, 0, "restarts", "0");
  host_fixture_assert_view (fixture, 0, "pid", NULL);
  host_fixture_stop_well (fixture);
}

static void
test_stop_hangs (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop waits for the process, for a while, and then it is killed.");

  start (fixture);
  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_settle ();
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 10000);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_host_stop_finish (fixture->host, result, &error));
  g_assert_nonnull (strstr (error->message, "it took too long"));
}

static void
test_log (HostFixture   *fixture,
          gconstpointer  data)
{
  g_test_summary ("What the module logs, from any thread, is in our log as its own.");

  start (fixture);
  g_assert_true (send_and_wait (fixture, "say"));
  host_fixture_stop_well (fixture);
  rb_test_assert_logged ("wild_says", "module", "wild", "what", "hello \"you\"", NULL);
  rb_test_assert_logged ("wild_thread_says", "module", "wild", NULL);
}

static void
test_settings (HostFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("The keys that isolation adds are checked as the module's own are.");

  g_assert_false (rb_host_load (fixture->host, RB_MODULE_CONNECTOR, "wild", TRUE, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "'isolate-memory-mib' must be"));
}

static void
tear_down (HostFixture   *fixture,
           gconstpointer  data)
{
  siginfo_t info;

  host_fixture_tear_down (fixture, data);
  rb_test_count_log ("module_process_died");
  /* Each was reaped. */
  g_assert_cmpint (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), ==, -1);
}

#define ADD(path, data, function) \
  g_test_add ("/remote/" path, HostFixture, data, host_fixture_set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("death", "@isolate-memory-mib=64", test_death);
  ADD ("hang/in-a-call", "@", test_hang_call);
  ADD ("hang/with-a-closed-socket", "@", test_hang_closed);
  ADD ("not-written", "@", test_not_written);
  ADD ("queue", "@", test_queue);
  ADD ("answers", "@", test_answers);
  ADD ("backoff", "@", test_backoff);
  ADD ("before-start/configure", "@behaviour=configure-crash", test_before_start);
  ADD ("before-start/closed", "@behaviour=configure-close", test_closed_early);
  ADD ("before-start/start", "@behaviour=start-crash", test_before_start);
  ADD ("not-opened", "@", test_not_opened);
  ADD ("again/rejected", "@behaviour=start-rejected-again", test_again);
  ADD ("again/away", "@behaviour=start-away-again", test_again);
  ADD ("superseded", "@", test_superseded);
  ADD ("stop-hangs", "@behaviour=stop-hang", test_stop_hangs);
  ADD ("log", "@", test_log);
  ADD ("settings/text", "@isolate-memory-mib=much", test_settings);
  ADD ("settings/negative", "@isolate-memory-mib=-1", test_settings);
  return g_test_run ();
}
