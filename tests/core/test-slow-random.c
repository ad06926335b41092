/* test-slow-random.c: random sessions in which everybody is slow and answers in whatever order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-slow.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"

/* Two adapters, a directory that knows to whom it gave what, and calls of all kinds on their way at once: route claims, claims, messages
 * staged in advance, orders, reports, replies, in front of a store that commits when it likes. RB_SEED=n runs that session alone. */

#define N_SEEDS 40
#define N_SEEDS_SLOW 2000    /* with -m slow; or RB_SEEDS=n */
#define N_STEPS 150

/* What happened at all, over all sessions. */
static struct {
  guint64 pushed, claimed, staged, fetched, restored, self_settled, replies;
} happened;

static void
answer_somebody (RbSession *self)
{
  RbCoreFixture *fixture = self->fixture;
  g_autoptr(GError) error = NULL;

  if (rb_session_pick (self, 6) == 0)
    error = rb_error_new (rb_session_pick (self, 2) == 0 ? RB_ERROR_UNAVAILABLE : RB_ERROR_REJECTED, NULL, "no");
  switch (rb_session_pick (self, 4))
    {
    case 0:
      if (fixture->upstream->waiting->len > 0)
        rb_fake_upstream_answer_one (fixture->upstream, rb_session_pick (self, fixture->upstream->waiting->len));
      break;
    case 1:
      if (fixture->authority->waiting->len > 0)
        rb_fake_emitter_answer_one (fixture->authority, rb_session_pick (self, fixture->authority->waiting->len), error);
      break;
    case 2:
      rb_fake_connector_answer (fixture->connector, error);
      break;
    default:
      rb_fake_store_commit_one (fixture->store);
      break;
    }
}

static void
keep_waiting (RbSession *self)
{
  static const RbUpstreamCall slow[] = { RB_UPSTREAM_ROUTE_CLAIM, RB_UPSTREAM_CANDIDATES, RB_UPSTREAM_SELF_CLAIM,
                                         RB_UPSTREAM_RELEASE_CLAIM, RB_UPSTREAM_SELF_SETTLE, RB_UPSTREAM_LOOKUP_CLOSED };

  for (gsize i = 0; i < G_N_ELEMENTS (slow); i++)
    self->fixture->upstream->holds[slow[i]] = TRUE;
  self->fixture->authority->hold = TRUE;
  self->fixture->connector->hold = TRUE;
}

static void
answer_everybody (RbSession *self)
{
  RbCoreFixture *fixture = self->fixture;

  for (guint i = 0; i < RB_UPSTREAM_N_CALLS; i++)
    fixture->upstream->holds[i] = FALSE;
  fixture->authority->hold = FALSE;
  fixture->connector->hold = FALSE;
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_fake_upstream_answer (fixture->upstream);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_fake_connector_answer (fixture->connector, NULL);
}

/* The disk is slow, or full for a while. */
static void
trouble_store (RbSession *self)
{
  gboolean is_full = rb_session_pick (self, 4) == 0;

  rb_fake_store_set_health (self->fixture->store, is_full ? RB_STORE_FAILING : RB_STORE_OK, is_full ? "disk full" : NULL);
  rb_fake_store_set_hold (self->fixture->store, is_full || rb_session_pick (self, 2) == 0);
}

static gboolean
on_idle (gpointer user_data)
{
  answer_everybody (user_data);
  return G_SOURCE_REMOVE;
}

static void
note_what_happened (RbCore *core)
{
  happened.claimed += core->counters.claimed;
  happened.staged += core->counters.staged;
  happened.fetched += core->counters.fetched;
  happened.restored += core->counters.restored;
  happened.self_settled += core->counters.self_settled;
  happened.replies += core->counters.replies;
}

/* It dies as it stands, or stops in order while calls are on their way. */
static void
die (RbSession *self)
{
  note_what_happened (self->fixture->core);
  if (rb_session_pick (self, 2) == 0)
    {
      g_idle_add (on_idle, self);
      rb_core_fixture_restart (self->fixture);
    }
  else
    {
      rb_fake_store_set_health (self->fixture->store, RB_STORE_OK, NULL);
      rb_core_fixture_crash (self->fixture);
      rb_fake_store_set_hold (self->fixture->store, FALSE);
    }
  g_assert_cmpuint (self->n_answered, ==, self->n_asked);
  self->n_asked = self->n_answered = self->n_orders = 0;
  self->n_acks = self->fixture->upstream->acks->len;
  for (guint i = 0; i < N_WORKERS; i++)
    g_clear_object (&self->workers[i].channel);
}

static void
step (RbSession *self)
{
  switch (rb_session_pick (self, 30))
    {
    case 0: case 1: case 2: case 3:
      rb_slow_deliver (self);
      break;
    case 4: case 5:
      rb_slow_claim (self);
      break;
    case 6:
      rb_mailroom_trigger (self->fixture->core);
      break;
    case 7: case 8:
      rb_slow_fetch (self);
      break;
    case 9: case 10: case 11: case 12:
      rb_slow_report (self);
      break;
    case 13:
      rb_slow_reply (self);
      break;
    case 14: case 15:
      rb_slow_order (self);
      break;
    case 16:
      rb_slow_settle (self);
      break;
    case 17: case 18:
      rb_slow_come_and_go (self);
      break;
    case 19:
      rb_fake_clock_advance (self->fixture->clock, rb_session_pick (self, 3) > 0 ? 1000 : 31000);
      break;
    case 20:
      trouble_store (self);
      break;
    case 21: case 22:
      rb_slow_take_pushes (self);
      break;
    case 23:
      if (rb_session_pick (self, 4) == 0)
        die (self);
      break;
    default:
      answer_somebody (self);
      break;
    }
  rb_test_settle ();
}

/* What is true at every moment. */
static void
check (RbSession *self)
{
  RbCore *core = self->fixture->core;
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  guint n_slots = 0;

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      n_slots += rb_assignment_holds_slot (assignment) ? 1 : 0;
      g_assert_cmpint (assignment->message->place, ==, RB_PLACE_ASSIGNMENT);
      g_assert_null (rb_inbox_lookup (core->inbox, assignment->message->id));
      /* Only of what is accepted a reply may be told. */
      if (!rb_assignment_state_is_accepted (assignment->state))
        g_assert_false (rb_outbox_has_report (core, assignment->context->assignment_id));
      if (assignment->state != RB_ASSIGNMENT_STAGED)
        g_assert_null (rb_staging_lookup (core->staging, assignment->endpoint_id, assignment->context->source_message_id));
    }
  g_assert_cmpuint (rb_inbox_get_n_reserved (core->inbox), >=, n_slots);
}

static void
check_messages (RbSession *self)
{
  RbCore *core = self->fixture->core;

  for (guint i = 0; i < N_IDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      RbMessage *live = rb_ledger_lookup (core->ledger, id);
      const char *place = rb_core_fixture_place (self->fixture, id);

      if (self->accepted_seq[i] != 0 && rb_fake_connector_has_accepted (self->fixture->connector, self->accepted_seq[i]))
        g_assert_nonnull (place);
      if (live == NULL)
        g_assert_true (place == NULL || g_str_equal (place, "ended"));
      else
        g_assert_true (live->is_durable && live->waiting_seqs == NULL);
      if (rb_inbox_lookup (core->inbox, id) != NULL)
        g_assert_cmpstr (place, ==, "inbox");
    }
}

static void
hear_everybody (RbSession *self)
{
  for (guint i = 0; i < 40; i++)
    {
      answer_everybody (self);
      rb_test_settle ();
      if (i % 10 == 9)
        rb_fake_clock_advance (self->fixture->clock, i > 30 ? 1000 : 31000);
    }
}

/* Everybody is heard: nothing is on its way any more, nobody waits, and the disk says what memory says. */
static void
check_at_rest (RbSession *self)
{
  RbCore *core = self->fixture->core;
  g_autoptr(GPtrArray) assignments = NULL;
  guint n_slots = 0;

  hear_everybody (self);
  g_assert_cmpuint (self->n_answered, ==, self->n_asked);
  g_assert_cmpuint (self->fixture->upstream->acks->len - self->n_acks, ==, self->n_orders);
  g_assert_cmpuint (g_hash_table_size (core->claims), ==, 0);
  g_assert_cmpuint (g_hash_table_size (core->asking), ==, 0);
  g_assert_cmpuint (core->n_waiters, ==, 0);
  g_assert_cmpuint (core->n_reports, ==, 0);
  g_assert_cmpuint (rb_outbox_get_n (core->outbox), ==, 0);

  assignments = rb_assignments_dup_all (core->assignments);
  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      n_slots += rb_assignment_holds_slot (assignment) ? 1 : 0;
      g_assert_cmpstr (rb_core_fixture_place (self->fixture, assignment->message->id), ==, "assignment");
    }
  g_assert_cmpuint (rb_inbox_get_n_reserved (core->inbox), ==, n_slots);
  check_messages (self);
  keep_waiting (self);
}

static void
set_up_session (RbSession *self,
                guint      seed)
{
  RbFakeUpstream *upstream = self->fixture->upstream;

  self->random = g_rand_new_with_seed (seed);
  self->fixture->settings.inbox_cap = 5;
  if (seed % 3 == 0)
    self->fixture->settings.outbox_cap = 4;
  upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM | (seed % 2 == 0 ? RB_UPSTREAM_HAS_CLOSED_LOOKUP : 0);
  rb_slow_directory_open (self);
  for (guint i = 0; i < N_WORKERS; i++)
    {
      self->workers[i].pid = 100 * (1 + (int) i);
      rb_slow_join (self, &self->workers[i]);
      rb_test_settle ();
    }
  keep_waiting (self);
}

static void
tear_down_session (RbSession *self)
{
  note_what_happened (self->fixture->core);
  rb_core_fixture_crash (self->fixture);
  rb_slow_directory_close (self);
  happened.pushed += self->n_pushed;
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_clear_object (&self->workers[i].channel);
      g_free (self->workers[i].endpoint_id);
      g_free (self->workers[i].token);
    }
  g_rand_free (self->random);
}

static void
run_session (RbCoreFixture *fixture,
             guint          seed)
{
  RbSession session = { .fixture = fixture };

  set_up_session (&session, seed);
  for (guint i = 0; i < N_STEPS; i++)
    {
      step (&session);
      check (&session);
      if (i % 50 == 49)
        check_at_rest (&session);
    }
  tear_down_session (&session);
}

static void
test_sessions (void)
{
  const char *only = g_getenv ("RB_SEED");
  const char *count = g_getenv ("RB_SEEDS");
  guint n_seeds = count != NULL ? (guint) g_ascii_strtoull (count, NULL, 10) : g_test_slow () ? N_SEEDS_SLOW : N_SEEDS;

  g_test_summary ("Whoever is slow, whatever comes in between: one place for a message, each call answered once, each slot accounted for.");

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
  g_assert_cmpuint (happened.pushed, >, 10);
  g_assert_cmpuint (happened.claimed, >, 10);
  g_assert_cmpuint (happened.staged, >, 10);
  g_assert_cmpuint (happened.fetched, >, 10);
  g_assert_cmpuint (happened.restored, >, 10);
  g_assert_cmpuint (happened.self_settled, >, 2);
  g_assert_cmpuint (happened.replies, >, 2);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/slow/random", test_sessions);
  return g_test_run ();
}
