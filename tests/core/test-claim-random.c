/* test-claim-random.c: random sessions of claims and fetches (protocol.md 11.10): every accepted message is in one place, every slot accounted for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-mailroom.h"
#include "rb-settle.h"

#define WORKER 100
#define N_IDS 8
#define N_SEEDS 30
#define N_SEEDS_SLOW 2000    /* with -m slow */
#define N_STEPS 120

/* RB_SEED=n runs that session alone. */
typedef struct {
  RbCoreFixture *fixture;
  RbWorker      *worker;
  GRand         *random;
  gint64         seq;
  guint          n_assignments;
  gint64         accepted_seq[N_IDS];   /* of the last delivery of the message; 0: none */
} Session;

static guint
pick (Session *session,
      guint    n)
{
  return (guint) g_rand_int_range (session->random, 0, (gint32) n);
}

static const char *
pick_id (Session *session)
{
  static const char *const ids[N_IDS] = { "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7" };

  return ids[pick (session, N_IDS)];
}

static void
deliver (Session *session)
{
  const char *id = pick_id (session);

  rb_claimer_arrive (session->fixture, ++session->seq, id);
  session->accepted_seq[id[1] - '0'] = session->seq;
}

/* The directory grants what is asked for, or refuses, or answers nonsense. */
static void
prepare_answer (Session    *session,
                const char *id)
{
  RbFakeUpstream *upstream = session->fixture->upstream;
  g_autofree char *assignment_id = g_strdup_printf ("a%u", ++session->n_assignments);
  GVariant *answer = rb_claimer_answer (session->worker, id, assignment_id);

  rb_fake_upstream_set_failure (upstream, RB_UPSTREAM_SELF_CLAIM,
                                pick (session, 6) == 0 ? rb_claimer_failure (RB_ERROR_REJECTED, 409, NULL, "no") : NULL);
  rb_fake_upstream_set_failure (upstream, RB_UPSTREAM_RELEASE_CLAIM,
                                pick (session, 2) == 0 ? rb_claimer_failure (RB_ERROR_UNAVAILABLE, 500, NULL, "no") : NULL);
  if (pick (session, 6) == 0)
    answer = rb_claimer_change (answer, "undispatched_id", g_variant_new_string ("other"));
  rb_claimer_grant (session->fixture, answer);
}

static void
stage (Session *session)
{
  const char *id = pick_id (session);

  prepare_answer (session, id);
  rb_claimer_list (session->fixture, 1, rb_claimer_candidate (id, "node_pull_only", NULL, NULL));
  rb_mailroom_trigger (session->fixture->core);
  rb_test_settle ();
  rb_claimer_list (session->fixture, 0);
}

static void
claim (Session *session)
{
  const char *id = pick_id (session);

  prepare_answer (session, id);
  rb_claimer_claim_start (session->worker, id, NULL);
}

static void
settle (Session *session)
{
  RbCaller caller = { .pid = WORKER };
  RbSettleRequest request = { session->worker->endpoint_id, WORKER, (char *) pick_id (session) };

  rb_settle_async (session->fixture->core, &caller, &request, NULL, NULL);
  rb_test_settle ();
}

static void
report (Session *session)
{
  static const char *const states[] = { "adapter_accepted", "adapter_accepted", "processing_started", "processing_failed", "expired",
                                        "waiting_for_runtime_capability" };
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (session->fixture->core->assignments);
  RbAssignment *assignment;

  if (assignments->len == 0)
    return;
  assignment = g_ptr_array_index (assignments, pick (session, assignments->len));
  g_free (session->worker->assignment_id);
  session->worker->assignment_id = g_strdup (assignment->context->assignment_id);
  {
    g_autofree char *source = g_strdup (assignment->context->source_message_id);

    rb_worker_report (session->worker, source, rb_sequence_get_next (&assignment->sequence), states[pick (session, G_N_ELEMENTS (states))],
                      NULL);
  }
}

static void
disturb (Session *session)
{
  RbFakeEmitter *authority = session->fixture->authority;

  g_clear_error (&authority->failure);
  if (pick (session, 3) == 0)
    authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "not now");
}

static void
die (Session *session)
{
  rb_fake_store_set_hold (session->fixture->store, pick (session, 2) == 0);
  if (pick (session, 2) == 0)
    claim (session);
  rb_claimer_fetch_start (session->worker, 0, NULL, NULL);
  g_clear_error (&session->fixture->authority->failure);
  rb_core_fixture_crash (session->fixture);
  rb_fake_store_set_hold (session->fixture->store, FALSE);
  rb_worker_reattach (session->worker);
  rb_test_settle ();
}

static void
step (Session *session)
{
  switch (pick (session, 12))
    {
    case 0: case 1: case 2:
      deliver (session);
      break;
    case 3: case 4:
      claim (session);
      break;
    case 5:
      stage (session);
      break;
    case 6:
      rb_claimer_fetch_start (session->worker, 0, NULL, NULL);
      break;
    case 7: case 8:
      report (session);
      break;
    case 9:
      disturb (session);
      break;
    case 10:
      rb_fake_clock_advance (session->fixture->clock, pick (session, 2) == 0 ? 1000 : 31000);
      rb_test_settle ();
      break;
    default:
      if (pick (session, 3) == 0)
        settle (session);
      else if (pick (session, 3) == 0)
        die (session);
      break;
    }
}

/* What holds a slot may come back; everything that was accepted is somewhere on the disk. */
static void
check (Session *session)
{
  RbCore *core = session->fixture->core;
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  guint n_slots = 0;

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      n_slots += rb_assignment_holds_slot (assignment) ? 1 : 0;
      g_assert_cmpint (assignment->message->place, ==, RB_PLACE_ASSIGNMENT);
      g_assert_null (rb_inbox_lookup (core->inbox, assignment->message->id));
      g_assert_cmpstr (rb_core_fixture_place (session->fixture, assignment->message->id), ==, "assignment");
    }
  g_assert_cmpuint (rb_inbox_get_n_reserved (core->inbox), ==, n_slots);
  g_assert_cmpuint (g_hash_table_size (core->claims), ==, 0);
  for (guint i = 0; i < N_IDS; i++)
    {
      char id[3] = { 'm', (char) ('0' + i), '\0' };

      if (session->accepted_seq[i] != 0 && rb_fake_connector_has_accepted (session->fixture->connector, session->accepted_seq[i]))
        g_assert_nonnull (rb_core_fixture_place (session->fixture, id));
      if (rb_inbox_lookup (core->inbox, id) != NULL)
        g_assert_cmpstr (rb_core_fixture_place (session->fixture, id), ==, "inbox");
    }
}

/* What happened at all, over the last processes of all sessions. */
static struct {
  guint64 claimed, staged, fetched, restored, self_settled;
} happened;

static void
note_what_happened (RbCore *core)
{
  happened.claimed += core->counters.claimed;
  happened.staged += core->counters.staged;
  happened.fetched += core->counters.fetched;
  happened.restored += core->counters.restored;
  happened.self_settled += core->counters.self_settled;
}

static void
run_session (RbCoreFixture *fixture,
             guint          seed)
{
  Session session = { .fixture = fixture, .random = g_rand_new_with_seed (seed) };

  fixture->settings.inbox_cap = 4;
  rb_claimer_open_mailroom (fixture);
  session.worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  for (guint i = 0; i < N_STEPS; i++)
    {
      step (&session);
      check (&session);
    }
  note_what_happened (fixture->core);
  g_clear_error (&fixture->authority->failure);
  rb_core_fixture_crash (fixture);
  check (&session);
  rb_worker_free (session.worker);
  g_rand_free (session.random);
}

static void
test_sessions (void)
{
  const char *only = g_getenv ("RB_SEED");
  guint n_seeds = g_test_slow () ? N_SEEDS_SLOW : N_SEEDS;

  g_test_summary ("Whatever is claimed, staged, fetched, refused, settled and crashed in whatever order.");

  for (guint seed = 0; seed < n_seeds; seed++)
    {
      RbCoreFixture fixture = { 0 };

      if (only != NULL && seed != (guint) g_ascii_strtoull (only, NULL, 10))
        continue;
      g_test_message ("RB_SEED=%u", seed);
      rb_core_fixture_set_up (&fixture, "network");
      run_session (&fixture, seed);
      rb_core_fixture_tear_down (&fixture, NULL);
    }

  if (only != NULL)
    return;
  g_assert_cmpuint (happened.claimed, >, 30);
  g_assert_cmpuint (happened.staged, >, 30);
  g_assert_cmpuint (happened.fetched, >, 30);
  g_assert_cmpuint (happened.restored, >, 15);
  g_assert_cmpuint (happened.self_settled, >, 5);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/claim/random", test_sessions);
  return g_test_run ();
}
