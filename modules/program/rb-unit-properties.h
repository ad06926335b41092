/* rb-unit-properties.h: a program as a transient unit of the systemd user manager
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-program-place.h"

G_BEGIN_DECLS

#define RB_UNIT_SLICE "app-runtimebroker.slice"

/* Pure. */

/* "app-runtimebroker-NAME.service" */
char     *rb_unit_dup_name        (const char *name);
/* Where the manager shows it. */
char     *rb_unit_dup_path        (const char *unit);
/* a(sv) for StartTransientUnit. @manager_environment: what the manager gives to all units: of it what is the broker's business is taken out.
 * The prompt is file 0 of the list that goes with it. */
GVariant *rb_unit_make_properties (const RbProgramStart *start, const RbProgramPlace *place, const RbSpawnTerms *terms,
                                   const char *const *manager_environment);
/* As from waitpid(), of a service's ExecMainCode and ExecMainStatus. */
int       rb_unit_get_wait_status (int code, int status);

G_END_DECLS
