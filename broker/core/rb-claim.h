/* rb-claim.h: an adapter pulls one undispatched message for itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-grant.h"

G_BEGIN_DECLS

/* POST /v1/runtime/assignment-claim, protocol.md 11.10. Strings are NULL where the body has none of that type. */
typedef struct {
  char     *endpoint_id;
  gint64    plugin_pid;              /* 0: none */
  char     *endpoint_owner_token;
  char     *undispatched_id;
  gboolean  staged;                  /* assignment_mode */
  gboolean  is_watched;              /* not of the body: whoever has it is watched until they leave, so it need not be accepted in time */
} RbClaimRequest;

void      rb_claim_request_clear (RbClaimRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbClaimRequest, rb_claim_request_clear)

void      rb_claim_async  (RbCore *core, const RbCaller *caller, const RbClaimRequest *request, GAsyncReadyCallback callback,
                           gpointer user_data);
RbGrant  *rb_claim_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
