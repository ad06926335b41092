/* test-exec.c: a child gets its input, gives its output, and is gone afterwards
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-exec-process.h"
#include "rb-exec-runner.h"
#include "rb-exec-turn.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

typedef struct {
  RbClock      *clock;
  GCancellable *cancellable;
  GAsyncResult *result;
  GError       *error;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->clock = rb_fake_clock_new ();
  fixture->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_clear_object (&fixture->result);
  g_clear_error (&fixture->error);
  g_object_unref (fixture->cancellable);
  g_assert_finalize_object (fixture->clock);
}

static void
start (Fixture    *fixture,
       const char *script,
       const char *input,
       gint64      timeout_ms)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  const char *const environment[] = { "RB_TEST=a=b c", NULL };
  g_autoptr(GBytes) bytes = g_bytes_new (input, strlen (input));

  rb_exec_process_run_async (argv, environment, bytes, timeout_ms, fixture->clock, fixture->cancellable, rb_test_store_result,
                             &fixture->result);
}

static char *
finish (Fixture *fixture)
{
  g_autoptr(GBytes) output = NULL;

  rb_test_wait_until (fixture->result != NULL);
  output = rb_exec_process_run_finish (fixture->result, &fixture->error);
  g_clear_object (&fixture->result);
  return output != NULL ? g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output)) : NULL;
}

static void
assert_output (Fixture    *fixture,
               const char *expected)
{
  g_autofree char *output = finish (fixture);

  g_assert_no_error (fixture->error);
  g_assert_cmpstr (output, ==, expected);
}

static void
assert_failure (Fixture    *fixture,
                RbError     code,
                const char *reason)
{
  g_assert_null (finish (fixture));
  g_assert_error (fixture->error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (fixture->error), ==, reason);
}

static void
test_echo (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("The input reaches the program, the output comes back, the environment is there.");

  start (fixture, "cat; printf '|%s|' \"$RB_TEST\"", "hello\n", 0);
  assert_output (fixture, "hello\n|a=b c|");
}

static void
test_exit_status (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Another status than 0 is a failure, whatever was printed.");

  start (fixture, "echo text; exit 3", "", 0);
  assert_failure (fixture, RB_ERROR_REJECTED, "exit_status");
  g_assert_nonnull (strstr (fixture->error->message, "3"));
}

static void
test_signal (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A program that dies of a signal failed.");

  start (fixture, "kill -9 $$", "", 0);
  assert_failure (fixture, RB_ERROR_REJECTED, "killed_by_signal");
}

static void
test_no_program (Fixture       *fixture,
                 gconstpointer  data)
{
  const char *const argv[] = { "/nonexistent/program", NULL };
  g_autoptr(GBytes) input = g_bytes_new_static ("", 0);

  g_test_summary ("A program that does not exist is reported as such.");

  rb_exec_process_run_async (argv, NULL, input, 0, fixture->clock, NULL, rb_test_store_result, &fixture->result);
  assert_failure (fixture, RB_ERROR_NOT_FOUND, "program_not_started");
}

static void
test_ignores_input (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');

  g_test_summary ("A program that never reads its input, or closes it, is none the worse for it.");

  start (fixture, "exec <&-; echo done", large, 0);
  assert_output (fixture, "done\n");
}

static void
test_large (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');
  g_autofree char *output = NULL;

  g_test_summary ("A megabyte goes in and out at the same time without a standstill.");

  start (fixture, "cat", large, 0);
  output = finish (fixture);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (strlen (output), ==, 1024 * 1024);
}

static void
test_too_large (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A program that writes without end is ended.");

  start (fixture, "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "", 0);
  assert_failure (fixture, RB_ERROR_TOO_LARGE, "output_too_large");
}

static void
test_timeout (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("When time is up the program gets SIGTERM, and its failure says why.");

  start (fixture, "sleep 1000", "", 5000);
  rb_fake_clock_advance (fixture->clock, 4999);
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 1);
  assert_failure (fixture, RB_ERROR_TIMED_OUT, "timeout");
}

static void
wait_for_line (Fixture    *fixture,
               const char *path)
{
  rb_test_wait_until (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_kill (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *ready = g_build_filename (dir, "ready", NULL);
  g_autofree char *script = g_strdup_printf ("trap '' TERM; touch '%s'; while :; do sleep 1; done", ready);

  g_test_summary ("A program that does not heed SIGTERM gets SIGKILL two seconds later, with its whole group.");

  start (fixture, script, "", 5000);
  wait_for_line (fixture, ready);
  rb_fake_clock_advance (fixture->clock, 5000);
  rb_test_settle ();
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 2000);
  assert_failure (fixture, RB_ERROR_TIMED_OUT, "timeout");
}

static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("Cancelling ends the program and then the call.");

  start (fixture, "sleep 1000", "", 0);
  g_cancellable_cancel (fixture->cancellable);
  g_assert_null (finish (fixture));
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_before (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A call that was cancelled before it began ends like one cancelled later.");

  g_cancellable_cancel (fixture->cancellable);
  start (fixture, "sleep 1000", "", 0);
  g_assert_null (finish (fixture));
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
is_alive (gint64 pid)
{
  return kill ((pid_t) pid, 0) == 0 || errno != ESRCH;
}

static void
test_leftovers (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *output = NULL;
  gint64 pid;

  g_test_summary ("What a finished program left behind with its pipe does not hold up the result, and is ended.");

  start (fixture, "sleep 1000 & echo $!", "", 0);
  rb_test_wait_until (rb_clock_get_n_timers (fixture->clock) == 1);
  rb_fake_clock_advance (fixture->clock, 1000);
  output = finish (fixture);
  g_assert_no_error (fixture->error);
  pid = g_ascii_strtoll (output, NULL, 10);
  g_assert_cmpint (pid, >, 0);
  rb_test_wait_until (!is_alive (pid));
}

static void
test_escaped (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *output = NULL;
  gint64 pid;

  g_test_summary ("Somebody in another session who holds the pipe open cannot hold up the result for ever.");

  start (fixture, "setsid sleep 1000 & echo $!", "", 0);
  for (guint i = 0; i < 3; i++)
    {
      rb_test_wait_until (rb_clock_get_n_timers (fixture->clock) == 1 || fixture->result != NULL);
      rb_fake_clock_advance (fixture->clock, 2000);
    }
  output = finish (fixture);
  g_assert_no_error (fixture->error);
  pid = g_ascii_strtoll (output, NULL, 10);
  if (pid > 0)
    kill ((pid_t) pid, SIGKILL);
}

typedef struct {
  RbExecRunner *runner;
  GPtrArray    *results;   /* of GAsyncResult of runs */
} Crowd;

static void
on_ran (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  Crowd *crowd = user_data;

  g_ptr_array_add (crowd->results, g_object_ref (result));
}

static void
on_turn (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Crowd *crowd = user_data;
  g_autoptr(GBytes) input = g_bytes_new_static ("", 0);
  g_autoptr(GError) error = NULL;

  g_assert_true (rb_exec_runner_take_finish (crowd->runner, result, &error));
  g_assert_cmpuint (rb_exec_runner_get_running (crowd->runner), <=, 3);
  rb_exec_runner_run_async (crowd->runner, input, NULL, NULL, on_ran, crowd);
}

static void
test_concurrency (Fixture       *fixture,
                  gconstpointer  data)
{
  const char *const argv[] = { "sh", "-c", "echo done", NULL };
  Crowd crowd = { rb_exec_runner_new (argv, 3, 0, fixture->clock), g_ptr_array_new_with_free_func (g_object_unref) };

  g_test_summary ("Never more than so many run at once, and all run.");

  for (guint i = 0; i < 12; i++)
    rb_exec_runner_take_async (crowd.runner, NULL, on_turn, &crowd);
  g_assert_cmpuint (rb_exec_runner_get_running (crowd.runner), ==, 3);
  g_assert_cmpuint (rb_exec_runner_get_waiting (crowd.runner), ==, 9);
  rb_test_wait_until (crowd.results->len == 12);
  g_assert_cmpuint (rb_exec_runner_get_running (crowd.runner), ==, 0);
  for (guint i = 0; i < crowd.results->len; i++)
    {
      g_autoptr(GBytes) output = rb_exec_runner_run_finish (crowd.runner, g_ptr_array_index (crowd.results, i), NULL);

      g_assert_nonnull (output);
    }
  g_ptr_array_unref (crowd.results);
  g_assert_finalize_object (crowd.runner);
}

static void
test_turn_cancelled (Fixture       *fixture,
                     gconstpointer  data)
{
  const char *const argv[] = { "true", NULL };
  RbExecRunner *runner = rb_exec_runner_new (argv, 1, 0, fixture->clock);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) third = NULL;

  g_test_summary ("Who stops waiting leaves the queue; a turn given back goes to the next.");

  rb_exec_runner_take_async (runner, NULL, rb_test_store_result, &first);
  rb_exec_runner_take_async (runner, fixture->cancellable, rb_test_store_result, &second);
  rb_exec_runner_take_async (runner, NULL, rb_test_store_result, &third);
  rb_test_wait_until (first != NULL);
  g_assert_true (rb_exec_runner_take_finish (runner, first, NULL));
  g_cancellable_cancel (fixture->cancellable);
  rb_test_wait_until (second != NULL);
  g_assert_false (rb_exec_runner_take_finish (runner, second, &fixture->error));
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (third);

  rb_exec_runner_give_back (runner);
  rb_test_wait_until (third != NULL);
  g_assert_true (rb_exec_runner_take_finish (runner, third, NULL));
  rb_exec_runner_give_back (runner);
  g_clear_object (&first);
  g_clear_object (&second);
  g_clear_object (&third);
  g_assert_finalize_object (runner);
}

static void
test_content (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *output;
    gsize       size;
    const char *content;
  } cases[] = {
    { "", 0, "" },           { "\n", 1, "" },          { "text", 4, "text" },     { "text\n", 5, "text" },
    { "text\n\n", 6, "text\n" }, { "text\r\n", 6, "text" }, { "\xff", 1, "\357\277\275" }, { "a\0b", 3, "a\357\277\275b" },
  };

  g_test_summary ("Output becomes content: one line break at the end goes, what is not UTF-8 is replaced.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) output = g_bytes_new_static (cases[i].output, cases[i].size);
      g_autofree char *content = rb_exec_turn_make_content (output);

      g_assert_cmpstr (content, ==, cases[i].content);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/exec/echo", test_echo);
  ADD ("/exec/exit-status", test_exit_status);
  ADD ("/exec/signal", test_signal);
  ADD ("/exec/no-program", test_no_program);
  ADD ("/exec/ignores-input", test_ignores_input);
  ADD ("/exec/large", test_large);
  ADD ("/exec/too-large", test_too_large);
  ADD ("/exec/timeout", test_timeout);
  ADD ("/exec/kill", test_kill);
  ADD ("/exec/cancel", test_cancel);
  ADD ("/exec/cancel-before", test_cancel_before);
  ADD ("/exec/leftovers", test_leftovers);
  ADD ("/exec/escaped", test_escaped);
  ADD ("/exec/runner/concurrency", test_concurrency);
  ADD ("/exec/runner/cancelled", test_turn_cancelled);
  ADD ("/exec/content", test_content);
  return g_test_run ();
}
