/* rb-route-claim.h: the upstream agrees to a direct delivery, and a conversation stays in order meanwhile
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md 9.4. Claims are asked at once and answered in any order; messages of one conversation (endpoint and correlation) get
 * their places in the order in which they arrived. What needs no claim waits behind those that do. */

RbRouteClaims *rb_route_claims_new  (void);
void           rb_route_claims_free (RbRouteClaims *self);

void  rb_route_claim       (RbCore *core, const RbRoute *route, RbMessage *message, gint64 seq);
/* What is being claimed for one endpoint is for another from now on: it goes on with its conversations (IMP-62). */
void  rb_route_claims_inherit (RbCore *core, const char *from_id, const char *to_id);
/* What does not come again goes to the inbox now: we are stopping. */
void  rb_route_claims_stop (RbCore *core);

G_END_DECLS
