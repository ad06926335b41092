/* rb-fake-store.c: a store in memory that commits, waits, fails and forgets when a test says so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-store.h"

#include "rb-error.h"

typedef struct {
  RbChanges        *changes;
  RbStoreCommitted  done;
  gpointer          user_data;
} Waiting;

struct _RbFakeStore {
  GObject        parent_instance;

  GTree         *tables[RB_N_TABLES];   /* key as GVariant to row */
  GTree         *synced[RB_N_TABLES];   /* what they held before the lazy commits since the last durable one; NULL: there was none */
  GQueue         waiting;               /* of Waiting */
  guint          idle;
  gboolean       hold;
  gboolean       is_broken;
  RbStoreHealth  health;
  char          *reason;
  guint          n_durable;
  guint          n_commits;
  guint          crash_at;              /* value of n_commits; 0: never */
  gboolean       crash_keeps;           /* that commit */
  RbFakeStoreCrashed crashed;
  gpointer       crashed_data;
  GArray        *told;                  /* of RbFakeTold */
  guint          n_told_synced;         /* of them before the lazy commits */
  const RbFakeStoreWatcher *watcher;    /* NULL: nobody watches */
  gpointer       watcher_data;
};

static void store_iface_init (RbStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeStore, rb_fake_store, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (RB_TYPE_STORE, store_iface_init))

static int
compare_values (GVariant *a,
                GVariant *b)
{
  if (g_variant_is_of_type (a, G_VARIANT_TYPE_INT64))
    return g_variant_get_int64 (a) < g_variant_get_int64 (b) ? -1 : g_variant_get_int64 (a) > g_variant_get_int64 (b);

  return g_strcmp0 (g_variant_get_string (a, NULL), g_variant_get_string (b, NULL));
}

static int
compare_columns (GVariant *first,
                 GVariant *second,
                 gsize     n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr(GVariant) x = g_variant_get_child_value (first, i);
      g_autoptr(GVariant) y = g_variant_get_child_value (second, i);
      int order = compare_values (x, y);

      if (order != 0)
        return order;
    }
  return 0;
}

/* Keys of different length: the shorter is a prefix, and sorts first. */
static int
compare_keys (gconstpointer a,
              gconstpointer b,
              gpointer      user_data)
{
  GVariant *first = (GVariant *) a;
  GVariant *second = (GVariant *) b;
  gsize n = MIN (g_variant_n_children (first), g_variant_n_children (second));
  int order = compare_columns (first, second, n);

  return order != 0 ? order : (int) g_variant_n_children (first) - (int) g_variant_n_children (second);
}

static GVariant *
leading (GVariant *row,
         gsize     n)
{
  g_autofree GVariant **children = g_new (GVariant *, n);
  GVariant *key;

  for (gsize i = 0; i < n; i++)
    children[i] = g_variant_get_child_value (row, i);
  key = g_variant_ref_sink (g_variant_new_tuple (children, n));
  for (gsize i = 0; i < n; i++)
    g_variant_unref (children[i]);
  return key;
}

/* The keys that begin with @prefix, in order. */
static GPtrArray *
find_keys (GTree    *table,
           GVariant *prefix)
{
  GPtrArray *keys = g_ptr_array_new ();
  gsize n = g_variant_n_children (prefix);

  for (GTreeNode *node = g_tree_lower_bound (table, prefix); node != NULL; node = g_tree_node_next (node))
    {
      GVariant *key = g_tree_node_key (node);

      if (g_variant_n_children (key) < n || compare_columns (key, prefix, n) != 0)
        break;
      g_ptr_array_add (keys, key);
    }
  return keys;
}

static void
note_told (RbFakeStore    *self,
           const RbChange *change)
{
  RbFakeTold told = { change->row, FALSE };
  const char *state;

  if (change->table != RB_TABLE_OUTBOX)
    return;

  g_variant_get_child (change->row, 5, "&s", &state);
  if (!g_str_equal (state, "queued"))
    return;

  g_variant_ref (told.row);
  g_array_append_val (self->told, told);
}

static void
clear_told (gpointer data)
{
  g_variant_unref (((RbFakeTold *) data)->row);
}

/* Before the table has it: the old row is there still. */
static void
show (RbFakeStore *self,
      RbTable      table,
      GVariant    *key,
      GVariant    *new_row)
{
  if (self->watcher != NULL)
    self->watcher->change (self->watcher_data, table, key, g_tree_lookup (self->tables[table], key), new_row);
}

static void
put_row (RbFakeStore    *self,
         const RbChange *change)
{
  GVariant *key = leading (change->row, rb_table_get_info (change->table)->n_key);

  show (self, change->table, key, change->row);
  note_told (self, change);
  g_tree_replace (self->tables[change->table], key, g_variant_ref (change->row));
}

static void
apply_change (RbFakeStore    *self,
              const RbChange *change)
{
  GTree *table = self->tables[change->table];
  g_autoptr(GPtrArray) keys = NULL;

  if (change->op == RB_CHANGE_PUT)
    {
      g_assert_cmpstr (g_variant_get_type_string (change->row), ==, rb_table_get_info (change->table)->type);
      put_row (self, change);
      return;
    }

  keys = find_keys (table, change->row);
  for (guint i = 0; i < keys->len; i++)
    {
      show (self, change->table, g_ptr_array_index (keys, i), NULL);
      g_tree_remove (table, g_ptr_array_index (keys, i));
    }
}

static void
waiting_free (Waiting *waiting)
{
  rb_changes_free (waiting->changes);
  g_free (waiting);
}

static GTree *
new_table (void)
{
  return g_tree_new_full (compare_keys, NULL, (GDestroyNotify) g_variant_unref, (GDestroyNotify) g_variant_unref);
}

static gboolean
copy_row (gpointer key,
          gpointer value,
          gpointer user_data)
{
  g_tree_insert (user_data, g_variant_ref (key), g_variant_ref (value));
  return FALSE;
}

static void
clear_tables (GTree **tables)
{
  for (guint i = 0; i < RB_N_TABLES; i++)
    g_clear_pointer (&tables[i], g_tree_unref);
}

static void
copy_tables (GTree **from,
             GTree **to)
{
  clear_tables (to);
  for (guint i = 0; i < RB_N_TABLES; i++)
    {
      to[i] = new_table ();
      g_tree_foreach (from[i], copy_row, to[i]);
    }
}

static void
die (RbFakeStore *self)
{
  self->is_broken = TRUE;
  self->crashed (self->crashed_data);
}

static void
apply_all (RbFakeStore     *self,
           const RbChanges *changes)
{
  if (rb_changes_get_n (changes) == 0)
    return;

  self->n_commits++;
  if (self->n_commits == self->crash_at && !self->crash_keeps)
    {
      die (self);
      return;
    }

  if (!rb_changes_is_lazy (changes))
    clear_tables (self->synced);
  else if (self->crash_at != 0 && self->synced[0] == NULL)
    {
      copy_tables (self->tables, self->synced);
      self->n_told_synced = self->told->len;
    }
  if (self->watcher != NULL)
    self->watcher->begin (self->watcher_data);
  for (guint i = 0; i < rb_changes_get_n (changes); i++)
    apply_change (self, rb_changes_get (changes, i));
  if (self->watcher != NULL)
    self->watcher->end (self->watcher_data);
  if (!rb_changes_is_lazy (changes))
    self->n_durable++;
  if (self->n_commits == self->crash_at)
    die (self);
}

gboolean
rb_fake_store_commit_one (RbFakeStore *self)
{
  Waiting *waiting = g_queue_pop_head (&self->waiting);
  g_autoptr(GError) error = NULL;

  if (waiting == NULL)
    return FALSE;

  if (!self->is_broken)
    apply_all (self, waiting->changes);
  if (self->is_broken)
    error = rb_error_new (RB_ERROR_CORRUPT, "database_damaged", "the database is damaged");
  if (waiting->done != NULL)
    waiting->done (RB_STORE (self), error, waiting->user_data);
  waiting_free (waiting);
  return TRUE;
}

static gboolean
on_idle (gpointer user_data)
{
  RbFakeStore *self = user_data;
  g_autoptr(RbFakeStore) held = g_object_ref (self);

  self->idle = 0;
  while (!self->hold && rb_fake_store_commit_one (self))
    ;
  return G_SOURCE_REMOVE;
}

static void
wake (RbFakeStore *self)
{
  if (self->idle == 0 && !self->hold)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_idle, self, NULL);
}

static void
rb_fake_store_commit (RbStore          *store,
                      RbChanges        *changes,
                      RbStoreCommitted  done,
                      gpointer          user_data)
{
  RbFakeStore *self = RB_FAKE_STORE (store);
  Waiting *waiting = g_new (Waiting, 1);

  *waiting = (Waiting) { changes, done, user_data };
  g_queue_push_tail (&self->waiting, waiting);
  wake (self);
}

typedef struct {
  RbStoreRowFunc function;
  gpointer       user_data;
} Walk;

static gboolean
visit (gpointer key,
       gpointer value,
       gpointer user_data)
{
  Walk *walk = user_data;

  walk->function (value, walk->user_data);
  return FALSE;
}

static gboolean
rb_fake_store_load (RbStore         *store,
                    RbTable          table,
                    RbStoreRowFunc   row,
                    gpointer         user_data,
                    GError         **error)
{
  Walk walk = { row, user_data };

  g_tree_foreach (RB_FAKE_STORE (store)->tables[table], visit, &walk);
  return TRUE;
}

typedef struct {
  RbTable   table;
  GVariant *prefix;
} Read;

static void
read_free (Read *self)
{
  g_variant_unref (self->prefix);
  g_free (self);
}

static void
on_read_turn (RbStore      *store,
              const GError *error,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbFakeStore *self = RB_FAKE_STORE (store);
  Read *read = g_task_get_task_data (task);
  g_autoptr(GPtrArray) keys = find_keys (self->tables[read->table], read->prefix);
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (guint i = 0; i < keys->len; i++)
    g_ptr_array_add (rows, g_variant_ref (g_tree_lookup (self->tables[read->table], g_ptr_array_index (keys, i))));
  g_task_return_pointer (task, rows, (GDestroyNotify) g_ptr_array_unref);
}

static void
rb_fake_store_read_async (RbStore             *store,
                          RbTable              table,
                          GVariant            *prefix,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GTask *task = g_task_new (store, cancellable, callback, user_data);
  Read *read = g_new (Read, 1);

  *read = (Read) { table, g_variant_ref_sink (prefix) };
  g_task_set_task_data (task, read, (GDestroyNotify) read_free);
  rb_fake_store_commit (store, rb_changes_new (), on_read_turn, task);
}

static GPtrArray *
rb_fake_store_read_finish (RbStore       *store,
                           GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static RbStoreHealth
rb_fake_store_get_health (RbStore     *store,
                          const char **reason)
{
  RbFakeStore *self = RB_FAKE_STORE (store);

  if (reason != NULL)
    *reason = self->reason;
  return self->health;
}

static void
store_iface_init (RbStoreInterface *iface)
{
  iface->commit = rb_fake_store_commit;
  iface->load = rb_fake_store_load;
  iface->read_async = rb_fake_store_read_async;
  iface->read_finish = rb_fake_store_read_finish;
  iface->get_health = rb_fake_store_get_health;
}

static void
rb_fake_store_finalize (GObject *object)
{
  RbFakeStore *self = RB_FAKE_STORE (object);

  g_clear_handle_id (&self->idle, g_source_remove);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) waiting_free);
  clear_tables (self->tables);
  clear_tables (self->synced);
  rb_fake_store_watch (self, NULL, NULL);
  g_array_unref (self->told);
  g_free (self->reason);

  G_OBJECT_CLASS (rb_fake_store_parent_class)->finalize (object);
}

static void
rb_fake_store_class_init (RbFakeStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_store_finalize;
}

static void
rb_fake_store_init (RbFakeStore *self)
{
  g_queue_init (&self->waiting);
  self->told = g_array_new (FALSE, FALSE, sizeof (RbFakeTold));
  g_array_set_clear_func (self->told, clear_told);
  for (guint i = 0; i < RB_N_TABLES; i++)
    self->tables[i] = new_table ();
}

RbFakeStore *
rb_fake_store_new (void)
{
  return g_object_new (RB_TYPE_FAKE_STORE, NULL);
}

void
rb_fake_store_set_hold (RbFakeStore *self,
                        gboolean     hold)
{
  self->hold = hold;
  if (self->waiting.length > 0)
    wake (self);
}

guint
rb_fake_store_get_n_waiting (RbFakeStore *self)
{
  return self->waiting.length;
}

void
rb_fake_store_crash (RbFakeStore *self)
{
  self->is_broken = TRUE;
  self->hold = FALSE;
  while (rb_fake_store_commit_one (self))
    ;
}

void
rb_fake_store_crash_at (RbFakeStore        *self,
                        guint               n,
                        gboolean            is_kept,
                        RbFakeStoreCrashed  crashed,
                        gpointer            user_data)
{
  g_assert_cmpuint (n, >, 0);
  self->crash_at = self->n_commits + n;
  self->crash_keeps = is_kept;
  self->crashed = crashed;
  self->crashed_data = user_data;
}

void
rb_fake_store_live_on (RbFakeStore *self)
{
  self->crash_at = 0;
}

void
rb_fake_store_lose_power (RbFakeStore *self)
{
  g_assert_true (self->is_broken);
  g_assert_cmpuint (self->crash_at, >, 0);
  if (self->synced[0] == NULL)
    return;

  copy_tables (self->synced, self->tables);
  for (guint i = self->n_told_synced; i < self->told->len; i++)
    g_array_index (self->told, RbFakeTold, i).is_lost = TRUE;
}

void
rb_fake_store_revive (RbFakeStore *self)
{
  self->is_broken = FALSE;
  if (self->crash_at <= self->n_commits)
    self->crash_at = 0;
  clear_tables (self->synced);
}

void
rb_fake_store_break (RbFakeStore *self)
{
  self->is_broken = TRUE;
  rb_fake_store_set_health (self, RB_STORE_BROKEN, "the database is damaged");
}

void
rb_fake_store_set_health (RbFakeStore   *self,
                          RbStoreHealth  health,
                          const char    *reason)
{
  self->health = health;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  rb_store_emit_health_changed (RB_STORE (self));
}

void
rb_fake_store_watch (RbFakeStore              *self,
                     const RbFakeStoreWatcher *watcher,
                     gpointer                  user_data)
{
  if (self->watcher != NULL)
    self->watcher->free (self->watcher_data);
  self->watcher = watcher;
  self->watcher_data = user_data;
}

const GArray *
rb_fake_store_get_told (RbFakeStore *self)
{
  return self->told;
}

guint
rb_fake_store_get_n_durable (RbFakeStore *self)
{
  return self->n_durable;
}

guint
rb_fake_store_get_n_commits (RbFakeStore *self)
{
  return self->n_commits;
}

guint
rb_fake_store_count (RbFakeStore *self,
                     RbTable      table)
{
  return g_tree_nnodes (self->tables[table]);
}

static gboolean
collect_row (gpointer key,
             gpointer value,
             gpointer user_data)
{
  g_ptr_array_add (user_data, value);
  return FALSE;
}

GPtrArray *
rb_fake_store_dup_rows (RbFakeStore *self,
                        RbTable      table)
{
  GPtrArray *rows = g_ptr_array_new ();

  g_tree_foreach (self->tables[table], collect_row, rows);
  return rows;
}

GVariant *
rb_fake_store_peek (RbFakeStore *self,
                    RbTable      table,
                    GVariant    *key)
{
  g_autoptr(GVariant) sunk = g_variant_ref_sink (key);

  return g_tree_lookup (self->tables[table], sunk);
}
