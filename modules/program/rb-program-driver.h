/* rb-program-driver.h: what every spawn driver does that starts programs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"
#include "rb-program-child.h"

G_BEGIN_DECLS

/* For the interfaces of a driver; its children are kept with it. */
void      rb_program_driver_stop_async   (RbModule *module, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_program_driver_stop_finish  (RbModule *module, GAsyncResult *result, GError **error);
GPid      rb_program_driver_spawn_finish (RbSpawnDriver *driver, GAsyncResult *result, GError **error);

/* Starts a program, and emits `exited` when it ended; then it was reaped. 0 on error. */
GPid      rb_program_driver_start        (RbSpawnDriver *driver, const RbProgramStart *start, const char *token, GError **error);
/* How a spawn_async() ends: with the pid, or @error (taken) when it is 0. */
void      rb_program_driver_return       (GTask *task, GPid pid, GError *error);

G_END_DECLS
