/* rb-rows.h: GVariant rows to and from prepared statements
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sql.h"
#include "rb-store.h"

G_BEGIN_DECLS

typedef struct _RbRows RbRows;

typedef void (*RbRowsFunc) (GVariant *row, gpointer user_data);

/* Borrows @sql, which must outlive it. Statements are made from RbTableInfo at their first use and kept. */
RbRows     *rb_rows_new    (RbSql *sql);
void        rb_rows_free   (RbRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRows, rb_rows_free)

gboolean    rb_rows_apply  (RbRows *self, const RbChange *change, GError **error);
/* Rows whose leading columns equal the tuple @prefix (NULL or empty: all), in key order. */
gboolean    rb_rows_select (RbRows *self, RbTable table, GVariant *prefix, RbRowsFunc func, gpointer user_data, GError **error);
/* See #RbRange. */
gboolean    rb_rows_select_range (RbRows *self, const RbRange *range, RbRowsFunc func, gpointer user_data, GError **error);

/* For statements of others: the table's columns as a list of @alias; and the row that such a statement stands on, from
 * its leading columns. @n_columns: (out): how many those are. */
char       *rb_rows_dup_columns (RbRows *self, RbTable table, const char *alias);
GVariant   *rb_rows_read   (RbRows *self, RbTable table, RbSqlStatement *statement, guint *n_columns, GError **error);

G_END_DECLS
