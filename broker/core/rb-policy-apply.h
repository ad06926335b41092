/* rb-policy-apply.h: a person has a rule decide on what is here already
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* A rule decides on what comes. What came before it is decided on again only when a person says so: of the messages on which this rule, and no
 * other, would decide now, held ones are let in or end; of the inbox, where it is ours alone, they end. What an upstream lists as well, and what a
 * rule would only hold, stays in the inbox. What agents in a loop say is let in by an answer to it, and by no rule. */

typedef struct {
  guint n_held;        /* on which applying it decides */
  guint n_inbox;       /* likewise */
  guint n_left;        /* in the inbox: it would not have come in, and stays */
} RbPolicyWaiting;

RbPolicyWaiting rb_policy_count_waiting (RbCore *core, gint64 id);

/* Finishes when it is durable. Fails with RB_ERROR_NOT_FOUND, `unknown_rule`. */
void       rb_policy_apply_async  (RbCore *core, gint64 id, GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full): {"id" x, "let_in" x, "refused" x, "left_in_inbox" x} */
GVariant  *rb_policy_apply_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
