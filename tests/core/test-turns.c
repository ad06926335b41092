/* test-turns.c: what the authority hears of an assignment has numbers that strictly increase, whatever fails (rb-turns.h, rb-sequence.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-authority.h"
#include "rb-worker.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-turns.h"

#define WORKER 100
#define EMITTED "\"state\":\"reply_emitted\""

/* The number of the newest event with this in it. */
static gint64
number (RbCoreFixture *fixture,
        const char    *text)
{
  g_autofree char *sequence = rb_fake_emitter_member (fixture->authority, text, "state_sequence");

  return g_ascii_strtoll (sequence, NULL, 10);
}

static void
start_report (RbWorker      *worker,
              const char    *event_id,
              gint64         sequence,
              GAsyncResult **result)
{
  RbCaller caller = { .pid = worker->pid };
  RbProcessingRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .endpoint_owner_token = worker->token,
    .source_message_id = (char *) "m1",
    .assignment_id = worker->assignment_id,
    .state_event_id = (char *) event_id,
    .state_sequence = sequence,
    .state = (char *) "processing_started",
    .occurred_at = RB_NO_TIME,
  };

  rb_processing_async (worker->fixture->core, &caller, &request, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

static gboolean
report (RbWorker    *worker,
        const char  *event_id,
        gint64       sequence,
        GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  start_report (worker, event_id, sequence, &result);
  rb_test_wait_until (result != NULL);
  return rb_processing_finish (worker->fixture->core, result, error);
}

/* It is heard, and its answer is lost. */
static void
report_in_vain (RbWorker   *worker,
                const char *event_id,
                gint64      sequence)
{
  g_autoptr(GError) error = NULL;

  rb_authority_fail (worker->fixture, RB_ERROR_TIMED_OUT, 0);
  g_assert_false (report (worker, event_id, sequence, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_processing_state_rejected", "no such thing");
  rb_authority_fail (worker->fixture, -1, 0);
}

static void
start_reply (RbWorker      *worker,
             const char    *request_id,
             GAsyncResult **result)
{
  rb_core_fixture_reply_start (worker->fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, request_id, "done",
                               result);
}

/* It was sent, and the authority does not take the report of it, which waits in the outbox. */
static void
reply_unheard (RbWorker *worker)
{
  RbCoreFixture *fixture = worker->fixture;
  g_autoptr(GAsyncResult) result = NULL;

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->hold = TRUE;
  start_reply (worker, "r1", &result);
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  fixture->connector->hold = FALSE;
  rb_fake_connector_answer (fixture->connector, NULL);
  rb_test_wait_until (result != NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);
}

static void
test_after_failure (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A report that failed may have been heard: what the broker tells next has a higher number.");

  rb_worker_accept (worker, 1, "m1", NULL);
  report_in_vain (worker, "e1", 10);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 2);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpint (number (fixture, "reply_requested"), ==, 11);
  g_assert_cmpint (number (fixture, EMITTED), ==, 12);
}

static void
test_lost (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("It is told as lost with a higher number than a report that is on its way, or failed.");

  rb_worker_take (worker, 1, "m1", NULL);
  report_in_vain (worker, "e1", 10);
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpint (number (fixture, "target_lost_before_acceptance"), ==, 11);
}

static void
test_same_event (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("The same event again goes up as it was, whether it failed or not, until something else was told.");

  rb_worker_accept (worker, 1, "m1", NULL);
  report_in_vain (worker, "e1", 10);
  g_assert_true (report (worker, "e1", 10, &error));
  g_assert_cmpint (number (fixture, "\"e1\""), ==, 10);
  g_assert_true (report (worker, "e1", 10, &error));
  g_assert_cmpint (number (fixture, "\"e1\""), ==, 10);
  g_assert_cmpuint (rb_authority_count (fixture, "\"state_sequence\":10"), ==, 3);
  g_assert_true (report (worker, "e2", 10, &error));
  g_assert_cmpint (number (fixture, "\"e2\""), ==, 11);
  g_assert_true (report (worker, "e1", 10, &error));
  g_assert_cmpint (number (fixture, "\"e1\""), ==, 12);
}

static void
test_lower_number (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A number that is not above what was told is raised, and kept when the event comes again.");

  rb_worker_accept (worker, 1, "m1", NULL);
  g_assert_true (report (worker, "e1", 10, &error));
  report_in_vain (worker, "e2", 3);
  g_assert_cmpint (number (fixture, "\"e2\""), ==, 11);
  g_assert_true (report (worker, "e2", 3, &error));
  g_assert_cmpint (number (fixture, "\"e2\""), ==, 11);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 11);
  g_assert_true (report (worker, "e3", 12, &error));
  g_assert_cmpint (number (fixture, "\"e3\""), ==, 12);
}

static void
test_two_replies (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) lost = rb_error_new (RB_ERROR_TIMED_OUT, NULL, "no answer");
  gint64 number_of_first;

  g_test_summary ("Of two replies that are announced, the first in vain, each has its own number.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->authority->hold = TRUE;
  start_reply (worker, "r1", &first);
  start_reply (worker, "r2", &second);
  g_assert_cmpuint (rb_authority_count (fixture, "reply_requested:r2"), ==, 0);
  number_of_first = number (fixture, "reply_requested:r1");
  rb_fake_emitter_answer (fixture->authority, lost);
  rb_test_wait_until (first != NULL);
  rb_test_settle ();
  g_assert_cmpint (number_of_first, ==, 3);
  g_assert_cmpint (number (fixture, "reply_requested:r2"), ==, 4);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (second != NULL);
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  static const gint64 told[] = { 10, 1000 };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A number that was told, and not more, is not used by the next process, near or far; it goes on above all of them.");

  rb_worker_accept (worker, 1, "m1", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (told); i++)
    {
      g_autofree char *id = g_strdup_printf ("told-%" G_GINT64_FORMAT, told[i]);

      fixture->authority->hold = TRUE;
      start_report (worker, id, told[i], NULL);
      g_assert_cmpint (number (fixture, id), ==, told[i]);
      rb_core_fixture_crash (fixture);
      rb_worker_reattach (worker);
      g_assert_true (report (worker, "next", 3, &error));
      g_assert_no_error (error);
      g_assert_cmpint (number (fixture, "\"next\""), >, told[i]);
      g_assert_cmpint (number (fixture, "\"next\""), <=, told[i] + 65);
    }
}

static void
test_power_loss (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  gint64 highest = 0;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Over many crashes, each after a report that was told and not answered, numbers only go up.");

  rb_worker_accept (worker, 1, "m1", NULL);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *id = g_strdup_printf ("told-%u-", i);

      fixture->authority->hold = TRUE;
      start_report (worker, id, 2, NULL);
      g_assert_cmpint (number (fixture, id), >, highest);
      highest = number (fixture, id);
      rb_core_fixture_crash (fixture);
      rb_worker_reattach (worker);
    }
  g_assert_true (report (worker, "next", 3, &error));
  g_assert_cmpint (number (fixture, "\"next\""), >, highest);
}

static void
test_usual_path (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  guint n_commits;

  g_test_summary ("An adapter that counts pays no commit but the one that its report always had.");

  rb_worker_accept (worker, 1, "m1", NULL);
  n_commits = rb_fake_store_get_n_commits (fixture->store);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("e%u", i);

      g_assert_true (report (worker, id, 3 + i, &error));
    }
  g_assert_cmpuint (rb_fake_store_get_n_commits (fixture->store), ==, n_commits + 200);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 202);
}

static void
test_far_number (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gint64 reserved;

  g_test_summary ("A number above those that are set aside is told once a row that sets it aside is durable, and not before.");

  rb_worker_accept (worker, 1, "m1", NULL);
  g_variant_get_child (rb_worker_row (worker, "m1"), 10, "x", &reserved);
  g_assert_true (report (worker, "below", reserved, &error));
  g_variant_get_child (rb_worker_row (worker, "m1"), 10, "x", &reserved);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start_report (worker, "above", reserved + 1, &result);
  g_assert_cmpuint (rb_authority_count (fixture, "\"above\""), ==, 0);
  g_assert_cmpuint (rb_fake_store_get_n_waiting (fixture->store), ==, 1);
  g_assert_true (rb_fake_store_commit_one (fixture->store));
  g_assert_cmpint (number (fixture, "\"above\""), ==, reserved + 1);
  g_assert_null (result);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_processing_finish (fixture->core, result, &error));
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, reserved + 1);
}

static void
test_lazy_row (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(GPtrArray) rows = NULL;

  g_test_summary ("A row that a power loss may take sets nothing aside.");

  rb_worker_accept (worker, 1, "m1", NULL);
  rb_assignment_record (rb_assignments_lookup (fixture->core->assignments, "m1", worker->assignment_id), changes);
  rows = rb_assignments_dup_reserved (changes);
  g_assert_cmpuint (rows->len, ==, 1);
  rb_changes_set_lazy (changes, TRUE);
  g_assert_null (rb_assignments_dup_reserved (changes));
}

static void
test_not_reserved (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) next = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("When it cannot be set aside it is not told, and the adapter learns so; so does who waits behind it.");

  rb_worker_accept (worker, 1, "m1", NULL);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start_report (worker, "far", 1000, &result);
  start_report (worker, "farther", 1001, &next);
  rb_fake_store_break (fixture->store);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL && next != NULL);
  g_assert_false (rb_processing_finish (fixture->core, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_false (rb_processing_finish (fixture->core, next, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpuint (rb_authority_count (fixture, "far"), ==, 0);
}

static void
test_gone_meanwhile (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What ended while its number was set aside is told as lost, and nothing else, with a number above it.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start_report (worker, "far", 1000, &result);
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_processing_finish (fixture->core, result, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, "\"far\""), ==, 0);
  g_assert_cmpint (number (fixture, "target_lost_before_acceptance"), ==, 1001);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_outbox_heard (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A report finds the outbox waiting for its next try: that goes first, at once; it ends the assignment, and the report comes late.");

  reply_unheard (worker);
  rb_authority_fail (fixture, -1, 0);
  g_assert_false (report (worker, "late", 100, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 2);
  g_assert_cmpuint (rb_authority_count (fixture, "\"late\""), ==, 0);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
}

static void
test_outbox_fails (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("When it fails again, all who wait fail with it and may come again; nothing overtakes it, and it is tried further by itself.");

  reply_unheard (worker);
  fixture->authority->hold = TRUE;
  start_report (worker, "e1", 100, &first);
  start_report (worker, "e2", 101, &second);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 2);
  g_assert_true (first == NULL && second == NULL);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, fixture->authority->failure);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_false (rb_processing_finish (fixture->core, first, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_processing_state_rejected", "no such thing");
  g_assert_false (rb_processing_finish (fixture->core, second, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_processing_state_rejected", "no such thing");
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, "\"e1\""), ==, 0);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 2);

  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 2000);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 3);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
}

static void
test_outbox_refused (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Refused for good it is out of the way, too.");

  reply_unheard (worker);
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  g_assert_false (report (worker, "late", 100, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_assert_cmpuint (rb_authority_count (fixture, "\"late\""), ==, 0);
}

/* The reply was sent, and what is told of it is being committed while the adapter reports. */
static void
start_behind_commit (RbWorker      *worker,
                     GAsyncResult **reply,
                     GAsyncResult **late)
{
  RbCoreFixture *fixture = worker->fixture;

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->hold = TRUE;
  start_reply (worker, "r1", reply);
  rb_test_wait_until (fixture->connector->sent->len > 0);
  rb_fake_store_set_hold (fixture->store, TRUE);
  fixture->connector->hold = FALSE;
  rb_fake_connector_answer (fixture->connector, NULL);
  rb_test_settle ();
  start_report (worker, "late", 10, late);
  g_assert_cmpuint (rb_authority_count (fixture, "\"late\""), ==, 0);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 0);
}

static void
test_outbox_coming (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) reply = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A report waits for what is being committed before it, too.");

  start_behind_commit (worker, &reply, &late);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (reply != NULL && late != NULL);
  g_assert_false (rb_processing_finish (fixture->core, late, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_assert_cmpuint (rb_authority_count (fixture, "\"late\""), ==, 0);
  g_assert_cmpint (number (fixture, EMITTED), ==, 4);
}

static void
test_outbox_withdrawn (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) reply = NULL;
  g_autoptr(GAsyncResult) late = NULL;

  g_test_summary ("What never became durable is not waited for any more, and nobody waits for ever.");

  start_behind_commit (worker, &reply, &late);
  rb_fake_store_break (fixture->store);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (reply != NULL && late != NULL);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 0);
  g_assert_false (rb_processing_finish (fixture->core, late, NULL));
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_core_stop_finish (RB_CORE (source), result);
  *(gboolean *) user_data = TRUE;
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) behind_outbox = NULL;
  gboolean stopped = FALSE;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop tries the outbox once more; when that fails, who waits behind it is told, and the stop ends.");

  reply_unheard (worker);
  fixture->authority->hold = TRUE;
  start_report (worker, "e1", 100, &behind_outbox);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", on_stopped, &stopped);
  rb_test_settle ();
  g_assert_false (stopped);
  rb_fake_emitter_answer (fixture->authority, fixture->authority->failure);
  rb_test_wait_until (stopped && behind_outbox != NULL);
  fixture->authority->hold = FALSE;
  g_assert_false (rb_processing_finish (fixture->core, behind_outbox, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 2);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);
}

static RbEvent *
make_nothing (RbCore       *core,
              RbAssignment *assignment,
              gpointer      user_data)
{
  g_assert_not_reached ();
  return NULL;
}

static void
note_error (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  *(GError **) user_data = error != NULL ? g_error_copy (error) : NULL;
}

static void
test_stop_over (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbAssignment *assignment;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Who comes when it was tried for the last time is told so at once.");

  reply_unheard (worker);
  rb_core_fixture_stop (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 2);
  assignment = rb_assignments_lookup (fixture->core->assignments, "m1", worker->assignment_id);
  rb_turns_report (fixture->core, assignment, make_nothing, note_error, &error);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpuint (rb_authority_count (fixture, EMITTED), ==, 2);
}

static void
test_stop_in_line (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) running = NULL;
  g_autoptr(GAsyncResult) waiting = NULL;
  gboolean stopped = FALSE;

  g_test_summary ("A report that is on its way as we stop may finish; those behind it follow, each with its number, and the stop waits.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->authority->hold = TRUE;
  start_report (worker, "e1", 100, &running);
  start_report (worker, "e2", 1000, &waiting);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", on_stopped, &stopped);
  rb_test_settle ();
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (running != NULL);
  rb_test_settle ();
  g_assert_false (stopped);
  g_assert_cmpint (number (fixture, "\"e2\""), ==, 1000);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (stopped && waiting != NULL);
  fixture->authority->hold = FALSE;
}

static void
test_restart (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  gint64 written;

  g_test_summary ("A restart in order is no event: the numbers go on as they were, also above one that was told in vain.");

  rb_worker_accept (worker, 1, "m1", NULL);
  report_in_vain (worker, "e1", 5);
  rb_core_fixture_stop (fixture);
  g_variant_get_child (rb_worker_row (worker, "m1"), 10, "x", &written);
  g_assert_cmpint (written, ==, 5);
  rb_core_fixture_crash (fixture);
  rb_worker_reattach (worker);
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 5);
  g_assert_true (report (worker, "e2", 6, &error));
  g_assert_no_error (error);
  g_assert_cmpint (number (fixture, "\"e2\""), ==, 6);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/turns/" path, RbCoreFixture, "authority", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("after-failure", test_after_failure);
  ADD ("lost", test_lost);
  ADD ("same-event", test_same_event);
  ADD ("lower-number", test_lower_number);
  ADD ("two-replies", test_two_replies);
  ADD ("crash", test_crash);
  ADD ("power-loss", test_power_loss);
  ADD ("usual-path", test_usual_path);
  ADD ("far-number", test_far_number);
  ADD ("lazy-row", test_lazy_row);
  ADD ("not-reserved", test_not_reserved);
  ADD ("gone-meanwhile", test_gone_meanwhile);
  ADD ("outbox/heard", test_outbox_heard);
  ADD ("outbox/fails", test_outbox_fails);
  ADD ("outbox/refused", test_outbox_refused);
  ADD ("outbox/coming", test_outbox_coming);
  ADD ("outbox/withdrawn", test_outbox_withdrawn);
  ADD ("stop", test_stop);
  ADD ("stop/over", test_stop_over);
  ADD ("stop/in-line", test_stop_in_line);
  ADD ("restart", test_restart);

  return g_test_run ();
}
