/* rb-doctor-clock.h: what is to be thought of clocks that are apart
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-doctor.h"

G_BEGIN_DECLS

/* Of now: the wall clock, before the time since boot. */
gint64         rb_doctor_clock_get_offset    (void);

/* Pure; both offsets in ms. A clock that a time server steers stays within the first; what is further was set by somebody. */
RbDoctorState  rb_doctor_clock_judge_jump    (gint64 start_offset_ms, gint64 now_offset_ms);
/* The network forgives some seconds; what is signed or certified for a time does not forgive minutes. */
RbDoctorState  rb_doctor_clock_judge_skew    (gint64 network_offset_ms, gint64 now_offset_ms);

/* @status: of a broker that runs */
void           rb_doctor_look_at_clocks      (RbDoctor *self, const RbJson *status);

G_END_DECLS
