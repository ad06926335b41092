/* rb-sqlite-store.c: the account's SQLite database, owned by one thread
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* This side belongs to the opener's main context: it hands items to the thread, and one source there calls back for what came
 * back, in order, a bounded number in a turn. */
#include "config.h"

#include "rb-sqlite-store.h"

#include "rb-crash-point.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-store-open.h"
#include "rb-store-thread.h"

#define MAX_DONE_IN_A_TURN 256

enum { BOUND_QUEUE, N_BOUNDS };

static const RbBoundInfo infos[N_BOUNDS] = {
  [BOUND_QUEUE] = { "store_queue", "bytes", RB_BOUND_PUSHES_BACK, "new work is refused until half of it is on the disk" },
};

struct _RbSqliteStore {
  GObject        parent_instance;

  RbStoreThread *thread;
  GSource       *source;      /* ready when the thread has something done */
  gboolean       closed;
  RbStoreHealth  health;
  char          *reason;      /* NULL when all is well */
  gsize          queued;      /* bytes of commits that were not answered */
  gsize          queue_max;
  gboolean       is_full;
  RbBounds      *bounds;      /* NULL: nobody counts */
};

static void store_iface_init (RbStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbSqliteStore, rb_sqlite_store, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_STORE, store_iface_init))

static const char *
health_to_string (RbStoreHealth health)
{
  switch (health)
    {
    case RB_STORE_OK:
      return "ok";
    case RB_STORE_FAILING:
      return "failing";
    case RB_STORE_BROKEN:
      return "broken";
    }
  g_return_val_if_reached ("unknown");
}

/* What is there is written all the same; what is told of work that is done comes on top. */
static void
set_full (RbSqliteStore *self,
          gboolean       is_full)
{
  if (self->is_full == is_full)
    return;

  self->is_full = is_full;
  if (is_full)
    rb_bounds_reached (self->bounds, BOUND_QUEUE);
  rb_store_emit_health_changed (RB_STORE (self));
}

static void
count_queued (RbSqliteStore *self,
              gssize         bytes)
{
  self->queued += bytes;
  rb_bounds_set_used (self->bounds, BOUND_QUEUE, self->queued);
  if (self->queued >= self->queue_max)
    set_full (self, TRUE);
  else if (self->queued <= self->queue_max / 2)
    set_full (self, FALSE);
}

static gsize
get_size_bytes (const RbChanges *changes)
{
  gsize bytes = 0;

  for (guint i = 0; i < rb_changes_get_n (changes); i++)
    bytes += g_variant_get_size (rb_changes_get (changes, i)->row);
  return bytes;
}

static void
change_health (RbSqliteStore *self,
               RbStoreItem   *item)
{
  self->health = item->health;
  g_free (self->reason);
  self->reason = g_steal_pointer (&item->reason);

  rb_log_event (G_LOG_DOMAIN, self->health == RB_STORE_OK ? G_LOG_LEVEL_MESSAGE : G_LOG_LEVEL_WARNING, "store_health",
                "state", health_to_string (self->health), "reason", self->reason, NULL);
  rb_store_emit_health_changed (RB_STORE (self));
}

static void
answer_read (RbStoreItem *item)
{
  if (item->error != NULL)
    g_task_return_error (item->task, g_steal_pointer (&item->error));
  else
    g_task_return_pointer (item->task, g_steal_pointer (&item->rows), (GDestroyNotify) g_ptr_array_unref);
}

static void
answer (RbSqliteStore *self,
        RbStoreItem   *item)
{
  switch (item->kind)
    {
    case RB_STORE_ITEM_COMMIT:
      count_queued (self, -(gssize) item->size_bytes);
      RB_CRASH_POINT (STORE_BEFORE_CALLBACK);
      if (item->done != NULL)
        item->done (RB_STORE (self), item->error, item->user_data);
      RB_CRASH_POINT (STORE_AFTER_CALLBACK);
      break;
    case RB_STORE_ITEM_READ:
    case RB_STORE_ITEM_RANGE:
    case RB_STORE_ITEM_SEARCH:
      answer_read (item);
      break;
    case RB_STORE_ITEM_HEALTH:
      change_health (self, item);
      break;
    case RB_STORE_ITEM_LEND:
      g_assert_not_reached ();
    }
}

/* One at a time, so that a callback which closes the store finds the rest still in order. Returns whether all were answered. */
static gboolean
answer_up_to (RbSqliteStore *self,
              guint          n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(RbStoreItem) item = rb_store_thread_take_done (self->thread);

      if (item == NULL)
        return TRUE;
      answer (self, item);
    }
  return FALSE;
}

static gboolean
on_done (gpointer user_data)
{
  g_autoptr(RbSqliteStore) self = g_object_ref (user_data);

  g_source_set_ready_time (self->source, -1);
  if (!answer_up_to (self, MAX_DONE_IN_A_TURN))
    g_source_set_ready_time (self->source, 0);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_source (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = { NULL, NULL, dispatch_source, NULL };

static void
on_wake (gpointer user_data)
{
  g_source_set_ready_time (user_data, 0);
}

static void
rb_sqlite_store_commit (RbStore          *store,
                        RbChanges        *changes,
                        RbStoreCommitted  done,
                        gpointer          user_data)
{
  RbSqliteStore *self = RB_SQLITE_STORE (store);
  RbStoreItem *item = rb_store_item_new (RB_STORE_ITEM_COMMIT);

  item->changes = changes;
  item->size_bytes = get_size_bytes (changes);
  item->done = done;
  item->user_data = user_data;
  count_queued (self, item->size_bytes);
  rb_store_thread_push (self->thread, item);
}

static gboolean
rb_sqlite_store_load (RbStore         *store,
                      RbTable          table,
                      RbStoreRowFunc   row,
                      gpointer         user_data,
                      GError         **error)
{
  RbSqliteStore *self = RB_SQLITE_STORE (store);
  RbRows *rows = rb_store_thread_borrow (self->thread, error);
  gboolean success;

  if (rows == NULL)
    return FALSE;

  success = rb_rows_select (rows, table, NULL, row, user_data, error);
  rb_store_thread_give_back (self->thread);
  return success;
}

static void
rb_sqlite_store_read_async (RbStore             *store,
                            RbTable              table,
                            GVariant            *prefix,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  RbSqliteStore *self = RB_SQLITE_STORE (store);
  RbStoreItem *item = rb_store_item_new (RB_STORE_ITEM_READ);

  item->table = table;
  item->prefix = g_variant_ref_sink (prefix);
  item->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (item->task, rb_sqlite_store_read_async);
  rb_store_thread_push (self->thread, item);
}

static GPtrArray *
rb_sqlite_store_read_finish (RbStore       *store,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, store), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
ref_bound (GVariant *bound)
{
  return bound != NULL ? g_variant_ref_sink (bound) : NULL;
}

static void
rb_sqlite_store_read_range_async (RbStore             *store,
                                  const RbRange       *range,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  RbSqliteStore *self = RB_SQLITE_STORE (store);
  RbStoreItem *item = rb_store_item_new (RB_STORE_ITEM_RANGE);

  item->range = *range;
  item->range.from = ref_bound (range->from);
  item->range.below = ref_bound (range->below);
  item->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (item->task, rb_sqlite_store_read_range_async);
  rb_store_thread_push (self->thread, item);
}

static void
rb_sqlite_store_search_async (RbStore             *store,
                              const RbSearch      *search,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  RbSqliteStore *self = RB_SQLITE_STORE (store);
  RbStoreItem *item = rb_store_item_new (RB_STORE_ITEM_SEARCH);

  item->search = *search;
  item->search.query = rb_search_query_ref (search->query);
  item->search.kind = g_strdup (search->kind);
  item->search.name = g_strdup (search->name);
  item->search.endpoint_id = g_strdup (search->endpoint_id);
  item->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (item->task, rb_sqlite_store_search_async);
  rb_store_thread_push (self->thread, item);
}

static RbStoreHealth
rb_sqlite_store_get_health (RbStore     *store,
                            const char **reason)
{
  RbSqliteStore *self = RB_SQLITE_STORE (store);

  if (self->is_full && self->health == RB_STORE_OK)
    {
      *reason = "too much waits for the disk";
      return RB_STORE_FAILING;
    }
  *reason = self->reason;
  return self->health;
}

static void
rb_sqlite_store_dispose (GObject *object)
{
  RbSqliteStore *self = RB_SQLITE_STORE (object);

  if (self->thread != NULL)
    {
      rb_sqlite_store_close (self);
      answer_up_to (self, rb_store_thread_get_n_done (self->thread));
    }

  G_OBJECT_CLASS (rb_sqlite_store_parent_class)->dispose (object);
}

static void
rb_sqlite_store_finalize (GObject *object)
{
  RbSqliteStore *self = RB_SQLITE_STORE (object);

  g_source_destroy (self->source);
  g_clear_pointer (&self->thread, rb_store_thread_free);
  g_source_unref (self->source);
  g_free (self->reason);
  g_clear_pointer (&self->bounds, rb_bounds_unref);

  G_OBJECT_CLASS (rb_sqlite_store_parent_class)->finalize (object);
}

static void
rb_sqlite_store_class_init (RbSqliteStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_sqlite_store_dispose;
  object_class->finalize = rb_sqlite_store_finalize;
}

static void
rb_sqlite_store_init (RbSqliteStore *self)
{
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "rb-sqlite-store");
  g_source_set_callback (self->source, on_done, self, NULL);
  self->queue_max = RB_STORE_QUEUE_MAX;
}

static void
store_iface_init (RbStoreInterface *iface)
{
  iface->commit = rb_sqlite_store_commit;
  iface->load = rb_sqlite_store_load;
  iface->read_async = rb_sqlite_store_read_async;
  iface->read_finish = rb_sqlite_store_read_finish;
  iface->read_range_async = rb_sqlite_store_read_range_async;
  iface->search_async = rb_sqlite_store_search_async;
  iface->get_health = rb_sqlite_store_get_health;
}

/**
 * rb_sqlite_store_open:
 * @path: the file; created (0600) when missing, in a directory that exists
 * @error: return location for a #GError
 *
 * Opens, checks and migrates the database, and starts its thread. Callbacks come on the thread-default main context of this
 * call, and every other call must come from its thread.
 *
 * Fails with %RB_ERROR_CORRUPT ("database_damaged", "database_newer", "database_foreign", "schema_mismatch") and with
 * %RB_ERROR_UNAVAILABLE ("read_only", "disk_full", "locked", "io_error"); the text says what to do.
 *
 * Returns: (transfer full) (nullable): the store
 */
RbSqliteStore *
rb_sqlite_store_open (const char  *path,
                      GError     **error)
{
  g_autoptr(GMainContext) context = NULL;
  RbSqliteStore *self;
  RbSql *sql;

  g_return_val_if_fail (path != NULL, NULL);

  sql = rb_store_open_database (path, RB_STORE_CHECK_LIMIT_BYTES, error);
  if (sql == NULL)
    return NULL;

  self = g_object_new (RB_TYPE_SQLITE_STORE, NULL);
  context = g_main_context_ref_thread_default ();
  g_source_attach (self->source, context);
  self->thread = rb_store_thread_new (sql, on_wake, self->source);
  return self;
}

/**
 * rb_sqlite_store_close:
 * @self: the store
 *
 * Commits what is queued, calls back for it, folds the log into the database and closes it. Blocks. Where commits are failing
 * there is one last try, then they are answered with an error.
 */
void
rb_sqlite_store_close (RbSqliteStore *self)
{
  g_return_if_fail (RB_IS_SQLITE_STORE (self));

  if (self->closed)
    return;

  self->closed = TRUE;
  rb_store_thread_stop (self->thread);
  /* Only what was there: a callback may queue a commit, which is refused, again and again. */
  answer_up_to (self, rb_store_thread_get_n_done (self->thread));
}

void
rb_sqlite_store_get_counters (RbSqliteStore *self,
                              guint64       *synced,
                              guint64       *lazy,
                              guint64       *changes)
{
  RbStoreCounters counters;

  g_return_if_fail (RB_IS_SQLITE_STORE (self));

  rb_store_thread_get_counters (self->thread, &counters);
  *synced = counters.synced;
  *lazy = counters.lazy;
  *changes = counters.changes;
}

/**
 * rb_sqlite_store_make_bounds:
 * @self: the store
 * @clock: says when a limit was reached
 * @queue_max: bytes of commits that may wait for the disk before new work is refused
 *
 * Returns: (transfer none): what is counted from here on
 */
RbBounds *
rb_sqlite_store_make_bounds (RbSqliteStore *self,
                             RbClock       *clock,
                             gsize          queue_max)
{
  g_return_val_if_fail (RB_IS_SQLITE_STORE (self) && self->bounds == NULL, NULL);

  self->queue_max = queue_max;
  self->bounds = rb_bounds_new (infos, N_BOUNDS, clock);
  rb_bounds_set_limit (self->bounds, BOUND_QUEUE, queue_max);
  return self->bounds;
}
