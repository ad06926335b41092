/* test-network.c: the daemon on profile masons, with its real modules, over a simulated network
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-fixture.h"
#include "rb-sim.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>

/* The simulation runs on our main loop: what the daemon needs it for must be waited for with the loop turning. */
typedef struct {
  RbSim           *sim;
  RbDaemonFixture *daemon;
  char            *dir;
} Fixture;

static void
use_credentials (Fixture    *fixture,
                 const char *token)
{
  g_autofree char *path = g_build_filename (fixture->dir, "credentials.json", NULL);
  g_autofree char *text = g_strdup_printf ("{\"accounts\":{\"default\":{\"connectorUrl\":\"%s\",\"token\":\"%s\",\"apiHost\":\"%s\"}}}",
                                           rb_sim_get_gateway_url (fixture->sim), token, rb_sim_get_origin (fixture->sim));

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_CREDENTIALS_FILE", path);
  rb_daemon_fixture_set_runtime_token (fixture->daemon, token);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->sim = rb_sim_new (NULL, &error);
  g_assert_no_error (error);
  fixture->daemon = rb_daemon_fixture_new ();
  fixture->dir = rb_test_make_dir ();
  use_credentials (fixture, rb_sim_get_token (fixture->sim));
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->daemon, rb_daemon_fixture_free);
  g_clear_pointer (&fixture->sim, rb_sim_free);
  g_free (fixture->dir);
}

/* What the operator routes say waits for nobody but the daemon. */
static gboolean
says (Fixture    *fixture,
      const char *view,
      const char *part)
{
  g_autofree char *path = g_strdup_printf ("/v1/operator/%s", view);
  g_autofree char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", path, NULL, &answer), ==, 200);
  return strstr (answer, part) != NULL;
}

static gboolean
is_registered (Fixture *fixture)
{
  return rb_sim_gateway_is_registered (rb_sim_get_gateway (fixture->sim));
}

static void
assert_clean (Fixture *fixture)
{
  g_autofree char *violations = rb_sim_dup_violations (fixture->sim);

  g_assert_cmpstr (violations, ==, "");
}

static void
stop (Fixture *fixture)
{
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
assert_frame (Fixture    *fixture,
              int         index,
              const char *part)
{
  g_autofree char *frame = rb_sim_dup_frame (fixture->sim, "REGISTER", index);

  g_assert_nonnull (frame);
  if (strstr (frame, part) == NULL)
    g_error ("'%s' is not in: %s", part, frame);
}

static void
test_online (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *node = g_strdup_printf ("\"node_id\":\"%s\"", rb_sim_get_node_id (fixture->sim));

  g_test_summary ("With credentials alone it is online, knows who it is, and says the version that gateways expect.");

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (is_registered (fixture));
  assert_frame (fixture, 0, "\"clientVersion\":\"0.2.36\"");
  rb_test_wait_until (says (fixture, "status", "\"presence\":\"online\""));
  rb_test_wait_until (says (fixture, "status", node));
  stop (fixture);
  assert_clean (fixture);
}

static void
test_message (Fixture       *fixture,
              gconstpointer  data)
{
  RbSimGateway *gateway = rb_sim_get_gateway (fixture->sim);

  g_test_summary ("A message is in the inbox and acknowledged; kill -9 loses neither it nor the place in the stream.");

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (is_registered (fixture));
  rb_sim_gateway_deliver (gateway, "m1", "bob@sim", "hi", NULL);
  rb_test_wait_until (rb_sim_gateway_get_acked (gateway) == 1);
  g_assert_true (says (fixture, "inbox", "\"id\":\"m1\""));
  rb_daemon_fixture_kill (fixture->daemon);

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (rb_sim_count_frames (fixture->sim, "REGISTER", NULL) == 2 && is_registered (fixture));
  rb_sim_gateway_deliver (gateway, "m2", "bob@sim", "hi again", NULL);
  rb_test_wait_until (rb_sim_gateway_get_acked (gateway) == 2);
  g_assert_true (says (fixture, "inbox", "\"id\":\"m1\""));
  g_assert_true (says (fixture, "inbox", "\"id\":\"m2\""));
  stop (fixture);
  assert_clean (fixture);
}

/* Source: protocol.md 3.8. */
static void
test_peer_cursor (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *path = NULL;

  g_test_summary ("The place in the stream that another broker left is taken over.");

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (is_registered (fixture));
  stop (fixture);
  path = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "delivery-cursor.json", NULL);
  g_assert_true (g_file_set_contents (path, "{\"version\":1,\"lastKnownSeq\":17,\"updatedAt\":\"2026-01-02T03:04:05.678Z\"}", -1, NULL));

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (rb_sim_count_frames (fixture->sim, "REGISTER", NULL) == 2);
  assert_frame (fixture, 1, "\"lastKnownSeq\":17");
  stop (fixture);
}

static void
test_peer_buffers (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;

  g_test_summary ("What another broker had buffered is told to the upstream as waiting in the inbox, once.");

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (is_registered (fixture));
  stop (fixture);
  directory = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "buffers", NULL);
  path = g_build_filename (directory, "ep_7.ndjson", NULL);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "{\"id\":\"m7\",\"envelope\":{\"from\":\"bob@sim\",\"content\":\"hi\",\"contentType\":\"text\","
                                      "\"sourceMessageId\":\"m7\"}}\n", -1, NULL));

  for (guint i = 0; i < 2; i++)
    {
      rb_daemon_fixture_start (fixture->daemon);
      rb_test_wait_until (rb_sim_count (fixture->sim, "POST /v1/runtime/undispatched-changed", "\"m7\"") == 1);
      rb_test_wait_until (!g_file_test (path, G_FILE_TEST_EXISTS));
      stop (fixture);
    }
  assert_clean (fixture);
}

/* Source: protocol.md 3.4, IMP-3. */
static void
test_away (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Started while the whole network is away, it serves at once and says why; it is online soon after the network is back.");

  rb_sim_down (fixture->sim);
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
  rb_test_wait_until (says (fixture, "status", "\"link_error\":\""));
  g_assert_true (says (fixture, "status", "\"presence\":\"offline\""));

  g_assert_true (rb_sim_up (fixture->sim, &error));
  g_assert_no_error (error);
  rb_test_wait_until (is_registered (fixture));
  rb_test_wait_until (says (fixture, "status", "\"presence\":\"online\""));
  g_assert_false (says (fixture, "status", "\"link_error\":\""));
  stop (fixture);
}

static void
assert_ends (Fixture    *fixture,
             int         code,
             const char *message)
{
  g_autofree char *errors = NULL;

  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, code);
  errors = rb_daemon_fixture_dup_errors (fixture->daemon);
  if (strstr (errors, message) == NULL)
    g_error ("'%s' is not in: %s", message, errors);
}

static void
assert_withdrawn (Fixture *fixture)
{
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));
}

static void
test_wrong_token (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A token that the upstream does not know ends the start with code 1.");

  use_credentials (fixture, "stolen");
  rb_daemon_fixture_launch (fixture->daemon);
  assert_ends (fixture, 1, "whoami failed: 401");
}

static void
test_refused_late (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("An upstream that is in trouble first and then does not know us ends the process with code 1; nobody finds it then.");

  rb_sim_fail (fixture->sim, "GET /v1/whoami", 3, 503, NULL);
  rb_sim_fail (fixture->sim, "GET /v1/whoami", 0, 403, NULL);
  rb_daemon_fixture_start (fixture->daemon);
  assert_ends (fixture, 1, "whoami failed: 403");
  assert_withdrawn (fixture);
}

static void
test_protocol (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A gateway of another protocol version ends the process with code 1.");

  rb_sim_gateway_set_ack (rb_sim_get_gateway (fixture->sim), "protocolVersion", "3");
  rb_daemon_fixture_launch (fixture->daemon);
  assert_ends (fixture, 1, "Module 'gateway' did not start: ");
}

/* protocol.md 13.10. */
static void
test_superseded (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Replaced by a new runtime, it does not fight: it stops in order, with code 0.");

  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (is_registered (fixture));
  rb_sim_gateway_end (rb_sim_get_gateway (fixture->sim), RB_SIM_END_CLOSE, 4001, "Replaced by new Runtime");
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  assert_withdrawn (fixture);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, 1);
}

static void
test_superseded_at_once (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("The same when it happens in the middle of the start.");

  rb_sim_gateway_end_at (rb_sim_get_gateway (fixture->sim), RB_SIM_AFTER_ACK, RB_SIM_END_CLOSE, 4001, "Replaced by new Runtime", 0);
  rb_daemon_fixture_launch (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "REGISTER", NULL), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/network/online", test_online);
  ADD ("/network/message", test_message);
  ADD ("/network/peer-cursor", test_peer_cursor);
  ADD ("/network/peer-buffers", test_peer_buffers);
  ADD ("/network/away", test_away);
  ADD ("/network/refused/token", test_wrong_token);
  ADD ("/network/refused/late", test_refused_late);
  ADD ("/network/refused/protocol", test_protocol);
  ADD ("/network/superseded/running", test_superseded);
  ADD ("/network/superseded/starting", test_superseded_at_once);
#undef ADD
  return g_test_run ();
}
