/* rb-rows.c: GVariant rows to and from prepared statements
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-rows.h"

#include "rb-error.h"

#include <string.h>

#define MAX_COLUMNS 32

typedef struct {
  const RbTableInfo   *info;
  const GVariantType  *types[MAX_COLUMNS];
  guint                n_columns;
  GStrv                names;
  RbSqlStatement      *put;
  RbSqlStatement      *delete[MAX_COLUMNS + 1];   /* by number of leading columns */
  RbSqlStatement      *select[MAX_COLUMNS + 1];   /* likewise; 0 reads all */
} Table;

struct _RbRows {
  RbSql *sql;                  /* borrowed */
  Table  tables[RB_N_TABLES];
};

/* What a statement has bound stays alive here until its reset: another thread may serialise the row meanwhile, which frees
 * the children that a tuple was built from. */
typedef struct {
  GVariant *values[MAX_COLUMNS];
  guint     n;
} Bound;

static void
init_table (Table             *table,
            const RbTableInfo *info)
{
  const GVariantType *type;

  table->info = info;
  table->names = g_strsplit (info->columns, " ", -1);
  for (type = g_variant_type_first (G_VARIANT_TYPE (info->type)); type != NULL; type = g_variant_type_next (type))
    {
      g_assert (table->n_columns < MAX_COLUMNS);
      table->types[table->n_columns++] = type;
    }
  g_assert (table->n_columns == g_strv_length (table->names));
}

static void
clear_table (Table *table)
{
  g_clear_pointer (&table->put, rb_sql_statement_free);
  for (guint i = 0; i <= MAX_COLUMNS; i++)
    {
      g_clear_pointer (&table->delete[i], rb_sql_statement_free);
      g_clear_pointer (&table->select[i], rb_sql_statement_free);
    }
  g_clear_pointer (&table->names, g_strfreev);
}

RbRows *
rb_rows_new (RbSql *sql)
{
  RbRows *self = g_new0 (RbRows, 1);

  self->sql = sql;
  for (guint i = 0; i < RB_N_TABLES; i++)
    init_table (&self->tables[i], rb_table_get_info (i));
  return self;
}

void
rb_rows_free (RbRows *self)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < RB_N_TABLES; i++)
    clear_table (&self->tables[i]);
  g_free (self);
}

static void
append_where (GString     *sql,
              const Table *table,
              guint        n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf (sql, "%s\"%s\" = ?", i == 0 ? " WHERE " : " AND ", table->names[i]);
}

static RbSqlStatement *
prepare (RbRows          *self,
         RbSqlStatement **slot,
         GString         *sql,
         GError         **error)
{
  *slot = rb_sql_prepare (self->sql, sql->str, error);
  return *slot;
}

static RbSqlStatement *
ensure_put (RbRows  *self,
            Table   *table,
            GError **error)
{
  g_autoptr(GString) sql = NULL;

  if (table->put != NULL)
    return table->put;

  sql = g_string_new (NULL);
  g_string_printf (sql, "REPLACE INTO \"%s\" VALUES (?", table->info->name);
  for (guint i = 1; i < table->n_columns; i++)
    g_string_append (sql, ", ?");
  g_string_append_c (sql, ')');
  return prepare (self, &table->put, sql, error);
}

static RbSqlStatement *
ensure_delete (RbRows  *self,
               Table   *table,
               guint    n,
               GError **error)
{
  g_autoptr(GString) sql = NULL;

  if (table->delete[n] != NULL)
    return table->delete[n];

  sql = g_string_new (NULL);
  g_string_printf (sql, "DELETE FROM \"%s\"", table->info->name);
  append_where (sql, table, n);
  return prepare (self, &table->delete[n], sql, error);
}

static RbSqlStatement *
ensure_select (RbRows  *self,
               Table   *table,
               guint    n,
               GError **error)
{
  g_autoptr(GString) sql = NULL;

  if (table->select[n] != NULL)
    return table->select[n];

  sql = g_string_new ("SELECT ");
  for (guint i = 0; i < table->n_columns; i++)
    g_string_append_printf (sql, "%s\"%s\"", i == 0 ? "" : ", ", table->names[i]);
  g_string_append_printf (sql, " FROM \"%s\"", table->info->name);
  append_where (sql, table, n);
  g_string_append (sql, " ORDER BY ");
  for (guint i = 0; i < table->info->n_key; i++)
    g_string_append_printf (sql, "%s\"%s\"", i == 0 ? "" : ", ", table->names[i]);
  return prepare (self, &table->select[n], sql, error);
}

/* @value is kept in @bound. */
static void
bind_value (RbSqlStatement *statement,
            int             position,
            GVariant       *value,
            Bound          *bound)
{
  g_autoptr(GVariant) item = value;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    {
      item = g_variant_get_maybe (value);
      g_variant_unref (value);
    }

  if (item == NULL)
    {
      rb_sql_bind_null (statement, position);
      return;
    }
  if (g_variant_is_of_type (item, G_VARIANT_TYPE_INT64))
    rb_sql_bind_int (statement, position, g_variant_get_int64 (item));
  else if (g_variant_is_of_type (item, G_VARIANT_TYPE_BOOLEAN))
    rb_sql_bind_int (statement, position, g_variant_get_boolean (item));
  else
    rb_sql_bind_text (statement, position, g_variant_get_string (item, NULL));

  bound->values[bound->n++] = g_steal_pointer (&item);
}

static void
bind_tuple (RbSqlStatement *statement,
            GVariant       *tuple,
            Bound          *bound)
{
  gsize n = tuple != NULL ? g_variant_n_children (tuple) : 0;

  bound->n = 0;
  for (gsize i = 0; i < n; i++)
    bind_value (statement, (int) i + 1, g_variant_get_child_value (tuple, i), bound);
}

static void
clear_bound (Bound *bound)
{
  while (bound->n > 0)
    g_variant_unref (bound->values[--bound->n]);
}

gboolean
rb_rows_apply (RbRows          *self,
               const RbChange  *change,
               GError         **error)
{
  Table *table = &self->tables[change->table];
  RbSqlStatement *statement;
  gboolean success;
  Bound bound;

  if (change->op == RB_CHANGE_PUT)
    statement = ensure_put (self, table, error);
  else
    statement = ensure_delete (self, table, (guint) g_variant_n_children (change->row), error);
  if (statement == NULL)
    return FALSE;

  bind_tuple (statement, change->row, &bound);
  success = rb_sql_run (statement, error);
  clear_bound (&bound);
  return success;
}

/* The text is copied once and trusted, as it was checked here. NULL when it is not UTF-8, which no row of ours ever was. */
static GVariant *
read_text (RbSqlStatement *statement,
           int             column)
{
  const char *text = rb_sql_column_text (statement, column);
  char *copy;
  gsize size;

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return NULL;

  size = strlen (text) + 1;
  copy = g_memdup2 (text, size);
  return g_variant_new_from_data (G_VARIANT_TYPE_STRING, copy, size, TRUE, g_free, copy);
}

static GVariant *
read_value (RbSqlStatement     *statement,
            int                 column,
            const GVariantType *type)
{
  gboolean nullable = g_variant_type_is_maybe (type);
  const GVariantType *item_type = nullable ? g_variant_type_element (type) : type;
  GVariant *item;

  if (rb_sql_column_is_null (statement, column))
    return nullable ? g_variant_new_maybe (item_type, NULL) : NULL;

  if (g_variant_type_equal (item_type, G_VARIANT_TYPE_INT64))
    item = g_variant_new_int64 (rb_sql_column_int (statement, column));
  else if (g_variant_type_equal (item_type, G_VARIANT_TYPE_BOOLEAN))
    item = g_variant_new_boolean (rb_sql_column_int (statement, column) != 0);
  else
    item = read_text (statement, column);

  return item != NULL && nullable ? g_variant_new_maybe (item_type, item) : item;
}

static GVariant *
read_row (RbSqlStatement  *statement,
          const Table     *table,
          GError         **error)
{
  GVariant *values[MAX_COLUMNS];

  for (guint i = 0; i < table->n_columns; i++)
    {
      values[i] = read_value (statement, (int) i, table->types[i]);
      if (values[i] != NULL)
        continue;

      while (i-- > 0)
        g_variant_unref (values[i]);
      rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged", "A row of table '%s' is damaged", table->info->name);
      return NULL;
    }
  return g_variant_ref_sink (g_variant_new_tuple (values, table->n_columns));
}

static gboolean
read_rows (RbSqlStatement  *statement,
           const Table     *table,
           RbRowsFunc       func,
           gpointer         user_data,
           GError         **error)
{
  RbSqlStep step;

  while ((step = rb_sql_step (statement, error)) == RB_SQL_ROW)
    {
      g_autoptr(GVariant) row = read_row (statement, table, error);

      if (row == NULL)
        return FALSE;
      func (row, user_data);
    }
  return step == RB_SQL_DONE;
}

gboolean
rb_rows_select (RbRows      *self,
                RbTable      table,
                GVariant    *prefix,
                RbRowsFunc   func,
                gpointer     user_data,
                GError     **error)
{
  Table *t = &self->tables[table];
  guint n = prefix != NULL ? (guint) g_variant_n_children (prefix) : 0;
  RbSqlStatement *statement;
  gboolean success;
  Bound bound;

  g_return_val_if_fail (n <= t->n_columns, FALSE);

  statement = ensure_select (self, t, n, error);
  if (statement == NULL)
    return FALSE;

  bind_tuple (statement, prefix, &bound);
  success = read_rows (statement, t, func, user_data, error);
  rb_sql_reset (statement);
  clear_bound (&bound);
  return success;
}

char *
rb_rows_dup_columns (RbRows     *self,
                     RbTable     table,
                     const char *alias)
{
  const Table *t = &self->tables[table];
  GString *columns = g_string_new (NULL);

  for (guint i = 0; i < t->n_columns; i++)
    g_string_append_printf (columns, "%s%s.\"%s\"", i == 0 ? "" : ", ", alias, t->names[i]);
  return g_string_free (columns, FALSE);
}

GVariant *
rb_rows_read (RbRows          *self,
              RbTable          table,
              RbSqlStatement  *statement,
              guint           *n_columns,
              GError         **error)
{
  *n_columns = self->tables[table].n_columns;
  return read_row (statement, &self->tables[table], error);
}

static char *
make_range (RbRows        *self,
            const RbRange *range)
{
  const Table *table = &self->tables[range->table];
  g_autofree char *columns = rb_rows_dup_columns (self, range->table, "t");
  const char *column = table->names[range->column];
  GString *sql = g_string_new (NULL);

  g_string_printf (sql, "SELECT %s FROM \"%s\" t WHERE t.\"%s\" IS NOT NULL", columns, table->info->name, column);
  if (range->from != NULL)
    g_string_append_printf (sql, " AND t.\"%s\" >= ?1", column);
  if (range->below != NULL)
    g_string_append_printf (sql, " AND t.\"%s\" < ?2", column);
  g_string_append_printf (sql, " ORDER BY t.\"%s\"", column);
  if (range->is_last_first)
    g_string_append_printf (sql, ", t.\"%s\" DESC", table->names[0]);
  g_string_append_printf (sql, " LIMIT %u", range->limit);
  return g_string_free (sql, FALSE);
}

gboolean
rb_rows_select_range (RbRows         *self,
                      const RbRange  *range,
                      RbRowsFunc      func,
                      gpointer        user_data,
                      GError        **error)
{
  g_autofree char *sql = make_range (self, range);
  g_autoptr(RbSqlStatement) statement = rb_sql_prepare (self->sql, sql, error);
  gboolean success;
  Bound bound = { .n = 0 };

  if (statement == NULL)
    return FALSE;

  if (range->from != NULL)
    bind_value (statement, 1, g_variant_ref (range->from), &bound);
  if (range->below != NULL)
    bind_value (statement, 2, g_variant_ref (range->below), &bound);
  success = read_rows (statement, &self->tables[range->table], func, user_data, error);
  rb_sql_reset (statement);
  clear_bound (&bound);
  return success;
}
