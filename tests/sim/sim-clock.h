/* sim-clock.h: a clock that a simulation moves, whose wall time can jump
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"

G_BEGIN_DECLS

#define SIM_TYPE_CLOCK (sim_clock_get_type ())
G_DECLARE_FINAL_TYPE (SimClock, sim_clock, SIM, CLOCK, RbClock)

SimClock *sim_clock_new     (void);
/* Time passes, timer by timer, and the main context turns after each. */
void      sim_clock_advance (SimClock *self, gint64 ms);
/* The machine sleeps: nothing happens until it wakes, and then everything that is due. */
void      sim_clock_sleep   (SimClock *self, gint64 ms);
/* Somebody sets the wall clock. */
void      sim_clock_jump    (SimClock *self, gint64 ms);
/* The machine started anew: its monotonic clock begins again, the wall clock goes on. No timer may be pending. */
void      sim_clock_reboot  (SimClock *self);
gint64    sim_clock_get_ms  (SimClock *self);    /* since the begin of the simulation, whatever the wall says */

/* Until the main context has nothing to do. */
void      sim_settle        (void);

G_END_DECLS
