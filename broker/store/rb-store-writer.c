/* rb-store-writer.c: writes batches of change sets into the database
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-store-writer.h"

#include "rb-crash-point.h"
#include "rb-log.h"
#include "rb-search-index.h"
#include "rb-store-open.h"

#ifndef CHECKPOINT_PAGES           /* set smaller by tests/crash */
#define CHECKPOINT_PAGES 1000      /* 4 MB, as SQLite does by itself */
#endif

struct _RbStoreWriter {
  RbSql          *sql;
  RbRows         *rows;
  RbSqlStatement *begin;
  RbSqlStatement *commit;
  gboolean        failed;          /* the last transaction did */
  gboolean        is_index_stale;  /* texts were deleted that the search index may have still */
};

RbStoreWriter *
rb_store_writer_new (RbSql *sql)
{
  RbStoreWriter *self = g_new0 (RbStoreWriter, 1);

  self->sql = sql;
  self->rows = rb_rows_new (sql);
  rb_sql_checkpoint_by_hand (sql);
  return self;
}

void
rb_store_writer_free (RbStoreWriter *self)
{
  g_return_if_fail (self != NULL);

  rb_rows_free (self->rows);
  g_clear_pointer (&self->begin, rb_sql_statement_free);
  g_clear_pointer (&self->commit, rb_sql_statement_free);
  rb_store_close_database (self->sql);
  g_free (self);
}

RbRows *
rb_store_writer_get_rows (RbStoreWriter *self)
{
  return self->rows;
}

gboolean
rb_store_writer_search (RbStoreWriter   *self,
                        const RbSearch  *search,
                        GPtrArray       *found,
                        GError         **error)
{
  gboolean more;

  if (!rb_search_index_grow (self->sql, &more, error))
    return TRUE;
  if (more)
    return FALSE;

  rb_search_index_find (self->sql, self->rows, search, found, error);
  return TRUE;
}

static gboolean
run_prepared (RbStoreWriter   *self,
              RbSqlStatement **slot,
              const char      *sql,
              GError         **error)
{
  if (*slot == NULL)
    *slot = rb_sql_prepare (self->sql, sql, error);
  return *slot != NULL && rb_sql_run (*slot, error);
}

/* Before a second try. After a failed sync the kernel may have dropped pages that an earlier lazy commit left in the log, and
 * call the next sync a success: so everything is folded into the database first, from our own memory. On a full disk that
 * also gives the log's space back. */
static gboolean
recover (RbStoreWriter  *self,
         GError        **error)
{
  if (self->failed && !rb_sql_checkpoint (self->sql, TRUE, error))
    return FALSE;

  self->failed = FALSE;
  return TRUE;
}

static gboolean
apply (RbStoreWriter   *self,
       const RbChanges *set,
       GError        **error)
{
  guint n = rb_changes_get_n (set);

  for (guint i = 0; i < n; i++)
    {
      const RbChange *change = rb_changes_get (set, i);

      if (!rb_rows_apply (self->rows, change, error))
        return FALSE;
      if (change->table == RB_TABLE_ARCHIVE_TEXT && change->op == RB_CHANGE_DELETE)
        self->is_index_stale = TRUE;
      RB_CRASH_POINT (STORE_BETWEEN_CHANGES);
    }
  return TRUE;
}

static gboolean
write_sets (RbStoreWriter     *self,
            RbChanges *const  *sets,
            guint              n_sets,
            GError           **error)
{
  RB_CRASH_POINT (STORE_BEFORE_BEGIN);
  if (!run_prepared (self, &self->begin, "BEGIN IMMEDIATE", error))
    return FALSE;

  RB_CRASH_POINT (STORE_AFTER_BEGIN);
  for (guint i = 0; i < n_sets; i++)
    {
      if (!apply (self, sets[i], error))
        return FALSE;
    }
  RB_CRASH_POINT (STORE_BEFORE_COMMIT);
  if (!run_prepared (self, &self->commit, "COMMIT", error))
    return FALSE;

  RB_CRASH_POINT (STORE_AFTER_COMMIT);
  return TRUE;
}

gboolean
rb_store_writer_commit (RbStoreWriter     *self,
                        RbChanges *const  *sets,
                        guint              n_sets,
                        gboolean           urgent,
                        GError           **error)
{
  if (recover (self, error) && rb_sql_set_synchronous (self->sql, urgent, error) && write_sets (self, sets, n_sets, error))
    return TRUE;

  /* SQLite has rolled back by itself after most errors, not after all. */
  self->failed = TRUE;
  if (rb_sql_in_transaction (self->sql))
    rb_sql_exec (self->sql, "ROLLBACK", NULL);
  return FALSE;
}

/* What is forgotten must not linger where it can be looked for. A failure here is mended by the next search. */
static void
trim_index (RbStoreWriter *self)
{
  g_autoptr(GError) error = NULL;

  if (self->is_index_stale && !rb_search_index_trim (self->sql, &self->is_index_stale, &error))
    rb_log_info ("store_index_not_trimmed", "error", error->message, NULL);
}

void
rb_store_writer_tidy (RbStoreWriter *self)
{
  g_autoptr(GError) error = NULL;

  trim_index (self);

  /* A failure here loses nothing: the log is still there, and the next commit meets the same trouble if it stays. */
  if (rb_sql_get_wal_pages (self->sql) < CHECKPOINT_PAGES)
    return;

  RB_CRASH_POINT (STORE_BEFORE_CHECKPOINT);
  if (!rb_sql_checkpoint (self->sql, FALSE, &error))
    rb_log_info ("store_checkpoint_failed", "error", error->message, NULL);
  RB_CRASH_POINT (STORE_AFTER_CHECKPOINT);
}
