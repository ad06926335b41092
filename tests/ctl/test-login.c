/* test-login.c: brokerctl login and logout beside a keyring that behaves as it is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-secrets-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN "very-secret-token"
#define ACCOUNT "{\"connectorUrl\":\"wss://gw.example/gateway\",\"token\":\"" TOKEN "\"}"
#define GOOD "{\"accounts\":{\"default\":" ACCOUNT ",\"work\":" ACCOUNT "}}"

typedef struct {
  RbBrokerctlFixture  ctl;
  RbSecretsFixture   *secrets;    /* NULL: the test is skipped */
  char               *config_dir;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->secrets = rb_secrets_fixture_new (data == NULL);
  if (data != NULL && g_str_equal (data, "broker"))
    rb_brokerctl_set_up_broker (&fixture->ctl, NULL);
  else
    rb_brokerctl_set_up (&fixture->ctl, NULL);
  fixture->config_dir = g_build_filename (fixture->ctl.data_dir, "config", NULL);
  g_setenv ("HOME", fixture->ctl.data_dir, TRUE);
  g_setenv ("XDG_CONFIG_HOME", fixture->config_dir, TRUE);
  g_setenv ("XDG_CONFIG_DIRS", fixture->config_dir, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", fixture->ctl.data_dir, TRUE);
  g_setenv ("RB_MODULE_PATH", g_getenv ("RB_TEST_MODULE_DIR"), TRUE);
  g_unsetenv ("MASONS_BROKER_CREDENTIALS_FILE");
  g_unsetenv ("CREDENTIALS_DIRECTORY");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->secrets, rb_secrets_fixture_free);
  rb_brokerctl_tear_down (&fixture->ctl, NULL);
  g_free (fixture->config_dir);
}

/* Whatever it says, it never says the token. */
static int
run (Fixture    *fixture,
     const char *arguments,
     const char *input)
{
  g_autoptr(GSubprocess) process = rb_brokerctl_start (&fixture->ctl, arguments);

  rb_brokerctl_finish (&fixture->ctl, process, input);
  g_assert_null (strstr (fixture->ctl.out, TOKEN));
  g_assert_null (strstr (fixture->ctl.err, TOKEN));
  return fixture->ctl.status;
}

static void
assert_says (const char *text,
             const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("'%s' is not in: %s", part, text);
}

static void
write_config (Fixture    *fixture,
              const char *name,
              const char *text)
{
  g_autofree char *folder = g_build_filename (fixture->config_dir, "runtime-broker", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
test_keyring (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("What is stored is what the next start uses, with the profile, until it is removed; other accounts are other logins.");
  if (fixture->secrets == NULL)
    return;

  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_NOT_FOUND);
  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "are in your keyring now.\nThe next start of the broker follows.\n");
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture->secrets), ==, 1);

  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->ctl.out, ==, "The next start uses the credentials of keyring: account \"default\".\n");
  g_assert_cmpint (run (fixture, "--json config explain", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "\"origin\":\"keyring: account \\\"default\\\"\",\"key\":\"runtime-token\"");
  assert_says (fixture->ctl.out, "\"value\":\"<set>\"");
  assert_says (fixture->ctl.out, "\"origin\":\"login\",\"key\":\"profile\"");
  g_assert_cmpint (run (fixture, "--account work login --status", ""), ==, RB_EXIT_NOT_FOUND);

  g_assert_cmpint (run (fixture, "logout --json", ""), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->ctl.out, ==, "{\"account\":\"default\",\"stored\":\"nowhere\",\"next\":\"start\"}\n");
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture->secrets), ==, 0);
  g_assert_cmpint (run (fixture, "logout", ""), ==, RB_EXIT_NOT_FOUND);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_NOT_FOUND);
}

static void
test_file (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *kept = g_build_filename (fixture->ctl.data_dir, "kept.json", NULL);
  g_autofree char *given = g_build_filename (fixture->ctl.data_dir, "given.json", NULL);
  g_autofree char *arguments = g_strdup_printf ("login --file '%s' --to-file '%s' --json", given, kept);
  g_autofree char *other = g_build_filename (fixture->ctl.data_dir, "link", NULL);
  g_autofree char *by_link = g_strdup_printf ("login --file '%s' --to-file '%s/kept.json' --json", given, other);
  struct stat found;

  g_test_summary ("A file is written only when it is asked for, readable by its owner; a login in the keyring after it takes its place.");
  if (fixture->secrets == NULL)
    return;

  g_assert_true (g_file_set_contents (given, GOOD, -1, NULL));
  g_assert_cmpint (run (fixture, arguments, ""), ==, RB_EXIT_OK);
  g_assert_cmpint (g_stat (kept, &found), ==, 0);
  g_assert_cmpint (found.st_mode & 0777, ==, 0600);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "kept.json: account \"default\"");

  /* By another name it is the same file, and no older login's. */
  g_assert_cmpint (symlink (fixture->ctl.data_dir, other), ==, 0);
  g_assert_cmpint (run (fixture, by_link, ""), ==, RB_EXIT_OK);
  g_assert_cmpint (g_stat (kept, &found), ==, 0);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "link/kept.json: account \"default\"");

  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_OK);
  g_assert_cmpint (g_stat (kept, &found), !=, 0);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "of keyring: account");

  g_assert_cmpint (run (fixture, arguments, ""), ==, RB_EXIT_OK);
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture->secrets), ==, 0);
  g_assert_cmpint (run (fixture, "logout", ""), ==, RB_EXIT_OK);
  g_assert_cmpint (g_stat (kept, &found), !=, 0);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *masons = g_build_filename (fixture->ctl.data_dir, "masons.json", NULL);
  g_autofree char *own = g_build_filename (fixture->ctl.data_dir, "own.json", NULL);
  g_autofree char *openclaw = g_build_filename (fixture->ctl.data_dir, ".openclaw", "openclaw.json", NULL);
  g_autofree char *folder = g_path_get_dirname (openclaw);

  g_test_summary ("The file that the variable names, the service manager's credential, the login, OpenClaw's file: in this order.");
  if (fixture->secrets == NULL)
    return;

  g_mkdir (folder, 0700);
  g_assert_true (g_file_set_contents (openclaw, "{\"channels\":{\"agent-network\":{\"accounts\":{\"default\":" ACCOUNT "}}}}", -1, NULL));
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "openclaw.json");

  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_OK);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "keyring");

  g_setenv ("CREDENTIALS_DIRECTORY", fixture->ctl.data_dir, TRUE);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "keyring");
  g_assert_true (g_file_set_contents (masons, GOOD, -1, NULL));
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "masons.json");
  g_assert_true (g_file_set_contents (masons, "{}", -1, NULL));
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_FAILED);
  assert_says (fixture->ctl.err, "systemd credential at ");

  g_setenv ("MASONS_BROKER_CREDENTIALS_FILE", own, TRUE);
  g_assert_true (g_file_set_contents (own, GOOD, -1, NULL));
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "own.json");
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *input;
    const char *text;
  } cases[] = {
    { "", "credentials is not valid JSON" },
    { TOKEN, "credentials is not valid JSON" },
    { "{\"accounts\":{\"work\":" ACCOUNT "}}", "account \"default\" not found (available: work)" },
    { "{\"accounts\":{\"default\":{\"token\":\"" TOKEN "\"}}}", "missing required field \"connectorUrl\"" },
    { "{\"accounts\":{\"default\":{\"connectorUrl\":\"gw\",\"token\":\"" TOKEN "\"}}}", "credentials: account \"default\"" },
  };

  g_test_summary ("What a start would refuse is not stored; a token on the command line is not taken.");
  if (fixture->secrets == NULL)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpint (run (fixture, "login -", cases[i].input), ==, RB_EXIT_FAILED);
      assert_says (fixture->ctl.err, cases[i].text);
    }
  g_assert_cmpint (run (fixture, "login --file /nonexistent", ""), ==, RB_EXIT_FAILED);
  g_assert_cmpint (run (fixture, "login xyz", ""), ==, RB_EXIT_USAGE);
  g_assert_cmpint (run (fixture, "login", GOOD), ==, RB_EXIT_USAGE);
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture->secrets), ==, 0);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_NOT_FOUND);
}

static void
test_locked (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A keyring that stays locked or does not answer ends a start with one line, in time; the login stays.");
  if (fixture->secrets == NULL)
    return;

  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_OK);
  rb_secrets_fixture_set_mode (fixture->secrets, "dismissed");
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_FAILED);
  assert_says (fixture->ctl.err, "account \"default\" is logged in, but the keyring is locked\n");
  g_assert_cmpint (run (fixture, "list --timeout 9", ""), ==, RB_EXIT_NOT_RUNNING);
  g_assert_cmpint (run (fixture, "send --to a@local hello", ""), ==, RB_EXIT_NOT_RUNNING);
  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_FAILED);
  g_assert_cmpint (run (fixture, "logout", ""), ==, RB_EXIT_FAILED);
  assert_says (fixture->ctl.err, "was not unlocked");

  write_config (fixture, "broker.conf", "[broker]\nkeyring-timeout-ms=200\n");
  rb_secrets_fixture_set_mode (fixture->secrets, "silent");
  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_TIMED_OUT);
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_FAILED);
  assert_says (fixture->ctl.err, "did not answer in time");

  rb_secrets_fixture_set_mode (fixture->secrets, "open");
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_OK);
}

static void
test_no_keyring (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Without a keyring a login says so, and leaves nothing.");
  if (fixture->secrets == NULL)
    return;

  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_FAILED);
  assert_says (fixture->ctl.err, "no keyring serves this session");
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_NOT_FOUND);
}

static void
test_record (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *text = NULL;

  g_test_summary ("A login that cannot be noted is not made; a note that nobody understands is told.");
  if (fixture->secrets == NULL)
    return;

  g_assert_true (g_file_set_contents (fixture->config_dir, "no folder", -1, NULL));
  g_assert_cmpint (run (fixture, "login -", GOOD), ==, RB_EXIT_FAILED);
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture->secrets), ==, 0);
  g_unlink (fixture->config_dir);

  write_config (fixture, "logins", "[default]\nplace=moon\n");
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_FAILED);
  assert_says (fixture->ctl.err, "[default]: 'place' must be");
  write_config (fixture, "logins", "nonsense");
  g_assert_cmpint (run (fixture, "login --status", ""), ==, RB_EXIT_FAILED);
}

static void
test_running (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *kept = g_build_filename (fixture->ctl.data_dir, "kept.json", NULL);
  g_autofree char *arguments = g_strdup_printf ("login - --to-file '%s' --json", kept);

  g_test_summary ("With a broker that runs, the answer says that it has to be restarted.");
  if (fixture->secrets == NULL)
    return;

  rb_fake_broker_answer (fixture->ctl.broker, "GET /v1/operator/status", 200, "{}");
  g_assert_cmpint (run (fixture, arguments, GOOD), ==, RB_EXIT_OK);
  assert_says (fixture->ctl.out, "\"next\":\"restart\"");
}

/* Adds to @shown what the terminal shows, until it ends with @last, or (NULL) there is nobody at its other end. */
static void
read_terminal (int         fd,
               GString    *shown,
               const char *last)
{
  char byte;

  while ((last == NULL || !g_str_has_suffix (shown->str, last)) && read (fd, &byte, 1) == 1)
    g_string_append_c (shown, byte);
}

static void
type (int         fd,
      const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
}

static GSubprocess *
start_on_terminal (int master)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GError) error = NULL;
  GSubprocess *process;
  int slave;

  g_assert_cmpint (grantpt (master), ==, 0);
  g_assert_cmpint (unlockpt (master), ==, 0);
  slave = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (slave, >=, 0);
  g_subprocess_launcher_take_stdin_fd (launcher, fcntl (slave, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_take_stderr_fd (launcher, slave);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, program, "login", NULL);
  g_assert_no_error (error);
  return process;
}

static void
test_terminal (Fixture       *fixture,
               gconstpointer  data)
{
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_autoptr(GString) shown = g_string_new (NULL);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A person is asked, and the token is not shown while it is typed.");
  if (fixture->secrets == NULL)
    return;

  process = start_on_terminal (master);
  read_terminal (master, shown, "Connector URL: ");
  type (master, "wss://gw.example/gateway\n");
  read_terminal (master, shown, "the usual one): ");
  type (master, "\n");
  read_terminal (master, shown, "Token (is not shown): ");
  type (master, TOKEN "\n");
  read_terminal (master, shown, NULL);
  g_assert_true (g_subprocess_wait_check (process, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (strstr (shown->str, TOKEN));
  g_assert_cmpuint (rb_secrets_fixture_count_items (fixture->secrets), ==, 1);
  close (master);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add ("/login/keyring", Fixture, NULL, set_up, test_keyring, tear_down);
  g_test_add ("/login/file", Fixture, NULL, set_up, test_file, tear_down);
  g_test_add ("/login/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/login/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/login/locked", Fixture, NULL, set_up, test_locked, tear_down);
  g_test_add ("/login/no-keyring", Fixture, "nobody", set_up, test_no_keyring, tear_down);
  g_test_add ("/login/record", Fixture, NULL, set_up, test_record, tear_down);
  g_test_add ("/login/running", Fixture, "broker", set_up, test_running, tear_down);
  g_test_add ("/login/terminal", Fixture, NULL, set_up, test_terminal, tear_down);

  return g_test_run ();
}
