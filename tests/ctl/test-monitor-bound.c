/* test-monitor-bound.c: brokerctl monitor, beside a broker that says more than anybody reads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-monitor.h"

#include <signal.h>
#include <string.h>

#define NAME "io.github.runtimebroker.Broker1"
#define ROOT "/io/github/runtimebroker/Broker1"
#define PIPE_LINES 3000        /* more than a pipe holds of them */
#define N_SIGNALS (RB_MONITOR_QUEUE_MAX + PIPE_LINES)

typedef struct {
  RbBrokerctlFixture  ctl;
  GTestDBus          *bus;          /* NULL: there is no dbus-daemon */
  GDBusConnection    *connection;   /* of the broker that this test is */
  char               *monitor;      /* its name on the bus, once it asked */
} Fixture;

static const char xml[] = "<node><interface name='" NAME "'><method name='Access'><arg type='a{sv}' direction='out'/></method></interface>"
                          "<interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
                          "<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface></node>";

static void
on_call (GDBusConnection       *connection,
         const char            *sender,
         const char            *path,
         const char            *interface,
         const char            *method,
         GVariant              *parameters,
         GDBusMethodInvocation *invocation,
         gpointer               user_data)
{
  Fixture *fixture = user_data;
  gboolean is_access = g_str_equal (method, "Access");

  g_free (fixture->monitor);
  fixture->monitor = g_strdup (sender);
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new_parsed (is_access ? "({'account_id': <'default'>},)" : "(@a{oa{sa{sv}}} {},)"));
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");
  g_autoptr(GDBusNodeInfo) node = NULL;
  g_autoptr(GVariant) owned = NULL;

  if (program == NULL)
    {
      g_test_skip ("there is no dbus-daemon");
      return;
    }
  rb_brokerctl_set_up (&fixture->ctl, NULL);
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture->connection = g_dbus_connection_new_for_address_sync (
    g_test_dbus_get_bus_address (fixture->bus), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
    NULL, NULL, NULL);
  g_assert_nonnull (fixture->connection);
  node = g_dbus_node_info_new_for_xml (xml, NULL);
  for (guint i = 0; node->interfaces[i] != NULL; i++)
    g_assert_cmpuint (g_dbus_connection_register_object (fixture->connection, ROOT, node->interfaces[i], &vtable, fixture, NULL, NULL), >, 0);
  owned = g_dbus_connection_call_sync (fixture->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (owned);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->bus == NULL)
    return;
  g_dbus_connection_close_sync (fixture->connection, NULL, NULL);
  g_clear_object (&fixture->connection);
  g_free (fixture->monitor);
  rb_brokerctl_tear_down (&fixture->ctl, NULL);
  g_test_dbus_stop (fixture->bus);
  g_object_unref (fixture->bus);
}

/* What it says first on standard error is that it watches. */
static void
wait_watching (GSubprocess *process)
{
  g_autoptr(GDataInputStream) remarks = g_data_input_stream_new (g_subprocess_get_stderr_pipe (process));
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *remark = NULL;

  g_data_input_stream_read_line_async (remarks, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  remark = g_data_input_stream_read_line_finish (remarks, result, NULL, NULL);
  g_assert_cmpstr (remark, ==, "brokerctl: watching; Ctrl-C ends it");
}

/* Ping is answered by the thread that reads, whatever the others do; so what was sent before has been read. */
static void
wait_read (Fixture *fixture)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) pong = NULL;
  g_autoptr(GError) error = NULL;

  g_dbus_connection_call (fixture->connection, fixture->monitor, "/", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, 60000,
                          NULL, rb_test_store_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  pong = g_dbus_connection_call_finish (fixture->connection, result, &error);
  g_assert_no_error (error);
}

static void
say_much (Fixture *fixture)
{
  for (guint i = 0; i < N_SIGNALS; i++)
    {
      GVariant *parameters = g_variant_new_parsed ("(%s, {'Inbox': <%x>}, @as [])", NAME, (gint64) i);

      g_assert_true (g_dbus_connection_emit_signal (fixture->connection, NULL, ROOT, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                                    parameters, NULL));
    }
  g_assert_true (g_dbus_connection_flush_sync (fixture->connection, NULL, NULL));
}

/* Every event is either printed or counted. Returns how many were counted. */
static guint
read_events (GSubprocess *process)
{
  g_autoptr(GDataInputStream) lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  guint n_told = 0, n_missed = 0;

  while (n_told + n_missed < N_SIGNALS)
    {
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
      guint n;

      g_assert_nonnull (line);
      if (strstr (line, "  broker      missed    ") == NULL)
        n_told++;
      else
        {
          g_assert_cmpint (sscanf (strstr (line, "missed"), "missed %u events", &n), ==, 1);
          n_missed += n;
        }
    }
  g_assert_cmpuint (n_told + n_missed, ==, N_SIGNALS);
  g_assert_cmpuint (n_told, >=, RB_MONITOR_QUEUE_MAX);
  return n_missed;
}

static void
test_slow_reader (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GSubprocess) process = NULL;

  g_test_summary ("Whom nobody reads keeps ten thousand events, and then says how many more there were: none is lost silently.");

  if (fixture->bus == NULL)
    return;
  process = rb_brokerctl_start (&fixture->ctl, "monitor");
  wait_watching (process);
  say_much (fixture);
  wait_read (fixture);
  g_assert_cmpuint (read_events (process), >, 0);
  g_subprocess_send_signal (process, SIGINT);
  g_subprocess_wait (process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, RB_EXIT_INTERRUPTED);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add ("/monitor/slow-reader", Fixture, NULL, set_up, test_slow_reader, tear_down);
  return g_test_run ();
}
