/* sim-step.h: what happens next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-world.h"

G_BEGIN_DECLS

/* Step @number of the run: its own stream of numbers decides what. */
void sim_step_run (SimWorld *world, guint number);

G_END_DECLS
