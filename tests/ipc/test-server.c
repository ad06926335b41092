/* test-server.c: the Unix socket, what a person may ask there, and the end of the server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-fixture.h"

#include "rb-error.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_modes (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autofree char *directory = g_path_get_dirname (fixture->socket);
  struct stat info;

  g_test_summary ("The socket is for its owner alone, in a directory for its owner alone.");

  g_assert_cmpint (stat (fixture->socket, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (directory, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
}

static void
test_kernel_names_caller (RbIpcFixture *fixture,
                          gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect_unix (fixture->socket);
  g_autofree char *expected = g_strdup_printf ("heartbeat e pid=%d kernel=1 operator=0\n", getpid ());
  g_autofree char *response = NULL;
  g_autofree char *calls = NULL;

  g_test_summary ("On the Unix socket no token is needed, any Host will do, and the kernel's word replaces the header's.");

  rb_raw_printf (client, "POST /v1/endpoint/e/heartbeat HTTP/1.1\r\nHost: whatever\r\nx-plugin-pid: 1\r\n\r\n");
  response = rb_raw_read_response (client);
  assert_status (response, 200);
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, expected);
}

static void
test_unix_origin (RbIpcFixture *fixture,
                  gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect_unix (fixture->socket);
  g_autofree char *response = NULL;

  rb_raw_printf (client, "GET /health HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n\r\n");
  response = rb_raw_read_response (client);
  assert_status (response, 403);
}

static void
test_unix_http10 (RbIpcFixture *fixture,
                  gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect_unix (fixture->socket);
  g_autofree char *response = NULL;

  g_test_summary ("HTTP/1.0 without a Host is allowed on the Unix socket.");

  rb_raw_printf (client, "GET /health HTTP/1.0\r\n\r\n");
  response = rb_raw_read_response (client);
  assert_status (response, 200);
}

static void
test_unix_channel (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect_unix (fixture->socket);
  g_autofree char *head = rb_raw_upgrade (client, "-", "1", "x-masons-ipc-capabilities: stream_requests_v1\r\n");
  g_autofree char *expected = g_strdup_printf ("attach %d receipts=0 legacy=0\n", getpid ());
  g_autofree char *calls = rb_fake_core_take_calls (fixture->core);
  g_autofree char *answer = NULL;

  g_test_summary ("A channel on the Unix socket belongs to the process that the kernel names, and may ask what a person may.");

  assert_contains (head, "HTTP/1.1 101 ");
  g_assert_cmpstr (calls, ==, expected);
  rb_raw_ws_send_text (client, "{\"event\":\"request\",\"id\":\"1\",\"method\":\"GET\",\"path\":\"/v1/operator/endpoints\"}");
  answer = rb_raw_ws_read_text (client);
  g_assert_cmpstr (answer, ==, "{\"event\":\"response\",\"id\":\"1\",\"status\":200,\"body\":[{\"id\":\"ep_1\"}]}");
}

static void
test_operator (RbIpcFixture *fixture,
               gconstpointer data)
{
  g_autofree char *status = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/status", NULL);
  g_autofree char *inbox = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/inbox", NULL);
  g_autofree char *explain = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/explain/a%2Fb", NULL);
  g_autofree char *dispatch = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/dispatch",
                                                       "{\"undispatched_id\":\"u\",\"target_endpoint_id\":\"e\"}");
  g_autofree char *method = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/status", NULL);
  g_autofree char *action = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/restart", NULL);
  g_autofree char *show = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/show/m1", NULL);
  g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

  g_test_summary ("A person sees what there is, and may dispatch to any endpoint.");

  assert_contains (status, "{\"presence\":\"online\",\"limits\":{\"inbox\":256}}");
  assert_contains (inbox, "\r\n\r\n[]");
  assert_contains (explain, "{\"place\":\"inbox\"}");
  assert_status (dispatch, 200);
  assert_status (method, 405);
  assert_status (action, 405);
  assert_contains (action, "Allow: POST\r\n");
  assert_contains (show, "{\"id\":\"m1\"}");
  assert_contains (calls, "explain a/b\n");
  assert_contains (calls, "dispatch u e pid=");
  assert_contains (calls, "kernel=1 operator=1\n");
}

static void
test_archive (RbIpcFixture *fixture,
              gconstpointer data)
{
  static const struct {
    const char *query;
    guint       status;
    const char *part;
  } cases[] = {
    { "search?words=a%20b&from=x%40y&endpoint=e&limit=7&before=9&since=1970-01-01T00:00:01.000Z&until=1970-01-01T00:00:02.000Z", 200,
      "a b|x@y|(null)|e|1000|2000|7|9" },
    { "search", 200, "|(null)|(null)|(null)|0|0|0|0" },
    { "search?words=a&to=z", 200, "a|(null)|z|" },
    { "search?words=a&limit=0", 400, "'limit' must be a whole number from 1 to 200" },
    { "search?words=a&limit=201", 400, "'limit'" },
    { "search?words=a&limit=many", 400, "'limit'" },
    { "search?words=a&before=-1", 400, "'before'" },
    { "search?words=a&since=yesterday", 400, "'since' must be a time" },
    { "search?words=a&until=", 400, "'until' must be a time" },
    { "search?words=%ff", 400, "the query is malformed" },
    { "export", 200, "(null)|0|0|0" },
    { "export?cursor=a%3Ab&content=yes&since=1970-01-01T00:00:01.000Z", 200, "a:b|1000|0|1" },
    { "export?content=no", 200, "(null)|0|0|0" },
    { "export?content=perhaps", 400, "'content' must be 'yes' or 'no'" },
  };

  g_test_summary ("What is over can be searched and taken along; a question that is malformed is refused with its reason.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *target = g_strconcat ("/v1/operator/", cases[i].query, NULL);
      g_autofree char *answer = rb_ipc_fixture_ask_unix (fixture, "GET", target, NULL);

      assert_status (answer, cases[i].status);
      assert_contains (answer, cases[i].part);
    }
}

static void
test_dead_letters (RbIpcFixture *fixture,
                   gconstpointer data)
{
  static const struct {
    const char *body;
    guint       status;
    const char *call;
  } cases[] = {
    { "{\"id\":5}", 200, "retry 5\n" },        { "{\"all\":true}", 200, "retry 0\n" },
    { "{}", 400, "" },                         { "{\"id\":0}", 400, "" },
    { "{\"id\":-1}", 400, "" },                { "{\"id\":\"5\"}", 400, "" },
    { "{\"all\":7}", 400, "" },                { "{\"id\":5,\"all\":true}", 400, "" },
    { "{\"id\":5,\"all\":false}", 200, "retry 5\n" },
  };
  g_autofree char *outbox = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/outbox", NULL);
  g_autofree char *dead = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/dead-letters", NULL);

  g_test_summary ("A person sees what waits and what was refused, and has one or all of the latter sent again.");

  assert_contains (outbox, "[{\"waits_for\":\"the network\"}]");
  assert_contains (dead, "[{\"id\":5}]");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *answer = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/dead-letters/retry", cases[i].body);
      g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

      assert_status (answer, cases[i].status);
      g_assert_cmpstr (calls, ==, cases[i].call);
      if (cases[i].status == 200)
        assert_contains (answer, "{\"retried\":1}");
    }
}

static void
test_dismiss (RbIpcFixture *fixture,
              gconstpointer data)
{
  static const struct {
    const char *body;
    guint       status;
    const char *call;
  } cases[] = {
    { "{\"id\":\"runtime:k\"}", 200, "dismiss runtime:k\n" },
    { "{}", 400, "" },
    { "{\"id\":7}", 400, "" },
    { "{\"id\":null}", 400, "" },
  };

  g_test_summary ("A person takes something off the list of needs by its id.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *answer = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/needs/dismiss", cases[i].body);
      g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

      assert_status (answer, cases[i].status);
      g_assert_cmpstr (calls, ==, cases[i].call);
      if (cases[i].status == 200)
        assert_contains (answer, "{\"dismissed\":1}");
    }
}

static void
test_dead_letter_unknown (RbIpcFixture *fixture,
                          gconstpointer data)
{
  g_autofree char *answer = NULL;

  g_test_summary ("A dead letter that is not there is not found.");

  rb_fake_core_set_error (fixture->core, rb_error_new (RB_ERROR_NOT_FOUND, "dead_letter_unknown", "unknown dead letter: 5"));
  answer = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/dead-letters/retry", "{\"id\":5}");
  assert_status (answer, 404);
  assert_contains (answer, "dead_letter_unknown");
}

static void
test_policy (RbIpcFixture *fixture,
             gconstpointer data)
{
  static const struct {
    const char *method, *target, *body;
    guint       status;
    const char *part;
  } cases[] = {
    { "GET", "policy", NULL, 200, "[{\"id\":3}]" },
    { "GET", "held", NULL, 200, "[{\"id\":\"m1\"}]" },
    { "POST", "policy", "{\"what\":\"spawn\",\"sender\":\"bob\",\"action\":\"deny\"}", 200, "spawn|bob|(null)|deny|(null)" },
    { "POST", "policy", "{\"what\":\"message\",\"sender\":\"b\",\"kind\":\"k\",\"action\":\"hold\",\"note\":\"n\"}", 200,
      "message|b|k|hold|n" },
    { "POST", "policy", "{\"sender\":7}", 400, "bad_request" },
    { "POST", "policy", "{\"sender\":\"none\"}", 404, "not_there" },
    { "POST", "policy/remove", "{\"id\":3}", 200, "{\"removed\":true}" },
    { "POST", "policy/remove", "{\"id\":4}", 404, "not_there" },
    { "POST", "policy/remove", "{\"id\":\"3\"}", 400, "bad_request" },
    { "POST", "policy/apply", "{\"id\":3}", 200, "applied" },
    { "POST", "policy/apply", "{\"id\":4}", 404, "not_there" },
    { "POST", "policy/apply", "{}", 400, "bad_request" },
    { "POST", "held/accept", "{\"message_id\":\"m1\"}", 200, "m1|0" },
    { "POST", "held/accept", "{\"message_id\":\"m1\",\"remember\":true}", 200, "m1|1" },
    { "POST", "held/accept", "{}", 400, "bad_request" },
    { "POST", "held/accept", "{\"message_id\":\"m1\",\"remember\":1}", 400, "bad_request" },
    { "POST", "held/accept", "{\"message_id\":\"none\"}", 404, "not_there" },
    { "POST", "held/refuse", "{\"message_id\":\"m1\",\"remember\":true,\"reason\":\"spam\"}", 200, "{\"refused\":true}" },
    { "POST", "held/refuse", "{\"message_id\":\"m2\"}", 404, "not_there" },
    { "POST", "held/refuse", "{\"message_id\":\"m1\",\"reason\":7}", 400, "bad_request" },
  };

  g_test_summary ("A person sees the rules and what is held, and says what becomes of it; nonsense is refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *target = g_strconcat ("/v1/operator/", cases[i].target, NULL);
      g_autofree char *answer = rb_ipc_fixture_ask_unix (fixture, cases[i].method, target, cases[i].body);

      g_test_message ("%s %s", cases[i].target, cases[i].body);
      assert_status (answer, cases[i].status);
      assert_contains (answer, cases[i].part);
    }
}

static void
test_spawns (RbIpcFixture *fixture,
             gconstpointer data)
{
  static const struct {
    const char *method;
    const char *path;
    const char *body;
    guint       status;
    const char *call;
    const char *answer;
  } cases[] = {
    { "GET", "spawns", NULL, 200, "", "[{\"id\":\"s1\"}]" },
    { "GET", "spawns?prompts=yes", NULL, 200, "", "\"prompt\":\"do it\"" },
    { "GET", "runtimes", NULL, 200, "", "[{\"id\":\"r1\"}]" },
    { "GET", "runtimes?all=yes", NULL, 200, "", "\"r0\"" },
    { "GET", "runtimes/r1/log", NULL, 404, "", "log_not_kept" },
    { "GET", "runtimes/r9/log", NULL, 404, "", "not_found" },
    { "GET", "needs?inbox=no", NULL, 200, "", "[{\"id\":\"spawn:s1\"}]" },
    { "GET", "needs?inbox=yes", NULL, 200, "", "dispatch:m1" },
    { "POST", "spawns/approve", "{\"id\":\"s1\"}", 200, "approve s1\n", "{\"id\":\"s1\"}" },
    { "POST", "spawns/approve", "{\"id\":\"s1\",\"always\":true}", 200, "approve s1 always\n", "s1" },
    { "POST", "spawns/deny", "{\"id\":\"s1\",\"always\":false}", 200, "deny s1\n", "s1" },
    { "POST", "spawns/deny", "{}", 400, "", "'id' must be a string" },
    { "POST", "spawns/approve", "{\"id\":\"s1\",\"always\":\"yes\"}", 400, "", "always" },
    { "POST", "spawns/start", "{\"runtime_kind\":\"k\",\"prompt\":\"p\",\"directory\":\"/d\"}", 200, "spawn k 'p' /d\n", "r2" },
    { "POST", "spawns/start", "{\"runtime_kind\":\"k\"}", 200, "spawn k '' -\n", "r2" },
    { "POST", "spawns/start", "{\"prompt\":\"p\"}", 400, "", "runtime_kind" },
    { "POST", "runtimes/stop", "{\"id\":\"r1\"}", 200, "stop r1\n", "r1" },
    { "POST", "runtimes/stop", "{\"id\":7}", 400, "", "id" },
  };

  g_test_summary ("A person sees which runtimes are asked for and which run, answers, starts and ends.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/v1/operator/", cases[i].path, NULL);
      g_autofree char *answer = rb_ipc_fixture_ask_unix (fixture, cases[i].method, path, cases[i].body);
      g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

      assert_status (answer, cases[i].status);
      g_assert_cmpstr (calls, ==, cases[i].call);
      assert_contains (answer, cases[i].answer);
    }
}

static GVariant *
make_view (gpointer  user_data,
           GError  **error)
{
  static const char *const list[] = { "a", "b", NULL };
  GVariantDict view;

  if (GPOINTER_TO_INT (user_data))
    {
      g_variant_dict_init (&view, NULL);
      g_variant_dict_insert (&view, "list", "^as", list);
      g_variant_dict_insert (&view, "none", "ms", NULL);
      return g_variant_dict_end (&view);
    }
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "not_now", "not now");
  return NULL;
}

static void
test_views (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autofree char *fine = NULL;
  g_autofree char *failed = NULL;
  g_autofree char *absent = NULL;

  g_test_summary ("The daemon adds views of its own.");

  rb_ipc_server_add_view (fixture->server, "config", make_view, GINT_TO_POINTER (1));
  rb_ipc_server_add_view (fixture->server, "modules", make_view, NULL);
  fine = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/config", NULL);
  assert_contains (fine, "\"list\":[\"a\",\"b\"]");
  assert_contains (fine, "\"none\":null");
  failed = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/modules", NULL);
  assert_status (failed, 503);
  absent = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/other", NULL);
  assert_status (absent, 404);
}

static RbIpcServer *
make_second (RbIpcFixture *fixture,
             const char   *path,
             GError      **error)
{
  RbIpcOptions options = { .bearer_token = TOKEN, .socket_path = path, .server_version = "1", .product_version = "1" };
  g_autoptr(RbIpcServer) second = rb_ipc_server_new (fixture->core, fixture->clock, &options);

  return rb_ipc_server_listen (second, error) ? g_steal_pointer (&second) : NULL;
}

static void
test_stale_socket (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "stale.sock", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GSocket) dead = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr(RbIpcServer) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A socket that a dead broker left is replaced; at the end it is gone.");

  g_assert_true (g_socket_bind (dead, address, FALSE, NULL));
  g_socket_close (dead, NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));

  second = make_second (fixture, path, &error);
  g_assert_no_error (error);
  rb_ipc_server_close (second);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_live_socket (RbIpcFixture *fixture,
                  gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->directory, "file", NULL);
  g_autofree char *response = NULL;
  g_autoptr(RbIpcServer) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A live broker's socket and a file that is no socket are left alone.");

  second = make_second (fixture, fixture->socket, &error);
  g_assert_null (second);
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  response = rb_ipc_fixture_ask_unix (fixture, "GET", "/health", NULL);
  assert_status (response, 200);

  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  second = make_second (fixture, file, &error);
  g_assert_null (second);
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
}

static void
test_foreign_socket_stays (RbIpcFixture *fixture,
                           gconstpointer data)
{
  g_test_summary ("A file that somebody else put in the socket's place is not removed at the end.");

  g_assert_cmpint (g_unlink (fixture->socket), ==, 0);
  g_assert_true (g_file_set_contents (fixture->socket, "x", 1, NULL));
  rb_ipc_server_close (fixture->server);
  g_assert_true (g_file_test (fixture->socket, G_FILE_TEST_EXISTS));
}

/* Source: protocol.md 5.1, check 5; 19, IMP-55. */
static void
test_drain (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autoptr(RbRaw) held = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) upgrade = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) open = rb_ipc_fixture_open (fixture, "stream_requests_v1");
  g_autofree char *response = NULL;
  g_autofree char *refused = NULL;
  g_autofree char *refused_frame = NULL;
  g_autofree char *head = NULL;

  g_test_summary ("From drain on new requests are refused, and those at work are still answered.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_printf (held, "DELETE /v1/endpoint/e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
                 fixture->port);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);

  rb_ipc_server_drain (fixture->server);
  refused = rb_ipc_fixture_ask (fixture, "DELETE", "/v1/endpoint/e", NULL, NULL);
  assert_status (refused, 503);
  assert_contains (refused, "\"error\":\"broker_shutting_down\"");
  rb_raw_ws_send_text (open, "{\"event\":\"request\",\"id\":\"1\",\"method\":\"DELETE\",\"path\":\"/v1/endpoint/e\"}");
  refused_frame = rb_raw_ws_read_text (open);
  assert_contains (refused_frame, "\"status\":503");
  head = rb_raw_upgrade (upgrade, TOKEN, "9", NULL);
  assert_contains (head, "HTTP/1.1 503 ");

  rb_fake_core_release (fixture->core);
  response = rb_raw_read_response (held);
  assert_status (response, 200);
}

/* Source: protocol.md 5.3, IMP-15. */
static void
test_close (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autoptr(RbRaw) held = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) idle = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) channel = rb_ipc_fixture_open (fixture, "");
  g_autofree char *response = NULL;
  g_autofree char *payload = NULL;
  guint8 opcode;
  gsize length;

  g_test_summary ("At the end what is held is answered, channels hear why, and nothing listens any more.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_printf (held, "DELETE /v1/endpoint/e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
                 fixture->port);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_ipc_server_close (fixture->server);

  response = rb_raw_read_response (held);
  assert_status (response, 503);
  assert_contains (response, "broker_shutting_down");
  payload = rb_raw_ws_read (channel, &opcode, &length);
  g_assert_cmpint (opcode, ==, 0x8);
  g_assert_cmpmem (payload, length, "\x03\xe9" "broker_shutdown", 17);
  rb_raw_wait_closed (idle);
  g_assert_cmpuint (rb_fake_core_get_n_channels (fixture->core), ==, 0);
  g_assert_false (g_file_test (fixture->socket, G_FILE_TEST_EXISTS));
}

static void
test_same_port (RbIpcFixture *fixture,
                gconstpointer data)
{
  RbIpcOptions options = { .bearer_token = TOKEN, .tcp_port = (guint16) fixture->port };
  g_autoptr(RbIpcServer) beside = rb_ipc_server_new (fixture->core, fixture->clock, &options);
  g_autoptr(RbIpcServer) after = rb_ipc_server_new (fixture->core, fixture->clock, &options);
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");
  g_autofree char *url = g_strdup (fixture->url);
  g_autoptr(GError) error = NULL;

  g_test_summary ("The port that is asked for is taken, also over what is left of connections there, but from nobody who listens.");

  g_assert_true (rb_ipc_server_listen (beside, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_ipc_server_get_url (beside), !=, url);
  rb_ipc_server_close (beside);

  rb_ipc_server_close (fixture->server);
  g_assert_true (rb_ipc_server_listen (after, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_ipc_server_get_url (after), ==, url);
  rb_ipc_server_close (after);
}

/* Who connects between two servers waits for the second one. */
static void
test_hand_over (RbIpcFixture *fixture,
                gconstpointer data)
{
  g_autoptr(RbRaw) channel = rb_ipc_fixture_open (fixture, "");
  g_autoptr(RbRaw) waiting = NULL;
  g_autoptr(RbRaw) local = NULL;
  g_autoptr(RbIpcServer) next = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup (fixture->url);
  g_autofree char *payload = NULL;
  g_autofree char *response = NULL;
  g_autofree char *local_response = NULL;
  RbIpcOptions options = { .bearer_token = TOKEN, .socket_path = fixture->socket };
  guint8 opcode;
  gsize length;

  g_test_summary ("A server that hands its sockets over accepts nothing more and closes; the next one has the same address, and all who waited.");

  rb_ipc_server_drain (fixture->server);
  rb_ipc_server_hand_over (fixture->server, &options.tcp_fd, &options.socket_fd);
  waiting = rb_raw_connect (fixture->url);
  local = rb_raw_connect_unix (fixture->socket);
  rb_raw_printf (waiting, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n", fixture->port);
  rb_raw_printf (local, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  rb_test_settle ();
  rb_ipc_server_close (fixture->server);
  payload = rb_raw_ws_read (channel, &opcode, &length);
  g_assert_cmpmem (payload, length, "\x03\xe9" "broker_restart", 16);
  g_assert_true (g_file_test (fixture->socket, G_FILE_TEST_EXISTS));
  g_assert_false (rb_raw_is_closed (waiting));

  next = rb_ipc_server_new (fixture->core, fixture->clock, &options);
  g_assert_true (rb_ipc_server_listen (next, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (rb_ipc_server_get_url (next), ==, url);
  response = rb_raw_read_response (waiting);
  assert_status (response, 200);
  local_response = rb_raw_read_response (local);
  assert_status (local_response, 200);
  rb_ipc_server_close (next);
  g_assert_false (g_file_test (fixture->socket, G_FILE_TEST_EXISTS));
}

static void
test_quiet (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("It is quiet when nobody is in the middle of anything: who was accepted has asked, who asked was answered.");

  rb_test_wait_until (!rb_ipc_server_is_quiet (fixture->server));
  rb_raw_printf (client, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n", fixture->port);
  rb_test_settle ();
  g_assert_false (rb_ipc_server_is_quiet (fixture->server));
  rb_raw_printf (client, "\r\n");
  response = rb_raw_read_response (client);
  rb_test_wait_until (rb_ipc_server_is_quiet (fixture->server));
}

static void
answer_restart (GTask   *task,
                gpointer user_data)
{
  GError **refusal = user_data;

  if (*refusal != NULL)
    g_task_return_error (task, g_steal_pointer (refusal));
  else
    g_task_return_pointer (task, g_variant_new_parsed ("{'pid': <int64 7>}"), (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

static void
test_restart (RbIpcFixture *fixture,
              gconstpointer data)
{
  GError *refusal = rb_error_new (RB_ERROR_BAD_STATE, "restart_refused", "not now");
  g_autofree char *unknown = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/restart", NULL);
  g_autofree char *refused = NULL;
  g_autofree char *done = NULL;
  g_autofree char *foreign = NULL;

  g_test_summary ("A restart is the daemon's to do or to refuse, a person's to ask for at the Unix socket, and nobody else's.");

  assert_status (unknown, 404);
  rb_ipc_server_add_action (fixture->server, "restart", answer_restart, &refusal);
  refused = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/restart", NULL);
  assert_status (refused, 409);
  assert_contains (refused, "\"error\":\"restart_refused\"");
  done = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/restart", NULL);
  assert_contains (done, "{\"pid\":7}");
  foreign = rb_ipc_fixture_ask (fixture, "POST", "/v1/operator/restart", NULL, NULL);
  assert_status (foreign, 404);
}

static void
set_up_default (RbIpcFixture *fixture,
                gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, NULL);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add (path, RbIpcFixture, NULL, set_up_default, function, rb_ipc_fixture_tear_down)
  ADD ("/server/unix/modes", test_modes);
  ADD ("/server/unix/caller", test_kernel_names_caller);
  ADD ("/server/unix/origin", test_unix_origin);
  ADD ("/server/unix/http-1.0", test_unix_http10);
  ADD ("/server/unix/channel", test_unix_channel);
  ADD ("/server/unix/stale", test_stale_socket);
  ADD ("/server/unix/live", test_live_socket);
  ADD ("/server/unix/foreign", test_foreign_socket_stays);
  ADD ("/server/operator/routes", test_operator);
  ADD ("/server/operator/archive", test_archive);
  ADD ("/server/operator/dead-letters", test_dead_letters);
  ADD ("/server/operator/policy", test_policy);
  ADD ("/server/operator/dismiss", test_dismiss);
  ADD ("/server/operator/dead-letters/unknown", test_dead_letter_unknown);
  ADD ("/server/operator/spawns", test_spawns);
  ADD ("/server/operator/views", test_views);
  ADD ("/server/end/drain", test_drain);
  ADD ("/server/end/close", test_close);
  ADD ("/server/end/hand-over", test_hand_over);
  ADD ("/server/same-port", test_same_port);
  ADD ("/server/end/quiet", test_quiet);
  ADD ("/server/operator/restart", test_restart);

  return g_test_run ();
}
