/* rb-schema.h: how the tables of the core look in SQLite
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sql.h"
#include "rb-tables.h"

G_BEGIN_DECLS

/* PRAGMA application_id of our databases: "RBk" and whether the last owner closed it (see rb-store-open.c). */
#define RB_SCHEMA_ID_OPEN   0x52426b31
#define RB_SCHEMA_ID_CLOSED 0x52426b30

/* The schema that this program knows. */
guint      rb_schema_get_version (void);
/* Creates the tables, or brings those of an earlier version up to date. */
gboolean   rb_schema_migrate (RbSql *sql, GError **error);
/* Compares every column with what rb_table_get_info() says. Fails with RB_ERROR_CORRUPT "schema_mismatch". */
gboolean   rb_schema_check   (RbSql *sql, GError **error);

G_END_DECLS
