/* test-admission.c: quotas of strangers, the guard against loops, and what the policy keeps out by other ways than arrival
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-hold.h"

#define PID 100
#define HOUR_MS 3600000
#define MINUTE_MS 60000
#define C1 "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c1\"}"

static void
set_rule (RbCoreFixture *fixture,
          const char    *sender,
          const char    *action)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();
  RbPolicyRule *rule = rb_policy_rule_new (RB_POLICY_MESSAGE, sender, "*", action, NULL, NULL);

  g_assert_nonnull (rb_policy_set (fixture->core->policy, rule, RB_POLICY_BY_PERSON, 1, changes, NULL));
}

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

static const char *
reason_of (RbCoreFixture *fixture,
           gint64         seq)
{
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, seq);

  return rb_core_fixture_reason (fixture, id);
}

static void
test_quota (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_test_summary ("A stranger is let in so often in an hour; the next hour it is again.");

  fixture->settings.unknown_per_hour = 2;
  rb_core_fixture_restart (fixture);
  for (gint64 seq = 1; seq <= 3; seq++)
    deliver (fixture, seq, "eve", NULL);
  deliver (fixture, 4, "ann", NULL);
  g_assert_cmpstr (reason_of (fixture, 2), ==, "unaddressed");
  g_assert_cmpstr (reason_of (fixture, 3), ==, "held_quota");
  g_assert_cmpstr (reason_of (fixture, 4), ==, "unaddressed");
  rb_fake_clock_advance (fixture->clock, HOUR_MS - 1000);
  deliver (fixture, 5, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 5), ==, "held_quota");
  rb_fake_clock_advance (fixture->clock, 2000);
  deliver (fixture, 6, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 6), ==, "unaddressed");
}

static void
test_quota_redelivery (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = NULL;

  g_test_summary ("One message that finds no room, and comes again and again, is one message of its sender.");

  fixture->settings.unknown_per_hour = 2;
  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  deliver (fixture, 1, "ann", NULL);
  for (guint i = 0; i < 5; i++)
    deliver (fixture, 2, "eve", NULL);
  g_assert_null (rb_core_fixture_place (fixture, "m2"));

  channel = rb_core_fixture_attach (fixture, PID, FALSE);
  endpoint = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  for (gint64 seq = 3; seq <= 5; seq++)
    deliver (fixture, seq, "eve", "{\"target_endpoint_id\":\"ep_1\"}");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m4"), ==, "ended");
  g_assert_cmpstr (reason_of (fixture, 5), ==, "held_quota");
}

static void
test_quota_restart (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A restart gives a stranger nothing: what came in the hour counts, also what has ended; what a rule or the quota kept out does not.");

  fixture->settings.unknown_per_hour = 2;
  rb_core_fixture_restart (fixture);
  set_rule (fixture, "eve", "refuse");
  deliver (fixture, 1, "eve", NULL);
  rb_fake_clock_advance (fixture->clock, HOUR_MS / 2);
  {
    g_autoptr(RbChanges) changes = rb_changes_new ();

    rb_policy_remove (fixture->core->policy, 1, changes);
  }
  deliver (fixture, 2, "eve", NULL);
  rb_core_fixture_crash (fixture);
  deliver (fixture, 3, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 3), ==, "unaddressed");
  deliver (fixture, 4, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 4), ==, "held_quota");
  rb_core_fixture_restart (fixture);
  deliver (fixture, 5, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 5), ==, "held_quota");
  deliver (fixture, 6, "ann", NULL);
  g_assert_cmpstr (reason_of (fixture, 6), ==, "unaddressed");
  rb_fake_clock_set_wall (fixture->clock, rb_clock_get_wall_ms (fixture->clock) - HOUR_MS);
  rb_core_fixture_crash (fixture);
  deliver (fixture, 7, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 7), ==, "held_quota");
  rb_fake_clock_advance (fixture->clock, HOUR_MS);
  deliver (fixture, 8, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 8), ==, "unaddressed");
}

static void
test_known (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = NULL;
  g_autofree char *sent = NULL;

  g_test_summary ("No stranger is whom we have written to, whose message a person let in, or whom a rule names; also after a crash.");

  fixture->settings.unknown_per_hour = 1;
  rb_core_fixture_restart (fixture);
  channel = rb_core_fixture_attach (fixture, PID, FALSE);
  endpoint = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  sent = rb_core_fixture_send (fixture, PID, endpoint, "bob", "x", NULL, NULL, NULL);
  set_rule (fixture, "a*", "accept");
  deliver (fixture, 1, "eve", NULL);
  deliver (fixture, 2, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 2), ==, "held_quota");
  rb_hold_accept_async (fixture->core, "m2", FALSE, NULL, NULL);
  rb_test_settle ();
  for (gint64 seq = 3; seq <= 5; seq++)
    deliver (fixture, seq, "ann", NULL);
  g_assert_cmpstr (reason_of (fixture, 5), ==, "unaddressed");
  rb_core_fixture_crash (fixture);
  for (gint64 seq = 6; seq <= 8; seq++)
    deliver (fixture, seq, "bob", NULL);
  for (gint64 seq = 9; seq <= 11; seq++)
    deliver (fixture, seq, "eve", NULL);
  g_assert_cmpstr (reason_of (fixture, 8), ==, "unaddressed");
  g_assert_cmpstr (reason_of (fixture, 11), ==, "unaddressed");
}

/* @n times there and back, in the conversation "c1" with bob. */
static void
go_back_and_forth (RbCoreFixture *fixture,
                   gint64         seq,
                   guint          n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *sent = NULL;

      rb_fake_clock_advance (fixture->clock, 1);
      deliver (fixture, seq + i, "bob", C1);
      rb_fake_clock_advance (fixture->clock, 1);
      sent = rb_core_fixture_send (fixture, PID, "ep_1", "bob", "x", "{\"in_reply_to\":\"c1\"}", NULL, NULL);
      g_assert_nonnull (sent);
    }
  rb_test_settle ();
}

static RbFakeChannel *
set_up_loop (RbCoreFixture *fixture,
             guint          hops,
             guint          rate)
{
  RbFakeChannel *channel;
  g_autofree char *id = NULL;

  fixture->settings.loop_hops = hops;
  fixture->settings.loop_rate = rate;
  rb_core_fixture_restart (fixture);
  channel = rb_core_fixture_attach (fixture, PID, FALSE);
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_cmpstr (id, ==, "ep_1");
  return channel;
}

static void
test_hops (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 5, 0);

  g_test_summary ("A conversation that turns too often is held until a person says go on, with all that was held of it; others go on.");

  go_back_and_forth (fixture, 1, 5);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m3"), ==, "ended");
  g_assert_cmpstr (reason_of (fixture, 4), ==, "held_loop");
  g_assert_cmpstr (reason_of (fixture, 5), ==, "held_loop");
  deliver (fixture, 6, "bob", "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c2\"}");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m6"), ==, "ended");

  rb_hold_accept_async (fixture->core, "m4", FALSE, NULL, NULL);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m4"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m5"), ==, "ended");
  go_back_and_forth (fixture, 7, 3);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m9"), ==, "ended");
  go_back_and_forth (fixture, 10, 1);
  g_assert_cmpstr (reason_of (fixture, 10), ==, "held_loop");
}

static void
test_hops_restart (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 5, 0);
  g_autoptr(RbFakeChannel) next = NULL;
  guint n;

  g_test_summary ("A loop goes on over a restart, and is seen; what a person said before it counts after it.");

  go_back_and_forth (fixture, 1, 3);
  rb_core_fixture_crash (fixture);
  deliver (fixture, 4, "bob", C1);
  g_assert_cmpstr (reason_of (fixture, 4), ==, "held_loop");
  rb_core_fixture_crash (fixture);
  deliver (fixture, 5, "bob", C1);
  g_assert_cmpstr (reason_of (fixture, 5), ==, "held_loop");

  rb_fake_clock_advance (fixture->clock, 1000);
  rb_hold_accept_async (fixture->core, "m4", FALSE, NULL, NULL);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_core_fixture_crash (fixture);
  next = rb_core_fixture_attach (fixture, PID, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, PID, "ep_1", &n, NULL));
  go_back_and_forth (fixture, 6, 3);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m8"), ==, "ended");
  go_back_and_forth (fixture, 9, 1);
  g_assert_cmpstr (reason_of (fixture, 9), ==, "held_loop");
}

static void
test_pause (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 5, 0);

  g_test_summary ("After a pause it begins anew; one that is held stays so.");

  go_back_and_forth (fixture, 1, 3);
  rb_fake_clock_advance (fixture->clock, RB_LOOP_PAUSE_MS);
  go_back_and_forth (fixture, 4, 3);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m6"), ==, "ended");
  go_back_and_forth (fixture, 7, 1);
  g_assert_cmpstr (reason_of (fixture, 7), ==, "held_loop");
  rb_fake_clock_advance (fixture->clock, RB_LOOP_PAUSE_MS * 2);
  deliver (fixture, 8, "bob", C1);
  g_assert_cmpstr (reason_of (fixture, 8), ==, "held_loop");
}

static void
test_rate (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 0, 4);

  g_test_summary ("A conversation that turns slowly goes on for ever; one that is too fast in a minute is held.");

  for (gint64 seq = 1; seq < 9; seq += 2)
    {
      go_back_and_forth (fixture, seq, 2);
      rb_fake_clock_advance (fixture->clock, MINUTE_MS);
    }
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m8"), ==, "ended");
  go_back_and_forth (fixture, 9, 3);
  g_assert_cmpstr (reason_of (fixture, 11), ==, "held_loop");
}

/* There and back @n times between "ep_1" and bob; @correlation: "": none; NULL: a new one each time. */
static gboolean
turn (RbLoop     *loop,
      const char *correlation,
      guint       n)
{
  gboolean passes = TRUE;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *fresh = g_strdup_printf ("fresh%u", i);
      RbLoopTurn one = { i % 2 == 0 ? RB_LOOP_IN : RB_LOOP_OUT, correlation != NULL ? correlation : fresh, "ep_1", "bob" };

      passes = rb_loop_pass (loop, &one, 1);
    }
  return passes;
}

static void
test_tasks (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbLoop) hops = rb_loop_new (10, 0);
  g_autoptr(RbLoop) talk = rb_loop_new (10, 0);
  g_autoptr(RbLoop) rate = rb_loop_new (0, 10);

  g_test_summary ("Tasks without a correlation that a worker answers are no loop, however many; too many in a minute are one.");

  g_assert_true (turn (hops, "", 5000));
  g_assert_false (turn (talk, "c1", 5000));
  g_assert_false (turn (rate, "", 5000));
}

static void
test_fresh (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbLoop) hops = rb_loop_new (10, 0);
  g_autoptr(RbLoop) rate = rb_loop_new (0, 10);
  g_autoptr(RbLoop) few = rb_loop_new (10, 0);
  RbLoopTurn other = { RB_LOOP_IN, "c1", "ep_1", "ann" };
  RbLoopTurn same = { RB_LOOP_IN, "c1", "ep_1", "bob" };

  g_test_summary ("Agents that open a new conversation with each turn are seen all the same, and only they.");

  g_assert_true (turn (few, NULL, 11));
  g_assert_false (turn (hops, NULL, 12));
  g_assert_false (turn (rate, NULL, 12));
  g_assert_true (rb_loop_pass (hops, &other, 1));
  g_assert_false (rb_loop_pass (hops, &same, 1));
  rb_loop_forget (hops, &same);
  g_assert_true (rb_loop_pass (hops, &same, 1));
}

/* @way asks, the other side answers, each time about something else. */
static gboolean
ask (RbLoop    *loop,
     RbLoopWay  way,
     gint64     takes_ms)
{
  gboolean passes = TRUE;

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *correlation = g_strdup_printf ("%u", i);
      RbLoopTurn question = { way, correlation, "ep_1", "bob" };
      RbLoopTurn answer = { way == RB_LOOP_IN ? RB_LOOP_OUT : RB_LOOP_IN, correlation, "ep_1", "bob" };

      passes &= rb_loop_pass (loop, &question, i * takes_ms) && rb_loop_pass (loop, &answer, (i + 1) * takes_ms);
    }
  return passes;
}

static void
test_service (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbLoop) worker = rb_loop_new (10, 0);
  g_autoptr(RbLoop) client = rb_loop_new (10, 0);
  g_autoptr(RbLoop) slow = rb_loop_new (10, 0);

  g_test_summary ("Who is asked many things, or asks them, is in no loop, however long an answer takes.");

  g_assert_true (ask (worker, RB_LOOP_IN, 1));
  g_assert_true (ask (client, RB_LOOP_OUT, 1));
  g_assert_true (ask (slow, RB_LOOP_IN, RB_LOOP_PAUSE_MS));
}

/* Each turn a conversation of its own. */
static void
open_back_and_forth (RbCoreFixture *fixture,
                     gint64         seq,
                     guint          n,
                     const char    *target)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *metadata = g_strdup_printf ("{%s\"correlation_id\":\"b%" G_GINT64_FORMAT "\"}", target, seq + i);
      g_autofree char *sent = NULL;

      rb_fake_clock_advance (fixture->clock, 1);
      deliver (fixture, seq + i, "bob", metadata);
      rb_fake_clock_advance (fixture->clock, 1);
      sent = rb_core_fixture_send (fixture, PID, "ep_1", "bob", "x", NULL, NULL, NULL);
      g_assert_nonnull (sent);
    }
  rb_test_settle ();
}

static void
test_fresh_hops (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 5, 0);

  g_test_summary ("Conversations that two agents open one after the other are held, with or without an endpoint in them; one answer lets in all.");

  open_back_and_forth (fixture, 1, 5, "\"target_endpoint_id\":\"ep_1\",");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m3"), ==, "ended");
  g_assert_cmpstr (reason_of (fixture, 4), ==, "held_loop");
  g_assert_cmpstr (reason_of (fixture, 5), ==, "held_loop");
  deliver (fixture, 6, "ann", "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"a1\"}");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m6"), ==, "ended");
  rb_hold_accept_async (fixture->core, "m5", FALSE, NULL, NULL);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m4"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m5"), ==, "ended");

  open_back_and_forth (fixture, 11, 4, "");
  g_assert_cmpstr (reason_of (fixture, 13), ==, "unaddressed");
  g_assert_cmpstr (reason_of (fixture, 14), ==, "held_loop");
}

static void
test_fresh_restart (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 5, 0);
  static const char *const target = "\"target_endpoint_id\":\"ep_1\",";

  g_test_summary ("Also one of new conversations, of messages that have ended.");

  open_back_and_forth (fixture, 1, 3, target);
  rb_core_fixture_crash (fixture);
  deliver (fixture, 4, "bob", "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"new\"}");
  g_assert_cmpstr (reason_of (fixture, 4), ==, "held_loop");
}

static void
test_one_way (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = set_up_loop (fixture, 1, 1);

  g_test_summary ("Who only sends is in no loop, however much; nor is anybody where it is off.");

  for (gint64 seq = 1; seq <= 20; seq++)
    deliver (fixture, seq, "bob", "{\"target_endpoint_id\":\"ep_1\"}");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m20"), ==, "ended");
  g_clear_object (&channel);
  fixture->settings.loop_hops = fixture->settings.loop_rate = 0;
  rb_core_fixture_restart (fixture);
  deliver (fixture, 21, "bob", C1);
  g_assert_cmpuint (rb_loop_get_n (fixture->core->loop), ==, 0);
}

/* What only the upstream has is not let in by a claim either. */
static void
test_claim (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, PID);
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A claim of what the policy does not let in is given back, and the adapter reads why; a rule that goes lets it in.");

  set_rule (fixture, "*", "hold");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_self_claim_rejected");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM], ==, 1);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  g_clear_error (&error);

  {
    g_autoptr(RbChanges) changes = rb_changes_new ();

    rb_policy_remove (fixture->core->policy, 1, changes);
  }
  grant = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
}

static void
test_list (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_test_summary ("What is held, and what the policy keeps out, is in no adapter's list.");

  set_rule (fixture, "eve", "hold");
  deliver (fixture, 1, "eve", NULL);
  g_assert_false (rb_admission_may_list (fixture->core, "m1", NULL, NULL));
  g_assert_false (rb_admission_may_list (fixture->core, NULL, "m1", "ann"));
  g_assert_false (rb_admission_may_list (fixture->core, "m2", "m2", "eve"));
  g_assert_true (rb_admission_may_list (fixture->core, "m2", "m2", "ann"));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, world, function) \
  g_test_add ("/admission/" path, RbCoreFixture, world, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("quota", NULL, test_quota);
  ADD ("quota/redelivery", NULL, test_quota_redelivery);
  ADD ("quota/restart", NULL, test_quota_restart);
  ADD ("known", NULL, test_known);
  ADD ("hops", NULL, test_hops);
  ADD ("hops/restart", NULL, test_hops_restart);
  ADD ("pause", NULL, test_pause);
  ADD ("rate", NULL, test_rate);
  ADD ("tasks", NULL, test_tasks);
  ADD ("fresh", NULL, test_fresh);
  ADD ("fresh/hops", NULL, test_fresh_hops);
  ADD ("fresh/restart", NULL, test_fresh_restart);
  ADD ("fresh/service", NULL, test_service);
  ADD ("one-way", NULL, test_one_way);
  ADD ("claim", "network", test_claim);
  ADD ("list", NULL, test_list);
#undef ADD
  return g_test_run ();
}
