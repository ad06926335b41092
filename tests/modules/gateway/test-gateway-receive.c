/* test-gateway-receive.c: messages come in: numbers, gaps, repetitions, the window, acknowledgements (protocol.md 13.4, 13.6, 13.7, 13.8, 13.11)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-fake-clock.h"
#include "rb-gateway-stream.h"
#include "rb-json.h"
#include "rb-test.h"

#include <string.h>

#define ACKS rb_sim_count_frames (peer->sim, "DELIVERY_ACK", NULL)
#define ASKS rb_sim_count_frames (peer->sim, "REQUEST_GAP_FILL", NULL)
#define ARRIVED(n) (peer->deliveries->len == (n))

static void
deliver (Peer *peer,
         guint count)
{
  for (guint i = 0; i < count; i++)
    rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "hello", NULL);
}

static void
drop_link (Peer *peer)
{
  guint before = peer->n_disconnected;

  rb_sim_gateway_end (peer->gateway, RB_SIM_END_DROP, 0, NULL);
  rb_test_wait_until (peer->n_disconnected == before + 1);
}

static void
reconnect (Peer *peer)
{
  guint before = peer->n_connected;

  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == before + 1);
}

static void
test_message (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  const Delivery *delivery;
  g_autofree char *text = NULL;

  g_test_summary ("A message arrives with its number, id, sender and content; accepted, it is acknowledged.");

  rb_sim_gateway_deliver (peer->gateway, "m-1", "bob@sim", "h\xc3\xa4llo", "{\"a\":1}");
  rb_test_wait_until (ARRIVED (1));
  delivery = g_ptr_array_index (peer->deliveries, 0);
  text = rb_json_slice_to_string (rb_envelope_get_content (delivery->envelope), NULL);
  g_assert_cmpint (delivery->seq, ==, 1);
  g_assert_cmpstr (rb_envelope_get_id (delivery->envelope), ==, "m-1");
  g_assert_cmpstr (rb_envelope_get_from (delivery->envelope), ==, "bob@sim");
  g_assert_cmpstr (text, ==, "h\xc3\xa4llo");

  peer_sync (peer);
  g_assert_cmpuint (ACKS, ==, 0);
  rb_connector_accept (peer->connector, 1);
  peer_wait_acked (peer, 1);
  g_assert_cmpuint (ACKS, ==, 1);
}

static void
test_acks_are_coalesced (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("What is accepted in one turn is acknowledged with one frame; nothing beyond the first gap is.");

  deliver (peer, 10);
  rb_test_wait_until (ARRIVED (10));
  for (gint64 seq = 10; seq >= 1; seq--)
    if (seq != 8)
      rb_connector_accept (peer->connector, seq);
  peer_wait_acked (peer, 7);
  g_assert_cmpuint (ACKS, ==, 1);
  rb_connector_accept (peer->connector, 8);
  peer_wait_acked (peer, 10);
  g_assert_cmpuint (ACKS, ==, 2);
}

static void
test_gap (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A gap is asked for at once, from the floor; filled, all is acknowledged (protocol.md 24.3).");

  peer->accepts = TRUE;
  deliver (peer, 4);
  peer_wait_acked (peer, 4);
  rb_sim_gateway_withhold (peer->gateway, "late", "bob@sim", "x", NULL);
  deliver (peer, 2);
  peer_wait_acked (peer, 7);
  g_assert_cmpuint (ASKS, ==, 1);
  g_assert_cmpint (peer_get_number (peer, "REQUEST_GAP_FILL", 0, "sinceSeq"), ==, 4);
  g_assert_cmpstr (peer_get_id (peer, 6), ==, "late");
  g_assert_true (ARRIVED (7));
}

static void
test_gap_that_stays (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A gap that stays is asked for after 1 s, 2 s, 4 s, not for every message (IMP-45); after the fifth time that is said once.");
  rb_test_forget_logs ();

  peer->accepts = TRUE;
  rb_sim_gateway_set_gap_fill (peer->gateway, FALSE);
  rb_sim_gateway_withhold (peer->gateway, NULL, "bob@sim", "x", NULL);
  deliver (peer, 100);
  rb_test_wait_until (ARRIVED (100));
  peer_sync (peer);
  g_assert_cmpuint (ASKS, ==, 1);
  for (guint i = 0; i < 3; i++)
    {
      rb_fake_clock_advance (peer->clock, (1000 << i) - 1);
      peer_sync (peer);
      g_assert_cmpuint (ASKS, ==, i + 1);
      rb_fake_clock_advance (peer->clock, 1);
      peer_sync (peer);
      g_assert_cmpuint (ASKS, ==, i + 2);
    }
  g_assert_cmpuint (ACKS, ==, 0);
  g_assert_cmpuint (rb_test_count_log ("delivery_gap_stays"), ==, 0);
  rb_fake_clock_advance (peer->clock, 8000);
  g_assert_cmpuint (rb_test_count_log ("delivery_gap_stays"), ==, 1);

  rb_sim_gateway_set_gap_fill (peer->gateway, TRUE);
  rb_fake_clock_advance (peer->clock, 16000);
  peer_wait_acked (peer, 101);
  rb_fake_clock_advance (peer->clock, 60000);
  peer_sync (peer);
  g_assert_cmpuint (ASKS, ==, 6);
  g_assert_cmpuint (rb_test_count_log ("delivery_gap_stays"), ==, 0);
}

static void
test_burst_in_progress (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A burst that is not decided yet is no gap.");

  deliver (peer, 200);
  rb_test_wait_until (ARRIVED (200));
  rb_fake_clock_advance (peer->clock, 10000);
  peer_sync (peer);
  g_assert_cmpuint (ASKS, ==, 0);
}

/* Source: protocol.md 9.1, IMP-26. */
static void
test_released (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A refused message is asked for after 1 s, then 2 s, as long as it is refused (IMP-26); others go on.");

  deliver (peer, 2);
  rb_test_wait_until (ARRIVED (2));
  rb_connector_accept (peer->connector, 2);
  for (guint i = 0; i < 2; i++)
    {
      rb_connector_release (peer->connector, 1);
      rb_fake_clock_advance (peer->clock, (1000 << i) - 1);
      peer_sync (peer);
      g_assert_cmpuint (ASKS, ==, i);
      rb_fake_clock_advance (peer->clock, 1);
      rb_test_wait_until (ARRIVED (3 + i));
      g_assert_cmpint (peer_get_seq (peer, 2 + i), ==, 1);
    }
  rb_connector_accept (peer->connector, 1);
  peer_wait_acked (peer, 2);
  rb_fake_clock_advance (peer->clock, 120000);
  peer_sync (peer);
  g_assert_cmpuint (ASKS, ==, 2);
  g_assert_true (ARRIVED (4));
}

static void
test_repetitions (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("Whatever the gateway repeats, in whatever order, each number is handed on once.");

  deliver (peer, 20);
  rb_test_wait_until (ARRIVED (20));
  rb_sim_gateway_replay (peer->gateway, 0);
  for (gint64 seq = 1; seq <= 10; seq++)
    rb_connector_accept (peer->connector, seq * 2);
  rb_sim_gateway_replay_reversed (peer->gateway, 0);
  peer_sync (peer);
  g_assert_true (ARRIVED (20));
  for (gint64 seq = 1; seq <= 10; seq++)
    rb_connector_accept (peer->connector, seq * 2 - 1);
  peer_wait_acked (peer, 20);
  rb_sim_gateway_replay (peer->gateway, 0);
  peer_sync (peer);
  g_assert_true (ARRIVED (20));
}

static void
test_second_number (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("The same message under another number is handed on, for the broker to settle (IMP-44): no gap stays.");

  rb_sim_gateway_deliver (peer->gateway, "m-1", "bob@sim", "x", NULL);
  rb_sim_gateway_deliver_again (peer->gateway, "m-1");
  rb_test_wait_until (ARRIVED (2));
  g_assert_cmpstr (peer_get_id (peer, 1), ==, "m-1");
  rb_connector_accept (peer->connector, 1);
  rb_connector_accept (peer->connector, 2);
  peer_wait_acked (peer, 2);
}

static void
test_bare (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("Messages without a number are handed on, once an id, and never acknowledged.");

  for (guint i = 0; i < 2; i++)
    {
      rb_sim_gateway_deliver_bare (peer->gateway, "u-1", "bob@sim", "x", NULL);
      rb_sim_gateway_deliver_bare (peer->gateway, NULL, "bob@sim", "x", NULL);
    }
  peer_sync (peer);
  g_assert_true (ARRIVED (3));
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (peer_get_seq (peer, i), ==, RB_CONNECTOR_NO_SEQ);
  rb_connector_accept (peer->connector, RB_CONNECTOR_NO_SEQ);
  rb_connector_release (peer->connector, RB_CONNECTOR_NO_SEQ);
  peer_sync (peer);
  g_assert_cmpuint (ACKS + ASKS, ==, 0);
}

static void
test_skip (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A skipped number counts as accepted; a gap before it is asked for.");

  peer->accepts = TRUE;
  deliver (peer, 1);
  rb_sim_gateway_skip (peer->gateway);
  peer_wait_acked (peer, 2);
  rb_sim_gateway_withhold (peer->gateway, NULL, "bob@sim", "x", NULL);
  rb_sim_gateway_skip (peer->gateway);
  peer_wait_acked (peer, 4);
  g_assert_cmpuint (ASKS, ==, 1);
  g_assert_cmpint (peer_get_number (peer, "REQUEST_GAP_FILL", 0, "sinceSeq"), ==, 2);
}

static void
test_cursor_jump (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("DELIVERY_CURSOR moves the floor, and the file with it (IMP-8); what it says is missing is asked for.");

  for (guint i = 0; i < 5; i++)
    rb_sim_gateway_withhold (peer->gateway, NULL, "bob@sim", "x", NULL);
  rb_sim_gateway_say_cursor (peer->gateway, 3, 3);
  peer_sync (peer);
  g_assert_cmpuint (ACKS + ASKS, ==, 0);
  rb_test_wait_until ((rb_fake_clock_advance (peer->clock, 20), peer_read_cursor (peer) == 3));

  rb_sim_gateway_say_cursor (peer->gateway, 5, 3);
  rb_test_wait_until (ARRIVED (2));
  g_assert_cmpuint (ASKS, ==, 1);
  g_assert_cmpint (peer_get_number (peer, "REQUEST_GAP_FILL", 0, "sinceSeq"), ==, 3);
  g_assert_cmpint (peer_get_seq (peer, 0), ==, 4);

  rb_sim_gateway_say_cursor (peer->gateway, 3, 2);
  peer_sync (peer);
  g_assert_cmpuint (ACKS, ==, 1);
  g_assert_cmpint (peer_get_number (peer, "DELIVERY_ACK", 0, "upToSeq"), ==, 3);
  g_assert_cmpuint (ASKS, ==, 1);
}

static void
test_cursor_without_delivered (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("DELIVERY_CURSOR that says only what there is asks for it, and moves nothing.");

  rb_sim_gateway_withhold (peer->gateway, NULL, "bob@sim", "x", NULL);
  rb_sim_gateway_say_cursor (peer->gateway, 1, -1);
  rb_test_wait_until (ARRIVED (1));
  g_assert_cmpint (peer_get_number (peer, "REQUEST_GAP_FILL", 0, "sinceSeq"), ==, 0);
  g_assert_cmpuint (ACKS, ==, 0);
}

static void
test_scope (void)
{
  static const char other[] = "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"x\",\"seq\":1,\"runtimeSessionId\":\"s-1\"}";
  static const char other_cursor[] = "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":9,\"deliveredSeq\":9,\"runtimeSessionId\":\"s-1\"}";
  static const char other_skip[] =
    "{\"event\":\"DELIVERY_SKIP\",\"seq\":9,\"reason\":\"runtime_mailbox_dismissed\",\"runtimeSessionId\":\"s-1\"}";
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("Frames of another runtime session are none of ours (13.4).");

  rb_sim_gateway_send_text (peer->gateway, other);
  rb_sim_gateway_send_text (peer->gateway, other_cursor);
  rb_sim_gateway_send_text (peer->gateway, other_skip);
  peer_sync (peer);
  g_assert_true (ARRIVED (0));
  g_assert_cmpuint (ACKS + ASKS, ==, 0);
}

static void
test_scoped_stream (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", "runtime-session-id", " s-1 ", NULL);
  g_autofree char *frame = NULL;
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "s-1", -1);
  g_autofree char *name = g_strconcat (digest, ".json", NULL);
  g_autofree char *path = g_build_filename (peer->state_dir, "delivery-cursors", name, NULL);

  g_test_summary ("A scoped stream tags what it says, takes only its own, and has a cursor file of its own.");

  rb_sim_gateway_set_ack (peer->gateway, "deliveryRuntimeSessionId", "\"s-1\"");
  peer->accepts = TRUE;
  peer_start (peer);
  frame = rb_sim_dup_frame (peer->sim, "REGISTER", 0);
  g_assert_nonnull (strstr (frame, "\"runtimeSessionId\":\"s-1\""));

  deliver (peer, 1);
  peer_sync (peer);
  g_assert_true (ARRIVED (0));
  rb_sim_gateway_send_text (peer->gateway,
                            "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"x\",\"seq\":1,\"runtimeSessionId\":\"s-1\"}");
  rb_test_wait_until (ARRIVED (1));
  rb_test_wait_until (rb_sim_count_frames (peer->sim, "DELIVERY_ACK", "\"runtimeSessionId\":\"s-1\"") == 1);
  rb_test_wait_until (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (peer_read_cursor (peer), ==, -1);
}

static void
test_wrong_scope (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", "runtime-session-id", "s-1", NULL);

  g_test_summary ("A gateway that registers us for another session is left.");

  g_assert_true (peer_try_start (peer, NULL));
  rb_test_wait_until (peer->n_disconnected == 1);
  g_assert_cmpstr (peer->last_reason, ==, "REGISTER_ACK runtime session scope mismatch");
}

static void
test_held_until_the_window_opens (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  g_test_summary ("What comes before the broker is ready is held, with and without a number, and handed on in order (IMP-4).");

  rb_connector_set_window (peer->connector, 0, 0);
  deliver (peer, 5);
  peer_start (peer);
  rb_sim_gateway_deliver_bare (peer->gateway, "u-1", "bob@sim", "x", NULL);
  peer_sync (peer);
  g_assert_true (ARRIVED (0));
  rb_connector_set_window (peer->connector, 100, 1 << 20);
  g_assert_true (ARRIVED (6));
  g_assert_cmpint (peer_get_seq (peer, 0), ==, RB_CONNECTOR_NO_SEQ);
  for (guint i = 1; i <= 5; i++)
    g_assert_cmpint (peer_get_seq (peer, i), ==, i);
  peer_sync (peer);
  g_assert_cmpuint (ASKS, ==, 0);
}

static void
test_window (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("Never more messages undecided than the window allows; (0, 0) pauses.");

  rb_connector_set_window (peer->connector, 2, 1 << 20);
  deliver (peer, 5);
  peer_sync (peer);
  g_assert_true (ARRIVED (2));
  rb_connector_accept (peer->connector, 2);
  g_assert_true (ARRIVED (3));
  rb_connector_set_window (peer->connector, 0, 0);
  rb_connector_accept (peer->connector, 1);
  rb_connector_accept (peer->connector, 3);
  peer_sync (peer);
  g_assert_true (ARRIVED (3));
  rb_connector_set_window (peer->connector, 10, 1 << 20);
  g_assert_true (ARRIVED (5));
}

static void
test_large_burst (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  const guint count = 5000;

  g_test_summary ("A burst beyond the window and what is held loses nothing and keeps its order.");

  rb_connector_set_window (peer->connector, 16, 1 << 20);
  rb_sim_gateway_burst (peer->gateway, count, "burst", "bob@sim");
  peer_sync (peer);
  g_assert_true (ARRIVED (16));

  for (gint64 seq = 1; seq <= count; seq++)
    {
      rb_test_wait_until (peer->deliveries->len >= seq);
      g_assert_cmpint (peer_get_seq (peer, seq - 1), ==, seq);
      g_assert_cmpuint (peer->deliveries->len - (seq - 1), <=, 16);
      rb_connector_accept (peer->connector, seq);
    }
  peer_wait_acked (peer, count);
  g_assert_true (ARRIVED (count));
  g_assert_cmpuint (ASKS, ==, 1);
  g_assert_cmpint (peer_get_number (peer, "REQUEST_GAP_FILL", 0, "sinceSeq"), >=, RB_GATEWAY_HELD_MESSAGES);
}

static void
test_closed_in_a_burst (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A connection that ends in the middle of a burst loses nothing and repeats nothing.");

  rb_connector_set_window (peer->connector, 10, 1 << 20);
  rb_sim_gateway_burst (peer->gateway, 100, "burst", "bob@sim");
  rb_test_wait_until (ARRIVED (10));
  rb_connector_accept (peer->connector, 1);
  rb_sim_gateway_end (peer->gateway, RB_SIM_END_CLOSE, 1001, "restart");
  rb_test_wait_until (peer->n_disconnected == 1);
  for (gint64 seq = 2; seq <= 5; seq++)
    rb_connector_accept (peer->connector, seq);
  reconnect (peer);
  for (gint64 seq = 6; seq <= 100; seq++)
    {
      rb_test_wait_until (peer->deliveries->len >= seq);
      g_assert_cmpint (peer_get_seq (peer, seq - 1), ==, seq);
      rb_connector_accept (peer->connector, seq);
    }
  peer_wait_acked (peer, 100);
  g_assert_true (ARRIVED (100));
}

static void
test_accepted_while_away (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("What is accepted without a connection is acknowledged after the next registration, which says the old cursor.");

  deliver (peer, 3);
  rb_test_wait_until (ARRIVED (3));
  drop_link (peer);
  for (gint64 seq = 1; seq <= 3; seq++)
    rb_connector_accept (peer->connector, seq);
  rb_test_settle ();
  reconnect (peer);
  g_assert_cmpint (peer_get_number (peer, "REGISTER", 1, "lastKnownSeq"), ==, 0);
  peer_wait_acked (peer, 3);
  peer_sync (peer);
  g_assert_true (ARRIVED (3));
  g_assert_cmpuint (ACKS, ==, 1);
  drop_link (peer);
  reconnect (peer);
  g_assert_cmpint (peer_get_number (peer, "REGISTER", 2, "lastKnownSeq"), ==, 3);
}

static void
test_acknowledged_again (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A gateway that has forgotten an acknowledgement is told again when we register.");

  peer->accepts = TRUE;
  deliver (peer, 3);
  peer_wait_acked (peer, 3);
  rb_sim_gateway_set_ack (peer->gateway, "deliverySeq", "1");
  drop_link (peer);
  reconnect (peer);
  peer_sync (peer);
  g_assert_cmpint (peer_get_number (peer, "DELIVERY_ACK", -1, "upToSeq"), ==, 3);
  g_assert_true (ARRIVED (3));
}

static void
test_pending_is_logged (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("DELIVERY_PENDING is logged when nothing is in flight, and has no other effect.");

  deliver (peer, 1);
  rb_test_wait_until (ARRIVED (1));
  rb_test_forget_logs ();
  rb_sim_gateway_send_text (peer->gateway, "{\"event\":\"DELIVERY_PENDING\",\"count\":1,\"upTo\":\"m\"}");
  peer_sync (peer);
  g_assert_cmpuint (rb_test_count_log ("legacy_delivery_pending_ignored"), ==, 0);
  rb_connector_release (peer->connector, 1);
  g_assert_cmpuint (rb_test_count_log ("legacy_delivery_pending_ignored"), ==, 1);
  rb_test_assert_logged ("legacy_delivery_pending_ignored", "upTo", "m", "count", "1", "blockedSeqs", "[1]", "unsequencedBlocked", "false",
                         NULL);
}

static void
on_delivery_stop (RbConnector *connector,
                  gint64       seq,
                  RbEnvelope  *envelope,
                  gpointer     user_data)
{
  if (seq == 3)
    rb_module_stop_async (RB_MODULE (connector), NULL, rb_test_store_result, user_data);
}

static void
test_stop_while_delivering (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GAsyncResult) stopped = NULL;

  g_test_summary ("A stop from within a delivery ends them; what was accepted before is acknowledged, nothing after (IMP-55).");

  peer->accepts = TRUE;
  g_signal_connect (peer->connector, "delivery", G_CALLBACK (on_delivery_stop), &stopped);
  deliver (peer, 10);
  rb_test_wait_until (stopped != NULL);
  g_assert_true (ARRIVED (3));
  peer_wait_acked (peer, 3);
  g_assert_cmpint (peer_read_cursor (peer), ==, 3);

  g_signal_handlers_disconnect_by_func (peer->connector, on_delivery_stop, &stopped);
  peer_start (peer);
  rb_test_wait_until (ARRIVED (10));
  g_assert_cmpint (peer_get_seq (peer, 3), ==, 4);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/receive/message", test_message);
  g_test_add_func ("/gateway/receive/acks-are-coalesced", test_acks_are_coalesced);
  g_test_add_func ("/gateway/receive/gap", test_gap);
  g_test_add_func ("/gateway/receive/gap-that-stays", test_gap_that_stays);
  g_test_add_func ("/gateway/receive/burst-in-progress", test_burst_in_progress);
  g_test_add_func ("/gateway/receive/released", test_released);
  g_test_add_func ("/gateway/receive/repetitions", test_repetitions);
  g_test_add_func ("/gateway/receive/second-number", test_second_number);
  g_test_add_func ("/gateway/receive/bare", test_bare);
  g_test_add_func ("/gateway/receive/skip", test_skip);
  g_test_add_func ("/gateway/receive/cursor-jump", test_cursor_jump);
  g_test_add_func ("/gateway/receive/cursor-without-delivered", test_cursor_without_delivered);
  g_test_add_func ("/gateway/receive/scope", test_scope);
  g_test_add_func ("/gateway/receive/scoped-stream", test_scoped_stream);
  g_test_add_func ("/gateway/receive/wrong-scope", test_wrong_scope);
  g_test_add_func ("/gateway/receive/held-until-the-window-opens", test_held_until_the_window_opens);
  g_test_add_func ("/gateway/receive/window", test_window);
  g_test_add_func ("/gateway/receive/large-burst", test_large_burst);
  g_test_add_func ("/gateway/receive/closed-in-a-burst", test_closed_in_a_burst);
  g_test_add_func ("/gateway/receive/accepted-while-away", test_accepted_while_away);
  g_test_add_func ("/gateway/receive/acknowledged-again", test_acknowledged_again);
  g_test_add_func ("/gateway/receive/pending-is-logged", test_pending_is_logged);
  g_test_add_func ("/gateway/receive/stop-while-delivering", test_stop_while_delivering);
  return g_test_run ();
}
