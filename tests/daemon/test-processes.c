/* test-processes.c: which processes live, and hearing of their end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-clock.h"
#include "rb-kernel-processes.h"
#include "rb-test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  RbClock     *clock;
  RbProcesses *processes;
  guint        n_exited;
  gint64       last_pid;
} Fixture;

static void
on_exited (RbProcesses *processes,
           gint64       pid,
           Fixture     *fixture)
{
  fixture->n_exited++;
  fixture->last_pid = pid;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->clock = rb_fake_clock_new ();
  fixture->processes = rb_kernel_processes_new (fixture->clock);
  g_signal_connect (fixture->processes, "exited", G_CALLBACK (on_exited), fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->processes);
  g_assert_finalize_object (fixture->clock);
}

static pid_t
start_child (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    while (TRUE)
      pause ();
  g_assert_cmpint (pid, >, 0);
  return pid;
}

static void
end_child (pid_t pid)
{
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

/* Source: protocol.md 7.7 and IMP-22. */
static void
test_identify (Fixture       *fixture,
               gconstpointer  data)
{
  pid_t pid = start_child ();
  gint64 own = 0;
  gint64 first = 0;
  gint64 again = 0;

  g_test_summary ("A living process has a start time that stays; a dead one, a zombie and a number that is no pid do not live.");

  g_assert_true (rb_processes_identify (fixture->processes, getpid (), &own));
  g_assert_cmpint (own, >, 0);
  g_assert_true (rb_processes_identify (fixture->processes, pid, &first));
  g_assert_true (rb_processes_identify (fixture->processes, pid, &again));
  g_assert_cmpint (first, ==, again);
  g_assert_cmpint (first, >=, own);

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitid (P_PID, (id_t) pid, NULL, WEXITED | WNOWAIT), ==, 0);
  g_assert_false (rb_processes_identify (fixture->processes, pid, &again));
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  g_assert_false (rb_processes_identify (fixture->processes, pid, &again));
  g_assert_false (rb_processes_identify (fixture->processes, 0, &again));
  g_assert_false (rb_processes_identify (fixture->processes, -1, &again));
  g_assert_false (rb_processes_identify (fixture->processes, G_MAXINT64, &again));
}

static void
test_watch_exit (Fixture       *fixture,
                 gconstpointer  data)
{
  pid_t pid = start_child ();

  g_test_summary ("The end is told once, however often the process is watched.");

  rb_processes_watch (fixture->processes, pid);
  rb_processes_watch (fixture->processes, pid);
  rb_test_settle ();
  g_assert_cmpuint (fixture->n_exited, ==, 0);

  end_child (pid);
  rb_test_wait_until (fixture->n_exited > 0);
  rb_test_settle ();
  g_assert_cmpuint (fixture->n_exited, ==, 1);
  g_assert_cmpint (fixture->last_pid, ==, pid);
  rb_processes_unwatch (fixture->processes, pid);
  rb_processes_unwatch (fixture->processes, pid);
}

static void
test_unwatch (Fixture       *fixture,
              gconstpointer  data)
{
  pid_t pid = start_child ();
  pid_t other = start_child ();

  g_test_summary ("Who does not watch is not told.");

  rb_processes_watch (fixture->processes, pid);
  rb_processes_watch (fixture->processes, other);
  rb_processes_unwatch (fixture->processes, pid);
  end_child (pid);
  end_child (other);
  rb_test_wait_until (fixture->n_exited > 0);
  rb_test_settle ();
  g_assert_cmpuint (fixture->n_exited, ==, 1);
  g_assert_cmpint (fixture->last_pid, ==, other);
}

static void
test_watch_dead (Fixture       *fixture,
                 gconstpointer  data)
{
  pid_t pid = start_child ();

  g_test_summary ("Watching a process that is gone already tells so, but not from inside the call.");

  end_child (pid);
  rb_processes_watch (fixture->processes, pid);
  g_assert_cmpuint (fixture->n_exited, ==, 0);
  rb_fake_clock_advance (fixture->clock, 0);
  rb_test_wait_until (fixture->n_exited == 1);
  rb_processes_unwatch (fixture->processes, pid);
}

static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  pid_t pids[150];

  g_test_summary ("More ends than one turn takes are all told.");

  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    {
      pids[i] = start_child ();
      rb_processes_watch (fixture->processes, pids[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    end_child (pids[i]);
  rb_test_wait_until (fixture->n_exited == G_N_ELEMENTS (pids));
}

static void
test_parse_stat (void)
{
  static const struct {
    const char *text;
    gboolean    alive;
    gint64      start_time;
  } cases[] = {
    { "12 (sh) S 1 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 9 9", TRUE, 777 },
    { "12 (a) b) (c) R 1 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 778 9 9", TRUE, 778 },
    { "12 (sh) Z 1 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 9 9", FALSE, 0 },
    { "12 (sh) X 1 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 9 9", FALSE, 0 },
    { "12 (sh) S 1 12", FALSE, 0 },
    { "12 (sh)", FALSE, 0 },
    { "", FALSE, 0 },
    { "12 (sh) S 1 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 x 9 9", FALSE, 0 },
  };

  g_test_summary ("The start time is found behind any name.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 start_time = 0;

      g_assert_cmpint (rb_kernel_processes_parse_stat (cases[i].text, &start_time), ==, cases[i].alive);
      g_assert_cmpint (start_time, ==, cases[i].start_time);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/processes/identify", test_identify);
  ADD ("/processes/watch/exit", test_watch_exit);
  ADD ("/processes/watch/unwatch", test_unwatch);
  ADD ("/processes/watch/dead", test_watch_dead);
  ADD ("/processes/watch/many", test_many);
#undef ADD
  g_test_add_func ("/processes/parse-stat", test_parse_stat);
  return g_test_run ();
}
