/* rb-store-open.h: opens the account's database, or says why not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sql.h"

G_BEGIN_DECLS

/* Above this size a database that was closed in good order is not checked again. */
#define RB_STORE_CHECK_LIMIT_BYTES (64 * 1024 * 1024)

/* @check_limit_bytes: RB_STORE_CHECK_LIMIT_BYTES, or less in a test. */
RbSql  *rb_store_open_database  (const char *path, guint64 check_limit_bytes, GError **error);
/* Takes @sql, which has no statements any more. */
void    rb_store_close_database (RbSql *sql);

G_END_DECLS
