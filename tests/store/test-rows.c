/* test-rows.c: what is put into a store comes out the same
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store-fixture.h"

#include <string.h>

#define N_ROWS 24

static void
assert_same (GVariant *found,
             GVariant *wanted)
{
  g_autofree char *found_text = g_variant_print (found, TRUE);
  g_autofree char *wanted_text = g_variant_print (wanted, TRUE);

  g_assert_cmpstr (found_text, ==, wanted_text);
  g_assert_true (g_variant_equal (found, wanted));
}

static void
test_every_table (StoreFixture  *fixture,
                  gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("Every table gives back, after a restart, each row as it was put, nulls and odd texts included, in key order.");

  for (guint table = 0; table < RB_N_TABLES; table++)
    {
      RbChanges *changes = rb_changes_new ();

      for (guint key = N_ROWS; key > 0; key--)
        rb_changes_put (changes, table, store_make_row (table, key, key));
      rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
    }
  rb_test_wait_until (n == RB_N_TABLES);
  store_fixture_close (fixture);
  store_fixture_open (fixture);

  for (guint table = 0; table < RB_N_TABLES; table++)
    {
      g_autoptr(GPtrArray) rows = store_load (fixture->store, table);

      g_assert_cmpuint (rows->len, ==, N_ROWS);
      for (guint i = 0; i < rows->len; i++)
        {
          g_autoptr(GVariant) wanted = g_variant_ref_sink (store_make_row (table, i + 1, i + 1));

          assert_same (g_ptr_array_index (rows, i), wanted);
        }
    }
}

static void
test_replaces (StoreFixture  *fixture,
               gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("A put replaces the whole row of the same key.");

  for (guint table = 0; table < RB_N_TABLES; table++)
    for (guint seed = 0; seed < 5; seed++)
      {
        RbChanges *changes = rb_changes_new ();

        rb_changes_put (changes, table, store_make_row (table, 1, seed));
        rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
      }

  for (guint table = 0; table < RB_N_TABLES; table++)
    {
      g_autoptr(GPtrArray) rows = store_load (fixture->store, table);
      g_autoptr(GVariant) wanted = g_variant_ref_sink (store_make_row (table, 1, 4));

      g_assert_cmpuint (rows->len, ==, 1);
      assert_same (g_ptr_array_index (rows, 0), wanted);
    }
  rb_test_wait_until (n == RB_N_TABLES * 5);
}

static void
test_large_text (StoreFixture  *fixture,
                 gconstpointer  data)
{
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');
  g_autoptr(GPtrArray) rows = NULL;
  const char *name;
  const char *value;

  g_test_summary ("A value of 1 MiB comes back whole.");

  memcpy (large + 1000000, "\xe2\x82\xac", 3);
  store_put_meta (fixture->store, "large", large);
  store_fixture_close (fixture);
  store_fixture_open (fixture);

  rows = store_load (fixture->store, RB_TABLE_META);
  g_assert_cmpuint (rows->len, ==, 1);
  g_variant_get (g_ptr_array_index (rows, 0), "(&s&s)", &name, &value);
  g_assert_cmpstr (name, ==, "large");
  g_assert_true (strcmp (value, large) == 0);
}

static void
put_grid (StoreFixture *fixture)
{
  RbChanges *changes = rb_changes_new ();
  guint n = 0;

  for (guint message = 0; message < 4; message++)
    for (guint i = 0; i < 5; i++)
      {
        g_autofree char *id = g_strdup_printf ("m%u", message);

        rb_changes_put (changes, RB_TABLE_CORRELATIONS,
                        g_variant_new ("(sssx)", id, i < 3 ? "received" : "sent", i % 2 == 0 ? "even" : "odd", (gint64) i));
      }
  rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
  rb_test_wait_until (n == 1);
}

static guint
count_rows (StoreFixture *fixture)
{
  g_autoptr(GPtrArray) rows = store_load (fixture->store, RB_TABLE_CORRELATIONS);

  return rows->len;
}

static void
delete_key (StoreFixture *fixture,
            GVariant     *key)
{
  RbChanges *changes = rb_changes_new ();

  rb_changes_delete (changes, RB_TABLE_CORRELATIONS, key);
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
}

static void
test_delete (StoreFixture  *fixture,
             gconstpointer  data)
{
  g_test_summary ("A delete takes the row of a whole key, or all rows of a prefix, and nothing else.");

  put_grid (fixture);
  g_assert_cmpuint (count_rows (fixture), ==, 16);

  delete_key (fixture, g_variant_new ("(sss)", "m0", "received", "even"));
  g_assert_cmpuint (count_rows (fixture), ==, 15);
  delete_key (fixture, g_variant_new ("(sss)", "m0", "received", "even"));
  g_assert_cmpuint (count_rows (fixture), ==, 15);
  delete_key (fixture, g_variant_new ("(ss)", "m1", "sent"));
  g_assert_cmpuint (count_rows (fixture), ==, 13);
  delete_key (fixture, g_variant_new ("(s)", "m2"));
  g_assert_cmpuint (count_rows (fixture), ==, 9);
  delete_key (fixture, g_variant_new ("(s)", "m"));
  g_assert_cmpuint (count_rows (fixture), ==, 9);
}

static void
test_order_in_a_set (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_autoptr(GPtrArray) rows = NULL;
  RbChanges *changes = rb_changes_new ();

  g_test_summary ("Changes of one set are made in their order.");

  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", "a", "1"));
  rb_changes_delete (changes, RB_TABLE_META, g_variant_new ("(s)", "a"));
  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", "b", "2"));
  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", "b", "3"));
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);

  rows = store_load (fixture->store, RB_TABLE_META);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpint (g_variant_n_children (g_ptr_array_index (rows, 0)), ==, 2);
}

static GPtrArray *
read_prefix (StoreFixture *fixture,
             GVariant     *prefix)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GPtrArray *rows;

  rb_store_read_async (RB_STORE (fixture->store), RB_TABLE_CORRELATIONS, prefix, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rows = rb_store_read_finish (RB_STORE (fixture->store), result, &error);
  g_assert_no_error (error);
  return rows;
}

static void
test_read_prefix (StoreFixture  *fixture,
                  gconstpointer  data)
{
  g_autoptr(GPtrArray) all = NULL;
  g_autoptr(GPtrArray) one = NULL;
  g_autoptr(GPtrArray) some = NULL;
  g_autoptr(GPtrArray) none = NULL;

  g_test_summary ("A read gives the rows of a prefix, in key order.");

  put_grid (fixture);
  all = read_prefix (fixture, g_variant_new_tuple (NULL, 0));
  g_assert_cmpuint (all->len, ==, 16);
  some = read_prefix (fixture, g_variant_new ("(s)", "m1"));
  g_assert_cmpuint (some->len, ==, 4);
  one = read_prefix (fixture, g_variant_new ("(sss)", "m1", "sent", "odd"));
  g_assert_cmpuint (one->len, ==, 1);
  none = read_prefix (fixture, g_variant_new ("(s)", "nobody"));
  g_assert_cmpuint (none->len, ==, 0);
}

static void
test_read_sees_commits (StoreFixture  *fixture,
                        gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) rows = NULL;
  g_autoptr(GError) error = NULL;
  RbChanges *lazy = store_change_meta ("b", "lazy");
  const char *value;

  g_test_summary ("A read sees what was queued before it, and nothing that was queued later.");

  rb_changes_set_lazy (lazy, TRUE);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "urgent"), NULL, NULL);
  rb_store_commit (RB_STORE (fixture->store), lazy, NULL, NULL);
  rb_store_read_async (RB_STORE (fixture->store), RB_TABLE_META, g_variant_new_tuple (NULL, 0), NULL,
                       rb_test_store_result, &result);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("b", "later"), NULL, NULL);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("c", "later"), NULL, NULL);

  rb_test_wait_until (result != NULL);
  rows = rb_store_read_finish (RB_STORE (fixture->store), result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 2);
  g_variant_get_child (g_ptr_array_index (rows, 1), 1, "&s", &value);
  g_assert_cmpstr (value, ==, "lazy");
}

static void
test_read_cancelled (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A cancelled read completes once, with that error.");

  rb_store_read_async (RB_STORE (fixture->store), RB_TABLE_META, g_variant_new_tuple (NULL, 0), cancellable,
                       rb_test_store_result, &result);
  g_cancellable_cancel (cancellable);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_store_read_finish (RB_STORE (fixture->store), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Serialises rows that the thread is binding, which frees the children they were built from. */
static void
test_row_in_use (StoreFixture  *fixture,
                 gconstpointer  data)
{
  g_autoptr(GPtrArray) rows = NULL;
  guint n = 0;

  g_test_summary ("A row may be used by others while it is written.");

  for (guint i = 0; i < 500; i++)
    {
      g_autoptr(GVariant) row = g_variant_ref_sink (store_make_row (RB_TABLE_ENDPOINTS, i, i));
      RbChanges *changes = rb_changes_new ();

      rb_changes_put (changes, RB_TABLE_ENDPOINTS, row);
      rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
      g_assert_nonnull (g_variant_get_data (row));
    }
  rb_test_wait_until (n == 500);
  rows = store_load (fixture->store, RB_TABLE_ENDPOINTS);
  g_assert_cmpuint (rows->len, ==, 500);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  STORE_TEST ("/store/rows/every-table", test_every_table);
  STORE_TEST ("/store/rows/replaces", test_replaces);
  STORE_TEST ("/store/rows/large-text", test_large_text);
  STORE_TEST ("/store/rows/delete", test_delete);
  STORE_TEST ("/store/rows/order-in-a-set", test_order_in_a_set);
  STORE_TEST ("/store/rows/in-use", test_row_in_use);
  STORE_TEST ("/store/read/prefix", test_read_prefix);
  STORE_TEST ("/store/read/sees-earlier-commits", test_read_sees_commits);
  STORE_TEST ("/store/read/cancelled", test_read_cancelled);

  return g_test_run ();
}
