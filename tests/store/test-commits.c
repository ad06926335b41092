/* test-commits.c: order, grouping and laziness of commits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store-fixture.h"

#include "rb-error.h"


typedef struct {
  GArray *order;     /* of guint */
  guint   number;
} Numbered;

static void
note_number (RbStore      *store,
             const GError *error,
             gpointer      user_data)
{
  g_autofree Numbered *numbered = user_data;

  g_assert_no_error (error);
  g_array_append_val (numbered->order, numbered->number);
}

static void
commit_numbered (StoreFixture *fixture,
                 GArray       *order,
                 guint         number,
                 gboolean      lazy)
{
  g_autofree char *name = g_strdup_printf ("n%u", number);
  RbChanges *changes = store_change_meta (name, "x");
  Numbered *numbered = g_new0 (Numbered, 1);

  numbered->order = order;
  numbered->number = number;
  rb_changes_set_lazy (changes, lazy);
  rb_store_commit (RB_STORE (fixture->store), changes, note_number, numbered);
}

static void
test_order (StoreFixture  *fixture,
            gconstpointer  data)
{
  g_autoptr(GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));

  g_test_summary ("Callbacks come in the order of the commits, lazy or not, and never from inside the call.");

  for (guint i = 0; i < 1000; i++)
    {
      commit_numbered (fixture, order, i, i % 3 == 0);
      if (i < 10)
        g_assert_cmpuint (order->len, ==, 0);
    }
  rb_test_wait_until (order->len == 1000);
  for (guint i = 0; i < order->len; i++)
    g_assert_cmpuint (g_array_index (order, guint, i), ==, i);
}

static void
test_one_is_one_sync (StoreFixture  *fixture,
                      gconstpointer  data)
{
  RbChanges *changes = rb_changes_new ();
  guint64 synced, lazy, n_changes;
  guint n = 0;

  g_test_summary ("One change set, whatever its size, is one synced commit.");

  for (guint i = 0; i < 20; i++)
    rb_changes_put (changes, RB_TABLE_PLACES, store_make_row (RB_TABLE_PLACES, i, i));
  rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
  rb_test_wait_until (n == 1);

  rb_sqlite_store_get_counters (fixture->store, &synced, &lazy, &n_changes);
  g_assert_cmpuint (synced, ==, 1);
  g_assert_cmpuint (lazy, ==, 0);
  g_assert_cmpuint (n_changes, ==, 20);
}

static void
test_bounded_batch (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');
  guint n = 0;

  g_test_summary ("A transaction is bounded: 20 MiB queued at once take several.");

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);
      RbChanges *changes = store_change_meta (name, large);

      rb_changes_set_lazy (changes, TRUE);
      rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
    }
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("last", ""), store_count_done, &n);
  rb_test_wait_until (n == 21);
  g_assert_cmpuint (store_get_synced (fixture->store), ==, 1);
  g_assert_cmpuint (store_get_lazy (fixture->store), >=, 2);
}

static void
test_lazy_alone (StoreFixture  *fixture,
                 gconstpointer  data)
{
  RbChanges *changes = store_change_meta ("a", "lazy");
  guint n = 0;

  g_test_summary ("Lazy changes alone are committed at once, without a sync.");

  rb_changes_set_lazy (changes, TRUE);
  rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
  rb_test_wait_until (n == 1);
  g_assert_cmpuint (store_get_synced (fixture->store), ==, 0);
  g_assert_cmpuint (store_get_lazy (fixture->store), ==, 1);
}

static void
test_lazy_rides_along (StoreFixture  *fixture,
                       gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("Lazy changes that queue while a commit runs go with the urgent ones that do.");

  for (guint i = 0; i < 64; i++)
    {
      RbChanges *changes = store_change_meta ("a", "lazy");

      rb_changes_set_lazy (changes, TRUE);
      rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
      rb_store_commit (RB_STORE (fixture->store), store_change_meta ("b", "urgent"), store_count_done, &n);
    }
  rb_test_wait_until (n == 128);
  g_assert_cmpuint (store_get_synced (fixture->store), <, 64);
  g_assert_cmpuint (store_get_lazy (fixture->store), <, 64);
}

static void
test_empty_set (StoreFixture  *fixture,
                gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("An empty change set is answered in its turn and costs no commit.");

  rb_store_commit (RB_STORE (fixture->store), rb_changes_new (), store_count_done, &n);
  rb_test_wait_until (n == 1);
  g_assert_cmpuint (store_get_synced (fixture->store), ==, 0);
  g_assert_cmpuint (store_get_lazy (fixture->store), ==, 0);
}

static void
commit_next (RbStore      *store,
             const GError *error,
             gpointer      user_data)
{
  guint *left = user_data;

  g_assert_no_error (error);
  if (--*left > 0)
    rb_store_commit (store, store_change_meta ("chain", "x"), commit_next, left);
}

static void
test_commit_from_callback (StoreFixture  *fixture,
                           gconstpointer  data)
{
  guint left = 20;

  g_test_summary ("A callback may queue the next commit.");

  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("chain", "x"), commit_next, &left);
  rb_test_wait_until (left == 0);
  g_assert_cmpuint (store_get_synced (fixture->store), ==, 20);
}

static void
test_close_commits (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_autoptr(GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr(GPtrArray) rows = NULL;

  g_test_summary ("Closing commits what is queued, lazy too, and answers all of it before it returns.");

  for (guint i = 0; i < 200; i++)
    commit_numbered (fixture, order, i, i % 2 == 0 || i > 150);
  rb_sqlite_store_close (fixture->store);
  g_assert_cmpuint (order->len, ==, 200);
  for (guint i = 0; i < order->len; i++)
    g_assert_cmpuint (g_array_index (order, guint, i), ==, i);

  store_fixture_close (fixture);
  store_fixture_open (fixture);
  rows = store_load (fixture->store, RB_TABLE_META);
  g_assert_cmpuint (rows->len, ==, 200);
}

static void
test_close_leaves_one_file (StoreFixture  *fixture,
                            gconstpointer  data)
{
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autofree char *shm = g_strconcat (fixture->path, "-shm", NULL);

  g_test_summary ("Closing folds the log into the database.");

  store_put_meta (fixture->store, "a", "b");
  g_assert_true (g_file_test (wal, G_FILE_TEST_EXISTS));
  store_fixture_close (fixture);
  g_assert_false (g_file_test (wal, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (shm, G_FILE_TEST_EXISTS));
}

static void
store_error (RbStore      *store,
             const GError *error,
             gpointer      user_data)
{
  GError **place = user_data;

  g_assert_nonnull (error);
  g_assert_null (*place);
  *place = g_error_copy (error);
}

static void
refuse_row (GVariant *row,
            gpointer  user_data)
{
  g_assert_not_reached ();
}

static void
test_closed_refuses (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) read_error = NULL;
  g_autoptr(GError) load_error = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A closed store answers commits, reads and loads with an error.");

  rb_sqlite_store_close (fixture->store);
  rb_sqlite_store_close (fixture->store);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "b"), store_error, &error);
  g_assert_no_error (error);
  rb_store_read_async (RB_STORE (fixture->store), RB_TABLE_META, g_variant_new_tuple (NULL, 0), NULL,
                       rb_test_store_result, &result);
  rb_test_wait_until (error != NULL && result != NULL);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "store_closed");

  g_assert_null (rb_store_read_finish (RB_STORE (fixture->store), result, &read_error));
  g_assert_error (read_error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_false (rb_store_load (RB_STORE (fixture->store), RB_TABLE_META, refuse_row, NULL, &load_error));
  g_assert_error (load_error, RB_ERROR, RB_ERROR_UNAVAILABLE);
}

static void
close_and_note (RbStore      *store,
                const GError *error,
                gpointer      user_data)
{
  GArray *order = user_data;

  g_assert_no_error (error);
  g_assert_cmpuint (order->len, ==, 1);
  rb_sqlite_store_close (RB_SQLITE_STORE (store));
  g_assert_cmpuint (order->len, ==, 4);
}

static void
test_close_from_callback (StoreFixture  *fixture,
                          gconstpointer  data)
{
  g_autoptr(GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));

  g_test_summary ("A callback may close the store: the rest is answered there, in order.");

  commit_numbered (fixture, order, 0, FALSE);
  rb_store_commit (RB_STORE (fixture->store), rb_changes_new (), close_and_note, order);
  for (guint i = 1; i < 4; i++)
    commit_numbered (fixture, order, i, FALSE);
  rb_test_wait_until (order->len == 4);
  for (guint i = 0; i < order->len; i++)
    g_assert_cmpuint (g_array_index (order, guint, i), ==, i);
}

static void
test_last_reference (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_autofree char *value = NULL;
  guint n = 0;

  g_test_summary ("Dropping the last reference commits and answers like a close.");

  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "kept"), store_count_done, &n);
  g_assert_finalize_object (g_steal_pointer (&fixture->store));
  g_assert_cmpuint (n, ==, 1);
  store_fixture_open (fixture);
  value = store_dup_meta (fixture->store, "a");
  g_assert_cmpstr (value, ==, "kept");
}

static void
test_context (StoreFixture  *fixture,
              gconstpointer  data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_test_summary ("Callbacks come on the main context that was the thread's default at the opening.");

  store_fixture_close (fixture);
  g_main_context_push_thread_default (context);
  fixture->store = rb_sqlite_store_open (fixture->path, &error);
  g_assert_no_error (error);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "b"), store_count_done, &n);
  while (n == 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  store_fixture_close (fixture);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  STORE_TEST ("/store/commit/order", test_order);
  STORE_TEST ("/store/commit/one-is-one-sync", test_one_is_one_sync);
  STORE_TEST ("/store/commit/bounded-batch", test_bounded_batch);
  STORE_TEST ("/store/commit/empty-set", test_empty_set);
  STORE_TEST ("/store/commit/from-callback", test_commit_from_callback);
  STORE_TEST ("/store/commit/main-context", test_context);
  STORE_TEST ("/store/lazy/alone", test_lazy_alone);
  STORE_TEST ("/store/lazy/rides-along", test_lazy_rides_along);
  STORE_TEST ("/store/close/commits-what-is-queued", test_close_commits);
  STORE_TEST ("/store/close/leaves-one-file", test_close_leaves_one_file);
  STORE_TEST ("/store/close/refuses-later-calls", test_closed_refuses);
  STORE_TEST ("/store/close/from-callback", test_close_from_callback);
  STORE_TEST ("/store/close/last-reference", test_last_reference);

  return g_test_run ();
}
