/* rb-dispatch.h: a message of the inbox becomes an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* POST /v1/dispatch, protocol.md 11.6. Both ids non-NULL and non-empty, else RB_ERROR_INVALID "dispatch_body_invalid".
 * Finishes when the target took the message (receipt) or, for a reconnecting one, when it is queued for it. */
void      rb_dispatch_async   (RbCore *core, const RbCaller *caller, const char *undispatched_id, const char *endpoint_id,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_dispatch_finish  (RbCore *core, GAsyncResult *result, GError **error);

/* The endpoint's channel is gone: who waits for the receipt of what was not pushed yet hears that it is queued. */
void      rb_dispatch_settle  (RbCore *core, const char *endpoint_id);

G_END_DECLS
