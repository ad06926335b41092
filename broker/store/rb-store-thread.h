/* rb-store-thread.h: the thread that owns the database connection
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-rows.h"
#include "rb-store-item.h"

G_BEGIN_DECLS

typedef struct _RbStoreThread RbStoreThread;

typedef struct {
  guint64 synced;
  guint64 lazy;
  guint64 changes;
} RbStoreCounters;

/* Called from any thread, with a lock held, when there is something for rb_store_thread_take_done() where nothing was. */
typedef void (*RbStoreWake) (gpointer user_data);

/* Starts the thread; takes @sql. */
RbStoreThread *rb_store_thread_new       (RbSql *sql, RbStoreWake wake, gpointer user_data);
/* After rb_store_thread_stop(). */
void           rb_store_thread_free      (RbStoreThread *self);
/* Takes @item. All that follow may be called from one other thread only. */
void           rb_store_thread_push      (RbStoreThread *self, RbStoreItem *item);
RbStoreItem   *rb_store_thread_take_done (RbStoreThread *self);
guint          rb_store_thread_get_n_done (RbStoreThread *self);
/* Waits for all that was pushed before, then lends the rows until they are given back. */
RbRows        *rb_store_thread_borrow    (RbStoreThread *self, GError **error);
void           rb_store_thread_give_back (RbStoreThread *self);
/* Commits what is queued, in one last try where that was failing, closes the database and waits for the thread. What is pushed
 * later comes back with an error. */
void           rb_store_thread_stop      (RbStoreThread *self);
void           rb_store_thread_get_counters (RbStoreThread *self, RbStoreCounters *counters);

G_END_DECLS
