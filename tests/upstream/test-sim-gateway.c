/* test-sim-gateway.c: the gateway plays what it promises
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-fixture.h"

#include <string.h>

#define SEND(id, to) "{\"event\":\"SEND_MESSAGE\",\"messageId\":\"" id "\",\"to\":\"" to "\",\"content\":\"hi\",\"contentType\":\"text\"," \
                     "\"metadata\":{\"correlation_id\":\"c1\",\"message_id\":\"w1\"}}"

static void
test_register (SimFixture    *fixture,
               gconstpointer  data)
{
  g_test_summary ("REGISTER with the right token is acknowledged, and recorded.");

  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"status\":\"ok\""));
  g_assert_true (rb_sim_gateway_is_registered (fixture->gateway));
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", "\"clientKind\":\"runtime-broker\""), ==, 1);
}

static void
expect_refused (SimFixture *fixture,
                const char *reason)
{
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"status\":\"error\""));
  g_assert_true (sim_fixture_heard (fixture, 0, reason));
  g_assert_false (rb_sim_gateway_is_registered (fixture->gateway));
}

static void
test_refused (SimFixture    *fixture,
              gconstpointer  data)
{
  g_test_summary ("Refusals are played so many times, in their order, and then it is well again.");

  rb_sim_gateway_refuse (fixture->gateway, "Already connected", 2);
  rb_sim_gateway_refuse (fixture->gateway, "Unsupported protocol version", 1);
  expect_refused (fixture, "Already connected");
  expect_refused (fixture, "Already connected");
  expect_refused (fixture, "Unsupported protocol version");
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"status\":\"ok\""));
}

static void
test_bad_register (SimFixture    *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A wrong token and another protocol version are refused.");

  g_assert_true (sim_fixture_open (fixture));
  sim_fixture_say (fixture, "{\"event\":\"REGISTER\",\"token\":\"wrong\",\"protocolVersion\":4}");
  rb_test_wait_until (fixture->frames->len == 1);
  g_assert_true (sim_fixture_heard (fixture, 0, "Invalid token"));
  sim_fixture_say (fixture, "{\"event\":\"REGISTER\",\"token\":\"sim-token\",\"protocolVersion\":3}");
  rb_test_wait_until (fixture->frames->len == 2);
  g_assert_true (sim_fixture_heard (fixture, 1, "Unsupported protocol version"));
}

static void
test_ack_members (SimFixture    *fixture,
                  gconstpointer  data)
{
  g_test_summary ("REGISTER_ACK has the members that it is told to have, and lacks those that it is told to leave out.");

  rb_sim_gateway_set_ack (fixture->gateway, "protocolVersion", "5");
  rb_sim_gateway_set_ack (fixture->gateway, "deliveryRuntimeSessionId", "\"other\"");
  rb_sim_gateway_set_ack (fixture->gateway, "agent", "");
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"protocolVersion\":5"));
  g_assert_true (sim_fixture_heard (fixture, 0, "\"deliveryRuntimeSessionId\":\"other\""));
  g_assert_false (sim_fixture_heard (fixture, 0, "\"agent\""));
}

static void
test_replaced (SimFixture    *fixture,
               gconstpointer  data)
{
  g_autoptr(SoupWebsocketConnection) first = NULL;

  g_test_summary ("A second runtime replaces the first with 4001, or is refused when the agent is exclusive.");

  sim_fixture_register (fixture, 0);
  first = g_object_ref (fixture->socket);
  sim_fixture_register (fixture, 0);
  rb_test_wait_until (soup_websocket_connection_get_state (first) == SOUP_WEBSOCKET_STATE_CLOSED);
  g_assert_cmpint (soup_websocket_connection_get_close_code (first), ==, 4001);
  g_assert_cmpstr (soup_websocket_connection_get_close_data (first), ==, "Replaced by new Runtime");

  g_set_object (&first, fixture->socket);
  rb_sim_gateway_set_exclusive (fixture->gateway, TRUE);
  sim_fixture_register (fixture, 0);
  g_assert_true (sim_fixture_heard (fixture, 0, "Already connected"));
  g_assert_true (rb_sim_gateway_is_registered (fixture->gateway));
}

static void
test_refused_upgrade (SimFixture    *fixture,
                      gconstpointer  data)
{
  const RbSimFault close = { .request = "GET /gateway", .kind = RB_SIM_FAULT_CLOSE, .times = 1 };
  const RbSimFault garbage = { .request = "GET /gateway", .kind = RB_SIM_FAULT_NOT_HTTP, .times = 1 };

  g_test_summary ("The upgrade is refused with a status, without an answer, and with garbage.");

  rb_sim_fail (fixture->sim, "GET /gateway", 1, 503, NULL);
  rb_sim_add_fault (fixture->sim, &close);
  rb_sim_add_fault (fixture->sim, &garbage);
  for (guint i = 0; i < 3; i++)
    g_assert_false (sim_fixture_open (fixture));
  g_assert_true (sim_fixture_open (fixture));
  g_assert_cmpuint (rb_sim_count (fixture->sim, "GET /gateway", NULL), ==, 4);
}

static void
test_end_points (SimFixture    *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A connection ends after the upgrade, on REGISTER, and behind REGISTER_ACK.");

  rb_sim_gateway_end_at (fixture->gateway, RB_SIM_AFTER_UPGRADE, RB_SIM_END_CLOSE, 1011, "try again", 1);
  g_assert_true (sim_fixture_open (fixture));
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpuint (fixture->close_code, ==, 1011);
  g_assert_cmpstr (fixture->close_reason, ==, "try again");

  rb_sim_gateway_end_at (fixture->gateway, RB_SIM_ON_REGISTER, RB_SIM_END_DROP, 0, NULL, 1);
  g_assert_true (sim_fixture_open (fixture));
  sim_fixture_say (fixture, "{\"event\":\"REGISTER\",\"token\":\"sim-token\",\"protocolVersion\":4}");
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpuint (fixture->close_code, ==, 0);
  g_assert_cmpuint (fixture->frames->len, ==, 0);

  rb_sim_gateway_end_at (fixture->gateway, RB_SIM_AFTER_ACK, RB_SIM_END_CLOSE, 1001, NULL, 1);
  sim_fixture_register (fixture, 0);
  rb_test_wait_until (fixture->is_closed);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"status\":\"ok\""));
  g_assert_cmpuint (rb_sim_gateway_count_opened (fixture->gateway), ==, 3);
}

static void
test_silence (SimFixture    *fixture,
              gconstpointer  data)
{
  g_autoptr(SoupWebsocketConnection) silent = NULL;

  g_test_summary ("A silent connection stays open, and nothing that is said on it is read or answered.");

  sim_fixture_register (fixture, 0);
  silent = g_object_ref (fixture->socket);
  g_assert_true (rb_sim_gateway_end (fixture->gateway, RB_SIM_END_SILENCE, 0, NULL));
  g_assert_false (rb_sim_gateway_is_registered (fixture->gateway));
  sim_fixture_say (fixture, SEND ("m1", "bob"));
  soup_websocket_connection_close (silent, 1000, NULL);
  sim_fixture_register (fixture, 0);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", NULL), ==, 0);
  g_assert_cmpint (soup_websocket_connection_get_state (silent), ==, SOUP_WEBSOCKET_STATE_CLOSING);
  rb_sim_gateway_drop_all (fixture->gateway);
  rb_test_wait_until (soup_websocket_connection_get_state (silent) == SOUP_WEBSOCKET_STATE_CLOSED);
}

static void
test_send (SimFixture    *fixture,
           gconstpointer  data)
{
  const RbSimSendAnswer stored = { .how = RB_SIM_SEND_STORED, .text = "m2", .times = 1 };
  const RbSimSendAnswer never = { .how = RB_SIM_SEND_NEVER, .text = "m3", .times = 1 };
  const RbSimSendAnswer late = { .how = RB_SIM_SEND_LATE, .text = "m4", .delay_ms = 30, .times = 1 };
  const RbSimSendAnswer error = { .how = RB_SIM_SEND_ERROR, .text = "m5", .code = "BLOCKED", .message = "no", .times = 1 };
  const RbSimSendAnswer bare = { .how = RB_SIM_SEND_ERROR_NO_ID, .text = "m6", .times = 1 };

  g_test_summary ("A message is delivered, stored, never answered, answered late or refused, as it was asked for.");

  rb_sim_gateway_answer_sends (fixture->gateway, &stored);
  rb_sim_gateway_answer_sends (fixture->gateway, &never);
  rb_sim_gateway_answer_sends (fixture->gateway, &late);
  rb_sim_gateway_answer_sends (fixture->gateway, &error);
  rb_sim_gateway_answer_sends (fixture->gateway, &bare);
  sim_fixture_register (fixture, 0);
  sim_fixture_say (fixture, SEND ("m1", "bob"));
  sim_fixture_say (fixture, SEND ("m2", "bob"));
  sim_fixture_say (fixture, SEND ("m3", "bob"));
  sim_fixture_say (fixture, SEND ("m4", "bob"));
  sim_fixture_say (fixture, SEND ("m5", "bob"));
  sim_fixture_say (fixture, SEND ("m6", "bob"));
  rb_test_wait_until (fixture->frames->len == 6);
  g_assert_true (sim_fixture_heard (fixture, 1, "\"messageId\":\"m1\",\"status\":\"delivered\""));
  g_assert_true (sim_fixture_heard (fixture, 2, "\"messageId\":\"m2\",\"status\":\"stored\""));
  g_assert_true (sim_fixture_heard (fixture, 3, "\"code\":\"BLOCKED\",\"message\":\"no\",\"messageId\":\"m5\",\"to\":\"bob\""));
  g_assert_true (sim_fixture_heard (fixture, 4, "\"event\":\"ERROR\""));
  g_assert_false (sim_fixture_heard (fixture, 4, "messageId"));
  g_assert_true (sim_fixture_heard (fixture, 5, "\"messageId\":\"m4\",\"status\":\"delivered\""));
}

static void
test_send_ends (SimFixture    *fixture,
                gconstpointer  data)
{
  const RbSimSendAnswer close = { .how = RB_SIM_SEND_CLOSE, .times = 1 };
  const RbSimSendAnswer drop = { .how = RB_SIM_SEND_DROP, .times = 1 };

  g_test_summary ("The connection ends instead of an acknowledgement.");

  rb_sim_gateway_answer_sends (fixture->gateway, &close);
  rb_sim_gateway_answer_sends (fixture->gateway, &drop);
  sim_fixture_register (fixture, 0);
  sim_fixture_say (fixture, SEND ("m1", "bob"));
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpuint (fixture->close_code, ==, 1001);
  sim_fixture_register (fixture, 0);
  sim_fixture_say (fixture, SEND ("m2", "bob"));
  rb_test_wait_until (fixture->is_closed);
  g_assert_cmpuint (fixture->close_code, ==, 0);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", NULL), ==, 2);
}

static void
test_own_address (SimFixture    *fixture,
                  gconstpointer  data)
{
  g_test_summary ("What goes to the own address comes back as it was; in an echoing world what goes elsewhere is answered.");

  sim_fixture_register (fixture, 0);
  sim_fixture_say (fixture, SEND ("m1", "agent@sim"));
  rb_test_wait_until (fixture->frames->len == 3);
  g_assert_true (sim_fixture_heard (fixture, 2, "\"from\":\"agent@sim\""));
  g_assert_true (sim_fixture_heard (fixture, 2, "\"correlation_id\":\"c1\",\"message_id\":\"w1\""));
  g_assert_true (sim_fixture_heard (fixture, 2, "\"seq\":1"));

  rb_sim_gateway_set_echo (fixture->gateway, TRUE);
  sim_fixture_say (fixture, SEND ("m2", "bob"));
  rb_test_wait_until (fixture->frames->len == 5);
  g_assert_true (sim_fixture_heard (fixture, 4, "\"from\":\"bob\""));
  g_assert_true (sim_fixture_heard (fixture, 4, "\"in_reply_to\":\"w1\""));
}

static void
test_replay (SimFixture    *fixture,
             gconstpointer  data)
{
  g_test_summary ("A message is kept until it is acknowledged, and replayed from the client's cursor on.");

  rb_sim_gateway_burst (fixture->gateway, 3, "early", "bob");
  sim_fixture_register (fixture, 1);
  rb_test_wait_until (fixture->frames->len == 3);
  g_assert_true (sim_fixture_heard (fixture, 1, "early-2"));
  g_assert_true (sim_fixture_heard (fixture, 2, "\"seq\":3"));

  sim_fixture_say (fixture, "{\"event\":\"DELIVERY_ACK\",\"upToSeq\":2}");
  rb_test_wait_until (rb_sim_gateway_get_acked (fixture->gateway) == 2);
  sim_fixture_register (fixture, 0);
  rb_test_wait_until (fixture->frames->len == 2);
  g_assert_true (sim_fixture_heard (fixture, 0, "\"deliverySeq\":2"));
  g_assert_true (sim_fixture_heard (fixture, 1, "early-3"));
}

static void
test_catch_up (SimFixture    *fixture,
               gconstpointer  data)
{
  g_test_summary ("For a client that knows more than we do, numbers go on behind what it knows.");

  sim_fixture_register (fixture, 41);
  g_assert_cmpint (rb_sim_gateway_deliver (fixture->gateway, "m", "bob", "hi", NULL), ==, 42);
}

static void
test_gap (SimFixture    *fixture,
          gconstpointer  data)
{
  g_test_summary ("What was withheld makes a gap, which a gap fill closes unless gap fills are ignored.");

  sim_fixture_register (fixture, 0);
  rb_sim_gateway_withhold (fixture->gateway, "m1", "bob", "one", NULL);
  rb_sim_gateway_deliver (fixture->gateway, "m2", "bob", "two", NULL);
  rb_test_wait_until (fixture->frames->len == 2);
  g_assert_true (sim_fixture_heard (fixture, 1, "\"seq\":2"));

  rb_sim_gateway_set_gap_fill (fixture->gateway, FALSE);
  sim_fixture_say (fixture, "{\"event\":\"REQUEST_GAP_FILL\",\"sinceSeq\":0}");
  rb_test_wait_until (rb_sim_count_frames (fixture->sim, "REQUEST_GAP_FILL", NULL) == 1);
  rb_sim_gateway_set_gap_fill (fixture->gateway, TRUE);
  sim_fixture_say (fixture, "{\"event\":\"REQUEST_GAP_FILL\",\"sinceSeq\":0}");
  rb_test_wait_until (fixture->frames->len == 4);
  g_assert_true (sim_fixture_heard (fixture, 2, "\"seq\":1"));
}

static void
test_disorder (SimFixture    *fixture,
               gconstpointer  data)
{
  g_test_summary ("Duplicates, another number for the same message, reverse order, redelivery of what was acknowledged, no number.");

  sim_fixture_register (fixture, 0);
  rb_sim_gateway_burst (fixture->gateway, 2, "m", "bob");
  rb_sim_gateway_resend (fixture->gateway, 1);
  g_assert_cmpint (rb_sim_gateway_deliver_again (fixture->gateway, "m-1"), ==, 3);
  sim_fixture_say (fixture, "{\"event\":\"DELIVERY_ACK\",\"upToSeq\":3}");
  rb_test_wait_until (rb_sim_gateway_get_acked (fixture->gateway) == 3);
  rb_sim_gateway_replay_reversed (fixture->gateway, 0);
  rb_sim_gateway_deliver_bare (fixture->gateway, NULL, "bob", "bare", "{\"a\":1}");
  rb_test_wait_until (fixture->frames->len == 9);
  g_assert_true (sim_fixture_heard (fixture, 3, "\"messageId\":\"m-1\""));
  g_assert_true (sim_fixture_heard (fixture, 3, "\"seq\":1"));
  g_assert_true (sim_fixture_heard (fixture, 4, "\"messageId\":\"m-1\""));
  g_assert_true (sim_fixture_heard (fixture, 4, "\"seq\":3"));
  g_assert_true (sim_fixture_heard (fixture, 5, "\"seq\":3"));
  g_assert_true (sim_fixture_heard (fixture, 7, "\"seq\":1"));
  g_assert_true (sim_fixture_heard (fixture, 8, "\"metadata\":{\"a\":1}"));
  g_assert_false (sim_fixture_heard (fixture, 8, "seq"));
  g_assert_false (sim_fixture_heard (fixture, 8, "messageId"));
}

static void
test_delivery_frames (SimFixture    *fixture,
                      gconstpointer  data)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static ("\x00\x01", 2);

  g_test_summary ("DELIVERY_SKIP takes a number, DELIVERY_CURSOR says both, and any text goes through as it is.");

  sim_fixture_register (fixture, 0);
  g_assert_cmpint (rb_sim_gateway_skip (fixture->gateway), ==, 1);
  rb_sim_gateway_say_cursor (fixture->gateway, 7, -1);
  rb_sim_gateway_send_text (fixture->gateway, "garbage {");
  rb_sim_gateway_send_text (fixture->gateway, "{\"event\":\"DELIVERY_PENDING\",\"count\":3,\"upTo\":\"x\"}");
  rb_sim_gateway_send_binary (fixture->gateway, bytes);
  rb_test_wait_until (fixture->frames->len == 6);
  g_assert_true (sim_fixture_heard (fixture, 1, "runtime_mailbox_dismissed"));
  g_assert_cmpstr (g_ptr_array_index (fixture->frames, 2), ==, "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":7}");
  g_assert_cmpstr (g_ptr_array_index (fixture->frames, 3), ==, "garbage {");
}

static void
test_raw (SimFixture    *fixture,
          gconstpointer  data)
{
  g_test_summary ("Bytes past the WebSocket break it.");

  sim_fixture_register (fixture, 0);
  rb_sim_gateway_send_raw (fixture->gateway, "\xff\xff\xff\xff", 4);
  rb_test_wait_until (fixture->is_closed);
}

static void
test_burst (SimFixture    *fixture,
            gconstpointer  data)
{
  g_test_summary ("Two thousand messages at once all arrive, in order.");

  sim_fixture_register (fixture, 0);
  rb_sim_gateway_burst (fixture->gateway, 2000, "m", "bob");
  rb_test_wait_until (fixture->frames->len == 2001);
  g_assert_true (sim_fixture_heard (fixture, -1, "\"seq\":2000"));
}

static void
test_violations (SimFixture    *fixture,
                 gconstpointer  data)
{
  g_autofree char *violations = NULL;

  g_test_summary ("Garbage, half a message, a message before REGISTER and an impossible acknowledgement are objected to.");

  g_assert_true (sim_fixture_open (fixture));
  sim_fixture_say (fixture, "garbage");
  sim_fixture_say (fixture, "{\"event\":\"SEND_MESSAGE\",\"messageId\":\"m\",\"to\":\"bob\",\"content\":\"x\"}");
  sim_fixture_say (fixture, "{\"event\":\"DELIVERY_ACK\",\"upToSeq\":9}");
  rb_test_wait_until (rb_sim_count_frames (fixture->sim, "DELIVERY_ACK", NULL) == 1);
  violations = rb_sim_dup_violations (fixture->sim);
  g_assert_cmpstr (violations, ==, "frame/json: garbage\nsend/fields: SEND_MESSAGE without 'contentType'\n"
                                   "send/registered: SEND_MESSAGE before REGISTER_ACK\ndelivery-ack/range: upToSeq 9 of 0");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  sim_fixture_add ("/sim/gateway/register", test_register);
  sim_fixture_add ("/sim/gateway/register/refused", test_refused);
  sim_fixture_add ("/sim/gateway/register/bad", test_bad_register);
  sim_fixture_add ("/sim/gateway/register/ack-members", test_ack_members);
  sim_fixture_add ("/sim/gateway/register/replaced", test_replaced);
  sim_fixture_add ("/sim/gateway/ends/upgrade-refused", test_refused_upgrade);
  sim_fixture_add ("/sim/gateway/ends/points", test_end_points);
  sim_fixture_add ("/sim/gateway/ends/silence", test_silence);
  sim_fixture_add ("/sim/gateway/send/answers", test_send);
  sim_fixture_add ("/sim/gateway/send/ends", test_send_ends);
  sim_fixture_add ("/sim/gateway/send/own-address", test_own_address);
  sim_fixture_add ("/sim/gateway/deliver/replay", test_replay);
  sim_fixture_add ("/sim/gateway/deliver/catch-up", test_catch_up);
  sim_fixture_add ("/sim/gateway/deliver/gap", test_gap);
  sim_fixture_add ("/sim/gateway/deliver/disorder", test_disorder);
  sim_fixture_add ("/sim/gateway/deliver/other-frames", test_delivery_frames);
  sim_fixture_add ("/sim/gateway/deliver/raw", test_raw);
  sim_fixture_add ("/sim/gateway/deliver/burst", test_burst);
  sim_fixture_add ("/sim/gateway/violations", test_violations);
  return g_test_run ();
}
