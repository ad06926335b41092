/* test-doctor.c: brokerctl doctor beside what it is to find
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-daemon-fixture.h"
#include "rb-doctor-clock.h"
#include "rb-secrets-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS "GET /v1/operator/status"

typedef struct {
  RbBrokerctlFixture  ctl;
  char               *home;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  if (data != NULL)
    rb_brokerctl_set_up_broker (&fixture->ctl, NULL);
  else
    rb_brokerctl_set_up (&fixture->ctl, NULL);
  fixture->home = rb_test_make_dir ();
  g_setenv ("HOME", fixture->home, TRUE);
  g_setenv ("XDG_CONFIG_HOME", fixture->home, TRUE);
  g_setenv ("XDG_CONFIG_DIRS", fixture->home, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", fixture->home, TRUE);
  g_setenv ("RB_MODULE_PATH", g_getenv ("RB_TEST_MODULE_DIR"), TRUE);
  g_unsetenv ("MASONS_BROKER_CREDENTIALS_FILE");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_brokerctl_tear_down (&fixture->ctl, NULL);
  g_free (fixture->home);
}

/* Looks; returns the exit status. */
static int
look (Fixture    *fixture,
      const char *arguments)
{
  g_autofree char *line = g_strconcat ("doctor --json ", arguments, NULL);

  return rb_brokerctl_run (&fixture->ctl, line);
}

/* One of the findings of @check is in @state, and @seen is part of it or of its advice. */
static void
assert_found (Fixture    *fixture,
              const char *check,
              const char *state,
              const char *seen)
{
  g_autofree char *start = g_strdup_printf ("{\"check\":\"%s\",\"state\":\"%s\",", check, state);

  for (const char *at = fixture->ctl.out; (at = strstr (at, start)) != NULL; at++)
    {
      g_autofree char *object = g_strndup (at, strcspn (at, "}"));

      if (strstr (object, seen) != NULL)
        return;
    }
  g_error ("no %s '%s' with '%s' in %s", state, check, seen, fixture->ctl.out);
}

static guint
count_files (const char *path)
{
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

static void
test_nothing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Where there was never a broker and there is no bus, nothing is bad, and nothing is made.");

  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_OK);
  assert_found (fixture, "program", "ok", "runtime-brokerd");
  assert_found (fixture, "runtime-dir", "ok", fixture->home);
  assert_found (fixture, "bus", "warn", "no session bus");
  assert_found (fixture, "keyring", "skipped", "");
  assert_found (fixture, "settings", "ok", "profile local");
  assert_found (fixture, "modules", "ok", "can be loaded");
  assert_found (fixture, "broker", "ok", "none runs");
  assert_found (fixture, "upstream", "skipped", "");
  g_assert_cmpuint (count_files (fixture->home), ==, 0);
  g_assert_cmpuint (count_files (fixture->ctl.data_dir), ==, 0);

  g_unsetenv ("XDG_RUNTIME_DIR");
  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_OK);
  assert_found (fixture, "runtime-dir", "warn", "is not set");
  g_setenv ("XDG_RUNTIME_DIR", "/nonexistent", TRUE);
  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_FAILED);
  assert_found (fixture, "runtime-dir", "fail", "/nonexistent");
}

static void
test_settings (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (fixture->home, "runtime-broker", NULL);
  g_autofree char *path = g_build_filename (folder, "broker.conf", NULL);

  g_test_summary ("What keeps a broker from starting is bad, with the words of the start; a module that may be missing is worth a look.");

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "[broker]\nprofile=moon\n", -1, NULL));
  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_FAILED);
  assert_found (fixture, "settings", "fail", "[broker] profile: must be one of");
  assert_found (fixture, "disk", "ok", "MiB are free");

  g_assert_true (g_file_set_contents (path, "[broker]\nemitters=teleport\n", -1, NULL));
  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_OK);
  assert_found (fixture, "modules", "warn", "teleport");
}

static void
test_read_only (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("Where nothing can be written, it says so and still looks at the rest.");

  g_assert_cmpint (look (fixture, "--data-dir /proc/nowhere"), ==, RB_EXIT_FAILED);
  assert_found (fixture, "disk", "fail", "/proc");
  assert_found (fixture, "modules", "ok", "");
}

/* Returns FALSE where nothing can be mounted. */
static gboolean
look_mounted (Fixture    *fixture,
              const char *mount)
{
  g_autofree char *script = g_strdup_printf ("data='%s'; %s", fixture->ctl.data_dir, mount);
  gboolean is_mounted = rb_brokerctl_run_mounted (&fixture->ctl, script, "doctor --json");

  if (is_mounted)
    g_assert_cmpint (fixture->ctl.status, ==, RB_EXIT_FAILED);
  return is_mounted;
}

static void
test_disks (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A disk that is really full, has no names for files, or is read-only is said to be so, and the rest is looked at.");

  if (!look_mounted (fixture, "mount -t tmpfs -o size=64k,mode=700 none \"$data\"; cat /dev/zero > \"$data/filler\" 2>/dev/null || true"))
    return;
  assert_found (fixture, "disk", "fail", "0 MiB are free at ");
  assert_found (fixture, "disk", "fail", "and 16 MiB are needed");
  assert_found (fixture, "modules", "ok", "");
  g_assert_true (look_mounted (fixture, "mount -t tmpfs -o size=300m,nr_inodes=10,mode=700 none \"$data\""));
  assert_found (fixture, "disk", "fail", "more files can be made at ");
  g_assert_true (look_mounted (fixture, "mount --bind \"$data\" \"$data\"; mount -o remount,ro,bind \"$data\""));
  assert_found (fixture, "disk", "fail", "is read-only");
  assert_found (fixture, "broker", "ok", "none runs");
}

static void
test_permissions (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *directory = g_build_filename (fixture->home, "runtime-broker", NULL);
  g_autofree char *config = g_build_filename (directory, "broker.conf", NULL);
  g_autofree char *secret = g_build_filename (fixture->home, "secret.json", NULL);
  g_autofree char *link = g_build_filename (fixture->home, "link.json", NULL);

  g_test_summary ("Credentials that others can read, behind a link too, and settings that others can change.");

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (config, "[log]\nkeep=3\n", -1, NULL));
  g_assert_true (g_file_set_contents (secret, "{}", -1, NULL));
  g_assert_cmpint (symlink (secret, link), ==, 0);
  g_setenv ("MASONS_BROKER_CREDENTIALS_FILE", link, TRUE);
  g_assert_cmpint (g_chmod (secret, 0600), ==, 0);
  look (fixture, "");
  assert_found (fixture, "permissions", "ok", "read by you alone");

  g_assert_cmpint (g_chmod (secret, 0644), ==, 0);
  g_assert_cmpint (g_chmod (config, 0666), ==, 0);
  look (fixture, "");
  assert_found (fixture, "permissions", "warn", "secret.json can be used by others (mode 644)");
  assert_found (fixture, "permissions", "fail", "broker.conf can be changed by others (mode 666)");
  g_unsetenv ("MASONS_BROKER_CREDENTIALS_FILE");
}

static void
look_at_clocks (Fixture *fixture,
                gint64   moved_ms,
                gint64   ahead_ms)
{
  gint64 now_ms = rb_doctor_clock_get_offset ();
  g_autofree char *status = g_strdup_printf ("{\"ready\":true,\"product_version\":\"" RB_VERSION "\",\"presence\":\"online\","
                                             "\"wall_boot_offset_ms\":\"%lld\",\"network_boot_offset_ms\":\"%lld\"}",
                                             (long long) (now_ms - moved_ms), (long long) (now_ms - ahead_ms));

  rb_fake_broker_answer (fixture->ctl.broker, STATUS, 200, status);
  look (fixture, "");
}

static void
test_clocks (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A clock that was set, and one that is not the network's, are found by what a broker said of the time since boot.");

  look_at_clocks (fixture, 0, 200);
  assert_found (fixture, "clock-jump", "ok", "nobody has set the clock");
  assert_found (fixture, "clock-network", "ok", "s ahead of the network's");
  look_at_clocks (fixture, 3600500, -40500);
  assert_found (fixture, "clock-jump", "warn", "moved by 3600.");
  assert_found (fixture, "clock-network", "warn", "is -40.");
  look_at_clocks (fixture, -7500, 301500);
  assert_found (fixture, "clock-jump", "warn", "moved by -7.");
  assert_found (fixture, "clock-network", "fail", "is 301.");
  g_assert_cmpint (fixture->ctl.status, ==, RB_EXIT_FAILED);

  rb_fake_broker_answer (fixture->ctl.broker, STATUS, 200,
                         "{\"ready\":true,\"presence\":\"online\",\"wall_boot_offset_ms\":\"99999999999999999999\",\"network_boot_offset_ms\":\"x\"}");
  look (fixture, "");
  assert_found (fixture, "clock-jump", "skipped", "");
  assert_found (fixture, "clock-network", "skipped", "has told no time");
}

static void
test_clock_verdicts (void)
{
  static const struct {
    gint64        apart_ms;
    RbDoctorState jump, skew;
  } cases[] = {
    { 0, RB_DOCTOR_OK, RB_DOCTOR_OK },         { 4999, RB_DOCTOR_OK, RB_DOCTOR_OK },      { 5000, RB_DOCTOR_WARN, RB_DOCTOR_OK },
    { 29999, RB_DOCTOR_WARN, RB_DOCTOR_OK },   { 30000, RB_DOCTOR_WARN, RB_DOCTOR_WARN }, { 299999, RB_DOCTOR_WARN, RB_DOCTOR_WARN },
    { 300000, RB_DOCTOR_WARN, RB_DOCTOR_FAIL },
  };

  g_test_summary ("How far clocks may be apart, either way.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int sign = -1; sign <= 1; sign += 2)
      {
        g_assert_cmpint (rb_doctor_clock_judge_jump (7, 7 + sign * cases[i].apart_ms), ==, cases[i].jump);
        g_assert_cmpint (rb_doctor_clock_judge_skew (7, 7 + sign * cases[i].apart_ms), ==, cases[i].skew);
      }
}

static void
test_upstream (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("What a broker that runs says of itself and of its network.");

  rb_fake_broker_answer (fixture->ctl.broker, STATUS, 200,
                         "{\"ready\":true,\"product_version\":\"0.0.1\",\"presence\":\"offline\",\"link_error\":\"refused here\"}");
  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_FAILED);
  assert_found (fixture, "broker", "warn", "version 0.0.1 runs");
  assert_found (fixture, "upstream", "fail", "offline: refused here");

  rb_fake_broker_answer (fixture->ctl.broker, STATUS, 200, "{\"ready\":false,\"not_ready_reason\":\"full disk\",\"presence\":\"online\"}");
  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_FAILED);
  assert_found (fixture, "broker", "fail", "takes nothing new: full disk");
  assert_found (fixture, "upstream", "ok", "online");
}

static void
test_bus (Fixture       *fixture,
          gconstpointer  data)
{
  g_autoptr(RbSecretsFixture) secrets = rb_secrets_fixture_new (TRUE);

  g_test_summary ("A bus is asked who is there, and nobody is started for it.");
  if (secrets == NULL)
    return;

  g_assert_cmpint (look (fixture, ""), ==, RB_EXIT_OK);
  assert_found (fixture, "bus", "ok", "answers");
  assert_found (fixture, "keyring", "ok", "org.freedesktop.secrets");
  assert_found (fixture, "notifications", "warn", "brokerctl needs");
}

/* Overwrites the middle of the file. */
static void
damage (const char *path)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  for (gsize i = length / 2; i < length / 2 + 8192 && i < length; i++)
    text[i] = (char) 0xa5;
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
}

static char *
digest (const char *path)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
}

static void
test_daemon (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RbDaemonFixture) daemon = rb_daemon_fixture_new ();
  g_autofree char *arguments = NULL;
  g_autofree char *database = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_test_summary ("A broker that runs keeps its files; one that was killed left some; its database is examined, and not touched.");

  rb_daemon_fixture_start (daemon);
  arguments = g_strdup_printf ("--data-dir '%s'", rb_daemon_fixture_get_data_dir (daemon));
  database = g_build_filename (rb_daemon_fixture_get_state_dir (daemon), "broker.db", NULL);
  g_assert_cmpint (look (fixture, arguments), ==, RB_EXIT_OK);
  assert_found (fixture, "files", "ok", "a healthy broker has them");
  assert_found (fixture, "database", "skipped", "the broker that runs");
  assert_found (fixture, "broker", "ok", RB_VERSION);
  assert_found (fixture, "upstream", "ok", "online");

  rb_daemon_fixture_kill (daemon);
  before = digest (database);
  g_assert_cmpint (g_chmod (database, 0644), ==, 0);
  g_assert_cmpint (look (fixture, arguments), ==, RB_EXIT_OK);
  assert_found (fixture, "broker", "ok", "none runs");
  assert_found (fixture, "files", "warn", "discovery.json");
  assert_found (fixture, "permissions", "warn", "broker.db can be used by others");
  assert_found (fixture, "database", "ok", "it is whole");
  after = digest (database);
  g_assert_cmpstr (before, ==, after);

  rb_daemon_fixture_start (daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (daemon), ==, 0);
  damage (database);
  g_assert_cmpint (look (fixture, arguments), ==, RB_EXIT_FAILED);
  assert_found (fixture, "files", "ok", "nothing was left behind");
  assert_found (fixture, "database", "fail", "broker.db'");
}

static void
test_prove (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A broker of its own is killed between messages and loses none; nothing of the person's is used, nothing is left.");

  g_setenv ("MASONS_BROKER_CREDENTIALS_FILE", "/nonexistent", TRUE);
  g_setenv ("TMPDIR", fixture->home, TRUE);
  g_assert_cmpint (look (fixture, "--prove --messages 24 --kills 2"), ==, RB_EXIT_OK);
  g_unsetenv ("TMPDIR");
  g_assert_true (g_str_has_prefix (fixture->ctl.out, "{\"sent\":24,\"acknowledged\":"));
  if (strstr (fixture->ctl.out, "\"kills\":3,\"lost\":0,\"twice\":0,\"out_of_order\":0,\"strange\":0,") == NULL)
    g_error ("%s", fixture->ctl.out);
  g_assert_cmpuint (count_files (fixture->home), ==, 0);
  g_assert_cmpuint (count_files (fixture->ctl.data_dir), ==, 0);

  g_assert_cmpint (look (fixture, "--prove --messages 0"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (look (fixture, "--prove --messages 5001"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (look (fixture, "--prove --kills 101"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (look (fixture, "--prove --kills -1"), ==, RB_EXIT_USAGE);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add ("/doctor/nothing", Fixture, NULL, set_up, test_nothing, tear_down);
  g_test_add ("/doctor/settings", Fixture, NULL, set_up, test_settings, tear_down);
  g_test_add ("/doctor/read-only", Fixture, NULL, set_up, test_read_only, tear_down);
  g_test_add ("/doctor/disks", Fixture, NULL, set_up, test_disks, tear_down);
  g_test_add ("/doctor/permissions", Fixture, NULL, set_up, test_permissions, tear_down);
  g_test_add ("/doctor/clocks", Fixture, "broker", set_up, test_clocks, tear_down);
  g_test_add_func ("/doctor/clocks/verdicts", test_clock_verdicts);
  g_test_add ("/doctor/upstream", Fixture, "broker", set_up, test_upstream, tear_down);
  g_test_add ("/doctor/bus", Fixture, NULL, set_up, test_bus, tear_down);
  g_test_add ("/doctor/daemon", Fixture, NULL, set_up, test_daemon, tear_down);
  g_test_add ("/doctor/prove", Fixture, NULL, set_up, test_prove, tear_down);

  return g_test_run ();
}
