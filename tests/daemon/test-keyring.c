/* test-keyring.c: the person's keyring, and what it does instead of answering
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-keyring.h"
#include "rb-secrets-fixture.h"
#include "rb-test.h"

#include <string.h>

static const RbKeyringPatience patient = { 10000, TRUE };
static const RbKeyringPatience quiet = { 10000, FALSE };
static const RbKeyringPatience hasty = { 300, TRUE };

static void
assert_refused (const RbKeyringPatience *patience,
                const char              *reason)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rb_keyring_read ("default", patience, &error));
  g_assert_nonnull (error);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_assert_null (strstr (error->message, "secret-text"));
}

static void
assert_stored (const char *account,
               const char *expected)
{
  g_autoptr(GError) error = NULL;
  char *text = rb_keyring_read (account, &patient, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
  rb_keyring_free_text (text);
}

static void
store (const char *account,
       const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (rb_keyring_write (account, text, &patient, &error));
  g_assert_no_error (error);
}

static void
test_store (void)
{
  g_autoptr(RbSecretsFixture) fixture = rb_secrets_fixture_new (TRUE);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Each account has one text, the last one, until it is removed.");
  if (fixture == NULL)
    return;

  assert_refused (&patient, "no_login");
  store ("default", "secret-text 1");
  store ("default", "secret-text 2");
  store ("work", "secret-text 3");
  assert_stored ("default", "secret-text 2");
  assert_stored ("work", "secret-text 3");
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture), ==, 2);

  g_assert_true (rb_keyring_remove ("default", &patient, &error));
  g_assert_no_error (error);
  assert_refused (&patient, "no_login");
  assert_stored ("work", "secret-text 3");
  g_assert_false (rb_keyring_remove ("default", &patient, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "no_login");
}

static void
test_locked (void)
{
  g_autoptr(RbSecretsFixture) fixture = rb_secrets_fixture_new (TRUE);

  g_test_summary ("A locked keyring is unlocked by its prompt where one may be shown, and else says so.");
  if (fixture == NULL)
    return;

  store ("default", "secret-text");
  rb_secrets_fixture_set_mode (fixture, "locked");
  assert_refused (&quiet, "keyring_locked");
  assert_stored ("default", "secret-text");
  rb_secrets_fixture_set_mode (fixture, "locked");
  store ("default", "secret-text 2");
  assert_stored ("default", "secret-text 2");
}

static void
test_dismissed (void)
{
  g_autoptr(RbSecretsFixture) fixture = rb_secrets_fixture_new (TRUE);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A prompt that the person closes leaves it locked, for reading, storing and removing.");
  if (fixture == NULL)
    return;

  store ("default", "secret-text");
  rb_secrets_fixture_set_mode (fixture, "dismissed");
  assert_refused (&patient, "keyring_locked");
  g_assert_false (rb_keyring_remove ("default", &patient, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "keyring_locked");
  g_clear_error (&error);
  g_assert_false (rb_keyring_write ("default", "secret-text 2", &patient, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "keyring_locked");
}

static void
test_no_answer (gconstpointer mode)
{
  g_autoptr(RbSecretsFixture) fixture = rb_secrets_fixture_new (TRUE);
  gint64 began_us = g_get_monotonic_time ();

  g_test_summary ("A keyring that does not answer, and a prompt that nobody answers, are left when the time is over.");
  if (fixture == NULL)
    return;

  store ("default", "secret-text");
  rb_secrets_fixture_set_mode (fixture, mode);
  assert_refused (&hasty, "keyring_timeout");
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 9 * G_USEC_PER_SEC);

  rb_secrets_fixture_set_mode (fixture, "open");
  assert_stored ("default", "secret-text");
}

static void
test_absent (void)
{
  g_autoptr(RbSecretsFixture) fixture = rb_secrets_fixture_new (FALSE);

  g_test_summary ("Without a service, and without a bus, there is no keyring; nothing is started to find one.");
  if (fixture == NULL)
    return;

  assert_refused (&patient, "keyring_unavailable");
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  assert_refused (&patient, "keyring_unavailable");
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  assert_refused (&patient, "keyring_unavailable");
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  assert_refused (&patient, "keyring_unavailable");
}

/* Without the mock: whether libsecret and we mean the same by what a real one says. */
static void
test_gnome (void)
{
  g_autofree char *program = g_find_program_in_path ("gnome-keyring-daemon");
  g_autoptr(RbSecretsFixture) fixture = program != NULL ? rb_secrets_fixture_new (FALSE) : NULL;
  g_autofree char *home = rb_test_make_dir ();
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                                       G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;
  g_autoptr(GError) error = NULL;

  if (fixture == NULL)
    {
      g_test_skip ("there is no gnome-keyring-daemon");
      return;
    }
  g_subprocess_launcher_setenv (launcher, "HOME", home, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", home, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_DATA_HOME", home, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, program, "--unlock", "--foreground", "--components=secrets", NULL);
  g_assert_no_error (error);
  g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), "password", 8, NULL, NULL, &error);
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, &error);
  g_assert_no_error (error);
  /* It says where its control socket is before it has the name. */
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
  rb_secrets_fixture_wait_served (fixture);

  store ("default", "secret-text");
  assert_stored ("default", "secret-text");
  g_assert_true (rb_keyring_remove ("default", &patient, &error));
  g_assert_no_error (error);
  assert_refused (&quiet, "no_login");
  g_subprocess_force_exit (process);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/keyring/store", test_store);
  g_test_add_func ("/keyring/locked", test_locked);
  g_test_add_func ("/keyring/dismissed", test_dismissed);
  g_test_add_data_func ("/keyring/no-answer/service", "silent", test_no_answer);
  g_test_add_data_func ("/keyring/no-answer/prompt", "asking", test_no_answer);
  g_test_add_func ("/keyring/absent", test_absent);
  g_test_add_func ("/keyring/gnome", test_gnome);

  return g_test_run ();
}
