/* test-dispatch.c: a message of the inbox becomes an assignment, or stays where it was (protocol.md 11.5, 11.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"
#include "rb-json.h"

#define WORKER 100
#define OTHER 200

static void
arrive (RbCoreFixture *fixture,
        gint64         seq,
        const char    *id)
{
  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "please", "{\"correlation_id\":\"c9\"}");
  rb_test_settle ();
}

/* How full the inbox is: rows and slots of rows that were taken. */
static gint64
count_slots (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) status = g_variant_ref_sink (rb_view_status (fixture->core));
  g_autoptr(GVariant) limits = g_variant_lookup_value (status, "limits", NULL);
  g_autoptr(GVariant) inbox = g_variant_lookup_value (limits, "inbox", NULL);
  gint64 used = -1;

  g_variant_lookup (inbox, "used", "x", &used);
  return used;
}

static void
test_body (RbCoreFixture *fixture,
           gconstpointer  data)
{
  static const struct {
    const char *message, *endpoint;
  } bodies[] = { { NULL, NULL }, { "m1", NULL }, { NULL, "ep_1" }, { "", "ep_1" }, { "m1", "" } };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Both ids are needed.");

  arrive (fixture, 1, "m1");
  for (size_t i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_assert_false (rb_core_fixture_dispatch (fixture, bodies[i].message, bodies[i].endpoint, &error));
      rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_body_invalid",
                         "POST /v1/dispatch requires { undispatched_id, target_endpoint_id }");
    }
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, OTHER, TRUE);
  g_autofree char *plain = rb_core_fixture_register (fixture, OTHER, RB_PLAIN, NULL, NULL);
  g_autofree char *no_session = rb_core_fixture_register (fixture, OTHER, RB_BACKGROUND, NULL, NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  guint n_told = rb_fake_emitter_count (fixture->authority, "runtime_processing_state");

  g_test_summary ("Each check has its text, comes in its order, and leaves the row where it was, with its slot.");

  /* step 3 comes before step 6 */
  g_assert_false (rb_core_fixture_dispatch (fixture, "m0", "ep_none", &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "unknown undispatched_id: m0");

  /* step 4 comes before step 6 */
  rb_fake_connector_deliver (fixture->connector, 1, NULL, "bob", "no id", NULL);
  rb_test_settle ();
  {
    g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_inbox (fixture->core));
    g_autoptr(GVariant) row = g_variant_get_child_value (rows, 0);
    g_autofree char *id = NULL;

    g_assert_true (g_variant_lookup (row, "id", "s", &id));
    g_assert_false (rb_core_fixture_dispatch (fixture, id, "ep_none", &error));
    rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "dispatch source_message_id missing from inbox row");
    g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, "inbox");
  }

  arrive (fixture, 2, "m1");
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", "ep_none", &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "target endpoint not found: ep_none");

  text = g_strconcat ("target endpoint is not background-exchange capable: ", plain, NULL);
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", plain, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", text);

  g_free (text);
  text = g_strconcat ("target endpoint is not background-exchange capable: ", no_session, NULL);
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", no_session, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", text);

  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 2);
  g_assert_cmpint (count_slots (fixture), ==, 2);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "runtime_processing_state"), ==, n_told);
}

static void
test_not_the_owner (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  static const struct {
    gint64 pid;
    RbError kind;
    const char *reason, *text;
  } callers[] = {
    { OTHER, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id" },
    { 0, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for endpoint-scoped calls" },
  };

  g_test_summary ("An adapter dispatches to its own endpoints only.");

  arrive (fixture, 1, "m1");
  for (size_t i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      RbCaller caller = { .pid = callers[i].pid };
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      rb_dispatch_async (fixture->core, &caller, "m1", worker->endpoint_id, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
      rb_assert_refused (error, callers[i].kind, callers[i].reason, callers[i].text);
    }
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
}

static void
test_push (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbJson) metadata = NULL;
  g_autofree char *dispatched_from = NULL;
  g_autofree char *intent = NULL;
  g_autofree char *traceparent = NULL;
  g_autofree char *event_token = NULL;
  g_autofree char *event_id = NULL;
  g_autofree char *expected_id = NULL;
  g_autofree char *sequence = NULL;
  const char *token = NULL;
  RbFakePush *push;

  g_test_summary ("The adapter sees the marks and the context, never the token; the upstream is told before the push, with it.");

  rb_worker_take (worker, 1, "m1", "{\"correlation_id\":\"c9\",\"dispatched_from\":\"forged\","
                                   "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}");
  push = rb_fake_channel_get (worker->channel, 0);
  metadata = rb_json_parse_object (push->metadata, 0, NULL);
  dispatched_from = rb_json_peek_string (metadata, "dispatched_from");
  intent = rb_json_peek_string (metadata, "delivery_intent");
  traceparent = rb_json_peek_string (metadata, "traceparent");
  g_assert_cmpstr (dispatched_from, ==, "m1");
  g_assert_cmpstr (intent, ==, "external_handoff");
  g_assert_cmpstr (traceparent, ==, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  g_assert_cmpint (rb_json_get_member_type (metadata, "dispatched_by"), ==, RB_JSON_ABSENT);
  g_assert_cmpstr (push->source_message_id, ==, "m1");
  g_assert_cmpstr (push->endpoint_id, ==, worker->endpoint_id);
  g_assert_cmpstr (push->reply_correlation_id, ==, "c9");
  g_assert_true (g_str_has_prefix (push->assignment_id, "local-"));

  g_variant_get_child (rb_worker_row (worker, "m1"), 6, "m&s", &token);
  g_assert_nonnull (token);
  g_assert_null (g_strstr_len (g_bytes_get_data (push->metadata, NULL), g_bytes_get_size (push->metadata), token));

  event_token = rb_fake_emitter_member (fixture->authority, "assigned_to_runtime_target", "broker_projection_token");
  event_id = rb_fake_emitter_member (fixture->authority, "assigned_to_runtime_target", "state_event_id");
  sequence = rb_fake_emitter_member (fixture->authority, "assigned_to_runtime_target", "state_sequence");
  expected_id = g_strdup_printf ("\"%s:assigned\"", push->assignment_id);
  g_assert_nonnull (g_strstr_len (event_token, -1, token));
  g_assert_cmpstr (event_id, ==, expected_id);
  g_assert_cmpstr (sequence, ==, "1");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "assigned_to_runtime_target"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"action\":\"dispatch\""), ==, 0);
}

static void
test_no_correlation (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("Without a correlation there is no reply correlation.");

  rb_worker_take (worker, 1, "m1", "{\"correlation_id\":7}");
  g_assert_null (rb_fake_channel_get (worker->channel, 0)->reply_correlation_id);
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the upstream refuses, for good or for now, goes back with its slot and says why.");

  arrive (fixture, 1, "m1");
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "conflict: assigned elsewhere");
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "conflict: assigned elsewhere");

  g_clear_error (&fixture->authority->failure);
  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s", "");
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "runtime_processing_state_assignment_failed");

  g_assert_cmpuint (rb_test_count_log ("runtime_processing_state_emit_failed"), ==, 2);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpint (count_slots (fixture), ==, 1);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);

  g_clear_error (&fixture->authority->failure);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_worker_receipt (worker);
}

static void
test_hanging (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("While the upstream does not answer, the row is nobody else's, keeps its slot, and nothing is pushed.");

  arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, &first);
  g_assert_null (first);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  g_assert_cmpint (count_slots (fixture), ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");

  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "unknown undispatched_id: m1");

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_worker_receipt (worker);
  rb_test_wait_until (first != NULL);
  g_assert_true (rb_dispatch_finish (fixture->core, first, &error));
}

static void
test_gone_while_asking (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *text = g_strconcat ("target endpoint not found: ", worker->endpoint_id, NULL);
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint that goes while the upstream is asked gets nothing; the upstream hears that it is lost.");

  arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, &result);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, &error));
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", text);
  rb_test_settle ();

  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpint (count_slots (fixture), ==, 1);
  reason = rb_fake_emitter_member (fixture->authority, "target_lost_before_acceptance", "reason_code");
  g_assert_cmpstr (reason, ==, "\"endpoint_lost\"");
}

static void
test_gone_during_commit (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  RbCaller caller = { .pid = WORKER };

  g_test_summary ("An endpoint that goes while the assignment is committed: the message is back in the inbox, the caller is told.");

  arrive (fixture, 1, "m1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, &result);
  rb_unregister_async (fixture->core, &caller, worker->endpoint_id, NULL, NULL);
  rb_test_settle ();
  g_assert_null (result);   /* the way back is not durable yet */
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "the assignment was taken back: endpoint_lost");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);
}

static void
test_again_during_commit (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbWorker) first = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) second = rb_worker_new (fixture, OTHER);
  RbCaller caller = { .pid = WORKER };

  g_test_summary ("Dispatched, taken back and dispatched anew while nothing is durable: nothing is pushed before its own commit.");

  arrive (fixture, 1, "m1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_core_fixture_dispatch_start (fixture, "m1", first->endpoint_id, NULL);
  rb_unregister_async (fixture->core, &caller, first->endpoint_id, NULL, NULL);
  rb_core_fixture_dispatch_start (fixture, "m1", second->endpoint_id, NULL);

  while (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS) == 0)
    g_assert_true (rb_fake_store_commit_one (fixture->store));
  g_assert_cmpuint (second->channel->pushes->len, ==, 0);   /* that was the first assignment */
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "assigned_to_runtime_target"), ==, 1);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (first->channel->pushes->len, ==, 0);
  g_assert_cmpuint (second->channel->pushes->len, ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "assigned_to_runtime_target"), ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "target_lost_before_acceptance"), ==, 1);
  rb_worker_receipt (second);
}

static void
test_together (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Two dispatches of one message: to the same endpoint they share the push and its outcome; to another the later is refused.");

  arrive (fixture, 1, "m1");
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, &first);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, &second);
  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", other->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "unknown undispatched_id: m1");

  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_worker_receipt (worker);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_true (rb_dispatch_finish (fixture->core, first, &error));
  g_assert_true (rb_dispatch_finish (fixture->core, second, &error));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 1);

  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "unknown undispatched_id: m1");
}

static void
test_stopping (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("The upstream agrees when we have stopped already: nothing starts any more, and it hears that.");

  arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", NULL, NULL);
  rb_test_settle ();
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reason_code\":\"broker_shutdown\""), ==, 1);

  g_assert_false (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "broker_shutting_down");
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/dispatch/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("refuses/body", NULL, test_body);
  ADD ("refuses/checks", "authority", test_checks);
  ADD ("refuses/not-the-owner", NULL, test_not_the_owner);
  ADD ("push", "authority", test_push);
  ADD ("no-correlation", NULL, test_no_correlation);
  ADD ("authority/refused", "authority", test_refused);
  ADD ("authority/hanging", "authority", test_hanging);
  ADD ("authority/gone-while-asking", "authority", test_gone_while_asking);
  ADD ("authority/stopping", "authority", test_stopping);
  ADD ("gone-during-commit", NULL, test_gone_during_commit);
  ADD ("again-during-commit", NULL, test_again_during_commit);
  ADD ("together", NULL, test_together);

  return g_test_run ();
}
