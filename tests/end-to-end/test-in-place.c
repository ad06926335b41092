/* test-in-place.c: the program is replaced under a running daemon, for better or for worse
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ctl.h"
#include "rb-daemon-fixture.h"
#include "rb-test.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  RbDaemonFixture *daemon;
  char            *dir;
  char            *program;     /* a link, which the tests turn to something else */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->daemon = rb_daemon_fixture_new ();
  fixture->dir = rb_test_make_dir ();
  fixture->program = g_build_filename (fixture->dir, "runtime-brokerd", NULL);
  g_assert_cmpint (symlink (rb_daemon_fixture_get_program (fixture->daemon), fixture->program), ==, 0);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->daemon, rb_daemon_fixture_free);
  g_free (fixture->program);
  g_free (fixture->dir);
}

static void
start_by_link (Fixture *fixture)
{
  g_autofree char *built = g_strdup (rb_daemon_fixture_get_program (fixture->daemon));

  rb_daemon_fixture_set_program (fixture->daemon, fixture->program);
  rb_daemon_fixture_start (fixture->daemon);
  rb_daemon_fixture_set_program (fixture->daemon, built);
}

/* Takes the place of the link in one step, as a package manager does. */
static void
install (Fixture    *fixture,
         const char *script)
{
  g_autofree char *path = g_strconcat (fixture->program, ".new", NULL);

  g_assert_true (g_file_set_contents (path, script, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  g_assert_cmpint (g_rename (path, fixture->program), ==, 0);
}

static char *
dup_member (Fixture    *fixture,
            const char *view,
            const char *name)
{
  g_autofree char *path = g_strconcat ("/v1/operator/", view, NULL);
  g_autofree char *pattern = g_strdup_printf ("\"%s\":\"", name);
  g_autofree char *text = NULL;
  char *begin;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", path, NULL, &text), ==, 200);
  begin = strstr (text, pattern);
  g_assert_nonnull (begin);
  begin += strlen (pattern);
  return g_strndup (begin, strcspn (begin, "\""));
}

static void
restart (Fixture *fixture)
{
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "POST", "/v1/operator/restart", NULL, NULL), ==, 200);
}

static void
assert_refused (Fixture    *fixture,
                const char *why)
{
  g_autofree char *before = dup_member (fixture, "status", "instance");
  g_autofree char *after = NULL;
  g_autofree char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "POST", "/v1/operator/restart", NULL, &answer), ==, 409);
  g_assert_nonnull (strstr (answer, "\"error\":\"restart_refused\""));
  if (strstr (answer, why) == NULL)
    g_test_message ("%s", answer);
  g_assert_nonnull (strstr (answer, why));
  after = dup_member (fixture, "status", "instance");
  g_assert_cmpstr (before, ==, after);
}

static void
test_upgrade (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\nRB_TEST_UPGRADED=yes exec '%s' --set=broker.client-version=9.9.9 \"$@\"\n",
                                             rb_daemon_fixture_get_program (fixture->daemon));
  g_autofree char *environment_file = NULL;
  g_autofree char *environment = NULL;
  gsize size;
  GPid pid;

  g_test_summary ("What is installed now under the name by which it was started takes over, with the same arguments and pid.");

  rb_daemon_fixture_add_argument (fixture->daemon, "--set=limits.inbox-cap=77");
  start_by_link (fixture);
  pid = rb_daemon_fixture_get_pid (fixture->daemon);
  install (fixture, script);
  restart (fixture);
  rb_daemon_fixture_wait_next (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_get_pid (fixture->daemon), ==, pid);
  environment_file = g_strdup_printf ("/proc/%d/environ", (int) pid);
  g_assert_true (g_file_get_contents (environment_file, &environment, &size, NULL));
  g_assert_nonnull (memmem (environment, size, "RB_TEST_UPGRADED=yes", 20));
  /* A secret has no place where everybody who may look at us would find it. */
  g_assert_null (memmem (environment, size, rb_daemon_fixture_get_token (fixture->daemon), 43));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* As if a newer broker had written the database, which this one has open: in the file's header alone. */
static guint8
exchange_schema (Fixture *fixture,
                 guint8   version)
{
  g_autofree char *path = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "broker.db", NULL);
  int fd = g_open (path, O_RDWR);

  guint8 before;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pread (fd, &before, 1, 63), ==, 1);
  g_assert_cmpint (pwrite (fd, &version, 1, 63), ==, 1);
  close (fd);
  return before;
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  guint8 schema;

  g_test_summary ("What would not start is not started: wrong settings, a program that is broken, or gone. The broker says so and goes on.");

  start_by_link (fixture);
  rb_daemon_fixture_write_config (fixture->daemon, "[limits]\ninbox-cap=many\n");
  assert_refused (fixture, "inbox-cap");
  rb_daemon_fixture_write_config (fixture->daemon, "[broker]\nconnector=nonsense\n");
  assert_refused (fixture, "nonsense");
  rb_daemon_fixture_write_config (fixture->daemon, "");
  schema = exchange_schema (fixture, 99);
  assert_refused (fixture, "has schema 99");
  exchange_schema (fixture, schema);
  install (fixture, "#!/bin/sh\necho 'libfuture.so.9: not found' >&2\nexit 127\n");
  assert_refused (fixture, "libfuture.so.9");
  install (fixture, "not a program");
  assert_refused (fixture, "the program would not start");
  g_assert_cmpint (g_unlink (fixture->program), ==, 0);
  assert_refused (fixture, "No such file");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_cannot_be_had (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *url = NULL;

  g_test_summary ("A program that is gone between the question and its start: the broker goes on as it was, and can be restarted later.");

  start_by_link (fixture);
  before = dup_member (fixture, "status", "instance");
  url = g_strdup (rb_daemon_fixture_get_url (fixture->daemon));
  install (fixture, "#!/bin/sh\nrm \"$0\"\n");
  restart (fixture);
  rb_daemon_fixture_wait_next (fixture->daemon);
  rb_daemon_fixture_wait_log (fixture->daemon, "restart_exec_failed");
  after = dup_member (fixture, "status", "instance");
  g_assert_cmpstr (before, !=, after);
  g_assert_cmpstr (rb_daemon_fixture_get_url (fixture->daemon), ==, url);

  g_assert_cmpint (symlink (rb_daemon_fixture_get_program (fixture->daemon), fixture->program), ==, 0);
  restart (fixture);
  rb_daemon_fixture_wait_next (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* How many descriptors the daemon may have: what it has open stays so. */
static void
limit_descriptors (Fixture *fixture,
                   rlim_t   n)
{
  GPid pid = rb_daemon_fixture_get_pid (fixture->daemon);
  struct rlimit limit;

  g_assert_cmpint (prlimit (pid, RLIMIT_NOFILE, NULL, &limit), ==, 0);
  limit.rlim_cur = MIN (limit.rlim_max, n);
  g_assert_cmpint (prlimit (pid, RLIMIT_NOFILE, &limit, NULL), ==, 0);
}

static void
test_cannot_be_prepared (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autofree char *fifo = g_build_filename (fixture->dir, "go-on", NULL);
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\nread line <'%s'\nexit 0\n", fifo);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  int fd;

  g_test_summary ("A restart for which there is not another descriptor to be had is refused while the broker still runs.");

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  start_by_link (fixture);
  before = dup_member (fixture, "status", "instance");
  install (fixture, script);
  rb_daemon_fixture_signal (fixture->daemon, SIGUSR1);
  /* The program is asked; when the broker answers somebody else it has nothing more to open for that. Only then does the program say yes. */
  fd = g_open (fifo, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
  limit_descriptors (fixture, 8);
  close (fd);
  rb_daemon_fixture_wait_log (fixture->daemon, "restart_refused");
  limit_descriptors (fixture, 1024);
  after = dup_member (fixture, "status", "instance");
  g_assert_cmpstr (before, ==, after);

  g_assert_cmpint (g_unlink (fixture->program), ==, 0);
  g_assert_cmpint (symlink (rb_daemon_fixture_get_program (fixture->daemon), fixture->program), ==, 0);
  restart (fixture);
  rb_daemon_fixture_wait_next (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

#define SHORT_STOP "stop-timeout-ms=500\n"

static void
test_stop_hangs (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char *const modes[] = { "hang-stop", "block-stop" };

  g_test_summary ("A stop that hangs keeps the next one from nothing: it takes over when the stop's time is up.");

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      rb_daemon_fixture_add_stuck (fixture->daemon, modes[i], SHORT_STOP);
      rb_daemon_fixture_start (fixture->daemon);
      restart (fixture);
      rb_daemon_fixture_wait_next (fixture->daemon);
      g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
      g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
    }
}

static void
test_ended_meanwhile (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("SIGTERM in the middle of a restart is the end: nothing takes over, nothing is left to be found.");

  rb_daemon_fixture_add_stuck (fixture->daemon, "hang-stop", SHORT_STOP);
  rb_daemon_fixture_start (fixture->daemon);
  restart (fixture);
  rb_daemon_fixture_wait_log (fixture->daemon, "shutdown_begin");
  rb_daemon_fixture_signal (fixture->daemon, SIGTERM);
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));
}

#define N_SIGNALS 100
#define SIGNALS_APART_MS 10

static gboolean
on_next_signal (gpointer user_data)
{
  guint *n_left = user_data;

  (*n_left)--;
  return G_SOURCE_CONTINUE;
}

/* Once more, when it is not refused any longer. Returns which one serves then: nobody is to take its place. */
static char *
restart_at_last (Fixture *fixture)
{
  g_autofree char *answer = NULL;
  g_autofree char *text = NULL;
  g_auto(GStrv) parts = NULL;

  while (rb_daemon_fixture_request (fixture->daemon, TRUE, "POST", "/v1/operator/restart", NULL, &answer) != 200)
    g_clear_pointer (&answer, g_free);
  parts = g_strsplit (strstr (answer, "\"instance\":\""), "\"", 5);
  g_assert_cmpuint (g_strv_length (parts), ==, 5);
  while (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/v1/operator/status", NULL, &text) != 200 || strstr (text, parts[3]) != NULL)
    g_clear_pointer (&text, g_free);
  return dup_member (fixture, "status", "instance");
}

static void
test_signals (Fixture       *fixture,
              gconstpointer  data)
{
  guint n_left = N_SIGNALS;
  guint timer = g_timeout_add (SIGNALS_APART_MS, on_next_signal, &n_left);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  GPid pid;

  g_test_summary ("SIGUSR1 at any moment of a restart, and again, ends nothing: the process lives, and is another broker.");

  rb_daemon_fixture_start (fixture->daemon);
  before = dup_member (fixture, "status", "instance");
  pid = rb_daemon_fixture_get_pid (fixture->daemon);
  while (n_left > 0)
    {
      rb_daemon_fixture_signal (fixture->daemon, SIGUSR1);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);

  after = restart_at_last (fixture);
  g_assert_cmpstr (before, !=, after);
  g_assert_cmpint (rb_daemon_fixture_get_pid (fixture->daemon), ==, pid);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static guint64
find_mask (const char *text,
           const char *name)
{
  const char *mask = strstr (text, name);

  g_assert_nonnull (mask);
  mask = strpbrk (mask + strlen (name), "0123456789abcdef");
  g_assert_nonnull (mask);
  return g_ascii_strtoull (mask, NULL, 16);
}

/* One that is asked to end before it can hear so, as soon as it has taken over. */
#define ENDED_AT_ONCE "#!/bin/sh\ncase $1 in --check-config) ;; *) kill -TERM $$ ;; esac\nexec '%s' \"$@\"\n"

static void
assert_left (Fixture *fixture)
{
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (rb_daemon_fixture_get_socket (fixture->daemon), G_FILE_TEST_EXISTS));
}

static void
test_ended_between (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *script = g_strdup_printf (ENDED_AT_ONCE, rb_daemon_fixture_get_program (fixture->daemon));

  g_test_summary ("SIGTERM between two brokers, before the next one has a handler, is not lost and ends nothing halfway.");

  start_by_link (fixture);
  install (fixture, script);
  restart (fixture);
  assert_left (fixture);
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* At the end of a rule that lasts, so that it can be seen whether any was lost. */
static void
add_rule (Fixture *fixture,
          guint    i)
{
  g_autofree char *body = g_strdup_printf ("{\"what\":\"message\",\"sender\":\"s%u\",\"kind\":\"*\",\"action\":\"hold\"}", i);

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "POST", "/v1/operator/policy", body, NULL), ==, 200);
}

static guint
count_rules (Fixture *fixture)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) parts = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/v1/operator/policy", NULL, &text), ==, 200);
  parts = g_strsplit (text, "\"sender\":\"s", -1);
  return g_strv_length (parts) - 1;
}

#define N_ENDS 8
#define ENDS_APART_MS 40

/* Not for something to have happened: whatever the moment, it must be right. */
static void
pass_time (guint n)
{
  guint timer = g_timeout_add (ENDS_APART_MS, on_next_signal, &n);

  while (n > 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
}

static void
test_ended_any_moment (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("SIGTERM at any moment of a restart is a stop in order: code 0, no file is left, and what was answered is there.");

  for (guint i = 0; i < N_ENDS; i++)
    {
      rb_daemon_fixture_start (fixture->daemon);
      g_assert_cmpuint (count_rules (fixture), ==, i);
      add_rule (fixture, i);
      restart (fixture);
      pass_time (i);
      for (guint n = 0; n < 3; n++)
        rb_daemon_fixture_signal (fixture->daemon, SIGTERM);
      assert_left (fixture);
    }
}

static void
test_signals_of_children (Fixture       *fixture,
                          gconstpointer  data)
{
  const guint64 asked = 1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1);
  const guint64 ending = 1 << (SIGTERM - 1) | 1 << (SIGINT - 1);
  g_autofree char *answer = NULL;

  g_test_summary ("What is deaf to signals between two brokers is so for itself alone: a program that the next one starts is not.");

  start_by_link (fixture);
  restart (fixture);
  rb_daemon_fixture_wait_next (fixture->daemon);
  install (fixture, "#!/bin/sh\ngrep -E 'SigIgn:|SigBlk:' /proc/self/status >&2\nexit 1\n");
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "POST", "/v1/operator/restart", NULL, &answer), ==, 409);
  g_assert_cmphex (find_mask (answer, "SigIgn:") & asked, ==, 0);
  g_assert_cmphex (find_mask (answer, "SigBlk:") & ending, ==, 0);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static char *
read_notice (GSocket *socket)
{
  char text[256] = "";
  g_autoptr(GError) error = NULL;

  g_socket_set_timeout (socket, 20);
  g_assert_cmpint (g_socket_receive (socket, text, sizeof text - 1, NULL, &error), >, 0);
  g_assert_no_error (error);
  return g_strdup (text);
}

static void
test_service_manager (Fixture       *fixture,
                      gconstpointer  data)
{
  static const char *const notices[] = { "READY=1", "RELOADING=1\nMONOTONIC_USEC=", "READY=1", "STOPPING=1" };
  g_autofree char *path = g_build_filename (fixture->dir, "notify", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_test_summary ("A service manager sees the same process reload, and be ready again.");

  g_assert_true (g_socket_bind (socket, address, FALSE, NULL));
  rb_daemon_fixture_set_env (fixture->daemon, "NOTIFY_SOCKET", path);
  rb_daemon_fixture_start (fixture->daemon);
  for (gsize i = 0; i < G_N_ELEMENTS (notices); i++)
    {
      g_autofree char *text = read_notice (socket);

      g_assert_true (g_str_has_prefix (text, notices[i]));
      if (i == 0)
        restart (fixture);
      else if (i == 2)
        {
          rb_daemon_fixture_wait_next (fixture->daemon);
          g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
        }
    }
}

static void
test_settings_move (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *socket = g_build_filename (fixture->dir, "other.sock", NULL);
  g_autofree char *text = g_strdup_printf ("[ipc]\nsocket=%s\n", socket);
  g_autofree char *old = NULL;

  g_test_summary ("New settings are taken: a socket that is elsewhere now is there, and not where it was.");

  rb_daemon_fixture_start (fixture->daemon);
  old = g_strdup (rb_daemon_fixture_get_socket (fixture->daemon));
  rb_daemon_fixture_write_config (fixture->daemon, text);
  restart (fixture);
  rb_daemon_fixture_wait_next (fixture->daemon);
  g_assert_cmpstr (rb_daemon_fixture_get_socket (fixture->daemon), ==, socket);
  g_assert_false (g_file_test (old, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/v1/operator/status", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_only_one (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("Another broker that is started in the middle of a restart finds that there is one.");

  rb_daemon_fixture_add_stuck (fixture->daemon, "hang-stop", SHORT_STOP);
  rb_daemon_fixture_start (fixture->daemon);
  restart (fixture);
  rb_daemon_fixture_wait_log (fixture->daemon, "shutdown_begin");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 0);
  g_assert_nonnull (strstr (errors, "another"));
  rb_daemon_fixture_wait_next (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* brokerctl */

static int
run_ctl (Fixture     *fixture,
         const char  *options,
         char       **output,
         char       **errors)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  g_autofree char *line = g_strdup_printf ("'%s' --data-dir '%s' restart %s", program, rb_daemon_fixture_get_data_dir (fixture->daemon), options);
  g_autoptr(GError) error = NULL;
  int status;

  g_spawn_command_line_sync (line, output, errors, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
test_ctl (Fixture       *fixture,
          gconstpointer  data)
{
  g_autofree char *output = NULL;
  g_autofree char *json = NULL;
  g_autofree char *refusal = NULL;
  g_autofree char *pid = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_test_summary ("brokerctl restart waits until the next one serves, and says which it is; what is refused ends with 1.");

  start_by_link (fixture);
  before = dup_member (fixture, "status", "instance");
  pid = g_strdup_printf ("{\"pid\":%d,\"old_version\":\"" RB_VERSION "\",\"new_version\":\"" RB_VERSION "\",\"took_ms\":",
                         (int) rb_daemon_fixture_get_pid (fixture->daemon));
  g_assert_cmpint (run_ctl (fixture, "", &output, NULL), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (output, "restarted in "));
  g_assert_nonnull (strstr (output, " ms: version " RB_VERSION ", before " RB_VERSION "\n"));
  after = dup_member (fixture, "status", "instance");
  g_assert_cmpstr (before, !=, after);
  rb_daemon_fixture_wait_next (fixture->daemon);
  g_assert_cmpint (run_ctl (fixture, "--json", &json, NULL), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (json, pid));

  rb_daemon_fixture_wait_next (fixture->daemon);
  rb_daemon_fixture_write_config (fixture->daemon, "[limits]\ninbox-cap=many\n");
  g_assert_cmpint (run_ctl (fixture, "", NULL, &refusal), ==, RB_EXIT_FAILED);
  g_assert_nonnull (strstr (refusal, "inbox-cap"));
  rb_daemon_fixture_write_config (fixture->daemon, "");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  g_assert_cmpint (run_ctl (fixture, "", NULL, NULL), ==, RB_EXIT_NOT_RUNNING);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add ("/in-place/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("upgrade", test_upgrade);
  ADD ("refused", test_refused);
  ADD ("cannot-be-had", test_cannot_be_had);
  ADD ("cannot-be-prepared", test_cannot_be_prepared);
  ADD ("stop-hangs", test_stop_hangs);
  ADD ("ended-meanwhile", test_ended_meanwhile);
  ADD ("ended-between", test_ended_between);
  ADD ("ended-any-moment", test_ended_any_moment);
  ADD ("signals", test_signals);
  ADD ("signals-of-children", test_signals_of_children);
  ADD ("service-manager", test_service_manager);
  ADD ("settings-move", test_settings_move);
  ADD ("only-one", test_only_one);
  ADD ("brokerctl", test_ctl);
#undef ADD
  return g_test_run ();
}
