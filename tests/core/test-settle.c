/* test-settle.c: an adapter declares a message handled without a reply (protocol.md 12.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-mailroom.h"
#include "rb-settle.h"

#include <string.h>

#define WORKER 100
#define OTHER 200

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) away = rb_worker_new (fixture, OTHER);
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; self-settle requires Active", away->endpoint_id);
  const struct {
    gint64 header, body;
    const char *endpoint, *message;
    RbError kind;
    const char *code, *text;
  } rows[] = {
    { 0, WORKER, worker->endpoint_id, "m1", RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for self-settle" },
    { WORKER, OTHER, "none", NULL, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match self-settle body" },
    { WORKER, WORKER, "none", NULL, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: none" },
    { WORKER, WORKER, away->endpoint_id, NULL, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id" },
    { OTHER, OTHER, away->endpoint_id, NULL, RB_ERROR_BAD_STATE, "endpoint_not_active", text },
    { WORKER, WORKER, worker->endpoint_id, NULL, RB_ERROR_INVALID, "undispatched_id_invalid", "undispatched_id is required" },
    { WORKER, WORKER, worker->endpoint_id, "", RB_ERROR_INVALID, "undispatched_id_invalid", "undispatched_id is required" },
  };

  g_test_summary ("Each check has its code and text, in the order of the text, and nobody upstream hears of it.");

  rb_worker_detach (away);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RbCaller caller = { .pid = rows[i].header };
      RbSettleRequest request = { (char *) rows[i].endpoint, rows[i].body, (char *) rows[i].message };
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      rb_settle_async (fixture->core, &caller, &request, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      g_assert_false (rb_settle_finish (fixture->core, result, &error));
      rb_assert_refused (error, rows[i].kind, rows[i].code, rows[i].text);
    }
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 0);
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    RbError kind;
    gint64 status;
    const char *code, *text;
    RbError answer;
    const char *answer_code, *message, *retryable;
  } rows[] = {
    { RB_ERROR_REJECTED, 404, "gone", "it is gone", RB_ERROR_REJECTED, "gone", "it is gone", "absent" },
    { RB_ERROR_REJECTED, 403, NULL, "", RB_ERROR_REJECTED, "runtime_self_settle_rejected", "runtime self-settle was rejected", "absent" },
    { RB_ERROR_REJECTED, 200, "invalid_self_settle_response", "invalid self-settle response", RB_ERROR_BAD_STATE,
      "invalid_self_settle_response", "invalid self-settle response", "absent" },
    { RB_ERROR_UNAVAILABLE, 500, "oops", "broken", RB_ERROR_UNAVAILABLE, "oops", "broken", "true" },
    { RB_ERROR_UNAVAILABLE, 502, NULL, "", RB_ERROR_UNAVAILABLE, "runtime_self_settle_unavailable", "runtime self-settle failed; retry", "true" },
    { RB_ERROR_TIMED_OUT, 0, NULL, "network timeout", RB_ERROR_UNAVAILABLE, "runtime_self_settle_unavailable",
      "runtime self-settle failed; retry", "true" },
    { RB_ERROR_NOT_SUPPORTED, 0, NULL, "none", RB_ERROR_NOT_SUPPORTED, "runtime_self_settle_unsupported",
      "apps/api self-settle route is not available", "true" },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A refusal is passed on with the upstream's status, code and text where it gave them; the row stays.");

  rb_claimer_arrive (fixture, 1, "m1");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      gint64 status = 0;

      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_SELF_SETTLE,
                                    rb_claimer_failure (rows[i].kind, rows[i].status, rows[i].code, rows[i].text));
      g_assert_false (rb_claimer_settle (worker, "m1", &error));
      g_assert_cmpstr (rb_error_retryable (error), ==, rows[i].retryable);
      if (rows[i].answer == RB_ERROR_REJECTED)
        {
          g_assert_true (g_variant_lookup (rb_error_get_details (error), "status", "x", &status));
          g_assert_cmpint (status, ==, rows[i].status);
        }
      rb_assert_refused (error, rows[i].answer, rows[i].answer_code, rows[i].message);
    }
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

static void
test_settled (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *nonce = NULL;
  g_autofree char *endpoint = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("IMP-40: our row ends with it; a message that is not here needs nothing of us.");

  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_true (rb_claimer_settle (worker, "m1", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "handled_no_reply");
  rb_test_assert_logged ("runtime_self_settled", "undispatched_id", "m1", "endpoint_id", worker->endpoint_id, NULL);
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 0);
  nonce = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_SETTLE, "endpoint_nonce");
  endpoint = rb_claimer_argument (fixture, RB_UPSTREAM_SELF_SETTLE, "endpoint_id");
  g_assert_cmpuint (strlen (nonce), ==, 36);
  g_assert_cmpstr (endpoint, ==, worker->endpoint_id);
  g_assert_true (rb_claimer_settle (worker, "m2", &error));
}

static void
test_staged (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("IMP-40: what is staged leaves staging, and its assignment ends.");

  rb_claimer_open_mailroom (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_claimer_list (fixture, 1, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  rb_claimer_arrive (fixture, 1, "m1");
  items = rb_claimer_fetch (worker, 0, TRUE, &error);
  g_assert_cmpuint (items->len, ==, 1);
  rb_claimer_list (fixture, 0);
  g_assert_true (rb_claimer_settle (worker, "m1", &error));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpint (rb_claimer_used (fixture, "staged"), ==, 0);
  g_assert_cmpint (rb_claimer_used (fixture, "inbox"), ==, 0);
  g_assert_cmpuint (rb_assignments_get_n (fixture->core->assignments), ==, 0);
}

static void
test_after_commit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("The upstream is asked when it is durable that it is, and the adapter is answered when it is durable that the row ended.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_settle_start (worker, "m1", &result);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 0);
  g_assert_true (rb_fake_store_commit_one (fixture->store));
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 1);
  g_assert_null (result);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 1);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_settle_finish (fixture->core, result, NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_META), ==, 0);
}

static void
test_assigned (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GAsyncResult) dispatched = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the upstream says is settled ends here too, whoever it was given to, unless it was accepted; who waits hears of it.");

  rb_claimer_arrive (fixture, 1, "m1");
  rb_core_fixture_dispatch_start (fixture, "m1", other->endpoint_id, &dispatched);
  g_assert_true (rb_claimer_settle (worker, "m1", NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "handled_no_reply");
  g_assert_cmpuint (rb_assignments_get_n (fixture->core->assignments), ==, 0);
  g_assert_cmpuint (rb_inbox_get_n_reserved (fixture->core->inbox), ==, 0);
  rb_test_wait_until (dispatched != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, dispatched, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "dispatch_failed", "the target ended it: handled_no_reply");

  rb_worker_take (worker, 2, "m2", NULL);
  g_assert_true (rb_worker_report (worker, "m2", 2, "adapter_accepted", NULL));
  g_assert_true (rb_claimer_settle (worker, "m2", NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "assignment");
}

static void
test_while_asked (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  gboolean is_agreed = data != NULL;
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GAsyncResult) settled = NULL;
  g_autoptr(GAsyncResult) dispatched = NULL;
  g_autoptr(GError) refusal = rb_error_new (RB_ERROR_REJECTED, NULL, "no");

  g_test_summary ("A message that is being given to somebody is settled once that is decided, whichever way.");

  rb_claimer_arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_core_fixture_dispatch_start (fixture, "m1", other->endpoint_id, &dispatched);
  rb_claimer_settle_start (worker, "m1", &settled);
  g_assert_null (settled);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, is_agreed ? NULL : refusal);
  rb_test_wait_until (settled != NULL && dispatched != NULL);
  g_assert_true (rb_settle_finish (fixture->core, settled, NULL));
  g_assert_false (rb_dispatch_finish (fixture->core, dispatched, NULL));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "handled_no_reply");
  g_assert_cmpuint (rb_inbox_get_n_reserved (fixture->core->inbox), ==, 0);
  g_assert_cmpuint (other->channel->pushes->len, ==, 0);
}

static void
test_asked_agreed (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  test_while_asked (fixture, "agreed");
}

static void
test_asked_refused (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  test_while_asked (fixture, NULL);
}

static void
test_local (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Where our own inbox is the authority a row ends by our word, and an accepted assignment by its holder's; nothing else does.");

  g_assert_false (rb_claimer_settle (worker, "m1", &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "runtime_self_settle_rejected", "unknown undispatched_id: m1");
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_true (rb_claimer_settle (worker, "m1", &error));
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "handled_no_reply");

  rb_worker_take (worker, 2, "m2", NULL);
  g_assert_false (rb_claimer_settle (worker, "m2", &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "runtime_self_settle_rejected", "unknown undispatched_id: m2");
  g_assert_true (rb_worker_report (worker, "m2", 2, "adapter_accepted", &error));
  g_assert_false (rb_claimer_settle (other, "m2", &error));
  g_clear_error (&error);
  g_assert_true (rb_claimer_settle (worker, "m2", &error));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "handled_no_reply");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_SETTLE], ==, 0);
}

static void
test_repeated_before_commit (RbCoreFixture *fixture,
                             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A row that is settled before it is stored: a copy of it is accepted when that is durable, not before.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_settle_start (worker, "m1", NULL);
  rb_claimer_arrive (fixture, 2, "m1");
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 2));

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 2));
}

static void
test_repeated_never_stored (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("A copy of what was settled and will never be stored is released: the network keeps it.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_claimer_arrive (fixture, 1, "m1");
  rb_claimer_settle_start (worker, "m1", NULL);
  rb_claimer_arrive (fixture, 2, "m1");
  rb_fake_store_break (fixture->store);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_false (rb_fake_connector_has_accepted (fixture->connector, 2));
  g_assert_cmpuint (fixture->connector->released->len, ==, 2);
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/settle/refused/checks", "network", test_checks);
  ADD ("/settle/refused/by-upstream", "network", test_refused);
  ADD ("/settle/row", "network", test_settled);
  ADD ("/settle/staged", "network", test_staged);
  ADD ("/settle/assigned", "network", test_assigned);
  ADD ("/settle/asked/agreed", "network", test_asked_agreed);
  ADD ("/settle/asked/refused", "network", test_asked_refused);
  ADD ("/settle/after-commit", "network", test_after_commit);
  ADD ("/settle/local", NULL, test_local);
  ADD ("/settle/repeated/before-commit", NULL, test_repeated_before_commit);
  ADD ("/settle/repeated/never-stored", NULL, test_repeated_never_stored);
  return g_test_run ();
}
