/* test-claim.c: an adapter pulls a message for itself (protocol.md 11.10)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-error.h"
#include "rb-json.h"

#define WORKER 100
#define OTHER 200

static guint
count_releases (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM];
}

static char *
grant_content (RbGrant *grant)
{
  return rb_json_slice_to_string (rb_envelope_get_content (grant->message->envelope), NULL);
}

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, OTHER, TRUE);
  g_autofree char *plain_token = NULL;
  g_autofree char *plain = rb_core_fixture_register (fixture, OTHER, RB_PLAIN, NULL, &plain_token);
  const struct {
    gint64 header, body;
    const char *endpoint, *token, *message;
    RbError kind;
    const char *code, *text;
  } rows[] = {
    { 0, WORKER, worker->endpoint_id, worker->token, "m1", RB_ERROR_INVALID, "plugin_pid_invalid",
      "x-plugin-pid header is required for assignment claim" },
    { WORKER, OTHER, "none", NULL, NULL, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match claim body" },
    { WORKER, 0, "none", NULL, NULL, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match claim body" },
    { WORKER, WORKER, "none", NULL, NULL, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: none" },
    { WORKER, WORKER, NULL, NULL, NULL, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: undefined" },
    { OTHER, OTHER, worker->endpoint_id, NULL, NULL, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id" },
    { WORKER, WORKER, worker->endpoint_id, NULL, NULL, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch",
      "endpoint_owner_token does not own endpoint_id" },
    { WORKER, WORKER, worker->endpoint_id, "wrong", NULL, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch",
      "endpoint_owner_token does not own endpoint_id" },
    { OTHER, OTHER, plain, plain_token, NULL, RB_ERROR_BAD_STATE, "missing_background_exchange_v1",
      "endpoint does not expose an assignment-capable runtime work target" },
    { WORKER, WORKER, worker->endpoint_id, worker->token, NULL, RB_ERROR_INVALID, "undispatched_id_invalid", "undispatched_id is required" },
    { WORKER, WORKER, worker->endpoint_id, worker->token, "", RB_ERROR_INVALID, "undispatched_id_invalid", "undispatched_id is required" },
  };

  g_test_summary ("Each check has its code and text, in the order of the table, and nobody upstream hears of it.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RbCaller caller = { .pid = rows[i].header };
      RbClaimRequest request = { (char *) rows[i].endpoint, rows[i].body, (char *) rows[i].token, (char *) rows[i].message, FALSE };
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      rb_claim_async (fixture->core, &caller, &request, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      g_assert_null (rb_claim_finish (fixture->core, result, &error));
      rb_assert_refused (error, rows[i].kind, rows[i].code, rows[i].text);
    }
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 0);
}

static void
test_not_active (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; assignment claim is only allowed from Active", worker->endpoint_id);
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint without its channel claims nothing.");

  rb_worker_detach (worker);
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "endpoint_not_active", text);
}

static void
test_legacy_needs_token (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_fake_channel_new (WORKER, FALSE);
  RbWorker worker = { .fixture = fixture, .pid = WORKER };
  g_autoptr(GError) error = NULL;

  g_test_summary ("A legacy endpoint needs the owner token here like everybody.");

  channel->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  worker.endpoint_id = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "s100", NULL);
  g_assert_null (rb_claimer_claim (&worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");
  g_free (worker.endpoint_id);
}

static void
test_own_row (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbGrant) grant = NULL;
  g_autofree char *content = NULL;
  g_autofree char *nonce = NULL;
  g_autofree char *state = NULL;
  g_autofree char *recovers = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A row of our inbox becomes a pending assignment; the upstream granted it, and heard that it is assigned.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  grant = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  content = grant_content (grant);
  g_assert_cmpstr (content, ==, "please");
  g_assert_cmpstr (grant->context->assignment_id, ==, "a1");
  g_assert_cmpstr (grant->context->source_message_id, ==, "m1");
  g_assert_cmpstr (grant->context->reply_correlation_id, ==, "c9");
  g_assert_nonnull (grant->context->original_trace_id);

  rb_test_assert_logged ("runtime_self_claimed", "undispatched_id", "m1", "assignment_id", "a1", "endpoint_id", worker->endpoint_id, NULL);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "unaddressed");
  g_free (worker->assignment_id);
  worker->assignment_id = g_strdup ("a1");
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);

  nonce = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_CLAIM, "endpoint_nonce");
  g_assert_cmpuint (strlen (nonce), ==, 36);
  recovers = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_CLAIM, "recover_existing");
  g_assert_cmpstr (recovers, ==, "true");
  state = rb_fake_emitter_member (fixture->authority, "\"state\":\"assigned_to_runtime_target\"", "occurred_at");
  g_assert_cmpstr (state, ==, "5000");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"broker_projection_token\":\"secret\""), ==, 1);

  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 0);
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
}

/* protocol.md 18.3. */
static void
test_from_afar (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbGrant) grant = NULL;
  g_autofree char *content = NULL;
  g_autofree char *metadata = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A message that is not here comes with the claim, gets a trace context, and holds no slot of the inbox.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  grant = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  content = grant_content (grant);
  g_assert_cmpstr (content, ==, "from \"afar\"");
  g_assert_cmpint (grant->message->arrived_at, ==, 5000);
  metadata = g_strndup (g_bytes_get_data (rb_envelope_get_metadata (grant->message->envelope), NULL),
                        g_bytes_get_size (rb_envelope_get_metadata (grant->message->envelope)));
  g_assert_nonnull (strstr (metadata, "\"traceparent\":\"00-"));
  rb_test_assert_logged ("trace_context_degraded", "reason", "missing", "traceId", grant->message->trace.trace_id, "spanName", "receive",
                         "undispatched_id", "m1", "source_message_id", "m1", "target_endpoint_id", worker->endpoint_id, NULL);
  g_assert_cmpstr (grant->context->reply_correlation_id, ==, "c7");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 0);

  /* A delivery of it later is one that we have. */
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
}

static void
test_delivered_meanwhile (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) refused = rb_claimer_failure (RB_ERROR_REJECTED, 409, NULL, "no");

  g_test_summary ("A delivery that comes while the message is claimed is accepted when the claim is durable, or released with it.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (worker, "m1", NULL);
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 1));
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a2"));
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (worker, "m2", NULL);
  rb_claimer_arrive (fixture, 2, "m2");
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, refused);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));
  g_assert_null (rb_core_fixture_place (fixture, "m2"));
  rb_claimer_arrive (fixture, 2, "m2");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
}

static void
test_again (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbGrant) first = NULL;
  g_autoptr(RbGrant) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is pending is given again without asking; what is accepted is not.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  first = rb_claimer_claim (worker, "m1", &error);
  second = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (second->context->assignment_id, ==, "a1");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 1);

  worker->assignment_id = g_strdup ("a1");
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_in_progress",
                     "runtime assignment already exists for this undispatched message and endpoint");
}

static void
test_at_once (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  GAsyncResult *results[2] = { NULL, NULL };

  g_test_summary ("Two claims of one message at once are one claim, and both get it.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->hold = TRUE;
  rb_claimer_claim_start (worker, "m1", &results[0]);
  rb_claimer_claim_start (worker, "m1", &results[1]);
  fixture->upstream->hold = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (results[0] != NULL && results[1] != NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(RbGrant) grant = rb_claimer_claim_finish (worker, results[i], NULL);

      g_assert_nonnull (grant);
      g_assert_cmpstr (grant->context->assignment_id, ==, "a1");
      g_object_unref (results[i]);
    }
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 1);
  g_assert_cmpuint (count_releases (fixture), ==, 0);
}

static void
test_timeout (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbGrant) own = NULL;
  g_autoptr(RbGrant) afar = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is not accepted in time is in the inbox again, or in it for the first time.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  own = rb_claimer_claim (worker, "m1", &error);
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a2"));
  afar = rb_claimer_claim (worker, "m2", &error);
  g_assert_no_error (error);
  rb_fake_clock_advance (fixture->clock, 30000);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "unaddressed");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reason_code\":\"adapter_acceptance_timeout\""), ==, 2);
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 2);
}

static void
test_full_inbox (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(RbGrant) again = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What came from the upstream and finds no room returns there: the inbox keeps its bound. It may be claimed again.");

  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a2"));
  grant = rb_claimer_claim (worker, "m2", &error);
  rb_fake_clock_advance (fixture->clock, 30000);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "returned_upstream");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a3"));
  again = rb_claimer_claim (worker, "m2", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Before its commit a claim leaves no trace and no answer; after it the assignment is there, whole.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_claim_start (worker, "m1", NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "assigned_to_runtime_target"), ==, 0);
  rb_core_fixture_crash (fixture);
  rb_fake_store_set_hold (fixture->store, FALSE);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);

  rb_worker_reattach (worker);
  for (guint i = 0; i < 2; i++)
    {
      const char *id = i == 0 ? "m1" : "m2";
      g_autofree char *assignment = g_strdup_printf ("a%u", i);

      rb_claimer_grant (fixture, rb_claimer_answer (worker, id, assignment));
      rb_claimer_claim_start (worker, id, NULL);
    }
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);
  rb_worker_reattach (worker);
  g_free (worker->assignment_id);
  worker->assignment_id = g_strdup ("a1");
  g_assert_true (rb_worker_report (worker, "m2", 2, "adapter_accepted", &error));
  g_assert_no_error (error);
}

static void
test_crash_while_asked (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A process that dies while it asks, or while the authority is asked, leaves the row where it was.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->hold = TRUE;
  rb_claimer_claim_start (worker, "m1", NULL);
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");

  rb_worker_reattach (worker);
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (worker, "m1", NULL);
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
}

static void
test_after_commit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) again = NULL;

  g_test_summary ("Neither the claim nor its repetition is answered before it is durable.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_claim_start (worker, "m1", &result);
  rb_claimer_claim_start (worker, "m1", &again);
  g_assert_null (result);
  g_assert_null (again);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL && again != NULL);
  rb_grant_unref (rb_claimer_claim_finish (worker, result, NULL));
  rb_grant_unref (rb_claimer_claim_finish (worker, again, NULL));
}

static void
test_local (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *content = NULL;

  g_test_summary ("Where our own inbox is the authority we grant its rows ourselves, with a token of ours.");

  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "runtime_self_claim_rejected", "unknown undispatched_id: m1");
  rb_claimer_arrive (fixture, 1, "m1");
  grant = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  content = grant_content (grant);
  g_assert_cmpstr (content, ==, "please");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  worker->assignment_id = g_strdup (grant->context->assignment_id);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
}

static void
test_loss_untold (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbGrant) first = NULL;
  g_autoptr(RbGrant) again = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the upstream gives again, because it has not heard yet that it was lost, is not taken: it would be told so afterwards.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  first = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  fixture->authority->hold = TRUE;
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_self_claim_rejected", "its last assignment is still to be told as lost; retry");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM], ==, 0);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  again = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/claim/refused/checks", "network", test_checks);
  ADD ("/claim/refused/not-active", "network", test_not_active);
  ADD ("/claim/refused/legacy-needs-token", "network", test_legacy_needs_token);
  ADD ("/claim/own-row", "network", test_own_row);
  ADD ("/claim/from-afar", "network", test_from_afar);
  ADD ("/claim/delivered-meanwhile", "network", test_delivered_meanwhile);
  ADD ("/claim/again", "network", test_again);
  ADD ("/claim/at-once", "network", test_at_once);
  ADD ("/claim/after-commit", "network", test_after_commit);
  ADD ("/claim/restored/timeout", "network", test_timeout);
  ADD ("/claim/restored/loss-untold", "network", test_loss_untold);
  ADD ("/claim/restored/full-inbox", "network", test_full_inbox);
  ADD ("/claim/crash/commit", "network", test_crash);
  ADD ("/claim/crash/asked", "network", test_crash_while_asked);
  ADD ("/claim/local", NULL, test_local);
  return g_test_run ();
}
