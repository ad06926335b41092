/* rb-store-open.c: opens the account's database, or says why not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A database is checked at every start. That takes about a second for each few hundred MiB, so a large one is marked when it is
 * closed in good order (in its application_id, which also tells our databases from others) and is then trusted once: the mark
 * is taken away before the first commit. */
#include "config.h"

#include "rb-store-open.h"

#include "rb-crash-point.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-schema.h"

#include <glib/gstdio.h>

/* SQLite throws the log away when the database beside it is empty. With us that log holds messages: a database is never empty
 * once it has one. */
static gboolean
check_files (const char  *path,
             GError     **error)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  GStatBuf st;

  if (g_stat (path, &st) != 0 || st.st_size > 0 || g_stat (wal, &st) != 0 || st.st_size == 0)
    return TRUE;

  rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged",
                "'%s' is empty and its log '%s' is not: the database is damaged; restore a copy, or move both away", path, wal);
  return FALSE;
}

static gboolean
check_owner (RbSql       *sql,
             const char  *path,
             gint64       id,
             GError     **error)
{
  gint64 n_tables = 0;

  if (id == RB_SCHEMA_ID_OPEN || id == RB_SCHEMA_ID_CLOSED)
    return TRUE;
  if (!rb_sql_query_int (sql, "SELECT count (*) FROM sqlite_schema", &n_tables, error))
    return FALSE;
  if (id == 0 && n_tables == 0)
    return TRUE;

  rb_set_error (error, RB_ERROR_CORRUPT, "database_foreign",
                "'%s' is the database of another program: move it away", path);
  return FALSE;
}

static gboolean
get_size (RbSql    *sql,
          gint64   *size_bytes,
          GError  **error)
{
  gint64 n_pages = 0;
  gint64 page_bytes = 0;

  if (!rb_sql_query_int (sql, "PRAGMA page_count", &n_pages, error)
      || !rb_sql_query_int (sql, "PRAGMA page_size", &page_bytes, error))
    return FALSE;

  *size_bytes = n_pages * page_bytes;
  return TRUE;
}

static gboolean
set_mark (RbSql     *sql,
          guint      id,
          GError   **error)
{
  g_autofree char *pragma = g_strdup_printf ("PRAGMA application_id = %u", id);

  return rb_sql_exec (sql, pragma, error);
}

static gboolean
check_content (RbSql    *sql,
               gint64    id,
               guint64   limit_bytes,
               GError  **error)
{
  gint64 size_bytes = 0;

  if (!get_size (sql, &size_bytes, error))
    return FALSE;
  if (id == RB_SCHEMA_ID_CLOSED && (guint64) size_bytes > limit_bytes)
    return TRUE;

  return rb_sql_check (sql, error);
}

/* Into the file itself, where rb_sqlite_store_peek() looks for the version. */
static gboolean
migrate (RbSql   *sql,
         GError **error)
{
  gint64 version = 0;

  if (!rb_sql_query_int (sql, "PRAGMA user_version", &version, error) || !rb_schema_migrate (sql, error))
    return FALSE;
  return version == rb_schema_get_version () || rb_sql_checkpoint (sql, FALSE, error);
}

static gboolean
prepare_database (RbSql       *sql,
                  const char  *path,
                  guint64      limit_bytes,
                  GError     **error)
{
  gint64 id = 0;

  if (!rb_sql_query_int (sql, "PRAGMA application_id", &id, error)
      || !check_owner (sql, path, id, error)
      || !check_content (sql, id, limit_bytes, error)
      || !migrate (sql, error)
      || !rb_schema_check (sql, error))
    return FALSE;

  return id != RB_SCHEMA_ID_CLOSED || set_mark (sql, RB_SCHEMA_ID_OPEN, error);
}

/**
 * rb_store_open_database:
 * @path: the file; created (0600) when missing
 * @check_limit_bytes: larger databases are not checked after a close in good order
 * @error: return location for a #GError
 *
 * Opens the database for this process alone, checks it, and brings its schema up to date.
 *
 * Fails with %RB_ERROR_CORRUPT "database_damaged", "database_newer", "database_foreign" or "schema_mismatch", and with
 * %RB_ERROR_UNAVAILABLE "read_only", "disk_full", "locked" or "io_error".
 *
 * Returns: (transfer full) (nullable): the connection
 */
RbSql *
rb_store_open_database (const char  *path,
                        guint64      check_limit_bytes,
                        GError     **error)
{
  g_autoptr(RbSql) sql = NULL;

  if (!check_files (path, error))
    return NULL;

  sql = rb_sql_open_exclusive (path, TRUE, error);
  if (sql == NULL || !prepare_database (sql, path, check_limit_bytes, error))
    return NULL;

  return g_steal_pointer (&sql);
}

static gboolean
finish (RbSql   *sql,
        GError **error)
{
  gint64 size_bytes = 0;

  if (!get_size (sql, &size_bytes, error))
    return FALSE;
  if (size_bytes > RB_STORE_CHECK_LIMIT_BYTES && !set_mark (sql, RB_SCHEMA_ID_CLOSED, error))
    return FALSE;

  return rb_sql_checkpoint (sql, TRUE, error);
}

void
rb_store_close_database (RbSql *sql)
{
  g_autoptr(GError) error = NULL;

  /* What is committed is safe in the log; the next start folds it in. */
  RB_CRASH_POINT (STORE_BEFORE_CLOSE);
  if (!finish (sql, &error))
    rb_log_warning ("store_close_incomplete", "error", error->message, NULL);
  rb_sql_close (sql);
  RB_CRASH_POINT (STORE_AFTER_CLOSE);
}
