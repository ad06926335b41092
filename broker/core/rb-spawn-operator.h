/* rb-spawn-operator.h: a person says whether a runtime starts that the network asks for, or starts one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* An answer may be remembered: then a rule for all of that kind is made of it (rb-policy.h), with the answer or not at all.
 *
 * Both fail with RB_ERROR_NOT_FOUND; RB_ERROR_BAD_STATE "no_longer_waiting": somebody has answered already. To approve fails with
 * RB_ERROR_UNAVAILABLE, and it goes on waiting, where it cannot be started now; when it could not be started, it has failed. Finishes when
 * the program runs. */
void      rb_spawn_approve_async  (RbCore *core, const char *token, gboolean always, GAsyncReadyCallback callback, gpointer user_data);
void      rb_spawn_deny_async     (RbCore *core, const char *token, gboolean always, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_spawn_answer_finish  (RbCore *core, GAsyncResult *result, GError **error);

/* Neither the policy nor the rate limit has a say. @directory: (nullable) */
void      rb_spawn_by_hand_async  (RbCore *core, const char *kind, const char *prompt, const char *directory, GAsyncReadyCallback callback,
                                   gpointer user_data);
/* (transfer full): its token */
char     *rb_spawn_by_hand_finish (RbCore *core, GAsyncResult *result, GError **error);

/* aa{sv}, floating. Those that wait for a person, with what they would be told if @prompts; those that run, or with @all the last ones that
 * have ended, too. */
GVariant *rb_view_spawns          (RbCore *core, gboolean prompts);
GVariant *rb_view_runtimes        (RbCore *core, gboolean all);

G_END_DECLS
