/* rb-store-plain.c: ranges and searches for a store that has neither
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-store-plain.h"

/* Reads whole tables and picks: for stores of tests, which are small. */

typedef struct {
  RbRange range;
} Range;

static void
range_free (Range *self)
{
  g_clear_pointer (&self->range.from, g_variant_unref);
  g_clear_pointer (&self->range.below, g_variant_unref);
  g_free (self);
}

static GVariant *
dup_column (GVariant *row,
            guint     column)
{
  GVariant *value = g_variant_get_child_value (row, column);
  GVariant *inner;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    return value;
  inner = g_variant_get_maybe (value);
  g_variant_unref (value);
  return inner;
}

static gboolean
is_within (GVariant      *row,
           const RbRange *range)
{
  g_autoptr(GVariant) value = dup_column (row, range->column);

  return value != NULL && (range->from == NULL || g_variant_compare (value, range->from) >= 0) &&
         (range->below == NULL || g_variant_compare (value, range->below) < 0);
}

static int
compare_columns (gconstpointer a,
                 gconstpointer b,
                 gpointer      user_data)
{
  const RbRange *range = user_data;
  g_autoptr(GVariant) first = dup_column (*(GVariant *const *) a, range->column);
  g_autoptr(GVariant) second = dup_column (*(GVariant *const *) b, range->column);
  int order = g_variant_compare (first, second);

  if (order == 0 && range->is_last_first)
    {
      g_autoptr(GVariant) key = g_variant_get_child_value (*(GVariant *const *) a, 0);
      g_autoptr(GVariant) other_key = g_variant_get_child_value (*(GVariant *const *) b, 0);

      return g_variant_compare (other_key, key);
    }
  return order;
}

static void
on_range_read (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Range *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);
  GPtrArray *picked;

  if (rows == NULL)
    return;

  picked = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (guint i = 0; i < rows->len; i++)
    if (is_within (g_ptr_array_index (rows, i), &self->range))
      g_ptr_array_add (picked, g_variant_ref (g_ptr_array_index (rows, i)));
  g_ptr_array_sort_with_data (picked, compare_columns, &self->range);
  g_ptr_array_set_size (picked, (int) MIN (picked->len, self->range.limit));
  g_task_return_pointer (task, picked, (GDestroyNotify) g_ptr_array_unref);
}

void
rb_store_plain_range_async (RbStore             *store,
                            const RbRange       *range,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task = g_task_new (store, cancellable, callback, user_data);
  Range *self = g_new (Range, 1);

  self->range = *range;
  if (range->from != NULL)
    g_variant_ref_sink (range->from);
  if (range->below != NULL)
    g_variant_ref_sink (range->below);
  g_task_set_task_data (task, self, (GDestroyNotify) range_free);
  rb_store_read_async (store, range->table, g_variant_new ("()"), cancellable, on_range_read, task);
}

typedef struct {
  RbSearch   search;
  char      *kind, *name, *endpoint_id;
  GPtrArray *rows;      /* of the archive; NULL: not read yet */
} Search;

static void
search_free (Search *self)
{
  rb_search_query_unref (self->search.query);
  g_free (self->kind);
  g_free (self->name);
  g_free (self->endpoint_id);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_free (self);
}

static gboolean
is_wanted (GVariant       *row,
           const RbSearch *search)
{
  const char *kind, *name, *endpoint_id;
  gint64 n, begun_at;

  g_variant_get (row, "(x&s&s&sm&smsmsmsxxsx)", &n, &kind, NULL, &name, &endpoint_id, NULL, NULL, NULL, &begun_at, NULL, NULL, NULL);
  return (search->kind == NULL || g_str_equal (kind, search->kind)) && (search->name == NULL || g_str_equal (name, search->name)) &&
         (search->endpoint_id == NULL || g_strcmp0 (endpoint_id, search->endpoint_id) == 0) &&
         begun_at >= search->since && (search->until == 0 || begun_at < search->until) && (search->before == 0 || n < search->before);
}

static GHashTable *
index_texts (GPtrArray *texts)
{
  GHashTable *by_n = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < texts->len; i++)
    {
      gint64 *n = g_new (gint64, 1);
      const char *text;

      g_variant_get (g_ptr_array_index (texts, i), "(x&s)", n, &text);
      g_hash_table_insert (by_n, n, (gpointer) text);
    }
  return by_n;
}

static GPtrArray *
pick (Search    *self,
      GPtrArray *texts)
{
  g_autoptr(GHashTable) by_n = index_texts (texts);
  GPtrArray *picked = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (guint i = self->rows->len; i-- > 0 && picked->len < self->search.limit;)
    {
      GVariant *row = g_ptr_array_index (self->rows, i);
      g_autofree char *snippet = NULL;
      const char *text;
      gint64 n;

      g_variant_get_child (row, 0, "x", &n);
      text = g_hash_table_lookup (by_n, &n);
      if (text != NULL && is_wanted (row, &self->search) && rb_search_query_matches (self->search.query, text, &snippet))
        g_ptr_array_add (picked, g_variant_ref_sink (g_variant_new ("(@*s)", row, snippet)));
    }
  return picked;
}

static void
on_search_read (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Search *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;
  if (self->rows != NULL)
    g_task_return_pointer (task, pick (self, rows), (GDestroyNotify) g_ptr_array_unref);
  else
    {
      self->rows = g_steal_pointer (&rows);
      rb_store_read_async (RB_STORE (source), RB_TABLE_ARCHIVE_TEXT, g_variant_new ("()"), NULL, on_search_read, g_steal_pointer (&task));
    }
}

void
rb_store_plain_search_async (RbStore             *store,
                             const RbSearch      *search,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GTask *task = g_task_new (store, cancellable, callback, user_data);
  Search *self = g_new0 (Search, 1);

  self->search = *search;
  rb_search_query_ref (search->query);
  self->search.kind = self->kind = g_strdup (search->kind);
  self->search.name = self->name = g_strdup (search->name);
  self->search.endpoint_id = self->endpoint_id = g_strdup (search->endpoint_id);
  g_task_set_task_data (task, self, (GDestroyNotify) search_free);
  rb_store_read_async (store, RB_TABLE_ARCHIVE, g_variant_new ("()"), cancellable, on_search_read, task);
}
