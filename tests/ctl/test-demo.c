/* test-demo.c: the demo plays on the built broker, whatever happens to it meanwhile
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ctl.h"
#include "rb-daemon-fixture.h"
#include "rb-test.h"

#include <gio/gio.h>
#include <string.h>

/* The demo takes some 300 ms; a moment after its end is a moment, too. */
#define MOMENTS 25
#define MOMENT_MAX_MS 500

static GSubprocess *
start (RbDaemonFixture *broker,
       const char      *arguments)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  g_autofree char *line = g_strdup_printf ("'%s' --no-start --data-dir '%s' %s", program, rb_daemon_fixture_get_data_dir (broker),
                                           arguments);
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;
  GSubprocess *process;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  return process;
}

/* Returns what it printed; fails the test, with that, when it did not end well. */
static char *
finish (GSubprocess *process)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *output = NULL;
  gint64 deadline_us = g_get_monotonic_time () + 90 * G_USEC_PER_SEC;

  g_subprocess_communicate_utf8_async (process, NULL, NULL, rb_test_store_result, &result);
  while (result == NULL)
    rb_test_turn (deadline_us, "the demo ends", __FILE__, __LINE__);
  g_assert_true (g_subprocess_communicate_utf8_finish (process, result, &output, NULL, &error));
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (process))
    g_test_message ("%s", output);
  g_assert_true (g_subprocess_get_successful (process));
  return g_steal_pointer (&output);
}

static void
wait_ms (gint64 ms)
{
  gint64 until_us = g_get_monotonic_time () + ms * 1000;

  while (g_get_monotonic_time () < until_us)
    g_main_context_iteration (NULL, FALSE);
}

static void
test_plain (void)
{
  static const char *const steps[] = { "1. attached", "2. attached", "3. sent", "4. inbox", "5. dispatched", "6. accepted", "7. replied",
                                       "8. received", "9. done" };
  g_autoptr(RbDaemonFixture) broker = rb_daemon_fixture_new ();
  g_autoptr(GSubprocess) process = NULL;
  g_autofree char *output = NULL;
  const char *place;

  g_test_summary ("Two runtimes attach; a message goes through the inbox to the other one; its answer comes back.");

  rb_daemon_fixture_start (broker);
  process = start (broker, "demo");
  output = finish (process);
  place = output;
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      place = strstr (place, steps[i]);
      g_assert_nonnull (place);
    }
  g_assert_nonnull (strstr (output, "[stored]"));
  g_assert_cmpint (rb_daemon_fixture_stop (broker), ==, 0);
}

/* Nothing may be left over either. */
static void
assert_nothing_left (RbDaemonFixture *broker)
{
  static const char *const views[] = { "inbox", "assignments" };

  for (gsize i = 0; i < G_N_ELEMENTS (views); i++)
    {
      g_autofree char *arguments = g_strconcat (views[i], " --json", NULL);
      g_autoptr(GSubprocess) process = start (broker, arguments);
      g_autofree char *output = finish (process);

      g_assert_cmpstr (output, ==, "[]\n");
    }
}

static void
test_killed (void)
{
  g_autoptr(RbDaemonFixture) broker = rb_daemon_fixture_new ();

  g_test_summary ("kill -9 at any moment of the demo, and a restart, loses nothing and repeats nothing.");

  rb_daemon_fixture_start (broker);
  for (guint i = 0; i < MOMENTS; i++)
    {
      g_autoptr(GSubprocess) process = start (broker, "demo");
      gint64 moment_ms = g_test_rand_int_range (0, MOMENT_MAX_MS);
      g_autofree char *output = NULL;

      g_test_message ("killed after %" G_GINT64_FORMAT " ms", moment_ms);
      wait_ms (moment_ms);
      rb_daemon_fixture_kill (broker);
      rb_daemon_fixture_start (broker);
      output = finish (process);
      assert_nothing_left (broker);
    }
  g_assert_cmpint (rb_daemon_fixture_stop (broker), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/demo/plain", test_plain);
  g_test_add_func ("/demo/killed-at-50-moments", test_killed);
  return g_test_run ();
}
