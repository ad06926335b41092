/* rb-search-index.c: the full text index over the archive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-search-index.h"

#include "rb-archive.h"

/* Nothing waits for the index to survive a power loss: then it is written again. */
static gboolean
run (RbSql       *sql,
     const char  *statements,
     GError     **error)
{
  g_autofree char *all = g_strdup_printf ("BEGIN IMMEDIATE; %s; COMMIT", statements);

  if (rb_sql_set_synchronous (sql, FALSE, error) && rb_sql_exec (sql, all, error))
    return TRUE;
  if (rb_sql_in_transaction (sql))
    rb_sql_exec (sql, "ROLLBACK", NULL);
  return FALSE;
}

/* What was forgotten is the oldest; what is of an earlier life of its number is the newest. An OR of the two would be a walk through the whole
 * index. */
#define STALE "SELECT rowid FROM archive_index WHERE rowid < (SELECT ifnull (min (n), 9223372036854775807) FROM archive_text) " \
              "UNION ALL SELECT rowid FROM archive_index WHERE rowid > (SELECT n FROM archive_indexed) " \
              "LIMIT " G_STRINGIFY (RB_SEARCH_INDEX_ROWS)

gboolean
rb_search_index_trim (RbSql     *sql,
                      gboolean  *more,
                      GError   **error)
{
  gint64 n = 0;

  *more = FALSE;
  if (!rb_sql_query_int (sql, "SELECT count (*) FROM (" STALE ")", &n, error))
    return FALSE;
  if (n == 0)
    return TRUE;

  *more = n == RB_SEARCH_INDEX_ROWS;
  return run (sql, "DELETE FROM archive_index WHERE rowid IN (" STALE ")", error);
}

gboolean
rb_search_index_grow (RbSql     *sql,
                      gboolean  *more,
                      GError   **error)
{
  g_autofree char *statements = NULL;
  gint64 last = 0;

  if (!rb_search_index_trim (sql, more, error))
    return FALSE;
  if (*more)
    return TRUE;
  if (!rb_sql_query_int (sql,
                         "SELECT ifnull (max (n), 0) FROM (SELECT n, sum (length (text)) OVER (ORDER BY n) - length (text) AS before FROM "
                         "(SELECT n, text FROM archive_text WHERE n > (SELECT n FROM archive_indexed) "
                         "ORDER BY n LIMIT " G_STRINGIFY (RB_SEARCH_INDEX_ROWS) ")) "
                         "WHERE before < " G_STRINGIFY (RB_SEARCH_INDEX_LENGTH),
                         &last, error))
    return FALSE;
  if (last == 0)
    return TRUE;

  *more = TRUE;
  statements = g_strdup_printf ("INSERT INTO archive_index (rowid, text) SELECT n, text FROM archive_text "
                                "WHERE n > (SELECT n FROM archive_indexed) AND n <= %" G_GINT64_FORMAT "; "
                                "UPDATE archive_indexed SET n = %" G_GINT64_FORMAT, last, last);
  return run (sql, statements, error);
}

static RbSqlStatement *
prepare (RbSql   *sql,
         RbRows  *rows,
         GError **error)
{
  g_autofree char *columns = rb_rows_dup_columns (rows, RB_TABLE_ARCHIVE, "a");
  g_autofree char *text = g_strdup_printf ("SELECT %s, snippet (archive_index, 0, char (2), char (3), '…', "
                                           G_STRINGIFY (RB_SEARCH_SNIPPET_WORDS) ") "
                                           "FROM archive_index JOIN archive a ON a.n = archive_index.rowid "
                                           "WHERE archive_index MATCH ?1 AND (?2 IS NULL OR a.kind = ?2) AND (?3 IS NULL OR a.name = ?3) "
                                           "AND (?4 IS NULL OR a.endpoint_id = ?4) AND a.begun_at >= ?5 AND a.begun_at < ?6 "
                                           "AND archive_index.rowid < ?7 ORDER BY archive_index.rowid DESC LIMIT ?8",
                                           columns);

  return rb_sql_prepare (sql, text, error);
}

/* @fts lives until the reset. */
static void
bind (RbSqlStatement *statement,
      const RbSearch *search,
      const char     *fts)
{
  rb_sql_bind_text (statement, 1, fts);
  rb_sql_bind_text (statement, 2, search->kind);
  rb_sql_bind_text (statement, 3, search->name);
  rb_sql_bind_text (statement, 4, search->endpoint_id);
  rb_sql_bind_int (statement, 5, search->since);
  rb_sql_bind_int (statement, 6, search->until != 0 ? search->until : G_MAXINT64);
  rb_sql_bind_int (statement, 7, search->before != 0 ? search->before : G_MAXINT64);
  rb_sql_bind_int (statement, 8, search->limit);
}

gboolean
rb_search_index_find (RbSql           *sql,
                      RbRows          *rows,
                      const RbSearch  *search,
                      GPtrArray       *found,
                      GError         **error)
{
  g_autofree char *fts = rb_search_query_to_fts (search->query);
  g_autoptr(RbSqlStatement) statement = prepare (sql, rows, error);
  RbSqlStep step = RB_SQL_ERROR;
  guint n_columns;

  if (statement == NULL)
    return FALSE;

  bind (statement, search, fts);
  while ((step = rb_sql_step (statement, error)) == RB_SQL_ROW)
    {
      g_autoptr(GVariant) row = rb_rows_read (rows, RB_TABLE_ARCHIVE, statement, &n_columns, error);
      g_autofree char *snippet = NULL;

      if (row == NULL)
        return FALSE;
      snippet = g_utf8_make_valid (rb_sql_column_text (statement, (int) n_columns), -1);
      g_ptr_array_add (found, g_variant_ref_sink (g_variant_new ("(@*s)", row, snippet)));
    }
  return step == RB_SQL_DONE;
}
