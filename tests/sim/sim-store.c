/* sim-store.c: a disk that writes when told to, and keeps what a crash would leave
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-store.h"

#include "rb-error.h"
#include "sim-clock.h"

/* What SQLite promises in WAL mode, and no more: a transaction is whole or not there; a sync makes it and all before it survive a power
 * loss; without one a power loss takes away any number of the newest transactions, in order. */

typedef struct {
  RbChanges        *changes;   /* NULL: a read */
  RbStoreCommitted  done;
  gpointer          user_data;
  GTask            *read;
  GError           *error;
} Item;

typedef struct {
  RbTable   table;
  char     *key;
  GVariant *before;    /* NULL: there was no row */
  guint     number;    /* of the transaction since the last sync, from 0 */
} Undo;

typedef struct {
  RbTable   table;
  GVariant *prefix;
} Read;

struct _SimStore {
  GObject        parent_instance;

  SimStoreWatch  watch;
  gpointer       user_data;
  GTree         *tables[RB_N_TABLES];   /* key text to row */
  GQueue         waiting;               /* of Item */
  GQueue         written;               /* of Item */
  GArray        *journal;               /* of Undo, since the last sync */
  guint          n_unsynced;
  guint64        n_transactions;
  RbStoreHealth  health;
  gboolean       is_dead;
  guint          idle;
};

static void store_iface_init (RbStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimStore, sim_store, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (RB_TYPE_STORE, store_iface_init))

/* Numbers sort as text of one length; none of ours is negative in a key. */
char *
sim_store_key (GVariant *row,
               guint     n_columns)
{
  GString *key = g_string_sized_new (64);

  for (guint i = 0; i < n_columns; i++)
    {
      g_autoptr(GVariant) column = g_variant_get_child_value (row, i);

      if (g_variant_is_of_type (column, G_VARIANT_TYPE_STRING))
        g_string_append (key, g_variant_get_string (column, NULL));
      else
        g_string_append_printf (key, "%016" G_GINT64_MODIFIER "x", g_variant_get_int64 (column));
      g_string_append_c (key, '\x1f');
    }
  return g_string_free (key, FALSE);
}

static int
compare_keys (gconstpointer a,
              gconstpointer b,
              gpointer      user_data)
{
  return g_strcmp0 (a, b);
}

static void
undo_clear (gpointer data)
{
  Undo *undo = data;

  g_free (undo->key);
  g_clear_pointer (&undo->before, g_variant_unref);
}

static void
item_free (Item *item)
{
  g_clear_pointer (&item->changes, rb_changes_free);
  g_clear_error (&item->error);
  g_clear_object (&item->read);
  g_free (item);
}

/* Takes @key. @after: NULL removes the row. */
static void
set_row (SimStore *self,
         RbTable   table,
         char     *key,
         GVariant *after,
         gboolean  is_undone)
{
  GVariant *known = g_tree_lookup (self->tables[table], key);
  g_autoptr(GVariant) before = known != NULL ? g_variant_ref (known) : NULL;

  if (!is_undone)
    {
      Undo undo = { table, g_strdup (key), before != NULL ? g_variant_ref (before) : NULL, self->n_unsynced };

      g_array_append_val (self->journal, undo);
    }
  self->watch.row (table, after != NULL ? after : before, before, after, self->user_data);
  if (after != NULL)
    g_tree_replace (self->tables[table], key, g_variant_ref (after));
  else
    {
      g_tree_remove (self->tables[table], key);
      g_free (key);
    }
}

static GPtrArray *
find_keys (GTree      *table,
           const char *prefix)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);

  for (GTreeNode *node = g_tree_lower_bound (table, prefix); node != NULL; node = g_tree_node_next (node))
    {
      if (!g_str_has_prefix (g_tree_node_key (node), prefix))
        break;
      g_ptr_array_add (keys, g_strdup (g_tree_node_key (node)));
    }
  return keys;
}

static void
apply (SimStore       *self,
       const RbChange *change)
{
  const RbTableInfo *info = rb_table_get_info (change->table);
  g_autoptr(GPtrArray) keys = NULL;
  g_autofree char *prefix = NULL;

  if (change->op == RB_CHANGE_PUT)
    {
      set_row (self, change->table, sim_store_key (change->row, info->n_key), change->row, FALSE);
      return;
    }

  prefix = sim_store_key (change->row, (guint) g_variant_n_children (change->row));
  keys = find_keys (self->tables[change->table], prefix);
  for (guint i = 0; i < keys->len; i++)
    set_row (self, change->table, g_strdup (g_ptr_array_index (keys, i)), NULL, FALSE);
}

static void
forget_journal (SimStore *self)
{
  g_array_set_size (self->journal, 0);
  self->n_unsynced = 0;
}

static GPtrArray *
find_rows (SimStore   *self,
           const Read *read)
{
  g_autofree char *prefix = sim_store_key (read->prefix, (guint) g_variant_n_children (read->prefix));
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (GTreeNode *node = g_tree_lower_bound (self->tables[read->table], prefix); node != NULL; node = g_tree_node_next (node))
    {
      if (!g_str_has_prefix (g_tree_node_key (node), prefix))
        break;
      g_ptr_array_add (rows, g_variant_ref (g_tree_node_value (node)));
    }
  return rows;
}

static void
tell_item (SimStore *self,
           Item     *item)
{
  if (item->read == NULL)
    {
      if (item->done != NULL)
        item->done (RB_STORE (self), item->error, item->user_data);
    }
  else if (item->error != NULL)
    g_task_return_error (item->read, g_steal_pointer (&item->error));
  else
    g_task_return_pointer (item->read, find_rows (self, g_task_get_task_data (item->read)), (GDestroyNotify) g_ptr_array_unref);
  item_free (item);
}

static void
fail_all (SimStore *self)
{
  Item *item;

  while ((item = g_queue_pop_head (&self->written)) != NULL || (item = g_queue_pop_head (&self->waiting)) != NULL)
    {
      if (item->error == NULL)
        item->error = rb_error_new (RB_ERROR_CORRUPT, "database_damaged", "the process is gone");
      tell_item (self, item);
    }
}

static gboolean
on_idle (gpointer user_data)
{
  SimStore *self = user_data;

  self->idle = 0;
  fail_all (self);
  return G_SOURCE_REMOVE;
}

static void
add_item (SimStore *self,
          Item     *item)
{
  g_queue_push_tail (&self->waiting, item);
  if (self->is_dead && self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_idle, self, NULL);
}

static void
store_commit (RbStore          *store,
              RbChanges        *changes,
              RbStoreCommitted  done,
              gpointer          user_data)
{
  Item *item = g_new0 (Item, 1);

  item->changes = changes;
  item->done = done;
  item->user_data = user_data;
  add_item (SIM_STORE (store), item);
}

static gboolean
store_load (RbStore         *store,
            RbTable          table,
            RbStoreRowFunc   row,
            gpointer         user_data,
            GError         **error)
{
  sim_store_foreach (SIM_STORE (store), table, row, user_data);
  return TRUE;
}

static void
read_free (gpointer data)
{
  Read *read = data;

  g_variant_unref (read->prefix);
  g_free (read);
}

static void
store_read_async (RbStore             *store,
                  RbTable              table,
                  GVariant            *prefix,
                  GCancellable        *cancellable,
                  GAsyncReadyCallback  callback,
                  gpointer             user_data)
{
  Item *item = g_new0 (Item, 1);
  Read *read = g_new (Read, 1);

  *read = (Read) { table, g_variant_ref_sink (prefix) };
  item->read = g_task_new (store, cancellable, callback, user_data);
  g_task_set_task_data (item->read, read, read_free);
  add_item (SIM_STORE (store), item);
}

static GPtrArray *
store_read_finish (RbStore       *store,
                   GAsyncResult  *result,
                   GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static RbStoreHealth
store_get_health (RbStore     *store,
                  const char **reason)
{
  SimStore *self = SIM_STORE (store);

  if (reason != NULL)
    *reason = self->health != RB_STORE_OK ? "disk full" : NULL;
  return self->health;
}

static void
store_iface_init (RbStoreInterface *iface)
{
  iface->commit = store_commit;
  iface->load = store_load;
  iface->read_async = store_read_async;
  iface->read_finish = store_read_finish;
  iface->get_health = store_get_health;
}

static void
sim_store_finalize (GObject *object)
{
  SimStore *self = SIM_STORE (object);

  g_clear_handle_id (&self->idle, g_source_remove);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) item_free);
  g_queue_clear_full (&self->written, (GDestroyNotify) item_free);
  g_array_unref (self->journal);
  for (guint i = 0; i < RB_N_TABLES; i++)
    g_tree_unref (self->tables[i]);
  G_OBJECT_CLASS (sim_store_parent_class)->finalize (object);
}

static void
sim_store_class_init (SimStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sim_store_finalize;
}

static void
sim_store_init (SimStore *self)
{
  g_queue_init (&self->waiting);
  g_queue_init (&self->written);
  self->journal = g_array_new (FALSE, FALSE, sizeof (Undo));
  g_array_set_clear_func (self->journal, undo_clear);
  for (guint i = 0; i < RB_N_TABLES; i++)
    self->tables[i] = g_tree_new_full (compare_keys, NULL, g_free, (GDestroyNotify) g_variant_unref);
}

SimStore *
sim_store_new (const SimStoreWatch *watch,
               gpointer             user_data)
{
  SimStore *self = g_object_new (SIM_TYPE_STORE, NULL);

  self->watch = *watch;
  self->user_data = user_data;
  return self;
}

guint
sim_store_get_n_waiting (SimStore *self)
{
  return self->waiting.length;
}

guint
sim_store_get_n_written (SimStore *self)
{
  return self->written.length;
}

static void
write_item (SimStore *self,
            Item     *item,
            gboolean *is_lazy)
{
  guint n = item->changes != NULL ? rb_changes_get_n (item->changes) : 0;

  for (guint i = 0; i < n; i++)
    apply (self, rb_changes_get (item->changes, i));
  if (n > 0)
    self->watch.commit (self->user_data);
  *is_lazy &= item->changes == NULL || n == 0 || rb_changes_is_lazy (item->changes);
  g_queue_push_tail (&self->written, item);
}

void
sim_store_write (SimStore *self,
                 guint     n)
{
  guint length = self->journal->len;
  gboolean is_lazy = TRUE;

  if (self->health != RB_STORE_OK || self->is_dead)
    return;

  for (; n > 0 && self->waiting.length > 0; n--)
    write_item (self, g_queue_pop_head (&self->waiting), &is_lazy);
  if (self->journal->len > length)
    {
      self->n_transactions++;
      self->n_unsynced++;
    }
  if (!is_lazy)
    forget_journal (self);
}

void
sim_store_tell (SimStore *self,
                guint     n)
{
  for (; n > 0 && self->written.length > 0; n--)
    {
      tell_item (self, g_queue_pop_head (&self->written));
      sim_settle ();
    }
}

void
sim_store_set_health (SimStore      *self,
                      RbStoreHealth  health)
{
  if (self->health == health)
    return;
  self->health = health;
  rb_store_emit_health_changed (RB_STORE (self));
}

void
sim_store_die (SimStore *self)
{
  self->is_dead = TRUE;
  fail_all (self);
}

guint
sim_store_lose_power (SimStore *self,
                      guint     n_kept)
{
  guint n = self->n_unsynced;

  while (self->journal->len > 0)
    {
      Undo *undo = &g_array_index (self->journal, Undo, self->journal->len - 1);

      if (undo->number < n_kept)
        break;
      set_row (self, undo->table, g_steal_pointer (&undo->key), undo->before, TRUE);
      g_array_set_size (self->journal, self->journal->len - 1);
    }
  self->watch.commit (self->user_data);
  forget_journal (self);
  return n;
}

guint
sim_store_get_n_unsynced (SimStore *self)
{
  return self->n_unsynced;
}

/* What was written and not synced is on the disk by the time that another process reads it; a kill does not take it away. */
void
sim_store_revive (SimStore *self)
{
  g_assert_cmpuint (self->waiting.length + self->written.length, ==, 0);
  self->is_dead = FALSE;
  self->health = RB_STORE_OK;
}

GVariant *
sim_store_peek_synced (SimStore   *self,
                       RbTable     table,
                       const char *key)
{
  for (guint i = 0; i < self->journal->len; i++)
    {
      const Undo *undo = &g_array_index (self->journal, Undo, i);

      if (undo->table == table && g_str_equal (undo->key, key))
        return undo->before;
    }
  return sim_store_peek (self, table, key);
}

GVariant *
sim_store_peek (SimStore   *self,
                RbTable     table,
                const char *key)
{
  return g_tree_lookup (self->tables[table], key);
}

guint
sim_store_count (SimStore *self,
                 RbTable   table)
{
  return (guint) g_tree_nnodes (self->tables[table]);
}

void
sim_store_foreach (SimStore       *self,
                   RbTable         table,
                   RbStoreRowFunc  row,
                   gpointer        user_data)
{
  for (GTreeNode *node = g_tree_node_first (self->tables[table]); node != NULL; node = g_tree_node_next (node))
    row (g_tree_node_value (node), user_data);
}

guint64
sim_store_get_n_transactions (SimStore *self)
{
  return self->n_transactions;
}
