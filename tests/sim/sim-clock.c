/* sim-clock.c: a clock that a simulation moves, whose wall time can jump
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-clock.h"

#define START_US (1000 * G_USEC_PER_SEC)
#define START_WALL_US (G_GINT64_CONSTANT (1767225600) * G_USEC_PER_SEC)   /* 2026-01-01T00:00:00Z */

struct _SimClock {
  RbClock parent_instance;

  gint64 now_us;
  gint64 wall_us;       /* at @now_us */
  gint64 total_us;      /* of all lives of the machine */
  gint64 deadline_us;   /* -1: no timer is pending */
};

G_DEFINE_FINAL_TYPE (SimClock, sim_clock, RB_TYPE_CLOCK)

static gint64
get_monotonic_us (RbClock *clock)
{
  return SIM_CLOCK (clock)->now_us;
}

static gint64
get_wall_ms (RbClock *clock)
{
  return SIM_CLOCK (clock)->wall_us / 1000;
}

static void
arm (RbClock *clock,
     gint64   deadline_us)
{
  SIM_CLOCK (clock)->deadline_us = deadline_us;
}

static void
sim_clock_class_init (SimClockClass *klass)
{
  RbClockClass *clock_class = RB_CLOCK_CLASS (klass);

  clock_class->get_monotonic_us = get_monotonic_us;
  clock_class->get_wall_ms = get_wall_ms;
  clock_class->arm = arm;
}

static void
sim_clock_init (SimClock *self)
{
  self->now_us = START_US;
  self->wall_us = START_WALL_US;
  self->deadline_us = -1;
}

SimClock *
sim_clock_new (void)
{
  return g_object_new (SIM_TYPE_CLOCK, NULL);
}

static void
move_to (SimClock *self,
         gint64    us)
{
  gint64 passed = MAX (us - self->now_us, 0);

  self->now_us += passed;
  self->wall_us += passed;
  self->total_us += passed;
}

void
sim_clock_advance (SimClock *self,
                   gint64    ms)
{
  gint64 target_us = self->now_us + ms * 1000;

  sim_settle ();
  while (self->deadline_us >= 0 && self->deadline_us <= target_us)
    {
      move_to (self, self->deadline_us);
      rb_clock_dispatch (RB_CLOCK (self));
      sim_settle ();
    }
  move_to (self, target_us);
}

void
sim_clock_sleep (SimClock *self,
                 gint64    ms)
{
  sim_settle ();
  move_to (self, self->now_us + ms * 1000);
  if (self->deadline_us >= 0 && self->deadline_us <= self->now_us)
    rb_clock_dispatch (RB_CLOCK (self));
  sim_settle ();
}

void
sim_clock_jump (SimClock *self,
                gint64    ms)
{
  self->wall_us += ms * 1000;
}

void
sim_clock_reboot (SimClock *self)
{
  g_assert_cmpuint (rb_clock_get_n_timers (RB_CLOCK (self)), ==, 0);
  self->now_us = START_US / 10;
  self->deadline_us = -1;
}

gint64
sim_clock_get_ms (SimClock *self)
{
  return self->total_us / 1000;
}

void
sim_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}
