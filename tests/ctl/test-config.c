/* test-config.c: brokerctl config set and unset, with the built programs and files of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "# mine\n\n[ipc]\n# how much\nbody-max = 2000000\n\n[log]\nkeep=3\n"

typedef struct {
  RbBrokerctlFixture  ctl;
  char               *home;
  char               *path;      /* of broker.conf */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autofree char *dir = NULL;

  if (data != NULL)
    rb_brokerctl_set_up_broker (&fixture->ctl, NULL);
  else
    rb_brokerctl_set_up (&fixture->ctl, NULL);
  fixture->home = rb_test_make_dir ();
  dir = g_build_filename (fixture->home, "runtime-broker", NULL);
  fixture->path = g_build_filename (dir, "broker.conf", NULL);
  g_assert_cmpint (g_mkdir (dir, 0700), ==, 0);
  g_setenv ("HOME", fixture->home, TRUE);
  g_setenv ("XDG_CONFIG_HOME", fixture->home, TRUE);
  g_setenv ("XDG_CONFIG_DIRS", "/nonexistent", TRUE);
  g_setenv ("XDG_RUNTIME_DIR", fixture->home, TRUE);
  g_setenv ("RB_MODULE_PATH", g_getenv ("RB_TEST_MODULE_DIR"), TRUE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_brokerctl_tear_down (&fixture->ctl, NULL);
  g_free (fixture->home);
  g_free (fixture->path);
}

static void
write_file (Fixture    *fixture,
            const char *text)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

#define assert_file(fixture, text)                                                   \
  G_STMT_START                                                                       \
  {                                                                                  \
    g_autofree char *text_ = NULL;                                                   \
    g_assert_true (g_file_get_contents ((fixture)->path, &text_, NULL, NULL));       \
    g_assert_cmpstr (text_, ==, text);                                               \
  }                                                                                  \
  G_STMT_END

static void
test_set (Fixture       *fixture,
          gconstpointer  data)
{
  struct stat found;

  g_test_summary ("A file is made that only its person can read; then a key is set in its place, and all else stays, the mode too.");

  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set log.keep 5"), ==, RB_EXIT_OK);
  assert_file (fixture, "[log]\nkeep=5\n");
  g_assert_true (g_str_has_suffix (fixture->ctl.out, "\nThe next start of the broker follows.\n"));
  g_assert_cmpint (stat (fixture->path, &found), ==, 0);
  g_assert_cmpint (found.st_mode & 0777, ==, 0600);

  write_file (fixture, TEXT);
  g_assert_cmpint (g_chmod (fixture->path, 0640), ==, 0);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set ipc.body-max 3000000"), ==, RB_EXIT_OK);
  assert_file (fixture, "# mine\n\n[ipc]\n# how much\nbody-max=3000000\n\n[log]\nkeep=3\n");
  g_assert_cmpint (stat (fixture->path, &found), ==, 0);
  g_assert_cmpint (found.st_mode & 0777, ==, 0640);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set ipc.body-max 3000000"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->ctl.out, "sets ipc.body-max so already"));

  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set limits.acceptance-timeout-ms -- -1"), ==, RB_EXIT_OK);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set gateway.url wss://x.example"), ==, RB_EXIT_OK);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config explain --json"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->ctl.out, "\"value\":\"wss://x.example\""));
}

static void
test_unset (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A key is taken out and nothing else; what is not there is not found.");

  write_file (fixture, TEXT);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config unset --json ipc.body-max"), ==, RB_EXIT_OK);
  assert_file (fixture, "# mine\n\n[ipc]\n# how much\n\n[log]\nkeep=3\n");
  g_assert_true (g_str_has_suffix (fixture->ctl.out, "\"name\":\"ipc.body-max\",\"changed\":true,\"next\":\"start\"}\n"));
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config unset ipc.body-max"), ==, RB_EXIT_NOT_FOUND);
  g_assert_nonnull (strstr (fixture->ctl.err, "does not set ipc.body-max (not_set)"));
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *arguments;
    RbExitCode  code;
    const char *said;
  } cases[] = {
    { "set ipc.body-max 1", RB_EXIT_USAGE, "ipc.body-max must be a whole number from 1024 to 1073741824 (it is '1') (bad_setting)" },
    { "set ipc.body-max ''", RB_EXIT_USAGE, "ipc.body-max must not be empty" },
    { "set log.level loud", RB_EXIT_USAGE, "must be one of 'debug', 'info'" },
    { "set page.enabled perhaps", RB_EXIT_USAGE, "must be 'true' or 'false'" },
    { "set broker.data-dir here", RB_EXIT_USAGE, "must be an absolute path" },
    { "set broker.connector nonsense", RB_EXIT_USAGE, "broker.connector: the connector 'nonsense' cannot be used: No module 'nonsense'" },
    { "set broker.upstream /nowhere/x.so", RB_EXIT_USAGE, "broker.upstream: the upstream '/nowhere/x.so' cannot be used" },
    { "set broker.runtime-token secret", RB_EXIT_USAGE, "cannot be set: it comes from the credentials" },
    { "set ipc.bodymax 5000", RB_EXIT_NOT_FOUND, "there is no setting 'ipc.bodymax'; did you mean 'ipc.body-max'? (unknown_setting)" },
    { "set keep 5", RB_EXIT_NOT_FOUND, "did you mean 'log.keep'?" },
    { "set gateway.ulr x", RB_EXIT_NOT_FOUND, "did you mean 'gateway.url'?" },
    { "set quite.different x", RB_EXIT_NOT_FOUND, "'brokerctl config explain' lists them" },
    { "set '[x].y' x", RB_EXIT_NOT_FOUND, "there is no setting" },
    { "set 'log.keep=1\n[ipc]' x", RB_EXIT_NOT_FOUND, "there is no setting" },
    { "unset nonsense", RB_EXIT_NOT_FOUND, "there is no setting 'nonsense'" },
    { "set log.keep", RB_EXIT_USAGE, "config takes 'explain', 'set KEY VALUE' or 'unset KEY'" },
    { "explain log.keep", RB_EXIT_USAGE, "config takes" },
    { "unset log.keep 3", RB_EXIT_USAGE, "config takes" },
  };

  g_test_summary ("What a start would not accept is not written, with a line that says why, and what was meant.");

  write_file (fixture, TEXT);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *arguments = g_strconcat ("config ", cases[i].arguments, NULL);

      g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, arguments), ==, cases[i].code);
      if (strstr (fixture->ctl.err, cases[i].said) == NULL)
        g_error ("%s: %s", arguments, fixture->ctl.err);
      g_assert_cmpstr (fixture->ctl.out, ==, "");
    }
  assert_file (fixture, TEXT);

  write_file (fixture, "[ipc\nnonsense\n");
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set log.keep 5"), ==, RB_EXIT_FAILED);
  g_assert_nonnull (strstr (fixture->ctl.err, "is no key file, mend it first"));
  assert_file (fixture, "[ipc\nnonsense\n");
}

static void
test_elsewhere (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *directory = g_strconcat (fixture->path, ".d", NULL);
  g_autofree char *drop_in = g_build_filename (directory, "a.conf", NULL);
  g_autofree char *real = g_build_filename (fixture->home, "dotfiles.conf", NULL);

  g_test_summary ("What weighs more is said; a link stays one, and what it leads to is written; a broker that runs has to be restarted.");

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (drop_in, "[log]\nkeep=7\n", -1, NULL));
  g_assert_true (g_file_set_contents (real, "[log]\n", -1, NULL));
  g_assert_cmpint (symlink (real, fixture->path), ==, 0);
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "config set log.keep 5"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->ctl.err, "log.keep still comes from somewhere that weighs more: "));
  g_assert_nonnull (strstr (fixture->ctl.err, "broker.conf.d/a.conf:2\n"));
  assert_file (fixture, "[log]\nkeep=5\n");
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_str_has_suffix (fixture->ctl.out, "The broker that runs goes on as it is; 'brokerctl restart' makes it follow.\n"));
}

static void
test_read_only (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *mount = g_strdup_printf ("mount --bind '%s' '%s'; mount -o remount,ro,bind '%s'", fixture->home, fixture->home, fixture->home);

  g_test_summary ("In a home that cannot be written nothing is changed, and that is said.");

  write_file (fixture, TEXT);
  if (!rb_brokerctl_run_mounted (&fixture->ctl, mount, "config set log.keep 5"))
    return;
  g_assert_cmpint (fixture->ctl.status, ==, RB_EXIT_FAILED);
  g_assert_nonnull (strstr (fixture->ctl.err, "broker.conf cannot be written, and is as it was: "));
  g_assert_nonnull (strstr (fixture->ctl.err, "Read-only file system (not_written)\n"));
  g_assert_cmpstr (fixture->ctl.out, ==, "");
  assert_file (fixture, TEXT);
}

static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *mount = g_strdup_printf ("mount -t tmpfs -o size=64k none '%s'; mkdir '%s/runtime-broker'; printf '[log]\\nkeep=3\\n' > '%s'; "
                                            "cat /dev/zero > '%s/filler' 2>/dev/null || true",
                                            fixture->home, fixture->home, fixture->path, fixture->home);

  g_test_summary ("On a full disk the file stays as it was.");

  if (!rb_brokerctl_run_mounted (&fixture->ctl, mount, "config set log.keep 5"))
    return;
  g_assert_nonnull (strstr (fixture->ctl.err, "No space left on device (not_written)\n"));
}

static void
test_completion (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A shell is offered the words and the keys, without a broker too.");

  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "complete -- config ''"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->ctl.out, ==, "explain\t\nset\t\nunset\t\n");
  g_assert_cmpint (rb_brokerctl_run (&fixture->ctl, "complete -- config unset ''"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->ctl.out, "\nlog.keep\thow many ended processes' logs stay\n"));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, data, function) g_test_add ("/config/" path, Fixture, data, set_up, function, tear_down)
  ADD ("set", NULL, test_set);
  ADD ("unset", NULL, test_unset);
  ADD ("refused", NULL, test_refused);
  ADD ("elsewhere", "broker", test_elsewhere);
  ADD ("read-only", NULL, test_read_only);
  ADD ("full", NULL, test_full);
  ADD ("completion", NULL, test_completion);
  return g_test_run ();
}
