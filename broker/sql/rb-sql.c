/* rb-sql.c: SQLite calls that fill a GError
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every result code goes through rb_sql_set_error(), so that a caller can tell what waiting may mend (no space, locked, an I/O
 * error) from what it cannot (damage), and a person reads a sentence that says what to do. */
#include "config.h"

#include "rb-sql.h"

#include "rb-crash-point.h"
#include "rb-error.h"
#include "rb-sql-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRIVATE_MODE   0600
#define WAL_RETRY_US   2000

typedef struct {
  RbError     code;
  const char *reason;
  const char *advice;
} Explanation;

static const Explanation damaged = { RB_ERROR_CORRUPT, "database_damaged",
                                     "the database is damaged; move it away and restore a copy, or start with an empty one" };
static const Explanation disk_full = { RB_ERROR_UNAVAILABLE, "disk_full", "disk full: free some space" };
static const Explanation read_only = { RB_ERROR_UNAVAILABLE, "read_only",
                                       "not writable: check owner, mode and mount of the file and its directory" };
static const Explanation locked = { RB_ERROR_UNAVAILABLE, "locked", "locked: another process has the database open" };
static const Explanation io_error = { RB_ERROR_UNAVAILABLE, "io_error", "I/O error: check the disk" };
static const Explanation internal = { RB_ERROR_INTERNAL, "internal", "unexpected database error" };

/* What a failing system call adds to SQLite's own, coarser code. */
static const Explanation *
explain_errno (int                saved_errno,
               const Explanation *otherwise)
{
  switch (saved_errno)
    {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return &disk_full;
    case EROFS:
    case EACCES:
    case EPERM:
      return &read_only;
    default:
      return otherwise;
    }
}

static const Explanation *
explain (int rc,
         int saved_errno)
{
  switch (rc & 0xff)
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return &damaged;
    case SQLITE_FULL:
      return &disk_full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return &read_only;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return &locked;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return explain_errno (saved_errno, &io_error);
    default:
      return &internal;
    }
}

/* SQLite keeps the error of the system call only where a statement fails, not where its commit does. For that case callers
 * set errno to zero before: what it is afterwards comes from the call that failed or from the rollback after it. */
static int
get_errno (sqlite3 *db,
           int      rc)
{
  int current = errno;
  int kept = db != NULL ? sqlite3_system_errno (db) : 0;

  if ((rc & 0xff) != SQLITE_IOERR && (rc & 0xff) != SQLITE_CANTOPEN)
    return 0;
  return kept != 0 ? kept : current;
}

/* @db may be NULL: sqlite3_open_v2() does not return one when memory is short. */
void
rb_sql_set_error (sqlite3     *db,
                  const char  *path,
                  int          rc,
                  GError     **error)
{
  int saved_errno = get_errno (db, rc);
  const Explanation *what = explain (rc, saved_errno);
  rb_set_error (error, what->code, what->reason, "'%s': %s (SQLite %d: %s%s%s)", path, what->advice, rc,
                db != NULL && sqlite3_extended_errcode (db) == rc ? sqlite3_errmsg (db) : sqlite3_errstr (rc),
                saved_errno != 0 ? "; " : "", saved_errno != 0 ? g_strerror (saved_errno) : "");
}

static void
configure_library (void)
{
  static gsize configured = 0;

  if (!g_once_init_enter (&configured))
    return;

  /* Memory statistics cost a global lock on every allocation. Refused, without harm, when somebody else in this process
   * was first to use SQLite. */
  sqlite3_config (SQLITE_CONFIG_MEMSTATUS, 0);
  g_once_init_leave (&configured, 1);
}

/* SQLite would create the file as the umask says; the files beside it (-wal, -shm) take their mode from it. An existing file
 * is not opened here: closing any descriptor of it would drop the locks this process holds on it. */
static gboolean
make_private (const char  *path,
              gboolean     create,
              GError     **error)
{
  int fd;
  int saved_errno;
  struct stat st;

  if (g_stat (path, &st) == 0)
    {
      if (!S_ISREG (st.st_mode))
        {
          rb_set_error (error, RB_ERROR_INVALID, "not_a_file", "'%s' is not a regular file", path);
          return FALSE;
        }
      if ((st.st_mode & 077) != 0 && st.st_uid == geteuid ())
        g_chmod (path, st.st_mode & S_IRWXU);
      return TRUE;
    }
  if (!create)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "not_found", "There is no database '%s'", path);
      return FALSE;
    }

  fd = g_open (path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, PRIVATE_MODE);
  saved_errno = errno;
  if (fd >= 0)
    {
      close (fd);
      RB_CRASH_POINT (SQL_AFTER_CREATE);
      return TRUE;
    }
  if (saved_errno != EEXIST)
    {
      const Explanation *what = explain_errno (saved_errno, &io_error);

      rb_set_error (error, what->code, what->reason, "'%s' cannot be created: %s%s%s", path, g_strerror (saved_errno),
                    what != &io_error ? "; " : "", what != &io_error ? what->advice : "");
      return FALSE;
    }
  return TRUE;
}

/* Two processes that create the same database at once do not always reach SQLite's own busy handler here. */
static gboolean
start_wal (RbSql   *self,
           guint    busy_ms,
           GError **error)
{
  gint64 deadline_us = g_get_monotonic_time () + busy_ms * G_TIME_SPAN_MILLISECOND;
  g_autoptr(RbSqlStatement) statement = rb_sql_prepare (self, "PRAGMA journal_mode = WAL", error);
  g_autoptr(GError) local_error = NULL;

  if (statement == NULL)
    return FALSE;

  while (rb_sql_step (statement, &local_error) != RB_SQL_ROW)
    {
      if (g_strcmp0 (rb_error_get_reason (local_error), "locked") != 0 || g_get_monotonic_time () >= deadline_us)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      g_clear_error (&local_error);
      rb_sql_reset (statement);
      g_usleep (WAL_RETRY_US);
    }

  if (g_strcmp0 (rb_sql_column_text (statement, 0), "wal") != 0)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "io_error", "'%s': this file system offers no write-ahead log", self->path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
set_up (RbSql     *self,
        guint      busy_ms,
        gboolean   exclusive,
        GError   **error)
{
  static const char settings[] =
    "PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -512;"            /* KiB */
    "PRAGMA mmap_size = 0;"                /* an I/O error would be a signal */
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA foreign_keys = OFF;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA journal_size_limit = 8388608;";

  sqlite3_busy_timeout (self->db, busy_ms);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

  if (sqlite3_db_readonly (self->db, "main") == 1)
    {
      rb_set_error (error, read_only.code, read_only.reason, "'%s': %s", self->path, read_only.advice);
      return FALSE;
    }

  /* Before the log is opened for the first time: its index then lives on the heap, not in a shared file. */
  if (exclusive && !rb_sql_exec (self, "PRAGMA locking_mode = EXCLUSIVE", error))
    return FALSE;
  if (!start_wal (self, busy_ms, error) || !rb_sql_exec (self, settings, error))
    return FALSE;

  self->synchronous_full = TRUE;
  return TRUE;
}

static RbSql *
open_database (const char  *path,
               gboolean     create,
               guint        busy_ms,
               gboolean     exclusive,
               GError     **error)
{
  g_autoptr(RbSql) self = NULL;
  int rc;

  configure_library ();
  if (!make_private (path, create, error))
    return NULL;

  self = g_new0 (RbSql, 1);
  self->path = g_strdup (path);
  errno = 0;
  rc = sqlite3_open_v2 (path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  if (rc != SQLITE_OK)
    {
      rb_sql_set_error (self->db, path, rc, error);
      return NULL;
    }
  if (!set_up (self, busy_ms, exclusive, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * rb_sql_open:
 * @path: the file
 * @create: make it (0600) when it is missing
 * @busy_ms: how long a call may wait for another process's lock
 * @error: return location for a #GError
 *
 * Opens a database that other processes may have open too.
 *
 * Returns: (transfer full) (nullable): the connection
 */
RbSql *
rb_sql_open (const char  *path,
             gboolean     create,
             guint        busy_ms,
             GError     **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  return open_database (path, create, busy_ms, FALSE, error);
}

/**
 * rb_sql_open_exclusive:
 * @path: the file
 * @create: make it (0600) when it is missing
 * @error: return location for a #GError
 *
 * Opens a database for this process alone, until it is closed. Fails at once
 * with %RB_ERROR_UNAVAILABLE "locked" when another one has it open.
 *
 * Returns: (transfer full) (nullable): the connection
 */
RbSql *
rb_sql_open_exclusive (const char  *path,
                       gboolean     create,
                       GError     **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  return open_database (path, create, 0, TRUE, error);
}

/* Its statements must be gone. The last one to close folds the log into the database. */
void
rb_sql_close (RbSql *self)
{
  int rc;

  g_return_if_fail (self != NULL);

  rc = sqlite3_close (self->db);
  if (rc != SQLITE_OK)
    g_critical ("'%s' was closed with statements left", self->path);
  g_free (self->path);
  g_free (self);
}

gboolean
rb_sql_exec (RbSql       *self,
             const char  *sql,
             GError     **error)
{
  int rc;

  g_return_val_if_fail (self != NULL && sql != NULL, FALSE);

  errno = 0;
  rc = sqlite3_exec (self->db, sql, NULL, NULL, NULL);
  if (rc == SQLITE_OK)
    return TRUE;

  rb_sql_set_error (self->db, self->path, rc, error);
  return FALSE;
}

gboolean
rb_sql_query_int (RbSql       *self,
                  const char  *sql,
                  gint64      *value,
                  GError     **error)
{
  g_autoptr(RbSqlStatement) statement = rb_sql_prepare (self, sql, error);
  RbSqlStep step;

  if (statement == NULL)
    return FALSE;

  step = rb_sql_step (statement, error);
  if (step == RB_SQL_ROW)
    *value = rb_sql_column_int (statement, 0);
  else if (step == RB_SQL_DONE)
    rb_set_error (error, internal.code, internal.reason, "'%s': no row for '%s'", self->path, sql);
  return step == RB_SQL_ROW;
}

gboolean
rb_sql_in_transaction (RbSql *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return !sqlite3_get_autocommit (self->db);
}

static gboolean
read_version (RbSql   *self,
              guint    n_steps,
              gint64  *version,
              GError **error)
{
  if (!rb_sql_query_int (self, "PRAGMA user_version", version, error))
    return FALSE;
  if (*version >= 0 && *version <= n_steps)
    return TRUE;

  rb_set_error (error, RB_ERROR_CORRUPT, "database_newer",
                "'%s' has schema %" G_GINT64_FORMAT " and this version knows up to %u: "
                "run the newer runtime-broker that wrote it, or move the file away",
                self->path, *version, n_steps);
  return FALSE;
}

/* The one step that is next, if any, in a transaction that is open: others may have gone on while we waited for it. */
static gboolean
run_next_step (RbSql              *self,
               const char *const  *steps,
               guint               n_steps,
               gint64             *version,
               GError            **error)
{
  g_autofree char *sql = NULL;

  if (!read_version (self, n_steps, version, error))
    return FALSE;
  if (*version == n_steps)
    return rb_sql_exec (self, "COMMIT", error);

  RB_CRASH_POINT (SQL_IN_MIGRATION);
  sql = g_strdup_printf ("%s; PRAGMA user_version = %" G_GINT64_FORMAT "; COMMIT", steps[*version], *version + 1);
  if (rb_sql_exec (self, sql, error))
    {
      RB_CRASH_POINT (SQL_AFTER_MIGRATION);
      *version += 1;
      return TRUE;
    }
  g_prefix_error (error, "Migration to schema %" G_GINT64_FORMAT ": ", *version + 1);
  return FALSE;
}

/**
 * rb_sql_migrate:
 * @self: the connection
 * @steps: (array length=n_steps): what turns schema i into schema i + 1
 * @n_steps: their number, which is also the schema this program knows
 * @error: return location for a #GError
 *
 * Brings the database to schema @n_steps. A step that fails leaves nothing behind. Several processes may do so at once: each step is
 * decided on in the transaction that makes it.
 *
 * Fails with %RB_ERROR_CORRUPT "database_newer" when a later program has written it.
 *
 * Returns: %TRUE on success
 */
gboolean
rb_sql_migrate (RbSql              *self,
                const char *const  *steps,
                guint               n_steps,
                GError            **error)
{
  gint64 version = 0;

  g_return_val_if_fail (self != NULL, FALSE);

  if (!read_version (self, n_steps, &version, error))
    return FALSE;

  while (version < n_steps)
    {
      RB_CRASH_POINT (SQL_BEFORE_MIGRATION);
      if (rb_sql_exec (self, "BEGIN IMMEDIATE", error) && run_next_step (self, steps, n_steps, &version, error))
        continue;
      if (rb_sql_in_transaction (self))
        rb_sql_exec (self, "ROLLBACK", NULL);
      return FALSE;
    }
  return TRUE;
}

gboolean
rb_sql_check (RbSql   *self,
              GError **error)
{
  g_autoptr(RbSqlStatement) statement = rb_sql_prepare (self, "PRAGMA quick_check(1)", error);
  const char *line;

  if (statement == NULL || rb_sql_step (statement, error) == RB_SQL_ERROR)
    return FALSE;

  line = rb_sql_column_text (statement, 0);
  if (g_strcmp0 (line, "ok") == 0)
    return TRUE;

  /* A heading may stand before what was found. */
  if (line != NULL && strchr (line, '\n') != NULL)
    line = strrchr (line, '\n') + 1;
  rb_set_error (error, damaged.code, damaged.reason, "'%s': %s (%s)", self->path, damaged.advice,
                line != NULL ? line : "no answer");
  return FALSE;
}

gboolean
rb_sql_set_synchronous (RbSql     *self,
                        gboolean   full,
                        GError   **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->synchronous_full == !!full)
    return TRUE;
  if (!rb_sql_exec (self, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error))
    return FALSE;

  self->synchronous_full = !!full;
  return TRUE;
}

int
rb_sql_get_n_changes (RbSql *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return sqlite3_changes (self->db);
}

static int
on_wal_commit (void       *user_data,
               sqlite3    *db,
               const char *name,
               int         n_pages)
{
  RbSql *self = user_data;

  self->wal_pages = (guint) n_pages;
  return SQLITE_OK;
}

void
rb_sql_checkpoint_by_hand (RbSql *self)
{
  g_return_if_fail (self != NULL);
  sqlite3_wal_hook (self->db, on_wal_commit, self);
}

guint
rb_sql_get_wal_pages (RbSql *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->wal_pages;
}

/* Folds the log into the database and syncs both; @truncate also gives the log's space back. */
gboolean
rb_sql_checkpoint (RbSql     *self,
                   gboolean   truncate,
                   GError   **error)
{
  int rc;

  g_return_val_if_fail (self != NULL, FALSE);

  errno = 0;
  rc = sqlite3_wal_checkpoint_v2 (self->db, NULL, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  if (rc != SQLITE_OK)
    {
      rb_sql_set_error (self->db, self->path, rc, error);
      return FALSE;
    }
  self->wal_pages = 0;
  return TRUE;
}
