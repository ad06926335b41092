/* rb-program-driver.h: what every spawn driver does that starts programs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-program-place.h"

G_BEGIN_DECLS

/* The one place that decides how a runtime is started: as a unit of the systemd user manager where one answers, in a process group of its own
 * where none does. What runs is kept with the driver, by token. */

/* From configure(). */
void      rb_program_driver_configure    (RbModule *module, RbModuleContext *context);
/* Those functions of a driver that are the same for all. */
void      rb_program_driver_init_module  (RbModuleInterface *iface);
void      rb_program_driver_init_iface   (RbSpawnDriverInterface *iface);

/* Starts a program, returns @task (taken) with its pid, and emits `exited` when it ended. @start is copied. */
void      rb_program_driver_start        (RbSpawnDriver *driver, const RbProgramStart *start, GTask *task);

G_END_DECLS
