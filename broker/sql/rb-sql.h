/* rb-sql.h: SQLite calls that fill a GError
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Wrapped once, for broker/store and for modules that keep a database of their own. Not thread-safe: one connection, one thread
 * at a time. Errors: RB_ERROR_CORRUPT "database_damaged" (SQLITE_CORRUPT, NOTADB) or "database_newer", RB_ERROR_UNAVAILABLE with a
 * reason "disk_full" (SQLITE_FULL, a quota, a file size limit), "read_only", "locked" (BUSY), "io_error", RB_ERROR_NOT_FOUND
 * "not_found" (no file and not to be created), RB_ERROR_INTERNAL "internal" for the rest (constraint, misuse). */

typedef struct _RbSql RbSql;
typedef struct _RbSqlStatement RbSqlStatement;

typedef enum { RB_SQL_ERROR, RB_SQL_ROW, RB_SQL_DONE } RbSqlStep;

/* WAL, synchronous=FULL, foreign_keys off, small page cache, private (0600), busy timeout @busy_ms. Creates @path when @create. */
RbSql          *rb_sql_open            (const char *path, gboolean create, guint busy_ms, GError **error);
/* The same, but no other process can open the database meanwhile (it finds it "locked"); nobody waits for anybody. */
RbSql          *rb_sql_open_exclusive  (const char *path, gboolean create, GError **error);
void            rb_sql_close           (RbSql *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSql, rb_sql_close)

/* Rows that @sql returns are dropped. */
gboolean        rb_sql_exec            (RbSql *self, const char *sql, GError **error);
/* The first column of the first row, which must exist. */
gboolean        rb_sql_query_int       (RbSql *self, const char *sql, gint64 *value, GError **error);
gboolean        rb_sql_in_transaction  (RbSql *self);
/* Runs @steps[version..n-1] in one transaction each and records PRAGMA user_version. A newer database is RB_ERROR_CORRUPT
 * "database_newer". */
gboolean        rb_sql_migrate         (RbSql *self, const char *const *steps, guint n_steps, GError **error);
/* PRAGMA quick_check; RB_ERROR_CORRUPT "database_damaged" with its first line. */
gboolean        rb_sql_check           (RbSql *self, GError **error);
/* FULL: every commit is synced. NORMAL: commits reach the WAL and survive a crash of the process only. */
gboolean        rb_sql_set_synchronous (RbSql *self, gboolean full, GError **error);
int             rb_sql_get_n_changes   (RbSql *self);

/* By itself SQLite folds the log into the database within the commit that makes it long. After the first call here it is
 * left to the owner, who can answer the commit first: rb_sql_get_wal_pages() is the log's length at the last commit. */
void            rb_sql_checkpoint_by_hand (RbSql *self);
guint           rb_sql_get_wal_pages   (RbSql *self);
gboolean        rb_sql_checkpoint      (RbSql *self, gboolean truncate, GError **error);

RbSqlStatement *rb_sql_prepare         (RbSql *self, const char *sql, GError **error);
void            rb_sql_statement_free  (RbSqlStatement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSqlStatement, rb_sql_statement_free)

/* Positions count from 1 in binds and from 0 in columns, as in SQLite. Bound text must live until the reset. */
void            rb_sql_bind_text       (RbSqlStatement *self, int position, const char *value);   /* NULL binds NULL */
void            rb_sql_bind_bytes_text (RbSqlStatement *self, int position, GBytes *value);       /* as TEXT */
void            rb_sql_bind_int        (RbSqlStatement *self, int position, gint64 value);
void            rb_sql_bind_null       (RbSqlStatement *self, int position);
RbSqlStep       rb_sql_step            (RbSqlStatement *self, GError **error);
/* Steps to the end and resets; for statements without rows. */
gboolean        rb_sql_run             (RbSqlStatement *self, GError **error);
void            rb_sql_reset           (RbSqlStatement *self);                                    /* also clears the binds */
const char     *rb_sql_column_text     (RbSqlStatement *self, int column);     /* NULL for NULL; until the next step */
gint64          rb_sql_column_int      (RbSqlStatement *self, int column);
gboolean        rb_sql_column_is_null  (RbSqlStatement *self, int column);

G_END_DECLS
