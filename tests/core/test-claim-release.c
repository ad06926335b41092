/* test-claim-release.c: a claim that comes to nothing is refused or given back, and everything is as it was (protocol.md 11.10, 14.9)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-error.h"

#define WORKER 100
#define OTHER 200

#define UNKNOWN_TEXT "runtime self-claim was durably assigned but the broker could not expose or release it; retry the claim"

static guint
count_releases (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_RELEASE_CLAIM];
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    RbError kind;
    gint64 status;
    const char *text;
    RbError answer;
    const char *code, *message, *retryable;
  } rows[] = {
    { RB_ERROR_REJECTED, 404, "gone: it is taken", RB_ERROR_REJECTED, "runtime_self_claim_rejected", "gone: it is taken", "false" },
    { RB_ERROR_REJECTED, 401, "", RB_ERROR_REJECTED, "runtime_self_claim_rejected", "runtime self-claim was rejected", "false" },
    { RB_ERROR_REJECTED, 200, "invalid self-claim response", RB_ERROR_REJECTED, "runtime_self_claim_rejected",
      "invalid self-claim response", "false" },
    { RB_ERROR_UNAVAILABLE, 500, "oops", RB_ERROR_UNAVAILABLE, "runtime_self_claim_rejected", "oops", "true" },
    { RB_ERROR_TIMED_OUT, 0, "network timeout", RB_ERROR_UNAVAILABLE, "runtime_self_claim_rejected", "network timeout", "true" },
    { RB_ERROR_NOT_SUPPORTED, 0, "none", RB_ERROR_NOT_SUPPORTED, "runtime_self_claim_unsupported",
      "apps/api self-claim route is not available", "true" },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A refusal is passed on as what it is; the row stays, and there is nothing to give back.");

  rb_claimer_arrive (fixture, 1, "m1");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      gint64 status = 0;

      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM,
                                    rb_claimer_failure (rows[i].kind, rows[i].status, NULL, rows[i].text));
      g_assert_null (rb_claimer_claim (worker, "m1", &error));
      g_assert_cmpstr (rb_error_retryable (error), ==, rows[i].retryable);
      if (rows[i].answer == RB_ERROR_REJECTED)
        {
          g_assert_true (g_variant_lookup (rb_error_get_details (error), "status", "x", &status));
          g_assert_cmpint (status, ==, rows[i].status);
        }
      rb_assert_refused (error, rows[i].answer, rows[i].code, rows[i].message);
    }
  g_assert_cmpuint (count_releases (fixture), ==, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

/* An answer that was granted and is not what was asked for. */
static GVariant *
other_target (void)
{
  return g_variant_new_parsed ("{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_9'>,"
                               " 'background_exchange_mode': <'resident_endpoint'>}");
}

static GVariant *
other_message (void)
{
  return g_variant_new_parsed ("{'from': <'bob'>, 'content': <'x'>, 'contentType': <'text'>, 'sourceMessageId': <'m7'>}");
}

static GVariant *
spoil (RbWorker *worker,
       guint     i)
{
  GVariant *answer = rb_claimer_answer (worker, "m1", "a1");

  switch (i)
    {
    case 0:
      return rb_claimer_change (answer, "undispatched_id", g_variant_new_string ("m7"));
    case 1:
      return rb_claimer_change (answer, "target_ref", other_target ());
    default:
      return rb_claimer_change (answer, "message", other_message ());
    }
}

static void
test_mismatch (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const char *const texts[] = {
    "self-claim response undispatched_id does not match request",
    "self-claim response target_ref does not match registered endpoint work target",
    "self-claim response message sourceMessageId does not match source_message_id",
  };
  static const char *const reasons[] = { "response_undispatched_id_mismatch", "response_target_ref_mismatch",
                                         "response_message_source_mismatch" };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("An answer about something else is given back; where that fails too, the adapter is told that nobody knows.");

  rb_claimer_arrive (fixture, 1, "m1");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;

      rb_claimer_grant (fixture, spoil (worker, i));
      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_RELEASE_CLAIM, NULL);
      g_assert_null (rb_claimer_claim (worker, "m1", &error));
      g_assert_cmpuint (count_releases (fixture), ==, 2 * i + 1);
      g_assert_cmpstr (rb_error_retryable (error), ==, "false");
      rb_assert_refused (error, RB_ERROR_REJECTED, "runtime_self_claim_response_invalid", texts[i]);

      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_RELEASE_CLAIM, rb_claimer_failure (RB_ERROR_UNAVAILABLE, 500, NULL, "no"));
      g_assert_null (rb_claimer_claim (worker, "m1", &error));
      g_assert_cmpstr (rb_error_retryable (error), ==, "true");
      g_assert_cmpstr (rb_error_text_detail (error, "reason_code"), ==, reasons[i]);
      g_assert_cmpstr (rb_error_text_detail (error, "original_error"), ==, "runtime_self_claim_response_invalid");
      rb_assert_refused (error, RB_ERROR_OUTCOME_UNKNOWN, "runtime_self_claim_outcome_unknown", UNKNOWN_TEXT);
    }
  g_assert_cmpuint (rb_test_count_log ("runtime_self_claim_compensated"), ==, 3);
  g_assert_cmpuint (rb_test_count_log ("runtime_self_claim_compensation_failed"), ==, 3);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
}

static void
test_release_arguments (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  static const struct {
    const char *member, *value;
  } members[] = { { "undispatched_id", "m1" }, { "source_message_id", "m1" }, { "assignment_id", "a1" },
                  { "broker_projection_token", "secret" } };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *asked = NULL;
  g_autofree char *released = NULL;
  g_autofree char *target = NULL;

  g_test_summary ("A release names the claim, with the endpoint's nonce and the target that was answered.");

  rb_claimer_grant (fixture, rb_claimer_change (rb_claimer_answer (worker, "m1", "a1"), "target_ref", other_target ()));
  rb_claimer_claim_start (worker, "m1", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *value = rb_claimer_argument (fixture, RB_UPSTREAM_RELEASE_CLAIM, members[i].member);

      g_assert_cmpstr (value, ==, members[i].value);
    }
  asked = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_CLAIM, "endpoint_nonce");
  released = rb_claimer_argument (fixture, RB_UPSTREAM_RELEASE_CLAIM, "endpoint_nonce");
  g_assert_cmpstr (asked, ==, released);
  target = rb_claimer_argument (fixture, RB_UPSTREAM_RELEASE_CLAIM, "target_ref");
  g_assert_nonnull (strstr (target, "'ep_9'"));
}

static GError *
malformed (GVariant *answer)
{
  GError *error = rb_claimer_failure (RB_ERROR_REJECTED, 200, NULL, "invalid self-claim response");

  if (answer != NULL)
    rb_error_add_detail (error, "answer", answer);
  return error;
}

static void
test_malformed (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A malformed success is given back if it can be; if not the adapter is told that nobody knows.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM,
                                malformed (rb_claimer_change (rb_claimer_answer (worker, "m1", "a1"), "message", NULL)));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_REJECTED, "runtime_self_claim_rejected", "invalid self-claim response");
  g_assert_cmpuint (count_releases (fixture), ==, 1);

  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_RELEASE_CLAIM, rb_claimer_failure (RB_ERROR_NOT_SUPPORTED, 0, NULL, "no"));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "reason_code"), ==, "invalid_2xx_claim_response");
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_OUTCOME_UNKNOWN, "runtime_self_claim_outcome_unknown",
                     "runtime self-claim returned an invalid post-CAS response and the broker could not release it; retry the claim");
  g_assert_cmpuint (rb_test_count_log ("runtime_self_claim_compensation_unavailable"), ==, 1);

  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_CLAIM,
                                malformed (rb_claimer_change (rb_claimer_answer (worker, "m1", "a1"), "assignment_id", NULL)));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "reason_code"), ==, "invalid_2xx_claim_response_unreleasable");
  rb_assert_refused (error, RB_ERROR_OUTCOME_UNKNOWN, "runtime_self_claim_outcome_unknown",
                     "runtime self-claim returned an invalid post-CAS response without enough release data; retry the claim");
  g_assert_cmpuint (rb_test_count_log ("runtime_self_claim_invalid_response_unreleasable"), ==, 1);
  g_assert_cmpuint (count_releases (fixture), ==, 2);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_not_projected (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  static const struct {
    RbError kind, answer;
    const char *text, *message, *retryable;
  } rows[] = {
    { RB_ERROR_REJECTED, RB_ERROR_REJECTED, "not you", "not you", "false" },
    { RB_ERROR_UNAVAILABLE, RB_ERROR_UNAVAILABLE, "", "assigned_to_runtime_target projection was not accepted", "true" },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *ladder = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("IMP-35: what the authority does not agree to is given back, and the row is in the inbox again.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      fixture->authority->failure = rb_error_new (rows[i].kind, NULL, "%s", rows[i].text);
      g_assert_null (rb_claimer_claim (worker, "m1", &error));
      g_clear_error (&fixture->authority->failure);
      g_assert_cmpstr (rb_error_retryable (error), ==, rows[i].retryable);
      rb_assert_refused (error, rows[i].answer, "runtime_self_claim_assignment_projection_failed", rows[i].message);
      g_assert_cmpuint (count_releases (fixture), ==, i + 1);
      g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
      g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 1);
    }

  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_RELEASE_CLAIM, rb_claimer_failure (RB_ERROR_TIMED_OUT, 0, NULL, "late"));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "reason_code"), ==, "assigned_state_projection_failed");
  g_assert_cmpstr (rb_error_text_detail (error, "original_error"), ==, "runtime_self_claim_assignment_projection_failed");
  rb_assert_refused (error, RB_ERROR_OUTCOME_UNKNOWN, "runtime_self_claim_outcome_unknown", UNKNOWN_TEXT);
  g_assert_cmpuint (rb_test_count_log ("runtime_self_claim_compensation_error"), ==, 1);
  ladder = rb_claimer_explain (fixture, "m1");
  g_assert_nonnull (strstr (ladder, "<'released'>"));
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
  g_clear_error (&fixture->authority->failure);
}

static void
test_endpoint_gone (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *text = g_strconcat ("unknown endpoint_id: ", worker->endpoint_id, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Whoever went while the upstream was asked gets nothing: the claim is given back.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  rb_claimer_claim_start (worker, "m1", &result);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_claimer_claim_finish (worker, result, &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", text);
  g_assert_cmpuint (count_releases (fixture), ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_gone_when_agreed (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Whoever went while the authority agreed is reported as lost, which gives the claim back.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->authority->hold = TRUE;
  rb_claimer_claim_start (worker, "m1", &result);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, NULL));
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_claimer_claim_finish (worker, result, NULL));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reason_code\":\"endpoint_lost\""), ==, 1);
  g_assert_cmpuint (count_releases (fixture), ==, 0);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
}

static void
test_other_hands (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What somebody works on here is not given to another, whatever the upstream believes.");

  rb_worker_accept (other, 1, "m1", NULL);
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpuint (count_releases (fixture), ==, 1);
  g_assert_cmpstr (rb_worker_state (other, "m1"), ==, "accepted");
}

static void
test_stopping (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("While we stop nothing new is claimed, and what was being claimed is given back.");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  fixture->upstream->holds[RB_UPSTREAM_SELF_CLAIM] = TRUE;
  rb_claimer_claim_start (worker, "m1", &result);
  rb_core_fixture_stop (fixture);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_claimer_claim_finish (worker, result, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");
  g_assert_cmpuint (count_releases (fixture), ==, 1);
  g_assert_null (rb_claimer_claim (worker, "m2", &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");
}

static void
test_ended_before (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A claim of what has ended here, given back, does not make us forget that it has: a redelivery changes nothing.");

  rb_worker_accept (worker, 1, "m1", NULL);
  rb_worker_report (worker, "m1", 3, "processing_failed", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a2"));
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "not you");
  g_assert_null (rb_claimer_claim (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_REJECTED, "runtime_self_claim_assignment_projection_failed", "not you");
  g_clear_error (&fixture->authority->failure);

  rb_claimer_arrive (fixture, 2, "m1");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/claim/refused/by-upstream", "network", test_refused);
  ADD ("/claim/released/mismatch", "network", test_mismatch);
  ADD ("/claim/released/arguments", "network", test_release_arguments);
  ADD ("/claim/released/malformed", "network", test_malformed);
  ADD ("/claim/released/not-projected", "network", test_not_projected);
  ADD ("/claim/released/endpoint-gone", "network", test_endpoint_gone);
  ADD ("/claim/released/gone-when-agreed", "network", test_gone_when_agreed);
  ADD ("/claim/released/ended-before", "network", test_ended_before);
  ADD ("/claim/released/other-hands", "network", test_other_hands);
  ADD ("/claim/released/stopping", "network", test_stopping);
  return g_test_run ();
}
