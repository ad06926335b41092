/* test-runtimes.c: a runtime in a process group of its own: limits, places, output, its end, and the next broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-driver-fixture.h"
#include "rb-program-log.h"
#include "rb-program-place.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

typedef struct {
  RbDriverFixture  driver;
  RbSpawnTerms     terms;
  char            *command;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  rb_driver_fixture_set_up (&fixture->driver);
  fixture->terms = (RbSpawnTerms) { .no_units = TRUE, .log_max_bytes = 65536 };
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_driver_fixture_tear_down (&fixture->driver);
  g_free (fixture->command);
}

static void
write_program (Fixture    *fixture,
               const char *text)
{
  g_free (fixture->command);
  fixture->command = rb_driver_fixture_add_program (&fixture->driver, "program", text);
}

static void
make_module (Fixture *fixture)
{
  RbModuleEnvironment environment = { .spawn = fixture->terms };
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GError) error = NULL;

  g_hash_table_insert (settings, (gpointer) "kinds", (gpointer) "k");
  g_hash_table_insert (settings, (gpointer) "command-k", fixture->command);
  g_hash_table_insert (settings, (gpointer) "prompt-k", (gpointer) "stdin");
  g_hash_table_insert (settings, (gpointer) "output-k", (gpointer) "tail");
  g_assert_true (rb_driver_fixture_configure (&fixture->driver, &environment, settings, &error));
  g_assert_no_error (error);
}

static GPid
spawn_in (Fixture     *fixture,
          const char  *directory,
          GError     **error)
{
  if (fixture->driver.module == NULL)
    make_module (fixture);
  return rb_driver_fixture_spawn (&fixture->driver, "k", "", directory, error);
}

static GPid
spawn (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  GPid pid = spawn_in (fixture, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (pid, >, 0);
  return pid;
}

static RbRuntime *
dup_runtime (Fixture *fixture)
{
  return rb_spawn_driver_dup_runtime (RB_SPAWN_DRIVER (fixture->driver.module), "token-1");
}

static gboolean
has_output (Fixture    *fixture,
            const char *text)
{
  g_autoptr(RbRuntime) runtime = dup_runtime (fixture);
  g_autofree char *output = rb_program_log_dup_tail (runtime != NULL ? runtime->log_file : NULL);

  return strstr (output, text) != NULL;
}

static void
test_memory (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("What takes more memory than one runtime may have does not get it.");

  fixture->terms.memory_max_bytes = 64 << 20;
  write_program (fixture, "ulimit -c; ulimit -d; ulimit -n\n"
                 "head -c 300000000 /dev/zero | tail -n 1 >/dev/null && echo got it || echo refused");
  spawn (fixture);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_nonnull (strstr (fixture->driver.output, "0\n65536\n"));
  g_assert_nonnull (strstr (fixture->driver.output, "refused"));
}

static void
test_memory_unlimited (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("Zero is no limit.");

  write_program (fixture, "ulimit -d");
  spawn (fixture);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpstr (fixture->driver.output, ==, "unlimited\n");
}

/* Or a zombie that whoever inherited it has yet to bury. */
static gboolean
is_gone (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;

  return !g_file_get_contents (path, &text, NULL, NULL) || strstr (text, ") Z ") != NULL;
}

static void
test_group (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *file = g_build_filename (fixture->driver.dir, "child", NULL);
  g_autofree char *text = NULL;
  g_autofree char *script = g_strdup_printf ("(trap '' TERM; echo deaf; exec sleep 600) & echo $! >%s; echo ready; wait", file);
  pid_t child;

  g_test_summary ("With a runtime its children end, also those that do not listen.");

  write_program (fixture, script);
  spawn (fixture);
  rb_test_wait_until (has_output (fixture, "ready") && has_output (fixture, "deaf"));
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  child = (pid_t) atoi (text);
  g_assert_cmpint (kill (child, 0), ==, 0);
  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", FALSE);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_true (WIFSIGNALED (fixture->driver.status));
  g_assert_cmpint (WTERMSIG (fixture->driver.status), ==, SIGTERM);
  rb_test_wait_until (is_gone (child));
}

static void
test_force (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("What does not end when it is asked to ends with force.");

  write_program (fixture, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
  spawn (fixture);
  rb_test_wait_until (has_output (fixture, "ready"));
  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", FALSE);
  rb_test_settle ();
  g_assert_null (fixture->driver.token);
  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", TRUE);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpint (WTERMSIG (fixture->driver.status), ==, SIGKILL);
}

static void
test_signals (Fixture       *fixture,
              gconstpointer  data)
{
  sigset_t blocked, before;

  g_test_summary ("A runtime blocks no signal, whatever the broker blocks.");

  write_program (fixture, "grep SigBlk: /proc/self/status");
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGTERM);
  sigaddset (&blocked, SIGINT);
  pthread_sigmask (SIG_BLOCK, &blocked, &before);
  spawn (fixture);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpstr (fixture->driver.output, ==, "SigBlk:\t0000000000000000\n");
}

static void
test_own_directory (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *own = g_build_filename (fixture->driver.dir, "runtimes", "k", NULL);
  g_autofree char *line = g_strconcat (own, "\n", NULL);

  g_test_summary ("A runtime works in the directory of its kind unless it is told otherwise.");

  write_program (fixture, "pwd -P");
  spawn (fixture);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpstr (fixture->driver.output, ==, line);
}

static void
test_directories (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *allowed = g_build_filename (fixture->driver.dir, "allowed", NULL);
  g_autofree char *below = g_build_filename (allowed, "below", NULL);
  g_autofree char *sibling = g_strconcat (allowed, "-not", NULL);
  g_autofree char *escape = g_build_filename (allowed, "escape", NULL);
  g_autofree char *dots = g_build_filename (allowed, "..", NULL);
  g_autofree char *missing = g_build_filename (allowed, "missing", NULL);
  g_autofree char *file = g_build_filename (allowed, "file", NULL);
  g_autofree char *latin = g_build_filename (allowed, "\xfc", NULL);
  g_autofree char *leads_to_latin = g_build_filename (allowed, "to-latin", NULL);
  const struct { const char *path; const char *reason; } cases[] = {
    { sibling, "directory_refused" }, { escape, "directory_refused" }, { dots, "directory_refused" }, { "/", "directory_refused" },
    { "allowed", "directory_refused" }, { missing, "spawn_failed" }, { file, "spawn_failed" }, { leads_to_latin, "directory_refused" },
  };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Only what is allowed, or below it when all links are followed, and has a name that can be told.");

  g_assert_cmpint (g_mkdir_with_parents (below, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (sibling, 0700), ==, 0);
  g_assert_cmpint (symlink (sibling, escape), ==, 0);
  g_assert_cmpint (g_mkdir (latin, 0700), ==, 0);
  g_assert_cmpint (symlink (latin, leads_to_latin), ==, 0);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  fixture->terms.directories = allowed;
  write_program (fixture, "pwd -P");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) refusal = NULL;

      g_assert_cmpint (spawn_in (fixture, cases[i].path, &refusal), ==, 0);
      g_assert_cmpstr (rb_error_get_reason (refusal), ==, cases[i].reason);
    }

  g_assert_cmpint (spawn_in (fixture, below, &error), >, 0);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpstr (g_strchomp (fixture->driver.output), ==, below);
}

static void
test_allowed (void)
{
  g_test_summary ("A directory is within itself, not within one whose name it only begins with; nothing is within nothing.");

  g_assert_true (rb_program_place_is_allowed ("/tmp", "/tmp"));
  g_assert_true (rb_program_place_is_allowed ("/tmp/x", "/nowhere;/tmp/"));
  g_assert_true (rb_program_place_is_allowed ("/any", "/"));
  g_assert_false (rb_program_place_is_allowed ("/tmpx", "/tmp"));
  g_assert_false (rb_program_place_is_allowed ("/tmp", ""));
  g_assert_false (rb_program_place_is_allowed ("/tmp", NULL));
}

static void
test_log (Fixture       *fixture,
          gconstpointer  data)
{
  g_autofree char *log_file = g_build_filename (fixture->driver.dir, "x.log", NULL);
  g_autofree char *before = g_strconcat (log_file, ".1", NULL);
  g_autofree char *text = g_strnfill (2000, 'a');
  g_autofree char *kept = NULL;
  g_autofree char *now = NULL;
  FILE *writer = g_fopen (log_file, "a");
  gsize length;

  g_test_summary ("Output is put aside above its bound; who writes goes on.");

  fputs (text, writer);
  fputs ("end", writer);
  fflush (writer);
  rb_program_log_trim (log_file, 4000);
  g_assert_false (g_file_test (before, G_FILE_TEST_EXISTS));
  rb_program_log_trim (log_file, 1000);
  g_assert_true (g_file_get_contents (before, &kept, &length, NULL));
  g_assert_cmpuint (length, ==, 1000);
  g_assert_true (g_str_has_suffix (kept, "aend"));
  fputs ("more", writer);
  fclose (writer);
  now = rb_program_log_dup_tail (log_file);
  g_assert_cmpstr (now, ==, "more");
  rb_program_log_trim ("/nowhere/x.log", 1);
}

static void
test_logs_bounded (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (fixture->driver.dir, "runtime-logs", NULL);
  guint n = 0;

  g_test_summary ("Of no more runtimes than so many the output is kept.");

  for (guint i = 0; i < RB_PROGRAM_LOGS_MAX + 6; i++)
    {
      g_autofree char *name = g_strdup_printf ("k-%u", i);
      g_autofree char *path = rb_program_log_dup_path (fixture->driver.dir, name, NULL);

      g_assert_true (g_file_set_contents (path, "x", 1, NULL));
    }
  {
    g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);

    while (g_dir_read_name (dir) != NULL)
      n++;
  }
  g_assert_cmpuint (n, ==, RB_PROGRAM_LOGS_MAX);
}

static void
test_logs_of_the_living (Fixture       *fixture,
                         gconstpointer  data)
{
  const struct utimbuf long_ago = { 1000, 1000 };
  g_autoptr(RbRuntime) runtime = NULL;
  g_autofree char *path = NULL;
  GPid pid;

  g_test_summary ("The output of what runs is not made room of, however long it was silent; that of what ran is.");

  write_program (fixture, "exec sleep 600");
  pid = spawn (fixture);
  runtime = dup_runtime (fixture);
  for (guint i = 0; i < RB_PROGRAM_LOGS_MAX + 6; i++)
    {
      g_autofree char *name = g_strdup_printf ("k-%u", i);

      g_assert_cmpint (g_utime (runtime->log_file, (struct utimbuf *) &long_ago), ==, 0);
      g_clear_pointer (&path, g_free);
      path = rb_program_log_dup_path (fixture->driver.dir, name, NULL);
      g_assert_true (g_file_set_contents (path, "x", 1, NULL));
    }
  g_assert_true (g_file_test (runtime->log_file, G_FILE_TEST_EXISTS));

  kill (pid, SIGKILL);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_clear_pointer (&path, g_free);
  path = rb_program_log_dup_path (fixture->driver.dir, "k-last", NULL);
  g_assert_false (g_file_test (runtime->log_file, G_FILE_TEST_EXISTS));
}

static void
test_adopt (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbRuntime) runtime = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("The next broker knows what runs, tells its end, and can end it; no zombie stays.");

  write_program (fixture, "echo ready; exec sleep 600");
  spawn (fixture);
  rb_test_wait_until (has_output (fixture, "ready"));
  runtime = dup_runtime (fixture);
  rb_module_stop_async (fixture->driver.module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&fixture->driver.module));

  make_module (fixture);
  g_assert_true (rb_spawn_driver_adopt (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", runtime));
  rb_test_settle ();
  g_assert_null (fixture->driver.token);
  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", FALSE);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpint (WTERMSIG (fixture->driver.status), ==, SIGTERM);
  g_assert_cmpstr (fixture->driver.output, ==, "ready\n");
  g_assert_cmpint (waitpid ((pid_t) runtime->pid, NULL, WNOHANG), ==, -1);
}

static void
test_adopt_gone (Fixture       *fixture,
                 gconstpointer  data)
{
  RbRuntime runtime = { .pid = 0 };
  pid_t pid = fork ();

  g_test_summary ("What is gone cannot be adopted.");

  if (pid == 0)
    _exit (0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  write_program (fixture, "true");
  make_module (fixture);
  runtime.pid = pid;
  g_assert_false (rb_spawn_driver_adopt (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", &runtime));
  g_assert_null (dup_runtime (fixture));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);

#define ADD(path, function) g_test_add ("/runtimes/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("limits/memory", test_memory);
  ADD ("limits/none", test_memory_unlimited);
  ADD ("end/group", test_group);
  ADD ("end/force", test_force);
  ADD ("signals", test_signals);
  ADD ("directory/own", test_own_directory);
  ADD ("directory/allowed", test_directories);
  ADD ("log/bounded", test_log);
  ADD ("log/number", test_logs_bounded);
  ADD ("log/of-the-living", test_logs_of_the_living);
  ADD ("adopt/runs", test_adopt);
  ADD ("adopt/gone", test_adopt_gone);
#undef ADD
  g_test_add_func ("/runtimes/directory/within", test_allowed);
  return g_test_run ();
}
