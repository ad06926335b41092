/* rb-policy.h: what a person wants done with messages and spawns: rules, and which of them decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-changes.h"
#include "rb-policy-rule.h"

G_BEGIN_DECLS

/* Pure: it decides, others do. Rules are kept in RB_TABLE_POLICY_RULES. The most telling rule that fits decides (rb_policy_rule_compare());
 * where none fits, messages are accepted and spawns are what the setting `spawn.approval` says.
 *
 * `spawn.remote=deny` stands above all this: then the network may start nothing, no rule is asked, nobody is told that we could
 * (capability remote_spawn_v1). With `spawn.remote=allow` the rules and `spawn.approval` decide on each. */

#define RB_POLICY_RULES_MAX 1000

typedef struct _RbPolicy RbPolicy;

typedef struct {
  RbPolicyAction      action;
  const RbPolicyRule *rule;       /* borrowed, until the rules change; NULL: none fits */
} RbPolicyVerdict;

RbPolicy           *rb_policy_new            (RbPolicyAction spawn_default);
void                rb_policy_free           (RbPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbPolicy, rb_policy_free)
/* @bounds: borrowed; NULL: nobody counts. */
void                rb_policy_set_bounds     (RbPolicy *self, RbBounds *bounds);

/* (nullable) The rule that would decide; its use is not noted. */
const RbPolicyRule *rb_policy_find_for_message (const RbPolicy *self, const RbPolicyMessage *message);
/* Both note the use of the rule. @now: epoch-ms. */
RbPolicyVerdict     rb_policy_decide_message (RbPolicy *self, const RbPolicyMessage *message, gint64 now);
RbPolicyVerdict     rb_policy_decide_spawn   (RbPolicy *self, const RbPolicySpawn *spawn, gint64 now);
/* "rule 3: deny runtimes for bob@example", or that none fits and what follows from that. */
char               *rb_policy_verdict_describe (const RbPolicyVerdict *verdict);

/**
 * rb_policy_set:
 * @rule: (transfer full): of rb_policy_rule_new()
 * @made_by: RB_POLICY_BY_...
 *
 * Takes the place of the rule for the same sender and kind, if there is one, and has its number. Fails with %RB_ERROR_UNAVAILABLE,
 * `policy_full`, when there are RB_POLICY_RULES_MAX already.
 *
 * Returns: (nullable): the rule, borrowed
 */
const RbPolicyRule *rb_policy_set            (RbPolicy *self, RbPolicyRule *rule, const char *made_by, gint64 now, RbChanges *changes,
                                              GError **error);
gboolean            rb_policy_remove         (RbPolicy *self, gint64 n, RbChanges *changes);
const RbPolicyRule *rb_policy_lookup         (RbPolicy *self, gint64 n);
/* While loading. */
gboolean            rb_policy_load           (RbPolicy *self, GVariant *row, GError **error);

/* Some rule for messages names that sender: it is no stranger. */
gboolean            rb_policy_names          (RbPolicy *self, const char *sender);
guint               rb_policy_get_n          (const RbPolicy *self);
RbPolicyAction      rb_policy_get_spawn_default (const RbPolicy *self);
/* (transfer container): in the order in which they are asked, messages first */
GPtrArray          *rb_policy_dup_rules      (const RbPolicy *self);

G_END_DECLS
