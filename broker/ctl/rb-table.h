/* rb-table.h: rows that fit the terminal, whatever its width
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-terminal.h"

G_BEGIN_DECLS

typedef struct _RbTable RbTable;

/* Below this width each row becomes a paragraph, one line a column. */
#define RB_TABLE_STACK_BELOW 60

/* @min_cells: a column is not cut below this; columns with the most to spare are cut first. 0: never cut. */
typedef struct {
  const char *title;
  guint       min_cells;
} RbTableColumn;

/* @columns must outlive the table. */
RbTable *rb_table_new     (const RbTableColumn *columns,
                           guint                n_columns);
void     rb_table_free    (RbTable             *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbTable, rb_table_free)

/* @cells: one for each column, as they came; NULL shows as "-". They are escaped here. */
void     rb_table_add_row (RbTable             *self,
                           const char *const   *cells);
guint    rb_table_get_n_rows (RbTable          *self);
/* Ends with a line break; "" without rows. */
char    *rb_table_render  (RbTable             *self,
                           const RbTerminal    *terminal);

G_END_DECLS
