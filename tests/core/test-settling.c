/* test-settling.c: what adapters declared handled, while nobody knows whether the upstream heard so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-settle.h"

#include <string.h>

#define WORKER 100
#define OTHER 200

static void
test_mark_lost (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  guint n_durable;

  g_test_summary ("What a crash or a power loss takes with it was never asked for, and a power loss does not take what was.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_settle_start (worker, "m1", NULL);
  rb_core_fixture_crash (fixture);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");

  rb_worker_reattach (worker);
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  n_durable = rb_fake_store_get_n_durable (fixture->store);
  rb_claimer_settle_start (worker, "m1", NULL);
  g_assert_cmpuint (rb_fake_store_get_n_durable (fixture->store), ==, n_durable + 1);
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
}

static void
fail_with (RbCoreFixture *fixture,
           RbError        kind,
           gint64         status)
{
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_SETTLE,
                                rb_claimer_failure (kind, status, status == 404 || status == 410 ? "undispatched_unknown" : NULL, "no"));
}

/* The upstream has decided, and its answer reaches nobody. */
static void
die_while_asked (RbWorker *worker)
{
  RbCoreFixture *fixture = worker->fixture;

  rb_claimer_arrive (fixture, 1, "m1");
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  rb_claimer_settle_start (worker, "m1", NULL);
  g_assert_cmpuint (fixture->upstream->waiting->len, ==, 1);
  rb_core_fixture_crash (fixture);
  rb_test_settle ();
}

static void
come_online (RbCoreFixture *fixture)
{
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->connector), "a break");
  rb_connector_emit_connected (RB_CONNECTOR (fixture->connector));
  rb_test_settle ();
}

static void
assert_settled (RbCoreFixture *fixture)
{
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "handled_no_reply");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 0);
}

static void
resume (RbCoreFixture *fixture,
        gint64         status,
        const char    *place,
        guint          n_marks)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  if (status != 0)
    fail_with (fixture, RB_ERROR_REJECTED, status);
  die_while_asked (worker);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 2);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, place);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, n_marks);
  rb_test_assert_logged ("self_settle_asked_again", "undispatched_id", "m1", "endpoint_id", worker->endpoint_id, NULL);
  come_online (fixture);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 2);
}

static void
test_resumed (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    gint64 status;      /* 0: it agrees */
    const char *place;
    guint n_marks;
  } rows[] = { { 0, "ended", 0 }, { 404, "ended", 0 }, { 410, "ended", 0 }, { 409, "inbox", 1 }, { 401, "inbox", 1 }, { 422, "inbox", 1 } };

  g_test_summary ("Who died while the upstream was asked asks again, once; that it knows of no such message means that it had agreed.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      rb_core_fixture_tear_down (fixture, data);
      rb_core_fixture_set_up (fixture, data);
      resume (fixture, rows[i].status, rows[i].place, rows[i].n_marks);
    }
}

static void
test_resumed_later (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *story = NULL;

  g_test_summary ("Nobody answers yet: it is asked again when the link comes back. What is delivered once more meanwhile changes nothing.");

  fail_with (fixture, RB_ERROR_UNAVAILABLE, 503);
  die_while_asked (worker);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
  story = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (story, "declared handled by "));
  rb_claimer_arrive (fixture, 2, "m1");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));

  fail_with (fixture, RB_ERROR_REJECTED, 404);
  come_online (fixture);
  assert_settled (fixture);
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 0);
  rb_claimer_arrive (fixture, 3, "m1");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 3));
  assert_settled (fixture);
}

static void
test_repeated (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *story = NULL;

  g_test_summary ("An adapter that asks again, because the answer was lost, is told yes where the first call had happened, else no; a no does"
                  " not hide that the first may be carried out behind it.");

  rb_claimer_arrive (fixture, 1, "m1");
  fail_with (fixture, RB_ERROR_TIMED_OUT, 0);
  g_assert_false (rb_claimer_settle (worker, "m1", NULL));
  fail_with (fixture, RB_ERROR_REJECTED, 409);
  g_assert_false (rb_claimer_settle (worker, "m1", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  story = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (story, " (refused since); whether the upstream heard so, the next claim or self-settle of it will tell"));
  rb_fake_clock_advance (fixture->clock, 60000);
  come_online (fixture);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 2);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  rb_claimer_settle_start (worker, "m1", &first);
  rb_claimer_settle_start (worker, "m1", &second);
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = FALSE;
  fail_with (fixture, RB_ERROR_REJECTED, 404);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_true (rb_settle_finish (fixture->core, first, NULL));
  g_assert_true (rb_settle_finish (fixture->core, second, NULL));
  assert_settled (fixture);
}

static void
test_twice_at_once (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_test_summary ("The refusal of one call says nothing of another that is on its way, or was while it was made.");

  rb_claimer_arrive (fixture, 1, "m1");
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  rb_claimer_settle_start (worker, "m1", &first);
  rb_claimer_settle_start (worker, "m1", &second);
  fail_with (fixture, RB_ERROR_TIMED_OUT, 0);
  rb_fake_upstream_answer_one (fixture->upstream, 0);
  rb_test_wait_until (first != NULL);
  fail_with (fixture, RB_ERROR_REJECTED, 409);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (second != NULL);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);

  g_clear_object (&first);
  g_clear_object (&second);
  rb_claimer_settle_start (worker, "m1", &first);
  rb_claimer_settle_start (worker, "m1", &second);
  rb_fake_upstream_answer_one (fixture->upstream, 0);
  rb_test_wait_until (first != NULL);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
  fail_with (fixture, RB_ERROR_REJECTED, 404);
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (second != NULL);
  g_assert_true (rb_settle_finish (fixture->core, second, NULL));
  assert_settled (fixture);
}

static void
test_mark_ends (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("It is not asked about what somebody accepted meanwhile.");

  rb_claimer_arrive (fixture, 1, "m1");
  fail_with (fixture, RB_ERROR_TIMED_OUT, 0);
  g_assert_false (rb_claimer_settle (other, "m1", NULL));
  rb_worker_take (worker, 2, "m1", NULL);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", NULL));
  come_online (fixture);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 1);
  fail_with (fixture, RB_ERROR_REJECTED, 404);
  g_assert_false (rb_claimer_settle (other, "m1", NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
}

/* @worker asked, the upstream did it, and nobody heard. */
static void
lose (RbWorker *worker)
{
  fail_with (worker->fixture, RB_ERROR_TIMED_OUT, 0);
  g_assert_false (rb_claimer_settle (worker, "m1", NULL));
}

static guint
count_asked (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE];
}

static void
test_other_leaves (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("Another endpoint that asks for the same, and goes before its call, does not take with it what is known of the first.");

  rb_claimer_arrive (fixture, 1, "m1");
  lose (worker);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_settle_start (other, "m1", NULL);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
  rb_fake_store_set_hold (fixture->store, FALSE);
  g_assert_true (rb_core_fixture_unregister (fixture, OTHER, other->endpoint_id, NULL));

  fail_with (fixture, RB_ERROR_REJECTED, 404);
  come_online (fixture);
  rb_test_assert_logged ("self_settle_asked_again", "undispatched_id", "m1", "endpoint_id", worker->endpoint_id, NULL);
  assert_settled (fixture);
}

static void
test_other_refused (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("The refusal of one endpoint takes its own mark, and no other's; a crash in between changes nothing.");

  rb_claimer_arrive (fixture, 1, "m1");
  lose (worker);
  fail_with (fixture, RB_ERROR_REJECTED, 409);
  g_assert_false (rb_claimer_settle (other, "m1", NULL));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);

  fail_with (fixture, RB_ERROR_REJECTED, 404);
  rb_core_fixture_crash (fixture);
  rb_test_settle ();
  assert_settled (fixture);
}

/* Two ask at once; the second hears that there is no such message. */
static void
answer_the_other (RbCoreFixture *fixture,
                  RbWorker      *worker,
                  RbWorker      *other)
{
  g_autoptr(GAsyncResult) second = NULL;

  rb_claimer_arrive (fixture, 1, "m1");
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  rb_claimer_settle_start (worker, "m1", NULL);
  rb_claimer_settle_start (other, "m1", &second);
  fail_with (fixture, RB_ERROR_REJECTED, 404);
  rb_fake_upstream_answer_one (fixture->upstream, 1);
  rb_test_wait_until (second != NULL);
  g_assert_false (rb_settle_finish (fixture->core, second, NULL));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 2);
}

/* The simulator's seed 5351 of November 2026. */
static void
test_other_unknown (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("That there is no such message, while another's call is on its way, is asked once more when the outcome of that is lost.");

  answer_the_other (fixture, worker, other);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = FALSE;
  rb_core_fixture_crash (fixture);
  come_online (fixture);
  assert_settled (fixture);
}

static void
test_other_unknown_too (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("When both hear that there is no such message, nothing of theirs happened, and nothing is asked again.");

  answer_the_other (fixture, worker, other);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  rb_fake_clock_advance (fixture->clock, 120000);
  g_assert_cmpuint (count_asked (fixture), ==, 2);
}

static void
leave (RbCoreFixture *fixture,
       gboolean       crashes)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *story = NULL;

  rb_claimer_arrive (fixture, 1, "m1");
  lose (worker);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  if (crashes)
    rb_core_fixture_crash (fixture);
  come_online (fixture);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (count_asked (fixture), ==, 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
  story = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (story, " (gone); whether the upstream heard so, the next claim or self-settle of it will tell"));
}

static void
test_leaves (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_test_summary ("Nothing is asked in the name of an endpoint that is gone; what it asked for is remembered, and ends when another hears of it.");

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(RbWorker) other = NULL;
      gboolean claims = i % 2 == 1;

      rb_core_fixture_tear_down (fixture, data);
      rb_core_fixture_set_up (fixture, data);
      leave (fixture, i >= 2);
      other = rb_worker_new (fixture, OTHER);
      rb_fake_upstream_set_failure (fixture->upstream, claims ? RB_UPSTREAM_SELF_CLAIM : RB_UPSTREAM_SELF_SETTLE,
                                    rb_claimer_failure (RB_ERROR_REJECTED, 404, "undispatched_unknown", "no"));
      if (claims)
        g_assert_null (rb_claimer_claim (other, "m1", NULL));
      else
        g_assert_true (rb_claimer_settle (other, "m1", NULL));
      assert_settled (fixture);
    }
}

static void
test_leave_bounded (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Of the many that asked and left, one row remains.");

  rb_claimer_arrive (fixture, 1, "m1");
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

      lose (worker);
      g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
      g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
    }
}

static void
test_claim_refused (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  static const struct {
    gint64 status;
    const char *code;
  } rows[] = { { 409, NULL }, { 401, NULL }, { 404, NULL }, { 404, "endpoint_not_found" } };

  g_test_summary ("A claim that is refused for another reason, or for who asks, says nothing of what was declared handled; nor does any without that.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM,
                                rb_claimer_failure (RB_ERROR_REJECTED, 404, "undispatched_unknown", "no"));
  g_assert_null (rb_claimer_claim (other, "m1", NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  lose (worker);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM,
                                    rb_claimer_failure (RB_ERROR_REJECTED, rows[i].status, rows[i].code, "no"));
      g_assert_null (rb_claimer_claim (other, "m1", NULL));
      g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
    }
}

static void
test_by_timer (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const gint64 waits[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *story = NULL;

  g_test_summary ("A call that is lost while the link is there is made again by a timer, ever more seldom, and a person can see when.");

  rb_claimer_arrive (fixture, 1, "m1");
  lose (worker);
  story = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (story, "the upstream is asked again whether it is settled"));
  for (size_t i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      rb_fake_clock_advance (fixture->clock, waits[i] - 1);
      rb_test_settle ();
      g_assert_cmpuint (count_asked (fixture), ==, 1 + i);
      rb_fake_clock_advance (fixture->clock, 1);
      rb_test_settle ();
      g_assert_cmpuint (count_asked (fixture), ==, 2 + i);
    }
  fail_with (fixture, RB_ERROR_REJECTED, 404);
  rb_fake_clock_advance (fixture->clock, 30000);
  rb_test_settle ();
  assert_settled (fixture);
  rb_fake_clock_advance (fixture->clock, 120000);
  rb_test_settle ();
  g_assert_cmpuint (count_asked (fixture), ==, 9);
}

static void
test_not_while_assigned (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("Neither timer nor link asks about what somebody may have just now; it goes on when that is back in the inbox, and idles until then.");

  rb_claimer_arrive (fixture, 1, "m1");
  lose (other);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_fake_clock_advance (fixture->clock, 1500);
  rb_test_settle ();
  g_assert_cmpuint (count_asked (fixture), ==, 1);
  g_assert_cmpuint (fixture->core->settle_timer, ==, 0);
  come_online (fixture);
  g_assert_cmpuint (count_asked (fixture), ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  rb_fake_clock_advance (fixture->clock, 30000);
  rb_test_settle ();
  g_assert_cmpuint (count_asked (fixture), >=, 2);
}

static void
test_bare (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A 404 without a code may be a proxy's: it settles nothing that is not known, and it is asked again.");

  rb_claimer_arrive (fixture, 1, "m1");
  lose (worker);
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_SETTLE, rb_claimer_failure (RB_ERROR_REJECTED, 404, NULL, ""));
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_settle ();
  g_assert_cmpuint (count_asked (fixture), ==, 2);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  fail_with (fixture, RB_ERROR_REJECTED, 404);
  rb_fake_clock_advance (fixture->clock, 2000);
  rb_test_settle ();
  assert_settled (fixture);
}

/* The authority is asked whether @other may have it. */
static GAsyncResult *
claim_and_settle (RbWorker      *worker,
                  RbWorker      *other,
                  GAsyncResult **claimed)
{
  RbCoreFixture *fixture = worker->fixture;
  GAsyncResult *settled = NULL;

  rb_claimer_grant (fixture, rb_claimer_answer (other, "m1", "a1"));
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (other, "m1", claimed);
  rb_claimer_settle_start (worker, "m1", &settled);
  g_assert_null (settled);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (settled != NULL && *claimed != NULL);
  return settled;
}

static void
test_claim_decided (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);

  g_test_summary ("What is settled while it is decided who may have it ends with that, whether it was in the inbox or only upstream.");

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GAsyncResult) claimed = NULL;
      g_autoptr(GAsyncResult) settled = NULL;
      g_autoptr(GError) error = NULL;

      rb_core_fixture_tear_down (fixture, data);
      rb_core_fixture_set_up (fixture, data);
      g_clear_pointer (&worker, rb_worker_free);
      g_clear_pointer (&other, rb_worker_free);
      worker = rb_worker_new (fixture, WORKER);
      other = rb_worker_new (fixture, OTHER);
      if (i == 0)
        rb_claimer_arrive (fixture, 1, "m1");
      settled = claim_and_settle (worker, other, &claimed);
      g_assert_true (rb_settle_finish (fixture->core, settled, NULL));
      g_assert_null (rb_claimer_claim_finish (other, claimed, &error));
      rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_self_claim_rejected", "the message was settled meanwhile");
      assert_settled (fixture);
      rb_fake_clock_advance (fixture->clock, 600000);
      rb_test_settle ();
      assert_settled (fixture);
    }
}

static void
test_claim_refused_lost (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GAsyncResult) claimed = NULL;
  g_autoptr(GError) refusal = rb_error_new (RB_ERROR_REJECTED, NULL, "no");

  g_test_summary ("A claim that comes to nothing leaves no mark of a message that is not here.");

  rb_claimer_grant (fixture, rb_claimer_answer (other, "m1", "a1"));
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (other, "m1", &claimed);
  lose (worker);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, refusal);
  rb_test_wait_until (claimed != NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 0);
  g_assert_cmpuint (fixture->core->settle_timer, ==, 0);
}

static void
test_refused (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const struct {
    gint64 status;
    const char *code;
  } rows[] = { { 401, NULL }, { 403, NULL }, { 409, NULL }, { 404, "runtime_endpoint_unknown" } };

  g_test_summary ("A refusal says nothing of what is carried out behind it: the mark stays, and the timer does not ask in that name again.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbWorker) worker = NULL;

      rb_core_fixture_tear_down (fixture, data);
      rb_core_fixture_set_up (fixture, data);
      worker = rb_worker_new (fixture, WORKER);
      rb_claimer_arrive (fixture, 1, "m1");
      lose (worker);
      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_SETTLE,
                                    rb_claimer_failure (RB_ERROR_REJECTED, rows[i].status, rows[i].code, "no"));
      rb_fake_clock_advance (fixture->clock, 1000);
      rb_test_settle ();
      g_assert_cmpuint (count_asked (fixture), ==, 2);
      rb_fake_clock_advance (fixture->clock, 120000);
      rb_test_settle ();
      g_assert_cmpuint (count_asked (fixture), ==, 2);
      g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
      g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);
      fail_with (fixture, RB_ERROR_REJECTED, 404);
      g_assert_true (rb_claimer_settle (worker, "m1", NULL));
      assert_settled (fixture);
    }
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/settling/mark/lost", "network", test_mark_lost);
  ADD ("/settling/mark/ends", "network", test_mark_ends);
  ADD ("/settling/resumed", "network", test_resumed);
  ADD ("/settling/resumed-later", "network", test_resumed_later);
  ADD ("/settling/repeated", "network", test_repeated);
  ADD ("/settling/twice-at-once", "network", test_twice_at_once);
  ADD ("/settling/other/leaves", "network", test_other_leaves);
  ADD ("/settling/other/refused", "network", test_other_refused);
  ADD ("/settling/other/unknown", "network", test_other_unknown);
  ADD ("/settling/other/unknown-too", "network", test_other_unknown_too);
  ADD ("/settling/leaves/known", "network", test_leaves);
  ADD ("/settling/leaves/bounded", "network", test_leave_bounded);
  ADD ("/settling/claim-refused", "network", test_claim_refused);
  ADD ("/settling/bare-404", "network", test_bare);
  ADD ("/settling/claim/decided", "network", test_claim_decided);
  ADD ("/settling/claim/nothing", "network", test_claim_refused_lost);
  ADD ("/settling/timer/backs-off", "network", test_by_timer);
  ADD ("/settling/timer/assigned", "network", test_not_while_assigned);
  ADD ("/settling/timer/refused", "network", test_refused);
  return g_test_run ();
}
