/* test-command.c: the command module starts programs as it was told, and tells how they ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-command-line.h"
#include "rb-driver-fixture.h"
#include "rb-fake-clock.h"
#include "rb-program-log.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef RbDriverFixture Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  rb_driver_fixture_set_up (fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_driver_fixture_tear_down (fixture);
}

static char *
write_script (Fixture    *fixture,
              const char *name,
              const char *text)
{
  char *path = g_build_filename (fixture->dir, name, NULL);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  return path;
}

/* Settings of the kind "k": pairs (key, value), NULL-terminated. */
static gboolean
configure (Fixture  *fixture,
           GError  **error,
           ...) G_GNUC_NULL_TERMINATED;

static gboolean
configure (Fixture  *fixture,
           GError  **error,
           ...)
{
  RbModuleEnvironment environment = { .account_id = "work", .spawn = { .no_units = TRUE } };
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  const char *key;
  va_list args;

  g_hash_table_insert (settings, (gpointer) "kinds", (gpointer) "k");
  va_start (args, error);
  while ((key = va_arg (args, const char *)) != NULL)
    g_hash_table_replace (settings, (gpointer) key, va_arg (args, char *));
  va_end (args);

  return rb_driver_fixture_configure (fixture, &environment, settings, error);
}

static GPid
spawn (Fixture     *fixture,
       const char  *prompt,
       GError     **error)
{
  return rb_driver_fixture_spawn (fixture, "k", prompt, NULL, error);
}

static void
test_spawn_stdin (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_test_summary ("The prompt arrives on standard input, a leading dash and all, and the output is told with the exit.");

  g_assert_true (configure (fixture, &error, "command-k", "cat", NULL));
  pid = spawn (fixture, "--version\nline two", &error);
  g_assert_no_error (error);
  g_assert_cmpint (pid, >, 0);

  rb_test_wait_until (fixture->token != NULL);
  g_assert_cmpstr (fixture->token, ==, "token-1");
  g_assert_cmpstr (fixture->output, ==, "--version\nline two");
  g_assert_true (WIFEXITED (fixture->status));
  g_assert_cmpint (WEXITSTATUS (fixture->status), ==, 0);
  g_assert_cmpint (kill (pid, 0), !=, 0);
}

static void
test_spawn_argument (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *script = write_script (fixture, "args", "#!/bin/sh\nfor a in \"$@\"; do echo \"<$a>\"; done\n");
  g_autofree char *command = g_strdup_printf ("%s --bg 'two words'", script);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A prompt as an argument stands behind '--', and no shell reads it.");

  g_assert_true (configure (fixture, &error, "command-k", command, "prompt-k", "argument", NULL));
  g_assert_cmpint (spawn (fixture, "-x $(id) `id`", &error), >, 0);
  rb_test_wait_until (fixture->token != NULL);
  g_assert_cmpstr (fixture->output, ==, "<--bg>\n<two words>\n<-->\n<-x $(id) `id`>\n");
}

static void
test_spawn_environment (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *script = write_script (fixture, "env", "#!/bin/sh\nenv | sort\n");
  g_autoptr(GError) error = NULL;

  g_test_summary ("The broker's variables stay with the broker; the token and the prompt are there.");

  g_setenv ("MASONS_BROKER_ACCOUNT_ID", "hidden", TRUE);
  g_setenv ("MASONS_SPAWN_TOKEN", "stale", TRUE);
  g_setenv ("NOTIFY_SOCKET", "/hidden", TRUE);
  g_setenv ("CREDENTIALS_DIRECTORY", "/hidden", TRUE);
  g_setenv ("DBUS_STARTER_ADDRESS", "unix:path=/hidden", TRUE);
  g_setenv ("KEPT_VARIABLE", "kept", TRUE);
  g_assert_true (configure (fixture, &error, "command-k", script, "prompt-k", "environment", NULL));
  g_assert_cmpint (spawn (fixture, "do it", &error), >, 0);
  rb_test_wait_until (fixture->token != NULL);
  g_unsetenv ("MASONS_BROKER_ACCOUNT_ID");
  g_unsetenv ("MASONS_SPAWN_TOKEN");
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  g_unsetenv ("DBUS_STARTER_ADDRESS");
  g_unsetenv ("KEPT_VARIABLE");

  g_assert_null (strstr (fixture->output, "hidden"));
  g_assert_null (strstr (fixture->output, "stale"));
  g_assert_nonnull (strstr (fixture->output, "KEPT_VARIABLE=kept\n"));
  g_assert_nonnull (strstr (fixture->output, "MASONS_SPAWN_TOKEN=token-1\n"));
  g_assert_nonnull (strstr (fixture->output, "RB_SPAWN_PROMPT=do it\n"));
}

static void
test_spawn_session (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *script = write_script (fixture, "session", "#!/bin/sh\ncut -d' ' -f6 /proc/$$/stat\n");
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_test_summary ("The program leads a session of its own, so a signal to the broker's terminal does not reach it.");

  g_assert_true (configure (fixture, &error, "command-k", script, NULL));
  pid = spawn (fixture, "", &error);
  g_assert_no_error (error);
  rb_test_wait_until (fixture->token != NULL);
  g_assert_cmpint (g_ascii_strtoll (g_strstrip (fixture->output), NULL, 10), ==, pid);
}

static void
test_spawn_exec_failure (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autofree char *script = write_script (fixture, "broken", "#!/no/such/interpreter\n");
  g_autoptr(GError) error = NULL;

  g_test_summary ("A program that cannot be executed is an error with a reason, and nothing stays behind.");

  g_assert_true (configure (fixture, &error, "command-k", script, NULL));
  g_assert_cmpint (spawn (fixture, "p", &error), ==, 0);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "spawn_failed");
  rb_test_settle ();
  g_assert_null (fixture->token);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
}

static void
test_spawn_missing (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A program that is not there makes the driver unavailable, by name.");

  g_assert_true (configure (fixture, &error, "command-k", "no-such-program-here", NULL));
  g_assert_true (rb_spawn_driver_handles (RB_SPAWN_DRIVER (fixture->module), "k"));
  g_assert_false (rb_spawn_driver_handles (RB_SPAWN_DRIVER (fixture->module), "other"));
  g_assert_false (rb_spawn_driver_is_available (RB_SPAWN_DRIVER (fixture->module), "k", &error));
  g_assert_nonnull (strstr (error->message, "no-such-program-here"));
  g_clear_error (&error);
  g_assert_cmpint (spawn (fixture, "p", &error), ==, 0);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
}

static void
test_spawn_failing (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *script = write_script (fixture, "fail", "#!/bin/sh\necho why >&2\nexit 3\n");
  g_autoptr(GError) error = NULL;

  g_test_summary ("An early exit is told with its status and what the program said.");

  g_assert_true (configure (fixture, &error, "command-k", script, NULL));
  /* More than a pipe holds: writing it to a program that does not read must end too. */
  {
    g_autofree char *prompt = g_strnfill (300000, 'x');

    g_assert_cmpint (spawn (fixture, prompt, &error), >, 0);
  }
  rb_test_wait_until (fixture->token != NULL);
  g_assert_cmpint (WEXITSTATUS (fixture->status), ==, 3);
  g_assert_cmpstr (fixture->output, ==, "why\n");
}

static void
test_spawn_tail (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *script = write_script (fixture, "loud", "#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' a\nprintf '\\377end'\n");
  g_autoptr(GError) error = NULL;

  g_test_summary ("Of a long output the end is kept, bounded, as valid text.");

  g_assert_true (configure (fixture, &error, "command-k", script, NULL));
  g_assert_cmpint (spawn (fixture, "", &error), >, 0);
  rb_test_wait_until (fixture->token != NULL);
  g_assert_true (g_str_has_suffix (fixture->output, "end"));
  g_assert_true (g_utf8_validate (fixture->output, -1, NULL));
  g_assert_cmpuint (strlen (fixture->output), <=, RB_PROGRAM_TAIL_BYTES + 2);
}

static void
test_spawn_null (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("With output null nothing is kept.");

  g_assert_true (configure (fixture, &error, "command-k", "echo hello", "output-k", "null", NULL));
  g_assert_cmpint (spawn (fixture, "", &error), >, 0);
  rb_test_wait_until (fixture->token != NULL);
  g_assert_cmpstr (fixture->output, ==, "");
}

static void
test_spawn_large_prompt (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autofree char *prompt = g_strnfill (1000000, 'y');
  g_autoptr(GError) error = NULL;

  g_test_summary ("A prompt larger than a pipe arrives whole.");

  g_assert_true (configure (fixture, &error, "command-k", "wc -c", NULL));
  g_assert_cmpint (spawn (fixture, prompt, &error), >, 0);
  rb_test_wait_until (fixture->token != NULL);
  g_assert_cmpint (g_ascii_strtoll (g_strstrip (fixture->output), NULL, 10), ==, 1000000);
}

static void
test_stop_leaves (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_test_summary ("Stopping lets go of what runs: it is not killed and no exit is told.");

  g_assert_true (configure (fixture, &error, "command-k", "sleep 600", NULL));
  pid = spawn (fixture, "", &error);
  g_assert_cmpint (pid, >, 0);
  rb_module_stop_async (fixture->module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_module_stop_finish (fixture->module, result, NULL));

  g_assert_cmpint (kill (pid, 0), ==, 0);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  rb_test_settle ();
  g_assert_null (fixture->token);
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  RbSpawnRequest request = { .kind = "k", .prompt = "", .token = "t" };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A cancelled request starts nothing.");

  g_assert_true (configure (fixture, &error, "command-k", "true", NULL));
  g_cancellable_cancel (cancellable);
  rb_spawn_driver_spawn_async (RB_SPAWN_DRIVER (fixture->module), &request, cancellable, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_cmpint (rb_spawn_driver_spawn_finish (RB_SPAWN_DRIVER (fixture->module), result, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_line_refused (void)
{
  static const struct {
    const char *kind;
    const char *line;
    const char *prompt;
    const char *output;
    const char *text;
  } cases[] = {
    { "a b", "true", "stdin", "tail", "[command] kinds: " },
    { "", "true", "stdin", "tail", "[command] kinds: " },
    { "..", "true", "stdin", "tail", "[command] kinds: " },
    { "k", NULL, "stdin", "tail", "[command] command-k: is missing" },
    { "k", "", "stdin", "tail", "[command] command-k: " },
    { "k", "'open", "stdin", "tail", "[command] command-k: " },
    { "k", "./here", "stdin", "tail", "[command] command-k: the program must be" },
    { "k", "bin/here", "stdin", "tail", "[command] command-k: the program must be" },
    { "k", "'a;b'", "stdin", "tail", "[command] command-k: a program's name" },
    { "k", "'-x'", "stdin", "tail", "[command] command-k: a program's name" },
    { "k", "/usr/bin/..", "stdin", "tail", "[command] command-k: a program's name" },
    { "k", "true", "telepathy", "tail", "[command] prompt-k: " },
    { "k", "true", "stdin", "wall", "[command] output-k: " },
  };

  g_test_summary ("What cannot be run safely is refused by group and key.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_command_line_new (cases[i].kind, cases[i].line, cases[i].prompt, cases[i].output, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_true (g_str_has_prefix (error->message, cases[i].text));
    }
}

static void
test_line_separator (void)
{
  g_autoptr(RbCommandLine) line = rb_command_line_new ("k", "run --", "argument", "tail", NULL);
  g_auto(GStrv) argv = rb_command_line_dup_argv (line, "/bin/run", "p");
  static const char *const expected[] = { "/bin/run", "--", "p", NULL };

  g_test_summary ("A command line that ends in '--' gets no second one.");

  g_assert_cmpstrv (argv, expected);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/command/spawn/stdin", test_spawn_stdin);
  ADD ("/command/spawn/argument", test_spawn_argument);
  ADD ("/command/spawn/environment", test_spawn_environment);
  ADD ("/command/spawn/session", test_spawn_session);
  ADD ("/command/spawn/exec-failure", test_spawn_exec_failure);
  ADD ("/command/spawn/missing", test_spawn_missing);
  ADD ("/command/spawn/failing", test_spawn_failing);
  ADD ("/command/spawn/output-tail", test_spawn_tail);
  ADD ("/command/spawn/output-null", test_spawn_null);
  ADD ("/command/spawn/large-prompt", test_spawn_large_prompt);
  ADD ("/command/spawn/cancelled", test_cancelled);
  ADD ("/command/stop/leaves-children", test_stop_leaves);
#undef ADD
  g_test_add_func ("/command/line/refused", test_line_refused);
  g_test_add_func ("/command/line/separator", test_line_separator);
  return g_test_run ();
}
