/* bound-policy.c: what of the policy has a limit, driven to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bound-cases.h"

static const RbPolicyRule *
set_rule (RbCoreFixture  *fixture,
          guint           i,
          GError        **error)
{
  g_autofree char *sender = g_strdup_printf ("agent%u@example", i);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  RbPolicyRule *rule = rb_policy_rule_new (RB_POLICY_MESSAGE, sender, "*", "hold", NULL, error);

  g_assert_no_error (*error);
  return rb_policy_set (fixture->core->policy, rule, RB_POLICY_BY_PERSON, 1, changes, error);
}

void
rb_drive_policy_rules (RbCoreFixture *fixture)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < RB_POLICY_RULES_MAX; i++)
    g_assert_nonnull (set_rule (fixture, i, &error));
  g_assert_null (set_rule (fixture, RB_POLICY_RULES_MAX, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "policy_full");
  g_clear_error (&error);

  /* What is there can be changed still, and one that goes makes room. */
  g_assert_nonnull (set_rule (fixture, 7, &error));
  g_assert_true (rb_policy_remove (fixture->core->policy, 7, changes));
  g_assert_nonnull (set_rule (fixture, RB_POLICY_RULES_MAX, &error));
}
