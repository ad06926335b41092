/* test-masons.c: profile masons: credentials, a network that is away or refuses us, what another broker left
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-fixture.h"
#include "rb-test.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "s3cret-runtime-token"
#define URL "wss://gateway.example/gateway"
#define GOOD "{\"accounts\":{\"default\":{\"connectorUrl\":\"" URL "\",\"token\":\"" TOKEN "\",\"apiHost\":\"api.example\"}}}"

typedef struct {
  RbDaemonFixture *daemon;
  char            *dir;
  char            *credentials_file;
} Fixture;

static void
write_credentials (Fixture    *fixture,
                   const char *text)
{
  g_assert_true (g_file_set_contents (fixture->credentials_file, text, -1, NULL));
}

/* The played network first, so that the real modules are not found. */
static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autofree char *own = g_test_build_filename (G_TEST_BUILT, "end-to-end", "masons", NULL);
  g_autofree char *usual = g_test_build_filename (G_TEST_BUILT, "..", "modules", NULL);
  g_autofree char *path = g_strconcat (own, ":", usual, NULL);

  fixture->daemon = rb_daemon_fixture_new ();
  fixture->dir = rb_test_make_dir ();
  fixture->credentials_file = g_build_filename (fixture->dir, "credentials.json", NULL);
  write_credentials (fixture, GOOD);
  rb_daemon_fixture_set_env (fixture->daemon, "RB_MODULE_PATH", path);
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_CREDENTIALS_FILE", fixture->credentials_file);
  rb_daemon_fixture_set_runtime_token (fixture->daemon, TOKEN);
  rb_daemon_fixture_write_config (fixture->daemon, "[broker]\nemitters=journal\nspawn-drivers=\n");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->daemon, rb_daemon_fixture_free);
  g_free (fixture->credentials_file);
  g_free (fixture->dir);
}

static void
set_mode (Fixture    *fixture,
          const char *group,
          const char *mode)
{
  g_autofree char *argument = g_strdup_printf ("--set=%s.mode=%s", group, mode);

  rb_daemon_fixture_add_argument (fixture->daemon, argument);
}

static char *
ask (Fixture    *fixture,
     const char *view)
{
  g_autofree char *path = g_strdup_printf ("/v1/operator/%s", view);
  char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", path, NULL, &answer), ==, 200);
  return answer;
}

static void
assert_contains (const char *text,
                 const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("'%s' is not in: %s", part, text);
}

static char *
read_log (Fixture *fixture,
          GPid     pid)
{
  g_autofree char *name = g_strdup_printf ("broker-%d.log", (int) pid);
  g_autofree char *path = g_build_filename (rb_daemon_fixture_get_data_dir (fixture->daemon), "runtime-broker", "log", name, NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* Source: protocol.md 3.1, 3.2, 3.5. */
static void
test_drop_in (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *status = NULL;
  g_autofree char *log = NULL;
  GPid pid;

  g_test_summary ("The peer's variable alone makes it masons: modules have the URL, the host and the token; the paths are the token's.");

  rb_daemon_fixture_add_argument (fixture->daemon, "/some/script.js");
  rb_daemon_fixture_start (fixture->daemon);
  pid = rb_daemon_fixture_get_pid (fixture->daemon);
  rb_daemon_fixture_wait_log (fixture->daemon, "runtime_principal_resolved");
  status = ask (fixture, "status");
  assert_contains (status, "\"profile\":\"masons\"");
  assert_contains (status, "\"presence\":\"online\"");
  assert_contains (status, "\"address\":\"" URL "\"");
  assert_contains (status, "\"node_id\":\"agent of " TOKEN "\"");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);

  log = read_log (fixture, pid);
  assert_contains (log, "\"apiHost\":\"api.example\"");
  g_assert_null (strstr (log, TOKEN));
}

static void
test_explain (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *text = NULL;
  g_autofree char *url = g_strdup_printf ("gateway.url = " URL "   (%s: account \"default\")\n", fixture->credentials_file);
  g_autofree char *token = g_strdup_printf ("broker.runtime-token = <set>   (%s: account \"default\")\n", fixture->credentials_file);
  g_autofree char *own = NULL;

  g_test_summary ("What the credentials say shows with its origin, the token not at all; what somebody wrote wins.");

  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_API_HOST", "other.example");
  rb_daemon_fixture_add_argument (fixture->daemon, "--explain-config");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, &text, NULL), ==, 0);
  assert_contains (text, "broker.profile = masons   (environment MASONS_BROKER_CREDENTIALS_FILE)\n");
  assert_contains (text, url);
  assert_contains (text, "http.api-host = other.example   (environment MASONS_BROKER_API_HOST)\n");
  assert_contains (text, token);
  g_assert_null (strstr (text, TOKEN));

  rb_daemon_fixture_add_argument (fixture->daemon, "--set=gateway.url=ws://127.0.0.1:9");
  rb_daemon_fixture_add_argument (fixture->daemon, "--set=http.api-host=http://127.0.0.1:8");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, &own, NULL), ==, 0);
  assert_contains (own, "gateway.url = ws://127.0.0.1:9   (option --set)\n");
  assert_contains (own, "http.api-host = http://127.0.0.1:8   (option --set)\n");
}

/* Source: protocol.md 3.1 with IMP-2, 3.2. */
static void
test_openclaw (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->dir, "openclaw.json", NULL);
  g_autofree char *text = NULL;

  g_test_summary ("Without the variable OpenClaw's account does the same.");

  g_assert_true (g_file_set_contents (path, "{\"channels\":{\"agent-network\":{\"accounts\":{\"default\":{\"connectorUrl\":\"" URL "\",\"token\":\""
                                      TOKEN "\"}}}}}", -1, NULL));
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_CREDENTIALS_FILE", "");
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_ACCOUNT_ID", "");
  rb_daemon_fixture_set_env (fixture->daemon, "OPENCLAW_HOME", fixture->dir);
  rb_daemon_fixture_start (fixture->daemon);
  text = ask (fixture, "config");
  assert_contains (text, "\"preview-api.masons.ai\"");
  g_assert_null (strstr (text, TOKEN));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.2, 3.7. */
static void
test_wrong_credentials (Fixture       *fixture,
                        gconstpointer  data)
{
  static const struct {
    const char *text;
    const char *message;
  } cases[] = {
    { "{\"accounts\":{}}", ": account \"default\" not found (available: <none>)\n" },
    { "{\"accounts\":{\"default\":{\"connectorUrl\":\"" URL "\"}}}", ": account \"default\" missing required field \"token\"\n" },
    { "[]", ": top-level must be an object\n" },
  };
  g_autofree char *missing = NULL;

  g_test_summary ("Wrong credentials end the start with code 1 and the peer's message, and leave nothing.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = g_strdup_printf ("runtime-brokerd: MASONS_BROKER_CREDENTIALS_FILE at %s%s", fixture->credentials_file,
                                               cases[i].message);
      g_autofree char *errors = NULL;

      write_credentials (fixture, cases[i].text);
      g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
      g_assert_cmpstr (errors, ==, line);
    }
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_CREDENTIALS_FILE", "/no/such/file");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &missing), ==, 1);
  g_assert_cmpstr (missing, ==, "runtime-brokerd: MASONS_BROKER_CREDENTIALS_FILE points to non-existent path: /no/such/file\n");
  g_assert_false (g_file_test (rb_daemon_fixture_get_data_dir (fixture->daemon), G_FILE_TEST_EXISTS));
}

static void
test_silent (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *dir = g_build_filename (rb_daemon_fixture_get_data_dir (fixture->daemon), "runtime-broker", "log", NULL);
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GDir) files = NULL;

  g_test_summary ("Started where nobody reads standard error, the reason is in the log.");

  write_credentials (fixture, "{}");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, NULL), ==, 1);
  files = g_dir_open (dir, 0, NULL);
  g_assert_nonnull (files);
  path = g_build_filename (dir, g_dir_read_name (files), NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_contains (text, "\"msg\":\"broker_entry_fatal\"");
  assert_contains (text, ": missing or invalid \\\"accounts\\\" object");
}

static void
test_token_changed (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *usual = g_build_filename (fixture->dir, "share", "masons-runtime-broker", NULL);
  g_autofree char *share = g_path_get_dirname (usual);
  g_autoptr(RbDaemonFixture) other = NULL;

  g_test_summary ("When the token has changed, the broker of the new one runs beside that of the old one, each with its socket.");

  /* The usual data directory, where both sockets would have one name. */
  g_assert_cmpint (g_mkdir_with_parents (usual, 0700), ==, 0);
  g_assert_cmpint (symlink (usual, rb_daemon_fixture_get_data_dir (fixture->daemon)), ==, 0);
  rb_daemon_fixture_set_env (fixture->daemon, "XDG_DATA_HOME", share);
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_USER_DATA", NULL);
  rb_daemon_fixture_start (fixture->daemon);
  write_credentials (fixture, "{\"accounts\":{\"default\":{\"connectorUrl\":\"" URL "\",\"token\":\"another\"}}}");
  other = rb_daemon_fixture_new_beside (fixture->daemon);
  rb_daemon_fixture_set_runtime_token (other, "another");
  rb_daemon_fixture_start (other);

  g_assert_cmpstr (rb_daemon_fixture_get_socket (fixture->daemon), !=, rb_daemon_fixture_get_socket (other));
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", "/v1/operator/status", NULL, NULL), ==, 200);
  g_assert_cmpuint (rb_daemon_fixture_request (other, TRUE, "GET", "/v1/operator/status", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (other), ==, 0);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_socket_taken (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(GSocketService) squatter = g_socket_service_new ();
  g_autoptr(GSocketAddress) address = NULL;
  g_autofree char *path = NULL;

  g_test_summary ("Where somebody else has the only place for the socket, the broker goes without.");

  rb_daemon_fixture_start (fixture->daemon);
  path = g_strdup (rb_daemon_fixture_get_socket (fixture->daemon));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  address = g_unix_socket_address_new (path);
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (squatter), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                                NULL, NULL, NULL));

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_null (rb_daemon_fixture_get_socket (fixture->daemon));
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.3. */
static void
test_boundary (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("The identity authority is refused as a gateway, also where a setting names it.");

  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_API_HOST", "api.masons.ai");
  rb_daemon_fixture_add_argument (fixture->daemon, "--set=gateway.url=wss://masons.ai/");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  g_assert_true (g_str_has_prefix (errors, "runtime-brokerd: option --set: [gateway] url: account \"default\" connectorUrl points at the MASONS "
                                   "identity authority \"masons.ai\""));
}

/* Source: protocol.md 3.5, IMP-5. */
static void
test_account_leaves_tree (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autofree char *errors = NULL;

  g_test_summary ("An account whose name would leave the data directory is refused.");

  write_credentials (fixture, "{\"accounts\":{\"..\":{\"connectorUrl\":\"" URL "\",\"token\":\"t\"}}}");
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_ACCOUNT_ID", "..");
  g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
  assert_contains (errors, "environment MASONS_BROKER_ACCOUNT_ID: [broker] account-id: must not be '.' or '..'");
}

/* Starts within the time that clients wait, with a margin. */
static void
start_soon (Fixture *fixture)
{
  gint64 begin_us = g_get_monotonic_time ();

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 4 * G_USEC_PER_SEC);
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
}

/* Source: protocol.md 3.4 step 8, IMP-3. */
static void
test_gateway_away (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *status = NULL;

  g_test_summary ("A gateway that is away delays nothing: offline, with the reason.");

  set_mode (fixture, "gateway", "away");
  start_soon (fixture);
  status = ask (fixture, "status");
  assert_contains (status, "\"presence\":\"offline\"");
  assert_contains (status, "\"presence_since\":\"");
  assert_contains (status, "\"link_error\":\"connection refused\"");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_upstream_hangs (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *modules = NULL;
  g_autofree char *status = NULL;

  g_test_summary ("An upstream that does not say anything keeps neither the broker nor the gateway.");

  set_mode (fixture, "http", "hangs");
  start_soon (fixture);
  status = ask (fixture, "status");
  assert_contains (status, "\"presence\":\"online\"");
  modules = ask (fixture, "modules");
  assert_contains (modules, "\"state\":\"starting\"");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

static void
test_upstream_away (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("An upstream that cannot say who we are is asked again, while the broker serves.");

  set_mode (fixture, "http", "away");
  rb_daemon_fixture_add_argument (fixture->daemon, "--log-level=debug");
  start_soon (fixture);
  rb_daemon_fixture_wait_log (fixture->daemon, "upstream_identity_unknown");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
}

/* Source: protocol.md 3.4 step 4, 3.7. */
static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *group;
    const char *mode;
    const char *message;
  } cases[] = {
    { "gateway", "refused", "runtime-brokerd: Module 'gateway' did not start: The gateway does not know us\n" },
    { "gateway", "refused-late", "runtime-brokerd: Module 'gateway' did not start: The gateway speaks protocol 9, we speak 4\n" },
    { "http", "refused", "runtime-brokerd: The upstream does not accept us: 401 unauthorized\n" },
  };

  g_test_summary ("What waiting cannot mend ends the process with code 1 and one line, also late; then nobody finds it any more.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *errors = NULL;

      rb_daemon_fixture_clear_arguments (fixture->daemon);
      set_mode (fixture, cases[i].group, cases[i].mode);
      g_assert_cmpint (rb_daemon_fixture_run (fixture->daemon, NULL, &errors), ==, 1);
      g_assert_cmpstr (errors, ==, cases[i].message);
    }

  rb_daemon_fixture_clear_arguments (fixture->daemon);
  set_mode (fixture, "gateway", "refused-late");
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 1);
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));
}

static void
test_superseded (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *log = NULL;
  GPid pid;

  g_test_summary ("When another runtime took over, the process stops in order, with code 0.");

  set_mode (fixture, "gateway", "superseded");
  rb_daemon_fixture_start (fixture->daemon);
  pid = rb_daemon_fixture_get_pid (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  g_assert_false (g_file_test (rb_daemon_fixture_get_discovery_file (fixture->daemon), G_FILE_TEST_EXISTS));
  log = read_log (fixture, pid);
  assert_contains (log, "\"msg\":\"broker_superseded_self_terminating\"");
  assert_contains (log, "\"msg\":\"shutdown_begin\"");
  assert_contains (log, "\"reason\":\"superseded_default_stream\"");
}

/* Source: protocol.md 3.4, 19: in this order. */
static void
test_log_order (Fixture       *fixture,
                gconstpointer  data)
{
  static const char *const events[] = { "broker_entry_starting", "ipc_server_listening", "connector_connected", "discovery_written",
                                        "broker_ready", "broker_signal", "shutdown_begin", "shutdown_complete" };
  g_autofree char *log = NULL;
  const char *at;
  GPid pid;

  g_test_summary ("The log tells the start and the stop in their order.");

  rb_daemon_fixture_start (fixture->daemon);
  pid = rb_daemon_fixture_get_pid (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  log = read_log (fixture, pid);
  at = log;
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_autofree char *event = g_strdup_printf ("\"msg\":\"%s\"", events[i]);

      assert_contains (at, event);
      at = strstr (at, event);
    }
}

/* Source: protocol.md 3.6, IMP-7. */
static void
test_two_at_once (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbDaemonFixture) other = rb_daemon_fixture_new_beside (fixture->daemon);

  g_test_summary ("Of two that start at the same moment one serves and the other leaves with code 0, however often that happens.");

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
      g_assert_cmpuint (rb_daemon_fixture_request (winner, FALSE, "GET", "/health", NULL, NULL), ==, 200);
      g_assert_cmpint (rb_daemon_fixture_stop (winner), ==, 0);
    }
}

/* A healthy broker, as far as anybody can tell. */
static gboolean
on_health_asked (GSocketService    *service,
                 GSocketConnection *connection,
                 GObject           *source,
                 gpointer           user_data)
{
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  char request[1024];

  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), request, sizeof request, NULL, NULL), >, 0);
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer, strlen (answer), NULL, NULL,
                                            NULL));
  return TRUE;
}

/* Source: protocol.md 3.4 step 12, 3.6. */
static void
test_second_look (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GSocketService) rival = g_socket_service_new ();
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (rival), NULL, NULL);
  g_autofree char *record = g_strdup_printf ("{\"version\":1,\"pid\":1,\"startedAt\":\"x\",\"ipcUrl\":\"http://127.0.0.1:%u\","
                                             "\"bearerToken\":\"t\"}", port);
  g_autofree char *directory = NULL;
  g_autofree char *buffer = NULL;
  g_autofree char *kept = NULL;
  g_autofree char *log = NULL;
  const char *path;
  GPid pid;

  g_test_summary ("A broker that knows no lock and comes up while we start wins: we leave with code 0 and have touched nothing of it.");

  g_signal_connect (rival, "incoming", G_CALLBACK (on_health_asked), NULL);
  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  path = rb_daemon_fixture_get_discovery_file (fixture->daemon);
  directory = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "buffers", NULL);
  buffer = g_build_filename (directory, "ep_7.ndjson", NULL);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (buffer, "{}\n", -1, NULL));

  set_mode (fixture, "http", "hangs");
  rb_daemon_fixture_launch (fixture->daemon);
  pid = rb_daemon_fixture_get_pid (fixture->daemon);
  rb_daemon_fixture_wait_log (fixture->daemon, "ipc_server_listening");
  g_assert_true (g_file_set_contents (path, record, -1, NULL));
  g_assert_cmpint (rb_daemon_fixture_wait (fixture->daemon), ==, 0);
  log = read_log (fixture, pid);
  assert_contains (log, "\"msg\":\"broker_already_running_after_ipc_bind\"");
  g_assert_true (g_file_get_contents (path, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, record);
  g_assert_true (g_file_test (buffer, G_FILE_TEST_EXISTS));
}

/* Source: protocol.md 3.9, IMP-9. */
static void
test_buffers (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;
  g_autofree char *inbox = NULL;

  g_test_summary ("What the peer's broker had buffered for an endpoint is in the inbox after the start, and its file is gone.");

  rb_daemon_fixture_start (fixture->daemon);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  directory = g_build_filename (rb_daemon_fixture_get_state_dir (fixture->daemon), "buffers", NULL);
  path = g_build_filename (directory, "ep_7.ndjson", NULL);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "{\"id\":\"m1\",\"arrived_at\":\"2026-01-02T03:04:05.678Z\",\"envelope\":{\"from\":\"bob\","
                                      "\"content\":\"hi\",\"contentType\":\"text\",\"sourceMessageId\":\"m1\"}}\n", -1, NULL));

  rb_daemon_fixture_start (fixture->daemon);
  rb_daemon_fixture_wait_log (fixture->daemon, "buffer_imported");
  inbox = ask (fixture, "inbox");
  assert_contains (inbox, "\"id\":\"m1\"");
  assert_contains (inbox, "\"reason\":\"closed_session_continuation\"");
  assert_contains (inbox, "\"hint_endpoint_id\":\"ep_7\"");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/masons/drop-in", test_drop_in);
  ADD ("/masons/explain", test_explain);
  ADD ("/masons/openclaw", test_openclaw);
  ADD ("/masons/credentials/wrong", test_wrong_credentials);
  ADD ("/masons/credentials/silent", test_silent);
  ADD ("/masons/credentials/boundary", test_boundary);
  ADD ("/masons/socket/token-changed", test_token_changed);
  ADD ("/masons/socket/taken", test_socket_taken);
  ADD ("/masons/credentials/account-leaves-tree", test_account_leaves_tree);
  ADD ("/masons/gateway/away", test_gateway_away);
  ADD ("/masons/gateway/superseded", test_superseded);
  ADD ("/masons/upstream/hangs", test_upstream_hangs);
  ADD ("/masons/upstream/away", test_upstream_away);
  ADD ("/masons/refused", test_refused);
  ADD ("/masons/log-order", test_log_order);
  ADD ("/masons/two-at-once", test_two_at_once);
  ADD ("/masons/second-look", test_second_look);
  ADD ("/masons/buffers", test_buffers);
#undef ADD
  return g_test_run ();
}
