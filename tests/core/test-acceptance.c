/* test-acceptance.c: from the push to adapter_accepted, and back to the inbox when it does not come (protocol.md 11.4)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"

#define WORKER 100
#define ASKER 200

static void
arrive (RbCoreFixture *fixture,
        gint64         seq,
        const char    *id,
        const char    *metadata)
{
  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "please", metadata);
  rb_test_settle ();
}

static void
start_dispatch (RbWorker      *worker,
                gint64         seq,
                const char    *id,
                GAsyncResult **result)
{
  arrive (worker->fixture, seq, id, "{\"correlation_id\":\"c9\"}");
  rb_core_fixture_dispatch_start (worker->fixture, id, worker->endpoint_id, result);
}

static void
keep_assignment_id (RbWorker *worker)
{
  g_free (worker->assignment_id);
  worker->assignment_id = g_strdup (rb_fake_channel_get (worker->channel, worker->channel->pushes->len - 1)->assignment_id);
}

static void
assert_restored (RbCoreFixture *fixture,
                 const char    *id,
                 const char    *reason)
{
  g_autofree char *reason_code = rb_fake_emitter_member (fixture->journal, "target_lost_before_acceptance", "reason_code");
  g_autofree char *expected = g_strdup_printf ("\"%s\"", reason);

  g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, "inbox");
  g_assert_cmpstr (reason_code, ==, expected);
}

static void
test_no_receipt (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *text = g_strconcat ("target endpoint did not acknowledge push receipt: ", worker->endpoint_id, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Without a receipt the dispatch fails with the documented text, and the message is in the inbox again.");

  start_dispatch (worker, 1, "m1", &result);
  rb_fake_clock_advance (fixture->clock, fixture->settings.push_ack_timeout - 1);
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", text);
  assert_restored (fixture, "m1", "ipc_push_not_received");

  /* a late receipt means nothing, a late acceptance is refused */
  keep_assignment_id (worker);
  rb_worker_receipt (worker);
  g_assert_false (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");
}

static void
test_channel_lost (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *text = g_strconcat ("target endpoint did not acknowledge push receipt: ", worker->endpoint_id, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A channel that closes before the receipt is a receipt that does not come.");

  start_dispatch (worker, 1, "m1", &result);
  rb_worker_detach (worker);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", text);
  assert_restored (fixture, "m1", "ipc_push_not_received");
}

static void
test_accepted_first (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *correlation_id = NULL;
  g_autofree char *message_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Accepted before the receipt counts as received: the dispatch succeeds, the conversation goes on.");

  start_dispatch (worker, 1, "m1", &result);
  keep_assignment_id (worker);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_dispatch_finish (fixture->core, result, &error));

  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "accepted");
  rb_worker_receipt (worker);   /* unknown by now */
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "accepted");

  message_id = rb_core_fixture_send (fixture, WORKER, worker->endpoint_id, "bob", "about it", "{\"in_reply_to\":\"c9\"}", &correlation_id,
                                     &error);
  g_assert_no_error (error);
  g_assert_cmpstr (correlation_id, ==, "c9");
}

static void
test_accepted_answer_waits (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  RbCaller caller = { .pid = WORKER };
  RbProcessingRequest request = { 0 };
  g_autoptr(GError) error = NULL;

  g_test_summary ("The dispatch that an acceptance answers is answered when the acceptance is durable.");

  start_dispatch (worker, 1, "m1", &result);
  keep_assignment_id (worker);
  rb_fake_store_set_hold (fixture->store, TRUE);
  request.endpoint_id = worker->endpoint_id;
  request.plugin_pid = WORKER;
  request.endpoint_owner_token = worker->token;
  request.source_message_id = (char *) "m1";
  request.assignment_id = worker->assignment_id;
  request.state_event_id = (char *) "e1";
  request.state_sequence = 2;
  request.state = (char *) "adapter_accepted";
  request.occurred_at = RB_NO_TIME;
  rb_processing_async (fixture->core, &caller, &request, NULL, NULL);
  rb_test_settle ();
  g_assert_null (result);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_dispatch_finish (fixture->core, result, &error));
}

static void
test_reconnecting (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("To a reconnecting endpoint: answered when it is queued, by everyone who asks; pushed when the adapter is back.");

  rb_worker_detach (worker);
  arrive (fixture, 1, "m1", "{\"correlation_id\":\"c9\"}");
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");

  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  keep_assignment_id (worker);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
}

static void
test_behind_another (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Waiting behind another of its conversation when the channel closes: queued, which is the answer; nobody waits on.");

  start_dispatch (worker, 1, "m1", &first);
  start_dispatch (worker, 2, "m2", &second);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_worker_detach (worker);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, first, NULL));
  g_assert_true (rb_dispatch_finish (fixture->core, second, &error));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
}

static void
test_reconnecting_timeout (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("The deadline runs for what only waits too; a later reattach pushes nothing stale (IMP-61).");

  rb_worker_detach (worker);
  arrive (fixture, 1, "m1", NULL);
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  assert_restored (fixture, "m1", "adapter_acceptance_timeout");
  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
}

static void
test_timeout_after_lost_answer (RbCoreFixture *fixture,
                                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *sequence = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The upstream may have heard a yes whose answer was lost: that the target is lost has a higher number, so that it counts.");

  rb_worker_take (worker, 1, "m1", NULL);
  fixture->authority->failure = rb_error_new (RB_ERROR_TIMED_OUT, NULL, "no answer");
  g_assert_false (rb_worker_report (worker, "m1", 7, "adapter_accepted", &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_processing_state_rejected");
  g_clear_error (&fixture->authority->failure);

  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  sequence = rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "state_sequence");
  g_assert_cmpstr (sequence, ==, "8");
}

static void
test_timeout_after_refusal (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *sequence = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A number that the upstream refused is used up: it was heard.");

  rb_worker_take (worker, 1, "m1", NULL);
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "not you");
  g_assert_false (rb_worker_report (worker, "m1", 7, "adapter_accepted", &error));
  g_clear_error (&fixture->authority->failure);
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  sequence = rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "state_sequence");
  g_assert_cmpstr (sequence, ==, "8");
}

static void
test_timeout_of_one (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *first = NULL;
  g_autofree char *event_id = NULL;
  g_autofree char *expected_id = NULL;
  g_autofree char *sequence = NULL;
  g_autofree char *occurred_at = NULL;
  g_autofree char *expected_at = NULL;
  gint64 assigned_at;

  g_test_summary ("The acceptance timeout restores exactly the one it is for (IMP-32), and reports it as documented.");

  rb_test_count_log ("runtime_assignment_acceptance_timeout");
  rb_worker_take (worker, 1, "m1", NULL);
  first = g_strdup (worker->assignment_id);
  g_variant_get_child (rb_worker_row (worker, "m1"), 9, "x", &assigned_at);
  rb_fake_clock_advance (fixture->clock, 10000);
  rb_worker_take (worker, 2, "m2", NULL);
  rb_fake_clock_advance (fixture->clock, 19999);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  rb_fake_clock_advance (fixture->clock, 1);
  assert_restored (fixture, "m1", "adapter_acceptance_timeout");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
  g_assert_cmpuint (rb_test_count_log ("runtime_assignment_acceptance_timeout"), ==, 1);

  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "target_lost_before_acceptance"), ==, 1);
  event_id = rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "state_event_id");
  sequence = rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "state_sequence");
  occurred_at = rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "occurred_at");
  g_assert_null (rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "broker_projection_token"));
  expected_id = g_strdup_printf ("\"%s:target_lost\"", first);
  expected_at = g_strdup_printf ("%" G_GINT64_FORMAT, assigned_at + 1);
  g_assert_cmpstr (event_id, ==, expected_id);
  g_assert_cmpstr (sequence, ==, "2");
  g_assert_cmpstr (occurred_at, ==, expected_at);

  rb_fake_clock_advance (fixture->clock, 10000);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
}

static void
test_report_fails (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A restore that the upstream does not hear of is logged, and told until it is heard (protocol.md 11.4, step 4).");

  rb_worker_take (worker, 1, "m1", NULL);
  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  rb_fake_clock_advance (fixture->clock, 30000);
  assert_restored (fixture, "m1", "adapter_acceptance_timeout");
  g_assert_cmpuint (rb_test_count_log ("runtime_assignment_target_lost_emit_failed"), ==, 1);
  g_assert_cmpuint (rb_test_get_log_level ("runtime_assignment_target_lost_emit_failed"), ==, G_LOG_LEVEL_WARNING);

  g_clear_error (&fixture->authority->failure);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "target_lost_before_acceptance"), ==, 2);
  g_assert_cmpuint (rb_test_count_log ("runtime_assignment_target_lost_emit_failed"), ==, 0);
}

static void
test_higher_sequence (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *sequence = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An adapter that reported before it accepted: the sequence goes on from there.");

  rb_worker_take (worker, 1, "m1", NULL);
  g_assert_true (rb_worker_report (worker, "m1", 5, "processing_started", &error));
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  sequence = rb_fake_emitter_member (fixture->journal, "target_lost_before_acceptance", "state_sequence");
  g_assert_cmpstr (sequence, ==, "6");
}

static void
test_off (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("A timeout of zero switches the deadline off.");

  fixture->settings.acceptance_timeout = 0;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_take (worker, 1, "m1", NULL);
  rb_fake_clock_advance (fixture->clock, 3600000);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("The deadline keeps running over a crash: it fires after the restart when it would have, and not after acceptance.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_worker_accept (worker, 2, "m2", NULL);
  rb_fake_clock_advance (fixture->clock, 20000);
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  rb_fake_clock_advance (fixture->clock, 9999);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  rb_fake_clock_advance (fixture->clock, 1);
  assert_restored (fixture, "m1", "adapter_acceptance_timeout");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
}

static void
test_overdue_at_start (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  gint64 now;

  g_test_summary ("A deadline that passed while no broker ran fires at the start.");

  rb_worker_take (worker, 1, "m1", NULL);
  now = rb_clock_get_wall_ms (fixture->clock);
  rb_fake_clock_set_wall (fixture->clock, now + 100000);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, 0);
  assert_restored (fixture, "m1", "adapter_acceptance_timeout");
}

static void
test_crash_before_receipt (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *before = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Pushed and not acknowledged when the process died: pushed again as the same assignment.");

  start_dispatch (worker, 1, "m1", NULL);
  keep_assignment_id (worker);
  before = g_strdup (worker->assignment_id);
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "queued");
  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  keep_assignment_id (worker);
  g_assert_cmpstr (worker->assignment_id, ==, before);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
}

static void
test_endpoint_lost (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("When the endpoint goes, what it did not accept returns and what it accepted ends with a reason.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_worker_accept (worker, 2, "m2", NULL);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, &error));
  assert_restored (fixture, "m1", "endpoint_lost");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "endpoint_lost_after_acceptance");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);
}

static void
test_shutdown (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Stopping restores what was not accepted; what was goes on after the next start.");

  rb_worker_accept (worker, 1, "m1", NULL);
  rb_worker_take (worker, 2, "m2", NULL);
  g_free (worker->assignment_id);
  worker->assignment_id = g_strdup (rb_fake_channel_get (worker->channel, 0)->assignment_id);
  rb_core_fixture_restart (fixture);
  assert_restored (fixture, "m2", "broker_shutdown");
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "accepted");
  rb_worker_reattach (worker);
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
}

static void
test_full_inbox (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("What was dispatched keeps its slot until it is accepted: it can always come back, and new arrivals wait for it.");

  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_take (worker, 1, "m1", NULL);
  arrive (fixture, 2, "m2", NULL);
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  assert_restored (fixture, "m1", "adapter_acceptance_timeout");

  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_worker_receipt (worker);
  keep_assignment_id (worker);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", NULL));
  arrive (fixture, 3, "m2", NULL);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 3));
}

static void
test_hint_kept (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *asker = rb_core_fixture_register (fixture, ASKER, RB_BACKGROUND, "s2", NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", asker);
  g_autoptr(GVariant) rows = NULL;
  g_autoptr(GVariant) row = NULL;
  g_autofree char *hint = NULL;

  g_test_summary ("A row that comes back says whom it was for at first, not who failed to take it; also after a crash in between.");

  rb_worker_take (worker, 1, "m1", metadata);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rows = g_variant_ref_sink (rb_view_inbox (fixture->core));
  row = g_variant_get_child_value (rows, 0);
  g_assert_true (g_variant_lookup (row, "hint_endpoint_id", "s", &hint));
  g_assert_cmpstr (hint, ==, asker);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/acceptance/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("no-receipt", NULL, test_no_receipt);
  ADD ("channel-lost", NULL, test_channel_lost);
  ADD ("accepted-first", NULL, test_accepted_first);
  ADD ("accepted-answer-waits", NULL, test_accepted_answer_waits);
  ADD ("reconnecting", NULL, test_reconnecting);
  ADD ("behind-another", NULL, test_behind_another);
  ADD ("reconnecting-timeout", NULL, test_reconnecting_timeout);
  ADD ("timeout-after-lost-answer", "authority", test_timeout_after_lost_answer);
  ADD ("timeout-after-refusal", "authority", test_timeout_after_refusal);
  ADD ("timeout-of-one", "authority", test_timeout_of_one);
  ADD ("report-fails", "authority", test_report_fails);
  ADD ("higher-sequence", NULL, test_higher_sequence);
  ADD ("off", NULL, test_off);
  ADD ("crash", NULL, test_crash);
  ADD ("overdue-at-start", NULL, test_overdue_at_start);
  ADD ("crash-before-receipt", NULL, test_crash_before_receipt);
  ADD ("endpoint-lost", NULL, test_endpoint_lost);
  ADD ("shutdown", NULL, test_shutdown);
  ADD ("full-inbox", NULL, test_full_inbox);
  ADD ("hint-kept", NULL, test_hint_kept);

  return g_test_run ();
}
