/* test-claude-code.c: the claude-code module starts Claude Code as the protocol says (protocol.md 15.8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "preset-fixture.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define MISSING "`claude` CLI not found in PATH. Install Claude Code or check $PATH."

/* Arguments, environment and streams, for a test to read. */
#define TELL "{ for a in \"$@\"; do echo \"<$a>\"; done; env; readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; echo end; } > \"$OUT/told\""

static void
test_info (void)
{
  g_test_summary ("It is the driver of one kind, which is its name.");

  g_assert_cmpstr (rb_module_info.name, ==, "claude-code");
  g_assert_cmpint (rb_module_info.kind, ==, RB_MODULE_SPAWN_DRIVER);
}

static void
test_missing (PresetFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Without claude in PATH it says so, in the protocol's words, and starts nothing.");

  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  g_assert_true (rb_spawn_driver_handles (RB_SPAWN_DRIVER (fixture->driver.module), "claude-code"));
  g_assert_false (rb_spawn_driver_handles (RB_SPAWN_DRIVER (fixture->driver.module), "claude"));
  g_assert_false (preset_is_available (fixture, &error));
  g_assert_cmpstr (error->message, ==, MISSING);
  g_clear_error (&error);
  g_assert_cmpint (preset_spawn (fixture, "p", &error), ==, 0);
  g_assert_cmpstr (error->message, ==, MISSING);
  g_clear_error (&error);

  preset_add_program (fixture, "claude", "true");
  g_assert_true (preset_is_available (fixture, &error));
}

static void
test_command_line (PresetFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *told = NULL;

  g_test_summary ("claude --bg PROMPT, no shell, the token and none of the broker's variables, on the null device.");

  preset_add_program (fixture, "claude", TELL);
  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  g_setenv ("MASONS_BROKER_ACCOUNT_ID", "hidden", TRUE);
  g_setenv ("MASONS_SPAWN_TOKEN", "stale", TRUE);
  g_assert_cmpint (preset_spawn (fixture, "do $(id) 'it'", &error), >, 0);
  g_unsetenv ("MASONS_BROKER_ACCOUNT_ID");
  g_unsetenv ("MASONS_SPAWN_TOKEN");
  told = preset_read (fixture, "told");

  g_assert_true (g_str_has_prefix (told, "<--bg>\n<do $(id) 'it'>\n"));
  g_assert_nonnull (strstr (told, "\nMASONS_SPAWN_TOKEN=token-1\n"));
  g_assert_null (strstr (told, "hidden"));
  g_assert_null (strstr (told, "stale"));
  g_assert_nonnull (strstr (told, "\n/dev/null\n"));
  g_assert_true (g_str_has_suffix (told, "/dev/null\nend\n"));
}

static void
test_dash (PresetFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *told = NULL;

  g_test_summary ("A prompt that begins with a dash gets a blank before it: it is never an option.");

  preset_add_program (fixture, "claude", TELL);
  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  g_assert_cmpint (preset_spawn (fixture, "--dangerously-skip-permissions", &error), >, 0);
  told = preset_read (fixture, "told");
  g_assert_true (g_str_has_prefix (told, "<--bg>\n< --dangerously-skip-permissions>\n"));
}

static void
test_session (PresetFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *told = NULL;
  GPid pid;

  g_test_summary ("It leads a session of its own, and is reaped.");

  preset_add_program (fixture, "claude", "{ cut -d' ' -f6 /proc/$$/stat; echo end; } > \"$OUT/told\"");
  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  pid = preset_spawn (fixture, "p", &error);
  g_assert_cmpint (pid, >, 0);
  told = preset_read (fixture, "told");
  g_assert_cmpint (g_ascii_strtoll (told, NULL, 10), ==, pid);
  rb_test_wait_until (kill (pid, 0) != 0);
}

static void
test_handed_over (PresetFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_test_summary ("That --bg ends well means that the session was handed over: nobody is told.");

  preset_add_program (fixture, "claude", "exit 0");
  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  pid = preset_spawn (fixture, "p", &error);
  rb_test_wait_until (kill (pid, 0) != 0);
  rb_test_settle ();
  g_assert_null (fixture->driver.token);
}

static void
test_fails (PresetFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("That it failed is told, with what it said where that is kept.");

  preset_add_program (fixture, "claude", "echo 'not logged in' >&2; exit 7");
  g_assert_true (preset_configure (fixture, NULL, "tail", &error));
  g_assert_cmpint (preset_spawn (fixture, "p", &error), >, 0);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpstr (fixture->driver.token, ==, "token-1");
  g_assert_cmpint (WEXITSTATUS (fixture->driver.status), ==, 7);
  g_assert_cmpstr (fixture->driver.output, ==, "not logged in\n");
}

static void
test_exec_fails (PresetFixture *fixture,
                 gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->driver.dir, "claude", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A program that cannot be executed is an error, not a crash.");

  g_assert_true (g_file_set_contents_full (path, "#!/no/such/interpreter\n", -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  g_assert_cmpint (preset_spawn (fixture, "p", &error), ==, 0);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "spawn_failed");
}

static void
test_configured (PresetFixture *fixture,
                 gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->driver.dir, "claude-2.0_x", NULL);
  g_autofree char *command = g_strconcat (path, " --bg --model x", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *told = NULL;

  g_test_summary ("Another program or arguments can be configured; the prompt comes last.");

  preset_add_program (fixture, "claude-2.0_x", TELL);
  g_assert_true (preset_configure (fixture, command, NULL, &error));
  g_assert_cmpint (preset_spawn (fixture, "p", &error), >, 0);
  told = preset_read (fixture, "told");
  g_assert_true (g_str_has_prefix (told, "<--bg>\n<--model>\n<x>\n<p>\n"));
}

static void
test_refused (PresetFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *command, *output, *text;
  } cases[] = {
    { "cl;aude --bg", NULL, "[claude-code] command: a program's name" },
    { "./claude", NULL, "[claude-code] command: the program must be" },
    { "'claude", NULL, "[claude-code] command: " },
    { NULL, "wall", "[claude-code] output: must be" },
  };

  g_test_summary ("What cannot be run safely is refused by group and key.");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (preset_configure (fixture, cases[i].command, cases[i].output, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_true (g_str_has_prefix (error->message, cases[i].text));
      g_clear_object (&fixture->driver.module);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);

#define ADD(path, function) g_test_add ("/claude-code/" path, PresetFixture, NULL, preset_set_up, function, preset_tear_down)
  g_test_add_func ("/claude-code/info", test_info);
  ADD ("missing", test_missing);
  ADD ("command-line", test_command_line);
  ADD ("dash", test_dash);
  ADD ("session", test_session);
  ADD ("handed-over", test_handed_over);
  ADD ("fails", test_fails);
  ADD ("exec-fails", test_exec_fails);
  ADD ("configured", test_configured);
  ADD ("refused", test_refused);
  return g_test_run ();
}
