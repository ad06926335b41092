/* test-masons-delivery.c: an adapter that is lost at every point of a delivery, direct and dispatched
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"

#include <signal.h>
#include <string.h>

#define COUNT 20

static void
come_back (RbAdapter *adapter)
{
  rb_adapter_set_manner (adapter, RB_ADAPTER_CONFIRMS);
  g_assert_true (rb_adapter_connect (adapter));
  rb_adapter_reattach (adapter);
}

static gboolean
is_reconnecting (RbMasons *fixture)
{
  return rb_masons_says (fixture, "endpoints", "\"state\":\"reconnecting\"");
}

/* Each of them came, in the order of the first time that it came, and is acknowledged; @n_again times one came once more. */
static void
assert_came (RbMasons  *fixture,
             RbAdapter *adapter,
             guint      count,
             guint      n_again)
{
  GPtrArray *pushes = rb_adapter_get_pushes (adapter);
  guint n_first = 0;

  rb_test_wait_until (rb_adapter_count (adapter) == count && rb_masons_is_acked (fixture));
  rb_test_wait_until (rb_masons_says (fixture, "endpoints", "\"queued\":0"));
  g_assert_cmpuint (pushes->len, ==, count + n_again);
  for (guint i = 0; i < pushes->len && n_first < count; i++)
    {
      const RbPush *push = g_ptr_array_index (pushes, i);
      g_autofree char *id = g_strdup_printf ("m-%u", n_first + 1);

      if (g_str_equal (push->source_id, id))
        n_first++;
    }
  g_assert_cmpuint (n_first, ==, count);
}

static void
test_before_push (RbMasons      *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("Without a stream the messages wait in the endpoint's queue, and come in order, once, with the next one.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_adapter_disconnect (adapter);
  rb_test_wait_until (is_reconnecting (fixture));
  rb_masons_burst_to (fixture, adapter, 0, COUNT, "m");
  rb_test_wait_until (rb_masons_is_acked (fixture));
  come_back (adapter);
  assert_came (fixture, adapter, COUNT, 0);
  rb_masons_stop (fixture);
}

static void
test_at_receipt (RbMasons      *fixture,
                 gconstpointer  data)
{
  const RbAdapterManner manner = GPOINTER_TO_INT (data);
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("Lost at a push, before or after its receipt: only a message without a receipt comes again, in order.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  for (guint i = 0; i < 5; i++)
    {
      rb_adapter_set_manner (adapter, manner);
      rb_masons_burst_to (fixture, adapter, 4 * i, 4 * i + 4, "m");
      rb_test_wait_until (!rb_adapter_is_connected (adapter) && is_reconnecting (fixture));
      come_back (adapter);
    }
  assert_came (fixture, adapter, COUNT, manner == RB_ADAPTER_LEAVES ? 5 : 0);
  rb_masons_stop (fixture);
}

static void
test_drain (RbMasons      *fixture,
            gconstpointer  data)
{
  const RbAdapterManner manner = GPOINTER_TO_INT (data);
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *path = NULL;
  g_autofree char *body = NULL;

  g_test_summary ("Lost again and again while its queue is emptied: it is told so, and what has a receipt is not repeated.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  path = g_strdup_printf ("/v1/endpoint/%s/reattach", rb_adapter_get_endpoint (adapter));
  body = g_strdup_printf ("{\"plugin_pid\":%d}", rb_adapter_get_pid (adapter));
  rb_adapter_disconnect (adapter);
  rb_test_wait_until (is_reconnecting (fixture));
  rb_masons_burst_to (fixture, adapter, 0, COUNT, "m");
  rb_test_wait_until (rb_masons_is_acked (fixture));
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *answer = NULL;

      rb_adapter_set_manner (adapter, manner);
      g_assert_true (rb_adapter_connect (adapter));
      g_assert_cmpuint (rb_adapter_call (adapter, "POST", path, body, &answer), ==, 503);
      g_assert_nonnull (strstr (answer, "reconnecting_buffer_drain_failed"));
      rb_test_wait_until (is_reconnecting (fixture));
    }
  come_back (adapter);
  assert_came (fixture, adapter, COUNT, manner == RB_ADAPTER_LEAVES ? 5 : 0);
  rb_masons_stop (fixture);
}

static void
test_late_receipt (RbMasons      *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("A stream without receipts holds its own lane back: the messages wait, and come once when the receipts do.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_adapter_set_manner (adapter, RB_ADAPTER_KEEPS);
  rb_masons_burst_to (fixture, adapter, 0, COUNT, "m");
  rb_test_wait_until (rb_masons_is_acked (fixture) && rb_adapter_count (adapter) == 1);
  g_assert_true (rb_masons_says (fixture, "endpoints", "\"on_the_way\":1"));
  rb_adapter_set_manner (adapter, RB_ADAPTER_CONFIRMS);
  rb_adapter_confirm_kept (adapter);
  assert_came (fixture, adapter, COUNT, 0);
  rb_masons_stop (fixture);
}

/* Dispatched messages */

/* What is taken back would be claimed for the adapter at once, before the test sees it. */
static void
start_without_mailroom (RbMasons *fixture)
{
  rb_sim_set_capability (fixture->sim, "staged_assignment", "false");
  rb_masons_start (fixture);
}

static void
make_row (RbMasons   *fixture,
          const char *id)
{
  rb_sim_gateway_deliver (fixture->gateway, id, "bob@sim", id, NULL);
  rb_test_wait_until (rb_sim_work_lookup_row (rb_sim_get_work (fixture->sim), id) != NULL);
}

static const RbPush *
last_push (RbAdapter *adapter)
{
  GPtrArray *pushes = rb_adapter_get_pushes (adapter);

  g_assert_cmpuint (pushes->len, >, 0);
  return g_ptr_array_index (pushes, pushes->len - 1);
}

static guint
finish (RbAsk *ask)
{
  rb_test_wait_until (ask->is_done);
  return ask->status;
}

/* Takes the last assignment to its end: the upstream knows it, and one reply left. */
static void
answer_last (RbMasons  *fixture,
             RbAdapter *adapter)
{
  const RbPush *push = last_push (adapter);
  g_autoptr(RbAsk) accept = rb_adapter_begin_accept (adapter, push);
  g_autoptr(RbAsk) reply = NULL;
  RbSimAssignment *assignment = rb_sim_work_lookup (rb_sim_get_work (fixture->sim), push->assignment_id);

  g_assert_cmpuint (finish (accept), ==, 200);
  reply = rb_adapter_begin_reply (adapter, push, "the answer");
  g_assert_cmpuint (finish (reply), ==, 200);
  rb_test_wait_until (assignment->is_closed);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", "\"the answer\""), ==, 1);
  rb_test_wait_until (rb_masons_number (fixture, "assignments") == 0);
  g_assert_cmpuint (rb_masons_count_inbox (fixture, "row"), ==, 0);
}

static char *
wait_ack (RbMasons   *fixture,
          const char *key)
{
  char *ack = NULL;

  rb_test_wait_until ((ack = rb_sim_dup_ack (fixture->sim, key)) != NULL);
  return ack;
}

static void
test_dispatch_before_push (RbMasons      *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *key = NULL;
  g_autofree char *ack = NULL;

  g_test_summary ("Dispatched to an endpoint without a stream: it is applied, waits, and comes once with the next stream.");

  start_without_mailroom (fixture);
  adapter = rb_masons_attach (fixture, TRUE);
  make_row (fixture, "row");
  rb_adapter_disconnect (adapter);
  rb_test_wait_until (is_reconnecting (fixture));
  key = rb_sim_dispatch (fixture->sim, "row", rb_adapter_get_endpoint (adapter));
  ack = wait_ack (fixture, key);
  g_assert_cmpstr (ack, ==, "applied");
  come_back (adapter);
  g_assert_cmpuint (rb_adapter_get_pushes (adapter)->len, ==, 1);
  answer_last (fixture, adapter);
  rb_masons_stop (fixture);
}

static void
test_dispatch_before_receipt (RbMasons      *fixture,
                              gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *key = NULL;
  g_autofree char *ack = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("Lost before its receipt, a dispatch has failed: the message is in the inbox again, free for the next dispatch.");

  start_without_mailroom (fixture);
  adapter = rb_masons_attach (fixture, TRUE);
  make_row (fixture, "row");
  rb_adapter_set_manner (adapter, RB_ADAPTER_LEAVES);
  key = rb_sim_dispatch (fixture->sim, "row", rb_adapter_get_endpoint (adapter));
  ack = wait_ack (fixture, key);
  g_assert_true (g_str_has_prefix (ack, "failed: target endpoint did not acknowledge push receipt"));
  rb_test_wait_until (rb_sim_work_count_waiting (rb_sim_get_work (fixture->sim)) == 1);
  g_assert_cmpuint (rb_masons_count_inbox (fixture, "row"), ==, 1);
  g_assert_cmpint (rb_masons_number (fixture, "assignments"), ==, 0);

  come_back (adapter);
  g_assert_cmpuint (rb_adapter_get_pushes (adapter)->len, ==, 1);
  again = rb_sim_dispatch (fixture->sim, "row", rb_adapter_get_endpoint (adapter));
  rb_test_wait_until (rb_adapter_get_pushes (adapter)->len == 2);
  answer_last (fixture, adapter);
  rb_masons_stop (fixture);
}

static void
test_dispatch_after_receipt (RbMasons      *fixture,
                             gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *key = NULL;
  g_autofree char *ack = NULL;

  g_test_summary ("Lost after its receipt, the assignment is the adapter's: it comes back, accepts and answers; nothing is pushed again.");

  start_without_mailroom (fixture);
  adapter = rb_masons_attach (fixture, TRUE);
  make_row (fixture, "row");
  rb_adapter_set_manner (adapter, RB_ADAPTER_CONFIRMS_LEAVES);
  key = rb_sim_dispatch (fixture->sim, "row", rb_adapter_get_endpoint (adapter));
  ack = wait_ack (fixture, key);
  g_assert_cmpstr (ack, ==, "applied");
  rb_test_wait_until (is_reconnecting (fixture));
  come_back (adapter);
  g_assert_cmpuint (rb_adapter_get_pushes (adapter)->len, ==, 1);
  answer_last (fixture, adapter);
  rb_masons_stop (fixture);
}

static void
test_dispatch_drain (RbMasons      *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *path = NULL;
  g_autofree char *body = NULL;
  g_autofree char *key = NULL;
  g_autofree char *ack = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("Lost while the queue with a dispatch is emptied: the dispatch is taken back, once, and can be made again.");

  start_without_mailroom (fixture);
  adapter = rb_masons_attach (fixture, TRUE);
  path = g_strdup_printf ("/v1/endpoint/%s/reattach", rb_adapter_get_endpoint (adapter));
  body = g_strdup_printf ("{\"plugin_pid\":%d}", rb_adapter_get_pid (adapter));
  make_row (fixture, "row");
  rb_adapter_disconnect (adapter);
  rb_test_wait_until (is_reconnecting (fixture));
  key = rb_sim_dispatch (fixture->sim, "row", rb_adapter_get_endpoint (adapter));
  ack = wait_ack (fixture, key);
  rb_adapter_set_manner (adapter, RB_ADAPTER_LEAVES);
  g_assert_true (rb_adapter_connect (adapter));
  g_assert_cmpuint (rb_adapter_call (adapter, "POST", path, body, NULL), ==, 503);
  rb_test_wait_until (rb_sim_work_count_waiting (rb_sim_get_work (fixture->sim)) == 1);
  g_assert_cmpuint (rb_masons_count_inbox (fixture, "row"), ==, 1);

  come_back (adapter);
  again = rb_sim_dispatch (fixture->sim, "row", rb_adapter_get_endpoint (adapter));
  rb_test_wait_until (rb_adapter_get_pushes (adapter)->len == 2);
  answer_last (fixture, adapter);
  rb_masons_stop (fixture);
}

/* Time that jumps */

static gboolean
on_rested (gpointer user_data)
{
  gboolean *is_over = user_data;

  *is_over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_suspended (RbMasons      *fixture,
                gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  gboolean is_over = FALSE;

  g_test_summary ("A daemon that stood still for three seconds in a burst, longer than any of its timers, goes on: nothing lost or twice.");

  rb_masons_set (fixture, "gateway.keepalive-ms=700");
  rb_masons_set (fixture, "http.request-timeout-ms=2000");
  rb_masons_set (fixture, "limits.push-ack-timeout-ms=2000");
  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_masons_burst_to (fixture, adapter, 0, 100, "m");
  rb_test_wait_until (rb_adapter_count (adapter) >= 10);
  rb_daemon_fixture_signal (fixture->daemon, SIGSTOP);
  rb_masons_burst_to (fixture, adapter, 100, 200, "m");
  g_timeout_add (3000, on_rested, &is_over);
  rb_test_wait_until (is_over);
  rb_daemon_fixture_signal (fixture->daemon, SIGCONT);
  rb_masons_burst_to (fixture, adapter, 200, 300, "m");
  rb_masons_wait_long (60, rb_adapter_count (adapter) == 300 && rb_masons_is_acked (fixture));
  rb_adapter_assert_in_order (adapter, "m", 300);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD_WITH(path, function, manner) \
  g_test_add (path, RbMasons, GINT_TO_POINTER (manner), rb_masons_set_up, function, rb_masons_tear_down)
  rb_masons_add ("/masons-delivery/direct/before-push", test_before_push);
  ADD_WITH ("/masons-delivery/direct/before-receipt", test_at_receipt, RB_ADAPTER_LEAVES);
  ADD_WITH ("/masons-delivery/direct/after-receipt", test_at_receipt, RB_ADAPTER_CONFIRMS_LEAVES);
  ADD_WITH ("/masons-delivery/direct/drain-before-receipt", test_drain, RB_ADAPTER_LEAVES);
  ADD_WITH ("/masons-delivery/direct/drain-after-receipt", test_drain, RB_ADAPTER_CONFIRMS_LEAVES);
#undef ADD_WITH
  rb_masons_add ("/masons-delivery/direct/late-receipt", test_late_receipt);
  rb_masons_add ("/masons-delivery/dispatch/before-push", test_dispatch_before_push);
  rb_masons_add ("/masons-delivery/dispatch/before-receipt", test_dispatch_before_receipt);
  rb_masons_add ("/masons-delivery/dispatch/after-receipt", test_dispatch_after_receipt);
  rb_masons_add ("/masons-delivery/dispatch/drain", test_dispatch_drain);
  rb_masons_add ("/masons-delivery/suspended", test_suspended);
  return g_test_run ();
}
