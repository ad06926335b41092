/* rb-owner.h: does a request come from who registered the endpoint?
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* For the calls that carry endpoint_id, plugin_pid and endpoint_owner_token: 404 unknown_endpoint, the caller's header (IMP-13), 403
 * endpoint_pid_mismatch, 403 endpoint_owner_token_mismatch, in this order. A legacy endpoint may leave the token out (protocol.md 20.2 row
 * 3); a wrong one is always refused. NULL: @error is set. */
RbEndpoint *rb_owner_check (RbCore *core, const RbCaller *caller, const char *endpoint_id, gint64 plugin_pid, const char *owner_token,
                            GError **error);

G_END_DECLS
