/* test-codex.c: the codex module starts nothing, unless its owner said what (protocol.md 15.8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "preset-fixture.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void
test_never (PresetFixture *fixture,
            gconstpointer  data)
{
  static const char text[] = "codex driver not registered on this broker \xe2\x80\x94 Codex distribution will ship a SpawnDriver in a "
                             "future release (broker restart required after install)";
  g_autoptr(GError) error = NULL;

  g_test_summary ("It has its kind and is never available by itself, in the protocol's words, even where codex is in PATH.");

  preset_add_program (fixture, "codex", "true");
  g_assert_true (preset_configure (fixture, NULL, NULL, &error));
  g_assert_true (rb_spawn_driver_handles (RB_SPAWN_DRIVER (fixture->driver.module), "codex"));
  g_assert_false (preset_is_available (fixture, &error));
  g_assert_cmpstr (error->message, ==, text);
  g_clear_error (&error);
  g_assert_cmpint (preset_spawn (fixture, "p", &error), ==, 0);
  g_assert_cmpstr (error->message, ==, text);
}

static void
test_configured (PresetFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *told = NULL;

  g_test_summary ("Configured, it runs, with the prompt on its standard input, and its end is told.");

  preset_add_program (fixture, "codex", "{ echo \"$@\"; env | grep MASONS_SPAWN_TOKEN; cat; echo end; } > \"$OUT/told\"");
  g_assert_true (preset_configure (fixture, "codex exec -", NULL, &error));
  g_assert_true (preset_is_available (fixture, &error));
  g_assert_cmpint (preset_spawn (fixture, "--version\n", &error), >, 0);
  told = preset_read (fixture, "told");
  g_assert_cmpstr (told, ==, "exec -\nMASONS_SPAWN_TOKEN=token-1\n--version\nend\n");
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpint (WEXITSTATUS (fixture->driver.status), ==, 0);
}

static void
test_missing (PresetFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Configured and not there, it says what is missing.");

  g_assert_true (preset_configure (fixture, "no-such-codex exec -", NULL, &error));
  g_assert_false (preset_is_available (fixture, &error));
  g_assert_nonnull (strstr (error->message, "no-such-codex"));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);

#define ADD(path, function) g_test_add ("/codex/" path, PresetFixture, NULL, preset_set_up, function, preset_tear_down)
  ADD ("never", test_never);
  ADD ("configured", test_configured);
  ADD ("missing", test_missing);
  return g_test_run ();
}
