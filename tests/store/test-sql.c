/* test-sql.c: the SQLite wrapper
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-sql.h"
#include "rb-test.h"

#include <string.h>

typedef struct {
  char  *path;
  RbSql *sql;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autoptr(GError) error = NULL;

  fixture->path = g_build_filename (dir, "test.db", NULL);
  fixture->sql = rb_sql_open (fixture->path, TRUE, 0, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->sql, rb_sql_close);
  g_free (fixture->path);
}

static void
exec (Fixture    *fixture,
      const char *statements)
{
  g_autoptr(GError) error = NULL;

  rb_sql_exec (fixture->sql, statements, &error);
  g_assert_no_error (error);
}

static gint64
query (Fixture    *fixture,
       const char *statement)
{
  g_autoptr(GError) error = NULL;
  gint64 value = -1;

  rb_sql_query_int (fixture->sql, statement, &value, &error);
  g_assert_no_error (error);
  return value;
}

static RbSqlStatement *
prepare (Fixture    *fixture,
         const char *statement)
{
  g_autoptr(GError) error = NULL;
  RbSqlStatement *prepared = rb_sql_prepare (fixture->sql, statement, &error);

  g_assert_no_error (error);
  return prepared;
}

static void
test_values (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(RbSqlStatement) insert = NULL;
  g_autoptr(RbSqlStatement) select = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static ("bytes as text", 5);
  g_autoptr(GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Texts, numbers, slices and nulls come back as they were bound; a reset forgets them.");

  exec (fixture, "CREATE TABLE t (a TEXT, b INTEGER, c TEXT, d TEXT, e TEXT) STRICT");
  insert = prepare (fixture, "INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  rb_sql_bind_text (insert, 1, "text");
  rb_sql_bind_int (insert, 2, G_MININT64);
  rb_sql_bind_bytes_text (insert, 3, bytes);
  rb_sql_bind_bytes_text (insert, 4, empty);
  rb_sql_bind_text (insert, 5, NULL);
  g_assert_true (rb_sql_run (insert, &error));
  g_assert_cmpint (rb_sql_get_n_changes (fixture->sql), ==, 1);
  g_assert_true (rb_sql_run (insert, &error));
  g_assert_no_error (error);

  select = prepare (fixture, "SELECT a, b, c, d, e FROM t ORDER BY rowid");
  g_assert_cmpint (rb_sql_step (select, &error), ==, RB_SQL_ROW);
  g_assert_cmpstr (rb_sql_column_text (select, 0), ==, "text");
  g_assert_cmpint (rb_sql_column_int (select, 1), ==, G_MININT64);
  g_assert_cmpstr (rb_sql_column_text (select, 2), ==, "bytes");
  g_assert_cmpstr (rb_sql_column_text (select, 3), ==, "");
  g_assert_false (rb_sql_column_is_null (select, 3));
  g_assert_true (rb_sql_column_is_null (select, 4));
  g_assert_null (rb_sql_column_text (select, 4));
  g_assert_cmpint (rb_sql_step (select, &error), ==, RB_SQL_ROW);
  for (int i = 0; i < 5; i++)
    g_assert_true (rb_sql_column_is_null (select, i));
  g_assert_cmpint (rb_sql_step (select, &error), ==, RB_SQL_DONE);
  g_assert_no_error (error);
}

static void
test_constraint (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbSqlStatement) insert = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A broken constraint, a bad position and bad SQL are our errors; the statement can be used again.");

  exec (fixture, "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY) STRICT");
  insert = prepare (fixture, "INSERT INTO t VALUES (?)");
  g_assert_false (rb_sql_run (insert, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_clear_error (&error);

  rb_sql_bind_text (insert, 2, "no such position");
  g_assert_false (rb_sql_run (insert, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_clear_error (&error);

  rb_sql_bind_text (insert, 1, "good");
  g_assert_true (rb_sql_run (insert, &error));
  g_assert_no_error (error);

  g_assert_null (rb_sql_prepare (fixture->sql, "SELEKT", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
  g_assert_nonnull (strstr (error->message, "SELEKT"));
}

#define N_STARTERS 8

static gpointer
open_and_migrate (gpointer user_data)
{
  static const char *const steps[] = { "CREATE TABLE a (x INTEGER) STRICT", "CREATE TABLE b (x INTEGER) STRICT" };
  const char *path = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSql) sql = rb_sql_open (path, TRUE, 5000, &error);

  if (sql != NULL)
    rb_sql_migrate (sql, steps, G_N_ELEMENTS (steps), &error);
  return g_steal_pointer (&error);
}

static void
test_migrate_at_once (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("Several processes that open a new database at once agree on who migrates it, and all can use it.");

  for (guint round = 0; round < 20; round++)
    {
      g_autofree char *path = g_strdup_printf ("%s-%u", fixture->path, round);
      GThread *threads[N_STARTERS];

      for (guint i = 0; i < N_STARTERS; i++)
        threads[i] = g_thread_new ("starter", open_and_migrate, path);
      for (guint i = 0; i < N_STARTERS; i++)
        {
          g_autoptr(GError) error = g_thread_join (threads[i]);

          g_assert_no_error (error);
        }
    }
}

static void
test_migrate (Fixture       *fixture,
              gconstpointer  data)
{
  static const char *const steps[] = {
    "CREATE TABLE t (a TEXT)",
    "ALTER TABLE t ADD COLUMN b TEXT; INSERT INTO t VALUES ('x', 'y')",
  };
  static const char *const bad_steps[] = { "", "", "CREATE TABLE u (a TEXT); CREATE TABLE t (a TEXT)" };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Each step runs once; a failing one leaves nothing behind; a newer schema is refused.");

  g_assert_true (rb_sql_migrate (fixture->sql, steps, 1, &error));
  g_assert_cmpint (query (fixture, "PRAGMA user_version"), ==, 1);
  g_assert_true (rb_sql_migrate (fixture->sql, steps, 2, &error));
  g_assert_true (rb_sql_migrate (fixture->sql, steps, 2, &error));
  g_assert_no_error (error);
  g_assert_cmpint (query (fixture, "SELECT count (*) FROM t"), ==, 1);

  g_assert_false (rb_sql_migrate (fixture->sql, bad_steps, 3, &error));
  g_assert_nonnull (strstr (error->message, "Migration to schema 3"));
  g_clear_error (&error);
  g_assert_false (rb_sql_in_transaction (fixture->sql));
  g_assert_cmpint (query (fixture, "PRAGMA user_version"), ==, 2);
  g_assert_cmpint (query (fixture, "SELECT count (*) FROM sqlite_schema WHERE name = 'u'"), ==, 0);

  g_assert_false (rb_sql_migrate (fixture->sql, steps, 1, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_CORRUPT);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "database_newer");
}

static void
test_shared (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSql) other = rb_sql_open (fixture->path, FALSE, 0, &error);

  g_test_summary ("A shared database has several openers; a writer finds another one's transaction locked.");

  g_assert_no_error (error);
  exec (fixture, "CREATE TABLE t (a TEXT); BEGIN IMMEDIATE");
  g_assert_true (rb_sql_in_transaction (fixture->sql));
  g_assert_false (rb_sql_exec (other, "BEGIN IMMEDIATE", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "locked");
  g_clear_error (&error);

  exec (fixture, "COMMIT");
  g_assert_true (rb_sql_exec (other, "INSERT INTO t VALUES ('x')", &error));
  g_assert_no_error (error);
  g_assert_cmpint (query (fixture, "SELECT count (*) FROM t"), ==, 1);

  g_assert_null (rb_sql_open_exclusive (fixture->path, FALSE, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "locked");
}

static void
test_missing (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *missing = g_strconcat (fixture->path, "-missing", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A missing database that is not to be created is not found, and not created.");

  g_assert_null (rb_sql_open (missing, FALSE, 0, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (missing, G_FILE_TEST_EXISTS));
}

static void
test_checkpoint (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("With checkpoints by hand the log grows until it is folded in.");

  rb_sql_checkpoint_by_hand (fixture->sql);
  exec (fixture, "CREATE TABLE t (a TEXT)");
  g_assert_cmpuint (rb_sql_get_wal_pages (fixture->sql), >, 0);
  g_assert_true (rb_sql_checkpoint (fixture->sql, TRUE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (rb_sql_get_wal_pages (fixture->sql), ==, 0);
}

static void
test_settings (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Commits are synced unless told otherwise, memory is small, and the check passes.");

  g_assert_cmpint (query (fixture, "PRAGMA synchronous"), ==, 2);
  g_assert_true (rb_sql_set_synchronous (fixture->sql, FALSE, &error));
  g_assert_cmpint (query (fixture, "PRAGMA synchronous"), ==, 1);
  g_assert_true (rb_sql_set_synchronous (fixture->sql, TRUE, &error));
  g_assert_cmpint (query (fixture, "PRAGMA synchronous"), ==, 2);
  g_assert_cmpint (query (fixture, "PRAGMA cache_size"), ==, -512);
  g_assert_cmpint (query (fixture, "PRAGMA foreign_keys"), ==, 0);
  g_assert_true (rb_sql_check (fixture->sql, &error));
  g_assert_no_error (error);

  g_assert_false (rb_sql_query_int (fixture->sql, "SELECT 1 WHERE 0", &(gint64) { 0 }, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INTERNAL);
}

#define SQL_TEST(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  SQL_TEST ("/sql/values", test_values);
  SQL_TEST ("/sql/our-errors", test_constraint);
  SQL_TEST ("/sql/migrate", test_migrate);
  SQL_TEST ("/sql/migrate-at-once", test_migrate_at_once);
  SQL_TEST ("/sql/shared", test_shared);
  SQL_TEST ("/sql/missing", test_missing);
  SQL_TEST ("/sql/checkpoint", test_checkpoint);
  SQL_TEST ("/sql/settings", test_settings);

  return g_test_run ();
}
