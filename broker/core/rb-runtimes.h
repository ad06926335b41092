/* rb-runtimes.h: what was started and runs: known again after a restart, and ended when a person wants it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-spawn-list.h"

G_BEGIN_DECLS

/* It is that process of that start time, or that unit; anything else with its pid is a stranger. */

/* By rb-spawn.c, which records what they change. */
void      rb_runtime_began         (RbCore *core, RbSpawn *spawn, RbSpawnDriver *driver, GPid pid);
void      rb_runtime_registered    (RbCore *core, RbSpawn *spawn);
/* Nobody knew whether it was started; its endpoint has registered. */
void      rb_runtime_found         (RbCore *core, RbSpawn *spawn);
void      rb_runtime_resume        (RbCore *core, RbSpawn *spawn);
/* Records it. */
void      rb_runtime_ended         (RbCore *core, RbSpawn *spawn);
/* We stop: who waits for its end is told so. */
void      rb_runtime_stop_waiting  (RbCore *core, RbSpawn *spawn);
/* What a launcher left behind is known by its endpoint alone, and gone with it. */
void      rb_runtime_endpoint_gone (RbCore *core, const char *endpoint_id);

/* It is asked to end and, after RbCoreSettings.spawn_stop_timeout, made to. Finishes when it has ended and its endpoint is gone. Fails with
 * RB_ERROR_NOT_FOUND, RB_ERROR_BAD_STATE "not_running", RB_ERROR_UNAVAILABLE, RB_ERROR_TIMED_OUT. */
void      rb_runtime_stop_async    (RbCore *core, const char *token, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_runtime_stop_finish   (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
