/* test-control-dispatch.c: the upstream orders a message of the inbox to be dispatched (protocol.md 11.5, 16.5, 20.2, 20.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-json.h"

#define WORKER 100
#define OTHER 200

#define EMITTED_AT "1795427510029"

static void
assert_back (RbCoreFixture *fixture,
             guint          n_rows)
{
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, n_rows);
  g_assert_cmpint (rb_order_count_slots (fixture), ==, n_rows);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);
}

static void
test_order (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  RbFakePush *push;

  g_test_summary ("An order is told upstream, pushed with its key as the assignment's id, and applied once the adapter has it.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);

  push = rb_fake_channel_get (worker->channel, 0);
  g_assert_cmpstr (push->assignment_id, ==, "k1");
  g_assert_cmpstr (push->source_message_id, ==, "m1");
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "k1 applied");
  worker->assignment_id = g_strdup ("k1");
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
  rb_test_assert_logged ("undispatched_dispatched", "undispatched_id", "m1", "target_endpoint_id", worker->endpoint_id, "target_state",
                         "active", NULL);
}

static void
assert_member (RbCoreFixture *fixture,
               const char    *state,
               const char    *member,
               const char    *wanted)
{
  g_autofree char *found = rb_fake_emitter_member (fixture->authority, state, member);

  g_assert_cmpstr (found, ==, wanted);
}

static void
test_report (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 4: assigned_to_runtime_target is reported before the push, with the event's time and token.");

  rb_order_arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_order_send (fixture, &order);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
  assert_member (fixture, "assigned_to_runtime_target", "state_event_id", "\"k1:assigned\"");
  assert_member (fixture, "assigned_to_runtime_target", "state_sequence", "1");
  assert_member (fixture, "assigned_to_runtime_target", "occurred_at", EMITTED_AT);
  assert_member (fixture, "assigned_to_runtime_target", "broker_projection_token", "\"T\"");
  assert_member (fixture, "assigned_to_runtime_target", "undispatched_id", "\"m1\"");

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "k1 applied");
}

static void
test_report_refused (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 4: a refusal puts the row back and fails the order, with the upstream's words or ours.");

  rb_order_arrive (fixture, 1, "m1");
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "conflict: assigned elsewhere");
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 1, "k1 failed conflict: assigned elsewhere");
  g_clear_error (&fixture->authority->failure);
  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s", "");
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 2, "k1 failed runtime_processing_state_assignment_failed");
  g_assert_cmpuint (rb_test_count_log ("runtime_processing_state_emit_failed"), ==, 2);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
  assert_back (fixture, 1);
}

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  RbOrder bad;

  g_test_summary ("20.3 item 2: each check of 11.5 has its text, comes in its order, and leaves the row where it was, with its slot.");

  /* 1 before 2 before 3 */
  bad = (RbOrder) { .key = "k1", .undispatched_id = "m0", .source_message_id = "m0" };
  rb_order_send (fixture, &bad);
  rb_assert_acked (fixture, 1, "k1 failed dispatch broker_projection_token missing");
  bad.token = "T";
  rb_order_send (fixture, &bad);
  rb_assert_acked (fixture, 2, "k1 failed dispatch target_ref missing");
  bad.target_endpoint_id = "ep_none";
  rb_order_send (fixture, &bad);
  rb_assert_acked (fixture, 3, "k1 failed unknown undispatched_id: m0");

  /* 5 before 6 before 8 */
  rb_order_arrive (fixture, 1, "m1");
  bad = order;
  bad.source_message_id = "m2";
  bad.target = NULL;
  bad.target_endpoint_id = "ep_none";
  rb_order_send (fixture, &bad);
  rb_assert_acked (fixture, 4, "k1 failed source_message_id mismatch: m2");
  bad.source_message_id = "m1";
  rb_order_send (fixture, &bad);
  rb_assert_acked (fixture, 5, "k1 failed target endpoint not found: ep_none");

  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 0);
  assert_back (fixture, 1);
}

static void
test_no_source_id (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GVariant) rows = NULL;
  g_autoptr(GVariant) row = NULL;
  g_autofree char *id = NULL;
  RbOrder order;

  g_test_summary ("20.3 item 2: a row without a source id cannot be dispatched, and stays.");

  rb_fake_connector_deliver (fixture->connector, 1, NULL, "bob", "no id", NULL);
  rb_test_settle ();
  rows = g_variant_ref_sink (rb_view_inbox (fixture->core));
  row = g_variant_get_child_value (rows, 0);
  g_assert_true (g_variant_lookup (row, "id", "s", &id));
  order = rb_order_default (worker, "k1", id);
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 1, "k1 failed dispatch source_message_id missing from inbox row");
  assert_back (fixture, 1);
}

/* protocol.md 11.2; 11.5 steps 7 and 8. */
static void
test_target (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const struct {
    const char *target;    /* %s: the endpoint */
    gboolean    applied;
  } targets[] = {
    { "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'%s'>, 'runtime_session_id': <'other'>, "
      "'background_exchange_mode': <'adapter_managed_turn'>}", FALSE },
    { "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'%s'>, 'background_exchange_mode': <'resident_endpoint'>}", FALSE },
    /* Not exactly a variant: counts as absent (IMP-1). */
    { "{'kind': <'other'>, 'projection_endpoint_id': <'ep_none'>, 'runtime_session_id': <'s%s'>, "
      "'background_exchange_mode': <'adapter_managed_turn'>}", TRUE },
    { "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_none%s'>, 'runtime_session_id': <'s100'>, "
      "'background_exchange_mode': <'resident_endpoint'>}", TRUE },
    { "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_none%s'>, 'runtime_session_id': <'  '>, "
      "'background_exchange_mode': <'adapter_managed_turn'>}", TRUE },
    { "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <''>, 'runtime_session_id': <'%s'>, "
      "'background_exchange_mode': <'adapter_managed_turn'>}", TRUE },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("The target must be what the endpoint is; one that is no target_ref counts as absent, and the endpoint's own is used.");

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_auto(GStrv) parts = g_strsplit (targets[i].target, "%s", 2);
      g_autofree char *target = g_strconcat (parts[0], worker->endpoint_id, parts[1], NULL);
      g_autofree char *id = g_strdup_printf ("m%u", i);
      g_autofree char *key = g_strdup_printf ("k%u", i);
      g_autofree char *applied = g_strdup_printf ("%s applied", key);
      g_autofree char *failed = g_strdup_printf ("%s failed target endpoint is not background-exchange capable: %s", key,
                                                 worker->endpoint_id);
      RbOrder order = rb_order_default (worker, key, id);

      rb_order_arrive (fixture, i + 1, id);
      order.target = target;
      order.target_endpoint_id = worker->endpoint_id;
      rb_order_send (fixture, &order);
      if (targets[i].applied)
        rb_worker_receipt (worker);
      rb_assert_acked (fixture, i + 1, targets[i].applied ? applied : failed);
    }
}

static void
test_not_capable (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, OTHER, TRUE);
  g_autofree char *plain = rb_core_fixture_register (fixture, OTHER, RB_PLAIN, NULL, NULL);
  g_autofree char *no_session = rb_core_fixture_register (fixture, OTHER, RB_BACKGROUND, NULL, NULL);
  g_autofree char *target = g_strdup_printf ("{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'%s'>, "
                                             "'background_exchange_mode': <'resident_endpoint'>}", plain);
  g_autofree char *first = g_strconcat ("k1 failed target endpoint is not background-exchange capable: ", plain, NULL);
  g_autofree char *second = g_strconcat ("k1 failed target endpoint is not background-exchange capable: ", no_session, NULL);
  RbOrder order = { .key = "k1", .undispatched_id = "m1", .source_message_id = "m1", .token = "T", .target = target };

  g_test_summary ("20.3 item 2: a target without background exchange, or without the session its mode needs, gets nothing.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 1, first);
  order.target = NULL;
  order.target_endpoint_id = no_session;
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 2, second);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  assert_back (fixture, 1);
}

static void
test_legacy_member (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("Without a target_ref the legacy target_endpoint_id says where, and the endpoint what it is.");

  rb_order_arrive (fixture, 1, "m1");
  order.target = NULL;
  order.target_endpoint_id = worker->endpoint_id;
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "k1 applied");
}

/* protocol.md 11.3. */
static void
test_marks (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  g_autoptr(RbJson) metadata = NULL;
  g_autofree char *from = NULL;
  g_autofree char *intent = NULL;
  RbFakePush *push;

  g_test_summary ("20.3 item 5, 20.2 row 15: the context has the reply correlation, the metadata its marks and no others.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  push = rb_fake_channel_get (worker->channel, 0);
  g_assert_cmpstr (push->reply_correlation_id, ==, "c9");
  metadata = rb_json_parse_object (push->metadata, 0, NULL);
  from = rb_json_peek_string (metadata, "dispatched_from");
  intent = rb_json_peek_string (metadata, "delivery_intent");
  g_assert_cmpstr (from, ==, "m1");
  g_assert_cmpstr (intent, ==, "external_handoff");
  g_assert_cmpint (rb_json_get_member_type (metadata, "dispatched_by"), ==, RB_JSON_ABSENT);
  rb_worker_receipt (worker);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"action\":\"dispatch\""), ==, 0);
}

static void
test_no_receipt (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  g_autofree char *text = g_strconcat ("k1 failed target endpoint did not acknowledge push receipt: ", worker->endpoint_id, NULL);

  g_test_summary ("20.3 items 6 and 8, 20.2 row 6: a push without receipt restores, says so with sequence 2, and leaves no correlation.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_fake_clock_advance (fixture->clock, fixture->settings.push_ack_timeout);
  rb_test_settle ();
  rb_assert_acked (fixture, 1, text);
  assert_member (fixture, "target_lost_before_acceptance", "reason_code", "\"ipc_push_not_received\"");
  assert_member (fixture, "target_lost_before_acceptance", "state_event_id", "\"k1:target_lost\"");
  assert_member (fixture, "target_lost_before_acceptance", "state_sequence", "2");
  assert_member (fixture, "target_lost_before_acceptance", "occurred_at", "1795427510030");
  assert_member (fixture, "target_lost_before_acceptance", "broker_projection_token", NULL);
  assert_back (fixture, 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 0);

  rb_order_send (fixture, &order);   /* a failure is not remembered */
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 2, "k1 applied");
}

static void
test_accepted_before_receipt (RbCoreFixture *fixture,
                              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  g_autoptr(GError) error = NULL;

  g_test_summary ("11.5 step 12a: what the adapter accepted it has received.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  worker->assignment_id = g_strdup ("k1");
  rb_worker_report (worker, "m1", 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  rb_assert_acked (fixture, 1, "k1 applied");
}

static void
test_reconnecting (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("11.5 steps 12b and 13b: for a reconnecting endpoint it is applied once it is queued, and the reply finds its way.");

  rb_order_arrive (fixture, 1, "m1");
  rb_worker_detach (worker);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_order_send (fixture, &order);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  rb_assert_acked (fixture, 1, "k1 applied");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 1);

  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 2, "k1 applied");
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
}

static void
test_not_accepted (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 1: what is not accepted in 30 s is in the inbox again; the same order stays applied.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_fake_clock_advance (fixture->clock, 29999);
  rb_test_settle ();
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_settle ();
  assert_member (fixture, "target_lost_before_acceptance", "reason_code", "\"adapter_acceptance_timeout\"");
  assert_back (fixture, 1);

  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 2, "k1 applied");
  assert_back (fixture, 1);
}

static void
test_lost (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *members = g_strdup_printf (", 'endpoint_id': <'%s'>", worker->endpoint_id);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 7: the loss of the endpoint restores with endpoint_lost; so does one that the upstream takes away.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_control_send (fixture, "force_unregister", "k2", members);
  rb_assert_acked (fixture, 2, "k2 applied");
  assert_member (fixture, "target_lost_before_acceptance", "reason_code", "\"endpoint_lost\"");
  assert_back (fixture, 1);
}

static void
test_shutdown (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 7: the shutdown restores with broker_shutdown.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_core_fixture_stop (fixture);
  assert_member (fixture, "target_lost_before_acceptance", "reason_code", "\"broker_shutdown\"");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_full (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  RbOrder order;

  g_test_summary ("20.3 item 9: what was taken keeps its slot, so that it comes back however full the inbox is.");

  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  order = rb_order_default (worker, "k1", "m1");
  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_order_arrive (fixture, 2, "m2");
  g_assert_null (rb_core_fixture_place (fixture, "m2"));

  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  assert_back (fixture, 1);
  g_assert_cmpuint (rb_test_count_log ("runtime_assignment_reinsert_failed_at_capacity"), ==, 0);
}

static void
test_loss_untold (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("An order whose failure the upstream has yet to hear of is not carried out before: it would be told of its loss afterwards.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "not now");
  rb_fake_clock_advance (fixture->clock, 2000);
  rb_test_settle ();
  assert_back (fixture, 1);
  g_clear_error (&fixture->authority->failure);
  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 2, "k1 failed the last attempt is still to be told as lost: k1");
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);

  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_settle ();
  rb_order_send (fixture, &order);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 2);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 3, "k1 applied");
}

static void
test_repeated (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  RbOrder wrong;
  const char *token = NULL;

  g_test_summary ("20.3 item 3: after a crash the same order takes up the assignment it made, with its newest token.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  g_clear_object (&worker->channel);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);

  order.token = "T2";
  wrong = order;
  wrong.undispatched_id = "m2";
  rb_order_send (fixture, &wrong);
  rb_assert_acked (fixture, 1, "k1 failed unknown undispatched_id: m2");
  wrong = order;
  wrong.key = "k2";
  rb_order_send (fixture, &wrong);
  rb_assert_acked (fixture, 2, "k2 failed unknown undispatched_id: m1");
  wrong = order;
  wrong.target = NULL;
  wrong.target_endpoint_id = "ep_other";
  rb_order_send (fixture, &wrong);
  rb_assert_acked (fixture, 3, "k1 failed unknown undispatched_id: m1");

  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 4, "k1 applied");   /* queued for an endpoint that reconnects */
  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  worker->assignment_id = g_strdup ("k1");
  g_variant_get_child (rb_worker_row (worker, "m1"), 6, "m&s", &token);
  g_assert_cmpstr (token, ==, "T2");
}

static void
test_legacy_upstream (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  const char *token = NULL;

  g_test_summary ("20.2 row 1: a legacy upstream sends no token: none is stored, none is sent.");

  fixture->core->is_legacy_upstream = TRUE;
  rb_order_arrive (fixture, 1, "m1");
  order.token = NULL;
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "k1 applied");
  worker->assignment_id = g_strdup ("k1");
  g_variant_get_child (rb_worker_row (worker, "m1"), 6, "m&s", &token);
  g_assert_null (token);
  assert_member (fixture, "assigned_to_runtime_target", "broker_projection_token", NULL);
}

static void
test_legacy_upstream_token (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.2 row 1: a token that is there is used, whatever the upstream's age.");

  fixture->core->is_legacy_upstream = TRUE;
  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  assert_member (fixture, "assigned_to_runtime_target", "broker_projection_token", "\"T\"");
}

static void
test_local (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  g_autofree char *token = NULL;

  g_test_summary ("20.3 item 10, 20.2 row 26: a dispatch of our own derives target and source id; its token is none for a legacy upstream.");

  rb_order_arrive (fixture, 1, "m1");
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_worker_receipt (worker);
  token = rb_fake_emitter_member (fixture->authority, "assigned_to_runtime_target", "broker_projection_token");
  g_assert_nonnull (token);
  assert_member (fixture, "assigned_to_runtime_target", "source_message_id", "\"m1\"");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"runtime_session_id\":\"s100\""), ==, 1);

  fixture->core->is_legacy_upstream = TRUE;
  rb_order_arrive (fixture, 2, "m2");
  rb_core_fixture_dispatch_start (fixture, "m2", worker->endpoint_id, NULL);
  rb_worker_receipt (worker);
  assert_member (fixture, "assigned_to_runtime_target", "broker_projection_token", NULL);
}

typedef struct {
  RbCoreFixture *fixture;
  gboolean       dead;
  guint          n_acks;   /* that left before */
} Death;

static void
died (gpointer user_data)
{
  Death *death = user_data;

  death->dead = TRUE;
  death->n_acks = death->fixture->upstream->acks->len;
}

/* The process dies at the n-th commit of an order; the upstream, which heard nothing, sends it again. Returns whether it died. */
static gboolean
run_crash (RbCoreFixture *fixture,
           guint          n,
           gboolean       is_kept)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  Death death = { fixture, FALSE, 0 };
  guint n_pushed;

  rb_order_arrive (fixture, 1, "m1");
  rb_fake_store_crash_at (fixture->store, n, is_kept, died, &death);
  rb_order_send (fixture, &order);
  if (!death.dead && worker->channel->pushes->len > 0)
    rb_worker_receipt (worker);
  rb_fake_store_live_on (fixture->store);
  if (!death.dead)
    return FALSE;

  g_assert_cmpuint (death.n_acks, ==, 0);
  g_ptr_array_set_size (fixture->upstream->acks, 0);
  n_pushed = worker->channel->pushes->len;
  g_clear_object (&worker->channel);
  rb_core_fixture_crash (fixture);
  rb_order_send (fixture, &order);
  rb_worker_reattach (worker);
  if (fixture->upstream->acks->len == 0)
    {
      rb_test_settle ();
      rb_worker_receipt (worker);
    }
  rb_assert_acked (fixture, 1, "k1 applied");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 1);
  /* once where the receipt is on the disk, otherwise once more by the next process */
  g_assert_cmpuint (n_pushed + worker->channel->pushes->len, <=, 2);
  g_assert_cmpuint (worker->channel->pushes->len, <=, 1);

  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 2, "k1 applied");
  g_assert_cmpuint (worker->channel->pushes->len, <=, 1);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  return TRUE;
}

static void
test_crash (gconstpointer data)
{
  guint n_commits = 0;
  gboolean dead = TRUE;

  g_test_summary ("Whichever commit was the last of the process: one assignment, taken once, and the repeated order is applied.");

  for (guint n = 1; dead; n++)
    for (guint is_kept = 0; is_kept < 2; is_kept++)
      {
        RbCoreFixture fixture = { 0 };

        rb_core_fixture_set_up (&fixture, data);
        dead = run_crash (&fixture, n, is_kept != 0);
        rb_core_fixture_tear_down (&fixture, data);
        n_commits = MAX (n_commits, dead ? n : 0);
      }
  g_assert_cmpuint (n_commits, >=, 3);   /* assigned, taken, remembered */
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/control-dispatch/" path, RbCoreFixture, "authority", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("order", test_order);
  ADD ("report", test_report);
  ADD ("report/refused", test_report_refused);
  ADD ("refuses/checks", test_checks);
  ADD ("refuses/no-source-id", test_no_source_id);
  ADD ("refuses/not-capable", test_not_capable);
  ADD ("target", test_target);
  ADD ("target/legacy-member", test_legacy_member);
  ADD ("marks", test_marks);
  ADD ("push/no-receipt", test_no_receipt);
  ADD ("push/accepted-before-receipt", test_accepted_before_receipt);
  ADD ("push/reconnecting", test_reconnecting);
  ADD ("restore/not-accepted", test_not_accepted);
  ADD ("restore/lost", test_lost);
  ADD ("restore/shutdown", test_shutdown);
  ADD ("restore/full", test_full);
  ADD ("loss-untold", test_loss_untold);
  ADD ("repeated", test_repeated);
  ADD ("legacy-upstream", test_legacy_upstream);
  ADD ("legacy-upstream/token", test_legacy_upstream_token);
  ADD ("local", test_local);
  g_test_add_data_func ("/control-dispatch/crash", NULL, test_crash);
  g_test_add_data_func ("/control-dispatch/crash/authority", "authority", test_crash);

  return g_test_run ();
}
