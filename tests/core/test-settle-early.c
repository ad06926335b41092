/* test-settle-early.c: a message is declared handled before the network has delivered it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-hold.h"
#include "rb-policy-operator.h"
#include "rb-settle.h"

#include <string.h>

#define WORKER 100
#define OTHER 200

/* Claimed in advance for the worker; the network has not delivered it. */
static void
stage (RbWorker   *worker,
       const char *message_id,
       const char *assignment_id)
{
  RbCoreFixture *fixture = worker->fixture;

  rb_claimer_grant (fixture, rb_claimer_answer (worker, message_id, assignment_id));
  rb_claimer_list (fixture, 1, rb_claimer_candidate (message_id, "node_pull_only", NULL, NULL));
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  g_assert_nonnull (rb_staging_lookup (fixture->core->staging, worker->endpoint_id, message_id));
  rb_claimer_list (fixture, 0);
}

static RbWorker *
begin (RbCoreFixture *fixture)
{
  RbWorker *worker;

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  stage (worker, "m1", "a1");
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  return worker;
}

static void
assert_over (RbCoreFixture *fixture,
             const char    *message_id)
{
  g_assert_cmpstr (rb_core_fixture_place (fixture, message_id), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, message_id), ==, "handled_no_reply");
  g_assert_null (rb_ledger_lookup (fixture->core->ledger, message_id));
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 0);
  g_assert_cmpuint (rb_held_get_n (fixture->core->held), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_MESSAGES), ==, 0);
}

/* It comes, and is accepted as a copy. */
static void
assert_copy (RbCoreFixture *fixture,
             gint64         seq,
             const char    *message_id)
{
  guint64 n_duplicates = fixture->core->counters.duplicates;

  rb_claimer_arrive (fixture, seq, message_id);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, seq));
  g_assert_cmpuint (fixture->core->counters.duplicates, ==, n_duplicates + 1);
  assert_over (fixture, message_id);
}

static void
settle_well (RbWorker   *worker,
             const char *message_id)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (rb_claimer_settle (worker, message_id, &error));
  g_assert_no_error (error);
}

static void
set_rule (RbCoreFixture *fixture,
          const char    *action)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) rule = NULL;
  g_autoptr(GError) error = NULL;

  rb_policy_set_async (fixture->core, "message", "*", "*", action, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rule = rb_policy_set_finish (fixture->core, result, &error);
  g_assert_no_error (error);
}

static void
test_delivered_meanwhile (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("What is delivered while its end is being stored is a copy: accepted when that is durable, and nowhere else.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_settle_start (worker, "m1", &result);
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_null (result);
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 1));

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_settle_finish (fixture->core, result, NULL));
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  assert_over (fixture, "m1");
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 0);
}

static void
test_delivered_later (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);

  g_test_summary ("The mark is on the disk: what comes later, also to the next process, is a copy.");

  settle_well (worker, "m1");
  assert_over (fixture, "m1");
  assert_copy (fixture, 1, "m1");
  rb_core_fixture_crash (fixture);
  rb_test_settle ();
  assert_copy (fixture, 2, "m1");
}

static void
test_known_from_elsewhere (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  guint n;

  g_test_summary ("Likewise what is staged for nobody, and known by its id alone; to say it twice is to say it once.");

  settle_well (worker, "m2");
  n = rb_archive_get_n (fixture->core->archive);
  settle_well (worker, "m2");
  g_assert_cmpuint (rb_archive_get_n (fixture->core->archive), ==, n);
  assert_copy (fixture, 1, "m2");
  rb_core_fixture_crash (fixture);
  rb_test_settle ();
  assert_copy (fixture, 2, "m2");
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);

  g_test_summary ("What a crash takes was answered to nobody: the message is taken as any other.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_settle_start (worker, "m1", NULL);
  rb_claimer_arrive (fixture, 1, "m1");
  rb_core_fixture_crash (fixture);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);

  g_test_summary ("What the upstream refuses leaves no mark, and stays staged.");

  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_SETTLE, rb_claimer_failure (RB_ERROR_REJECTED, 409, "no", "no"));
  g_assert_false (rb_claimer_settle (worker, "m1", NULL));
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 1);
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_two_adapters (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GPtrArray) items = NULL;

  g_test_summary ("Staged for two, settled by both at once: it ends once, and nobody is given it any more.");

  stage (other, "m1", "a2");
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  rb_claimer_settle_start (worker, "m1", &first);
  rb_claimer_settle_start (other, "m1", &second);
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_true (rb_settle_finish (fixture->core, first, NULL));
  g_assert_true (rb_settle_finish (fixture->core, second, NULL));
  assert_over (fixture, "m1");
  g_assert_cmpuint (rb_archive_get_n (fixture->core->archive), ==, 1);
  items = rb_claimer_fetch (other, 0, TRUE, NULL);
  g_assert_cmpuint (items->len, ==, 0);
  assert_copy (fixture, 1, "m1");
}

static void
test_claim_on_its_way (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(GPtrArray) items = NULL;

  g_test_summary ("The mailroom's claim of it was granted before, and its answer comes after the settle's: nobody is given what is over.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a2"));
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m2", "node_pull_only", NULL, NULL));
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  settle_well (worker, "m2");
  settle_well (worker, "m1");
  rb_claimer_list (fixture, 0);
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 0);
  items = rb_claimer_fetch (worker, 0, TRUE, NULL);
  g_assert_cmpuint (items->len, ==, 0);
  assert_copy (fixture, 1, "m2");
}

static void
test_pull_on_its_way (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Likewise a claim of an adapter's own: it is given back, and the adapter hears that there is no such message.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  rb_claimer_claim_start (worker, "m1", &result);
  settle_well (worker, "m1");
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_claimer_claim_finish (worker, result, &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "runtime_self_claim_rejected", "unknown undispatched_id: m1");
  g_assert_cmpuint (rb_assignments_get_n (fixture->core->assignments), ==, 0);
  assert_copy (fixture, 1, "m1");
}

static void
test_rule_in_between (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);

  g_test_summary ("A rule that was made since holds nothing of it: there is nothing left to decide.");

  set_rule (fixture, "hold");
  settle_well (worker, "m1");
  assert_copy (fixture, 1, "m1");
}

static void
test_held_while_asked (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("What is held while the upstream is asked ends with its yes: a person would give it out again. What is behind it goes on.");

  set_rule (fixture, "hold");
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = TRUE;
  rb_claimer_settle_start (worker, "m1", &result);
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "held");
  fixture->upstream->holds[RB_UPSTREAM_SELF_SETTLE] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_settle_finish (fixture->core, result, NULL));
  assert_over (fixture, "m1");
  assert_copy (fixture, 2, "m1");
}

static void
test_held_before (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What a person is to decide on is no adapter's to settle, and the upstream does not hear of it.");

  set_rule (fixture, "hold");
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_false (rb_claimer_settle (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "runtime_self_settle_rejected", "unknown undispatched_id: m1");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "held");
}

/* It names an endpoint that may have been closed: the upstream is asked. */
static void
arrive_asked_about (RbCoreFixture *fixture,
                    gint64         seq)
{
  fixture->upstream->features |= RB_UPSTREAM_HAS_CLOSED_LOOKUP;
  fixture->upstream->holds[RB_UPSTREAM_LOOKUP_CLOSED] = TRUE;
  rb_fake_connector_deliver (fixture->connector, seq, "m1", "bob", "hello", "{\"target_endpoint_id\":\"gone\"}");
  rb_test_settle ();
  g_assert_nonnull (rb_ledger_lookup (fixture->core->ledger, "m1"));
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
}

static void
test_without_place (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("What came and has no place yet is settled when it has one, and answered then.");

  arrive_asked_about (fixture, 1);
  rb_claimer_settle_start (worker, "m1", &result);
  rb_test_settle ();
  g_assert_null (result);
  fixture->upstream->holds[RB_UPSTREAM_LOOKUP_CLOSED] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_settle_finish (fixture->core, result, NULL));
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  assert_over (fixture, "m1");
}

static void
test_without_place_stop (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A stop that leaves such a message to the network leaves nobody waiting, and the mark for the next process.");

  arrive_asked_about (fixture, 1);
  rb_claimer_settle_start (worker, "m1", &result);
  rb_test_settle ();
  rb_core_fixture_stop (fixture);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_settle_finish (fixture->core, result, NULL));
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
}

static void
test_refused_for_now (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("What was refused for lack of room and is settled holds up nothing of its conversation.");

  fixture->settings.inbox_cap = 1;
  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_fake_connector_deliver (fixture->connector, 1, "m0", "bob", "first", "{}");
  rb_fake_connector_deliver (fixture->connector, 2, "m1", "bob", "hello", "{\"correlation_id\":\"c\"}");
  rb_test_settle ();
  g_assert_cmpuint (rb_refused_get_n (fixture->core->refused), ==, 1);
  settle_well (worker, "m1");
  settle_well (worker, "m0");
  g_assert_cmpuint (rb_refused_get_n (fixture->core->refused), ==, 0);
  rb_fake_connector_deliver (fixture->connector, 3, "m2", "bob", "next", "{\"correlation_id\":\"c\"}");
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
}

static void
test_again (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autoptr(GPtrArray) items = NULL;
  g_autofree char *story = NULL;

  g_test_summary ("What ended here as given back, is staged once more and settled then, ended as settled; its ladder is that of this stay.");

  items = rb_claimer_fetch (worker, 0, TRUE, NULL);
  g_assert_cmpuint (items->len, ==, 1);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "returned_upstream");
  g_free (worker->endpoint_id);
  worker->endpoint_id = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "again", NULL);
  stage (worker, "m1", "a2");
  settle_well (worker, "m1");
  assert_over (fixture, "m1");
  story = rb_claimer_explain (fixture, "m1");
  g_assert_null (strstr (story, "a1"));
  g_assert_nonnull (strstr (story, "a2"));
  assert_copy (fixture, 1, "m1");
}

static void
test_explained (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = begin (fixture);
  g_autofree char *story = NULL;
  g_autofree char *bare = NULL;

  g_test_summary ("A person sees who settled it, that it was staged, and that the network had not delivered it.");

  settle_well (worker, "m1");
  story = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (story, "'staged'"));
  g_assert_nonnull (strstr (story, "'settled'"));
  g_assert_nonnull (strstr (story, worker->endpoint_id));
  g_assert_nonnull (strstr (story, "settled_undelivered"));
  g_assert_nonnull (strstr (story, "the endpoint declared it handled before the network delivered it"));
  g_assert_nonnull (strstr (story, "<'bob'>"));

  settle_well (worker, "m2");
  bare = rb_claimer_explain (fixture, "m2");
  g_assert_nonnull (strstr (bare, "settled_undelivered"));
}

static void
test_quota (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("It takes nothing of its sender's quota, before a restart and after it: it never arrived.");

  fixture->settings.unknown_per_hour = 1;
  worker = begin (fixture);
  settle_well (worker, "m1");
  assert_copy (fixture, 1, "m1");
  rb_core_fixture_crash (fixture);
  rb_test_settle ();
  rb_claimer_arrive (fixture, 2, "m2");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
  rb_claimer_arrive (fixture, 3, "m3");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m3"), ==, "held");
}

static void
test_forgotten (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  guint n_steps;

  g_test_summary ("It leaves the archive with its ladder as what ended in any other way, and the list of seen ids has its mark.");

  fixture->settings.archive.max_entries = 1;
  worker = begin (fixture);
  n_steps = rb_fake_store_count (fixture->store, RB_TABLE_CHECKPOINTS);
  settle_well (worker, "m1");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CHECKPOINTS), ==, n_steps + 2);
  settle_well (worker, "m2");
  settle_well (worker, "m3");
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), ==, 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CHECKPOINTS), ==, n_steps + 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE_TEXT), ==, 0);
  assert_copy (fixture, 1, "m1");
}

#define ADD(path, function) \
  g_test_add ("/settle-early/" path, RbCoreFixture, "network", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("delivered/meanwhile", test_delivered_meanwhile);
  ADD ("delivered/later", test_delivered_later);
  ADD ("known-from-elsewhere", test_known_from_elsewhere);
  ADD ("crash", test_crash);
  ADD ("refused-by-upstream", test_refused);
  ADD ("two-adapters", test_two_adapters);
  ADD ("claim-on-its-way", test_claim_on_its_way);
  ADD ("pull-on-its-way", test_pull_on_its_way);
  ADD ("held/rule-in-between", test_rule_in_between);
  ADD ("held/while-asked", test_held_while_asked);
  ADD ("held/before", test_held_before);
  ADD ("without-place/asked", test_without_place);
  ADD ("without-place/stop", test_without_place_stop);
  ADD ("refused-for-now", test_refused_for_now);
  ADD ("again", test_again);
  ADD ("explained", test_explained);
  ADD ("quota", test_quota);
  ADD ("forgotten", test_forgotten);
  return g_test_run ();
}
