/* rb-clock.h: where time comes from; all timers of a process share one source
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define RB_TYPE_CLOCK (rb_clock_get_type ())
G_DECLARE_DERIVABLE_TYPE (RbClock, rb_clock, RB, CLOCK, GObject)

typedef void (*RbClockFunc) (gpointer user_data);

/* The base class keeps the timers in a heap and asks its subclass for the time and to be called at the earliest
 * deadline, so that a thousand timers cost the main loop one source. */
struct _RbClockClass {
  GObjectClass parent_class;

  gint64 (*get_monotonic_us) (RbClock *self);
  gint64 (*get_wall_ms)      (RbClock *self);
  /* Call rb_clock_dispatch() at @deadline_us of the monotonic clock; -1: no timer is pending. */
  void   (*arm)              (RbClock *self, gint64 deadline_us);
};

/* Runs on the thread-default context of the caller. Its monotonic clock counts system sleep (CLOCK_BOOTTIME). */
RbClock  *rb_clock_new_system        (void);

gint64    rb_clock_get_monotonic_us  (RbClock *self);
gint64    rb_clock_get_wall_ms       (RbClock *self);

/* One shot. Returns an id above 0; it is spent once the function was called. Timers of one deadline fire in the
 * order they were added. */
guint64   rb_clock_add               (RbClock *self, gint64 delay_ms, RbClockFunc function, gpointer user_data);
void      rb_clock_remove            (RbClock *self, guint64 id);     /* 0 and spent ids are fine */
/* Microseconds of the monotonic clock until it is due, 0 when it is overdue; -1: it is spent, or never was. */
gint64    rb_clock_get_left_us       (RbClock *self, guint64 id);
guint     rb_clock_get_n_timers      (RbClock *self);
void      rb_clock_dispatch          (RbClock *self);                 /* for subclasses: run what is due */

static inline void
rb_clock_clear (RbClock *self, guint64 *id)
{
  if (*id != 0)
    rb_clock_remove (self, *id);
  *id = 0;
}

G_END_DECLS
