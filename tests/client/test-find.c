/* test-find.c: the right broker is found, and of many clients one starts it (protocol.md 21.2, 21.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-lock.h"
#include "rb-client-site.h"
#include "rb-client-start.h"
#include "rb-discovery.h"
#include "rb-error.h"
#include "rb-fake-broker.h"
#include "rb-fake-clock.h"
#include "rb-file.h"
#include "rb-paths.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#define TOKEN "the-runtime-token"

typedef struct {
  char            *data_dir;
  RbClientOptions *options;
  RbClock         *clock;
  GAsyncResult    *result;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->clock = rb_fake_clock_new ();
  fixture->options = rb_client_options_new ();
  fixture->options->data_dir = g_strdup (fixture->data_dir);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_test_settle ();
  g_clear_object (&fixture->result);
  rb_client_options_free (fixture->options);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->data_dir);
}

static char *
get_discovery_file (Fixture    *fixture,
                    const char *token)
{
  g_autoptr(RbPaths) paths = rb_paths_new ("default", token, fixture->data_dir, NULL);

  return g_strdup (paths->discovery_file);
}

/* A process that certainly is none. */
static gint64
get_dead_pid (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  waitpid (pid, NULL, 0);
  return pid;
}

static void
write_record (Fixture    *fixture,
              const char *token,
              gint64      pid,
              const char *started_at,
              const char *url)
{
  g_autofree char *path = get_discovery_file (fixture, token);
  const RbDiscovery record = { .pid = pid, .started_at = (char *) started_at, .ipc_url = (char *) url, .bearer_token = (char *) token };
  g_autoptr(GError) error = NULL;

  rb_discovery_write (&record, path, &error);
  g_assert_no_error (error);
}

static void
assert_not_running (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rb_client_site_find (fixture->options, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "broker_not_running");
}

static void
test_nothing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Without a discovery file no broker runs, with or without a token.");

  assert_not_running (fixture);
  fixture->options->runtime_token = g_strdup (TOKEN);
  assert_not_running (fixture);
}

static void
test_unusable (Fixture       *fixture,
               gconstpointer  data)
{
  static const char *const texts[] = { "", "null", "[]", "{", "{\"version\":1}", "{\"version\":2,\"pid\":1,\"startedAt\":\"x\"}" };
  g_autofree char *path = get_discovery_file (fixture, TOKEN);

  g_test_summary ("A file that says nothing usable counts as none.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_true (rb_file_write_atomic (path, texts[i], -1, 0600, NULL));
      assert_not_running (fixture);
    }
  write_record (fixture, TOKEN, getpid (), "2026-01-01T00:00:00.000Z", "file:///etc/passwd");
  assert_not_running (fixture);
}

static void
test_dead (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Without a token, the file of a dead process is passed over.");

  write_record (fixture, TOKEN, get_dead_pid (), "2026-01-01T00:00:00.000Z", "http://127.0.0.1:1");
  assert_not_running (fixture);
}

static void
test_newest (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RbClientSite) site = NULL;

  g_test_summary ("Of several brokers of the account the newest is meant; a token names one.");

  write_record (fixture, "one", getpid (), "2026-01-02T00:00:00.000Z", "http://127.0.0.1:1");
  write_record (fixture, "two", getpid (), "2026-01-03T00:00:00.000Z", "http://127.0.0.1:2");
  write_record (fixture, "three", getpid (), "2026-01-01T00:00:00.000Z", "http://127.0.0.1:3");
  site = rb_client_site_find (fixture->options, NULL);
  g_assert_cmpstr (site->url, ==, "http://127.0.0.1:2");
  g_assert_cmpstr (site->bearer_token, ==, "two");
  g_assert_null (site->socket);
  g_clear_pointer (&site, rb_client_site_free);

  fixture->options->runtime_token = g_strdup ("three");
  site = rb_client_site_find (fixture->options, NULL);
  g_assert_cmpstr (site->url, ==, "http://127.0.0.1:3");
}

static void
test_socket (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RbClientSite) site = NULL;

  g_test_summary ("A socket given by hand is used without looking for files.");

  fixture->options->socket = g_strdup ("/run/some.sock");
  site = rb_client_site_find (fixture->options, NULL);
  g_assert_cmpstr (site->socket, ==, "/run/some.sock");
  g_assert_null (site->bearer_token);
}

static gboolean
try_lock (const char *path)
{
  g_autoptr(GError) error = NULL;
  gboolean taken = FALSE;

  g_assert_true (rb_client_lock_try (path, &taken, &error));
  g_assert_no_error (error);
  return taken;
}

static void
test_lock (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "a", "b", "discovery.json.lock", NULL);
  g_autofree char *text = NULL;
  struct stat status;

  g_test_summary ("The lock is a private file that names its holder; while that lives nobody else gets it.");

  g_assert_true (try_lock (path));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "{\n  \"version\": 1,\n  \"pid\": "));
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_assert_false (try_lock (path));
  rb_client_lock_release (path);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (try_lock (path));
}

static void
test_lock_dead (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "lock", NULL);
  g_autofree char *text = g_strdup_printf ("{\"version\":1,\"pid\":%" G_GINT64_FORMAT ",\"startedAt\":\"x\"}", get_dead_pid ());

  g_test_summary ("The lock of a dead process is taken over; that of a stranger who lives is not, and is not released by us.");

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (try_lock (path));
  g_assert_true (g_file_set_contents (path, "{\"version\":1,\"pid\":1,\"startedAt\":\"x\"}", -1, NULL));
  g_assert_false (try_lock (path));
  rb_client_lock_release (path);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_lock_unreadable (Fixture       *fixture,
                      gconstpointer  data)
{
  static const char *const texts[] = { "", "nonsense", "{\"pid\":-1}", "{\"pid\":\"7\"}", "[]" };
  g_autofree char *path = g_build_filename (fixture->data_dir, "lock", NULL);
  const struct utimbuf old = { 1000, 1000 };

  g_test_summary ("A lock that says nothing may just be being written: it counts for ten seconds.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_true (g_file_set_contents (path, texts[i], -1, NULL));
      g_assert_false (try_lock (path));
      g_assert_cmpint (utime (path, &old), ==, 0);
      g_assert_true (try_lock (path));
      rb_client_lock_release (path);
    }
}

/* A daemon that notes that it was started, and with what; then ends with @status or stays for a while. */
static char *
make_program (Fixture    *fixture,
              const char *last_line)
{
  char *path = g_build_filename (fixture->data_dir, "daemon.sh", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\n"
                                           "echo \"$MASONS_BROKER_ACCOUNT_ID $MASONS_BROKER_USER_DATA $#\" >> \"%s/started\"\n"
                                           "%s\n",
                                           fixture->data_dir, last_line);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  return path;
}

static char *
read_started (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "started", NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

static gboolean
was_started (Fixture *fixture)
{
  g_autofree char *text = read_started (fixture);

  return text != NULL && *text != '\0';
}

static void
start_client (Fixture       *fixture,
              GAsyncResult **result)
{
  rb_client_start_async (fixture->options, fixture->clock, NULL, rb_test_store_result, result);
}

static void
assert_no_lock (Fixture *fixture)
{
  g_autofree char *file = get_discovery_file (fixture, TOKEN);
  g_autofree char *lock = g_strconcat (file, ".lock", NULL);

  rb_test_settle ();
  g_assert_false (g_file_test (lock, G_FILE_TEST_EXISTS));
}

static void
assert_start_fails (Fixture    *fixture,
                    RbError     code,
                    const char *reason)
{
  g_autoptr(GError) error = NULL;

  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (rb_client_start_finish (fixture->result, &error));
  g_assert_error (error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_clear_object (&fixture->result);
  assert_no_lock (fixture);
}

static void
test_start_healthy (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeBroker) broker = rb_fake_broker_new (fixture->data_dir);
  g_autoptr(RbClientHttp) http = NULL;

  g_test_summary ("A healthy broker is used, and no second one started.");

  fixture->options->start = TRUE;
  fixture->options->program = make_program (fixture, "exit 0");
  start_client (fixture, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  http = rb_client_start_finish (fixture->result, NULL);
  g_assert_nonnull (http);
  g_assert_nonnull (rb_client_http_get_site (http)->socket);
  g_assert_false (was_started (fixture));
}

static void
test_start_unwanted (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("Without being asked nobody starts a broker.");

  fixture->options->program = make_program (fixture, "exit 0");
  start_client (fixture, &fixture->result);
  assert_start_fails (fixture, RB_ERROR_NOT_FOUND, "broker_not_running");
  g_assert_false (was_started (fixture));
}

static void
test_start_many (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeBroker) broker = NULL;
  g_autofree char *started = NULL;
  g_autofree char *expected = g_strdup_printf ("default %s 0\n", fixture->data_dir);
  GAsyncResult *results[5] = { NULL };

  g_test_summary ("Five clients that find no broker start one; all five use it.");

  fixture->options->start = TRUE;
  fixture->options->runtime_token = g_strdup (TOKEN);
  fixture->options->program = make_program (fixture, "exit 0");
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    start_client (fixture, &results[i]);
  rb_test_wait_until (was_started (fixture));
  broker = rb_fake_broker_new (fixture->data_dir);
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(RbClientHttp) http = NULL;

      while (results[i] == NULL)
        {
          rb_test_turn (g_get_monotonic_time () + 10 * G_USEC_PER_SEC, "started", __FILE__, __LINE__);
          rb_fake_clock_advance (fixture->clock, 100);
        }
      http = rb_client_start_finish (results[i], NULL);
      g_assert_nonnull (http);
      g_object_unref (results[i]);
    }
  started = read_started (fixture);
  g_assert_cmpstr (started, ==, expected);
  assert_no_lock (fixture);
}

static void
test_start_fails (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A daemon that ends with an error is not waited for.");

  fixture->options->start = TRUE;
  fixture->options->runtime_token = g_strdup (TOKEN);
  fixture->options->program = make_program (fixture, "exit 1");
  start_client (fixture, &fixture->result);
  while (fixture->result == NULL)
    {
      rb_test_turn (g_get_monotonic_time () + 10 * G_USEC_PER_SEC, "failed", __FILE__, __LINE__);
      if (was_started (fixture))
        rb_fake_clock_advance (fixture->clock, 100);
    }
  assert_start_fails (fixture, RB_ERROR_REJECTED, "broker_start_failed");
}

static void
test_start_no_program (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A daemon that does not exist is named.");

  fixture->options->start = TRUE;
  fixture->options->runtime_token = g_strdup (TOKEN);
  fixture->options->program = g_strdup ("/nonexistent/daemon");
  start_client (fixture, &fixture->result);
  assert_start_fails (fixture, RB_ERROR_REJECTED, "broker_start_failed");
}

static void
test_start_timeout (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A daemon that does not become healthy is waited for only so long.");

  fixture->options->start = TRUE;
  fixture->options->runtime_token = g_strdup (TOKEN);
  fixture->options->program = make_program (fixture, "exit 0");
  start_client (fixture, &fixture->result);
  for (guint i = 0; i < 51 && fixture->result == NULL; i++)
    rb_fake_clock_advance (fixture->clock, 100);
  assert_start_fails (fixture, RB_ERROR_TIMED_OUT, "broker_start_timeout");
}

static void
test_start_held (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *file = get_discovery_file (fixture, TOKEN);
  g_autofree char *lock = g_strconcat (file, ".lock", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("While somebody else starts the broker we only wait, and say so when the time is over.");

  fixture->options->start = TRUE;
  fixture->options->runtime_token = g_strdup (TOKEN);
  fixture->options->program = make_program (fixture, "exit 0");
  g_assert_true (rb_file_write_atomic (lock, "{\"version\":1,\"pid\":1,\"startedAt\":\"x\"}", -1, 0600, NULL));
  start_client (fixture, &fixture->result);
  for (guint i = 0; i < 51 && fixture->result == NULL; i++)
    rb_fake_clock_advance (fixture->clock, 100);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (rb_client_start_finish (fixture->result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "spawn lock"));
  g_assert_false (was_started (fixture));
  g_assert_true (g_file_test (lock, G_FILE_TEST_EXISTS));
}

static void
test_start_sick (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeBroker) broker = rb_fake_broker_new (fixture->data_dir);

  g_test_summary ("A broker that says it is not well is not used; without leave to start one, that is the answer.");

  rb_fake_broker_answer (broker, "GET /health", 503, "{\"error\":\"store_failed\",\"message\":\"the disk is full\"}");
  start_client (fixture, &fixture->result);
  assert_start_fails (fixture, RB_ERROR_UNAVAILABLE, "store_failed");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/client/site/nothing", test_nothing);
  ADD ("/client/site/unusable", test_unusable);
  ADD ("/client/site/dead", test_dead);
  ADD ("/client/site/newest", test_newest);
  ADD ("/client/site/socket", test_socket);
  ADD ("/client/lock/holds", test_lock);
  ADD ("/client/lock/dead-holder", test_lock_dead);
  ADD ("/client/lock/unreadable", test_lock_unreadable);
  ADD ("/client/start/healthy", test_start_healthy);
  ADD ("/client/start/unwanted", test_start_unwanted);
  ADD ("/client/start/many-clients", test_start_many);
  ADD ("/client/start/daemon-fails", test_start_fails);
  ADD ("/client/start/no-program", test_start_no_program);
  ADD ("/client/start/timeout", test_start_timeout);
  ADD ("/client/start/lock-held", test_start_held);
  ADD ("/client/start/sick-broker", test_start_sick);
  return g_test_run ();
}
