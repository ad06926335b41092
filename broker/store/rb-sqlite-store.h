/* rb-sqlite-store.h: the account's SQLite database, owned by one thread
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-store.h"

G_BEGIN_DECLS

#define RB_TYPE_SQLITE_STORE (rb_sqlite_store_get_type ())
G_DECLARE_FINAL_TYPE (RbSqliteStore, rb_sqlite_store, RB, SQLITE_STORE, GObject)

/* Opens or creates @path (0600), checks it and migrates it. Refuses with RB_ERROR_CORRUPT (damaged, or from a newer version; the
 * text says which and what to do) and RB_ERROR_UNAVAILABLE (read-only, no space, locked by another process). */
RbSqliteStore *rb_sqlite_store_open  (const char *path, GError **error);
/* Whether this program knows the schema of @path, which another process may have open; a file that is not there is fine. Fails with
 * RB_ERROR_CORRUPT "database_newer". */
gboolean       rb_sqlite_store_peek  (const char *path, GError **error);
/* Whether @path, which no process has open, is whole; what is read is a copy. Fails as rb_sqlite_store_open(), and with RB_ERROR_UNAVAILABLE
 * "not_copied". */
gboolean       rb_sqlite_store_examine (const char *path, GError **error);
/* Commits what is queued, calls back for it from inside this call, then closes; blocks. Later commits are answered with an error.
 * The last reference closes too. */
void           rb_sqlite_store_close (RbSqliteStore *self);
/* Commits that wait for the disk: at the limit the health is RB_STORE_FAILING until half of them are written. */
#define RB_STORE_QUEUE_MAX (64 * 1024 * 1024)
RbBounds      *rb_sqlite_store_make_bounds (RbSqliteStore *self, RbClock *clock, gsize queue_max);
/* For measuring and `status`: commits that were synced, commits that were lazy, changes written. */
void           rb_sqlite_store_get_counters (RbSqliteStore *self, guint64 *synced, guint64 *lazy, guint64 *changes);

G_END_DECLS
