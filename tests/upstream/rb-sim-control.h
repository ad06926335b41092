/* rb-sim-control.h: the simulation's own routes, for tests in other languages and for people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-api.h"
#include "rb-sim.h"

G_BEGIN_DECLS

/* README.md lists the routes. @request is "METHOD /sim/...", @query is nullable, @body may be "". */
void rb_sim_control_answer (RbSim       *sim,
                            const char  *request,
                            const char  *query,
                            const char  *body,
                            RbSimAnswer *answer);

G_END_DECLS
