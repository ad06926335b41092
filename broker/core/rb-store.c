/* rb-store.c: the port through which the core keeps things
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-store.h"

#include "rb-store-plain.h"

enum {
  HEALTH_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_INTERFACE (RbStore, rb_store, G_TYPE_OBJECT)

static void
rb_store_default_init (RbStoreInterface *iface)
{
  /**
   * RbStore::health-changed:
   * @self: the store
   *
   * rb_store_get_health() answers differently now. Emitted on the main context.
   */
  signals[HEALTH_CHANGED] = g_signal_new ("health-changed", RB_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

/**
 * rb_store_commit:
 * @self: the store
 * @changes: (transfer full): what becomes true together; may be empty, which waits for all before it
 * @done: (nullable) (scope async): called on the main context, in the order of the calls, never from inside this one
 * @user_data: for @done
 *
 * Makes @changes durable. Nothing that depends on them may leave the process before @done was called without an error.
 */
void
rb_store_commit (RbStore          *self,
                 RbChanges        *changes,
                 RbStoreCommitted  done,
                 gpointer          user_data)
{
  g_return_if_fail (RB_IS_STORE (self));
  g_return_if_fail (changes != NULL);

  RB_STORE_GET_IFACE (self)->commit (self, changes, done, user_data);
}

/**
 * rb_store_load:
 * @self: the store
 * @table: which table
 * @row: (scope call): called for each row, in key order; takes its own reference to what it keeps
 * @user_data: for @row
 * @error: return location for a #GError
 *
 * Reads a whole table. Blocks: for the start, before the main loop runs.
 *
 * Returns: %TRUE when every row was handed over
 */
gboolean
rb_store_load (RbStore         *self,
               RbTable          table,
               RbStoreRowFunc   row,
               gpointer         user_data,
               GError         **error)
{
  g_return_val_if_fail (RB_IS_STORE (self), FALSE);
  g_return_val_if_fail (table < RB_N_TABLES && row != NULL, FALSE);

  return RB_STORE_GET_IFACE (self)->load (self, table, row, user_data, error);
}

/**
 * rb_store_read_async:
 * @self: the store
 * @table: which table
 * @prefix: (transfer floating): a tuple of leading columns; the empty tuple means all rows
 * @cancellable: (nullable): gives up the answer
 * @callback: (scope async): gets the result
 * @user_data: for @callback
 *
 * Reads the rows whose leading columns equal @prefix, in key order, as they are after every commit queued before this call.
 */
void
rb_store_read_async (RbStore             *self,
                     RbTable              table,
                     GVariant            *prefix,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_return_if_fail (RB_IS_STORE (self));
  g_return_if_fail (table < RB_N_TABLES && prefix != NULL);

  RB_STORE_GET_IFACE (self)->read_async (self, table, prefix, cancellable, callback, user_data);
}

/**
 * rb_store_read_finish:
 * @self: the store
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: (transfer full) (element-type GVariant) (nullable): the rows
 */
GPtrArray *
rb_store_read_finish (RbStore       *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  g_return_val_if_fail (RB_IS_STORE (self), NULL);

  return RB_STORE_GET_IFACE (self)->read_finish (self, result, error);
}

void
rb_store_read_range_async (RbStore             *self,
                           const RbRange       *range,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  RbStoreInterface *iface = RB_STORE_GET_IFACE (self);

  g_return_if_fail (range->table < RB_N_TABLES && range->limit > 0);

  (iface->read_range_async != NULL ? iface->read_range_async : rb_store_plain_range_async) (self, range, cancellable, callback, user_data);
}

void
rb_store_search_async (RbStore             *self,
                       const RbSearch      *search,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  RbStoreInterface *iface = RB_STORE_GET_IFACE (self);

  g_return_if_fail (search->query != NULL && search->limit > 0);

  (iface->search_async != NULL ? iface->search_async : rb_store_plain_search_async) (self, search, cancellable, callback, user_data);
}

GPtrArray *
rb_store_take_rows (GObject      *source,
                    GAsyncResult *result,
                    GTask        *task)
{
  GError *error = NULL;
  GPtrArray *rows = rb_store_read_finish (RB_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  return rows;
}

/**
 * rb_store_get_health:
 * @self: the store
 * @reason: (out) (optional) (nullable): what a person should know, %NULL when all is well; valid until the next `health-changed`
 *
 * Returns: whether commits get through
 */
RbStoreHealth
rb_store_get_health (RbStore     *self,
                     const char **reason)
{
  const char *unused;

  g_return_val_if_fail (RB_IS_STORE (self), RB_STORE_BROKEN);

  return RB_STORE_GET_IFACE (self)->get_health (self, reason != NULL ? reason : &unused);
}

/* For implementations, on the main context. */
void
rb_store_emit_health_changed (RbStore *self)
{
  g_return_if_fail (RB_IS_STORE (self));
  g_signal_emit (self, signals[HEALTH_CHANGED], 0);
}
