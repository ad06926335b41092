/* rb-policy-operator.h: a person looks at the policy and at what is held, and makes and removes rules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* aa{sv}, floating. Rules: "id" x, "what" s, "sender" s, "kind" s, "action" s, "note" s, "created_at" s, "made_by" s, "hits" x, "last_used_at" s;
 * in the order in which they are asked. */
GVariant   *rb_view_policy           (RbCore *core);
/* As rows of the inbox, in the order in which they arrived; "why" s: which rule or limit holds it; and "behind" s: the
 * message that goes first. */
GVariant   *rb_view_held             (RbCore *core);

/* Finish when it is durable. @kind and @note may be NULL: any, and none. */
void        rb_policy_set_async      (RbCore *core, const char *what, const char *sender, const char *kind, const char *action,
                                      const char *note, GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full): the rule, as in the view; "waiting" x: messages that are here, on which it would decide if it were applied (rb-policy-apply.h);
 * "left_in_inbox" x: further ones that it would not have let in */
GVariant   *rb_policy_set_finish     (RbCore *core, GAsyncResult *result, GError **error);
/* Fails with RB_ERROR_NOT_FOUND, `unknown_rule`. */
void        rb_policy_remove_async   (RbCore *core, gint64 id, GAsyncReadyCallback callback, gpointer user_data);
gboolean    rb_policy_remove_finish  (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
