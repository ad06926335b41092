/* test-clock.c: timers on the heap, and the system's clock under them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-clock.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <sys/resource.h>
#include <unistd.h>

#define MANY 10000

typedef struct {
  RbClock *clock;
  GString *fired;
  guint64  other;      /* removed by whoever fires first */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->clock = rb_fake_clock_new ();
  fixture->fired = g_string_new (NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->clock);
  g_string_free (fixture->fired, TRUE);
}

typedef struct {
  Fixture *fixture;
  char     name;
} Named;

static void
on_named (gpointer user_data)
{
  Named *named = user_data;

  g_string_append_c (named->fixture->fired, named->name);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  Named named[] = { { fixture, 'a' }, { fixture, 'b' }, { fixture, 'c' }, { fixture, 'd' }, { fixture, 'e' } };

  g_test_summary ("Timers fire by deadline, those of one deadline in the order they were added, and not too early.");

  rb_clock_add (fixture->clock, 20, on_named, &named[3]);
  rb_clock_add (fixture->clock, 10, on_named, &named[0]);
  rb_clock_add (fixture->clock, 10, on_named, &named[1]);
  rb_clock_add (fixture->clock, 30, on_named, &named[4]);
  rb_clock_add (fixture->clock, 10, on_named, &named[2]);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 5);

  rb_fake_clock_advance (fixture->clock, 9);
  g_assert_cmpstr (fixture->fired->str, ==, "");
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpstr (fixture->fired->str, ==, "abc");
  rb_fake_clock_advance (fixture->clock, 20);
  g_assert_cmpstr (fixture->fired->str, ==, "abcde");
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
test_extremes (Fixture       *fixture,
               gconstpointer  data)
{
  Named named[] = { { fixture, 'a' }, { fixture, 'b' } };
  guint64 id;

  g_test_summary ("A negative delay is none; an endless one does not wrap; ids that are spent or 0 may be removed.");

  id = rb_clock_add (fixture->clock, -5, on_named, &named[0]);
  g_assert_cmpstr (fixture->fired->str, ==, "");
  rb_clock_add (fixture->clock, G_MAXINT64, on_named, &named[1]);
  rb_fake_clock_advance (fixture->clock, 0);
  g_assert_cmpstr (fixture->fired->str, ==, "a");

  rb_clock_remove (fixture->clock, id);
  rb_clock_remove (fixture->clock, 0);
  rb_clock_remove (fixture->clock, 12345);
  id = 0;
  rb_clock_clear (fixture->clock, &id);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 1);
}

static void
on_remove_other (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append_c (fixture->fired, 'r');
  rb_clock_clear (fixture->clock, &fixture->other);
}

static void
test_remove_inside (Fixture       *fixture,
                    gconstpointer  data)
{
  Named named = { fixture, 'x' };

  g_test_summary ("A timer may remove one that is due at the same moment, which then does not fire.");

  rb_clock_add (fixture->clock, 10, on_remove_other, fixture);
  fixture->other = rb_clock_add (fixture->clock, 10, on_named, &named);
  rb_fake_clock_advance (fixture->clock, 10);
  g_assert_cmpstr (fixture->fired->str, ==, "r");
}

static void
on_again (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append_c (fixture->fired, '.');
  if (fixture->fired->len < 5)
    rb_clock_add (fixture->clock, 0, on_again, fixture);
}

static void
test_add_inside (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A timer that adds itself again without delay waits for the next dispatch.");

  rb_clock_add (fixture->clock, 0, on_again, fixture);
  rb_clock_dispatch (fixture->clock);
  g_assert_cmpstr (fixture->fired->str, ==, ".");
  rb_clock_dispatch (fixture->clock);
  g_assert_cmpstr (fixture->fired->str, ==, "..");
  rb_fake_clock_advance (fixture->clock, 0);
  g_assert_cmpstr (fixture->fired->str, ==, ".....");
}

typedef struct {
  RbClock *clock;
  guint64  ids[MANY];        /* 0: fired or removed */
  gint64   deadlines[MANY];
  gint64   last_us;
  guint    n_fired;
  guint    n_removed;
  GRand   *random;
} Crowd;

typedef struct {
  Crowd *crowd;
  guint  index;
} Member;

static void
on_member (gpointer user_data)
{
  Member *member = user_data;
  Crowd *crowd = member->crowd;
  guint victim = (guint) g_rand_int_range (crowd->random, 0, MANY);

  g_assert_cmpuint (crowd->ids[member->index], !=, 0);
  g_assert_cmpint (crowd->deadlines[member->index], ==, rb_clock_get_monotonic_us (crowd->clock));
  g_assert_cmpint (crowd->deadlines[member->index], >=, crowd->last_us);
  crowd->last_us = crowd->deadlines[member->index];
  crowd->ids[member->index] = 0;
  crowd->n_fired++;

  if (crowd->ids[victim] != 0)
    crowd->n_removed++;
  rb_clock_clear (crowd->clock, &crowd->ids[victim]);
}

static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree Crowd *crowd = g_new0 (Crowd, 1);
  g_autofree Member *members = g_new (Member, MANY);

  g_test_summary ("Ten thousand timers that remove one another at random fire in order, each at its own time, and none is lost.");

  crowd->clock = fixture->clock;
  crowd->random = g_rand_new_with_seed (42);
  for (guint i = 0; i < MANY; i++)
    {
      gint64 delay_ms = g_rand_int_range (crowd->random, 0, 5000);

      members[i] = (Member) { crowd, i };
      crowd->deadlines[i] = rb_clock_get_monotonic_us (fixture->clock) + delay_ms * 1000;
      crowd->ids[i] = rb_clock_add (fixture->clock, delay_ms, on_member, &members[i]);
    }
  for (guint i = 0; i < MANY; i += 3)
    {
      rb_clock_clear (fixture->clock, &crowd->ids[i]);
      crowd->n_removed++;
    }

  rb_fake_clock_advance (fixture->clock, 5000);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_cmpuint (crowd->n_fired + crowd->n_removed, ==, MANY);
  g_assert_cmpuint (crowd->n_fired, >, MANY / 4);
  g_rand_free (crowd->random);
}

static void
test_wall (Fixture       *fixture,
           gconstpointer  data)
{
  gint64 monotonic_us = rb_clock_get_monotonic_us (fixture->clock);

  g_test_summary ("Setting the wall clock moves no deadline.");

  g_assert_cmpint (rb_clock_get_wall_ms (fixture->clock), ==, G_GINT64_CONSTANT (1767225600000));
  rb_fake_clock_set_wall (fixture->clock, 5000);
  g_assert_cmpint (rb_clock_get_wall_ms (fixture->clock), ==, 5000);
  g_assert_cmpint (rb_clock_get_monotonic_us (fixture->clock), ==, monotonic_us);
  rb_fake_clock_advance (fixture->clock, 250);
  g_assert_cmpint (rb_clock_get_wall_ms (fixture->clock), ==, 5250);
  g_assert_cmpint (rb_clock_get_monotonic_us (fixture->clock), ==, monotonic_us + 250000);
}

static void
on_true (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
check_system_clock (RbClock *clock)
{
  gint64 before_us = rb_clock_get_monotonic_us (clock);
  gboolean late = FALSE;
  gboolean removed = FALSE;
  gboolean soon = FALSE;
  guint64 id;

  rb_clock_add (clock, 60000, on_true, &late);
  id = rb_clock_add (clock, 1, on_true, &removed);
  rb_clock_add (clock, 5, on_true, &soon);
  rb_clock_remove (clock, id);

  rb_test_wait_until (soon);
  g_assert_cmpint (rb_clock_get_monotonic_us (clock) - before_us, >=, 5000);
  g_assert_false (late);
  g_assert_false (removed);

  soon = FALSE;
  rb_clock_add (clock, 0, on_true, &soon);
  rb_test_wait_until (soon);
  g_assert_cmpuint (rb_clock_get_n_timers (clock), ==, 1);
  g_assert_cmpint (ABS (rb_clock_get_wall_ms (clock) - g_get_real_time () / 1000), <, 5000);
}

static void
test_system (void)
{
  RbClock *clock = rb_clock_new_system ();

  g_test_summary ("The system's clock fires from the main loop, at the earliest deadline that was not removed.");

  check_system_clock (clock);
  g_assert_finalize_object (clock);
}

static void
test_system_without_descriptor (void)
{
  struct rlimit limit, saved;
  RbClock *clock;

  g_test_summary ("Without a descriptor to be had the clock still works.");

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &saved), ==, 0);
  limit = saved;
  limit.rlim_cur = 0;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  clock = rb_clock_new_system ();
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &saved), ==, 0);

  check_system_clock (clock);
  g_assert_finalize_object (clock);
}

/* How often the main loop turns by itself within @ms. */
static guint
count_turns (guint ms)
{
  gint64 end_us = g_get_monotonic_time () + ms * 1000;
  guint turns = 0;

  while (g_get_monotonic_time () < end_us)
    {
      g_autoptr(GSource) alarm = g_timeout_source_new (ms);

      g_source_set_dummy_callback (alarm);
      g_source_attach (alarm, NULL);
      g_main_context_iteration (NULL, TRUE);
      g_source_destroy (alarm);
      turns++;
    }
  return turns;
}

static void
test_system_idle (void)
{
  RbClock *clock = rb_clock_new_system ();
  gboolean fired = FALSE;

  g_test_summary ("A clock whose timers are done, removed or far off does not wake the process.");

  rb_clock_remove (clock, rb_clock_add (clock, 2, on_true, &fired));
  rb_clock_add (clock, 3600 * 1000, on_true, &fired);
  rb_test_settle ();
  g_assert_cmpuint (count_turns (30), <=, 2);
  g_assert_false (fired);
  g_assert_finalize_object (clock);
}

static void
test_system_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  RbClock *clock;
  gboolean fired = FALSE;

  g_test_summary ("Timers run on the context that was the thread's own when the clock was made.");

  g_main_context_push_thread_default (context);
  clock = rb_clock_new_system ();
  g_main_context_pop_thread_default (context);

  rb_clock_add (clock, 0, on_true, &fired);
  rb_test_settle ();
  g_assert_false (fired);
  while (!fired)
    g_main_context_iteration (context, TRUE);
  g_assert_finalize_object (clock);
}

static void
on_drop_clock (gpointer user_data)
{
  g_clear_object ((RbClock **) user_data);
}

static void
test_dropped_inside (void)
{
  RbClock *clock = rb_clock_new_system ();

  g_test_summary ("A timer may drop the last reference of its clock.");

  rb_clock_add (clock, 0, on_drop_clock, &clock);
  rb_clock_add (clock, 0, on_drop_clock, &clock);
  rb_test_wait_until (clock == NULL);
}

static void
count_call (gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
test_left (Fixture       *fixture,
           gconstpointer  data)
{
  guint n = 0;
  guint64 id = rb_clock_add (fixture->clock, 50, count_call, &n);

  g_test_summary ("A timer says how long it has left; one that is spent, or never was, has nothing.");

  g_assert_cmpint (rb_clock_get_left_us (fixture->clock, id), ==, 50000);
  g_assert_cmpint (rb_clock_get_left_us (fixture->clock, 0), ==, -1);
  rb_fake_clock_advance (fixture->clock, 20);
  g_assert_cmpint (rb_clock_get_left_us (fixture->clock, id), ==, 30000);
  rb_fake_clock_advance (fixture->clock, 30);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (rb_clock_get_left_us (fixture->clock, id), ==, -1);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add ("/clock/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/clock/extremes", Fixture, NULL, set_up, test_extremes, tear_down);
  g_test_add ("/clock/remove-inside", Fixture, NULL, set_up, test_remove_inside, tear_down);
  g_test_add ("/clock/add-inside", Fixture, NULL, set_up, test_add_inside, tear_down);
  g_test_add ("/clock/many", Fixture, NULL, set_up, test_many, tear_down);
  g_test_add ("/clock/left", Fixture, NULL, set_up, test_left, tear_down);
  g_test_add ("/clock/wall", Fixture, NULL, set_up, test_wall, tear_down);
  g_test_add_func ("/clock/system/fires", test_system);
  g_test_add_func ("/clock/system/without-descriptor", test_system_without_descriptor);
  g_test_add_func ("/clock/system/idle", test_system_idle);
  g_test_add_func ("/clock/system/context", test_system_context);
  g_test_add_func ("/clock/system/dropped-inside", test_dropped_inside);
  return g_test_run ();
}
