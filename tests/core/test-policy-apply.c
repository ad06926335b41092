/* test-policy-apply.c: a rule decides on what is here already
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-policy-apply.h"

static void
set_rule (RbCoreFixture *fixture,
          const char    *sender,
          const char    *action)
{
  RbChanges *changes = rb_changes_new ();
  RbPolicyRule *rule = rb_policy_rule_new (RB_POLICY_MESSAGE, sender, "*", action, NULL, NULL);

  g_assert_nonnull (rb_policy_set (fixture->core->policy, rule, RB_POLICY_BY_PERSON, 1, changes, NULL));
  rb_core_commit (fixture->core, changes, NULL, NULL);
}

/* As "m<seq>". */
static void
deliver (RbCoreFixture *fixture,
         gint64         seq,
         const char    *from,
         const char    *metadata)
{
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, seq);

  rb_fake_connector_deliver (fixture->connector, seq, id, from, "hello", metadata);
  rb_test_settle ();
}

/* "place reason" */
static void
assert_is (RbCoreFixture *fixture,
           const char    *id,
           const char    *wanted)
{
  g_autofree char *found = g_strconcat (rb_core_fixture_place (fixture, id), " ", rb_core_fixture_reason (fixture, id), NULL);

  g_assert_cmpstr (found, ==, wanted);
}

static gint64
get (GVariant   *answer,
     const char *member)
{
  gint64 n = -1;

  g_assert_true (g_variant_lookup (answer, member, "x", &n));
  return n;
}

/* "let_in refused left_in_inbox"; NULL with the error. */
static char *
apply_rule (RbCoreFixture  *fixture,
            gint64          id,
            GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;

  rb_policy_apply_async (fixture->core, id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_test_settle ();
  answer = rb_policy_apply_finish (fixture->core, result, error);
  return answer == NULL ? NULL
                        : g_strdup_printf ("%d %d %d", (int) get (answer, "let_in"), (int) get (answer, "refused"),
                                           (int) get (answer, "left_in_inbox"));
}

static guint
count_waiting (RbCoreFixture *fixture,
               gint64         id)
{
  RbPolicyWaiting waiting = rb_policy_count_waiting (fixture->core, id);

  return waiting.n_held + waiting.n_inbox;
}

/* So many wait before, and none does afterwards. */
static void
assert_applied (RbCoreFixture *fixture,
                gint64         id,
                guint          n_waiting,
                const char    *wanted)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *found = NULL;

  g_assert_cmpuint (count_waiting (fixture, id), ==, n_waiting);
  found = apply_rule (fixture, id, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, wanted);
  g_assert_cmpuint (count_waiting (fixture, id), ==, 0);
}

static void
test_refuse (RbCoreFixture *fixture,
             gconstpointer  data)
{
  gboolean is_local = data == NULL;

  g_test_summary ("A rule ends what of it is held, and what is in an inbox that is ours alone; of others, and of better rules, nothing.");

  deliver (fixture, 1, "spam1@x", NULL);
  deliver (fixture, 2, "ann@x", NULL);
  set_rule (fixture, "*@x", "hold");
  deliver (fixture, 3, "spam1@x", "{\"correlation_id\":\"c1\"}");
  deliver (fixture, 4, "spam2@x", NULL);
  deliver (fixture, 5, "spam3@x", NULL);
  set_rule (fixture, "spam*@x", "refuse");
  set_rule (fixture, "spam3@x", "hold");
  assert_applied (fixture, 2, is_local ? 3 : 2, is_local ? "0 3 0" : "0 2 1");
  assert_is (fixture, "m3", "ended refused_by_policy");
  assert_is (fixture, "m4", "ended refused_by_policy");
  assert_is (fixture, "m5", "held held");
  assert_is (fixture, "m2", "inbox unaddressed");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, is_local ? "ended" : "inbox");
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_held_get_n (fixture->core->held), ==, 1);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, is_local ? 1 : 2);
}

static void
test_accept (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const char *const c1 = "{\"correlation_id\":\"c1\"}";

  g_test_summary ("A rule lets in what rules and quotas hold, in order; one that only holds takes nothing out of the inbox.");

  deliver (fixture, 1, "bob", c1);
  set_rule (fixture, "*", "hold");
  deliver (fixture, 2, "bob", c1);
  deliver (fixture, 3, "bob", c1);
  deliver (fixture, 4, "eve", NULL);
  assert_applied (fixture, 1, 0, "0 0 1");
  assert_is (fixture, "m1", "inbox unaddressed");
  set_rule (fixture, "bob", "accept");
  assert_applied (fixture, 2, 2, "2 0 0");
  assert_is (fixture, "m2", "inbox unaddressed");
  assert_is (fixture, "m3", "inbox unaddressed");
  assert_is (fixture, "m4", "held held");
  g_assert_cmpint (rb_inbox_lookup (fixture->core->inbox, "m2")->position, <, rb_inbox_lookup (fixture->core->inbox, "m3")->position);
}

static void
test_refusals (RbCoreFixture *fixture,
               gconstpointer  data)
{
  RbChanges *changes = rb_changes_new ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("A rule that is not there, or is for spawns, decides on no message; nothing is decided while nothing can be stored.");

  g_assert_nonnull (rb_policy_set (fixture->core->policy, rb_policy_rule_new (RB_POLICY_SPAWN, "*", "*", "deny", NULL, NULL),
                                   RB_POLICY_BY_PERSON, 1, changes, NULL));
  rb_core_commit (fixture->core, changes, NULL, NULL);
  g_assert_null (apply_rule (fixture, 9, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "unknown_rule");
  g_clear_error (&error);
  g_assert_null (apply_rule (fixture, 1, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "not_for_messages");
  g_clear_error (&error);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "no space");
  g_assert_null (apply_rule (fixture, 1, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "storage_unavailable");
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, world, function) \
  g_test_add ("/policy-apply/" path, RbCoreFixture, world, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("refuse", NULL, test_refuse);
  ADD ("refuse/network", "network", test_refuse);
  ADD ("accept", NULL, test_accept);
  ADD ("refusals", NULL, test_refusals);
#undef ADD
  return g_test_run ();
}
