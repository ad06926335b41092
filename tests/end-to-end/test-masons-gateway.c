/* test-masons-gateway.c: a gateway that closes, repeats, forgets, mixes up and falls silent while messages flow
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  const char *name;             /* of the test */
  RbSimPoint  point;
  RbSimEnd    end;
  guint16     code;
} LinkCase;

static const LinkCase link_cases[] = {
  { "upgrade/close",    RB_SIM_AFTER_UPGRADE, RB_SIM_END_CLOSE,   1012 },
  { "upgrade/drop",     RB_SIM_AFTER_UPGRADE, RB_SIM_END_DROP,    0 },
  { "upgrade/silence",  RB_SIM_AFTER_UPGRADE, RB_SIM_END_SILENCE, 0 },
  { "register/close",   RB_SIM_ON_REGISTER,   RB_SIM_END_CLOSE,   1012 },
  { "register/drop",    RB_SIM_ON_REGISTER,   RB_SIM_END_DROP,    0 },
  { "register/silence", RB_SIM_ON_REGISTER,   RB_SIM_END_SILENCE, 0 },
  { "ack/close",        RB_SIM_AFTER_ACK,     RB_SIM_END_CLOSE,   1012 },
  { "ack/drop",         RB_SIM_AFTER_ACK,     RB_SIM_END_DROP,    0 },
  { "ack/silence",      RB_SIM_AFTER_ACK,     RB_SIM_END_SILENCE, 0 },
};

/* Everything came to the adapter once, in order, and is acknowledged; then the broker stops in order. */
static void
assert_all (RbMasons   *fixture,
            RbAdapter  *adapter,
            const char *prefix,
            guint       count)
{
  rb_masons_wait_long (30, rb_adapter_count (adapter) >= count && rb_masons_is_acked (fixture));
  rb_adapter_assert_in_order (adapter, prefix, count);
}

static void
test_handshake (RbMasons      *fixture,
                gconstpointer  data)
{
  const LinkCase *row = data;
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("A gateway that goes in the middle of a burst, and twice more at one point of the handshake: nothing is lost or twice.");

  rb_masons_set (fixture, "gateway.register-timeout-ms=1000");
  rb_masons_set (fixture, row->end == RB_SIM_END_SILENCE ? "gateway.keepalive-ms=500" : "gateway.keepalive-ms=0");
  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_masons_burst_to (fixture, adapter, 0, 100, "m");
  rb_test_wait_until (rb_adapter_count (adapter) >= 10);
  rb_sim_gateway_end_at (fixture->gateway, row->point, row->end, row->code, "later", 2);
  rb_sim_gateway_end (fixture->gateway, row->end, row->code, "going");
  rb_masons_burst_to (fixture, adapter, 100, 200, "m");
  assert_all (fixture, adapter, "m", 200);
  g_assert_cmpuint (rb_sim_gateway_count_opened (fixture->gateway), >=, 4);
  rb_masons_stop (fixture);
}

static void
test_drops (RbMasons      *fixture,
            gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("Ten abrupt ends in a burst of 500 messages with receipts: each comes once, in order.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%u", i + 1);

      rb_masons_deliver_to (fixture, adapter, id, id);
      if (i % 50 != 49)
        continue;
      rb_masons_wait_long (30, rb_adapter_count (adapter) >= i - 40 && rb_masons_is_registered (fixture));
      rb_sim_gateway_drop_all (fixture->gateway);
    }
  assert_all (fixture, adapter, "m", 500);
  rb_test_wait_until (rb_sim_count_frames (fixture->sim, "REGISTER", NULL) == 11);
  g_assert_cmpint (rb_masons_number (fixture, "receipt_timeouts"), ==, 0);
  rb_masons_stop (fixture);
}

static void
deliver_both (RbMasons  *fixture,
              RbAdapter *adapter,
              guint      count)
{
  for (guint i = 1; i <= count; i++)
    {
      g_autofree char *direct = g_strdup_printf ("m-%u", i);
      g_autofree char *waiting = g_strdup_printf ("row-%u", i);

      rb_masons_deliver_to (fixture, adapter, direct, direct);
      rb_sim_gateway_deliver (fixture->gateway, waiting, "bob@sim", waiting, NULL);
    }
}

static void
assert_both (RbMasons  *fixture,
             RbAdapter *adapter,
             guint      count)
{
  assert_all (fixture, adapter, "m", count);
  g_assert_cmpuint (rb_masons_count_inbox (fixture, "row-"), ==, count);
  rb_test_wait_until (rb_sim_count (fixture->sim, "POST /v1/runtime/undispatched-changed", "\"add\"") >= count
                      && rb_sim_count (fixture->sim, "POST /v1/runtime/inbound-routed", NULL) >= count);
  g_assert_cmpuint (rb_sim_count (fixture->sim, "POST /v1/runtime/undispatched-changed", "\"add\""), ==, count);
  g_assert_cmpuint (rb_sim_count (fixture->sim, "POST /v1/runtime/inbound-routed", NULL), ==, count);
}

static void
test_redelivery (RbMasons      *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *cursor = NULL;

  g_test_summary ("A gateway that forgot what was acknowledged, under the old numbers and under new ones, also when our own place is lost.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  deliver_both (fixture, adapter, 50);
  assert_both (fixture, adapter, 50);

  rb_sim_gateway_replay (fixture->gateway, 0);
  rb_sim_gateway_replay_reversed (fixture->gateway, 0);
  for (guint i = 1; i <= 50; i++)
    {
      g_autofree char *direct = g_strdup_printf ("m-%u", i);
      g_autofree char *waiting = g_strdup_printf ("row-%u", i);

      rb_sim_gateway_deliver_again (fixture->gateway, direct);
      rb_sim_gateway_deliver_again (fixture->gateway, waiting);
    }
  assert_both (fixture, adapter, 50);

  rb_daemon_fixture_kill (fixture->daemon);
  cursor = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "delivery-cursor.json", NULL);
  g_assert_cmpint (g_unlink (cursor), ==, 0);
  rb_masons_start (fixture);
  g_assert_true (rb_adapter_connect (adapter));
  rb_adapter_reattach (adapter);
  rb_sim_gateway_replay (fixture->gateway, 0);
  rb_masons_deliver_to (fixture, adapter, "m-51", "last");
  rb_sim_gateway_deliver (fixture->gateway, "row-51", "bob@sim", "last", NULL);
  assert_both (fixture, adapter, 51);
  rb_masons_stop (fixture);
}

static void
test_disorder (RbMasons      *fixture,
               gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *metadata = NULL;

  g_test_summary ("Holes, duplicates, skips and the reverse order: each message once, and everything is acknowledged.");

  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", rb_adapter_get_endpoint (adapter));
  for (guint i = 1; i <= 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%u", i);

      if (i % 7 == 0)
        rb_sim_gateway_withhold (fixture->gateway, id, "bob@sim", id, metadata);
      else
        rb_sim_gateway_deliver (fixture->gateway, id, "bob@sim", id, metadata);
      if (i % 11 == 0)
        rb_sim_gateway_skip (fixture->gateway);
      if (i % 13 == 0)
        rb_sim_gateway_replay_reversed (fixture->gateway, MAX ((gint64) i - 20, 0));
      if (i % 5 == 0)
        rb_sim_gateway_deliver_again (fixture->gateway, id);
      rb_test_settle ();
    }
  rb_masons_wait_long (40, rb_adapter_count (adapter) == 200 && rb_masons_is_acked (fixture));
  g_assert_cmpuint (rb_adapter_get_pushes (adapter)->len, ==, 200);
  rb_masons_stop (fixture);
}

typedef struct {
  const char     *name;         /* of the test */
  RbSimSendAnswer answer;
  guint           status;
  const char     *code;
} SendCase;

static const SendCase send_cases[] = {
  { "lost",    { .how = RB_SIM_SEND_NEVER, .times = 1 },                    503, "connector_send_outcome_unknown" },
  { "late",    { .how = RB_SIM_SEND_LATE, .delay_ms = 600, .times = 1 },    503, "connector_send_outcome_unknown" },
  { "closed",  { .how = RB_SIM_SEND_CLOSE, .times = 1 },                    503, "connector_send_outcome_unknown" },
  { "dropped", { .how = RB_SIM_SEND_DROP, .times = 1 },                     503, "connector_send_outcome_unknown" },
  { "refused", { .how = RB_SIM_SEND_ERROR, .times = 1 },                    502, "connector_rejected" },
  { "unnamed", { .how = RB_SIM_SEND_ERROR_NO_ID, .times = 1 },              503, "connector_send_outcome_unknown" },
};

static void
test_send (RbMasons      *fixture,
           gconstpointer  data)
{
  const SendCase *row = data;
  g_autoptr(RbAdapter) adapter = NULL;
  g_autofree char *first = NULL;
  g_autofree char *next = NULL;
  g_autofree char *answer = NULL;

  g_test_summary ("A send whose answer is lost, late or cut off is never repeated; the next one works.");

  rb_masons_set (fixture, "gateway.send-ack-timeout-ms=300");
  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  first = g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"bob@sim\",\"content\":\"first\"}", rb_adapter_get_endpoint (adapter));
  next = g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"bob@sim\",\"content\":\"next\"}", rb_adapter_get_endpoint (adapter));
  rb_sim_gateway_answer_sends (fixture->gateway, &row->answer);
  g_assert_cmpuint (rb_adapter_call (adapter, "POST", "/v1/send", first, &answer), ==, row->status);
  g_assert_nonnull (strstr (answer, row->code));

  rb_test_wait_until (rb_masons_is_registered (fixture));
  rb_test_wait_until (rb_adapter_call (adapter, "POST", "/v1/send", next, NULL) == 200);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", "\"first\""), ==, 1);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", "\"next\""), ==, 1);
  rb_masons_stop (fixture);
}

static void
test_half_open (RbMasons      *fixture,
                gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  gint64 silent_us;

  g_test_summary ("A link on which nothing is heard any more is given up within four and a half pings: 45 s as it is shipped.");

  rb_masons_set (fixture, "gateway.keepalive-ms=500");
  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_sim_gateway_end (fixture->gateway, RB_SIM_END_SILENCE, 0, NULL);
  silent_us = g_get_monotonic_time ();
  rb_masons_deliver_to (fixture, adapter, "m-1", "said into the void");
  rb_test_wait_until (rb_sim_gateway_count_opened (fixture->gateway) == 2);
  g_assert_cmpint (g_get_monotonic_time () - silent_us, <, 45 * 500 * 1000 / 10);
  assert_all (fixture, adapter, "m", 1);
  rb_masons_stop (fixture);
}

static void
test_superseded (RbMasons      *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbAdapter) one = NULL;
  g_autoptr(RbAdapter) other = NULL;
  g_autoptr(GPtrArray) left = NULL;

  g_test_summary ("Replaced in the middle of a burst: exit 0, its endpoints are gone upstream, and what it took is still there.");

  rb_masons_start (fixture);
  one = rb_masons_attach (fixture, FALSE);
  other = rb_masons_attach (fixture, TRUE);
  rb_sim_gateway_burst (fixture->gateway, 200, "row", "bob@sim");
  rb_test_wait_until (rb_sim_gateway_get_acked (fixture->gateway) >= 20);
  rb_sim_gateway_end (fixture->gateway, RB_SIM_END_CLOSE, 4001, "Replaced by new Runtime");
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  left = rb_sim_endpoints_list (rb_sim_get_endpoints (fixture->sim));
  g_assert_cmpuint (left->len, ==, 0);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, 1);
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));

  rb_masons_start (fixture);
  rb_masons_wait_long (30, rb_masons_is_acked (fixture));
  g_assert_cmpuint (rb_masons_count_inbox (fixture, "row-"), ==, 200);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (link_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/masons-gateway/ends/", link_cases[i].name, NULL);

      g_test_add (path, RbMasons, &link_cases[i], rb_masons_set_up, test_handshake, rb_masons_tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (send_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/masons-gateway/send/", send_cases[i].name, NULL);

      g_test_add (path, RbMasons, &send_cases[i], rb_masons_set_up, test_send, rb_masons_tear_down);
    }
  rb_masons_add ("/masons-gateway/drops", test_drops);
  rb_masons_add ("/masons-gateway/redelivery", test_redelivery);
  rb_masons_add ("/masons-gateway/disorder", test_disorder);
  rb_masons_add ("/masons-gateway/half-open", test_half_open);
  rb_masons_add ("/masons-gateway/superseded", test_superseded);
  return g_test_run ();
}
