/* rb-sql-private.h: what the files of this folder share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sql.h"

#include <sqlite3.h>

G_BEGIN_DECLS

struct _RbSql {
  sqlite3  *db;
  char     *path;
  gboolean  synchronous_full;
  guint     wal_pages;       /* in the log at the last commit or checkpoint; kept only with checkpoints by hand */
};

/* Right after the call that gave @rc, with errno set to zero before it. @db may be NULL: sqlite3_open_v2() does not return one
 * when memory is short. */
void rb_sql_set_error (sqlite3 *db, const char *path, int rc, GError **error);

G_END_DECLS
