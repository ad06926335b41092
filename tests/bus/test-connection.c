/* test-connection.c: the broker comes to a bus, and stays there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"

static void
test_name (RbBusFixture *fixture,
           gconstpointer data)
{
  g_autofree char *presence = NULL;

  g_test_summary ("It has the name, and answers; when it stops the name is free at once.");

  if (fixture->bus == NULL)
    return;
  presence = rb_bus_fixture_get (fixture, "", "", "Presence");
  g_assert_cmpstr (presence, ==, "online");
  g_clear_pointer (&fixture->bus, rb_bus_free);
  g_assert_null (rb_bus_fixture_get (fixture, "", "", "Presence"));
}

static void
test_goes_away (RbBusFixture *fixture,
                gconstpointer data)
{
  g_test_summary ("A bus that goes away is waited for, ever more seldom; nothing else is disturbed, and all is there again with it.");

  if (fixture->bus == NULL)
    return;
  g_clear_object (&fixture->caller);
  rb_bus_fixture_stop_bus (fixture);
  rb_bus_fixture_wait_state (fixture, "connecting");
  rb_test_wait_until (rb_test_count_log ("bus_unavailable") == 1);
  rb_fake_clock_advance (fixture->core.clock, 1000);
  rb_test_wait_until (rb_test_count_log ("bus_unavailable") == 1);
  rb_fake_clock_advance (fixture->core.clock, 1999);
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("bus_unavailable"), ==, 0);

  rb_bus_fixture_start_bus (fixture);
  rb_fake_clock_advance (fixture->core.clock, 1);
  rb_bus_fixture_wait_state (fixture, "owned");
  rb_bus_fixture_connect (fixture);
  rb_bus_fixture_pass (fixture, 0);
}

static void
test_none (RbBusFixture *fixture,
           gconstpointer data)
{
  g_autoptr(RbBus) bus = NULL;

  g_test_summary ("A session without a bus is as good, and nothing is tried in it.");

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  bus = rb_bus_new (&fixture->ports, NULL);
  g_assert_cmpstr (rb_bus_get_state (bus), ==, "none");
  rb_fake_clock_advance (fixture->core.clock, 3600000);
  rb_test_settle ();
  g_assert_cmpstr (rb_bus_get_state (bus), ==, "none");
}

static void
test_session_address (void)
{
  g_autofree char *directory = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (directory, "bus", NULL);
  g_autofree char *named = NULL;
  g_autofree char *found = NULL;
  g_autofree char *expected = g_strconcat ("unix:path=", path, NULL);

  g_test_summary ("The session's bus is where the environment says, else in the runtime directory, else nowhere.");

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=x", TRUE);
  named = rb_bus_dup_session_address ();
  g_assert_cmpstr (named, ==, "unix:abstract=x");
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_setenv ("XDG_RUNTIME_DIR", directory, TRUE);
  g_assert_null (rb_bus_dup_session_address ());
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  found = rb_bus_dup_session_address ();
  g_assert_cmpstr (found, ==, expected);
  g_unsetenv ("XDG_RUNTIME_DIR");
  g_assert_null (rb_bus_dup_session_address ());
}

static void
test_two (RbBusFixture *fixture,
          gconstpointer data)
{
  g_autoptr(RbBus) second = NULL;

  g_test_summary ("Another broker that has the name keeps it, and the next one has it after that.");

  if (fixture->bus == NULL)
    return;
  second = rb_bus_new (&fixture->ports, fixture->address);
  rb_test_wait_until (g_str_equal (rb_bus_get_state (second), "waiting"));
  g_assert_cmpstr (rb_bus_get_state (fixture->bus), ==, "owned");
  g_clear_pointer (&fixture->bus, rb_bus_free);
  rb_test_wait_until (g_str_equal (rb_bus_get_state (second), "owned"));
}

static void
test_stop_while_connecting (RbBusFixture *fixture,
                            gconstpointer data)
{
  g_test_summary ("It may stop at any moment.");

  if (fixture->bus == NULL)
    return;
  for (guint i = 0; i < 20; i++)
    {
      RbBus *bus = rb_bus_new (&fixture->ports, fixture->address);

      for (guint n = 0; n < i; n++)
        g_main_context_iteration (NULL, FALSE);
      rb_bus_free (bus);
    }
  rb_test_settle ();
}

/* Should it hang, it does so for long enough to be noticed. */
static gpointer
wake_bus (gpointer data)
{
  RbBusFixture *fixture = data;
  GAsyncQueue *over = g_object_get_data (G_OBJECT (fixture->daemon), "over");

  if (g_async_queue_timeout_pop (over, 8 * G_USEC_PER_SEC) == NULL)
    g_subprocess_send_signal (fixture->daemon, SIGCONT);
  return NULL;
}

static void
test_hangs (RbBusFixture *fixture,
            gconstpointer data)
{
  g_autoptr(GAsyncQueue) over = g_async_queue_new ();
  GThread *waker;
  gint64 begun;

  g_test_summary ("A bus that reads nothing any more does not keep the broker from ending.");

  if (fixture->bus == NULL)
    return;
  g_object_set_data (G_OBJECT (fixture->daemon), "over", over);
  g_subprocess_send_signal (fixture->daemon, SIGSTOP);
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_fake_connector_deliver (fixture->core.connector, i + 1, id, "bob", "hello", NULL);
    }
  rb_test_settle ();
  rb_fake_clock_advance (fixture->core.clock, 1000);
  rb_test_settle ();

  waker = g_thread_new ("waker", wake_bus, fixture);
  begun = g_get_monotonic_time ();
  g_clear_pointer (&fixture->bus, rb_bus_free);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 6 * G_USEC_PER_SEC);
  g_async_queue_push (over, over);
  g_thread_join (waker);
  g_subprocess_send_signal (fixture->daemon, SIGCONT);
}

#define ADD(path, function) g_test_add (path, RbBusFixture, NULL, rb_bus_fixture_set_up, function, rb_bus_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/connection/name", test_name);
  ADD ("/connection/goes-away", test_goes_away);
  ADD ("/connection/none", test_none);
  ADD ("/connection/two", test_two);
  ADD ("/connection/stop-while-connecting", test_stop_while_connecting);
  ADD ("/connection/hangs", test_hangs);
  g_test_add_func ("/connection/session-address", test_session_address);
  return g_test_run ();
}
