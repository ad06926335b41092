/* rb-claim-refusal.h: what an adapter hears when it cannot have a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claimed.h"
#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md 11.10. */
GError *rb_claim_refusal_no_endpoint   (const char *endpoint_id);
GError *rb_claim_refusal_no_message    (const char *undispatched_id);
/* It has it, or somebody else. */
GError *rb_claim_refusal_in_progress   (void);
/* It may have been given, and could not be given back. */
GError *rb_claim_refusal_unknown       (const char *text, const char *reason_code);
/* The assignment ended in the same turn as it was stored. */
GError *rb_claim_refusal_ended         (RbCore *core, const char *endpoint_id);
/* The authority did not agree to the assignment. */
GError *rb_claim_refusal_not_projected (const GError *failure);
/* The upstream gave again what it has yet to hear the loss of; that gives it back. */
GError *rb_claim_refusal_loss_untold   (void);
GError *rb_claim_refusal_not_let_in    (void);
/* Step 11: the upstream did not give it. */
GError *rb_claim_refusal_rejected      (const GError *failure);
/* Step 12: it gave something else than was asked for. NULL: it did not. */
GError *rb_claim_refusal_mismatch      (const RbClaimed *claimed, const char *undispatched_id, const RbTarget *target, const char **reason_code);

G_END_DECLS
