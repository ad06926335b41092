/* test-mailroom.c: what is claimed in advance, when, and for whom (protocol.md 12.1, 12.2, 12.3, 12.4, 12.7)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-mailroom.h"

#define WORKER 100
#define OTHER 200

static guint
count_lists (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_CANDIDATES];
}

static guint
count_claims (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM];
}

/* What is staged for the worker, fetched or not. */
static guint
count_staged (RbWorker *worker)
{
  return rb_staging_get_n_of (worker->fixture->core->staging, worker->endpoint_id);
}

static void
tick (RbCoreFixture *fixture)
{
  rb_fake_clock_advance (fixture->clock, 20000);
  rb_test_settle ();
}

static void
set_capabilities (RbCoreFixture *fixture,
                  GError        *failure,
                  GVariant      *answer)
{
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_CAPABILITIES, failure);
  if (answer != NULL)
    rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_CAPABILITIES, answer);
}

static void
test_activation (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  static const struct {
    RbError kind;
    gint64 status;
    gboolean fails;
    const char *log;
    gboolean asked_again;   /* at a registration */
  } rows[] = {
    { RB_ERROR_NOT_SUPPORTED, 0, TRUE, "mailroom_activation_skipped", FALSE },
    { RB_ERROR_INTERNAL, 0, FALSE, "mailroom_refused_no_server_capability", FALSE },
    { RB_ERROR_REJECTED, 404, TRUE, "mailroom_refused_no_server_capability", FALSE },
    { RB_ERROR_REJECTED, 200, TRUE, "mailroom_refused_no_server_capability", FALSE },
    { RB_ERROR_UNAVAILABLE, 302, TRUE, "mailroom_refused_no_server_capability", FALSE },
    { RB_ERROR_UNAVAILABLE, 500, TRUE, "mailroom_activation_deferred_transient", TRUE },
    { RB_ERROR_UNAVAILABLE, 503, TRUE, "mailroom_activation_deferred_transient", TRUE },
    { RB_ERROR_TIMED_OUT, 0, TRUE, "mailroom_activation_deferred_transient", TRUE },
    { RB_ERROR_UNAVAILABLE, 429, TRUE, "mailroom_activation_deferred_transient", TRUE },
  };

  g_test_summary ("12.1: each answer has its effect: settled for good, or asked again with the next registration.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbWorker) worker = NULL;
      guint n;

      set_capabilities (fixture, rows[i].fails ? rb_claimer_failure (rows[i].kind, rows[i].status, NULL, "no") : NULL,
                        g_variant_new_parsed ("{'staged_assignment': <false>, 'staged_delivery': <true>}"));
      rb_test_forget_logs ();
      rb_core_fixture_crash (fixture);
      g_assert_cmpuint (rb_test_count_log (rows[i].log), ==, 1);
      n = fixture->upstream->n_calls[RB_UPSTREAM_CAPABILITIES];
      worker = rb_worker_new (fixture, WORKER + i);
      rb_test_settle ();
      g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_CAPABILITIES], ==, rows[i].asked_again ? n + 1 : n);
      g_assert_false (rb_mailroom_is_running (fixture->core));
      g_assert_true (rb_core_fixture_unregister (fixture, WORKER + i, worker->endpoint_id, NULL));
    }
}

static void
test_retry (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("IMP-36: after a transient failure it is asked again by itself, every minute, while somebody could get something.");

  set_capabilities (fixture, rb_claimer_failure (RB_ERROR_TIMED_OUT, 0, NULL, "late"), NULL);
  rb_core_fixture_restart (fixture);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  g_assert_false (rb_mailroom_is_running (fixture->core));
  set_capabilities (fixture, NULL, g_variant_new_parsed ("{'staged_assignment': <true>}"));
  rb_claimer_list (fixture, 0);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  g_assert_true (rb_mailroom_is_running (fixture->core));
}

static void
test_retry_overtaken (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) first = NULL;
  g_autoptr(RbWorker) second = NULL;
  guint n;

  g_test_summary ("A registration that got the answer earlier leaves nothing to ask when the minute is over.");

  set_capabilities (fixture, rb_claimer_failure (RB_ERROR_TIMED_OUT, 0, NULL, "late"), NULL);
  rb_core_fixture_restart (fixture);
  first = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  set_capabilities (fixture, NULL, g_variant_new_parsed ("{'staged_assignment': <true>}"));
  rb_claimer_list (fixture, 0);
  second = rb_worker_new (fixture, WORKER + 1);
  rb_test_settle ();
  g_assert_true (rb_mailroom_is_running (fixture->core));
  n = fixture->upstream->n_calls[RB_UPSTREAM_CAPABILITIES];
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_CAPABILITIES], ==, n);
}

static void
test_local_never (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("Where our own inbox is the authority nobody is asked and nothing runs.");

  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_CAPABILITIES], ==, 0);
  g_assert_false (rb_mailroom_is_running (fixture->core));
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
test_tick (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autofree char *mode = NULL;
  g_autofree char *recovers = NULL;
  g_autofree char *limit = NULL;
  guint n;

  g_test_summary ("Every 20 s what may be pulled is claimed and staged; what is staged is not claimed again. No state is reported.");

  rb_claimer_open_mailroom (fixture);
  rb_test_assert_logged ("mailroom_started", "interval_ms", "20000", NULL);
  g_assert_cmpuint (rb_test_count_log ("mailroom_activated"), ==, 1);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  n = count_lists (fixture);
  rb_claimer_list (fixture, 2, rb_claimer_candidate ("m1", "bound_session_pull_only", NULL, NULL),
                   rb_claimer_candidate ("m2", "owner_select_required", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_fake_clock_advance (fixture->clock, 19999);
  rb_test_settle ();
  g_assert_cmpuint (count_lists (fixture), ==, n);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_settle ();
  g_assert_cmpuint (count_lists (fixture), ==, n + 1);
  g_assert_cmpuint (count_claims (fixture), ==, 1);
  g_assert_cmpuint (count_staged (worker), ==, 1);
  rb_test_assert_logged ("mailroom_staged", "endpoint_id", worker->endpoint_id, "undispatched_id", "m1", "assignment_id", "a1", NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 0);
  mode = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_CLAIM, "assignment_mode");
  recovers = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_CLAIM, "recover_existing");
  limit = rb_claimer_argument (fixture, RB_UPSTREAM_CANDIDATES, "limit");
  g_assert_cmpstr (mode, ==, "staged");
  g_assert_cmpstr (recovers, ==, "");
  g_assert_cmpstr (limit, ==, "32");

  tick (fixture);
  g_assert_cmpuint (count_claims (fixture), ==, 1);
}

static void
test_policies (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const struct {
    const char *policy, *assignment;
    int target;              /* 0: none, 1: the worker, 2: another */
    gboolean claimed, recovers;
  } rows[] = {
    { "bound_session_pull_only", NULL, 0, TRUE, FALSE },
    { "node_pull_only", NULL, 0, TRUE, FALSE },
    { "node_pull_only", "a9", 1, FALSE, FALSE },
    { "assigned_in_progress", "a9", 1, TRUE, TRUE },
    { "assigned_in_progress", "a9", 2, FALSE, FALSE },
    { "owner_select_required", NULL, 0, FALSE, FALSE },
    { "unavailable", NULL, 0, FALSE, FALSE },
  };
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("12.2 step 2: what is claimed, what is recovered, and what is left alone.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM, rb_claimer_failure (RB_ERROR_REJECTED, 409, NULL, "taken"));
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *target = rows[i].target == 0 ? NULL : rows[i].target == 1 ? worker->endpoint_id : "ep_9";
      guint n = count_claims (fixture);
      g_autofree char *recovers = NULL;

      rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", rows[i].policy, rows[i].assignment, target));
      tick (fixture);
      g_assert_cmpuint (count_claims (fixture), ==, rows[i].claimed ? n + 1 : n);
      recovers = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_CLAIM, "recover_existing");
      if (rows[i].claimed)
        g_assert_cmpstr (recovers, ==, rows[i].recovers ? "true" : "");
    }
  g_assert_cmpuint (rb_test_count_log ("mailroom_claim_declined"), ==, 2);
  g_assert_cmpuint (rb_test_count_log ("mailroom_recover_claim_declined"), ==, 1);
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM, rb_claimer_failure (RB_ERROR_TIMED_OUT, 0, NULL, "late"));
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL));
  tick (fixture);
  g_assert_cmpuint (rb_test_count_log ("mailroom_claim_failed"), ==, 1);
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "assigned_in_progress", "a9", worker->endpoint_id));
  tick (fixture);
  g_assert_cmpuint (rb_test_count_log ("mailroom_recover_claim_failed"), ==, 1);
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_CANDIDATES, rb_claimer_failure (RB_ERROR_TIMED_OUT, 0, NULL, "late"));
  tick (fixture);
  g_assert_cmpuint (rb_test_count_log ("mailroom_list_failed"), ==, 1);
  rb_mailroom_endpoint_active (fixture->core, worker->endpoint_id);
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("mailroom_recover_list_failed"), ==, 1);
  g_assert_cmpuint (count_staged (worker), ==, 0);
}

static void
set_rule (RbCoreFixture *fixture,
          const char    *kind,
          const char    *action)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();
  RbPolicyRule *rule = rb_policy_rule_new (RB_POLICY_MESSAGE, "bob", kind, action, NULL, NULL);

  g_assert_nonnull (rb_policy_set (fixture->core->policy, rule, RB_POLICY_BY_PERSON, 1, changes, NULL));
}

static void
test_kept_out (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("What the policy keeps out is not claimed in advance; where that shows after the claim it is given back, also what is staged.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL));
  set_rule (fixture, "*", "hold");
  tick (fixture);
  g_assert_cmpuint (count_claims (fixture), ==, 0);

  set_rule (fixture, "*", "accept");
  set_rule (fixture, "type:text*", "refuse");
  tick (fixture);
  g_assert_cmpuint (count_claims (fixture), ==, 1);
  g_assert_cmpuint (count_staged (worker), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM], ==, 1);

  set_rule (fixture, "type:text*", "accept");
  tick (fixture);
  g_assert_cmpuint (count_staged (worker), ==, 1);
  set_rule (fixture, "type:text*", "hold");
  g_ptr_array_unref (rb_claimer_fetch (worker, 0, FALSE, NULL));
  g_assert_cmpuint (count_staged (worker), ==, 0);
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "assigned_in_progress", "a1", worker->endpoint_id));
  tick (fixture);
  g_assert_cmpuint (count_staged (worker), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM], ==, 2);
}

static void
test_idle (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  guint n;

  g_test_summary ("Idle means idle: there is a timer only while an active endpoint could get something.");

  rb_claimer_open_mailroom (fixture);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 1);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  n = count_lists (fixture);
  tick (fixture);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_cmpuint (count_lists (fixture), ==, n);
}

static void
test_legacy (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_fake_channel_new (WORKER, FALSE);
  guint n;

  g_test_summary ("20.2 row 20: for a legacy endpoint nothing is listed or claimed.");

  rb_claimer_open_mailroom (fixture);
  channel->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  n = count_lists (fixture);
  g_free (rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "s1", NULL));
  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  tick (fixture);
  rb_mailroom_trigger (fixture->core);
  rb_test_settle ();
  g_assert_cmpuint (count_lists (fixture), ==, n);
}

static void
test_coalesced (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  guint n;

  g_test_summary ("IMP-37: whatever happens during a tick makes one more, not many and not none. A row that enters the inbox counts.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  n = count_lists (fixture);
  fixture->upstream->holds[RB_UPSTREAM_CANDIDATES] = TRUE;
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  g_assert_cmpuint (count_lists (fixture), ==, n + 1);
  for (guint i = 0; i < 3; i++)
    rb_mailroom_trigger (fixture->core);
  fixture->upstream->holds[RB_UPSTREAM_CANDIDATES] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (count_lists (fixture), ==, n + 2);
}

static void
test_declined (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("12.2: a row that is back in the inbox because its adapter declined it makes a tick, too; one that goes on does not.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_take (worker, 1, "m1", NULL);
  rb_test_settle ();
  n = count_lists (fixture);
  g_assert_true (rb_worker_report (worker, "m1", 2, "processing_started", &error));
  rb_test_settle ();
  g_assert_cmpuint (count_lists (fixture), ==, n);
  g_assert_true (rb_worker_report (worker, "m1", 3, "waiting_for_runtime_capability", &error));
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (count_lists (fixture), ==, n + 1);
}

static void
test_recover (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("12.4: who registers or comes back gets at once what the upstream assigned to it, and nothing else.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_core_fixture_crash (fixture);
  rb_claimer_list (fixture, 2, rb_claimer_candidate ("m1", "assigned_in_progress", "a1", worker->endpoint_id),
                   rb_claimer_candidate ("m2", "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_worker_reattach (worker);
  rb_test_settle ();
  g_assert_cmpuint (count_claims (fixture), ==, 1);
  g_assert_cmpuint (count_staged (worker), ==, 1);
}

static void
test_at_work (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  guint n;

  g_test_summary ("What an adapter works on already is not recovered and handed to it again.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_accept (worker, 1, "m1", NULL);
  rb_test_settle ();
  n = count_claims (fixture);
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "assigned_in_progress", worker->assignment_id, worker->endpoint_id));
  tick (fixture);
  g_assert_cmpuint (count_claims (fixture), ==, n);
}

static void
test_single_flight (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  guint n;

  g_test_summary ("IMP-38: a tick and a recovery that overlap claim a message once.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "assigned_in_progress", "a1", worker->endpoint_id));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  n = count_claims (fixture);
  rb_mailroom_trigger (fixture->core);
  rb_mailroom_endpoint_active (fixture->core, worker->endpoint_id);
  rb_test_settle ();
  g_assert_cmpuint (count_claims (fixture), ==, n + 1);
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (count_staged (worker), ==, 1);
}

static void
test_malformed (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  GError *malformed;

  g_test_summary ("A malformed success is given back, and so is a claim of something else; nothing is staged.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL));
  malformed = rb_claimer_failure (RB_ERROR_REJECTED, 200, NULL, "invalid self-claim response");
  rb_error_add_detail (malformed, "answer", rb_claimer_change (rb_claimer_answer (worker, "m1", "a1"), "message", NULL));
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM, malformed);
  tick (fixture);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM], ==, 1);

  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM, NULL);
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m7", "a7"));
  tick (fixture);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM], ==, 2);
  g_assert_cmpuint (count_staged (worker), ==, 0);
  g_assert_cmpuint (rb_test_count_log ("runtime_self_claim_compensated"), ==, 2);
}

static void
test_bound (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("At its bound nothing more is claimed, and people can see it.");

  fixture->settings.staged_cap = 1;
  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 2, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL),
                   rb_claimer_candidate ("m2", "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  tick (fixture);
  tick (fixture);
  g_assert_cmpuint (count_claims (fixture), ==, 1);
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 1);
  g_assert_cmpint (rb_claimer_used (fixture, "staged_bytes"), >, 0);
}

static void
test_endpoint_gone (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("12.7: with its endpoint goes what is staged for it, also what was being claimed.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 2, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL),
                   rb_claimer_candidate ("m2", "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  tick (fixture);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (count_staged (worker), ==, 1);
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a2"));
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  g_assert_cmpuint (rb_test_count_log ("mailroom_dropped_staging_for_endpoint"), ==, 1);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 0);
}

static void
test_presence (RbCoreFixture *fixture,
               gconstpointer  data)
{
  RbCaller caller = { .pid = WORKER };
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  guint n = 0;

  g_test_summary ("10.6: what is staged for an endpoint counts as bound to it.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  tick (fixture);
  rb_undispatched_count_async (fixture->core, &caller, worker->endpoint_id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_undispatched_count_finish (fixture->core, result, &n, NULL));
  g_assert_cmpuint (n, ==, 1);
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  guint n;

  g_test_summary ("When we stop there are no more ticks.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_core_fixture_stop (fixture);
  g_assert_cmpuint (rb_test_count_log ("mailroom_stopped"), ==, 1);
  n = count_lists (fixture);
  rb_mailroom_trigger (fixture->core);
  tick (fixture);
  g_assert_cmpuint (count_lists (fixture), ==, n);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
test_loss_untold (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("What is still to be told as lost is not staged; what the adapter is about to get by itself is neither.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "assigned_in_progress", "a1", worker->endpoint_id));
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (worker, "m1", NULL);
  tick (fixture);
  g_assert_cmpuint (count_staged (worker), ==, 0);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();

  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  tick (fixture);
  g_assert_cmpuint (count_staged (worker), ==, 0);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  tick (fixture);
  g_assert_cmpuint (count_staged (worker), ==, 1);
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/mailroom/activation/answers", "network", test_activation);
  ADD ("/mailroom/activation/retry", "network", test_retry);
  ADD ("/mailroom/activation/retry-overtaken", "network", test_retry_overtaken);
  ADD ("/mailroom/activation/local", NULL, test_local_never);
  ADD ("/mailroom/tick/claims", "network", test_tick);
  ADD ("/mailroom/tick/policies", "network", test_policies);
  ADD ("/mailroom/tick/kept-out", "network", test_kept_out);
  ADD ("/mailroom/tick/idle", "network", test_idle);
  ADD ("/mailroom/tick/legacy", "network", test_legacy);
  ADD ("/mailroom/tick/coalesced", "network", test_coalesced);
  ADD ("/mailroom/tick/declined", "network", test_declined);
  ADD ("/mailroom/tick/bound", "network", test_bound);
  ADD ("/mailroom/recover/comes-back", "network", test_recover);
  ADD ("/mailroom/recover/at-work", "network", test_at_work);
  ADD ("/mailroom/recover/single-flight", "network", test_single_flight);
  ADD ("/mailroom/recover/loss-untold", "network", test_loss_untold);
  ADD ("/mailroom/malformed", "network", test_malformed);
  ADD ("/mailroom/endpoint-gone", "network", test_endpoint_gone);
  ADD ("/mailroom/presence", "network", test_presence);
  ADD ("/mailroom/stop", "network", test_stop);
  return g_test_run ();
}
