/* rb-sql-statement.c: prepared statements
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sql.h"

#include "rb-sql-private.h"

#include <errno.h>

struct _RbSqlStatement {
  RbSql        *sql;         /* borrowed: statements are freed before their connection */
  sqlite3_stmt *stmt;
  int           bind_rc;     /* first failure of a bind, told by the next step */
};

RbSqlStatement *
rb_sql_prepare (RbSql       *self,
                const char  *sql,
                GError     **error)
{
  RbSqlStatement *statement;
  sqlite3_stmt *stmt = NULL;
  int rc;

  g_return_val_if_fail (self != NULL && sql != NULL, NULL);

  errno = 0;
  rc = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
  if (rc != SQLITE_OK)
    {
      rb_sql_set_error (self->db, self->path, rc, error);
      return NULL;
    }

  statement = g_new0 (RbSqlStatement, 1);
  statement->sql = self;
  statement->stmt = stmt;
  return statement;
}

void
rb_sql_statement_free (RbSqlStatement *self)
{
  g_return_if_fail (self != NULL);

  sqlite3_finalize (self->stmt);
  g_free (self);
}

static void
note_bind (RbSqlStatement *self,
           int             rc)
{
  if (rc != SQLITE_OK && self->bind_rc == SQLITE_OK)
    self->bind_rc = rc;
}

void
rb_sql_bind_text (RbSqlStatement *self,
                  int             position,
                  const char     *value)
{
  note_bind (self, sqlite3_bind_text (self->stmt, position, value, -1, SQLITE_STATIC));
}

void
rb_sql_bind_bytes_text (RbSqlStatement *self,
                        int             position,
                        GBytes         *value)
{
  const char *data;
  gsize size = 0;

  if (value == NULL)
    {
      rb_sql_bind_null (self, position);
      return;
    }

  data = g_bytes_get_data (value, &size);
  note_bind (self, sqlite3_bind_text64 (self->stmt, position, size > 0 ? data : "", size, SQLITE_STATIC, SQLITE_UTF8));
}

void
rb_sql_bind_int (RbSqlStatement *self,
                 int             position,
                 gint64          value)
{
  note_bind (self, sqlite3_bind_int64 (self->stmt, position, value));
}

void
rb_sql_bind_null (RbSqlStatement *self,
                  int             position)
{
  note_bind (self, sqlite3_bind_null (self->stmt, position));
}

RbSqlStep
rb_sql_step (RbSqlStatement  *self,
             GError         **error)
{
  int rc = self->bind_rc;

  errno = 0;
  if (rc == SQLITE_OK)
    rc = sqlite3_step (self->stmt);
  if (rc == SQLITE_ROW)
    return RB_SQL_ROW;
  if (rc == SQLITE_DONE)
    return RB_SQL_DONE;

  rb_sql_set_error (self->sql->db, self->sql->path, rc, error);
  return RB_SQL_ERROR;
}

gboolean
rb_sql_run (RbSqlStatement  *self,
            GError         **error)
{
  RbSqlStep step;

  do
    step = rb_sql_step (self, error);
  while (step == RB_SQL_ROW);

  rb_sql_reset (self);
  return step == RB_SQL_DONE;
}

void
rb_sql_reset (RbSqlStatement *self)
{
  sqlite3_reset (self->stmt);
  sqlite3_clear_bindings (self->stmt);
  self->bind_rc = SQLITE_OK;
}

const char *
rb_sql_column_text (RbSqlStatement *self,
                    int             column)
{
  return (const char *) sqlite3_column_text (self->stmt, column);
}

gint64
rb_sql_column_int (RbSqlStatement *self,
                   int             column)
{
  return sqlite3_column_int64 (self->stmt, column);
}

gboolean
rb_sql_column_is_null (RbSqlStatement *self,
                       int             column)
{
  return sqlite3_column_type (self->stmt, column) == SQLITE_NULL;
}
