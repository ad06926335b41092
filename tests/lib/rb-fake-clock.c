/* rb-fake-clock.c: a clock that moves when a test says so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-clock.h"

#include "rb-test.h"

#define START_MONOTONIC_US (1000 * G_USEC_PER_SEC)
#define START_WALL_MS G_GINT64_CONSTANT (1767225600000)   /* 2026-01-01T00:00:00Z */

struct _RbFakeClock {
  RbClock parent_instance;

  gint64 now_us;
  gint64 wall_offset_us;   /* wall time minus @now_us */
  gint64 deadline_us;      /* -1: no timer is pending */
};

G_DEFINE_FINAL_TYPE (RbFakeClock, rb_fake_clock, RB_TYPE_CLOCK)

static gint64
rb_fake_clock_get_monotonic_us (RbClock *clock)
{
  return RB_FAKE_CLOCK (clock)->now_us;
}

static gint64
rb_fake_clock_get_wall_ms (RbClock *clock)
{
  RbFakeClock *self = RB_FAKE_CLOCK (clock);

  return (self->now_us + self->wall_offset_us) / 1000;
}

static void
rb_fake_clock_arm (RbClock *clock,
                   gint64   deadline_us)
{
  RB_FAKE_CLOCK (clock)->deadline_us = deadline_us;
}

static void
rb_fake_clock_class_init (RbFakeClockClass *klass)
{
  RbClockClass *clock_class = RB_CLOCK_CLASS (klass);

  clock_class->get_monotonic_us = rb_fake_clock_get_monotonic_us;
  clock_class->get_wall_ms = rb_fake_clock_get_wall_ms;
  clock_class->arm = rb_fake_clock_arm;
}

static void
rb_fake_clock_init (RbFakeClock *self)
{
  self->now_us = START_MONOTONIC_US;
  self->wall_offset_us = START_WALL_MS * 1000 - START_MONOTONIC_US;
  self->deadline_us = -1;
}

RbClock *
rb_fake_clock_new (void)
{
  return g_object_new (RB_TYPE_FAKE_CLOCK, NULL);
}

void
rb_fake_clock_advance (RbClock *clock,
                       gint64   ms)
{
  RbFakeClock *self = RB_FAKE_CLOCK (clock);
  gint64 target_us = self->now_us + ms * 1000;

  rb_test_settle ();
  while (self->deadline_us >= 0 && self->deadline_us <= target_us)
    {
      self->now_us = MAX (self->now_us, self->deadline_us);
      rb_clock_dispatch (clock);
      rb_test_settle ();
    }
  self->now_us = MAX (self->now_us, target_us);
  rb_test_settle ();
}

void
rb_fake_clock_sleep (RbClock *clock,
                     gint64   ms)
{
  RbFakeClock *self = RB_FAKE_CLOCK (clock);

  rb_test_settle ();
  self->now_us += ms * 1000;
  if (self->deadline_us >= 0 && self->deadline_us <= self->now_us)
    rb_clock_dispatch (clock);
  rb_test_settle ();
}

void
rb_fake_clock_set_wall (RbClock *clock,
                        gint64   epoch_ms)
{
  RbFakeClock *self = RB_FAKE_CLOCK (clock);

  self->wall_offset_us = epoch_ms * 1000 - self->now_us;
}
