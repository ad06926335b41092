/* test-open.c: databases that open, and those that are refused with a text that helps
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store-fixture.h"

#include "rb-error.h"
#include "rb-schema.h"
#include "rb-sql.h"
#include "rb-store-open.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
assert_refused (const char *path,
                RbError     code,
                const char *reason,
                const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rb_sqlite_store_open (path, &error));
  g_assert_error (error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_test_message ("%s", error->message);
  if (strstr (error->message, text) == NULL)
    g_error ("'%s' does not say '%s'", error->message, text);
}

static void
write_at (const char *path,
          goffset     offset,
          const void *bytes,
          gsize       n_bytes)
{
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, bytes, n_bytes, offset), ==, (gssize) n_bytes);
  close (fd);
}

static void
exec_sql (const char *path,
          const char *statements)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSql) sql = rb_sql_open (path, FALSE, 0, &error);

  g_assert_no_error (error);
  rb_sql_exec (sql, statements, &error);
  g_assert_no_error (error);
}

static goffset
get_size (const char *path)
{
  GStatBuf st;

  g_assert_cmpint (g_stat (path, &st), ==, 0);
  return st.st_size;
}

static void
fill (StoreFixture *fixture)
{
  RbChanges *changes = rb_changes_new ();

  for (guint i = 0; i < 400; i++)
    {
      rb_changes_put (changes, RB_TABLE_MESSAGES, store_make_row (RB_TABLE_MESSAGES, i, i));
      rb_changes_put (changes, RB_TABLE_CHECKPOINTS, store_make_row (RB_TABLE_CHECKPOINTS, i, i));
    }
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
  store_fixture_close (fixture);
}

static void
test_private (StoreFixture  *fixture,
              gconstpointer  data)
{
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  GStatBuf st;

  g_test_summary ("The database and its log are for their owner alone, also when the file was not.");

  store_put_meta (fixture->store, "a", "b");
  g_assert_cmpint (g_stat (fixture->path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (wal, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);

  store_fixture_close (fixture);
  g_assert_cmpint (g_chmod (fixture->path, 0644), ==, 0);
  store_fixture_open (fixture);
  g_assert_cmpint (g_stat (fixture->path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
}

static void
test_garbage (StoreFixture  *fixture,
              gconstpointer  data)
{
  g_test_summary ("A file that is no database is refused and left alone.");

  store_fixture_close (fixture);
  g_assert_true (g_file_set_contents (fixture->path, "this is not a database, it is a letter to whoever reads it", -1, NULL));
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "database_damaged", "move it away");
  g_assert_cmpint (get_size (fixture->path), ==, 58);
}

static void
test_garbage_header (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A damaged header is refused.");

  fill (fixture);
  write_at (fixture->path, 0, "XXXXXXXXXXXXXXXXXXXXXXXX", 24);
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "database_damaged", "damaged");
}

static void
test_truncated (StoreFixture  *fixture,
                gconstpointer  data)
{
  g_test_summary ("A database that lost its end is refused.");

  fill (fixture);
  g_assert_cmpint (truncate (fixture->path, get_size (fixture->path) / 2), ==, 0);
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "database_damaged", "damaged");
}

/* Damages a page in the middle; where it is free space or text nobody could tell, so all pages but the first are hit. */
static void
damage_pages (const char *path)
{
  char junk[64];
  goffset size = get_size (path);

  memset (junk, 0x5a, sizeof junk);
  for (goffset at = 4096; at < size; at += 4096)
    write_at (path, at, junk, sizeof junk);
}

static void
test_damaged_pages (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Damaged pages are found by the check at the start.");

  fill (fixture);
  damage_pages (fixture->path);
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "database_damaged", "damaged");
}

/* As it stands in the file, whatever a log beside it says. */
static guint
read_version (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_assert_cmpuint (size, >=, 100);
  return (guint8) bytes[63];
}

static void
test_lost_file (StoreFixture  *fixture,
                gconstpointer  data)
{
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);

  g_test_summary ("An empty file beside a log is refused, and the log is kept.");

  store_fixture_close (fixture);
  g_assert_true (g_file_set_contents (fixture->path, "", 0, NULL));
  g_assert_true (g_file_set_contents (wal, "messages", 8, NULL));
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "database_damaged", "log");
  g_assert_cmpint (get_size (wal), ==, 8);
}

static void
test_empty_file (StoreFixture  *fixture,
                 gconstpointer  data)
{
  g_test_summary ("An empty file becomes a database: a start that died early leaves one.");

  store_fixture_close (fixture);
  g_assert_true (g_file_set_contents (fixture->path, "", 0, NULL));
  store_fixture_open (fixture);
}

static void
test_peek (StoreFixture  *fixture,
           gconstpointer  data)
{
  g_autofree char *missing = g_strconcat (fixture->path, "-missing", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Whether we know its schema can be seen while another process has it, also right after it was made.");

  g_assert_true (rb_sqlite_store_peek (fixture->path, &error));
  g_assert_true (rb_sqlite_store_peek (missing, &error));
  g_assert_cmpuint (read_version (fixture->path), >, 0);
  store_fixture_close (fixture);
  exec_sql (fixture->path, "PRAGMA user_version = 99");
  g_assert_false (rb_sqlite_store_peek (fixture->path, &error));
  g_assert_error (error, RB_ERROR, (int) RB_ERROR_CORRUPT);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "database_newer");
  g_assert_nonnull (strstr (error->message, "schema 99"));
  g_assert_true (g_file_set_contents (fixture->path, "SQLite format 3", 15, NULL));
  g_assert_true (rb_sqlite_store_peek (fixture->path, NULL));
}

static void
test_older (StoreFixture  *fixture,
            gconstpointer  data)
{
  g_test_summary ("A database of the version before gets what it lacks, and keeps what it has.");

  fill (fixture);
  exec_sql (fixture->path, "ALTER TABLE messages DROP COLUMN network; PRAGMA user_version = 3");
  store_fixture_open (fixture);
  store_fixture_close (fixture);
  g_assert_cmpuint (read_version (fixture->path), ==, rb_schema_get_version ());
}

static void
test_newer (StoreFixture  *fixture,
            gconstpointer  data)
{
  g_test_summary ("A database of a newer version is refused, with what to do.");

  store_fixture_close (fixture);
  exec_sql (fixture->path, "PRAGMA user_version = 99");
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "database_newer", "schema 99");
}

static void
test_foreign (StoreFixture  *fixture,
              gconstpointer  data)
{
  g_autofree char *other = g_build_filename (fixture->dir, "other.db", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSql) sql = rb_sql_open (other, TRUE, 0, &error);

  g_test_summary ("The database of another program is refused and left alone.");

  g_assert_no_error (error);
  rb_sql_exec (sql, "CREATE TABLE bookmarks (url TEXT)", &error);
  g_assert_no_error (error);
  g_clear_pointer (&sql, rb_sql_close);
  assert_refused (other, RB_ERROR_CORRUPT, "database_foreign", "another program");
}

static void
test_drift (StoreFixture  *fixture,
            gconstpointer  data)
{
  g_test_summary ("A table that differs from the core's description is refused, naming table and column.");

  store_fixture_close (fixture);
  exec_sql (fixture->path, "ALTER TABLE places RENAME COLUMN reason TO motive");
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "schema_mismatch", "'motive TEXT' and should be 'reason TEXT'");

  exec_sql (fixture->path, "ALTER TABLE places RENAME COLUMN motive TO reason; ALTER TABLE meta ADD COLUMN extra INTEGER");
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "schema_mismatch", "should be 'absent'");

  exec_sql (fixture->path, "ALTER TABLE meta DROP COLUMN extra; DROP TABLE replies");
  assert_refused (fixture->path, RB_ERROR_CORRUPT, "schema_mismatch", "Table 'replies'");
}

static void
test_schema_fits (StoreFixture  *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbSql) sql = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The SQL of rb-schema.c creates what rb-tables.c describes: adapt the former when this fails.");

  store_fixture_close (fixture);
  sql = rb_sql_open (fixture->path, FALSE, 0, &error);
  g_assert_no_error (error);
  rb_schema_check (sql, &error);
  g_assert_no_error (error);
}

static void
test_second_opener (StoreFixture  *fixture,
                    gconstpointer  data)
{
  gint64 start_us = g_get_monotonic_time ();

  g_test_summary ("A database that somebody has open is refused at once; it opens when they have left.");

  assert_refused (fixture->path, RB_ERROR_UNAVAILABLE, "locked", "another process");
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, G_TIME_SPAN_SECOND);
  store_put_meta (fixture->store, "still", "works");
  store_fixture_close (fixture);
  store_fixture_open (fixture);
}

/* Runs this program again, see open_as_another(). */
static void
assert_another_refused (const char *mode,
                        const char *path)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, mode, path, NULL };
  g_autoptr(GError) error = NULL;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static void
drop_root (void)
{
  const uid_t nobody = 65534;

  if (geteuid () != 0)
    return;
  if (setgroups (0, NULL) != 0 || setresgid (nobody, nobody, nobody) != 0 || setresuid (nobody, nobody, nobody) != 0)
    _exit (2);
}

/* The other process: exits with 0 when it was refused for the reason that @mode names. */
static int
open_as_another (const char *mode,
                 const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSqliteStore) store = NULL;

  if (g_str_equal (mode, "--read_only"))
    drop_root ();
  store = rb_sqlite_store_open (path, &error);
  g_printerr ("# %s\n", error != NULL ? error->message : "opened");
  return store == NULL && g_strcmp0 (rb_error_get_reason (error), mode + strlen ("--")) == 0 ? 0 : 1;
}

static void
test_other_process (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_test_summary ("The same holds for another process.");

  assert_another_refused ("--locked", fixture->path);
}

/* As root the other process is nobody, to whom all of this is read-only; otherwise the modes say so to ourselves. */
static void
test_read_only_file (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A read-only database is refused.");

  store_fixture_close (fixture);
  g_assert_cmpint (g_chmod (fixture->dir, 0777), ==, 0);
  g_assert_cmpint (g_chmod (fixture->path, 0444), ==, 0);
  assert_another_refused ("--read_only", fixture->path);
}

static void
test_read_only_directory (StoreFixture  *fixture,
                          gconstpointer  data)
{
  g_autofree char *fresh = g_build_filename (fixture->dir, "fresh.db", NULL);

  g_test_summary ("A read-only directory is refused, with a database in it or without.");

  store_fixture_close (fixture);
  g_assert_cmpint (g_chmod (fixture->dir, 0555), ==, 0);
  g_assert_cmpint (g_chmod (fixture->path, 0666), ==, 0);
  assert_another_refused ("--read_only", fresh);
  assert_another_refused ("--read_only", fixture->path);
  g_assert_cmpint (g_chmod (fixture->dir, 0700), ==, 0);
}

static void
test_no_directory (StoreFixture  *fixture,
                   gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->dir, "missing", "broker.db", NULL);

  g_test_summary ("A missing directory and a path that is no file are errors.");

  assert_refused (path, RB_ERROR_UNAVAILABLE, "io_error", "cannot be created");
  assert_refused (fixture->dir, RB_ERROR_INVALID, "not_a_file", "not a regular file");
}

static void
assert_opens (const char *path,
              guint64     limit_bytes,
              gboolean    expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSql) sql = rb_store_open_database (path, limit_bytes, &error);

  g_assert_true ((sql != NULL) == expected);
  if (!expected)
    g_assert_cmpstr (rb_error_get_reason (error), ==, "database_damaged");
}

static void
test_trusted_once (StoreFixture  *fixture,
                   gconstpointer  data)
{
  g_autofree char *mark = g_strdup_printf ("PRAGMA application_id = %d", RB_SCHEMA_ID_CLOSED);
  goffset end;

  g_test_summary ("Only a large database that was closed in good order is opened unchecked, and only once.");

  fill (fixture);
  exec_sql (fixture->path, mark);
  end = get_size (fixture->path);
  /* The last page belongs to rows, not to the schema. */
  write_at (fixture->path, end - 4096, "\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a", 8);

  assert_opens (fixture->path, RB_STORE_CHECK_LIMIT_BYTES, FALSE);
  assert_opens (fixture->path, 4096, TRUE);
  assert_opens (fixture->path, 4096, FALSE);
}

static void
test_start_time (StoreFixture  *fixture,
                 gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->dir, "timed.db", NULL);

  g_test_summary ("Opening is quick: the figures are for the log.");

  for (guint i = 0; i < 2; i++)
    {
      gint64 start_us = g_get_monotonic_time ();
      g_autoptr(GError) error = NULL;
      g_autoptr(RbSqliteStore) store = rb_sqlite_store_open (path, &error);
      gint64 opened_us = g_get_monotonic_time ();

      g_assert_no_error (error);
      rb_sqlite_store_close (store);
      g_test_message ("%s: open %.1f ms, close %.1f ms", i == 0 ? "new" : "existing", (double) (opened_us - start_us) / 1000,
                      (double) (g_get_monotonic_time () - opened_us) / 1000);
      g_assert_cmpint (opened_us - start_us, <, 5 * G_TIME_SPAN_SECOND);
    }
}

int
main (int   argc,
      char *argv[])
{
  if (argc == 3)
    return open_as_another (argv[1], argv[2]);

  rb_test_init (&argc, &argv);

  STORE_TEST ("/store/open/private", test_private);
  STORE_TEST ("/store/open/empty-file", test_empty_file);
  STORE_TEST ("/store/open/start-time", test_start_time);
  STORE_TEST ("/store/open/trusted-once", test_trusted_once);
  STORE_TEST ("/store/schema/fits-the-tables", test_schema_fits);
  STORE_TEST ("/store/schema/refuses-drift", test_drift);
  STORE_TEST ("/store/open/refuses/garbage", test_garbage);
  STORE_TEST ("/store/open/refuses/garbage-header", test_garbage_header);
  STORE_TEST ("/store/open/refuses/truncated", test_truncated);
  STORE_TEST ("/store/open/refuses/damaged-pages", test_damaged_pages);
  STORE_TEST ("/store/open/refuses/lost-file", test_lost_file);
  STORE_TEST ("/store/open/older", test_older);
  STORE_TEST ("/store/open/refuses/newer", test_newer);
  STORE_TEST ("/store/open/peek", test_peek);
  STORE_TEST ("/store/open/refuses/foreign", test_foreign);
  STORE_TEST ("/store/open/refuses/second-opener", test_second_opener);
  STORE_TEST ("/store/open/refuses/other-process", test_other_process);
  STORE_TEST ("/store/open/refuses/read-only-file", test_read_only_file);
  STORE_TEST ("/store/open/refuses/read-only-directory", test_read_only_directory);
  STORE_TEST ("/store/open/refuses/no-directory", test_no_directory);

  return g_test_run ();
}
