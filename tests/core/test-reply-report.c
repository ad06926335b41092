/* test-reply-report.c: the upstream hears of each reply until it has heard (protocol.md 11.9)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"

#define WORKER 100

#define EMITTED "\"state\":\"reply_emitted\""

static void
set_failure (RbCoreFixture *fixture,
             int            kind)
{
  g_clear_error (&fixture->authority->failure);
  if (kind >= 0)
    fixture->authority->failure = rb_error_new (kind, NULL, "no");
}

static guint
count_emitted (RbCoreFixture *fixture)
{
  return rb_fake_emitter_count (fixture->authority, EMITTED);
}

/* Accepted and answered, while the upstream takes no report of it: reply_requested was taken, reply_emitted is not. */
static char *
reply_unheard (RbWorker   *worker,
               gint64      seq,
               const char *message_id)
{
  RbCoreFixture *fixture = worker->fixture;
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *status = NULL;
  g_autoptr(GError) error = NULL;
  char *wire_id = NULL;

  rb_worker_accept (worker, seq, message_id, NULL);
  fixture->connector->hold = TRUE;
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, message_id, worker->assignment_id, "r1", "done", &result);
  set_failure (fixture, RB_ERROR_UNAVAILABLE);
  fixture->connector->hold = FALSE;
  rb_fake_connector_answer (fixture->connector, NULL);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_reply_finish (fixture->core, result, &wire_id, &status, &error));
  rb_test_settle ();
  g_assert_cmpstr (rb_worker_state (worker, message_id), ==, "replied");
  return wire_id;
}

/* protocol.md 20.3 item 15. */
static void
test_retried (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const gint64 waits[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = reply_unheard (worker, 1, "m1");
  g_autofree char *occurred_at = rb_fake_emitter_member (fixture->authority, EMITTED, "occurred_at");
  g_autofree char *again = NULL;
  g_autofree char *again_at = NULL;
  g_autofree char *sequence = NULL;
  g_autofree char *outbound = NULL;
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", wire_id);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Retried after 1, 2, 4 ... 30 s, as it was, until it is accepted; then the assignment is forgotten.");

  g_assert_cmpuint (count_emitted (fixture), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      rb_fake_clock_advance (fixture->clock, waits[i] - 1);
      g_assert_cmpuint (count_emitted (fixture), ==, i + 1);
      rb_fake_clock_advance (fixture->clock, 1);
      g_assert_cmpuint (count_emitted (fixture), ==, i + 2);
    }

  /* repeated meanwhile: answered, not sent */
  again = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_cmpstr (again, ==, wire_id);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);

  set_failure (fixture, -1);
  rb_fake_clock_advance (fixture->clock, 30000);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  again_at = rb_fake_emitter_member (fixture->authority, EMITTED, "occurred_at");
  sequence = rb_fake_emitter_member (fixture->authority, EMITTED, "state_sequence");
  outbound = rb_fake_emitter_member (fixture->authority, EMITTED, "outbound_message_id");
  g_assert_cmpstr (again_at, ==, occurred_at);
  g_assert_cmpstr (sequence, ==, "4");
  g_assert_cmpstr (outbound, ==, quoted);

  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (count_emitted (fixture), ==, G_N_ELEMENTS (waits) + 2);
  g_assert_null (rb_worker_reply (worker, "m1", "r2", "more", &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
}

static void
test_terminal (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = reply_unheard (worker, 1, "m1");

  g_test_summary ("A terminal refusal ends it as well, and is kept as a dead letter.");

  set_failure (fixture, RB_ERROR_REJECTED);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_OUTBOX), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("runtime_reply_emitted_projection_failed"), ==, 2);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
}

static void
test_second_reply (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_test_summary ("Two replies at once, neither of which is confirmed: both are reported, in order, and no timer is left behind.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->hold = TRUE;
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r1", "done", &first);
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r2", "more", &second);
  set_failure (fixture, RB_ERROR_UNAVAILABLE);
  fixture->connector->hold = FALSE;
  rb_fake_connector_answer (fixture->connector, NULL);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, ":reply_emitted:r2"), ==, 0);
  rb_fake_clock_advance (fixture->clock, 5000);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, ":reply_emitted:r2"), ==, 0);

  set_failure (fixture, -1);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, ":reply_emitted:r2"), ==, 1);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  rb_fake_clock_advance (fixture->clock, 600000);
}

static void
test_late_reply (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *first = reply_unheard (worker, 1, "m1");
  g_autoptr(GError) error = NULL;

  g_test_summary ("A second reply does not overtake the report of the first, which is tried at once: it may come again, or is too late.");

  g_assert_null (rb_worker_reply (worker, "m1", "r2", "more", &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_reply_request_rejected", "no");
  g_assert_cmpuint (count_emitted (fixture), ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, ":reply_requested:r2"), ==, 0);

  set_failure (fixture, -1);
  g_assert_null (rb_worker_reply (worker, "m1", "r2", "more", &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_assert_cmpuint (count_emitted (fixture), ==, 3);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = reply_unheard (worker, 1, "m1");
  g_autofree char *sequence = NULL;
  g_autofree char *outbound = NULL;
  g_autofree char *token = NULL;
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", wire_id);
  guint n;

  g_test_summary ("A replied assignment goes on being reported after a crash, with what it was reported with before.");

  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "replied");
  n = count_emitted (fixture);
  g_assert_cmpuint (n, >, 0);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpuint (count_emitted (fixture), ==, n + 1);
  set_failure (fixture, -1);
  rb_fake_clock_advance (fixture->clock, 2000);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  sequence = rb_fake_emitter_member (fixture->authority, EMITTED, "state_sequence");
  outbound = rb_fake_emitter_member (fixture->authority, EMITTED, "outbound_message_id");
  token = rb_fake_emitter_member (fixture->authority, EMITTED, "broker_projection_token");
  g_assert_cmpstr (sequence, ==, "4");
  g_assert_cmpstr (outbound, ==, quoted);
  g_assert_nonnull (token);
}

static void
test_endpoint_gone (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = reply_unheard (worker, 1, "m1");
  g_autoptr(GError) error = NULL;

  g_test_summary ("The report outlives the endpoint, also over a crash.");

  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, worker->endpoint_id, &error));
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "replied");
  rb_core_fixture_crash (fixture);
  set_failure (fixture, -1);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);
}

static void
test_shutdown (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *heard = reply_unheard (worker, 1, "m1");
  guint n;

  g_test_summary ("Stopping reports once more and waits for the answer; what is refused then goes on after the next start.");

  rb_fake_clock_advance (fixture->clock, 500);
  n = count_emitted (fixture);
  rb_core_fixture_restart (fixture);
  g_assert_cmpuint (rb_test_count_log ("runtime_reply_emitted_shutdown_flush_failed"), ==, 1);
  g_assert_cmpuint (count_emitted (fixture), ==, n + 2);   /* at the stop, and at the start */
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "replied");

  set_failure (fixture, -1);
  fixture->authority->hold = TRUE;
  rb_core_stop_async (fixture->core, "signal:SIGTERM", NULL, NULL);
  rb_test_settle ();
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
}

static void
test_no_authority_any_more (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = reply_unheard (worker, 1, "m1");

  g_test_summary ("Where nobody asks for the report any more, the assignment ends.");

  fixture->authority->is_authority = FALSE;
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/reply/report/" path, RbCoreFixture, "authority", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("retried", test_retried);
  ADD ("terminal", test_terminal);
  ADD ("second-reply", test_second_reply);
  ADD ("late-reply", test_late_reply);
  ADD ("crash", test_crash);
  ADD ("endpoint-gone", test_endpoint_gone);
  ADD ("shutdown", test_shutdown);
  ADD ("no-authority-any-more", test_no_authority_any_more);

  return g_test_run ();
}
