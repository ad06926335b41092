/* sim-shrink.h: the fewest steps with which a run still fails
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-run.h"

G_BEGIN_DECLS

/* (transfer full): of guint; the steps of a run that fails by the same invariant, none of which can be left out alone. NULL: the run does not
 * fail. @failure: (out) (transfer full): how it fails with those. */
GArray *sim_shrink          (const SimRun *run, SimFailure **failure);

/* "1-4,9" and back; NULL when it says no such thing. */
char   *sim_steps_to_string (const GArray *steps);
GArray *sim_steps_parse     (const char *text);

G_END_DECLS
