/* test-monitor.c: brokerctl monitor beside the built broker, on a bus of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-daemon-fixture.h"
#include "rb-monitor-print.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

#define ADDRESS "DBUS_SESSION_BUS_ADDRESS"

typedef struct {
  RbBrokerctlFixture  ctl;
  GTestDBus          *bus;         /* NULL: there is no dbus-daemon */
  RbDaemonFixture    *broker;
  GSubprocess        *monitor;
  GDataInputStream   *lines;
} Fixture;

static gboolean
has_owner (GDBusConnection *connection)
{
  g_autoptr(GVariant) answer = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                            "NameHasOwner", g_variant_new ("(s)", "io.github.runtimebroker.Broker1"),
                                                            G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  gboolean has = FALSE;

  if (answer != NULL)
    g_variant_get (answer, "(b)", &has);
  return has;
}

/* A broker serves before the bus gives it its name. */
static void
wait_on_bus (Fixture *fixture)
{
  g_autoptr(GDBusConnection) connection = g_dbus_connection_new_for_address_sync (
    g_test_dbus_get_bus_address (fixture->bus), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
    NULL, NULL, NULL);

  g_assert_nonnull (connection);
  rb_test_wait_until (has_owner (connection));
  g_dbus_connection_close_sync (connection, NULL, NULL);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");

  if (program == NULL)
    {
      g_test_skip ("there is no dbus-daemon");
      return;
    }
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture->broker = rb_daemon_fixture_new ();
  rb_daemon_fixture_set_env (fixture->broker, ADDRESS, g_test_dbus_get_bus_address (fixture->bus));
  rb_daemon_fixture_start (fixture->broker);
  wait_on_bus (fixture);
  fixture->ctl.data_dir = g_strdup (rb_daemon_fixture_get_data_dir (fixture->broker));
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->bus == NULL)
    return;
  g_clear_object (&fixture->lines);
  g_clear_object (&fixture->monitor);
  rb_daemon_fixture_free (fixture->broker);
  rb_brokerctl_tear_down (&fixture->ctl, NULL);
  if (g_test_dbus_get_bus_address (fixture->bus) != NULL)
    g_test_dbus_stop (fixture->bus);
  g_object_unref (fixture->bus);
  g_setenv (ADDRESS, "disabled:", TRUE);
}

/* Returns when it watches. */
static void
start_monitor (Fixture    *fixture,
               const char *arguments)
{
  g_autoptr(GDataInputStream) remarks = NULL;
  g_autofree char *remark = NULL;

  fixture->monitor = rb_brokerctl_start (&fixture->ctl, arguments);
  remarks = g_data_input_stream_new (g_subprocess_get_stderr_pipe (fixture->monitor));
  remark = g_data_input_stream_read_line (remarks, NULL, NULL, NULL);
  g_assert_cmpstr (remark, ==, "brokerctl: watching; Ctrl-C ends it");
  fixture->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (fixture->monitor));
}

/* Lines before it are left out. Its time is not compared. */
static char *
wait_line (Fixture    *fixture,
           const char *part)
{
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (fixture->lines, NULL, NULL, NULL);

      g_assert_nonnull (line);
      if (strstr (line, part) != NULL)
        return g_steal_pointer (&line);
    }
}

static void
skip_to (Fixture    *fixture,
         const char *part)
{
  g_free (wait_line (fixture, part));
}

static int
end_monitor (Fixture *fixture)
{
  g_subprocess_send_signal (fixture->monitor, SIGINT);
  g_subprocess_wait (fixture->monitor, NULL, NULL);
  return g_subprocess_get_exit_status (fixture->monitor);
}

static void
test_events (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *line = NULL;

  g_test_summary ("What comes and goes is printed as it does; Ctrl-C ends with 130.");

  if (fixture->bus == NULL)
    return;
  start_monitor (fixture, "monitor");
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "send --to default@local hello"), ==, RB_EXIT_OK);
  /* The endpoint that sent may be gone before the bus hears of it; the message stays. */
  line = wait_line (fixture, "  message     added     ");
  g_assert_true (g_str_has_suffix (line, "  default@local  unaddressed  hello"));
  g_assert_cmpint (end_monitor (fixture), ==, RB_EXIT_INTERRUPTED);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
}

static void
test_kinds (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *line = NULL;

  g_test_summary ("Only what is wanted is printed.");

  if (fixture->bus == NULL)
    return;
  start_monitor (fixture, "monitor --kind assignment --kind message");
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "send --to default@local hello"), ==, RB_EXIT_OK);
  line = g_data_input_stream_read_line (fixture->lines, NULL, NULL, NULL);
  g_assert_nonnull (strstr (line, "  message     added     "));
  g_assert_cmpint (end_monitor (fixture), ==, RB_EXIT_INTERRUPTED);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
}

static void
test_restart (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A broker that dies and comes back is said to be gone and back, and it goes on.");

  if (fixture->bus == NULL)
    return;
  start_monitor (fixture, "monitor --kind message");
  rb_daemon_fixture_kill (fixture->broker);
  skip_to (fixture, "  broker      gone");
  rb_daemon_fixture_start (fixture->broker);
  skip_to (fixture, "  broker      back");
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "send --to default@local hello"), ==, RB_EXIT_OK);
  skip_to (fixture, "  message     added     ");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  skip_to (fixture, "  broker      gone");
  g_assert_cmpint (end_monitor (fixture), ==, RB_EXIT_INTERRUPTED);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Without a bus, without the broker that is meant on it, and when the bus goes: 3, and why; nothing is started.");

  if (fixture->bus == NULL)
    return;
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "monitor --kind nonsense"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "--account other monitor"), ==, RB_EXIT_NOT_RUNNING);
  g_assert_nonnull (strstr (fixture->ctl.err, "serves the account 'default'"));
  start_monitor (fixture, "monitor");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "monitor"), ==, RB_EXIT_NOT_RUNNING);
  g_assert_nonnull (strstr (fixture->ctl.err, "no broker runs on the session bus"));
  g_test_dbus_stop (fixture->bus);
  g_subprocess_wait (fixture->monitor, NULL, NULL);
  g_assert_cmpint (g_subprocess_get_exit_status (fixture->monitor), ==, RB_EXIT_NOT_RUNNING);
  g_setenv (ADDRESS, "disabled:", TRUE);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "monitor"), ==, RB_EXIT_NOT_RUNNING);
  g_assert_nonnull (strstr (fixture->ctl.err, "there is no session bus"));
}

static void
test_lines (void)
{
  g_autoptr(GVariant) added = g_variant_ref_sink (
    g_variant_new_parsed ("{'Sender': <'e\033[2Jvil'>, 'Preview': <'two\nlines'>, 'SizeBytes': <int64 7>, 'Ready': <true>}"));
  const RbMonitorEvent event = { "message", "added", "m-1", added, 0 };
  const RbMonitorEvent missed = { "broker", "missed", NULL, NULL, 12 };
  g_autofree char *json = rb_monitor_event_to_json (&event, 1000);
  g_autofree char *text = rb_monitor_event_to_text (&event, 1000);
  g_autofree char *lost = rb_monitor_event_to_json (&missed, 1000);

  g_test_summary ("What strangers wrote is one line, escaped; a program gets all.");

  g_assert_cmpstr (json, ==,
                   "{\"at\":\"1970-01-01T00:00:01.000Z\",\"kind\":\"message\",\"event\":\"added\",\"id\":\"m-1\",\"properties\":{\"Sender\":"
                   "\"e\\u001b[2Jvil\",\"Preview\":\"two\\nlines\",\"SizeBytes\":7,\"Ready\":true}}");
  g_assert_true (g_str_has_suffix (text, ".000  message     added     m-1  e\\x1b[2Jvil  two\\nlines"));
  g_assert_cmpstr (lost, ==, "{\"at\":\"1970-01-01T00:00:01.000Z\",\"kind\":\"broker\",\"event\":\"missed\",\"missed\":12}");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/monitor/lines", test_lines);
  g_test_add ("/monitor/events", Fixture, NULL, set_up, test_events, tear_down);
  g_test_add ("/monitor/kinds", Fixture, NULL, set_up, test_kinds, tear_down);
  g_test_add ("/monitor/restart", Fixture, NULL, set_up, test_restart, tear_down);
  g_test_add ("/monitor/refused", Fixture, NULL, set_up, test_refused, tear_down);
  return g_test_run ();
}
