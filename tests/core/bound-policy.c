/* bound-policy.c: what of the policy has a limit, driven to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bound-cases.h"

#include "rb-hold.h"

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

void
rb_drive_held (RbCoreFixture *fixture)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(GError) error = NULL;

  fixture->settings.held_cap = 2;
  rb_bound_settle (fixture);
  g_assert_nonnull (rb_policy_set (fixture->core->policy, rb_policy_rule_new (RB_POLICY_MESSAGE, "*", "*", "hold", NULL, NULL),
                                   RB_POLICY_BY_PERSON, 1, changes, &error));
  for (gint64 seq = 1; seq <= 3; seq++)
    rb_bound_deliver (fixture, seq, 10, NULL, NULL);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 3));
  g_assert_null (rb_core_fixture_place (fixture, "m3"));

  rb_hold_refuse_async (fixture->core, "m1", FALSE, NULL, NULL, NULL);
  rb_bound_deliver (fixture, 3, 10, NULL, NULL);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m3"), ==, "held");
}

void
rb_drive_known_senders (RbCoreFixture *fixture)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();

  for (guint i = 0; i <= RB_KNOWN_MAX; i++)
    {
      g_autofree char *address = g_strdup_printf ("agent%u", i);

      rb_known_add (fixture->core->known, address, i, changes);
      g_assert_true (i == 0 || rb_known_has (fixture->core->known, "agent1"));
    }
  g_assert_false (rb_known_has (fixture->core->known, "agent0"));
  g_assert_cmpuint (rb_changes_get_n (changes), ==, RB_KNOWN_MAX + 2);
}

void
rb_drive_strangers (RbCoreFixture *fixture)
{
  fixture->settings.unknown_per_hour = 1;
  rb_bound_settle (fixture);
  for (guint i = 0; i <= RB_QUOTA_SENDERS_MAX; i++)
    {
      g_autofree char *address = g_strdup_printf ("agent%u", i);

      g_assert_true (rb_quota_take (fixture->core->quota, address, 1));
      g_assert_false (rb_quota_take (fixture->core->quota, address, 1));
    }
  g_assert_true (rb_quota_take (fixture->core->quota, "agent0", 1));
}

void
rb_drive_loops (RbCoreFixture *fixture)
{
  for (guint i = 0; i <= RB_LOOP_CONVERSATIONS_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("c%u", i);
      RbLoopTurn turn = { RB_LOOP_IN, id, NULL, "bob" };

      g_assert_true (rb_loop_pass (fixture->core->loop, &turn, 1));
    }
  g_assert_cmpuint (rb_loop_get_n (fixture->core->loop), ==, RB_LOOP_CONVERSATIONS_MAX);
}
