/* test-restart.c: the next process goes on at once, and nobody is to notice
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"
#include "rb-worker.h"

#include "rb-core-private.h"
#include "rb-error.h"

/* Source: protocol.md section 19, and design.md section 4: a restart is no event. test-acceptance.c has the stop for good. */

#define WORKER 100
#define ACCEPTANCE 30000

static void
assert_quiet (RbCoreFixture *fixture)
{
  static const char *const never[] = { "target_lost_before_acceptance", "\"presence\":\"offline\"", "\"state\":\"reconnecting\"",
                                       "\"state\":\"closed\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (never); i++)
    g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, never[i]), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_REGISTER_ENDPOINT], ==, 1);
}

static void
test_pending (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the adapter has and did not accept yet is its own still: it accepts and answers after the restart.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_core_fixture_hand_over (fixture);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_no_error (error);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  assert_quiet (fixture);
}

static void
test_deadline (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("Its deadline keeps running: it is over when it would have been.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_fake_clock_advance (fixture->clock, 20000);
  rb_core_fixture_hand_over (fixture);
  rb_fake_clock_advance (fixture->clock, ACCEPTANCE - 20001);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "adapter_acceptance_timeout"), ==, 1);
}

static void
test_receipt (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A push without its receipt is pushed again, as the same assignment; who waited for it is told to ask again.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "work", NULL);
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, &result);
  id = g_strdup (rb_fake_channel_get (worker->channel, 0)->assignment_id);
  rb_core_stop_async (fixture->core, RB_CORE_RESTART "operator", NULL, NULL);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "broker_shutting_down");
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  g_clear_object (&result);

  rb_core_fixture_hand_over (fixture);
  rb_worker_reattach (worker);
  rb_test_settle ();
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  g_assert_cmpstr (rb_fake_channel_get (worker->channel, 0)->assignment_id, ==, id);
  assert_quiet (fixture);
}

static void
test_order (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("An order that waits for its receipt is not answered; sent again, it is applied, once.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_core_fixture_hand_over (fixture);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  rb_worker_reattach (worker);
  rb_test_settle ();
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "k1 applied");
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "target_lost_before_acceptance"), ==, 0);
}

static void
test_reply_under_way (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *first_id = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A reply on its way at the moment of the stop is sent under the one id that it has, whoever asks again.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->hold = TRUE;
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r1", "done", NULL);
  rb_test_settle ();
  first_id = g_strdup (rb_envelope_get_id (g_ptr_array_index (fixture->connector->sent, 0)));
  rb_core_stop_async (fixture->core, RB_CORE_RESTART "operator", NULL, NULL);
  fixture->connector->hold = FALSE;
  rb_fake_connector_answer (fixture->connector, NULL);
  rb_core_fixture_hand_over (fixture);
  rb_worker_reattach (worker);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (wire_id, ==, first_id);
  assert_quiet (fixture);
}

/* Adapters are served while modules start, the core's timers begin when they have. */
static void
test_early_return (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, WORKER, TRUE);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *id = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_test_summary ("An adapter that is back before the modules have started is back: no grace runs, heartbeats go on.");

  fixture->upstream->heartbeat_after_seconds = 1.5;
  id = rb_core_fixture_register (fixture, WORKER, RB_PLAIN, "s1", NULL);
  fixture->is_late = TRUE;
  rb_core_fixture_crash (fixture);
  second = rb_core_fixture_attach (fixture, WORKER, TRUE);
  g_assert_true (rb_core_fixture_reattach (fixture, WORKER, id, &n, &error));
  g_assert_no_error (error);
  rb_test_forget_logs ();
  rb_core_fixture_go (fixture);
  rb_fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpuint (rb_test_count_log ("state_event_ignored"), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT], ==, 2);
  rb_fake_clock_advance (fixture->clock, fixture->settings.endpoint_grace);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->state, ==, RB_ENDPOINT_ACTIVE);
}

static void
test_early_registration (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("One that registers before the modules have started has one heartbeat, which ends with its endpoint.");

  fixture->upstream->heartbeat_after_seconds = 1.5;
  fixture->is_late = TRUE;
  rb_core_fixture_crash (fixture);
  channel = rb_core_fixture_attach (fixture, WORKER, TRUE);
  id = rb_core_fixture_register (fixture, WORKER, RB_PLAIN, NULL, NULL);
  rb_core_fixture_go (fixture);
  rb_fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT], ==, 2);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, id, NULL));
  rb_fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT], ==, 2);
}

/* What an adapter is told of a message that the network has already must not invite it to send another. */
static void
test_send_under_way (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  gboolean answers = data != NULL;
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, WORKER, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, WORKER, RB_PLAIN, "s1", NULL);
  g_autoptr(GBytes) content = rb_json_slice_from_string ("hello");
  RbSendRequest request = { .endpoint_id = id, .to = (char *) "bob", .content = content };
  RbCaller caller = { .pid = WORKER };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autofree char *message_id = NULL;
  g_autoptr(GError) error = NULL;
  RbSendStatus status;

  g_test_summary ("A stop waits a second for the network's answer to what was sent; then nobody knows, and the adapter is told so.");

  fixture->connector->hold = TRUE;
  rb_send_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_settle ();
  rb_core_stop_async (fixture->core, RB_CORE_RESTART "operator", rb_test_store_result, &stopped);
  rb_fake_clock_advance (fixture->clock, 999);
  g_assert_null (result);
  g_assert_null (stopped);
  if (answers)
    rb_fake_connector_answer (fixture->connector, NULL);
  else
    rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (result != NULL && stopped != NULL);
  g_assert_cmpint (rb_send_finish (fixture->core, result, &message_id, &status, NULL, &error), ==, answers);
  if (!answers)
    {
      g_assert_cmpstr (rb_error_get_reason (error), ==, "connector_send_outcome_unknown");
      g_assert_cmpstr (rb_error_retryable (error), ==, "false");
      rb_fake_connector_answer (fixture->connector, NULL);
      rb_test_settle ();
    }
  g_clear_object (&result);
  g_clear_object (&stopped);
}

static const struct {
  const char *name;
  gint64      jump;       /* of the wall clock while no process runs, ms */
  gint64      left;       /* of an acceptance deadline of which 10 s were left */
} jumps[] = {
  { "outage", 4000, 6000 },
  { "over", 10000, 0 },
  { "forwards", 3600000, 0 },
  { "backwards", -3600000, ACCEPTANCE },
};

/* Deadlines are kept in wall time, the only clock that outlives a reboot. Set back, it may cost a deadline's whole length once more. */
static void
test_clock (RbCoreFixture *fixture,
            gconstpointer  data)
{
  gint64 jump = jumps[GPOINTER_TO_UINT (data)].jump;
  gint64 left = jumps[GPOINTER_TO_UINT (data)].left;
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("An outage counts; a clock that was set meanwhile ends a deadline at once or begins it again, and no wait is longer.");

  rb_core_fixture_set_up (fixture, NULL);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_take (worker, 1, "m1", NULL);
  rb_fake_clock_advance (fixture->clock, ACCEPTANCE - 10000);
  rb_fake_clock_set_wall (fixture->clock, rb_clock_get_wall_ms (fixture->clock) + jump);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, MAX (left - 1, 0));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, left > 0 ? "assignment" : "inbox");
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  /* It was active: it has a whole grace, whatever the clock says. */
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, worker->endpoint_id)->state, ==, RB_ENDPOINT_RECONNECTING);
  rb_fake_clock_advance (fixture->clock, fixture->settings.endpoint_grace);
  g_assert_null (rb_registry_lookup (fixture->core->registry, worker->endpoint_id));
}

static void
test_grace_over (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, WORKER, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, WORKER, RB_PLAIN, "s1", NULL);
  gint64 now;

  g_test_summary ("A grace that ended while no process ran ends at the start, with its reason; what waited is in the inbox.");

  rb_core_fixture_detach (fixture, channel);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{\"target_endpoint_id\":\"ep_1\"}");
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  now = rb_clock_get_wall_ms (fixture->clock);
  rb_fake_clock_set_wall (fixture->clock, now + fixture->settings.endpoint_grace);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, 0);
  g_assert_null (rb_registry_lookup (fixture->core->registry, id));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"grace_timeout\""), ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/restart/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("pending", NULL, test_pending);
  ADD ("deadline", NULL, test_deadline);
  ADD ("receipt", NULL, test_receipt);
  ADD ("order", "network", test_order);
  ADD ("reply-under-way", NULL, test_reply_under_way);
  ADD ("grace-over", NULL, test_grace_over);
  ADD ("send-under-way/answered", "", test_send_under_way);
  ADD ("send-under-way/unknown", NULL, test_send_under_way);
  ADD ("early/return", NULL, test_early_return);
  ADD ("early/registration", NULL, test_early_registration);
  for (guint i = 0; i < G_N_ELEMENTS (jumps); i++)
    {
      g_autofree char *path = g_strdup_printf ("/restart/clock/%s", jumps[i].name);

      g_test_add (path, RbCoreFixture, GUINT_TO_POINTER (i), NULL, test_clock, rb_core_fixture_tear_down);
    }

  return g_test_run ();
}
