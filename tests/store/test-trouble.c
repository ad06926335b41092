/* test-trouble.c: a full disk and a database that breaks while it is in use
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A limit on file sizes stands in for a full disk where nothing can be mounted: the thread sees its write fail either way. */
#include "config.h"

#include "store-fixture.h"

#include "rb-error.h"
#include "rb-fake-clock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NO_MOUNT    77
#define SMALL_DISK_BYTES (1024 * 1024)     /* see the mount */

static void
limit_file_size (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
count_signal (RbStore  *store,
              gpointer  user_data)
{
  guint *n = user_data;

  (*n)++;
}

static RbStoreHealth
get_health (RbSqliteStore *store)
{
  const char *reason;
  RbStoreHealth health = rb_store_get_health (RB_STORE (store), &reason);

  g_assert_true ((health == RB_STORE_OK) == (reason == NULL));
  return health;
}

#define QUEUE_MAX (64 * 1024)

typedef struct {
  StoreFixture *fixture;
  guint         n_done;
} Flood;

/* The connection is lent, so the thread writes nothing meanwhile. */
static void
flood (GVariant *row,
       gpointer  user_data)
{
  Flood *self = user_data;
  g_autofree char *value = g_strnfill (1024, 'x');
  RbStore *store = RB_STORE (self->fixture->store);
  guint n = 0;

  while (rb_store_get_health (store, NULL) == RB_STORE_OK && n < 1000)
    {
      g_autofree char *name = g_strdup_printf ("n%u", n++);

      rb_store_commit (store, store_change_meta (name, value), store_count_done, &self->n_done);
    }
  g_assert_cmpuint (n, >, 10);
  g_assert_cmpuint (n, <=, QUEUE_MAX / 1024);
}

static void
test_queue_bound (StoreFixture  *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  Flood self = { fixture, 0 };
  RbBounds *bounds;
  guint n_signals = 0;

  g_test_summary ("What waits for the disk is bounded: at the limit new work is to be refused, until half of it is written.");

  store_put_meta (fixture->store, "one", "row");
  bounds = rb_sqlite_store_make_bounds (fixture->store, clock, QUEUE_MAX);
  g_signal_connect (fixture->store, "health-changed", G_CALLBACK (count_signal), &n_signals);
  g_assert_true (rb_store_load (RB_STORE (fixture->store), RB_TABLE_META, flood, &self, NULL));
  g_assert_cmpint (get_health (fixture->store), ==, RB_STORE_FAILING);
  g_assert_cmpuint (n_signals, ==, 1);
  g_assert_cmpstr (rb_bounds_get (bounds, 0)->info->name, ==, "store_queue");
  g_assert_cmpuint (rb_bounds_get (bounds, 0)->n_reached, ==, 1);

  rb_test_wait_until (get_health (fixture->store) == RB_STORE_OK);
  g_assert_cmpuint (n_signals, ==, 2);
  rb_test_wait_until (rb_bounds_get (bounds, 0)->used == 0);
  store_put_meta (fixture->store, "two", "row");
  g_assert_cmpuint (rb_bounds_get (bounds, 0)->n_reached, ==, 1);
}

static void
note_order (RbStore      *store,
            const GError *error,
            gpointer      user_data)
{
  GString *order = user_data;

  g_assert_no_error (error);
  g_string_append_c (order, (char) ('a' + order->len));
}

static void
test_full_recovers (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_autofree char *large = g_strnfill (300 * 1024, 'x');
  g_autofree char *value = NULL;
  g_autoptr(GString) order = g_string_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean retryable = FALSE;
  const char *reason;
  guint n_signals = 0;

  g_test_summary ("On a full disk commits wait, in order, with a reason; reads are refused for now; with space again all are done.");

  g_signal_connect (fixture->store, "health-changed", G_CALLBACK (count_signal), &n_signals);
  store_put_meta (fixture->store, "before", "kept");
  limit_file_size (150 * 1024);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", large), note_order, order);
  rb_test_wait_until (get_health (fixture->store) == RB_STORE_FAILING);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "second"), note_order, order);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("b", "third"), note_order, order);
  rb_store_read_async (RB_STORE (fixture->store), RB_TABLE_META, g_variant_new_tuple (NULL, 0), NULL,
                       rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);

  rb_store_get_health (RB_STORE (fixture->store), &reason);
  g_test_message ("%s", reason);
  g_assert_nonnull (strstr (reason, "disk full"));
  g_assert_null (rb_store_read_finish (RB_STORE (fixture->store), result, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "disk_full");
  g_assert_nonnull (rb_error_get_details (error));
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "retryable", "b", &retryable) && retryable);
  g_assert_cmpuint (order->len, ==, 0);
  g_assert_cmpuint (n_signals, ==, 1);

  limit_file_size (RLIM_INFINITY);
  rb_test_wait_until (order->len == 3);
  g_assert_cmpint (get_health (fixture->store), ==, RB_STORE_OK);
  g_assert_cmpuint (n_signals, ==, 2);
  value = store_dup_meta (fixture->store, "a");
  g_assert_cmpstr (value, ==, "second");
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
test_full_close (StoreFixture  *fixture,
                 gconstpointer  data)
{
  g_autofree char *large = g_strnfill (300 * 1024, 'x');
  g_autofree char *before = NULL;
  g_autofree char *small = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) next_error = NULL;

  g_test_summary ("Closing on a full disk does not wait for space: what cannot be written is answered so, and so is all after it.");

  store_put_meta (fixture->store, "before", "kept");
  limit_file_size (150 * 1024);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("large", large), store_error, &error);
  rb_test_wait_until (get_health (fixture->store) == RB_STORE_FAILING);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("small", "x"), store_error, &next_error);
  store_fixture_close (fixture);
  limit_file_size (RLIM_INFINITY);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "disk_full");
  g_assert_cmpstr (rb_error_get_reason (next_error), ==, "disk_full");

  store_fixture_open (fixture);
  before = store_dup_meta (fixture->store, "before");
  g_assert_cmpstr (before, ==, "kept");
  small = store_dup_meta (fixture->store, "small");
  g_assert_null (small);
}

static void
test_full_at_open (StoreFixture  *fixture,
                   gconstpointer  data)
{
  g_autofree char *fresh = g_build_filename (fixture->dir, "fresh.db", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A start without space for the tables is refused as such, and works once there is some.");

  signal (SIGXFSZ, SIG_IGN);
  limit_file_size (10000);
  g_assert_null (rb_sqlite_store_open (fresh, &error));
  limit_file_size (RLIM_INFINITY);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "disk_full");
  g_test_message ("%s", error->message);

  store_fixture_close (fixture);
  g_free (fixture->path);
  fixture->path = g_strdup (fresh);
  store_fixture_open (fixture);
}

/* --- a real full disk, in a child with mounts of its own --- */

static gboolean
write_text (const char *path,
            const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);

  if (fd >= 0)
    close (fd);
  return written;
}

static gboolean
is_small_disk (const char *dir)
{
  struct statfs st;

  return statfs (dir, &st) == 0 && (guint64) st.f_blocks * (guint64) st.f_bsize == SMALL_DISK_BYTES;
}

static gboolean
mount_small_disk (const char *dir)
{
  g_autofree char *user_map = g_strdup_printf ("0 %u 1", (guint) geteuid ());
  g_autofree char *group_map = g_strdup_printf ("0 %u 1", (guint) getegid ());
  gboolean is_root = geteuid () == 0;

  if (unshare (is_root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0)
    return FALSE;
  if (!is_root
      && (!write_text ("/proc/self/uid_map", user_map)
          || !write_text ("/proc/self/setgroups", "deny")
          || !write_text ("/proc/self/gid_map", group_map)))
    return FALSE;
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
    && mount ("small", dir, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700") == 0
    && is_small_disk (dir);
}

/* Never more than the small disk holds, wherever @path turns out to be. */
static gboolean
fill_disk (const char *path)
{
  static const char block[4096];
  int fd = g_open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  gssize written = 1;

  g_assert_cmpint (fd, >=, 0);
  for (guint i = 0; i < 2 * SMALL_DISK_BYTES / sizeof block && written > 0; i++)
    written = write (fd, block, sizeof block);
  close (fd);
  return written < 0 && errno == ENOSPC;
}

static int
run_on_small_disk (const char *dir)
{
  g_autofree char *filler = g_build_filename (dir, "filler", NULL);
  g_autofree char *path = g_build_filename (dir, "broker.db", NULL);
  g_autofree char *large = g_strnfill (300 * 1024, 'x');     /* more than the log that made the tables has room for */
  StoreFixture disk = { (char *) dir, path, NULL };
  g_autoptr(GString) order = g_string_new (NULL);
  g_autoptr(GPtrArray) rows = NULL;

  store_fixture_open (&disk);
  store_put_meta (disk.store, "before", "kept");
  g_assert_true (fill_disk (filler));
  rb_store_commit (RB_STORE (disk.store), store_change_meta ("a", large), note_order, order);
  rb_test_wait_until (get_health (disk.store) == RB_STORE_FAILING);
  rb_store_commit (RB_STORE (disk.store), store_change_meta ("b", "x"), note_order, order);
  rb_test_settle ();
  g_assert_cmpuint (order->len, ==, 0);

  g_assert_cmpint (g_unlink (filler), ==, 0);
  rb_test_wait_until (order->len == 2);
  g_assert_cmpint (get_health (disk.store), ==, RB_STORE_OK);
  store_fixture_close (&disk);
  store_fixture_open (&disk);
  rows = store_load (disk.store, RB_TABLE_META);
  g_assert_cmpuint (rows->len, ==, 3);
  store_fixture_close (&disk);
  return 0;
}

static void
test_real_disk (StoreFixture  *fixture,
                gconstpointer  data)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, "--disk", fixture->dir, NULL };
  g_autoptr(GError) error = NULL;
  int status = -1;

  g_test_summary ("The same on a file system without a free block.");

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == EXIT_NO_MOUNT)
    g_test_skip ("mounting is not allowed here");
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* --- damage while in use --- */

static void
fill_large (StoreFixture *fixture)
{
  RbChanges *changes = rb_changes_new ();
  g_autofree char *text = g_strnfill (1500, 'x');

  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%05u", i);

      rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", name, text));
    }
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
  store_fixture_close (fixture);
  store_fixture_open (fixture);
}

static void
damage (const char *path)
{
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);
  GStatBuf st;
  char junk[256];

  memset (junk, 0x5a, sizeof junk);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  for (goffset at = 4096; at < st.st_size; at += 4096)
    g_assert_cmpint (pwrite (fd, junk, sizeof junk, at), ==, sizeof junk);
  /* Not closed: that would drop the locks this process holds on the file. */
}

static void
test_broken (StoreFixture  *fixture,
             gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) next_error = NULL;
  g_autoptr(GError) later_error = NULL;
  RbChanges *changes = rb_changes_new ();
  const char *reason;

  g_test_summary ("Damage met in use breaks the store for good: this commit and all later ones are answered with the error.");

  fill_large (fixture);
  damage (fixture->path);
  for (guint i = 0; i < 2000; i += 20)
    {
      g_autofree char *name = g_strdup_printf ("n%05u", i);

      rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", name, "new"));
    }
  rb_store_commit (RB_STORE (fixture->store), changes, store_error, &error);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("next", "x"), store_error, &next_error);
  rb_test_wait_until (error != NULL && next_error != NULL);
  g_assert_error (error, RB_ERROR, RB_ERROR_CORRUPT);
  g_assert_error (next_error, RB_ERROR, RB_ERROR_CORRUPT);
  g_assert_cmpint (rb_store_get_health (RB_STORE (fixture->store), &reason), ==, RB_STORE_BROKEN);
  g_assert_nonnull (strstr (reason, "damaged"));

  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("later", "x"), store_error, &later_error);
  rb_test_wait_until (later_error != NULL);
  g_assert_error (later_error, RB_ERROR, RB_ERROR_CORRUPT);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *small_disk = argc == 3 && g_str_equal (argv[1], "--disk") ? g_strdup (argv[2]) : NULL;

  /* Namespaces want a process without threads, so this comes before anything else; the log writer does not. */
  if (small_disk != NULL && !mount_small_disk (small_disk))
    return EXIT_NO_MOUNT;
  rb_test_init (&argc, &argv);
  if (small_disk != NULL)
    return run_on_small_disk (small_disk);

  STORE_TEST ("/store/queue/bound", test_queue_bound);
  STORE_TEST ("/store/full/recovers", test_full_recovers);
  STORE_TEST ("/store/full/close", test_full_close);
  STORE_TEST ("/store/full/at-open", test_full_at_open);
  STORE_TEST ("/store/full/real-disk", test_real_disk);
  STORE_TEST ("/store/broken", test_broken);

  return g_test_run ();
}
