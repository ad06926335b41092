/* store-fixture.c: a store in a directory of its own, and rows to put in it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store-fixture.h"

void
store_fixture_set_up (StoreFixture  *self,
                      gconstpointer  data)
{
  self->dir = rb_test_make_dir ();
  self->path = g_build_filename (self->dir, "broker.db", NULL);
  store_fixture_open (self);
}

void
store_fixture_tear_down (StoreFixture  *self,
                         gconstpointer  data)
{
  if (self->store != NULL)
    store_fixture_close (self);
  g_free (self->dir);
  g_free (self->path);
}

void
store_fixture_open (StoreFixture *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (self->store);
  self->store = rb_sqlite_store_open (self->path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->store);
}

void
store_fixture_close (StoreFixture *self)
{
  rb_sqlite_store_close (self->store);
  g_assert_finalize_object (g_steal_pointer (&self->store));
}

static GVariant *
make_value (const GVariantType *type,
            guint               seed)
{
  static const char *const texts[] = {
    "", "plain", "quote's \"and\" back\\slash", "\t\r\n line\xc2\x85 ends \xe2\x80\xa8",
    "\xc3\xa9\xcc\x81 \xe2\x80\x8f\xd7\x90",
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "\xef\xbf\xbe\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "{\"a\":[1,null]}", "?1 :x @y; --",
    "\x01\x7f",
  };
  static const gint64 numbers[] = { 0, 1, -1, G_MAXINT64, G_MININT64, G_GINT64_CONSTANT (1767225600000) };

  if (g_variant_type_equal (type, G_VARIANT_TYPE_INT64))
    return g_variant_new_int64 (numbers[seed % G_N_ELEMENTS (numbers)]);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_new_boolean (seed % 2);
  return g_variant_new_string (texts[seed % G_N_ELEMENTS (texts)]);
}

static GVariant *
make_key (const GVariantType *type,
          guint               key)
{
  if (g_variant_type_equal (type, G_VARIANT_TYPE_INT64))
    return g_variant_new_int64 (key);
  return g_variant_new_take_string (g_strdup_printf ("k%06u", key));
}

GVariant *
store_make_row (RbTable table,
                guint   key,
                guint   seed)
{
  const RbTableInfo *info = rb_table_get_info (table);
  g_autoptr(GPtrArray) values = g_ptr_array_new ();
  const GVariantType *type;

  for (type = g_variant_type_first (G_VARIANT_TYPE (info->type)); type != NULL; type = g_variant_type_next (type))
    {
      guint column = values->len;

      if (column < info->n_key)
        g_ptr_array_add (values, make_key (type, key));
      else if (!g_variant_type_is_maybe (type))
        g_ptr_array_add (values, make_value (type, seed + column));
      else if ((seed + column) % 2 == 0)
        g_ptr_array_add (values, g_variant_new_maybe (g_variant_type_element (type), NULL));
      else
        g_ptr_array_add (values, g_variant_new_maybe (NULL, make_value (g_variant_type_element (type), seed + column)));
    }
  return g_variant_new_tuple ((GVariant *const *) values->pdata, values->len);
}

GVariant *
store_make_prefix (GVariant *row,
                   guint     n)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (values, g_variant_get_child_value (row, i));
  return g_variant_new_tuple ((GVariant *const *) values->pdata, values->len);
}

RbChanges *
store_change_meta (const char *name,
                   const char *value)
{
  RbChanges *changes = rb_changes_new ();

  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", name, value));
  return changes;
}

void
store_count_done (RbStore      *store,
                  const GError *error,
                  gpointer      user_data)
{
  guint *n = user_data;

  g_assert_no_error (error);
  (*n)++;
}

void
store_put_meta (RbSqliteStore *store,
                const char    *name,
                const char    *value)
{
  guint n = 0;

  rb_store_commit (RB_STORE (store), store_change_meta (name, value), store_count_done, &n);
  rb_test_wait_until (n == 1);
}

static void
keep_row (GVariant *row,
          gpointer  user_data)
{
  g_ptr_array_add (user_data, g_variant_ref (row));
}

GPtrArray *
store_load (RbSqliteStore *store,
            RbTable        table)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr(GError) error = NULL;

  rb_store_load (RB_STORE (store), table, keep_row, rows, &error);
  g_assert_no_error (error);
  return rows;
}

char *
store_dup_meta (RbSqliteStore *store,
                const char    *name)
{
  g_autoptr(GPtrArray) rows = store_load (store, RB_TABLE_META);

  for (guint i = 0; i < rows->len; i++)
    {
      const char *found;
      const char *value;

      g_variant_get (g_ptr_array_index (rows, i), "(&s&s)", &found, &value);
      if (g_str_equal (found, name))
        return g_strdup (value);
    }
  return NULL;
}

guint64
store_get_synced (RbSqliteStore *store)
{
  guint64 synced, lazy, changes;

  rb_sqlite_store_get_counters (store, &synced, &lazy, &changes);
  return synced;
}

guint64
store_get_lazy (RbSqliteStore *store)
{
  guint64 synced, lazy, changes;

  rb_sqlite_store_get_counters (store, &synced, &lazy, &changes);
  return lazy;
}
