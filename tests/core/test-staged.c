/* test-staged.c: an adapter fetches what is staged for it, or waits for it (protocol.md 12.5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-mailroom.h"

#define WORKER 100
#define OTHER 200

/* The mailroom runs, a worker is there, and the directory would give it @message_id at the next tick. */
static RbWorker *
set_up_worker (RbCoreFixture *fixture,
               const char    *message_id,
               const char    *assignment_id)
{
  RbWorker *worker;

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 1, rb_claimer_candidate (message_id, "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, message_id, assignment_id));
  worker->assignment_id = g_strdup (assignment_id);
  return worker;
}

static void
tick (RbCoreFixture *fixture)
{
  rb_mailroom_trigger (fixture->core);
  rb_test_settle ();
}

static guint
fetch (RbWorker *worker,
       gboolean  mark_attempt)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) items = rb_claimer_fetch (worker, 0, mark_attempt, &error);

  g_assert_no_error (error);
  return items->len;
}

static guint
finish (RbWorker     *worker,
        GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) items = rb_staged_finish (worker->fixture->core, result, &error);

  g_assert_no_error (error);
  return items->len;
}

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; staged delivery requires Active", worker->endpoint_id);
  const struct {
    gint64 header, body;
    const char *endpoint;
    RbError kind;
    const char *code, *text;
  } rows[] = {
    { 0, WORKER, worker->endpoint_id, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for staged delivery" },
    { WORKER, OTHER, "none", RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match staged-delivery body" },
    { WORKER, WORKER, "none", RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: none" },
    { OTHER, OTHER, worker->endpoint_id, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id" },
    { WORKER, WORKER, worker->endpoint_id, RB_ERROR_BAD_STATE, "endpoint_not_active", text },
  };

  g_test_summary ("Each check has its code and text, in the order of the table.");

  rb_worker_detach (worker);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RbCaller caller = { .pid = rows[i].header };
      RbStagedRequest request = { (char *) rows[i].endpoint, rows[i].body, 1000, TRUE };
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      rb_staged_async (fixture->core, &caller, &request, NULL, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      g_assert_null (rb_staged_finish (fixture->core, result, &error));
      rb_assert_refused (error, rows[i].kind, rows[i].code, rows[i].text);
    }
}

static void
test_fetch (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;
  RbStagedItem *item;

  g_test_summary ("What is staged is there at once, as a staged assignment, each time again with one more attempt.");

  tick (fixture);
  items = rb_claimer_fetch (worker, 0, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 1);
  item = g_ptr_array_index (items, 0);
  g_assert_cmpstr (item->endpoint_id, ==, worker->endpoint_id);
  g_assert_cmpstr (item->claimed->assignment_id, ==, "a1");
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "staged");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"state_event_id\":\"a1:delivery_attempted:2\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"broker_projection_token\":\"secret\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 0);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 2);

  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"state_event_id\":\"a1:delivery_attempted:3\""), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("staged_assignment_registered"), ==, 1);
  /* The mailroom's next round, and the sweep of what endpoints received; none for the assignment. */
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 2);
}

static void
test_peek (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");

  g_test_summary ("mark_attempt false: fetched, and neither counted nor reported.");

  tick (fixture);
  g_assert_cmpuint (fetch (worker, FALSE), ==, 1);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "staged");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 0);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 1);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"state_event_id\":\"a1:delivery_attempted:2\""), ==, 1);
}

static void
test_report_fails (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");

  g_test_summary ("An attempt that could not be reported is only logged; its sequence is used up.");

  tick (fixture);
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "no");
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_clear_error (&fixture->authority->failure);
  g_assert_cmpuint (rb_test_count_log ("staged_delivery_attempt_projection_failed"), ==, 1);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 2);
}

static void
test_wait (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_test_summary ("Who waits gets what is staged while it waits; all who wait for the endpoint get it.");

  rb_claimer_fetch_start (worker, 10000, NULL, &first);
  rb_claimer_fetch_start (worker, 10000, NULL, &second);
  g_assert_cmpint (rb_claimer_used (fixture, "staged_waiters"), ==, 2);
  rb_fake_clock_advance (fixture->clock, 9999);
  rb_test_settle ();
  g_assert_null (first);
  tick (fixture);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_cmpuint (finish (worker, first), ==, 1);
  g_assert_cmpuint (finish (worker, second), ==, 1);
  g_assert_cmpint (rb_claimer_used (fixture, "staged_waiters"), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"state_event_id\":\"a1:delivery_attempted:2\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"state_event_id\":\"a1:delivery_attempted:3\""), ==, 1);
}

static void
test_hold (RbCoreFixture *fixture,
           gconstpointer  data)
{
  static const struct {
    double asked;
    gint64 held;   /* 0: answered at once */
  } rows[] = { { 0, 0 }, { -5, 0 }, { 0.0 / 0.0, 0 }, { 1.0 / 0.0, 0 }, { 1000, 1000 }, { 24999.7, 24999 }, { 25001, 25000 }, { 1e300, 25000 } };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("The hold is what was asked for, within its bounds; then there is nothing.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GAsyncResult) result = NULL;

      rb_claimer_fetch_start (worker, rows[i].asked, NULL, &result);
      g_assert_cmpint (result != NULL, ==, rows[i].held == 0);
      if (rows[i].held > 0)
        {
          rb_fake_clock_advance (fixture->clock, rows[i].held - 1);
          rb_test_settle ();
          g_assert_null (result);
          rb_fake_clock_advance (fixture->clock, 1);
          rb_test_settle ();
        }
      g_assert_nonnull (result);
      g_assert_cmpuint (finish (worker, result), ==, 0);
    }
}

static void
test_released (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GAsyncResult) gone = NULL;
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The end of the endpoint, and ours, let those who wait go, with nothing.");

  rb_claimer_fetch_start (worker, 10000, NULL, &gone);
  rb_claimer_fetch_start (other, 10000, NULL, &stopped);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  rb_test_wait_until (gone != NULL);
  g_assert_cmpuint (finish (worker, gone), ==, 0);
  g_assert_null (stopped);
  rb_core_fixture_stop (fixture);
  rb_test_wait_until (stopped != NULL);
  g_assert_cmpuint (finish (other, stopped), ==, 0);
  g_assert_null (rb_claimer_fetch (other, 1000, TRUE, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");
}

static void
test_client_gone (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("IMP-39: who leaves while it waits leaves no attempt and no assignment behind.");

  rb_claimer_fetch_start (worker, 10000, cancellable, &result);
  g_cancellable_cancel (cancellable);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_staged_finish (fixture->core, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (rb_claimer_used (fixture, "staged_waiters"), ==, 0);
  tick (fixture);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  rb_claimer_fetch_start (worker, 10000, cancellable, &late);
  rb_test_wait_until (late != NULL);
  g_assert_null (rb_staged_finish (fixture->core, late, NULL));
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted:2"), ==, 1);
}

static void
test_too_many (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The number of those who wait is bounded.");

  fixture->settings.staged_waiters_cap = 1;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_claimer_fetch_start (worker, 1000, NULL, &result);
  g_assert_null (rb_claimer_fetch (worker, 1000, TRUE, &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "too_many_waiters", "1 requests wait for staged messages already");
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (result != NULL);
}

static void
test_accepted (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GError) error = NULL;

  g_test_summary ("adapter_accepted takes it out of staging, with a sequence that no attempt used; then it is answered as usual.");

  tick (fixture);
  fetch (worker, TRUE);
  fetch (worker, TRUE);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_cmpuint (rb_test_count_log ("mailroom_acked"), ==, 1);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 4);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 0);
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
}

static void
test_declined (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const char *const states[] = { "processing_failed", "waiting_for_runtime_capability", "target_lost_before_acceptance", "expired" };
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");

  g_test_summary ("11.4, IMP-31: what the adapter declines leaves staging, and may be claimed again; nothing was ours, nothing is put back.");

  for (size_t i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr(GError) error = NULL;

      tick (fixture);
      g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
      g_assert_true (rb_worker_report (worker, "m1", 3, states[i], &error));
      g_assert_no_error (error);
      g_assert_cmpuint (rb_test_count_log ("mailroom_dropped_staged_for_reclaim"), ==, 1);
      rb_test_forget_logs ();
      g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
      g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "returned_upstream");
      g_assert_cmpuint (fetch (worker, TRUE), ==, 0);
      g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
    }
}

static void
test_own_row (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autofree char *ladder = NULL;
  g_autoptr(GError) error = NULL;
  guint n_told;

  g_test_summary ("A row of ours is taken when it is fetched, and silently back when its endpoint goes: it was never lost.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);
  ladder = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (ladder, "<'staged'>"));
  g_assert_nonnull (strstr (ladder, "<'attempt 1'>"));
  n_told = fixture->authority->events->len;
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, &error));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "unaddressed");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "target_lost_before_acceptance"), ==, 0);
  g_assert_cmpuint (fixture->authority->events->len, ==, n_told + 1);   /* the endpoint's own state */
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GError) error = NULL;

  g_test_summary ("A crash before the commit leaves nothing, one after it the staged assignment, which goes on when it is recovered.");

  tick (fixture);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_fetch_start (worker, 0, NULL, NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 0);
  rb_core_fixture_crash (fixture);
  rb_fake_store_set_hold (fixture->store, FALSE);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));

  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "assigned_in_progress", "a1", worker->endpoint_id));
  rb_worker_reattach (worker);
  rb_test_settle ();
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "staged");
  rb_worker_reattach (worker);
  rb_test_settle ();
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 66);   /* above what was set aside */
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_no_error (error);
}

static void
test_restart (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *again = NULL;
  g_autofree char *token = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What was fetched before a restart is accepted after it, by an adapter that registered again.");

  tick (fixture);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  rb_core_fixture_hand_over (fixture);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "staged");
  channel = rb_core_fixture_attach (fixture, WORKER, TRUE);
  again = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "s100", &token);
  g_assert_cmpstr (again, ==, worker->endpoint_id);
  g_assert_cmpstr (token, ==, worker->token);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "accepted");
}

static void
test_after_commit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Nothing is handed out, or reported, before its assignment is durable.");

  tick (fixture);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_fetch_start (worker, 0, NULL, &result);
  g_assert_null (result);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_cmpuint (finish (worker, result), ==, 1);
}

static void
test_other_hands (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("What somebody else works on here is not handed out, and leaves staging.");

  tick (fixture);
  rb_claimer_list (fixture, 0);
  rb_worker_accept (other, 1, "m1", NULL);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 0);
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 0);
  g_assert_cmpstr (rb_worker_state (other, "m1"), ==, "accepted");
}

static void
test_gone_meanwhile (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("What went away while its attempt was reported is not handed out.");

  tick (fixture);
  fixture->authority->hold = TRUE;
  rb_claimer_fetch_start (worker, 0, NULL, &result);
  g_assert_null (result);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (result != NULL);
  g_assert_cmpuint (finish (worker, result), ==, 0);
}

static void
test_claimed_meanwhile (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the adapter claimed by itself, while it was being claimed in advance, is not staged: a poll would never hold again.");

  worker = set_up_worker (fixture, "m1", "a1");
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  tick (fixture);
  rb_claimer_claim_start (worker, "m1", &result);
  rb_fake_upstream_answer_one (fixture->upstream, 1);
  rb_test_wait_until (result != NULL);
  grant = rb_claimer_claim_finish (worker, result, &error);
  g_assert_no_error (error);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (rb_staging_get_n (fixture->core->staging), ==, 0);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 0);
}

static void
test_claimed_instead (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = set_up_worker (fixture, "m1", "a1");
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is staged and claimed by the adapter before it was fetched is its claim alone: when it fails, nobody gets it again.");

  tick (fixture);
  g_assert_cmpuint (rb_staging_get_n (fixture->core->staging), ==, 1);
  grant = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rb_staging_get_n (fixture->core->staging), ==, 0);
  g_assert_true (rb_worker_report (worker, "m1", 2, "processing_failed", &error));
  g_assert_cmpuint (fetch (worker, TRUE), ==, 0);
}

static void
test_dispatched_instead (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("A row of ours that is staged and then dispatched to the same adapter is pushed, and not handed out as well.");

  worker = set_up_worker (fixture, "m1", "a1");
  rb_claimer_arrive (fixture, 1, "m1");
  tick (fixture);
  g_assert_cmpuint (rb_staging_get_n (fixture->core->staging), ==, 1);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_worker_receipt (worker);
  g_assert_cmpuint (rb_staging_get_n (fixture->core->staging), ==, 0);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 0);
}

static void
test_local (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Where our own inbox is the authority nothing is ever staged: the poll holds and returns.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_claimer_fetch_start (worker, 2000, NULL, &result);
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 2000);
  rb_test_wait_until (result != NULL);
  g_assert_cmpuint (finish (worker, result), ==, 0);
}

static void
assert_full (RbWorker     *worker,
             GAsyncResult *result)
{
  GError *error = NULL;

  g_assert_null (rb_staged_finish (worker->fixture->core, result, &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "storage_unavailable",
                     "nothing can be stored now: the disk is full; ask again, with the same id where there is one");
}

static void
test_full (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("A fetch that waits for a full disk is answered within seconds; asked for again, what is staged is there, and no attempt was reported.");

  worker = set_up_worker (fixture, "m1", "a1");
  tick (fixture);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_fetch_start (worker, 20000, NULL, &result);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  rb_fake_clock_advance (fixture->clock, 2999);
  rb_test_settle ();
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_settle ();
  g_assert_nonnull (result);
  assert_full (worker, result);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 0);
  g_assert_cmpuint (fetch (worker, TRUE), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "delivery_attempted"), ==, 1);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "staged");
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/staged/checks", "network", test_checks);
  ADD ("/staged/fetch", "network", test_fetch);
  ADD ("/staged/peek", "network", test_peek);
  ADD ("/staged/report-fails", "network", test_report_fails);
  ADD ("/staged/after-commit", "network", test_after_commit);
  ADD ("/staged/wait/woken", "network", test_wait);
  ADD ("/staged/wait/hold", NULL, test_hold);
  ADD ("/staged/wait/released", "network", test_released);
  ADD ("/staged/wait/client-gone", "network", test_client_gone);
  ADD ("/staged/wait/too-many", "network", test_too_many);
  ADD ("/staged/wait/local", NULL, test_local);
  ADD ("/staged/ends/accepted", "network", test_accepted);
  ADD ("/staged/ends/declined", "network", test_declined);
  ADD ("/staged/ends/own-row", "network", test_own_row);
  ADD ("/staged/ends/other-hands", "network", test_other_hands);
  ADD ("/staged/ends/gone-meanwhile", "network", test_gone_meanwhile);
  ADD ("/staged/ends/claimed-meanwhile", "network", test_claimed_meanwhile);
  ADD ("/staged/ends/claimed-instead", "network", test_claimed_instead);
  ADD ("/staged/ends/dispatched-instead", "network", test_dispatched_instead);
  ADD ("/staged/full", "network", test_full);
  ADD ("/staged/crash", "network", test_crash);
  ADD ("/staged/restart", "network", test_restart);
  return g_test_run ();
}
