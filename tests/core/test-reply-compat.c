/* test-reply-compat.c: answers to an upstream, and from adapters, of the 0.2.5 age (protocol.md 20.2, 20.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

#include "rb-core-private.h"
#include "rb-error.h"

#define WORKER 100
#define OTHER 200

/* An accepted assignment that the upstream ordered with this token, or without one. */
static RbWorker *
accept_order (RbCoreFixture *fixture,
              const char    *token)
{
  RbWorker *worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");
  g_autoptr(GError) error = NULL;

  fixture->core->is_legacy_upstream = TRUE;
  rb_order_arrive (fixture, 1, "m1");
  order.token = token;
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  worker->assignment_id = g_strdup ("k1");
  rb_worker_report (worker, "m1", 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  return worker;
}

static void
refuse (RbCoreFixture *fixture,
        RbError        code,
        gint64         status)
{
  g_clear_error (&fixture->authority->failure);
  fixture->authority->failure = rb_error_new (code, NULL, "not you");
  rb_error_add_detail (fixture->authority->failure, "status", g_variant_new_int64 (status));
}

static void
test_without_token (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = accept_order (fixture, NULL);
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.2 row 1: a legacy upstream's assignment is answered without a token, and none is sent.");

  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_nonnull (wire_id);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reply_requested\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reply_emitted\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "broker_projection_token"), ==, 0);
}

static void
test_other_age (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbWorker) worker = accept_order (fixture, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.2 row 1: where the upstream is not legacy a reply needs the token.");

  fixture->core->is_legacy_upstream = FALSE;
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_projection_authority_missing",
                     "runtime assignment reply requires broker projection authority");
}

static void
test_skipped (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = accept_order (fixture, NULL);
  g_autofree char *wire_id = NULL;
  g_autofree char *again = NULL;
  g_autofree char *sequence = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.3 item 21, 20.2 row 2: without a token a 403 to reply_requested is logged, and the reply is sent all the same.");

  refuse (fixture, RB_ERROR_REJECTED, 403);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_nonnull (wire_id);
  g_assert_cmpuint (rb_test_count_log ("runtime_reply_requested_projection_skipped"), ==, 1);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 1);

  /* the announcement used its sequence */
  sequence = rb_fake_emitter_member (fixture->authority, "\"reply_emitted\"", "state_sequence");
  g_assert_cmpstr (sequence, ==, "4");
  again = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_cmpstr (again, ==, wire_id);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    RbError     code;
    gint64      status;
    RbError     answer;
  } refusals[] = {
    { RB_ERROR_REJECTED, 409, RB_ERROR_BAD_STATE },
    { RB_ERROR_REJECTED, 404, RB_ERROR_BAD_STATE },
    { RB_ERROR_UNAVAILABLE, 403, RB_ERROR_UNAVAILABLE },
    { RB_ERROR_UNAVAILABLE, 503, RB_ERROR_UNAVAILABLE },
  };
  g_autoptr(RbWorker) worker = accept_order (fixture, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.2 row 2: any other refusal fails the reply, with or without a token.");

  for (size_t i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      refuse (fixture, refusals[i].code, refusals[i].status);
      g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
      rb_assert_refused (error, refusals[i].answer, "runtime_reply_request_rejected", "not you");
    }
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 0);
}

static void
test_with_token (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = accept_order (fixture, "T");
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.2 row 2: with a token a 403 is a refusal, whatever the upstream's age.");

  refuse (fixture, RB_ERROR_REJECTED, 403);
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_reply_request_rejected", "not you");
  g_assert_cmpuint (rb_test_count_log ("runtime_reply_requested_projection_skipped"), ==, 0);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
}

static gboolean
reply_as (RbCoreFixture  *fixture,
          gint64          header_pid,
          gint64          pid,
          RbWorker       *worker,
          const char     *token,
          GError        **error)
{
  RbCaller caller = { .pid = header_pid };
  g_autoptr(GBytes) content = g_bytes_new_static ("\"done\"", 6);
  RbReplyRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = pid,
    .endpoint_owner_token = (char *) token,
    .source_message_id = (char *) "m1",
    .assignment_id = worker->assignment_id,
    .reply_request_id = (char *) "r1",
    .content = content,
  };
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *message_id = NULL;
  g_autofree char *status = NULL;

  rb_reply_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_reply_finish (fixture->core, result, &message_id, &status, error);
}

static void
test_legacy_adapter (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = accept_order (fixture, "T");
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.2 row 3: a legacy adapter answers by its pid alone; a token that it does send must be right, and so must its pid.");

  g_assert_false (reply_as (fixture, WORKER, WORKER, worker, NULL, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");

  rb_registry_lookup (fixture->core->registry, worker->endpoint_id)->traits->legacy = TRUE;
  g_assert_false (reply_as (fixture, WORKER, WORKER, worker, "wrong", &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");
  g_assert_false (reply_as (fixture, 0, OTHER, worker, NULL, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
  g_assert_false (reply_as (fixture, OTHER, WORKER, worker, NULL, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "plugin_pid_mismatch");
  g_clear_error (&error);
  g_assert_true (reply_as (fixture, 0, WORKER, worker, NULL, &error));
  g_assert_no_error (error);
}

/* Source: protocol.md 11.7. The upstream numbers what it staged, so what an adapter counts by itself may be behind. */
static void
test_staged_sequence (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbAssignment *assignment;
  g_autofree char *low = NULL;
  g_autofree char *high = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The sequence is that of the adapter or the next, whichever is higher, of a staged assignment and of any other.");

  rb_worker_take (worker, 1, "m1", NULL);
  g_assert_true (rb_worker_report (worker, "m1", 1, "processing_started", &error));
  low = rb_fake_emitter_member (fixture->authority, "processing_started", "state_sequence");
  g_assert_cmpstr (low, ==, "2");
  g_clear_pointer (&low, g_free);

  assignment = rb_assignments_lookup (fixture->core->assignments, "m1", worker->assignment_id);
  rb_fake_store_watch (fixture->store, NULL, NULL);     /* what comes now no table of transitions has */
  assignment->state = RB_ASSIGNMENT_STAGED;
  assignment->is_staged = TRUE;
  assignment->sequence.last = 6;
  g_assert_true (rb_worker_report (worker, "m1", 2, "processing_started", &error));
  low = rb_fake_emitter_member (fixture->authority, "processing_started", "state_sequence");
  g_assert_cmpstr (low, ==, "7");
  g_assert_true (rb_worker_report (worker, "m1", 20, "processing_started", &error));
  high = rb_fake_emitter_member (fixture->authority, "processing_started", "state_sequence");
  g_assert_cmpstr (high, ==, "20");
  g_clear_pointer (&high, g_free);

  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_true (rb_worker_report (worker, "m1", 3, "processing_interrupted", &error));
  high = rb_fake_emitter_member (fixture->authority, "processing_interrupted", "state_sequence");
  g_assert_cmpstr (high, ==, "22");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/reply-compat/" path, RbCoreFixture, "authority", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("without-token", test_without_token);
  ADD ("other-age", test_other_age);
  ADD ("skipped", test_skipped);
  ADD ("refused", test_refused);
  ADD ("with-token", test_with_token);
  ADD ("legacy-adapter", test_legacy_adapter);
  ADD ("staged-sequence", test_staged_sequence);

  return g_test_run ();
}
