/* test-routing.c: where a message goes: gates, the upstream's claim, endpoints that leave meanwhile
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#define PID 100
#define OTHER 200

static RbFakeChannel *
attach (RbCoreFixture *fixture,
        gint64         pid,
        RbFixtureKind  kind,
        const char    *id)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, pid, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, pid, kind, kind == RB_PLAIN ? NULL : "s1", NULL);

  g_assert_cmpstr (endpoint_id, ==, id);
  return channel;
}

static char *
send_from (RbCoreFixture *fixture,
           gint64         pid,
           const char    *endpoint_id)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = NULL;
  char *correlation_id = NULL;

  message_id = rb_core_fixture_send (fixture, pid, endpoint_id, "bob", "question", NULL, &correlation_id, &error);
  g_assert_no_error (error);
  return correlation_id;
}

static void
deliver (RbCoreFixture *fixture,
         gint64         seq,
         const char    *id,
         const char    *target,
         const char    *correlation)
{
  g_autoptr(GString) metadata = g_string_new ("{");

  if (target != NULL)
    g_string_append_printf (metadata, "\"target_endpoint_id\":\"%s\"", target);
  if (correlation != NULL)
    g_string_append_printf (metadata, "%s\"correlation_id\":\"%s\"", target != NULL ? "," : "", correlation);
  g_string_append_c (metadata, '}');
  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "hello", metadata->str);
  rb_test_settle ();
}

static void
assert_in_inbox (RbCoreFixture *fixture,
                 const char    *id,
                 const char    *reason,
                 const char    *hint)
{
  RbMessage *row = rb_inbox_lookup (fixture->core->inbox, id);

  g_assert_nonnull (row);
  g_assert_cmpstr (row->reason, ==, reason);
  g_assert_cmpstr (row->endpoint_id, ==, hint);
  g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, "inbox");
}

/* Source: protocol.md 9.3, 9.7. */
static void
test_background (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, PID, RB_BACKGROUND, "ep_1");
  g_autofree char *correlation_id = send_from (fixture, PID, "ep_1");

  g_test_summary ("For a background endpoint: addressed waits as unaddressed, a continuation it cannot show as that; both with the hint.");

  deliver (fixture, 1, "m1", "ep_1", NULL);
  deliver (fixture, 2, "m2", "ep_1", correlation_id);
  deliver (fixture, 3, "m3", NULL, correlation_id);
  assert_in_inbox (fixture, "m1", "unaddressed", "ep_1");
  assert_in_inbox (fixture, "m2", "correlated_continuation", "ep_1");
  assert_in_inbox (fixture, "m3", "correlated_continuation", "ep_1");
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"target_endpoint_id_hint\":\"ep_1\""), ==, 3);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"correlated_continuation\""), ==, 2);
}

static void
test_hybrid (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, PID, RB_HYBRID, "ep_1");
  g_autofree char *correlation_id = send_from (fixture, PID, "ep_1");

  g_test_summary ("With a foreground channel the continuation is pushed, what is merely addressed still is not.");

  deliver (fixture, 1, "m1", "ep_1", NULL);
  deliver (fixture, 2, "m2", NULL, correlation_id);
  assert_in_inbox (fixture, "m1", "unaddressed", "ep_1");
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->source_message_id, ==, "m2");
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->endpoint_id, ==, "ep_1");
}

static void
test_unknown_target (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, PID, RB_PLAIN, "ep_1");

  g_test_summary ("What names no endpoint of ours waits as unaddressed, without a hint.");

  deliver (fixture, 1, "m1", "ep_77", "c77");
  assert_in_inbox (fixture, "m1", "unaddressed", NULL);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
}

/* Source: protocol.md 9.2, 23. */
static void
test_collision (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = attach (fixture, PID, RB_PLAIN, "ep_1");
  g_autoptr(RbFakeChannel) second = attach (fixture, OTHER, RB_PLAIN, "ep_2");
  RbRegistry *registry = fixture->core->registry;

  g_test_summary ("Two endpoints sent one correlation: the first registered gets the answer, and the log says so; never the sender.");

  rb_router_add (fixture->core->router, rb_registry_lookup (registry, "ep_2"), "both", 1, NULL);
  rb_router_add (fixture->core->router, rb_registry_lookup (registry, "ep_1"), "both", 1, NULL);
  rb_test_count_log ("correlation_id_collision");
  deliver (fixture, 1, "m1", NULL, "both");
  g_assert_cmpuint (first->pushes->len, ==, 1);
  g_assert_cmpuint (second->pushes->len, ==, 0);
  g_assert_cmpuint (rb_test_count_log ("correlation_id_collision"), ==, 1);
  rb_test_assert_logged ("correlation_id_collision", "correlation_id", "both", "count", "2", NULL);

  rb_fake_connector_deliver (fixture->connector, 2, "m2", "me", "x", "{\"correlation_id\":\"both\",\"source_endpoint_id\":\"ep_1\"}");
  rb_test_settle ();
  g_assert_cmpuint (first->pushes->len, ==, 1);
  g_assert_cmpuint (second->pushes->len, ==, 1);
  g_assert_cmpuint (rb_test_count_log ("correlation_id_collision"), ==, 0);
}

/* Source: protocol.md 9.5 step 3. */
static void
test_reconnecting (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, PID, RB_PLAIN, "ep_1");

  g_test_summary ("A reconnecting endpoint's message is accepted and waits; its correlation can be answered after the reattach.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, 1, "m1", "ep_1", "c1");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  rb_test_assert_logged ("buffered_for_reconnecting_endpoint", "endpoint_id", "ep_1", "buffer_size", "1", NULL);
  g_assert_cmpint (rb_reply_cache_resolve (fixture->core->received, "ep_1", "c1", rb_core_now (fixture->core), NULL), ==,
                   RB_REPLY_FOUND);
}

/* Source: protocol.md 9.5 step 4, 16.4, 20.3 item 19. */
static void
test_routed_events (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, PID, RB_PLAIN, "ep_1");
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_test_summary ("What is buffered is routed when it is durable, what is pushed when it is taken; each once, with an id, by its kind.");

  rb_core_fixture_detach (fixture, channel);
  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver (fixture, 1, "m1", "ep_1", "c1");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_inbound_routed"), ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"route_kind\":\"reconnecting_endpoint\""), ==, 1);
  deliver (fixture, 2, NULL, "ep_1", "c2");
  rb_core_fixture_crash (fixture);

  second = rb_core_fixture_attach (fixture, PID, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, PID, "ep_1", &n, &error));
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_inbound_routed"), ==, 1);
  deliver (fixture, 3, "m3", "ep_1", "c3");
  deliver (fixture, 4, NULL, "ep_1", "c4");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_inbound_routed"), ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"route_kind\":\"active_endpoint\""), ==, 1);
}

static void
test_not_received_yet (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, PID, RB_PLAIN, "ep_1");
  gint64 now = rb_core_now (fixture->core);

  g_test_summary ("A push that was not acknowledged leaves no correlation to answer.");

  deliver (fixture, 1, "m1", "ep_1", "c1");
  g_assert_cmpint (rb_reply_cache_resolve (fixture->core->received, "ep_1", "c1", now, NULL), ==, RB_REPLY_UNKNOWN);
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpint (rb_reply_cache_resolve (fixture->core->received, "ep_1", "c1", now, NULL), ==, RB_REPLY_FOUND);
}

/* Claims */

static void
answer_action (RbCoreFixture *fixture,
               const char    *action)
{
  GVariantDict dict;

  g_clear_pointer (&fixture->upstream->answer, g_variant_unref);
  g_variant_dict_init (&dict, NULL);
  if (action != NULL)
    g_variant_dict_insert (&dict, "action", "s", action);
  fixture->upstream->answer = g_variant_ref_sink (g_variant_dict_end (&dict));
}

static RbFakeChannel *
attach_claimed (RbCoreFixture *fixture,
                const char    *action)
{
  RbFakeChannel *channel = attach (fixture, PID, RB_PLAIN, "ep_1");

  fixture->upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  answer_action (fixture, action);
  return channel;
}

/* Source: protocol.md 9.4, 16.3. */
static void
test_claim_route (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "route");
  const char *source = NULL, *target = NULL, *kind = NULL;
  GVariant *arguments;
  gint64 at = 0;

  g_test_summary ("Nothing is stored or pushed before the upstream agreed to the route, which it is told with the state.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "ep_1", NULL);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));

  arguments = fixture->upstream->arguments[RB_UPSTREAM_ROUTE_CLAIM];
  g_assert_true (g_variant_lookup (arguments, "source_message_id", "&s", &source));
  g_assert_true (g_variant_lookup (arguments, "routed_to_endpoint_id", "&s", &target));
  g_assert_true (g_variant_lookup (arguments, "route_kind", "&s", &kind));
  g_assert_cmpstr (source, ==, "m1");
  g_assert_cmpstr (target, ==, "ep_1");
  g_assert_cmpstr (kind, ==, "active_endpoint");
  g_assert_true (g_variant_lookup (arguments, "claimed_at", "x", &at));
  g_assert_cmpint (at, ==, rb_clock_get_wall_ms (fixture->clock));

  fixture->upstream->hold = FALSE;
  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, 2, "m2", "ep_1", NULL);
  g_assert_true (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_ROUTE_CLAIM], "route_kind", "&s", &kind));
  g_assert_cmpstr (kind, ==, "reconnecting_endpoint");
}

static void
test_claim_skip (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "skip");

  g_test_summary ("What the upstream says to skip is accepted with all its copies, and goes nowhere.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "ep_1", NULL);
  deliver (fixture, 2, "m1", "ep_1", NULL);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_MESSAGES), ==, 0);
  g_assert_cmpuint (rb_ledger_get_n (fixture->core->ledger), ==, 0);
}

static void
test_claim_failed (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "perhaps");

  g_test_summary ("An unknown answer or a failure releases the message with all its copies; later it may go.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "ep_1", NULL);
  deliver (fixture, 2, "m1", "ep_1", NULL);
  rb_fake_upstream_answer (fixture->upstream);
  fixture->upstream->hold = FALSE;
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 1));
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));

  fixture->upstream->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "no");
  deliver (fixture, 3, "m1", "ep_1", NULL);
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 3));
  g_clear_error (&fixture->upstream->failure);
  answer_action (fixture, NULL);
  deliver (fixture, 4, "m1", "ep_1", NULL);
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 4));
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  g_assert_cmpuint (rb_ledger_get_n (fixture->core->ledger), ==, 0);

  answer_action (fixture, "route");
  deliver (fixture, 5, "m1", "ep_1", NULL);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 5));
  g_assert_cmpuint (channel->pushes->len, ==, 1);
}

static void
test_claim_without_id (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "skip");

  g_test_summary ("Only direct deliveries of messages with an id are claimed.");

  deliver (fixture, 1, NULL, "ep_1", NULL);
  deliver (fixture, 2, "m2", NULL, NULL);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_ROUTE_CLAIM], ==, 0);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  assert_in_inbox (fixture, "m2", "unaddressed", NULL);
}

/* Source: protocol.md 9.5, IMP-27. */
static void
test_claim_endpoint_gone (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "route");
  g_autoptr(RbFakeChannel) other = attach (fixture, OTHER, RB_PLAIN, "ep_2");
  g_autofree char *correlation_id = send_from (fixture, OTHER, "ep_2");
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint that left during the claim gets nothing: the message is routed afresh, to another or to the inbox.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "ep_1", correlation_id);
  deliver (fixture, 2, "m2", "ep_1", NULL);
  rb_core_fixture_unregister (fixture, PID, "ep_1", &error);
  g_assert_no_error (error);
  rb_fake_upstream_answer (fixture->upstream);
  fixture->upstream->hold = FALSE;
  rb_test_settle ();
  assert_in_inbox (fixture, "m2", "unaddressed", NULL);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_ROUTE_CLAIM], ==, 3);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (other->pushes->len, ==, 1);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
}

static void
test_claim_endpoint_away (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "route");

  g_test_summary ("An endpoint that lost its channel during the claim gets the message into its queue.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "ep_1", NULL);
  rb_core_fixture_detach (fixture, channel);
  rb_fake_upstream_answer (fixture->upstream);
  fixture->upstream->hold = FALSE;
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
}

static void
test_claim_while_stopping (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach_claimed (fixture, "route");
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A claim that is answered while we stop settles nothing: the network keeps the message.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "m1", "ep_1", NULL);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  g_assert_cmpuint (fixture->connector->released->len, ==, 0);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  rb_core_stop_finish (fixture->core, result);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/routing/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("background", test_background);
  ADD ("hybrid", test_hybrid);
  ADD ("unknown-target", test_unknown_target);
  ADD ("collision", test_collision);
  ADD ("reconnecting", test_reconnecting);
  ADD ("routed-events", test_routed_events);
  ADD ("not-received-yet", test_not_received_yet);
  ADD ("claim/route", test_claim_route);
  ADD ("claim/skip", test_claim_skip);
  ADD ("claim/failed", test_claim_failed);
  ADD ("claim/without-id", test_claim_without_id);
  ADD ("claim/endpoint-gone", test_claim_endpoint_gone);
  ADD ("claim/endpoint-away", test_claim_endpoint_away);
  ADD ("claim/while-stopping", test_claim_while_stopping);

  return g_test_run ();
}
