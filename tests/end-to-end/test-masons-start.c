/* test-masons-start.c: a network that is away, slow or refuses us while the daemon starts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

/* Clients wait 5 s for a broker that they started; on a busy machine and under a sanitizer there must be room in that. */
#define SOON_US (2 * G_USEC_PER_SEC)

typedef struct {
  const char     *name;         /* of the test */
  const char     *request;      /* whoami, or the gateway's upgrade */
  RbSimFaultKind  kind;
  guint           status;
  guint           delay_ms;
} HttpCase;

static const HttpCase http_cases[] = {
  { "whoami/500",           "GET /v1/whoami", RB_SIM_FAULT_STATUS,       500, 0 },
  { "whoami/503",           "GET /v1/whoami", RB_SIM_FAULT_STATUS,       503, 0 },
  { "whoami/429",           "GET /v1/whoami", RB_SIM_FAULT_STATUS,       429, 0 },
  { "whoami/hangs",         "GET /v1/whoami", RB_SIM_FAULT_HANG,           0, 0 },
  { "whoami/slow",          "GET /v1/whoami", RB_SIM_FAULT_DELAY,          0, 3000 },
  { "whoami/closes",        "GET /v1/whoami", RB_SIM_FAULT_CLOSE,          0, 0 },
  { "whoami/resets",        "GET /v1/whoami", RB_SIM_FAULT_RESET,          0, 0 },
  { "whoami/half-a-body",   "GET /v1/whoami", RB_SIM_FAULT_HALF_BODY,      0, 0 },
  { "whoami/stalled-body",  "GET /v1/whoami", RB_SIM_FAULT_STALLED_BODY,   0, 0 },
  { "whoami/not-http",      "GET /v1/whoami", RB_SIM_FAULT_NOT_HTTP,       0, 0 },
  { "gateway/503",          "GET /gateway",   RB_SIM_FAULT_STATUS,       503, 0 },
  { "gateway/hangs-before", "GET /gateway",   RB_SIM_FAULT_HANG,           0, 0 },
  { "gateway/resets",       "GET /gateway",   RB_SIM_FAULT_RESET,          0, 0 },
  { "gateway/closes",       "GET /gateway",   RB_SIM_FAULT_CLOSE,          0, 0 },
  { "gateway/not-http",     "GET /gateway",   RB_SIM_FAULT_NOT_HTTP,       0, 0 },
  { "gateway/garbage",      "GET /gateway",   RB_SIM_FAULT_GARBAGE,        0, 0 },
};

typedef struct {
  const char *name;
  RbSimPoint  point;
  RbSimEnd    end;
  guint16     code;
} LinkCase;

static const LinkCase link_cases[] = {
  { "gateway/closes-after-upgrade", RB_SIM_AFTER_UPGRADE, RB_SIM_END_CLOSE,   1011 },
  { "gateway/drops-after-upgrade",  RB_SIM_AFTER_UPGRADE, RB_SIM_END_DROP,    0 },
  { "gateway/hangs-after-upgrade",  RB_SIM_AFTER_UPGRADE, RB_SIM_END_SILENCE, 0 },
  { "gateway/closes-on-register",   RB_SIM_ON_REGISTER,   RB_SIM_END_CLOSE,   1011 },
  { "gateway/drops-on-register",    RB_SIM_ON_REGISTER,   RB_SIM_END_DROP,    0 },
  { "gateway/hangs-on-register",    RB_SIM_ON_REGISTER,   RB_SIM_END_SILENCE, 0 },
};

/* Discovery and IPC are there, and an adapter can attach its stream, whatever the network does. */
static void
start_soon (RbMasons *fixture)
{
  g_autoptr(RbAdapter) adapter = rb_adapter_new (fixture->daemon);
  gint64 begun_us = g_get_monotonic_time ();

  rb_masons_set (fixture, "http.request-timeout-ms=400");
  rb_masons_set (fixture, "gateway.handshake-timeout-ms=400");
  rb_masons_set (fixture, "gateway.register-timeout-ms=400");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, SOON_US);
  rb_masons_assert_healthy (fixture);
  g_assert_cmpuint (rb_adapter_call (adapter, "POST", "/v1/initialize",
                                     "{\"client_protocol_version\":\"1.1\",\"client_kind\":\"custom\"}", NULL), ==, 200);
  g_assert_true (rb_adapter_connect (adapter));
}

/* The fault is gone: by itself it is online, knows who it is, and works. */
static void
assert_recovers (RbMasons *fixture)
{
  g_autoptr(RbAdapter) adapter = NULL;

  rb_test_wait_until (rb_masons_is_registered (fixture));
  rb_test_wait_until (rb_masons_says (fixture, "status", "\"presence\":\"online\""));
  rb_test_wait_until (rb_masons_says (fixture, "status", "\"node_id\":\"node_sim\""));
  g_assert_false (rb_masons_says (fixture, "status", "\"link_error\":\""));
  adapter = rb_masons_attach (fixture, FALSE);
  rb_masons_deliver_to (fixture, adapter, "m-1", "hi");
  rb_test_wait_until (rb_masons_is_acked (fixture) && rb_adapter_count (adapter) == 1);
  rb_adapter_assert_in_order (adapter, "m", 1);
  rb_masons_stop (fixture);
}

static void
test_http (RbMasons      *fixture,
           gconstpointer  data)
{
  const HttpCase *row = data;
  const RbSimFault fault = { .request = row->request, .kind = row->kind, .status = row->status, .delay_ms = row->delay_ms };

  g_test_summary ("Whatever the network answers at start: IPC is there at once, what is missing is asked for again until it works.");

  rb_sim_add_fault (fixture->sim, &fault);
  start_soon (fixture);
  rb_test_wait_until (rb_sim_count (fixture->sim, row->request, NULL) >= 3);
  rb_masons_assert_healthy (fixture);
  if (g_str_equal (row->request, "GET /gateway"))
    {
      rb_test_wait_until (rb_masons_says (fixture, "status", "\"link_error\":\""));
      g_assert_true (rb_masons_says (fixture, "status", "\"presence\":\"offline\""));
    }
  rb_sim_faults_clear (rb_sim_get_faults (fixture->sim));
  assert_recovers (fixture);
}

static void
test_link (RbMasons      *fixture,
           gconstpointer  data)
{
  const LinkCase *row = data;

  g_test_summary ("Wherever a gateway leaves the handshake: offline with the reason, and online when it behaves.");

  rb_sim_gateway_end_at (fixture->gateway, row->point, row->end, row->code, NULL, 3);
  rb_masons_set (fixture, "gateway.backoff-initial-ms=300");
  rb_masons_set (fixture, "gateway.backoff-max-ms=400");
  start_soon (fixture);
  rb_test_wait_until (rb_masons_says (fixture, "status", "\"link_error\":\""));
  g_assert_true (rb_masons_says (fixture, "status", "\"presence\":\"offline\""));
  assert_recovers (fixture);
  g_assert_cmpuint (rb_sim_gateway_count_opened (fixture->gateway), ==, 4);
}

static void
test_away (RbMasons      *fixture,
           gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Connections refused, all of them.");

  rb_sim_down (fixture->sim);
  start_soon (fixture);
  rb_test_wait_until (rb_masons_says (fixture, "status", "\"link_error\":\""));
  g_assert_true (rb_masons_says (fixture, "status", "\"presence\":\"offline\""));
  g_assert_true (rb_sim_up (fixture->sim, &error));
  g_assert_no_error (error);
  assert_recovers (fixture);
}

static void
test_refused_for_now (RbMasons      *fixture,
                      gconstpointer  data)
{
  g_autofree char *reason = g_strdup_printf ("%s", (const char *) data);

  g_test_summary ("A refusal of REGISTER that may pass is repeated to whoever asks, and tried again.");

  rb_sim_gateway_refuse (fixture->gateway, reason, 5);
  rb_masons_set (fixture, "gateway.already-connected-delay-ms=200");
  start_soon (fixture);
  rb_test_wait_until (rb_masons_says (fixture, "status", reason));
  g_assert_true (rb_masons_says (fixture, "status", "\"presence\":\"offline\""));
  assert_recovers (fixture);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, 6);
}

/* One line, code 1, and nothing that could be found. */
static void
assert_refuses (RbMasons   *fixture,
                const char *line)
{
  g_autofree char *errors = NULL;

  rb_daemon_fixture_launch (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 1);
  errors = rb_daemon_fixture_dup_errors (fixture->daemon);
  g_assert_true (g_str_has_prefix (errors, "runtime-brokerd: "));
  g_assert_nonnull (strstr (errors, line));
  g_assert_true (strchr (errors, '\n') == errors + strlen (errors) - 1);
}

static void
test_for_good (RbMasons      *fixture,
               gconstpointer  data)
{
  g_test_summary ("What waiting cannot mend ends the start with code 1 and one line.");

  rb_sim_fail (fixture->sim, "GET /v1/whoami", 1, 401, NULL);
  assert_refuses (fixture, "whoami failed: 401");
  rb_sim_fail (fixture->sim, "GET /v1/whoami", 1, 403, NULL);
  assert_refuses (fixture, "whoami failed: 403");
  rb_sim_set_whoami (fixture->sim, "subjectType", "\"user\"");
  assert_refuses (fixture, "runtime broker requires agent-runtime credentials; got user");
  rb_sim_set_whoami (fixture->sim, "subjectType", "\"agent-runtime\"");

  rb_sim_gateway_refuse (fixture->gateway, "Unsupported protocol version", 1);
  assert_refuses (fixture, "Unsupported protocol version");
  rb_sim_gateway_set_ack (fixture->gateway, "protocolVersion", "5");
  assert_refuses (fixture, "Unsupported protocol version: 5");
  rb_masons_assert_clean (fixture);
}

static void
test_version_late (RbMasons      *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_autofree char *errors = NULL;

  g_test_summary ("Another protocol version that shows only after the network was away: then nobody finds the broker any more.");

  rb_sim_down (fixture->sim);
  start_soon (fixture);
  rb_sim_gateway_set_ack (fixture->gateway, "protocolVersion", "5");
  g_assert_true (rb_sim_up (fixture->sim, &error));
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 1);
  errors = rb_daemon_fixture_dup_errors (fixture->daemon);
  g_assert_cmpstr (errors, ==, "runtime-brokerd: The network does not accept us: Unsupported protocol version: 5\n");
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, 1);
}

static void
test_version_changes (RbMasons      *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A gateway that changes its protocol while we are connected: no further attempt; the broker serves and says why.");

  rb_masons_start (fixture);
  rb_sim_gateway_set_ack (fixture->gateway, "protocolVersion", "5");
  rb_sim_gateway_drop_all (fixture->gateway);
  rb_test_wait_until (rb_masons_says (fixture, "status", "Unsupported protocol version: 5"));
  rb_masons_assert_healthy (fixture);
  rb_masons_stop (fixture);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, 2);
}

static void
test_two_at_once (RbMasons      *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbDaemonFixture) other = rb_daemon_fixture_new_beside (fixture->daemon);
  guint n_opened = 0;

  g_test_summary ("Of two that start at once one serves and the other leaves with code 0, and only one ever says REGISTER.");

  rb_sim_gateway_set_exclusive (fixture->gateway, TRUE);
  for (guint i = 0; i < 10; i++)
    {
      RbDaemonFixture *loser, *winner;
      int code;

      rb_daemon_fixture_launch (i % 2 == 0 ? fixture->daemon : other);
      rb_daemon_fixture_launch (i % 2 == 0 ? other : fixture->daemon);
      loser = rb_daemon_fixture_wait_either (fixture->daemon, other, &code);
      winner = loser == other ? fixture->daemon : other;
      g_assert_cmpint (code, ==, 0);
      rb_daemon_fixture_wait_ready (winner);
      rb_test_wait_until (rb_masons_is_registered (fixture));
      g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, ++n_opened);
      g_assert_cmpint (rb_daemon_fixture_stop (winner), ==, 0);
      rb_test_wait_until (rb_sim_gateway_count_open (fixture->gateway) == 0);
    }
  rb_masons_assert_clean (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (http_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/masons-start/", http_cases[i].name, NULL);

      g_test_add (path, RbMasons, &http_cases[i], rb_masons_set_up, test_http, rb_masons_tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (link_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/masons-start/", link_cases[i].name, NULL);

      g_test_add (path, RbMasons, &link_cases[i], rb_masons_set_up, test_link, rb_masons_tear_down);
    }
  g_test_add ("/masons-start/gateway/already-connected", RbMasons, "Already connected", rb_masons_set_up, test_refused_for_now,
              rb_masons_tear_down);
  g_test_add ("/masons-start/gateway/bad-token", RbMasons, "Invalid token", rb_masons_set_up, test_refused_for_now, rb_masons_tear_down);
  rb_masons_add ("/masons-start/away", test_away);
  rb_masons_add ("/masons-start/for-good", test_for_good);
  rb_masons_add ("/masons-start/version-late", test_version_late);
  rb_masons_add ("/masons-start/version-changes", test_version_changes);
  rb_masons_add ("/masons-start/two-at-once", test_two_at_once);
  return g_test_run ();
}
