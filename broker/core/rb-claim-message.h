/* rb-claim-message.h: the message of a claim: a row of our inbox, or one that only the upstream had
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claimed.h"
#include "rb-core-private.h"

G_BEGIN_DECLS

/* The row is taken and keeps its slot; of a message that is not here a live one is made from the claim, which nobody finds in a place yet.
 * Either goes back, or becomes an assignment's with rb_claim_message_store(). (transfer full); NULL: it is here already, and in other hands. */
RbMessage *rb_claim_message_take      (RbCore *core, const RbClaimed *claimed, gint64 arrived_at);
void       rb_claim_message_give_back (RbCore *core, RbMessage *message);    /* takes it */

/* Gives it, in the table already, its place and its steps, as a part of @changes; then rb_claim_message_settle() with the outcome. @step: of
 * its ladder. */
void       rb_claim_message_store     (RbCore *core, RbAssignment *assignment, const char *step, const char *rule,
                                       RbChanges *changes);
void       rb_claim_message_settle    (RbCore *core, RbMessage *message, const GError *error);

RbAssignment *rb_claim_message_assign (RbCore *core, const RbClaimed *claimed, RbMessage *message);

G_END_DECLS
