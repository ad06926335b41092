/* test-disk-watch.c: a disk that gets full is noticed by whoever writes, and wakes nobody else
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-disk-watch.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#define MINUTE 60000

typedef struct {
  RbClock     *clock;
  RbDiskWatch *watch;
  gint64       free_bytes;
  guint        n_measured;
  guint        n_told;
  gboolean     is_low;      /* as it was told last */
} Fixture;

static gint64
measure (const char *directory,
         gpointer    user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpstr (directory, ==, "/d");
  fixture->n_measured++;
  return fixture->free_bytes;
}

static void
told (gboolean is_low,
      gint64   free_bytes,
      gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_told++;
  fixture->is_low = is_low;
  g_assert_cmpint (free_bytes, ==, fixture->free_bytes);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->clock = rb_fake_clock_new ();
  fixture->free_bytes = 1000;
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->watch, rb_disk_watch_free);
  g_assert_finalize_object (fixture->clock);
}

static void
begin (Fixture *fixture,
       gint64   low_bytes)
{
  fixture->watch = rb_disk_watch_new (fixture->clock, "/d", low_bytes, measure, told, fixture);
}

static void
assert_counts (Fixture *fixture,
               guint    n_measured,
               guint    n_told)
{
  g_assert_cmpuint (fixture->n_measured, ==, n_measured);
  g_assert_cmpuint (fixture->n_told, ==, n_told);
}

static void
test_idle (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("While there is room it is looked at once a minute, if anything was written; else not at all.");

  begin (fixture, 100);
  assert_counts (fixture, 1, 0);
  rb_fake_clock_advance (fixture->clock, 100 * MINUTE);
  assert_counts (fixture, 1, 0);
  for (guint i = 0; i < 600; i++)
    {
      rb_disk_watch_touch (fixture->watch);
      rb_fake_clock_advance (fixture->clock, 1000);
    }
  g_assert_cmpuint (fixture->n_measured, >=, 10);
  g_assert_cmpuint (fixture->n_measured, <=, 13);
  g_assert_cmpuint (fixture->n_told, ==, 0);
}

static void
test_low (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("Little room is told when something was written, and each minute as it is then, until there is clearly more.");

  begin (fixture, 100);
  rb_fake_clock_advance (fixture->clock, MINUTE);
  fixture->free_bytes = 99;
  rb_fake_clock_advance (fixture->clock, MINUTE);
  assert_counts (fixture, 1, 0);
  rb_disk_watch_touch (fixture->watch);
  assert_counts (fixture, 2, 1);
  g_assert_true (fixture->is_low);
  fixture->free_bytes = 120;
  rb_fake_clock_advance (fixture->clock, MINUTE);
  assert_counts (fixture, 3, 2);
  g_assert_true (fixture->is_low);
  fixture->free_bytes = 125;
  rb_fake_clock_advance (fixture->clock, MINUTE);
  assert_counts (fixture, 4, 3);
  g_assert_false (fixture->is_low);
  rb_fake_clock_advance (fixture->clock, 100 * MINUTE);
  assert_counts (fixture, 4, 3);
}

static void
test_unknown (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A disk that does not say is taken for as it was.");

  fixture->free_bytes = 5;
  begin (fixture, 100);
  assert_counts (fixture, 1, 1);
  fixture->free_bytes = -1;
  rb_fake_clock_advance (fixture->clock, MINUTE);
  assert_counts (fixture, 2, 1);
  g_assert_true (fixture->is_low);
  g_assert_false (rb_disk_watch_is_low (-1, 100, FALSE));
  g_assert_true (rb_disk_watch_is_low (0, 1, FALSE));
  g_assert_false (rb_disk_watch_is_low (G_MAXINT64, 1, TRUE));
}

static void
test_never (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("With no limit it is not looked at.");

  begin (fixture, 0);
  rb_disk_watch_touch (fixture->watch);
  rb_fake_clock_advance (fixture->clock, 10 * MINUTE);
  assert_counts (fixture, 0, 0);
}

static void
on_told_really (gboolean is_low,
                gint64   free_bytes,
                gpointer user_data)
{
  g_assert_true (is_low);
  g_assert_cmpint (free_bytes, >=, 0);
  ++*(guint *) user_data;
}

static void
test_system (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *dir = rb_test_make_dir ();
  guint n_told = 0;

  g_test_summary ("The system is asked, and a directory that is not there says nothing.");

  fixture->watch = rb_disk_watch_new (fixture->clock, dir, G_MAXINT64 / 2, NULL, on_told_really, &n_told);
  g_assert_cmpuint (n_told, ==, 1);
  rb_disk_watch_free (fixture->watch);
  fixture->watch = rb_disk_watch_new (fixture->clock, "/nowhere/at/all", G_MAXINT64 / 2, NULL, on_told_really, &n_told);
  g_assert_cmpuint (n_told, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add ("/disk-watch/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("idle", test_idle);
  ADD ("low", test_low);
  ADD ("unknown", test_unknown);
  ADD ("never", test_never);
  ADD ("system", test_system);
#undef ADD
  return g_test_run ();
}
