/* test-hold.c: messages that wait for a person to let them in, and those that do not come in at all
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-hold.h"
#include "rb-policy-operator.h"

#include <string.h>

#define PID 100

static void
set_rule (RbCoreFixture *fixture,
          const char    *sender,
          const char    *kind,
          const char    *action)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) rule = NULL;
  g_autoptr(GError) error = NULL;

  rb_policy_set_async (fixture->core, "message", sender, kind, action, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rule = rb_policy_set_finish (fixture->core, result, &error);
  g_assert_no_error (error);
}

static RbFakeChannel *
attach (RbCoreFixture *fixture)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_assert_cmpstr (id, ==, "ep_1");
  return channel;
}

/* @correlation: NULL: none. To "ep_1", or to nobody with @to NULL. */
static void
deliver (RbCoreFixture *fixture,
         gint64         seq,
         const char    *id,
         const char    *from,
         const char    *to,
         const char    *correlation)
{
  g_autoptr(GString) metadata = g_string_new ("{");

  if (to != NULL)
    g_string_append_printf (metadata, "\"target_endpoint_id\":\"%s\"", to);
  if (correlation != NULL)
    g_string_append_printf (metadata, "%s\"correlation_id\":\"%s\"", to != NULL ? "," : "", correlation);
  g_string_append_c (metadata, '}');
  rb_fake_connector_deliver (fixture->connector, seq, id, from, id, metadata->str);
  rb_test_settle ();
}

static void
start_accept (RbCoreFixture *fixture,
              const char    *id,
              gboolean       remember,
              GAsyncResult **result)
{
  rb_hold_accept_async (fixture->core, id, remember, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

/* Returns where it is then; NULL with the error. */
static char *
accept (RbCoreFixture  *fixture,
        const char     *id,
        gboolean        remember,
        GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;
  char *place = NULL;

  start_accept (fixture, id, remember, &result);
  rb_test_wait_until (result != NULL);
  answer = rb_hold_accept_finish (fixture->core, result, error);
  if (answer != NULL)
    g_variant_lookup (answer, "place", "s", &place);
  return place;
}

static void
accept_well (RbCoreFixture *fixture,
             const char    *id,
             const char    *place)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *found = accept (fixture, id, FALSE, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, place);
}

static gboolean
refuse (RbCoreFixture  *fixture,
        const char     *id,
        gboolean        remember,
        const char     *why,
        GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_hold_refuse_async (fixture->core, id, remember, why, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_hold_refuse_finish (fixture->core, result, error);
}

static void
assert_place (RbCoreFixture *fixture,
              const char    *id,
              const char    *place,
              const char    *reason)
{
  g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, place);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, id), ==, reason);
}

static void
assert_reason (GError    **error,
               const char *reason)
{
  g_assert_cmpstr (rb_error_get_reason (*error), ==, reason);
  g_clear_error (error);
}

static void
assert_pushed (RbFakeChannel *channel,
               const char    *ids)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < channel->pushes->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", ((const RbPush *) g_ptr_array_index (channel->pushes, i))->source_message_id);
  g_assert_cmpstr (text->str, ==, ids);
}

static void
test_held (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autoptr(GVariant) story = NULL;
  const char *next;

  g_test_summary ("What is held is ours and accepted, in a place of its own, and nobody is told of it.");

  set_rule (fixture, "mallory", "*", "hold");
  deliver (fixture, 1, "m1", "mallory", "ep_1", NULL);
  deliver (fixture, 2, "m2", "mallory", NULL, NULL);
  assert_place (fixture, "m1", "held", "held");
  assert_place (fixture, "m2", "held", "held");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
  assert_pushed (channel, "");
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  g_assert_cmpuint (rb_inbox_get_n (fixture->core->inbox), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);

  story = rb_core_fixture_explain (fixture, "m1", NULL);
  g_assert_true (g_variant_lookup (story, "next", "&s", &next));
  g_assert_cmpstr (next, ==, "waits for a person to accept or to refuse it");

  /* Again, also under another number: nothing happens twice. */
  deliver (fixture, 3, "m1", "mallory", "ep_1", NULL);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 3));
  g_assert_cmpuint (rb_held_get_n (fixture->core->held), ==, 2);

  accept_well (fixture, "m1", "queue");
  assert_pushed (channel, "m1");
  accept_well (fixture, "m2", "inbox");
  assert_place (fixture, "m2", "inbox", "unaddressed");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 1);
  deliver (fixture, 4, "m2", "mallory", NULL, NULL);
  g_assert_cmpuint (rb_held_get_n (fixture->core->held), ==, 0);
}

static void
test_turned_away (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autoptr(GVariant) story = NULL;
  const char *reason;

  g_test_summary ("What a rule refuses is accepted and ends, with its story; the same again has no effect.");

  set_rule (fixture, "mallory", "*", "refuse");
  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver (fixture, 1, "m1", "mallory", "ep_1", NULL);
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 1));
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  assert_place (fixture, "m1", "ended", "refused_by_policy");
  deliver (fixture, 2, "m1", "mallory", "ep_1", NULL);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
  assert_pushed (channel, "");
  g_assert_cmpuint (rb_archive_get_n (fixture->core->archive), ==, 1);

  story = rb_core_fixture_explain (fixture, "m1", NULL);
  g_assert_true (g_variant_lookup (story, "reason", "&s", &reason));
  g_assert_cmpstr (reason, ==, "refused_by_policy");
}

static void
test_order (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is behind a held one of its conversation waits with it; others pass; then all go in order.");

  set_rule (fixture, "bob", "targeted", "hold");
  deliver (fixture, 1, "m1", "bob", "ep_1", "c1");
  rb_policy_remove_async (fixture->core, 1, NULL, NULL);
  deliver (fixture, 2, "m2", "bob", "ep_1", "c1");
  deliver (fixture, 3, "m3", "bob", "ep_1", "c2");
  deliver (fixture, 4, "m4", "ann", "ep_1", "c1");
  deliver (fixture, 5, "m5", "bob", "ep_1", "c1");
  assert_place (fixture, "m1", "held", "held");
  assert_place (fixture, "m2", "held", "held_behind");
  assert_place (fixture, "m5", "held", "held_behind");
  assert_pushed (channel, "m3 m4");

  g_assert_null (accept (fixture, "m2", FALSE, &error));
  assert_reason (&error, "held_behind");
  accept_well (fixture, "m1", "queue");
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_core_fixture_receipt (fixture, channel, 1);
  g_assert_cmpuint (rb_held_get_n (fixture->core->held), ==, 0);
  for (guint i = 2; i < channel->pushes->len; i++)
    rb_core_fixture_receipt (fixture, channel, i);
  assert_pushed (channel, "m3 m4 m1 m2 m5");
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A person refuses one: it ends, what is behind it goes on; what is not held cannot be refused.");

  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", "ep_1", "c1");
  set_rule (fixture, "bob", "*", "accept");
  deliver (fixture, 2, "m2", "bob", "ep_1", "c1");
  g_assert_false (refuse (fixture, "m1", FALSE, "no\nline", &error));
  assert_reason (&error, "bad_rule");
  g_assert_true (refuse (fixture, "m1", FALSE, "spam", &error));
  g_assert_no_error (error);
  assert_place (fixture, "m1", "ended", "refused_by_person");
  assert_pushed (channel, "m2");
  g_assert_false (refuse (fixture, "m1", FALSE, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (refuse (fixture, "m2", FALSE, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  deliver (fixture, 3, "m1", "bob", "ep_1", "c1");
  assert_pushed (channel, "m2");
}

static void
test_remember (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autoptr(GError) error = NULL;
  g_autofree char *place = NULL;
  g_autoptr(GPtrArray) rules = NULL;

  g_test_summary ("An answer that is remembered is a rule, and lets in what else of that sender waits; a star cannot be remembered.");

  set_rule (fixture, "*", "*", "hold");
  deliver (fixture, 1, "m1", "bob", "ep_1", "c1");
  deliver (fixture, 2, "m2", "ann", "ep_1", "c1");
  deliver (fixture, 3, "m3", "bob", "ep_1", "c2");
  deliver (fixture, 4, "m4", "bob", NULL, NULL);
  deliver (fixture, 5, "m5", "*", "ep_1", NULL);
  place = accept (fixture, "m1", TRUE, &error);
  g_assert_no_error (error);
  rb_test_settle ();
  assert_pushed (channel, "m1 m3");
  assert_place (fixture, "m4", "inbox", "unaddressed");
  assert_place (fixture, "m2", "held", "held");
  deliver (fixture, 6, "m6", "bob", NULL, NULL);
  assert_place (fixture, "m6", "inbox", "unaddressed");

  g_assert_true (refuse (fixture, "m2", TRUE, "no", &error));
  deliver (fixture, 7, "m7", "ann", NULL, NULL);
  assert_place (fixture, "m7", "ended", "refused_by_policy");
  g_assert_null (accept (fixture, "m5", TRUE, &error));
  assert_reason (&error, "cannot_remember");
  g_assert_false (refuse (fixture, "m5", TRUE, NULL, &error));
  assert_reason (&error, "cannot_remember");
  assert_place (fixture, "m5", "held", "held");
  rules = rb_policy_dup_rules (fixture->core->policy);
  g_assert_cmpuint (rules->len, ==, 3);
  g_assert_cmpstr (((RbPolicyRule *) g_ptr_array_index (rules, 0))->made_by, ==, "answer");
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("Rules, what is held, why, and in which order survive the process.");

  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "z1", "bob", "ep_1", "c1");
  set_rule (fixture, "bob", "*", "accept");
  deliver (fixture, 2, "a2", "bob", "ep_1", "c1");
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_policy_get_n (fixture->core->policy), ==, 1);
  g_assert_cmpuint (rb_held_get_n (fixture->core->held), ==, 2);
  assert_place (fixture, "z1", "held", "held");
  deliver (fixture, 3, "b3", "bob", "ep_1", "c1");
  assert_place (fixture, "b3", "held", "held_behind");
  rb_core_fixture_restart (fixture);

  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  accept_well (fixture, "z1", "queue");
  for (guint i = 0; i < channel->pushes->len; i++)
    rb_core_fixture_receipt (fixture, channel, i);
  assert_pushed (channel, "z1 a2 b3");
}

/* Each commit of it is the last that the process made. */
static void
test_crash_between (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("However far it came: what is behind one that was let in comes in after it, also by the next process.");

  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", NULL, "c1");
  set_rule (fixture, "bob", "*", "accept");
  deliver (fixture, 2, "m2", "bob", NULL, "c1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  start_accept (fixture, "m1", FALSE, NULL);
  rb_fake_store_commit_one (fixture->store);    /* that the sender is known */
  rb_fake_store_commit_one (fixture->store);    /* m1 moves */
  rb_core_fixture_crash (fixture);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  assert_place (fixture, "m1", "inbox", "unaddressed");
  assert_place (fixture, "m2", "inbox", "unaddressed");
  g_assert_cmpint (rb_inbox_lookup (fixture->core->inbox, "m1")->position, <, rb_inbox_lookup (fixture->core->inbox, "m2")->position);
  g_assert_true (rb_known_has (fixture->core->known, "bob"));
}

static void
test_no_room (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autoptr(GVariant) story = NULL;
  g_autoptr(GError) error = NULL;
  const char *next;

  g_test_summary ("What is let in and finds no room stays held; what is behind it comes in by itself when there is.");

  fixture->settings.queue_cap = 1;
  rb_core_fixture_restart (fixture);
  channel = attach (fixture);
  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", "ep_1", "c1");
  set_rule (fixture, "bob", "*", "accept");
  deliver (fixture, 2, "m2", "bob", "ep_1", "c1");
  deliver (fixture, 3, "m3", "ann", "ep_1", NULL);
  g_assert_null (accept (fixture, "m1", FALSE, &error));
  assert_reason (&error, "no_room");
  assert_place (fixture, "m1", "held", "held");

  rb_core_fixture_receipt (fixture, channel, 0);
  accept_well (fixture, "m1", "queue");
  assert_place (fixture, "m2", "held", "held_behind");
  story = rb_core_fixture_explain (fixture, "m2", NULL);
  g_assert_true (g_variant_lookup (story, "next", "&s", &next));
  g_assert_nonnull (strstr (next, "no room"));
  rb_core_fixture_receipt (fixture, channel, 1);
  rb_fake_clock_advance (fixture->clock, 2000);
  rb_test_settle ();
  assert_pushed (channel, "m3 m1 m2");
}

static GVariant *
action (const char *word)
{
  return g_variant_new_parsed ("{'action': <%s>}", word);
}

static void
test_route_claim (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The upstream is asked about what is let in, too; meanwhile it is held; what somebody else has ends here.");

  fixture->upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_ROUTE_CLAIM, action ("skip"));
  fixture->upstream->hold = TRUE;
  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", "ep_1", "c1");
  deliver (fixture, 2, "m2", "bob", "ep_1", "c2");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_ROUTE_CLAIM], ==, 0);
  start_accept (fixture, "m1", FALSE, &first);
  g_assert_null (first);
  assert_place (fixture, "m1", "held", "held");
  g_assert_null (accept (fixture, "m1", FALSE, &error));
  assert_reason (&error, "is_accepted");
  g_assert_false (refuse (fixture, "m1", FALSE, NULL, &error));
  assert_reason (&error, "is_accepted");
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (first != NULL);
  answer = rb_hold_accept_finish (fixture->core, first, &error);
  g_assert_no_error (error);
  assert_place (fixture, "m1", "ended", "dismissed");
  assert_pushed (channel, "");

  /* One that is being asked about when we stop goes where a person sees it. */
  start_accept (fixture, "m2", FALSE, &second);
  rb_core_fixture_stop (fixture);
  g_assert_nonnull (second);
  assert_place (fixture, "m2", "inbox", "unaddressed");
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  assert_place (fixture, "m2", "inbox", "unaddressed");
}

/* The simulator's seed 2067 of November 2026. */
static void
test_behind_a_claim (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("While the upstream is asked about one, a later one of its conversation is not held in front of it: it comes again.");

  fixture->upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_ROUTE_CLAIM, action ("nothing known"));
  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "bob", "ep_1", "c1");
  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 2, "m2", "bob", "ep_1", "c1");
  deliver (fixture, 3, "other", "bob", "ep_1", "c2");
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));
  assert_place (fixture, "other", "held", "held");
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 1));

  deliver (fixture, 4, "m1", "bob", "ep_1", "c1");
  deliver (fixture, 5, "m2", "bob", "ep_1", "c1");
  assert_place (fixture, "m1", "held", "held");
  assert_place (fixture, "m2", "held", "held");
  g_assert_null (accept (fixture, "m2", FALSE, NULL));
}

static void
test_not_dispatched (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, FALSE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_BACKGROUND, "s1", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  RbCaller adapter = { .pid = PID };

  g_test_summary ("A held message is dispatched by nobody: a person reads why, an adapter finds nothing.");

  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", NULL, NULL);
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", id, &error));
  assert_reason (&error, "message_held");
  rb_dispatch_async (fixture->core, &adapter, "m1", id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  assert_reason (&error, "dispatch_failed");
  accept_well (fixture, "m1", "inbox");
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", id, &error));
}

static void
assert_why (RbCoreFixture *fixture,
            const char    *id,
            const char    *why,
            const char    *reason,
            const char    *behind)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) details = NULL;
  const char *text = NULL;

  g_assert_false (rb_core_fixture_dispatch (fixture, id, "ep_1", &error));
  g_test_message ("%s", error->message);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "message_held");
  g_assert_nonnull (strstr (error->message, why));
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "held_reason", "&s", &text));
  g_assert_cmpstr (text, ==, reason);
  g_assert_cmpint (g_variant_lookup (rb_error_get_details (error), "held_behind", "&s", &text), ==, behind != NULL);
  if (behind != NULL)
    g_assert_cmpstr (text, ==, behind);
}

static void
test_why (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_test_summary ("Who wants to dispatch a held message is told what holds it: a rule, another message, the quota of strangers.");

  fixture->settings.unknown_per_hour = 1;
  rb_core_fixture_restart (fixture);
  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", NULL, "c1");
  assert_why (fixture, "m1", "a rule of the policy holds what 'bob' sends", "held", NULL);
  set_rule (fixture, "bob", "*", "accept");
  deliver (fixture, 2, "m2", "bob", NULL, "c1");
  assert_why (fixture, "m2", "it waits behind 'm1'", "held_behind", "m1");
  deliver (fixture, 3, "m3", "eve", NULL, NULL);
  deliver (fixture, 4, "m4", "eve", NULL, NULL);
  assert_why (fixture, "m4", "its sender 'eve' is a stranger", "held_quota", NULL);
}

static void
test_operator (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) removed = NULL;
  g_autoptr(GVariant) rules = NULL;
  g_autoptr(GVariant) held = NULL;
  g_autoptr(GVariant) row = NULL;
  g_autoptr(GError) error = NULL;
  const char *text;

  g_test_summary ("A person sees the rules and what is held; nonsense is refused.");

  rb_policy_set_async (fixture->core, "weather", "bob", NULL, "hold", NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_policy_set_finish (fixture->core, result, &error));
  assert_reason (&error, "bad_rule");
  rb_policy_remove_async (fixture->core, 7, rb_test_store_result, &removed);
  rb_test_wait_until (removed != NULL);
  g_assert_false (rb_policy_remove_finish (fixture->core, removed, &error));
  assert_reason (&error, "unknown_rule");

  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", NULL, "c1");
  deliver (fixture, 2, "m2", "bob", NULL, "c1");
  rules = g_variant_ref_sink (rb_view_policy (fixture->core));
  g_assert_cmpuint (g_variant_n_children (rules), ==, 1);
  held = g_variant_ref_sink (rb_view_held (fixture->core));
  g_assert_cmpuint (g_variant_n_children (held), ==, 2);
  row = g_variant_get_child_value (held, 1);
  g_assert_true (g_variant_lookup (row, "behind", "&s", &text));
  g_assert_cmpstr (text, ==, "m1");
  g_assert_true (g_variant_lookup (row, "reason", "&s", &text));
  g_assert_cmpstr (text, ==, "held");
}

/* (transfer full) (nullable) */
static char *
dup_why (RbCoreFixture *fixture,
         guint          i)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_held (fixture->core));
  g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
  char *why = NULL;

  g_variant_lookup (row, "why", "s", &why);
  return why;
}

static void
test_why_listed (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  static const char *const whys[] = { "rule 1: hold messages from bob", "policy.unknown-per-hour 1", "rule 1: hold messages from bob", NULL };

  g_test_summary ("Which rule or limit holds it is said with it, also by the next process; what waits for its turn only is held by none.");

  fixture->settings.unknown_per_hour = 1;
  rb_core_fixture_restart (fixture);
  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", NULL, NULL);
  deliver (fixture, 2, "m2", "eve", NULL, NULL);
  deliver (fixture, 3, "m3", "eve", NULL, NULL);
  deliver (fixture, 4, "m4", "bob", NULL, "c2");
  set_rule (fixture, "bob", "*", "accept");
  deliver (fixture, 5, "m5", "bob", NULL, "c2");
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (whys); i++)
        {
          g_autofree char *why = dup_why (fixture, i);

          g_assert_cmpstr (why, ==, whys[i]);
        }
      rb_core_fixture_crash (fixture);
    }
}

static void
test_failing_store (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("While nothing can be stored nobody is let in or refused.");

  set_rule (fixture, "bob", "*", "hold");
  deliver (fixture, 1, "m1", "bob", NULL, NULL);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  g_assert_null (accept (fixture, "m1", FALSE, &error));
  assert_reason (&error, "storage_unavailable");
  g_assert_false (refuse (fixture, "m1", FALSE, NULL, &error));
  assert_reason (&error, "storage_unavailable");
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  accept_well (fixture, "m1", "inbox");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/hold/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("held", test_held);
  ADD ("turned-away", test_turned_away);
  ADD ("order", test_order);
  ADD ("refused", test_refused);
  ADD ("remember", test_remember);
  ADD ("crash", test_crash);
  ADD ("crash-between", test_crash_between);
  ADD ("no-room", test_no_room);
  ADD ("route-claim", test_route_claim);
  ADD ("behind-a-claim", test_behind_a_claim);
  ADD ("not-dispatched", test_not_dispatched);
  ADD ("why", test_why);
  ADD ("operator", test_operator);
  ADD ("why-listed", test_why_listed);
  ADD ("failing-store", test_failing_store);
#undef ADD
  return g_test_run ();
}
