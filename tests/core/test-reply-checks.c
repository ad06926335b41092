/* test-reply-checks.c: who may answer an assignment, and with what (protocol.md 11.8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define WORKER 100
#define OTHER 200

#define CONFLICT "reply_request_id was already used with different reply content"
#define MISMATCH "endpoint_id does not match the assigned target"
#define STALE "source assignment is not known to this broker"

/* An answer as the wire would bring it. */
typedef struct {
  const char *endpoint_id, *token, *source, *assignment, *request, *content, *type, *metadata;
  gint64 header_pid, pid;
} Ask;

static Ask
make_ask (RbWorker *worker)
{
  return (Ask) { worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r1", "done", NULL, NULL, worker->pid, worker->pid };
}

static void
start (RbCoreFixture *fixture,
       const Ask     *ask,
       GAsyncResult **result)
{
  RbCaller caller = { .pid = ask->header_pid };
  g_autoptr(GBytes) text = rb_json_slice_from_string (ask->content);
  g_autoptr(GBytes) metadata = ask->metadata != NULL ? g_bytes_new (ask->metadata, strlen (ask->metadata)) : NULL;
  RbReplyRequest request = {
    .endpoint_id = (char *) ask->endpoint_id,
    .plugin_pid = ask->pid,
    .endpoint_owner_token = (char *) ask->token,
    .source_message_id = (char *) ask->source,
    .assignment_id = (char *) ask->assignment,
    .reply_request_id = (char *) ask->request,
    .content = text,
    .content_type = (char *) ask->type,
    .metadata = metadata,
  };

  rb_reply_async (fixture->core, &caller, &request, rb_test_store_result, result);
  rb_test_settle ();
}

static char *
finish (RbCoreFixture  *fixture,
        GAsyncResult  **result,
        GError        **error)
{
  g_autofree char *status = NULL;
  char *id = NULL;

  rb_test_wait_until (*result != NULL);
  rb_reply_finish (fixture->core, *result, &id, &status, error);
  g_clear_object (result);
  if (id != NULL)
    g_assert_cmpstr (status, ==, "delivered");
  return id;
}

static char *
reply (RbCoreFixture *fixture,
       const Ask     *ask,
       GError       **error)
{
  GAsyncResult *result = NULL;

  start (fixture, ask, &result);
  return finish (fixture, &result, error);
}

static void
test_caller (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  Ask ask = { "ep_none", "wrong", "none", "none", NULL, "done", NULL, NULL, OTHER, OTHER };
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; assignment reply is only allowed from Active", worker->endpoint_id);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Rows 1 to 5 and 9, each before the next: endpoint, owner, token, active, request id, assignment.");

  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: ep_none");
  ask.endpoint_id = worker->endpoint_id;
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
  ask.header_pid = ask.pid = WORKER;
  rb_worker_detach (worker);
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");
  ask.token = worker->token;
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "endpoint_not_active", text);

  rb_worker_reattach (worker);
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "reply_request_id_required", "reply_request_id is required for assignment replies");
  ask.request = "";
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "reply_request_id_required", "reply_request_id is required for assignment replies");
  ask.request = "r1";
  g_assert_null (reply (fixture, &ask, &error));
  g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "reply_handle_stale");
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", STALE);
}

static void
test_assignment (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  g_autofree char *wire_id = NULL;
  g_autofree char *sibling = NULL;
  g_autofree char *sibling_token = NULL;
  Ask ask, theirs;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Rows 6 to 9: another target, not accepted, and the same owner check when the assignment is gone.");

  rb_worker_take (worker, 1, "m1", NULL);
  ask = make_ask (worker);
  theirs = make_ask (other);
  theirs.assignment = worker->assignment_id;
  g_assert_null (reply (fixture, &theirs, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", MISMATCH);
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_not_accepted", "assignment replies require adapter_accepted first");

  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  wire_id = reply (fixture, &ask, &error);
  g_assert_no_error (error);
  g_assert_null (rb_worker_row (worker, "m1"));
  g_assert_null (reply (fixture, &theirs, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", MISMATCH);

  /* Nor by another endpoint of the same process. */
  sibling = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "another", &sibling_token);
  ask.endpoint_id = sibling;
  ask.token = sibling_token;
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", MISMATCH);

  theirs.request = "r2";
  g_assert_null (reply (fixture, &theirs, &error));
  g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "reply_handle_stale");
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", STALE);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

/* protocol.md 20.3 item 13. */
static void
test_fingerprint (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  static const struct {
    const char *content, *type, *metadata;
    gboolean same;
  } cases[] = {
    { "done", NULL, "{\"a\":{\"x\":1,\"y\":[1,2]},\"b\":\"\\u0041\"}", TRUE },
    { "done", "text", "{ \"b\":\"A\", \"a\":{\"y\":[1,2],\"x\":1.0} }", TRUE },
    { "done", "text", "{\"a\":{\"x\":1,\"y\":[1,2]},\"b\":\"A\",\"traceparent\":\"x\",\"message_id\":\"forged\"}", TRUE },
    { "done!", "text", "{\"a\":{\"x\":1,\"y\":[1,2]},\"b\":\"A\"}", FALSE },
    { "done", "markdown", "{\"a\":{\"x\":1,\"y\":[1,2]},\"b\":\"A\"}", FALSE },
    { "done", "text", "{\"a\":{\"x\":1,\"y\":[2,1]},\"b\":\"A\"}", FALSE },
    { "done", "text", "{\"a\":{\"x\":1,\"y\":[1,2]}}", FALSE },
    { "done", NULL, NULL, FALSE },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = NULL;
  Ask ask;

  g_test_summary ("The same request id with the same meaning gets the same answer; with another content, type or metadata a conflict.");

  rb_worker_accept (worker, 1, "m1", NULL);
  ask = make_ask (worker);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *again = NULL;

      g_test_message ("case %zu", i);
      ask.content = cases[i].content;
      ask.type = cases[i].type;
      ask.metadata = cases[i].metadata;
      again = reply (fixture, &ask, &error);
      if (wire_id == NULL)
        wire_id = g_strdup (again);
      if (!cases[i].same)
        rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_reply_idempotency_conflict", CONFLICT);
      else
        g_assert_no_error (error);
      g_assert_cmpstr (again, ==, cases[i].same ? wire_id : NULL);
    }
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_in_flight (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  GAsyncResult *results[3] = { NULL, NULL, NULL };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("Rows 13 and 14: while one call works, the same reply joins it and another content is a conflict.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->hold = TRUE;
  ask = make_ask (worker);
  start (fixture, &ask, &results[0]);
  start (fixture, &ask, &results[1]);
  ask.content = "else";
  start (fixture, &ask, &results[2]);
  g_assert_null (finish (fixture, &results[2], &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_reply_idempotency_conflict", CONFLICT);
  g_assert_null (results[0]);
  g_assert_null (results[1]);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);

  rb_fake_connector_answer (fixture->connector, NULL);
  first = finish (fixture, &results[0], &error);
  second = finish (fixture, &results[1], &error);
  g_assert_no_error (error);
  g_assert_nonnull (first);
  g_assert_cmpstr (first, ==, second);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_in_flight_before_record (RbCoreFixture *fixture,
                              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  GAsyncResult *results[2] = { NULL, NULL };
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("A join works from the first moment; a refusal of the upstream reaches everybody, and leaves no record.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->authority->hold = TRUE;
  ask = make_ask (worker);
  start (fixture, &ask, &results[0]);
  start (fixture, &ask, &results[1]);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "reply_requested"), ==, 1);
  fixture->authority->hold = FALSE;
  {
    g_autoptr(GError) refusal = rb_error_new (RB_ERROR_REJECTED, NULL, "not now");

    rb_error_add_detail (refusal, "assignment_failure_category", g_variant_new_string ("processing_failed_or_expired"));
    rb_fake_emitter_answer (fixture->authority, refusal);
  }
  for (size_t i = 0; i < 2; i++)
    {
      g_assert_null (finish (fixture, &results[i], &error));
      g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "processing_failed_or_expired");
      rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_reply_request_rejected", "not now");
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 0);

  /* another content is no conflict: nothing was ever promised */
  ask.content = "else";
  g_free (reply (fixture, &ask, &error));
  g_assert_no_error (error);
}

static void
test_endpoint_gone_in_flight (RbCoreFixture *fixture,
                              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  GAsyncResult *result = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;
  Ask ask, theirs;

  g_test_summary ("The assignment goes while its reply is on its way: the reply is answered, strangers are refused, for ever so long.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->hold = TRUE;
  ask = make_ask (worker);
  start (fixture, &ask, &result);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, &error));
  theirs = make_ask (other);
  theirs.assignment = worker->assignment_id;
  g_assert_null (reply (fixture, &theirs, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", MISMATCH);

  rb_fake_clock_advance (fixture->clock, 2 * fixture->settings.reply_record_ttl);
  theirs.request = "r2";
  g_assert_null (reply (fixture, &theirs, &error));   /* prunes */
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_clear_error (&error);
  rb_fake_connector_answer (fixture->connector, NULL);
  wire_id = finish (fixture, &result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (wire_id);
}

static void
test_unsent_forgotten (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("What is remembered of a reply that was never sent goes when it is old and its assignment has ended, not before.");

  rb_worker_accept (worker, 1, "m1", NULL);
  ask = make_ask (worker);
  fixture->connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  g_assert_null (reply (fixture, &ask, &error));
  g_clear_error (&error);
  rb_fake_clock_advance (fixture->clock, 2 * fixture->settings.reply_record_ttl);
  g_assert_null (reply (fixture, &ask, &error));
  g_clear_error (&error);
  g_clear_error (&fixture->connector->failure);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 1);

  g_assert_true (rb_worker_report (worker, "m1", 3, "processing_failed", &error));
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_null (reply (fixture, &ask, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 0);
}

static void
test_stale_record (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("Row 15: a record without a result whose assignment has ended.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  ask = make_ask (worker);
  g_assert_null (reply (fixture, &ask, &error));
  g_clear_error (&error);
  g_assert_true (rb_worker_report (worker, "m1", 3, "expired", &error));
  g_assert_null (reply (fixture, &ask, &error));
  g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "reply_handle_stale");
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", STALE);
  ask.content = "else";
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_reply_idempotency_conflict", CONFLICT);
}

static void
test_no_token (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(GVariant) row = NULL;
  GVariant *columns[13];
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("Row 16: without authority from the upstream no reply is sent.");

  rb_worker_accept (worker, 1, "m1", NULL);
  row = g_variant_ref (rb_worker_row (worker, "m1"));
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    columns[i] = g_variant_get_child_value (row, i);
  g_variant_unref (columns[6]);
  columns[6] = g_variant_ref_sink (g_variant_new ("ms", NULL));
  rb_changes_put (changes, RB_TABLE_ASSIGNMENTS, g_variant_new_tuple (columns, G_N_ELEMENTS (columns)));
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    g_variant_unref (columns[i]);
  rb_store_commit (RB_STORE (fixture->store), g_steal_pointer (&changes), NULL, NULL);
  rb_test_settle ();
  rb_core_fixture_crash (fixture);
  rb_worker_reattach (worker);

  ask = make_ask (worker);
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_projection_authority_missing",
                     "runtime assignment reply requires broker projection authority");
}

static void
test_stopping (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("While we stop nothing is answered any more (IMP-55).");

  rb_worker_accept (worker, 1, "m1", NULL);
  ask = make_ask (worker);
  rb_core_fixture_stop (fixture);
  g_assert_null (reply (fixture, &ask, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
}

static void
test_successor (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = NULL;
  g_autofree char *again = NULL;
  g_autofree char *other = NULL;
  g_autofree char *first = NULL;
  g_autoptr(GError) error = NULL;
  Ask ask;

  g_test_summary ("A successor goes on where its predecessor was: replies to its assignments, and repeats a reply that was sent (IMP-62).");

  rb_worker_accept (worker, 1, "m1", NULL);
  first = g_strdup (worker->assignment_id);
  ask = make_ask (worker);
  ask.assignment = first;
  wire_id = reply (fixture, &ask, &error);
  rb_worker_accept (worker, 2, "m2", NULL);
  rb_worker_detach (worker);

  g_clear_object (&worker->channel);
  g_clear_pointer (&worker->endpoint_id, g_free);
  g_clear_pointer (&worker->token, g_free);
  worker->channel = rb_core_fixture_attach (fixture, WORKER, TRUE);
  worker->endpoint_id = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "s100", &worker->token);
  ask.endpoint_id = worker->endpoint_id;
  ask.token = worker->token;
  again = reply (fixture, &ask, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, wire_id);

  ask.source = "m2";
  ask.assignment = worker->assignment_id;
  other = reply (fixture, &ask, &error);
  g_assert_no_error (error);
  g_assert_nonnull (other);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 2);

  /* also when we restarted in between */
  rb_core_fixture_crash (fixture);
  rb_worker_reattach (worker);
  g_free (again);
  ask.source = "m1";
  ask.assignment = first;
  again = reply (fixture, &ask, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, wire_id);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/reply/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("caller", NULL, test_caller);
  ADD ("assignment", NULL, test_assignment);
  ADD ("fingerprint", NULL, test_fingerprint);
  ADD ("in-flight", NULL, test_in_flight);
  ADD ("in-flight-before-record", "authority", test_in_flight_before_record);
  ADD ("endpoint-gone-in-flight", NULL, test_endpoint_gone_in_flight);
  ADD ("unsent-forgotten", NULL, test_unsent_forgotten);
  ADD ("stale-record", NULL, test_stale_record);
  ADD ("no-token", NULL, test_no_token);
  ADD ("stopping", NULL, test_stopping);
  ADD ("successor", NULL, test_successor);

  return g_test_run ();
}
