/* test-syncs.c: how often the disk is asked to sync, and what happens when it cannot
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store-fixture.h"

#include "sync-vfs.h"

#include <string.h>

#define N_COMMITS 200

static void
set_up (StoreFixture  *fixture,
        gconstpointer  data)
{
  sync_vfs_install ();
  store_fixture_set_up (fixture, data);
  /* The first commit makes the log's file. */
  store_put_meta (fixture->store, "first", "x");
  sync_vfs_take ();
}

static void
test_one (StoreFixture  *fixture,
          gconstpointer  data)
{
  g_test_summary ("One durable commit is one sync.");

  for (guint i = 0; i < N_COMMITS; i++)
    {
      store_put_meta (fixture->store, "name", "value");
      g_assert_cmpuint (sync_vfs_take (), ==, 1);
    }
}

static void
test_group (StoreFixture  *fixture,
            gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("What queues while the disk syncs is one commit.");

  sync_vfs_set_hold (TRUE);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("name", "value"), store_count_done, &n);
  sync_vfs_await ();
  for (guint i = 0; i < 64; i++)
    rb_store_commit (RB_STORE (fixture->store), store_change_meta ("name", "value"), store_count_done, &n);
  sync_vfs_set_hold (FALSE);
  rb_test_wait_until (n == 65);
  g_assert_cmpuint (sync_vfs_take (), ==, 2);
}

static void
test_many (StoreFixture  *fixture,
           gconstpointer  data)
{
  guint n = 0;
  guint n_syncs;

  g_test_summary ("64 concurrent commits share syncs.");

  for (guint round = 0; round < 10; round++)
    {
      n = 0;
      for (guint i = 0; i < 64; i++)
        rb_store_commit (RB_STORE (fixture->store), store_change_meta ("name", "value"), store_count_done, &n);
      rb_test_wait_until (n == 64);
    }
  n_syncs = sync_vfs_take ();
  g_test_message ("10 times 64 commits: %u syncs", n_syncs);
  g_assert_cmpuint (n_syncs, <, 640);
  g_assert_cmpuint (n_syncs, ==, store_get_synced (fixture->store) - 1);
}

static void
test_lazy (StoreFixture  *fixture,
           gconstpointer  data)
{
  RbChanges *changes = store_change_meta ("a", "lazy");
  guint n = 0;

  g_test_summary ("A lazy commit is no sync, and the next durable one is one for both.");

  rb_changes_set_lazy (changes, TRUE);
  rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
  rb_test_wait_until (n == 1);
  g_assert_cmpuint (sync_vfs_take (), ==, 0);
  store_put_meta (fixture->store, "b", "urgent");
  g_assert_cmpuint (sync_vfs_take (), ==, 1);
}

static void
test_long_log (StoreFixture  *fixture,
               gconstpointer  data)
{
  g_autofree char *text = g_strnfill (64 * 1024, 'x');
  guint n_syncs;

  g_test_summary ("Folding in a log that has grown long costs a few syncs, not one a commit.");

  for (guint i = 0; i < N_COMMITS; i++)
    store_put_meta (fixture->store, "name", text);
  n_syncs = sync_vfs_take ();
  g_test_message ("%u commits of 64 KiB: %u syncs", N_COMMITS, n_syncs);
  g_assert_cmpuint (n_syncs, >, N_COMMITS);
  g_assert_cmpuint (n_syncs, <, N_COMMITS * 11 / 10);
}

static RbStoreHealth
get_health (StoreFixture *fixture)
{
  const char *reason;

  return rb_store_get_health (RB_STORE (fixture->store), &reason);
}

static void
test_failing (StoreFixture  *fixture,
              gconstpointer  data)
{
  g_autofree char *value = NULL;
  const char *reason;
  guint n = 0;

  g_test_summary ("A commit whose sync fails is not answered, but tried again; before that all is folded into the database.");

  sync_vfs_set_fail (TRUE);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "b"), store_count_done, &n);
  rb_test_wait_until (get_health (fixture) == RB_STORE_FAILING);
  rb_store_get_health (RB_STORE (fixture->store), &reason);
  g_test_message ("%s", reason);
  g_assert_nonnull (strstr (reason, "I/O error: check the disk"));
  g_assert_cmpuint (n, ==, 0);

  sync_vfs_set_fail (FALSE);
  rb_test_wait_until (n == 1);
  g_assert_cmpint (get_health (fixture), ==, RB_STORE_OK);
  g_assert_cmpuint (sync_vfs_take (), >=, 2);
  store_fixture_close (fixture);
  store_fixture_open (fixture);
  value = store_dup_meta (fixture->store, "a");
  g_assert_cmpstr (value, ==, "b");
}

#define SYNC_TEST(path, function) g_test_add (path, StoreFixture, NULL, set_up, function, store_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  SYNC_TEST ("/store/syncs/one", test_one);
  SYNC_TEST ("/store/syncs/group", test_group);
  SYNC_TEST ("/store/syncs/many", test_many);
  SYNC_TEST ("/store/syncs/lazy", test_lazy);
  SYNC_TEST ("/store/syncs/long-log", test_long_log);
  SYNC_TEST ("/store/syncs/failing", test_failing);

  return g_test_run ();
}
