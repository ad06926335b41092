/* test-control.c: control events are carried out once, and answered when it is so (protocol.md 15.5, 15.6, 15.7, 20.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

#include "rb-error.h"

#define WORKER 100
#define OTHER 200

/* Each takes a while with the sanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define MANY 200u
#else
#define MANY 2000u
#endif

/* protocol.md 24.2. */
static void
test_no_handler (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_test_summary ("What nobody carries out fails by name, owner_session_delivery too; it is not remembered.");

  rb_control_send (fixture, "owner_session_delivery", "k1", ", 'text': <'hello'>");
  rb_assert_acked (fixture, 1, "k1 failed no_handler:owner_session_delivery");
  rb_control_send (fixture, "owner_session_delivery", "k1", "");
  rb_assert_acked (fixture, 2, "k1 failed no_handler:owner_session_delivery");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CONTROL_KEYS), ==, 0);
}

static void
test_nudge (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_test_summary ("A nudge is logged and applied, whatever it is about.");

  rb_control_send (fixture, "dispatch_nudge", "k1", ", 'undispatched_id': <'m1'>, 'target_endpoint_id': <'ep_none'>");
  rb_assert_acked (fixture, 1, "k1 applied");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1);
}

static void
test_unregister (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *members = g_strdup_printf (", 'endpoint_id': <'%s'>, 'reason': <'owner'>", worker->endpoint_id);

  g_test_summary ("An endpoint is unregistered on the upstream's word, durably before that is answered; one that is not there is no failure.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_control_send (fixture, "force_unregister", "k1", members);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  rb_assert_acked (fixture, 1, "k1 applied");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 0);
  g_assert_cmpuint (rb_test_count_log ("force_unregister_received"), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);

  rb_control_send (fixture, "force_unregister", "k2", members);
  rb_assert_acked (fixture, 2, "k2 applied");
  g_assert_cmpuint (rb_test_count_log ("force_unregister_received"), ==, 0);

  rb_control_send (fixture, "force_unregister", "k3", "");
  rb_assert_acked (fixture, 3, "k3 failed invalid_control_event");
}

static void
test_remembered (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_test_summary ("20.3 item 20: a success is remembered, over a restart and a crash, and answered without doing anything again.");

  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  rb_assert_acked (fixture, 2, "k1 applied");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1);

  rb_core_fixture_restart (fixture);
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  rb_assert_acked (fixture, 3, "k1 applied");
  rb_core_fixture_crash (fixture);
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  rb_assert_acked (fixture, 4, "k1 applied");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 0);
}

static void
test_ring (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_test_summary ("1,024 keys are remembered; the oldest leaves, from the disk too, and is carried out again.");

  for (guint i = 0; i < 1025; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      rb_control_send (fixture, "dispatch_nudge", key, "");
    }
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1025);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CONTROL_KEYS), ==, 1024);

  rb_core_fixture_restart (fixture);
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 0);
  rb_control_send (fixture, "dispatch_nudge", "k0", "");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1);
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CONTROL_KEYS), ==, 1024);
}

static void
test_join (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 20: concurrent duplicates share one run, and each is answered with its outcome.");

  rb_order_arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_order_send (fixture, &order);
  rb_order_send (fixture, &order);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 1);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (worker->channel->pushes->len, ==, 1);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 2, "k1 applied");
  g_assert_cmpstr (g_ptr_array_index (fixture->upstream->acks, 0), ==, "k1 applied");
}

static void
test_failure_again (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("20.3 item 20: a failure is not remembered: the same key may succeed later.");

  rb_order_send (fixture, &order);
  rb_assert_acked (fixture, 1, "k1 failed unknown undispatched_id: m1");
  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 2, "k1 applied");
}

static void
test_side_by_side (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) slow = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) quick = rb_worker_new (fixture, OTHER);
  RbOrder first = rb_order_default (slow, "k1", "m1");
  RbOrder second = rb_order_default (quick, "k2", "m2");

  g_test_summary ("An upstream that does not answer holds up what concerns the same endpoint or row, and nothing else.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_arrive (fixture, 2, "m2");
  fixture->authority->hold = TRUE;
  rb_order_send (fixture, &first);
  fixture->authority->hold = FALSE;
  rb_order_send (fixture, &second);
  rb_worker_receipt (quick);
  rb_assert_acked (fixture, 1, "k2 applied");
  rb_control_send (fixture, "dispatch_nudge", "k3", "");
  rb_assert_acked (fixture, 2, "k3 applied");

  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  rb_worker_receipt (slow);
  rb_assert_acked (fixture, 3, "k1 applied");
}

static void
test_in_line (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *members = g_strdup_printf (", 'endpoint_id': <'%s'>", worker->endpoint_id);
  RbOrder first = rb_order_default (worker, "k1", "m1");
  RbOrder second = rb_order_default (worker, "k2", "m2");

  g_test_summary ("What concerns one endpoint keeps its order: a quick order does not overtake a slow one, and it goes last of all.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_arrive (fixture, 2, "m2");
  fixture->authority->hold = TRUE;
  rb_order_send (fixture, &first);
  rb_order_send (fixture, &second);
  rb_control_send (fixture, "force_unregister", "k3", members);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 1);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 3);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "assigned_to_runtime_target"), ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reason_code\":\"endpoint_lost\""), ==, 2);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
}

/* An adapter that is slow with its receipt. */
static void
test_receipt_holds_nobody (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder first = rb_order_default (worker, "k1", "m1");
  RbOrder second = rb_order_default (worker, "k2", "m2");

  g_test_summary ("No event waits for another's receipt; what was pushed was pushed in their order.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "one", "{\"correlation_id\":\"c1\"}");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "eve", "two", "{\"correlation_id\":\"c2\"}");
  rb_test_settle ();
  rb_order_send (fixture, &first);
  rb_order_send (fixture, &second);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 2);
  g_assert_cmpstr (rb_fake_channel_get (worker->channel, 0)->assignment_id, ==, "k1");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "k2 applied");
  rb_core_fixture_receipt (fixture, worker->channel, 0);
  rb_assert_acked (fixture, 2, "k1 applied");
}

static void
test_many_in_line (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k", "m1");

  g_test_summary ("However many stand in one line, each is answered once its turn has come.");

  rb_order_arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      order.key = key;
      rb_order_send (fixture, &order);
    }
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->acks->len, ==, MANY - 1);
  g_assert_cmpstr (g_ptr_array_index (fixture->upstream->acks, 0), ==, "k1 failed unknown undispatched_id: m1");
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, MANY, "k0 applied");
}

static void
test_stopping (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *members = g_strdup_printf (", 'endpoint_id': <'%s'>", worker->endpoint_id);
  RbOrder order = rb_order_default (worker, "k1", "m1");

  g_test_summary ("What has not begun when the broker stops is not answered: the upstream asks again.");

  rb_order_arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  rb_order_send (fixture, &order);
  rb_control_send (fixture, "force_unregister", "k2", members);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", NULL, NULL);
  rb_test_settle ();
  rb_control_send (fixture, "dispatch_nudge", "k3", "");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  rb_assert_acked (fixture, 1, "k1 failed the broker is shutting down");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 1);
}

static void
test_store_fails (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_test_summary ("What cannot be remembered has failed.");

  rb_fake_store_break (fixture->store);
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 1);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (fixture->upstream->acks, 0), "k1 failed "));
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  g_assert_true (g_str_has_prefix (g_ptr_array_index (fixture->upstream->acks, 1), "k1 failed "));
}

static void
test_ack_fails (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_test_summary ("An acknowledgement that does not arrive is logged, by whether anybody answered; what was done stays done.");

  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  g_assert_cmpuint (rb_test_count_log ("ack_post_error"), ==, 1);
  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (500));
  rb_control_send (fixture, "dispatch_nudge", "k1", "");
  g_assert_cmpuint (rb_test_count_log ("ack_post_failed"), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1);
}

static void
test_malformed (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_test_summary ("Without a key or a type there is nothing to answer.");

  rb_fake_upstream_control (fixture->upstream, "{'type': <'dispatch_nudge'>}");
  rb_fake_upstream_control (fixture->upstream, "{'idempotency_key': <'k1'>}");
  rb_fake_upstream_control (fixture->upstream, "{'type': <int64 1>, 'idempotency_key': <'k1'>}");
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/control/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("no-handler", NULL, test_no_handler);
  ADD ("nudge", NULL, test_nudge);
  ADD ("force-unregister", NULL, test_unregister);
  ADD ("keys/remembered", NULL, test_remembered);
  ADD ("keys/ring", NULL, test_ring);
  ADD ("keys/join", "authority", test_join);
  ADD ("keys/failure-again", "authority", test_failure_again);
  ADD ("order/side-by-side", "authority", test_side_by_side);
  ADD ("order/in-line", "authority", test_in_line);
  ADD ("order/receipt-holds-nobody", "authority", test_receipt_holds_nobody);
  ADD ("order/many-in-line", "authority", test_many_in_line);
  ADD ("stopping", "authority", test_stopping);
  ADD ("store-fails", NULL, test_store_fails);
  ADD ("ack-fails", NULL, test_ack_fails);
  ADD ("malformed", NULL, test_malformed);

  return g_test_run ();
}
