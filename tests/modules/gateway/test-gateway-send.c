/* test-gateway-send.c: messages go out, and what becomes of them (protocol.md 13.5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-json.h"
#include "rb-test.h"

#include <string.h>

#define SENT(n) (rb_sim_count_frames (peer->sim, "SEND_MESSAGE", NULL) == (n))

static void
answer (Peer      *peer,
        RbSimSend  how)
{
  const RbSimSendAnswer wanted = { .how = how, .code = "BLOCKED", .message = "bob does not want this", .times = 1 };

  rb_sim_gateway_answer_sends (peer->gateway, &wanted);
}

static void
begin_send (Peer          *peer,
            GAsyncResult **result)
{
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@sim", "ours", "hello");

  rb_connector_send_async (peer->connector, envelope, NULL, rb_test_store_result, (gpointer) result);
}

static void
assert_failed (Peer         *peer,
               GAsyncResult *result,
               int           code,
               const char   *message)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (rb_connector_send_finish (peer->connector, result, NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_sent (void)
{
  static const struct {
    RbSimSend    how;
    RbSendStatus status;
  } answers[] = {
    { RB_SIM_SEND_DELIVERED, RB_SEND_DELIVERED }, { RB_SIM_SEND_STORED, RB_SEND_STORED }, { RB_SIM_SEND_NO_STATUS, RB_SEND_STORED },
  };
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autofree char *before = NULL;

  g_test_summary ("Each send has an id of its own; content and metadata go out byte for byte; the answer says how far it got.");

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *id = NULL;
      g_autofree char *frame = NULL;
      g_autofree char *expected = NULL;
      g_autoptr(GError) error = NULL;
      RbSendStatus status;

      answer (peer, answers[i].how);
      peer_send (peer, "bob@sim", "h\xc3\xa4llo", &id, &status, &error);
      g_assert_no_error (error);
      g_assert_cmpint (status, ==, answers[i].status);
      g_assert_true (g_uuid_string_is_valid (id));
      g_assert_cmpstr (id, !=, before);
      frame = rb_sim_dup_frame (peer->sim, "SEND_MESSAGE", -1);
      expected = g_strdup_printf ("{\"event\":\"SEND_MESSAGE\",\"messageId\":\"%s\",\"to\":\"bob@sim\",\"content\":\"h\xc3\xa4llo\","
                                  "\"contentType\":\"text\",\"metadata\":{ \"b\":1, \"a\" : [2.50] }}", id);
      g_assert_cmpstr (frame, ==, expected);
      g_free (before);
      before = g_steal_pointer (&id);
    }
}

/* Source: protocol.md 8.3, errors of step 4: the texts that adapters get. */
static void
test_not_connected (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
  g_autoptr(GAsyncResult) idle = NULL;
  g_autoptr(GAsyncResult) registering = NULL;
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GAsyncResult) waiting = NULL;

  g_test_summary ("Before the registration is through nothing is sent (IMP-41), nor between two connections, nor before the start.");

  begin_send (peer, &idle);
  rb_test_wait_until (idle != NULL);
  assert_failed (peer, idle, RB_ERROR_UNAVAILABLE, "WebSocket not connected");

  rb_sim_gateway_end_at (peer->gateway, RB_SIM_ON_REGISTER, RB_SIM_END_SILENCE, 0, NULL, 1);
  rb_module_start_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &started);
  rb_test_wait_until (rb_sim_count_frames (peer->sim, "REGISTER", NULL) == 1);
  begin_send (peer, &registering);
  rb_test_wait_until (registering != NULL);
  assert_failed (peer, registering, RB_ERROR_UNAVAILABLE, "WebSocket not connected");

  rb_fake_clock_advance (peer->clock, 15000);
  rb_test_wait_until (peer->n_disconnected == 1);
  begin_send (peer, &waiting);
  rb_test_wait_until (waiting != NULL);
  assert_failed (peer, waiting, RB_ERROR_UNAVAILABLE, "WebSocket not connected");
  g_assert_true (SENT (0));
}

static void
test_ack_timeout (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Without SEND_ACK for 15 s the outcome is unknown; nothing is sent again, and an acknowledgement that is late does no harm.");

  answer (peer, RB_SIM_SEND_NEVER);
  begin_send (peer, &result);
  rb_test_wait_until (SENT (1));
  rb_fake_clock_advance (peer->clock, 14999);
  g_assert_null (result);
  rb_fake_clock_advance (peer->clock, 1);
  rb_test_wait_until (result != NULL);
  assert_failed (peer, result, RB_ERROR_OUTCOME_UNKNOWN, "SEND_ACK timeout");
  {
    g_autofree char *frame = rb_sim_dup_frame (peer->sim, "SEND_MESSAGE", 0);
    g_autofree char *id = g_strndup (strstr (frame, "\"messageId\":\"") + strlen ("\"messageId\":\""), 36);
    g_autofree char *late = g_strdup_printf ("{\"event\":\"SEND_ACK\",\"messageId\":\"%s\",\"status\":\"delivered\"}", id);

    rb_sim_gateway_send_text (peer->gateway, late);
    rb_sim_gateway_send_text (peer->gateway, late);
  }
  peer_sync (peer);
  g_assert_cmpuint (rb_sim_count_frames (peer->sim, "SEND_MESSAGE", "hello"), ==, 1);
  g_assert_cmpuint (peer->n_disconnected, ==, 0);
}

static void
test_closed (void)
{
  static const RbSimSend how[] = { RB_SIM_SEND_CLOSE, RB_SIM_SEND_DROP };

  g_test_summary ("When the connection ends the outcome of all that was being sent is unknown, and nothing is sent again.");

  for (gsize i = 0; i < G_N_ELEMENTS (how); i++)
    {
      g_autoptr(Peer) peer = peer_new_connected ();
      g_autoptr(GAsyncResult) first = NULL;
      g_autoptr(GAsyncResult) second = NULL;

      answer (peer, RB_SIM_SEND_NEVER);
      answer (peer, how[i]);
      begin_send (peer, &first);
      begin_send (peer, &second);
      rb_test_wait_until (first != NULL && second != NULL);
      assert_failed (peer, first, RB_ERROR_OUTCOME_UNKNOWN, "Connection closed before SEND_ACK");
      assert_failed (peer, second, RB_ERROR_OUTCOME_UNKNOWN, "Connection closed before SEND_ACK");
      peer_wait_backoff (peer, 1000);
      rb_test_wait_until (peer->n_connected == 2);
      peer_sync (peer);
      g_assert_cmpuint (rb_sim_count_frames (peer->sim, "SEND_MESSAGE", "hello"), ==, 2);
    }
}

static void
test_stopped (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A stop leaves no send without an answer.");

  answer (peer, RB_SIM_SEND_NEVER);
  begin_send (peer, &result);
  peer_stop (peer);
  rb_test_wait_until (result != NULL);
  assert_failed (peer, result, RB_ERROR_OUTCOME_UNKNOWN, "Connection closed before SEND_ACK");
}

static void
test_rejected (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GError) error = NULL;
  const char *code = NULL;
  const char *to = NULL;

  g_test_summary ("An ERROR for the message is a refusal, with the gateway's code and the address.");

  answer (peer, RB_SIM_SEND_ERROR);
  g_assert_false (peer_send (peer, "bob@sim", "hello", NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (error->message, ==, "bob does not want this");
  g_assert_nonnull (rb_error_get_details (error));
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "connector_code", "&s", &code));
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "to", "&s", &to));
  g_assert_cmpstr (code, ==, "BLOCKED");
  g_assert_cmpstr (to, ==, "bob@sim");
}

static void
test_rejected_elsewhere (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *sent = NULL;
  g_autofree char *text = NULL;
  g_autofree char *id = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) frame = NULL;
  g_autoptr(GError) error = NULL;
  const char *to = NULL;

  g_test_summary ("The address that the gateway names counts, not the one that was written to.");

  answer (peer, RB_SIM_SEND_NEVER);
  begin_send (peer, &result);
  rb_test_wait_until (rb_sim_count_frames (peer->sim, "SEND_MESSAGE", NULL) == 1);
  sent = rb_sim_dup_frame (peer->sim, "SEND_MESSAGE", 0);
  bytes = g_bytes_new (sent, strlen (sent));
  frame = rb_json_parse_object (bytes, 0, NULL);
  id = rb_json_dup_string (frame, "messageId", NULL);
  text = g_strdup_printf ("{\"event\":\"ERROR\",\"code\":\"c\",\"message\":\"m\",\"messageId\":\"%s\",\"to\":\"bobby@sim\"}", id);
  rb_sim_gateway_send_text (peer->gateway, text);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_connector_send_finish (peer->connector, result, NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "to", "&s", &to));
  g_assert_cmpstr (to, ==, "bobby@sim");
}

static void
test_unmatched_error (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("An ERROR that belongs to no send is logged (IMP-43) and decides none.");

  rb_test_forget_logs ();
  answer (peer, RB_SIM_SEND_ERROR_NO_ID);
  begin_send (peer, &result);
  rb_test_wait_until (rb_test_count_log ("connector_error") == 1);
  rb_sim_gateway_send_text (peer->gateway, "{\"event\":\"ERROR\",\"code\":\"c\",\"message\":\"m\",\"messageId\":\"unknown\"}");
  rb_test_wait_until (rb_test_count_log ("connector_error") == 1);
  g_assert_null (result);
  rb_fake_clock_advance (peer->clock, 15000);
  rb_test_wait_until (result != NULL);
  assert_failed (peer, result, RB_ERROR_OUTCOME_UNKNOWN, "SEND_ACK timeout");
}

static void
test_cancelled (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@sim", "ours", "hello");
  g_autoptr(GAsyncResult) before = NULL;
  g_autoptr(GAsyncResult) after = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Cancelling keeps a message from being sent; one that was sent is answered truly.");

  rb_connector_send_async (peer->connector, envelope, cancellable, rb_test_store_result, &before);
  g_cancellable_cancel (cancellable);
  rb_connector_send_async (peer->connector, envelope, cancellable, rb_test_store_result, &after);
  rb_test_wait_until (before != NULL && after != NULL);
  g_assert_true (rb_connector_send_finish (peer->connector, before, NULL, NULL, NULL));
  g_assert_false (rb_connector_send_finish (peer->connector, after, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (SENT (1));
}

static void
test_bounded (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  const RbSimSendAnswer never = { .how = RB_SIM_SEND_NEVER };
  g_autofree char *megabyte = g_strnfill (1 << 20, 'x');
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@sim", NULL, megabyte);
  g_autoptr(GError) error = NULL;
  GAsyncResult *slots[64] = { NULL };

  g_test_summary ("What may be on its way at once is bounded; beyond it nothing is sent.");

  rb_sim_gateway_answer_sends (peer->gateway, &never);
  for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
    rb_connector_send_async (peer->connector, envelope, NULL, rb_test_store_result, &slots[i]);
  rb_test_wait_until (slots[G_N_ELEMENTS (slots) - 1] != NULL);
  g_assert_null (slots[0]);
  g_assert_false (rb_connector_send_finish (peer->connector, slots[G_N_ELEMENTS (slots) - 1], NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "connector_busy");
  rb_test_assert_bound (peer->bounds, "gateway_send_bytes");

  rb_fake_clock_advance (peer->clock, 15000);
  rb_test_wait_until (slots[0] != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      rb_test_wait_until (slots[i] != NULL);
      g_object_unref (slots[i]);
    }
}

static void
count_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  guint *n = user_data;

  rb_connector_send_finish (RB_CONNECTOR (source), result, NULL, NULL, NULL);
  (*n)++;
}

static void
test_many (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  const RbSimSendAnswer never = { .how = RB_SIM_SEND_NEVER };
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@sim", NULL, "x");
  guint n = 0;

  g_test_summary ("So may their number be, however small they are; when they are answered others may go.");

  rb_sim_gateway_answer_sends (peer->gateway, &never);
  for (guint i = 0; i < 4096 + 3; i++)
    rb_connector_send_async (peer->connector, envelope, NULL, count_result, &n);
  rb_test_wait_until (n == 3);
  rb_test_assert_bound (peer->bounds, "gateway_sends");
  rb_fake_clock_advance (peer->clock, 15000);
  rb_test_wait_until (n == 4096 + 3);
  g_assert_cmpuint (rb_bounds_get (peer->bounds, 0)->used, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/send/sent", test_sent);
  g_test_add_func ("/gateway/send/not-connected", test_not_connected);
  g_test_add_func ("/gateway/send/ack-timeout", test_ack_timeout);
  g_test_add_func ("/gateway/send/closed", test_closed);
  g_test_add_func ("/gateway/send/stopped", test_stopped);
  g_test_add_func ("/gateway/send/rejected", test_rejected);
  g_test_add_func ("/gateway/send/rejected-elsewhere", test_rejected_elsewhere);
  g_test_add_func ("/gateway/send/unmatched-error", test_unmatched_error);
  g_test_add_func ("/gateway/send/cancelled", test_cancelled);
  g_test_add_func ("/gateway/send/bounded", test_bounded);
  g_test_add_func ("/gateway/send/many", test_many);
  return g_test_run ();
}
