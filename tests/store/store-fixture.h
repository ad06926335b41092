/* store-fixture.h: a store in a directory of its own, and rows to put in it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sqlite-store.h"
#include "rb-test.h"

G_BEGIN_DECLS

typedef struct {
  char          *dir;
  char          *path;
  RbSqliteStore *store;
} StoreFixture;

void        store_fixture_set_up    (StoreFixture *self, gconstpointer data);
void        store_fixture_tear_down (StoreFixture *self, gconstpointer data);
void        store_fixture_open      (StoreFixture *self);
/* Closes and drops the store, which must have no other owner. */
void        store_fixture_close     (StoreFixture *self);

#define STORE_TEST(path, function) \
  g_test_add (path, StoreFixture, NULL, store_fixture_set_up, function, store_fixture_tear_down)

/* A row of any table: its key comes from @key, its other columns from @seed; every second nullable column is null. */
GVariant   *store_make_row          (RbTable table, guint key, guint seed);
/* The leading @n columns of @row. */
GVariant   *store_make_prefix       (GVariant *row, guint n);
RbChanges  *store_change_meta       (const char *name, const char *value);
/* Commits and waits until it is done. */
void        store_put_meta          (RbSqliteStore *store, const char *name, const char *value);
GPtrArray  *store_load              (RbSqliteStore *store, RbTable table);
/* NULL when there is none. */
char       *store_dup_meta          (RbSqliteStore *store, const char *name);
/* RbStoreCommitted: counts in the guint given; the commit must have succeeded. */
void        store_count_done        (RbStore *store, const GError *error, gpointer user_data);
guint64     store_get_synced        (RbSqliteStore *store);
guint64     store_get_lazy          (RbSqliteStore *store);

G_END_DECLS
