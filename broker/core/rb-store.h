/* rb-store.h: the port through which the core keeps things
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-changes.h"
#include "rb-search-query.h"

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

/* Rows whose @column, a text or a number, is @from or more and less than @below; NULL: no bound. In the order of that column. */
typedef struct {
  RbTable    table;
  guint      column;
  GVariant  *from;     /* (nullable) of the column's type; so @below. rb_store_read_range_async() sinks them */
  GVariant  *below;
  guint      limit;    /* rows */
  gboolean   is_last_first;   /* of those that are alike in it: the one with the highest key comes first */
} RbRange;

/* What is looked for in the archive. Texts may be NULL: any. */
typedef struct {
  RbSearchQuery *query;
  const char    *kind;           /* RB_ARCHIVE_IN, RB_ARCHIVE_OUT; NULL: both */
  const char    *name;           /* the other side's address */
  const char    *endpoint_id;
  gint64         since;          /* epoch-ms of `begun_at`, inclusive; 0: any */
  gint64         until;          /* exclusive; 0: any */
  gint64         before;         /* rows of lower numbers only; 0: any */
  guint          limit;
} RbSearch;

/**
 * RbStoreInterface:
 * @commit: takes @changes. Commits happen in the order of the calls, and @done is called in that order, on the main context, never
 *   from inside the call. Changes queued while a commit runs go into the next one (group commit). @done may be NULL.
 * @load: all rows in key order, blocking; before the main loop runs
 * @read_async: rows whose leading columns equal the tuple @prefix, in key order; sees every commit queued before it
 * @read_finish: of all three; they answer with a #GTask
 * @read_range_async: see #RbRange. May be %NULL: then the whole table is read and what fits is picked
 * @search_async: rows of RB_TABLE_ARCHIVE with their snippets, "(@s)" of row and text, the last first. May be %NULL: then all texts are
 *   read and what fits is picked
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
  void           (*read_range_async) (RbStore *self, const RbRange *range, GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
  void           (*search_async) (RbStore *self, const RbSearch *search, GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
  RbStoreHealth  (*get_health)  (RbStore *self, const char **reason);
};

void           rb_store_commit      (RbStore *self, RbChanges *changes, RbStoreCommitted done, gpointer user_data);
gboolean       rb_store_load        (RbStore *self, RbTable table, RbStoreRowFunc row, gpointer user_data, GError **error);
void           rb_store_read_async  (RbStore *self, RbTable table, GVariant *prefix, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
/* Of this and of both that follow. */
GPtrArray     *rb_store_read_finish (RbStore *self, GAsyncResult *result, GError **error);
void           rb_store_read_range_async (RbStore *self, const RbRange *range, GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
void           rb_store_search_async (RbStore *self, const RbSearch *search, GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
/* rb_store_read_finish() for an operation on its way: NULL when that has failed, and @task with it. Of @source, a store. */
GPtrArray     *rb_store_take_rows   (GObject *source, GAsyncResult *result, GTask *task);
RbStoreHealth  rb_store_get_health  (RbStore *self, const char **reason);
void           rb_store_emit_health_changed (RbStore *self);

G_END_DECLS
