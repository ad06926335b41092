/* test-turns-shared.c: the upstream gave two messages out as assignments with one id
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"

#include <string.h>

#define WORKER 100
#define OTHER 200
#define SHARED "a1"

/* The worker has it, as the assignment that the other one has too. */
static RbWorker *
claim_shared (RbCoreFixture *fixture,
              gint64         pid,
              const char    *message_id)
{
  RbWorker *worker = rb_worker_new (fixture, pid);
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;

  rb_claimer_grant (fixture, rb_claimer_answer (worker, message_id, SHARED));
  grant = rb_claimer_claim (worker, message_id, &error);
  g_assert_no_error (error);
  g_free (worker->assignment_id);
  worker->assignment_id = g_strdup (SHARED);
  return worker;
}

static void
start_report (RbWorker      *worker,
              const char    *message_id,
              gint64         sequence,
              const char    *state,
              GAsyncResult **result)
{
  g_autofree char *event_id = g_strdup_printf ("%s:%s:%d", message_id, state, (int) sequence);
  RbCaller caller = { .pid = worker->pid };
  RbProcessingRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .endpoint_owner_token = worker->token,
    .source_message_id = (char *) message_id,
    .assignment_id = worker->assignment_id,
    .state_event_id = event_id,
    .state_sequence = sequence,
    .state = (char *) state,
    .occurred_at = RB_NO_TIME,
  };

  rb_processing_async (worker->fixture->core, &caller, &request, rb_test_store_result, result);
  rb_test_settle ();
}

static void
answer_next (RbCoreFixture *fixture,
             const GError  *error)
{
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, error);
  fixture->authority->hold = TRUE;
  rb_test_settle ();
}

static void
test_each_has_its_turn (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = claim_shared (fixture, WORKER, "m1");
  g_autoptr(RbWorker) other = claim_shared (fixture, OTHER, "m2");
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) third = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Two assignments with one id: reports take turns, nobody's waits for ever, and one that has many is not always before the other.");

  fixture->authority->hold = TRUE;
  start_report (worker, "m1", 2, "adapter_accepted", &first);
  start_report (worker, "m1", 3, "processing_started", &second);
  start_report (other, "m2", 2, "adapter_accepted", &third);
  g_assert_cmpuint (fixture->authority->waiting->len, ==, 1);

  answer_next (fixture, NULL);
  rb_test_wait_until (first != NULL);
  g_assert_null (second);
  answer_next (fixture, NULL);
  rb_test_wait_until (third != NULL);
  g_assert_null (second);
  answer_next (fixture, NULL);
  rb_test_wait_until (second != NULL);
  fixture->authority->hold = FALSE;

  rb_processing_finish (fixture->core, third, &error);
  g_assert_no_error (error);
  g_assert_cmpint (rb_assignments_of_message (fixture->core->assignments, "m1")->state, ==, RB_ASSIGNMENT_ACCEPTED);
  g_assert_cmpint (rb_assignments_of_message (fixture->core->assignments, "m2")->state, ==, RB_ASSIGNMENT_ACCEPTED);
}

static void
test_one_ends (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = claim_shared (fixture, WORKER, "m1");
  g_autoptr(RbWorker) other = claim_shared (fixture, OTHER, "m2");
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_test_summary ("One of them ends while it is reported: the other one's turn comes all the same.");

  fixture->authority->hold = TRUE;
  start_report (worker, "m1", 2, "adapter_accepted", &first);
  start_report (other, "m2", 2, "adapter_accepted", &second);
  g_assert_true (rb_claimer_settle (worker, "m1", NULL));
  g_assert_null (rb_assignments_of_message (fixture->core->assignments, "m1"));
  answer_next (fixture, NULL);
  rb_test_wait_until (first != NULL);
  answer_next (fixture, NULL);
  rb_test_wait_until (second != NULL);
  fixture->authority->hold = FALSE;
  g_assert_cmpint (rb_assignments_of_message (fixture->core->assignments, "m2")->state, ==, RB_ASSIGNMENT_ACCEPTED);
}

#define ADD(path, function) \
  g_test_add ("/turns-shared/" path, RbCoreFixture, "network", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("each-has-its-turn", test_each_has_its_turn);
  ADD ("one-ends", test_one_ends);
  return g_test_run ();
}
