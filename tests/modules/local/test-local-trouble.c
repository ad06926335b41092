/* test-local-trouble.c: a database that is damaged, full, replaced or out of reach
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "local-peer.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-sql.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
  char    *data_dir;
  char    *directory;
  char    *database;
  RbClock *clock;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->directory = g_build_filename (fixture->data_dir, "local-network", NULL);
  fixture->database = g_build_filename (fixture->directory, "network.db", NULL);
  fixture->clock = rb_fake_clock_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->database);
  g_free (fixture->directory);
  g_free (fixture->data_dir);
}

static void
assert_start_fails (Fixture    *fixture,
                    int         code,
                    const char *reason)
{
  g_autoptr(Peer) ada = peer_new (fixture->data_dir, "ada", fixture->clock, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (peer_try_start (ada, &error));
  g_assert_error (error, RB_ERROR, code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_assert_cmpuint (ada->n_connected + ada->n_disconnected, ==, 0);
}

static void
test_damaged (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *garbage = g_strnfill (8192, 'x');
  g_autofree char *after = NULL;

  g_test_summary ("A file that is not a database is refused and left as it is.");

  g_assert_cmpint (g_mkdir (fixture->directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (fixture->database, garbage, -1, NULL));
  assert_start_fails (fixture, RB_ERROR_CORRUPT, "database_damaged");
  g_assert_true (g_file_get_contents (fixture->database, &after, NULL, NULL));
  g_assert_cmpstr (after, ==, garbage);
}

static void
test_damaged_inside (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *text = NULL;
  gsize size = 0;

  g_test_summary ("Damage in the middle of a database is found at the start.");

  peer_free (peer_new_started (fixture->data_dir, "ada", fixture->clock));
  g_assert_true (g_file_get_contents (fixture->database, &text, &size, NULL));
  g_assert_cmpuint (size, >, 8192);
  memset (text + 4096, 0x5a, size - 4096);
  g_assert_true (g_file_set_contents (fixture->database, text, (gssize) size, NULL));
  assert_start_fails (fixture, RB_ERROR_CORRUPT, "database_damaged");
}

static void
test_newer (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbSql) sql = NULL;

  g_test_summary ("A database of a later version is refused.");

  peer_free (peer_new_started (fixture->data_dir, "ada", fixture->clock));
  sql = rb_sql_open (fixture->database, FALSE, 0, NULL);
  g_assert_true (rb_sql_exec (sql, "PRAGMA user_version = 1000", NULL));
  g_clear_pointer (&sql, rb_sql_close);
  assert_start_fails (fixture, RB_ERROR_CORRUPT, "database_newer");
}

static void
test_no_directory (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Where no directory can be, the start fails.");

  g_assert_true (g_file_set_contents (fixture->directory, "", 0, NULL));
  assert_start_fails (fixture, RB_ERROR_UNAVAILABLE, "io_error");
}

static void
test_start_again (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(Peer) ada = peer_new (fixture->data_dir, "ada", fixture->clock, NULL);

  g_test_summary ("A start that failed may be tried again.");

  g_assert_true (g_file_set_contents (fixture->directory, "", 0, NULL));
  g_assert_false (peer_try_start (ada, NULL));
  g_assert_cmpint (g_unlink (fixture->directory), ==, 0);
  peer_start (ada);
  peer_send_ok (ada, "ada@local", NULL, "x");
}

/* No file may grow: what a full disk looks like to SQLite. */
static void
set_disk_full (gboolean full)
{
  struct rlimit limit;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = full ? 0 : limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  Peer *ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autofree char *large = g_strnfill (100000, 'x');
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) later = NULL;

  g_test_summary ("On a full disk sends fail with that reason; the connector says so, tries again, and loses nothing.");

  peer_send_ok (ada, "ada@local", "m-1", "x");
  rb_test_wait_until (ada->deliveries->len == 1);

  set_disk_full (TRUE);
  g_assert_false (peer_send (ada, "ada@local", "m-2", large, NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "disk_full");
  g_assert_cmpuint (ada->n_disconnected, ==, 1);
  g_assert_nonnull (strstr (ada->last_reason, "disk full"));
  g_assert_false (peer_send (ada, "ada@local", "m-2", large, NULL, NULL, &later));
  g_assert_cmpstr (rb_error_get_reason (later), ==, "disk_full");

  /* Accepted while it was away. */
  rb_connector_accept (ada->connector, 1);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (ada->n_disconnected == 2);
  set_disk_full (FALSE);
  rb_fake_clock_advance (fixture->clock, 1999);
  g_assert_cmpuint (ada->n_connected, ==, 1);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (ada->n_connected == 2);

  peer_send_ok (ada, "ada@local", "m-2", large);
  rb_test_wait_until (ada->deliveries->len == 2);
  g_assert_cmpint (peer_get_seq (ada, 1), ==, 2);
  peer_settle (ada);
  peer_stop (ada);
  peer_start (ada);
  rb_test_wait_until (ada->deliveries->len == 3);
  g_assert_cmpint (peer_get_seq (ada, 2), ==, 2);
  peer_free (ada);
}

static void
test_stop_while_down (Fixture       *fixture,
                      gconstpointer  data)
{
  Peer *ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autofree char *large = g_strnfill (100000, 'x');

  g_test_summary ("A connector that is down can be stopped, and is silent then.");

  set_disk_full (TRUE);
  g_assert_false (peer_send (ada, "ada@local", NULL, large, NULL, NULL, NULL));
  set_disk_full (FALSE);
  peer_stop (ada);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (ada->n_connected, ==, 1);
  g_assert_cmpuint (ada->n_disconnected, ==, 1);
  peer_free (ada);
}

static void
remove_database (Fixture *fixture)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (fixture->database, suffixes[i], NULL);

      g_unlink (path);
    }
}

static void
test_replaced (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(Peer) ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autofree char *large = g_strnfill (100000, 'x');

  g_test_summary ("Another database in the place of ours is not used before a restart: its numbers mean other messages.");

  set_disk_full (TRUE);
  g_assert_false (peer_send (ada, "ada@local", NULL, large, NULL, NULL, NULL));
  set_disk_full (FALSE);
  remove_database (fixture);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (ada->n_disconnected == 2);
  g_assert_nonnull (strstr (ada->last_reason, "restart the broker"));

  peer_stop (ada);
  peer_start (ada);
  peer_send_ok (ada, "ada@local", NULL, "x");
}

static void
test_no_doorbell (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(Peer) ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autoptr(Peer) bob = peer_new_started (fixture->data_dir, "bob", fixture->clock);
  g_autofree char *bell = g_build_filename (fixture->directory, "ada.bell", NULL);
  RbSendStatus status;

  g_test_summary ("When somebody removes our doorbell we put up a new one, and find what came meanwhile.");

  g_assert_cmpint (g_unlink (bell), ==, 0);
  g_assert_true (peer_send (bob, "ada@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_STORED);
  rb_test_wait_until (ada->n_disconnected == 1);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (ada->n_connected == 2 && ada->deliveries->len == 1);
  g_assert_true (peer_send (bob, "ada@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  rb_test_wait_until (ada->deliveries->len == 2);
}

static void
test_superseded_while_down (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr(Peer) old = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autoptr(Peer) new = NULL;
  g_autofree char *bell = g_build_filename (fixture->directory, "ada.bell", NULL);

  g_test_summary ("Who was away and finds a newer broker in its place gives way.");

  g_assert_cmpint (g_unlink (bell), ==, 0);
  rb_test_wait_until (old->n_disconnected == 1);
  new = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (old->n_superseded == 1);
  g_assert_cmpuint (old->n_connected, ==, 1);
  g_assert_cmpuint (new->n_superseded, ==, 0);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/trouble/start/damaged", test_damaged);
  ADD ("/local/trouble/start/damaged-inside", test_damaged_inside);
  ADD ("/local/trouble/start/newer", test_newer);
  ADD ("/local/trouble/start/no-directory", test_no_directory);
  ADD ("/local/trouble/start/again", test_start_again);
  ADD ("/local/trouble/full", test_full);
  ADD ("/local/trouble/stop-while-down", test_stop_while_down);
  ADD ("/local/trouble/replaced", test_replaced);
  ADD ("/local/trouble/no-doorbell", test_no_doorbell);
  ADD ("/local/trouble/superseded-while-down", test_superseded_while_down);
  return g_test_run ();
}
