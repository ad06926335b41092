/* test-reattach.c: an adapter comes back: what it gets, in which order, and what it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#define PID 100

static RbFakeChannel *
attach (RbCoreFixture *fixture,
        RbFixtureKind  kind)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, kind, kind == RB_PLAIN ? NULL : "s1", NULL);

  g_assert_cmpstr (id, ==, "ep_1");
  return channel;
}

static void
deliver (RbCoreFixture *fixture,
         const char    *id,
         const char    *lane)
{
  static gint64 seq = 1000;
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"%s\"}", lane);

  rb_fake_connector_deliver (fixture->connector, seq++, id, "bob", "0123456789", metadata);
  rb_test_settle ();
}

static void
assert_pushed (RbFakeChannel *channel,
               guint          first,
               const char    *ids)
{
  g_autoptr(GString) got = g_string_new (NULL);

  for (guint i = first; i < channel->pushes->len; i++)
    g_string_append_printf (got, "%s%s", got->len > 0 ? " " : "", rb_fake_channel_get (channel, i)->source_message_id);
  g_assert_cmpstr (got->str, ==, ids);
}

static void
start (RbCoreFixture  *fixture,
       GAsyncResult  **result)
{
  RbCaller caller = { .pid = PID };

  rb_reattach_async (fixture->core, &caller, "ep_1", PID, rb_test_store_result, result);
  rb_test_settle ();
}

static void
assert_drained (RbCoreFixture *fixture,
                GAsyncResult  *result,
                guint          expected)
{
  g_autoptr(GError) error = NULL;
  guint n = 99;

  g_assert_nonnull (result);
  rb_reattach_finish (fixture->core, result, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, expected);
}

static void
assert_drain_failed (RbCoreFixture *fixture,
                     GAsyncResult  *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) details = NULL;
  gboolean retryable = FALSE;
  guint n;

  g_assert_nonnull (result);
  g_assert_false (rb_reattach_finish (fixture->core, result, &n, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "reconnecting_buffer_drain_failed");
  g_assert_cmpstr (error->message, ==, "failed to push buffered messages to reattached endpoint");
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "retryable", "b", &retryable));
  g_assert_true (retryable);
}

static RbEndpointState
state_of (RbCoreFixture *fixture)
{
  return rb_registry_lookup (fixture->core->registry, "ep_1")->state;
}

/* How often everybody outside was told so. */
static guint
count_reattached (RbCoreFixture *fixture)
{
  rb_test_settle ();
  return rb_fake_emitter_count (fixture->journal, "\"state\":\"active\",\"reason\":\"reattach\"");
}

static void
test_empty (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("With nothing buffered the answer is 0; the endpoint is active, its grace over, the change reported.");

  rb_core_fixture_detach (fixture, channel);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_RECONNECTING);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &result);
  g_assert_null (result);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  assert_drained (fixture, result, 0);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_ACTIVE);
  g_assert_cmpuint (count_reattached (fixture), ==, 1);
  rb_fake_clock_advance (fixture->clock, 1200000);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_ACTIVE);
}

/* Source: protocol.md 7.8, IMP-23. */
static void
test_in_order (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("What was on its way and what came meanwhile is pushed in order; the answer and the report come with the last receipt.");

  deliver (fixture, "a1", "a");
  deliver (fixture, "a2", "a");
  assert_pushed (channel, 0, "a1");
  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a3", "a");
  deliver (fixture, "b1", "b");
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (channel->pushes->len, ==, 1);

  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  assert_pushed (second, 0, "a1 b1");
  g_assert_cmpstr (rb_fake_channel_get (second, 0)->push_id, ==, rb_fake_channel_get (channel, 0)->push_id);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (result);
      rb_core_fixture_receipt (fixture, second, i);
    }
  assert_pushed (second, 2, "a2 a3");
  g_assert_null (result);
  g_assert_cmpuint (count_reattached (fixture), ==, 0);
  rb_core_fixture_receipt (fixture, second, 3);
  assert_drained (fixture, result, 4);
  g_assert_cmpuint (count_reattached (fixture), ==, 1);
  rb_test_assert_logged ("endpoint_reattached", "endpoint_id", "ep_1", "plugin_pid", "100", "reconnecting_buffer_count", "4", NULL);
}

static void
test_new_meanwhile (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("What arrives during the drain follows in its conversation and does not count as drained.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  deliver (fixture, "b1", "b");
  deliver (fixture, "a2", "a");
  assert_pushed (second, 0, "a1 b1");
  rb_core_fixture_receipt (fixture, second, 1);
  g_assert_null (result);
  rb_core_fixture_receipt (fixture, second, 0);
  assert_drained (fixture, result, 1);
  assert_pushed (second, 2, "a2");
}

static void
test_dispatched_meanwhile (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_HYBRID);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Nor does an older message count that is dispatched to the endpoint during the drain.");

  rb_router_add (fixture->core->router, rb_registry_lookup (fixture->core->registry, "ep_1"), "a", 1, NULL);
  rb_fake_connector_deliver (fixture->connector, 1, "old", "bob", "x", NULL);
  rb_test_settle ();
  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  rb_core_fixture_dispatch_start (fixture, "old", "ep_1", NULL);
  assert_pushed (second, 0, "a1 old");
  rb_core_fixture_receipt (fixture, second, 1);
  g_assert_null (result);
  rb_core_fixture_receipt (fixture, second, 0);
  assert_drained (fixture, result, 1);
}

/* Source: protocol.md 7.8: a push that fails; 20.3 item 17. */
static void
test_no_receipt (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) again = NULL;

  g_test_summary ("A buffered message without receipt: 503, reconnecting again, nothing lost; what was taken does not come again.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  deliver (fixture, "a2", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  rb_core_fixture_receipt (fixture, second, 0);
  rb_fake_clock_advance (fixture->clock, 2000);
  assert_drain_failed (fixture, result);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_RECONNECTING);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"ipc_close\""), ==, 2);
  g_assert_cmpuint (count_reattached (fixture), ==, 0);
  rb_fake_clock_advance (fixture->clock, 10000);
  g_assert_cmpuint (second->pushes->len, ==, 2);

  start (fixture, &again);
  assert_pushed (second, 2, "a2");
  rb_core_fixture_receipt (fixture, second, 2);
  assert_drained (fixture, again, 1);
  g_assert_cmpuint (count_reattached (fixture), ==, 1);
}

static void
test_assignment_no_receipt (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_HYBRID);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A buffered assignment without receipt fails the drain too; its message is in the inbox again.");

  rb_core_fixture_detach (fixture, channel);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, "m1", "ep_1", NULL);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  assert_pushed (second, 0, "m1");
  rb_fake_clock_advance (fixture->clock, 2000);
  assert_drain_failed (fixture, result);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_RECONNECTING);
}

static void
test_new_without_receipt (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A new message without receipt is repeated as ever; it does not fail the drain.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  deliver (fixture, "a2", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  deliver (fixture, "b1", "b");
  rb_fake_clock_advance (fixture->clock, 1500);
  rb_core_fixture_receipt (fixture, second, 0);
  assert_pushed (second, 0, "a1 b1 a2");
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_null (result);
  rb_core_fixture_receipt (fixture, second, 2);
  assert_drained (fixture, result, 2);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_ACTIVE);
}

static void
test_channel_closes (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("The channel closes during the drain: 503, and everything that was not acknowledged still waits.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  rb_core_fixture_detach (fixture, second);
  assert_drain_failed (fixture, result);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_RECONNECTING);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "a1"), ==, "queue");
}

static void
test_channel_closes_early (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Nor does the answer wait for ever when the channel closes before the change is durable.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &result);
  rb_core_fixture_detach (fixture, second);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  assert_drain_failed (fixture, result);
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_RECONNECTING);
}

static void
test_unregistered_meanwhile (RbCoreFixture *fixture,
                             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The endpoint is given up during the drain: 503, and what waited is in the inbox.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  rb_core_fixture_unregister (fixture, PID, "ep_1", &error);
  g_assert_no_error (error);
  assert_drain_failed (fixture, result);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "a1"), ==, "inbox");
}

static void
test_displaced_meanwhile (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(RbFakeChannel) third = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Another channel takes the place of the one that drains: 503, and the messages go to the new one.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  third = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_test_settle ();
  assert_drain_failed (fixture, result);
  g_assert_cmpuint (count_reattached (fixture), ==, 1);
  assert_pushed (third, 0, "a1");
  g_assert_cmpint (state_of (fixture), ==, RB_ENDPOINT_ACTIVE);
  rb_core_fixture_receipt (fixture, third, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "a1"), ==, "ended");
}

static void
test_without_receipts (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A channel without receipts is answered when all is written.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  deliver (fixture, "a2", "a");
  second = rb_core_fixture_attach (fixture, PID, FALSE);
  start (fixture, &result);
  assert_pushed (second, 0, "a1 a2");
  assert_drained (fixture, result, 2);
}

static void
test_after_restart (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("After a crash the adapter takes its endpoint back and gets what was not acknowledged, in order.");

  deliver (fixture, "a1", "a");
  deliver (fixture, "a2", "a");
  deliver (fixture, "b1", "b");
  g_clear_object (&channel);
  rb_core_fixture_crash (fixture);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  assert_pushed (second, 0, "a1 b1");
  rb_core_fixture_receipt (fixture, second, 0);
  rb_core_fixture_receipt (fixture, second, 1);
  assert_pushed (second, 2, "a2");
  rb_core_fixture_receipt (fixture, second, 2);
  assert_drained (fixture, result, 3);
}

static void
test_stop_meanwhile (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("A broker that stops answers who waits for what was not taken; it stays for the next one.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  start (fixture, &result);
  g_assert_null (result);
  rb_core_fixture_stop (fixture);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_reattach_finish (fixture->core, result, &n, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "reconnecting_buffer_drain_failed");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "a1"), ==, "queue");
}

static void
test_stop_early (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("So does one that stops before it is durable that the endpoint is back.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "a1", "a");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &result);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", NULL, NULL);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_reattach_finish (fixture->core, result, &n, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "reconnecting_buffer_drain_failed");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/reattach/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("empty", test_empty);
  ADD ("in-order", test_in_order);
  ADD ("new-meanwhile", test_new_meanwhile);
  ADD ("dispatched-meanwhile", test_dispatched_meanwhile);
  ADD ("no-receipt/message", test_no_receipt);
  ADD ("no-receipt/assignment", test_assignment_no_receipt);
  ADD ("no-receipt/new", test_new_without_receipt);
  ADD ("channel-closes/later", test_channel_closes);
  ADD ("channel-closes/early", test_channel_closes_early);
  ADD ("unregistered-meanwhile", test_unregistered_meanwhile);
  ADD ("displaced-meanwhile", test_displaced_meanwhile);
  ADD ("without-receipts", test_without_receipts);
  ADD ("stop-meanwhile", test_stop_meanwhile);
  ADD ("stop-early", test_stop_early);
  ADD ("after-restart", test_after_restart);

  return g_test_run ();
}
