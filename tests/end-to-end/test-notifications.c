/* test-notifications.c: the built daemon, a session bus, a notification service: what a person sees, and what a click does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-fixture.h"
#include "rb-mock-notifications.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

typedef struct {
  GTestDBus           *bus;           /* NULL: there is none to be had */
  RbMockNotifications *service;
  RbDaemonFixture     *broker;
} Fixture;

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
  fixture->service = rb_mock_notifications_new (g_test_dbus_get_bus_address (fixture->bus), "actions,body,body-markup", FALSE);
  fixture->broker = rb_daemon_fixture_new ();
  rb_daemon_fixture_set_env (fixture->broker, "DBUS_SESSION_BUS_ADDRESS", g_test_dbus_get_bus_address (fixture->bus));
  rb_daemon_fixture_set_env (fixture->broker, "LC_ALL", "C");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->broker, rb_daemon_fixture_free);
  g_clear_pointer (&fixture->service, rb_mock_notifications_free);
  if (fixture->bus != NULL)
    g_test_dbus_down (fixture->bus);
  g_clear_object (&fixture->bus);
}

/* brokerctl as a user would type it. */
static GSubprocess *
start (Fixture    *fixture,
       const char *arguments)
{
  return rb_daemon_fixture_start_verb (fixture->broker, arguments, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
}

static char *
finish (GSubprocess *process)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  char *output = NULL;

  g_subprocess_communicate_utf8_async (process, NULL, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (g_subprocess_communicate_utf8_finish (process, result, &output, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  return output;
}

static char *
run (Fixture    *fixture,
     const char *arguments)
{
  g_autoptr(GSubprocess) process = start (fixture, arguments);

  return finish (process);
}

static gboolean
shows (Fixture    *fixture,
       const char *path,
       const char *text)
{
  g_autofree char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->broker, TRUE, "GET", path, NULL, &answer), ==, 200);
  return strstr (answer, text) != NULL;
}

static void
end (GSubprocess *process)
{
  g_subprocess_send_signal (process, SIGTERM);
  g_subprocess_wait (process, NULL, NULL);
}

static void
test_click (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(GSubprocess) runtime = NULL;
  g_autoptr(GSubprocess) sender = NULL;
  g_autofree char *action = NULL;
  g_autofree char *reply = NULL;
  g_autofree char *needs = NULL;
  const RbMockNotice *notice;
  guint32 id;

  g_test_summary ("A message is sent, a notification appears, a click on it hands the message to a runtime, whose answer comes back; a second "
                  "click is told that nothing waits.");

  if (fixture->bus == NULL)
    return;
  rb_daemon_fixture_start (fixture->broker);
  runtime = start (fixture, "attach --name shout --exec 'tr a-z A-Z'");
  rb_test_wait_until (shows (fixture, "/v1/operator/endpoints", "shout"));
  sender = start (fixture, "send --to default@local --wait-reply 'hello <b>&'");
  notice = rb_mock_notifications_wait (fixture->service, 0);
  id = notice->id;
  g_assert_nonnull (strstr (notice->body, "default@local: hello &lt;b&gt;&amp;"));
  needs = run (fixture, "needs");
  g_assert_nonnull (strstr (needs, "brokerctl dispatch "));
  g_assert_nonnull (strstr (needs, " shout\n"));
  action = g_strdup (rb_mock_notice_find_action (notice, "To shout"));

  rb_mock_notifications_click (fixture->service, id, action);
  reply = finish (sender);
  g_assert_nonnull (strstr (reply, "HELLO <B>&"));
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, id));
  g_free (needs);
  needs = run (fixture, "needs");
  g_assert_cmpstr (needs, ==, "nothing needs you\n");

  rb_mock_notifications_click (fixture->service, id, action);
  g_assert_cmpstr (rb_mock_notifications_wait (fixture->service, 1)->summary, ==, "No longer waiting");
  end (runtime);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
}

static void
test_restart (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("After kill -9 what waits is told once, together; a stop in order takes it back.");

  if (fixture->bus == NULL)
    return;
  rb_daemon_fixture_start (fixture->broker);
  g_free (run (fixture, "send --to default@local one"));
  rb_mock_notifications_wait (fixture->service, 0);
  g_free (run (fixture, "send --to default@local two"));
  rb_mock_notifications_wait (fixture->service, 1);
  rb_daemon_fixture_kill (fixture->broker);
  rb_daemon_fixture_start (fixture->broker);
  g_assert_cmpstr (rb_mock_notifications_wait (fixture->service, 2)->summary, ==, "2 things wait for you");
  rb_mock_notifications_settle (fixture->service);
  g_assert_true (shows (fixture, "/v1/operator/status", "\"needs\":2"));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, 3));
  g_assert_cmpuint (fixture->service->told->len, ==, 3);
}

static void
test_off (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("notifications.enabled=false: the service is left alone; brokerctl needs is not.");

  if (fixture->bus == NULL)
    return;
  rb_daemon_fixture_add_argument (fixture->broker, "--set=notifications.enabled=false");
  rb_daemon_fixture_start (fixture->broker);
  g_free (run (fixture, "send --to default@local one"));
  rb_test_wait_until (shows (fixture, "/v1/operator/needs", "\"what\":\"one\""));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  rb_mock_notifications_settle (fixture->service);
  g_assert_cmpuint (fixture->service->n_calls, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/notifications/click", test_click);
  ADD ("/notifications/restart", test_restart);
  ADD ("/notifications/off", test_off);
  return g_test_run ();
}
