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

/* The routes whose header, owner and state are checked in their own words (protocol.md 10.7, 11.10, 12.5, 12.6). */
typedef struct {
  const char *call;         /* "x-plugin-pid header is required for ..." */
  const char *body;         /* "x-plugin-pid header does not match ... body" */
  const char *rule;         /* "endpoint <id> is <state>; ..." */
  gboolean    with_token;   /* asked of everybody, legacy endpoints too (20.2 row 3) */
} RbOwnerCall;

/* 400 plugin_pid_invalid, 403 plugin_pid_mismatch, 404 unknown_endpoint, 403 endpoint_pid_mismatch, 403 endpoint_owner_token_mismatch, 409
 * endpoint_not_active, in this order. @endpoint_id, @owner_token: NULL when absent. NULL: @error is set. */
RbEndpoint *rb_owner_check_call (RbCore *core, const RbCaller *caller, const RbOwnerCall *call, const char *endpoint_id,
                                 gint64 plugin_pid, const char *owner_token, GError **error);

G_END_DECLS
