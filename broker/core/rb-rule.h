/* rb-rule.h: by which rule a message came where it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Recorded in the checkpoint that a decision commits. Tools depend on these words: add, never change. */
#define RB_RULE_TARGET "target_endpoint_id"
#define RB_RULE_CORRELATION "correlation_id"
#define RB_RULE_CORRELATION_OLDEST "correlation_id_oldest"
#define RB_RULE_SUCCESSOR "successor"
#define RB_RULE_UNMATCHED "unmatched"
#define RB_RULE_CLOSED "target_closed"
#define RB_RULE_BACKGROUND "background_only"
#define RB_RULE_CONTINUATION "foreground_only"
#define RB_RULE_DECLINED "route_claim_failed"
#define RB_RULE_ADOPTED "adopted"
#define RB_RULE_OPERATOR "dispatch_operator"
#define RB_RULE_ADAPTER "dispatch_adapter"
#define RB_RULE_UPSTREAM "dispatch_upstream"
#define RB_RULE_CLAIM "claim"
#define RB_RULE_STAGED "staged_delivery"
#define RB_RULE_RESTORED "restored"
#define RB_RULE_RETURNED "returned"
#define RB_RULE_RELEASED "claim_released"
#define RB_RULE_UNDELIVERED "settled_undelivered"
#define RB_RULE_POLICY "policy"
#define RB_RULE_QUOTA "policy_quota"
#define RB_RULE_LOOP "policy_loop"
#define RB_RULE_BEHIND "held_behind"
#define RB_RULE_ADMITTED "admitted_operator"
#define RB_RULE_IN_LINE "admitted_in_line"
#define RB_RULE_TURNED_AWAY "refused_operator"

/* What the rule says, as a sentence for people; the word itself when it is not known. */
const char *rb_rule_describe (const char *rule);

G_END_DECLS
