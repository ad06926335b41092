/* rb-store.h: the port through which the core keeps things
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-changes.h"

G_BEGIN_DECLS

#define RB_TYPE_STORE (rb_store_get_type ())
G_DECLARE_INTERFACE (RbStore, rb_store, RB, STORE, GObject)

typedef enum {
  RB_STORE_OK,
  RB_STORE_FAILING,   /* disk full or I/O error: commits wait and are tried again, in order; refuse new work */
  RB_STORE_BROKEN,    /* damaged: nothing can be committed any more */
} RbStoreHealth;

/* @error: NULL once the changes are durable; set only when they never will be (closed or broken). */
typedef void (*RbStoreCommitted) (RbStore *store, const GError *error, gpointer user_data);
typedef void (*RbStoreRowFunc)   (GVariant *row, gpointer user_data);

/**
 * RbStoreInterface:
 * @commit: takes @changes. Commits happen in the order of the calls, and @done is called in that order, on the main context, never
 *   from inside the call. Changes queued while a commit runs go into the next one (group commit). @done may be NULL.
 * @load: all rows in key order, blocking; before the main loop runs
 * @read_async: rows whose leading columns equal the tuple @prefix, in key order; sees every commit queued before it
 * @get_health: @reason is for people, NULL when all is well
 *
 * Signal: `health-changed`.
 */
struct _RbStoreInterface {
  GTypeInterface parent_iface;

  void           (*commit)      (RbStore *self, RbChanges *changes, RbStoreCommitted done, gpointer user_data);
  gboolean       (*load)        (RbStore *self, RbTable table, RbStoreRowFunc row, gpointer user_data, GError **error);
  void           (*read_async)  (RbStore *self, RbTable table, GVariant *prefix, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
  GPtrArray     *(*read_finish) (RbStore *self, GAsyncResult *result, GError **error);  /* of GVariant, owns them */
  RbStoreHealth  (*get_health)  (RbStore *self, const char **reason);
};

void           rb_store_commit      (RbStore *self, RbChanges *changes, RbStoreCommitted done, gpointer user_data);
gboolean       rb_store_load        (RbStore *self, RbTable table, RbStoreRowFunc row, gpointer user_data, GError **error);
void           rb_store_read_async  (RbStore *self, RbTable table, GVariant *prefix, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
GPtrArray     *rb_store_read_finish (RbStore *self, GAsyncResult *result, GError **error);
RbStoreHealth  rb_store_get_health  (RbStore *self, const char **reason);
void           rb_store_emit_health_changed (RbStore *self);

G_END_DECLS
