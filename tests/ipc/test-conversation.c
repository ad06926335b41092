/* test-conversation.c: a whole conversation with the real core, as an adapter sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"
#include "rb-ipc-server.h"
#include "rb-json.h"
#include "rb-raw-client.h"

#include <string.h>

/* Source: protocol.md 4.6, 5.3, over the wire. */

#define TOKEN "a-token-that-nobody-guesses"

typedef struct {
  RbCoreFixture core;
  RbIpcServer  *server;
  char         *directory;
  char         *socket;
  guint         port;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  RbIpcOptions options = { .bearer_token = TOKEN, .server_version = "1", .product_version = "1" };
  g_autoptr(GError) error = NULL;

  rb_core_fixture_set_up (&fixture->core, NULL);
  fixture->directory = rb_test_make_dir ();
  fixture->socket = g_build_filename (fixture->directory, "s", NULL);
  options.socket_path = fixture->socket;
  fixture->server = rb_ipc_server_new (fixture->core.core, fixture->core.clock, &options);
  rb_ipc_server_listen (fixture->server, &error);
  g_assert_no_error (error);
  fixture->port = atoi (strrchr (rb_ipc_server_get_url (fixture->server), ':') + 1);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  rb_ipc_server_close (fixture->server);
  rb_test_settle ();
  g_assert_finalize_object (fixture->server);
  rb_core_fixture_tear_down (&fixture->core, NULL);
  g_free (fixture->directory);
  g_free (fixture->socket);
}

static char *
ask (Fixture    *fixture,
     gint64      pid,
     const char *method,
     const char *target,
     const char *body)
{
  g_autoptr(RbRaw) client = rb_raw_connect (rb_ipc_server_get_url (fixture->server));
  g_autofree char *response = NULL;
  const char *text = body != NULL ? body : "";

  rb_raw_printf (client,
                 "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\nx-plugin-pid: %" G_GINT64_FORMAT
                 "\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                 method, target, fixture->port, pid, strlen (text), text);
  response = rb_raw_read_response (client);
  g_assert_nonnull (response);
  return g_strdup (strstr (response, "\r\n\r\n") + 4);
}

static char *
ask_as_operator (Fixture    *fixture,
                 const char *method,
                 const char *target,
                 const char *body)
{
  g_autoptr(RbRaw) client = rb_raw_connect_unix (fixture->socket);
  g_autofree char *response = NULL;
  const char *text = body != NULL ? body : "";

  rb_raw_printf (client, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s", method, target, strlen (text), text);
  response = rb_raw_read_response (client);
  g_assert_nonnull (response);
  return g_strdup (strstr (response, "\r\n\r\n") + 4);
}

static RbRaw *
attach (Fixture    *fixture,
        const char *pid)
{
  RbRaw *client = rb_raw_connect (rb_ipc_server_get_url (fixture->server));
  g_autofree char *head = rb_raw_upgrade (client, TOKEN, pid, "x-masons-ipc-capabilities: endpoint_metadata_v1,push_receipt_ack_v1\r\n");

  g_assert_true (g_str_has_prefix (head, "HTTP/1.1 101 "));
  return client;
}

static char *
member (const char *json,
        const char *name)
{
  g_autoptr(GBytes) bytes = g_bytes_new (json, strlen (json));
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) object = rb_json_parse_object (bytes, 0, &error);

  g_assert_no_error (error);
  return rb_json_peek_string (object, name);
}

static char *
register_endpoint (Fixture *fixture,
                   gint64   pid,
                   char   **owner_token)
{
  g_autofree char *body = g_strdup_printf ("{\"agent_id\":\"a\",\"plugin_pid\":%" G_GINT64_FORMAT ",\"kind\":\"custom\","
                                           "\"runtime_capabilities\":[\"background_exchange_v1\"],"
                                           "\"background_exchange_mode\":\"resident_endpoint\"}", pid);
  g_autofree char *answer = ask (fixture, pid, "POST", "/v1/endpoint/register", body);
  char *endpoint_id = member (answer, "endpoint_id");

  g_assert_nonnull (endpoint_id);
  if (owner_token != NULL)
    *owner_token = member (answer, "endpoint_owner_token");
  return endpoint_id;
}

static void
acknowledge (RbRaw      *channel,
             const char *frame)
{
  g_autofree char *push_id = member (frame, "push_id");
  g_autofree char *ack = g_strdup_printf ("{\"event\":\"push_ack\",\"push_id\":\"%s\"}", push_id);

  g_assert_nonnull (push_id);
  rb_raw_ws_send_text (channel, ack);
}

static char *
find_assignment_id (const char *frame)
{
  g_autoptr(GBytes) bytes = g_bytes_new (frame, strlen (frame));
  g_autoptr(RbJson) object = rb_json_parse_object (bytes, 0, NULL);
  g_autoptr(RbJson) assignment = rb_json_open (object, "runtimeAssignment", NULL);

  g_assert_nonnull (assignment);
  return rb_json_peek_string (assignment, "assignmentId");
}

static void
dispatch (Fixture    *fixture,
          RbRaw      *channel,
          const char *endpoint_id,
          char      **assignment_id)
{
  g_autoptr(RbRaw) operator_ = rb_raw_connect_unix (fixture->socket);
  g_autofree char *body = g_strdup_printf ("{\"undispatched_id\":\"m1\",\"target_endpoint_id\":\"%s\"}", endpoint_id);
  g_autofree char *frame = NULL;
  g_autofree char *answer = NULL;

  rb_raw_printf (operator_, "POST /v1/operator/dispatch HTTP/1.1\r\nHost: x\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                 strlen (body), body);
  frame = rb_raw_ws_read_text (channel);
  g_assert_nonnull (strstr (frame, "\"content\":\"what is new?\""));
  *assignment_id = find_assignment_id (frame);
  acknowledge (channel, frame);
  answer = rb_raw_read_response (operator_);
  g_assert_nonnull (strstr (answer, "{\"ok\":true}"));
}

static void
test_assignment (Fixture      *fixture,
                 gconstpointer data)
{
  g_autoptr(RbRaw) channel = attach (fixture, "7");
  g_autofree char *owner_token = NULL;
  g_autofree char *endpoint_id = register_endpoint (fixture, 7, &owner_token);
  g_autofree char *assignment_id = NULL;
  g_autofree char *inbox = NULL;
  g_autofree char *common = NULL;
  g_autofree char *report = NULL;
  g_autofree char *reply = NULL;
  g_autofree char *accepted = NULL;
  g_autofree char *replied = NULL;
  g_autofree char *again = NULL;
  g_autofree char *explained = NULL;

  g_test_summary ("A message waits in the inbox, is dispatched, accepted and answered once.");

  rb_fake_connector_deliver (fixture->core.connector, 1, "m1", "bob@local", "what is new?", NULL);
  rb_test_settle ();
  inbox = ask (fixture, 7, "GET", "/v1/undispatched", NULL);
  g_assert_nonnull (strstr (inbox, "\"id\":\"m1\""));
  dispatch (fixture, channel, endpoint_id, &assignment_id);

  common = g_strdup_printf ("\"endpoint_id\":\"%s\",\"plugin_pid\":7,\"endpoint_owner_token\":\"%s\",\"source_message_id\":\"m1\","
                            "\"assignment_id\":\"%s\"", endpoint_id, owner_token, assignment_id);
  report = g_strdup_printf ("{%s,\"state_event_id\":\"e1\",\"state_sequence\":2,\"state\":\"adapter_accepted\"}", common);
  accepted = ask (fixture, 7, "POST", "/v1/runtime/processing-state", report);
  g_assert_cmpstr (accepted, ==, "{\"ok\":true}");

  reply = g_strdup_printf ("{%s,\"reply_request_id\":\"r1\",\"content\":\"nothing\"}", common);
  replied = ask (fixture, 7, "POST", "/v1/runtime/assignment-reply", reply);
  again = ask (fixture, 7, "POST", "/v1/runtime/assignment-reply", reply);
  g_assert_nonnull (strstr (replied, "\"status\":\"delivered\""));
  g_assert_cmpstr (again, ==, replied);
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, 1);

  explained = ask_as_operator (fixture, "GET", "/v1/operator/explain/m1", NULL);
  g_assert_nonnull (strstr (explained, "\"ladder\""));
}

static void
test_ownership (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr(RbRaw) channel = attach (fixture, "7");
  g_autofree char *endpoint_id = register_endpoint (fixture, 7, NULL);
  g_autofree char *target = g_strdup_printf ("/v1/endpoint/%s", endpoint_id);
  g_autofree char *stranger = ask (fixture, 8, "DELETE", target, NULL);
  g_autofree char *owner = ask (fixture, 7, "DELETE", target, NULL);

  g_test_summary ("An endpoint belongs to the process that registered it.");

  g_assert_nonnull (strstr (stranger, "\"error\":\"endpoint_pid_mismatch\""));
  g_assert_cmpstr (owner, ==, "{\"ok\":true}");
}

static void
test_displaced (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr(RbRaw) first = attach (fixture, "7");
  g_autofree char *endpoint_id = register_endpoint (fixture, 7, NULL);
  g_autoptr(RbRaw) second = attach (fixture, "7");
  g_autofree char *payload = NULL;
  g_autofree char *assignment_id = NULL;
  guint8 opcode;
  gsize length;

  g_test_summary ("A newer channel of the same process takes over its endpoints.");

  payload = rb_raw_ws_read (first, &opcode, &length);
  g_assert_cmpint (opcode, ==, 0x8);
  g_assert_cmpmem (payload, length, "\x03\xe8replaced", 10);
  rb_raw_ws_send (first, 0x88, "\x03\xe8", 2);
  rb_raw_wait_closed (first);

  rb_fake_connector_deliver (fixture->core.connector, 1, "m1", "bob@local", "what is new?", NULL);
  rb_test_settle ();
  dispatch (fixture, second, endpoint_id, &assignment_id);
}

static void
test_channel_missing (Fixture      *fixture,
                      gconstpointer data)
{
  g_autofree char *answer = ask (fixture, 7, "POST", "/v1/endpoint/register", "{\"agent_id\":\"a\",\"plugin_pid\":7,\"kind\":\"custom\"}");

  g_assert_nonnull (strstr (answer, "\"error\":\"ipc_channel_missing\""));
}

static void
test_views (Fixture      *fixture,
            gconstpointer data)
{
  static const char *const views[] = { "status", "endpoints", "inbox", "needs", "assignments", "outbox", "dead-letters" };
  g_autoptr(RbRaw) channel = attach (fixture, "7");
  g_autofree char *endpoint_id = register_endpoint (fixture, 7, NULL);

  g_test_summary ("Every view of the core is JSON.");

  rb_fake_connector_deliver (fixture->core.connector, 1, "m1", "bob@local", "what is new?", NULL);
  rb_test_settle ();
  for (gsize i = 0; i < G_N_ELEMENTS (views); i++)
    {
      g_autofree char *target = g_strconcat ("/v1/operator/", views[i], NULL);
      g_autofree char *answer = ask_as_operator (fixture, "GET", target, NULL);
      g_autoptr(GBytes) bytes = g_bytes_new (answer, strlen (answer));
      g_autoptr(GError) error = NULL;
      g_autoptr(RbJson) json = rb_json_parse (bytes, 0, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (rb_json_get_length (json), >=, i < 4 ? 1 : 0);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/conversation/assignment", test_assignment);
  ADD ("/conversation/ownership", test_ownership);
  ADD ("/conversation/displaced", test_displaced);
  ADD ("/conversation/channel-missing", test_channel_missing);
  ADD ("/conversation/views", test_views);

  return g_test_run ();
}
