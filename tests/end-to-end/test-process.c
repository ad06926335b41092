/* test-process.c: the life of the process: starts, refusals, stops
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-fixture.h"
#include "rb-json.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  RbDaemonFixture *daemon;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->daemon = rb_daemon_fixture_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->daemon, rb_daemon_fixture_free);
}

static void
assert_exists (const char *path,
               gboolean    exists)
{
  g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, exists);
}

static RbJson *
parse (const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(GError) error = NULL;
  RbJson *json = rb_json_parse (bytes, 0, &error);

  g_assert_no_error (error);
  return json;
}

/* Source: protocol.md 4.4, 3.11 rule 1. */
static void
test_healthy (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *answer = NULL;
  g_autofree char *version = NULL;
  g_autoptr(RbJson) json = NULL;

  g_test_summary ("Once the discovery file is there, /health answers, over TCP and over the socket.");

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, &answer), ==, 200);
  json = parse (answer);
  version = rb_json_dup_string (json, "version", NULL);
  g_assert_true (g_str_has_prefix (version, "999.0.0+runtime-broker."));
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/health", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.7; with the discovery file of 3.6; 19. */
static void
test_stop (Fixture       *fixture,
           gconstpointer  data)
{
  static const int signals[] = { SIGTERM, SIGINT };

  g_test_summary ("SIGTERM and SIGINT end it with code 0 and withdraw the discovery file and the socket; a second signal changes nothing.");

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      rb_daemon_fixture_start (fixture->daemon);
      assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), TRUE);
      rb_daemon_fixture_signal (fixture->daemon, signals[i]);
      rb_daemon_fixture_signal (fixture->daemon, signals[i]);
      g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
      assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), FALSE);
      assert_exists (rb_daemon_fixture_get_socket (fixture->daemon), FALSE);
    }
}

/* Source: protocol.md 3.6, ownership check before delete. */
static void
test_stop_foreign_discovery (Fixture       *fixture,
                             gconstpointer  data)
{
  const char *path;
  g_autofree char *text = NULL;

  g_test_summary ("A discovery file that somebody else put in the place of ours stays.");

  rb_daemon_fixture_start (fixture->daemon);
  path = rb_daemon_fixture_get_discovery_file (fixture->daemon);
  g_assert_true (g_file_set_contents (path, "{\"version\":1,\"pid\":1,\"startedAt\":\"x\",\"ipcUrl\":\"http://127.0.0.1:1\","
                                      "\"bearerToken\":\"t\"}", -1, NULL));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\"pid\":1"));
}

/* Source: protocol.md 3.6, single instance, and 3.7. */
static void
test_second (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *errors = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("A second broker of the account ends with code 0 and says where the first listens; the lock alone suffices.");

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 0);
  g_assert_nonnull (strstr (errors, "another healthy runtime broker already owns discovery at "));
  g_assert_nonnull (strstr (errors, rb_daemon_fixture_get_url (fixture->daemon)));

  g_assert_cmpint (g_unlink (rb_daemon_fixture_get_discovery_file (fixture->daemon)), ==, 0);
  rb_daemon_fixture_add_argument (fixture->daemon, "--verbose");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &again), ==, 0);
  g_assert_nonnull (strstr (again, "another runtime broker (pid "));
  g_assert_nonnull (strstr (again, "broker_already_running "));
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_after_kill (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *token = NULL;

  g_test_summary ("After kill -9 the next start takes over at once, with a new token.");

  rb_daemon_fixture_start (fixture->daemon);
  token = g_strdup (rb_daemon_fixture_get_token (fixture->daemon));
  rb_daemon_fixture_kill (fixture->daemon);
  assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), TRUE);

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpstr (rb_daemon_fixture_get_token (fixture->daemon), !=, token);
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/health", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_early_signal (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A signal at any moment of the start ends the process, and the next start works.");

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  for (guint delay_us = 0; delay_us < 30000; delay_us += 1500)
    {
      gint64 until_us;
      int code;

      rb_daemon_fixture_launch (fixture->daemon);
      /* The moment is what is tested, so time itself is the condition here. */
      until_us = g_get_monotonic_time () + delay_us;
      while (g_get_monotonic_time () < until_us)
        g_thread_yield ();
      rb_daemon_fixture_signal (fixture->daemon, SIGTERM);
      code = rb_daemon_fixture_wait (fixture->daemon);
      /* Before main() the signal has its usual effect. */
      g_assert_true (code == 0 || code == -SIGTERM);
      assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), FALSE);
    }
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.6: what is no record counts as absent. */
static void
test_corrupt_discovery (Fixture       *fixture,
                        gconstpointer  data)
{
  static const char *const texts[] = { "", "{", "[]", "null", "{\"version\":2}", "\xff\xff" };

  g_test_summary ("A discovery file that is no record does not hinder the start, and is replaced.");

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_true (g_file_set_contents (rb_daemon_fixture_get_discovery_file (fixture->daemon), texts[i], -1, NULL));
      rb_daemon_fixture_start (fixture->daemon);
      g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
    }
}

static void
test_corrupt_settings (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autofree char *errors = NULL;
  g_autofree char *malformed = NULL;

  g_test_summary ("Wrong settings end the start with code 1, and all of them are named.");

  rb_daemon_fixture_write_config (fixture->daemon, "[log]\nlevel=loud\n[limits]\ninbox-cap=0\n[journal]\nfiles=none\n[nonsense]\na=b\n");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_nonnull (strstr (errors, "broker.conf:2: [log] level: "));
  g_assert_nonnull (strstr (errors, "broker.conf:4: [limits] inbox-cap: "));
  g_assert_nonnull (strstr (errors, "broker.conf:6: [journal] files: "));
  g_assert_nonnull (strstr (errors, "broker.conf:8: [nonsense] a: "));

  rb_daemon_fixture_write_config (fixture->daemon, "no key file\n");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &malformed), ==, 1);
  g_assert_nonnull (strstr (malformed, "broker.conf: "));
  assert_exists (rb_daemon_fixture_get_data_dir (fixture->daemon), FALSE);
}

static void
test_corrupt_database (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autofree char *path = NULL;
  g_autofree char *errors = NULL;
  g_autofree char *garbage = g_strnfill (20000, 'x');
  g_autofree char *kept = NULL;

  g_test_summary ("A damaged database ends the start with code 1 and one clear line, and is left as it is.");

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  path = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "broker.db", NULL);
  g_assert_true (g_file_set_contents (path, garbage, -1, NULL));

  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_true (g_str_has_prefix (errors, "runtime-brokerd: "));
  g_assert_nonnull (strstr (errors, "broker.db"));
  g_assert_true (strchr (errors, '\n') == errors + strlen (errors) - 1);
  assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), FALSE);
  g_assert_true (g_file_get_contents (path, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, garbage);
}

static void
test_missing_module (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *connector = NULL;
  g_autofree char *required = NULL;

  g_test_summary ("A required module that is not there ends the start with code 1; an optional one does not.");

  rb_daemon_fixture_add_argument (fixture->daemon, "--set=broker.connector=teleport");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &connector), ==, 1);
  g_assert_nonnull (strstr (connector, "option --set: [broker] connector: "));
  g_assert_nonnull (strstr (connector, "'teleport'"));

  rb_daemon_fixture_clear_arguments (fixture->daemon);
  rb_daemon_fixture_add_argument (fixture->daemon, "--set=broker.emitters=journal;teleport");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  rb_daemon_fixture_add_argument (fixture->daemon, "--set=broker.required-modules=teleport");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &required), ==, 1);
  g_assert_nonnull (strstr (required, "'teleport'"));
}

static void
test_module_fails (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("A module that fails to start ends the start with code 1 when it is required, and with nothing otherwise.");

  rb_daemon_fixture_add_stuck (fixture->daemon, "fail-start", "");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  rb_daemon_fixture_add_argument (fixture->daemon, "--set=broker.required-modules=stuck");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_nonnull (strstr (errors, "Module 'stuck' did not start: Not in the mood"));
  assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), FALSE);
}

static void
test_module_hangs (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A module that never starts does not keep others from finding the broker.");

  rb_daemon_fixture_add_stuck (fixture->daemon, "hang-start", "");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* protocol.md 19. */
static void
test_stop_hangs (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char *const modes[] = { "hang-stop", "block-stop" };

  g_test_summary ("A module that never stops, or blocks the main loop, does not keep the process: the watchdog ends it with code 0.");

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      gint64 begin_us;

      rb_daemon_fixture_add_stuck (fixture->daemon, modes[i], "");
      rb_daemon_fixture_start (fixture->daemon);
      begin_us = g_get_monotonic_time ();
      g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
      g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 10 * G_USEC_PER_SEC);
      assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), FALSE);
    }
}

static void
test_socket_setting (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("Without a socket TCP remains; a socket that cannot be made ends the start with code 1.");

  rb_daemon_fixture_add_argument (fixture->daemon, "--set=ipc.socket=no");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_null (rb_daemon_fixture_get_socket (fixture->daemon));
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);

  rb_daemon_fixture_add_argument (fixture->daemon, "--set=ipc.socket=/dev/null/ipc.sock");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_true (g_str_has_prefix (errors, "runtime-brokerd: "));
  assert_exists (rb_daemon_fixture_get_discovery_file (fixture->daemon), FALSE);
}

static void
test_masons (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("With the peer's credentials the profile is masons; a written profile wins, and then nobody reads them.");

  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_CREDENTIALS_FILE", "/no/such/file");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_nonnull (strstr (errors, "MASONS_BROKER_CREDENTIALS_FILE points to non-existent path: /no/such/file\n"));

  rb_daemon_fixture_add_argument (fixture->daemon, "--profile=local");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.11, command line. */
static void
test_command_line (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *version = NULL;
  g_autofree char *help = NULL;
  g_autofree char *errors = NULL;

  g_test_summary ("One unknown argument is ignored, as lazily spawning clients need it; two are refused.");

  rb_daemon_fixture_add_argument (fixture->daemon, "/some/script.js");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  rb_daemon_fixture_add_argument (fixture->daemon, "another");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_nonnull (strstr (errors, "'another'"));

  rb_daemon_fixture_clear_arguments (fixture->daemon);
  rb_daemon_fixture_add_argument (fixture->daemon, "--version");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, &version, NULL), ==, 0);
  g_assert_cmpstr (version, ==, "runtime-brokerd " RB_VERSION "\n");
  rb_daemon_fixture_clear_arguments (fixture->daemon);
  rb_daemon_fixture_add_argument (fixture->daemon, "--help");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, &help, NULL), ==, 0);
  g_assert_nonnull (strstr (help, "Examples:"));
  g_assert_nonnull (strstr (help, "Exit status:"));
  rb_daemon_fixture_clear_arguments (fixture->daemon);
  rb_daemon_fixture_add_argument (fixture->daemon, "--no-such-option");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, NULL), ==, 1);
}

static void
test_explain (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *text = NULL;
  g_autofree char *json_text = NULL;
  g_autoptr(RbJson) json = NULL;

  g_test_summary ("--explain-config shows every layer and the modules' groups, without starting anything.");

  rb_daemon_fixture_write_config (fixture->daemon, "[log]\nfiles=5\n");
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_ACCOUNT_ID", "work");
  rb_daemon_fixture_add_argument (fixture->daemon, "--set");
  rb_daemon_fixture_add_argument (fixture->daemon, "journal.files=7");
  rb_daemon_fixture_add_argument (fixture->daemon, "--explain-config");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, &text, NULL), ==, 0);
  g_assert_nonnull (strstr (text, "broker.account-id = work   (environment MASONS_BROKER_ACCOUNT_ID)\n"));
  g_assert_nonnull (strstr (text, "broker.conf:2)\n"));
  g_assert_nonnull (strstr (text, "journal.files = 7   (option --set)\n"));

  rb_daemon_fixture_add_argument (fixture->daemon, "--json");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, &json_text, NULL), ==, 0);
  json = parse (json_text);
  g_assert_cmpint (rb_json_get_root_type (json), ==, RB_JSON_ARRAY);
  assert_exists (rb_daemon_fixture_get_data_dir (fixture->daemon), FALSE);
}

static void
test_views (Fixture       *fixture,
            gconstpointer  data)
{
  static const char *const names[] = { "modules", "config", "env", "status" };
  g_autofree char *env = NULL;

  g_test_summary ("The daemon's views are served on the Unix socket alone.");

  rb_daemon_fixture_start (fixture->daemon);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("/v1/operator/%s", names[i]);
      g_autofree char *answer = NULL;
      g_autoptr(RbJson) json = NULL;

      g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", path, NULL, NULL), >=, 400);
      g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", path, NULL, &answer), ==, 200);
      json = parse (answer);
    }
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/v1/operator/env", NULL, &env), ==, 200);
  g_assert_nonnull (strstr (env, rb_daemon_fixture_get_token (fixture->daemon)));
  g_assert_nonnull (strstr (env, rb_daemon_fixture_get_runtime_token (fixture->daemon)));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.10, IMP-10. */
static void
test_log (Fixture       *fixture,
          gconstpointer  data)
{
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  GStatBuf info;

  g_test_summary ("The log is JSON lines from the start to the end, private, without a secret, also at level debug.");

  rb_daemon_fixture_add_argument (fixture->daemon, "--log-level=debug");
  rb_daemon_fixture_start (fixture->daemon);
  rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/v1/operator/env", NULL, NULL);
  name = g_strdup_printf ("broker-%d.log", (int) rb_daemon_fixture_get_pid (fixture->daemon));
  path = g_build_filename (rb_daemon_fixture_get_log_dir (fixture->daemon), name, NULL);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_null (strstr (text, rb_daemon_fixture_get_token (fixture->daemon)));
  g_assert_null (strstr (text, rb_daemon_fixture_get_runtime_token (fixture->daemon)));
  g_assert_nonnull (strstr (text, "\"msg\":\"broker_entry_starting\""));
  g_assert_nonnull (strstr (text, "\"msg\":\"ipc_server_listening\""));
  g_assert_nonnull (strstr (text, "\"msg\":\"discovery_written\""));
  g_assert_nonnull (strstr (text, "\"msg\":\"broker_ready\""));
  g_assert_nonnull (strstr (text, "\"msg\":\"shutdown_begin\""));

  lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr(RbJson) json = parse (lines[i]);

      g_assert_cmpint (rb_json_get_root_type (json), ==, RB_JSON_OBJECT);
    }
}

static void
test_unwritable (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("A data directory that cannot be is one clear line and code 1.");

  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_USER_DATA", "/dev/null/data");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_true (g_str_has_prefix (errors, "runtime-brokerd: "));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/process/start/healthy", test_healthy);
  ADD ("/process/start/second", test_second);
  ADD ("/process/start/after-kill", test_after_kill);
  ADD ("/process/start/corrupt-discovery", test_corrupt_discovery);
  ADD ("/process/start/corrupt-settings", test_corrupt_settings);
  ADD ("/process/start/corrupt-database", test_corrupt_database);
  ADD ("/process/start/missing-module", test_missing_module);
  ADD ("/process/start/module-fails", test_module_fails);
  ADD ("/process/start/module-hangs", test_module_hangs);
  ADD ("/process/start/socket", test_socket_setting);
  ADD ("/process/start/masons", test_masons);
  ADD ("/process/start/unwritable", test_unwritable);
  ADD ("/process/command-line", test_command_line);
  ADD ("/process/explain", test_explain);
  ADD ("/process/views", test_views);
  ADD ("/process/log", test_log);
  ADD ("/process/stop/signals", test_stop);
  ADD ("/process/stop/foreign-discovery", test_stop_foreign_discovery);
  ADD ("/process/stop/hangs", test_stop_hangs);
  ADD ("/process/stop/early", test_early_signal);
#undef ADD
  return g_test_run ();
}
