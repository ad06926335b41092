/* rb-rows.h: GVariant rows to and from prepared statements
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-changes.h"
#include "rb-sql.h"

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

G_END_DECLS
