/* test-dead-letters.c: a dead letter of an assignment that is being given again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-events.h"
#include "rb-outbox-operator.h"

#define WORKER 100

/* The assignment a1 of the message u1 (@source_id upstream) came to nothing, and the authority does not want to hear so. */
static void
make_dead (RbWorker   *worker,
           const char *source_id)
{
  RbCoreFixture *fixture = worker->fixture;
  g_autoptr(GError) refusal = rb_error_new (RB_ERROR_REJECTED, NULL, "no");
  g_autoptr(RbGrant) grant = NULL;

  rb_claimer_grant (fixture, rb_claimer_change (rb_claimer_answer (worker, source_id, "a1"), "undispatched_id", g_variant_new_string ("u1")));
  grant = rb_claimer_claim (worker, "u1", NULL);
  g_assert_nonnull (grant);
  fixture->authority->hold = TRUE;
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  rb_fake_emitter_answer (fixture->authority, refusal);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "u1"), ==, "inbox");
}

static guint
retry_all (RbCoreFixture *fixture,
           GAsyncResult **result)
{
  guint n;

  rb_test_wait_until (*result != NULL);
  g_assert_true (rb_dead_letter_retry_finish (fixture->core, *result, &n, NULL));
  return n;
}

static void
test_being_given (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  static const char *const source_ids[] = { "u1", "s1" };

  g_test_summary ("It is overtaken while somebody is being given its assignment, also where the network calls the message otherwise.");

  for (size_t i = 0; i < G_N_ELEMENTS (source_ids); i++)
    {
      g_autoptr(RbWorker) worker = NULL;
      g_autoptr(GAsyncResult) claimed = NULL;
      g_autoptr(GAsyncResult) retried = NULL;
      g_autoptr(RbGrant) grant = NULL;

      rb_core_fixture_tear_down (fixture, data);
      rb_core_fixture_set_up (fixture, data);
      worker = rb_worker_new (fixture, WORKER);
      make_dead (worker, source_ids[i]);
      rb_claimer_claim_start (worker, "u1", &claimed);
      rb_dead_letter_retry_async (fixture->core, 0, rb_test_store_result, &retried);
      g_assert_cmpuint (retry_all (fixture, &retried), ==, 0);
      fixture->authority->hold = FALSE;
      rb_fake_emitter_answer (fixture->authority, NULL);
      rb_test_wait_until (claimed != NULL);
      grant = rb_claimer_claim_finish (worker, claimed, NULL);
      g_assert_nonnull (grant);
    }
}

static char *
dup_last_state (RbCoreFixture *fixture)
{
  return rb_events_dup_member (g_ptr_array_index (fixture->authority->events, fixture->authority->events->len - 1), "state");
}

static void
test_while_revived (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) claimed = NULL;
  g_autoptr(GAsyncResult) retried = NULL;
  g_autoptr(RbGrant) grant = NULL;
  g_autofree char *last = NULL;

  g_test_summary ("A claim that comes while it is written again waits behind it: what is told last is what is so.");

  make_dead (worker, "u1");
  fixture->authority->hold = FALSE;
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_dead_letter_retry_async (fixture->core, 0, rb_test_store_result, &retried);
  rb_claimer_claim_start (worker, "u1", &claimed);
  g_assert_null (rb_assignments_of_message (fixture->core->assignments, "u1"));
  rb_fake_store_set_hold (fixture->store, FALSE);
  g_assert_cmpuint (retry_all (fixture, &retried), ==, 1);
  rb_test_wait_until (claimed != NULL);
  rb_test_settle ();
  grant = rb_claimer_claim_finish (worker, claimed, NULL);
  last = dup_last_state (fixture);
  g_assert_cmpstr (last, ==, grant != NULL ? "assigned_to_runtime_target" : "target_lost_before_acceptance");
}

#define ADD(path, function) \
  g_test_add (path, RbCoreFixture, "network", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/dead-letters/being-given", test_being_given);
  ADD ("/dead-letters/while-revived", test_while_revived);
  return g_test_run ();
}
