/* test-gateway-connect.c: registering, being refused, trying again, being replaced, stopping (protocol.md 13.2, 13.9, 13.10, 13.12)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

/* How the client closed for the last time, "1000 Client disconnect". */
static void
assert_goodbye (Peer       *peer,
                const char *wanted)
{
  g_autofree char *said = NULL;

  rb_test_wait_until (rb_sim_count_frames (peer->sim, "CLOSE", NULL) > 0);
  said = rb_sim_dup_frame (peer->sim, "CLOSE", -1);
  g_assert_cmpstr (said, ==, wanted);
}

#define REGISTERED(n) (rb_sim_count_frames (peer->sim, "REGISTER", NULL) == (n))

static void
test_register (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, NULL);
  g_autofree char *frame = NULL;
  g_autofree char *token = NULL;

  g_test_summary ("The connector registers with token, versions, kind and cursor, and then says connected, after the start.");

  g_assert_null (rb_connector_get_address (peer->connector));
  peer_start (peer);
  g_assert_cmpstr (rb_connector_get_address (peer->connector), ==, "agent@sim");
  g_assert_cmpuint (peer->n_disconnected, ==, 0);

  rb_test_assert_logged ("delivery_cursor_loaded", "lastKnownSeq", "0", NULL);
  g_assert_cmpuint (rb_test_count_log ("connecting_to_connector"), ==, 1);

  frame = rb_sim_dup_frame (peer->sim, "REGISTER", 0);
  token = g_strdup_printf ("{\"event\":\"REGISTER\",\"token\":\"%s\",\"protocolVersion\":4,\"clientVersion\":\"0.2.36\","
                           "\"clientKind\":\"runtime-broker\",\"lastKnownSeq\":0}", rb_sim_get_token (peer->sim));
  g_assert_cmpstr (frame, ==, token);
}

static void
test_start_twice (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("A second start is refused; after a stop it is not.");

  g_assert_false (peer_try_start (peer, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  peer_stop (peer);
  peer_start (peer);
}

static void
test_refusals (void)
{
  static const struct {
    const char *reason;
    const char *member;
    const char *json;
    const char *text;
  } refusals[] = {
    { "Invalid token", NULL, NULL, "Invalid token" },
    { "", NULL, NULL, "" },
    { NULL, "status", "\"nope\"", "Unknown registration error" },
    { NULL, "deliveryRuntimeSessionId", "\"s-1\"", "REGISTER_ACK unexpected runtime session scope" },
  };

  g_test_summary ("Each refusal is told, closed with 4001, and tried again with backoff; the start succeeds all the same.");

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
      g_autofree char *goodbye = NULL;
      g_autoptr(GError) error = NULL;

      if (refusals[i].reason != NULL)
        rb_sim_gateway_refuse (peer->gateway, refusals[i].reason, 1);
      else
        rb_sim_gateway_set_ack (peer->gateway, refusals[i].member, refusals[i].json);
      g_assert_true (peer_try_start (peer, &error));
      g_assert_no_error (error);
      rb_test_wait_until (peer->n_disconnected == 1);
      g_assert_cmpstr (peer->last_reason, ==, refusals[i].text);
      rb_test_wait_until (rb_sim_gateway_count_open (peer->gateway) == 0);
      goodbye = g_strdup_printf ("4001 %s", refusals[i].text);
      assert_goodbye (peer, goodbye);

      if (refusals[i].reason == NULL)
        rb_sim_gateway_set_ack (peer->gateway, refusals[i].member, NULL);
      rb_fake_clock_advance (peer->clock, 999);
      g_assert_true (REGISTERED (1));
      peer_wait_backoff (peer, 1000);
      rb_test_wait_until (peer->n_connected == 1);
      g_assert_true (REGISTERED (2));
    }
}

static void
test_already_connected (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", "already-connected-limit", "3", NULL);

  g_test_summary ("\"Already connected\" is tried again after exactly 2 s, as often as the limit says, then with backoff.");

  rb_sim_gateway_refuse (peer->gateway, "Already connected", 3);
  g_assert_true (peer_try_start (peer, NULL));
  for (guint i = 1; i <= 2; i++)
    {
      rb_test_wait_until (peer->n_disconnected == i);
      g_assert_cmpstr (peer->last_reason, ==, "Already connected");
      rb_fake_clock_advance (peer->clock, 1999);
      g_assert_true (REGISTERED (i));
      rb_fake_clock_advance (peer->clock, 1);
    }
  rb_test_wait_until (peer->n_disconnected == 3);
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 1);
  g_assert_true (REGISTERED (4));
}

static void
test_incompatible_at_start (void)
{
  static const char *const versions[] = { "3", "5", "", "\"4\"" };

  g_test_summary ("A gateway that speaks another protocol fails the start for good.");

  for (gsize i = 0; i <= G_N_ELEMENTS (versions); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
      g_autoptr(GError) error = NULL;

      if (i < G_N_ELEMENTS (versions))
        rb_sim_gateway_set_ack (peer->gateway, "protocolVersion", versions[i]);
      else
        rb_sim_gateway_refuse (peer->gateway, "Unsupported protocol version", 0);
      g_assert_false (peer_try_start (peer, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
      g_assert_true (g_str_has_prefix (error->message, "Unsupported protocol version"));
      rb_fake_clock_advance (peer->clock, 120000);
      g_assert_true (REGISTERED (1));
      g_assert_cmpuint (peer->n_disconnected, ==, 0);
    }
}

static void
test_incompatible_later (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A gateway that changes its protocol is left alone: said once, not tried again.");

  rb_sim_gateway_set_ack (peer->gateway, "protocolVersion", "5");
  rb_sim_gateway_end (peer->gateway, RB_SIM_END_CLOSE, 1001, "service restart");
  rb_test_wait_until (peer->n_disconnected == 1);
  g_assert_cmpstr (peer->last_reason, ==, "The gateway closed the connection: service restart (1001)");
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_disconnected == 2);
  g_assert_cmpstr (peer->last_reason, ==, "Unsupported protocol version: 5");
  rb_fake_clock_advance (peer->clock, 120000);
  g_assert_true (REGISTERED (2));
}

static void
test_register_timeout (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A gateway that does not answer REGISTER within 15 s is left with 4000 and tried again.");

  rb_sim_gateway_end_at (peer->gateway, RB_SIM_ON_REGISTER, RB_SIM_END_SILENCE, 0, NULL, 1);
  rb_module_start_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &result);
  rb_test_wait_until (REGISTERED (1));
  rb_fake_clock_advance (peer->clock, 14999);
  g_assert_null (result);
  rb_fake_clock_advance (peer->clock, 1);
  rb_test_wait_until (result != NULL && peer->n_disconnected == 1);
  g_assert_true (rb_module_start_finish (RB_MODULE (peer->connector), result, NULL));
  g_assert_cmpstr (peer->last_reason, ==, "REGISTER_ACK timeout");
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 1);
}

static void
test_register_ignored (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  g_test_summary ("Such a gateway hears 4000 and why, when it listens.");

  rb_sim_gateway_set_ack (peer->gateway, "event", "\"NONE\"");
  rb_module_start_async (RB_MODULE (peer->connector), NULL, NULL, NULL);
  rb_test_wait_until (REGISTERED (1));
  rb_fake_clock_advance (peer->clock, 15000);
  rb_test_wait_until (peer->n_disconnected == 1);
  assert_goodbye (peer, "4000 Register timeout");
}

static void
test_handshake_timeout (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
  const RbSimFault fault = { .request = "GET /gateway", .kind = RB_SIM_FAULT_HANG, .times = 1 };
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A handshake that takes 10 s is given up and tried again.");

  rb_sim_add_fault (peer->sim, &fault);
  rb_module_start_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &result);
  rb_test_wait_until (rb_sim_count (peer->sim, "GET /gateway", NULL) == 1);
  rb_fake_clock_advance (peer->clock, 9999);
  g_assert_null (result);
  rb_fake_clock_advance (peer->clock, 1);
  rb_test_wait_until (result != NULL && peer->n_disconnected == 1);
  g_assert_true (rb_module_start_finish (RB_MODULE (peer->connector), result, NULL));
  g_assert_true (g_str_has_suffix (peer->last_reason, "did not open a connection in time"));
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 1);
}

static void
test_ends_everywhere (void)
{
  static const struct {
    RbSimPoint  point;
    RbSimEnd    end;
    guint       code;
    const char *text;
  } ends[] = {
    { RB_SIM_AFTER_UPGRADE, RB_SIM_END_CLOSE, 1001, "Connection closed during registration: The gateway closed the connection: why (1001)" },
    { RB_SIM_AFTER_UPGRADE, RB_SIM_END_CLOSE, 4001, "Connection closed during registration: The gateway closed the connection: why (4001)" },
    { RB_SIM_AFTER_UPGRADE, RB_SIM_END_DROP, 0, "Connection closed during registration: *" },
    { RB_SIM_ON_REGISTER, RB_SIM_END_CLOSE, 1011, "Connection closed during registration: The gateway closed the connection: why (1011)" },
    { RB_SIM_ON_REGISTER, RB_SIM_END_DROP, 0, "Connection closed during registration: *" },
    { RB_SIM_AFTER_ACK, RB_SIM_END_CLOSE, 1001, "The gateway closed the connection: why (1001)" },
    { RB_SIM_AFTER_ACK, RB_SIM_END_DROP, 0, "The connection to the gateway *" },
  };

  g_test_summary ("Wherever the gateway ends the connection, it is said, and the next attempt registers.");

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
      guint registered = ends[i].point == RB_SIM_AFTER_ACK;
      g_autofree char *code = ends[i].code != 0 ? g_strdup_printf ("%u", ends[i].code) : NULL;

      g_test_message ("end %zu", i);
      rb_sim_gateway_end_at (peer->gateway, ends[i].point, ends[i].end, ends[i].code, "why", 1);
      g_assert_true (peer_try_start (peer, NULL));
      rb_test_wait_until (peer->n_disconnected == 1);
      g_assert_true (g_pattern_match_simple (ends[i].text, peer->last_reason));
      rb_test_assert_logged ("connector_ws_closed", "code", code, "intentional", "false", "was_registering", registered ? "false" : "true",
                             "replaced_by_new_runtime", "false", "has_close_details", ends[i].code != 0 ? "true" : "false", NULL);
      g_assert_cmpuint (peer->n_connected, ==, registered);
      peer_wait_backoff (peer, 1000);
      rb_test_wait_until (peer->n_connected == registered + 1);
      g_assert_cmpuint (peer->n_superseded, ==, 0);
    }
}

static void
test_backoff_starts_over (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  g_test_summary ("Waits double while attempts fail, each failure is said, and a registration starts over.");

  rb_sim_down (peer->sim);
  g_assert_true (peer_try_start (peer, NULL));
  for (guint i = 1; i <= 3; i++)
    {
      rb_test_wait_until (peer->n_disconnected == i);
      g_assert_true (g_str_has_suffix (peer->last_reason, "refuses the connection"));
      peer_wait_backoff (peer, 1000 << (i - 1));
    }
  rb_test_wait_until (peer->n_disconnected == 4);
  g_assert_true (rb_sim_up (peer->sim, NULL));
  peer_wait_backoff (peer, 8000);
  rb_test_wait_until (peer->n_connected == 1);

  rb_sim_gateway_end (peer->gateway, RB_SIM_END_DROP, 0, NULL);
  rb_test_wait_until (peer->n_disconnected == 5);
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 2);
}

static void
test_superseded (void)
{
  static const struct {
    int point;        /* RbSimPoint, or -1: later */
    guint connected;
  } moments[] = { { RB_SIM_AFTER_UPGRADE, 0 }, { RB_SIM_ON_REGISTER, 0 }, { RB_SIM_AFTER_ACK, 1 }, { -1, 1 } };

  g_test_summary ("Whenever another runtime takes over, that is said, and there is no further attempt.");

  for (gsize i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

      if (moments[i].point >= 0)
        rb_sim_gateway_end_at (peer->gateway, moments[i].point, RB_SIM_END_CLOSE, 4001, "Replaced by new Runtime", 1);
      g_assert_true (peer_try_start (peer, NULL));
      if (moments[i].point < 0)
        {
          rb_test_wait_until (peer->n_connected == 1);
          rb_sim_gateway_end (peer->gateway, RB_SIM_END_CLOSE, 4001, "Replaced by new Runtime");
        }
      rb_test_wait_until (peer->n_superseded == 1);
      rb_test_assert_logged ("connector_ws_closed", "code", "4001", "reason", "Replaced by new Runtime", "replaced_by_new_runtime", "true",
                             NULL);
      rb_test_assert_logged ("connector_superseded", "err", "This agent was claimed by another Runtime (this Runtime disconnected). "
                             "Restart setup for this runtime to drive this agent from here again.", NULL);
      rb_fake_clock_advance (peer->clock, 120000);
      g_assert_cmpuint (peer->n_superseded, ==, 1);
      g_assert_cmpuint (peer->n_disconnected, ==, 0);
      g_assert_cmpuint (peer->n_connected, ==, moments[i].connected);
      g_assert_cmpuint (rb_sim_gateway_count_opened (peer->gateway), ==, 1);
    }
}

static void
test_two_runtimes (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(RbConnector) first = g_steal_pointer (&peer->connector);
  g_autoptr(GAsyncResult) stopped = NULL;

  g_test_summary ("Of two runtimes of one account the newer one has the connection.");

  peer->connector = g_object_new (G_OBJECT_TYPE (first), NULL);
  peer_renew (peer, "keepalive-ms", "0", NULL);
  peer_start (peer);
  rb_test_wait_until (peer->n_superseded == 1);
  rb_module_stop_async (RB_MODULE (first), NULL, rb_test_store_result, &stopped);
  rb_test_wait_until (stopped != NULL);
  g_assert_true (rb_sim_gateway_is_registered (peer->gateway));
}

static void
test_late_ack (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A later REGISTER_ACK counts like the first: good news changes nothing, a refusal ends the connection.");

  rb_sim_gateway_send_text (peer->gateway, "{\"event\":\"REGISTER_ACK\",\"status\":\"ok\",\"protocolVersion\":4,\"agent\":{\"handle\":\"new@sim\"}}");
  peer_sync (peer);
  g_assert_cmpuint (peer->n_connected, ==, 1);
  g_assert_cmpstr (rb_connector_get_address (peer->connector), ==, "new@sim");

  rb_sim_gateway_send_text (peer->gateway, "{\"event\":\"REGISTER_ACK\",\"status\":\"error\",\"reason\":\"Token revoked\"}");
  rb_test_wait_until (peer->n_disconnected == 1);
  g_assert_cmpstr (peer->last_reason, ==, "Token revoked");
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 2);
}

static void
test_long_reason (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
  g_autofree char *reason = g_strnfill (500, 'x');
  g_autofree char *goodbye = g_strdup_printf ("4001 %.123s", reason);

  g_test_summary ("A refusal with a long reason is told whole, and the close frame carries what fits.");

  rb_sim_gateway_refuse (peer->gateway, reason, 1);
  g_assert_true (peer_try_start (peer, NULL));
  rb_test_wait_until (peer->n_disconnected == 1);
  g_assert_cmpstr (peer->last_reason, ==, reason);
  rb_test_wait_until (rb_sim_gateway_count_open (peer->gateway) == 0);
  assert_goodbye (peer, goodbye);
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 1);
}

static void
begin_stop (Peer          *peer,
            GAsyncResult **started,
            GAsyncResult **stopped)
{
  RbModule *module = RB_MODULE (peer->connector);

  rb_module_stop_async (module, NULL, rb_test_store_result, stopped);
  rb_test_wait_until (*started != NULL && *stopped != NULL);
  g_assert_true (rb_module_stop_finish (module, *stopped, NULL));
  g_assert_cmpuint (peer->n_connected + peer->n_disconnected + peer->n_superseded, ==, 0);
}

static void
test_stop_while_starting (void)
{
  g_test_summary ("A stop at any moment of the start ends both at once, and nothing is said.");

  for (guint moment = 0; moment < 3; moment++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
      const RbSimFault hang = { .request = "GET /gateway", .kind = RB_SIM_FAULT_HANG };
      g_autoptr(GAsyncResult) started = NULL;
      g_autoptr(GAsyncResult) stopped = NULL;
      g_autoptr(GError) error = NULL;

      if (moment == 1)
        rb_sim_add_fault (peer->sim, &hang);
      if (moment == 2)
        rb_sim_gateway_end_at (peer->gateway, RB_SIM_ON_REGISTER, RB_SIM_END_SILENCE, 0, NULL, 0);
      rb_module_start_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &started);
      if (moment == 1)
        rb_test_wait_until (rb_sim_count (peer->sim, "GET /gateway", NULL) == 1);
      if (moment == 2)
        rb_test_wait_until (REGISTERED (1));
      if (moment == 2)
        {
          /* The gateway does not answer our goodbye either. */
          rb_module_stop_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &stopped);
          rb_fake_clock_advance (peer->clock, 1000);
          rb_test_wait_until (started != NULL && stopped != NULL);
        }
      else
        begin_stop (peer, &started, &stopped);
      g_assert_false (rb_module_start_finish (RB_MODULE (peer->connector), started, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
      g_assert_cmpuint (peer->n_connected + peer->n_disconnected, ==, 0);
    }
}

static void
test_stop_while_waiting (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  g_test_summary ("A stop between two attempts ends them.");

  rb_sim_gateway_refuse (peer->gateway, "Invalid token", 0);
  g_assert_true (peer_try_start (peer, NULL));
  rb_test_wait_until (peer->n_disconnected == 1);
  peer_stop (peer);
  rb_fake_clock_advance (peer->clock, 120000);
  g_assert_true (REGISTERED (1));
  g_assert_cmpuint (peer->n_disconnected, ==, 1);
}

static void
stop_from_signal (RbConnector   *connector,
                  const char    *reason,
                  GAsyncResult **result)
{
  rb_module_stop_async (RB_MODULE (connector), NULL, rb_test_store_result, (gpointer) result);
}

static void
test_stop_from_news (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
  g_autoptr(GAsyncResult) stopped = NULL;

  g_test_summary ("Whoever hears that the link is gone may stop the connector there and then.");

  g_signal_connect (peer->connector, "disconnected", G_CALLBACK (stop_from_signal), &stopped);
  rb_sim_gateway_refuse (peer->gateway, "Invalid token", 0);
  g_assert_true (peer_try_start (peer, NULL));
  rb_test_wait_until (stopped != NULL);
  g_assert_true (rb_module_stop_finish (RB_MODULE (peer->connector), stopped, NULL));
  rb_fake_clock_advance (peer->clock, 120000);
  g_assert_true (REGISTERED (1));
}

static void
on_sent_stop (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_assert_false (rb_connector_send_finish (RB_CONNECTOR (source), result, NULL, NULL, NULL));
  rb_module_stop_async (RB_MODULE (source), NULL, rb_test_store_result, user_data);
}

static void
test_stop_from_lost_send (void)
{
  const RbSimSendAnswer drop = { .how = RB_SIM_SEND_DROP };
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@sim", NULL, "x");
  g_autoptr(GAsyncResult) stopped = NULL;

  g_test_summary ("Whoever hears that a message was lost with the link may stop the connector there and then.");

  rb_sim_gateway_answer_sends (peer->gateway, &drop);
  rb_connector_send_async (peer->connector, envelope, NULL, on_sent_stop, &stopped);
  rb_test_wait_until (stopped != NULL);
  g_assert_cmpuint (peer->n_disconnected, ==, 0);
  rb_fake_clock_advance (peer->clock, 120000);
  g_assert_true (REGISTERED (1));
}

static void
stop_from_delivery (RbConnector   *connector,
                    gint64         seq,
                    RbEnvelope    *envelope,
                    GAsyncResult **result)
{
  rb_module_stop_async (RB_MODULE (connector), NULL, rb_test_store_result, (gpointer) result);
}

static void
test_stop_from_held_delivery (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autoptr(GAsyncResult) stopped = NULL;

  g_test_summary ("A stop from within a delivery ends them, also when there is no connection any more.");

  rb_connector_set_window (peer->connector, 0, 0);
  rb_sim_gateway_burst (peer->gateway, 3, "b", "bob@sim");
  peer_sync (peer);
  rb_sim_gateway_end (peer->gateway, RB_SIM_END_DROP, 0, NULL);
  rb_test_wait_until (peer->n_disconnected == 1);
  g_signal_connect (peer->connector, "delivery", G_CALLBACK (stop_from_delivery), &stopped);
  rb_connector_set_window (peer->connector, 10, 1 << 20);
  rb_test_wait_until (stopped != NULL);
  g_assert_cmpuint (peer->deliveries->len, ==, 1);
  g_signal_handlers_disconnect_by_func (peer->connector, stop_from_delivery, &stopped);

  peer_start (peer);
  rb_test_wait_until (peer->deliveries->len == 4);
}

static void
test_goodbye (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("A stop says goodbye and waits for the answer; it says nothing to the broker.");

  peer_stop (peer);
  rb_test_wait_until (rb_sim_gateway_count_open (peer->gateway) == 0);
  g_assert_cmpuint (peer->n_disconnected, ==, 0);
  assert_goodbye (peer, "1000 Client disconnect");
  rb_test_assert_logged ("connector_ws_closed", "intentional", "true", NULL);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/connect/register", test_register);
  g_test_add_func ("/gateway/connect/start-twice", test_start_twice);
  g_test_add_func ("/gateway/connect/refusals", test_refusals);
  g_test_add_func ("/gateway/connect/already-connected", test_already_connected);
  g_test_add_func ("/gateway/connect/incompatible-at-start", test_incompatible_at_start);
  g_test_add_func ("/gateway/connect/incompatible-later", test_incompatible_later);
  g_test_add_func ("/gateway/connect/register-timeout", test_register_timeout);
  g_test_add_func ("/gateway/connect/register-ignored", test_register_ignored);
  g_test_add_func ("/gateway/connect/handshake-timeout", test_handshake_timeout);
  g_test_add_func ("/gateway/connect/ends-everywhere", test_ends_everywhere);
  g_test_add_func ("/gateway/connect/backoff-starts-over", test_backoff_starts_over);
  g_test_add_func ("/gateway/connect/superseded", test_superseded);
  g_test_add_func ("/gateway/connect/two-runtimes", test_two_runtimes);
  g_test_add_func ("/gateway/connect/late-ack", test_late_ack);
  g_test_add_func ("/gateway/connect/long-reason", test_long_reason);
  g_test_add_func ("/gateway/connect/stop/while-starting", test_stop_while_starting);
  g_test_add_func ("/gateway/connect/stop/while-waiting", test_stop_while_waiting);
  g_test_add_func ("/gateway/connect/stop/from-news", test_stop_from_news);
  g_test_add_func ("/gateway/connect/stop/from-lost-send", test_stop_from_lost_send);
  g_test_add_func ("/gateway/connect/stop/from-held-delivery", test_stop_from_held_delivery);
  g_test_add_func ("/gateway/connect/stop/goodbye", test_goodbye);
  return g_test_run ();
}
