/* rb-fake-clock.h: a clock that moves when a test says so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"

G_BEGIN_DECLS

#define RB_TYPE_FAKE_CLOCK (rb_fake_clock_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeClock, rb_fake_clock, RB, FAKE_CLOCK, RbClock)

/* Starts at monotonic 1,000 s and wall 2026-01-01T00:00:00Z. */
RbClock *rb_fake_clock_new      (void);
/* Moves both times on and runs what became due, at its own time, in order; turns the main context in between. */
void     rb_fake_clock_advance  (RbClock *clock, gint64 ms);
/* The system sleeps: both times move on at once, and what became due meanwhile is run late. */
void     rb_fake_clock_sleep    (RbClock *clock, gint64 ms);
/* Moves the wall clock alone (somebody set the time). */
void     rb_fake_clock_set_wall (RbClock *clock, gint64 epoch_ms);

G_END_DECLS
