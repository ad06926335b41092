/* sim-fixture.c: a simulated upstream, and a client of libsoup's that sees how it behaves
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-fixture.h"

#include "rb-sim-json.h"

#include <string.h>

void
sim_fixture_set_up (SimFixture    *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->sim = rb_sim_new (data, &error);
  g_assert_no_error (error);
  fixture->gateway = rb_sim_get_gateway (fixture->sim);
  fixture->events = rb_sim_get_events (fixture->sim);
  fixture->work = rb_sim_get_work (fixture->sim);
  fixture->session = soup_session_new_with_options ("max-conns-per-host", 16, NULL);
  fixture->frames = g_ptr_array_new_with_free_func (g_free);
}

static void
forget_socket (SimFixture *fixture)
{
  if (fixture->socket != NULL)
    g_signal_handlers_disconnect_by_data (fixture->socket, fixture);
  g_clear_object (&fixture->socket);
  g_clear_pointer (&fixture->close_reason, g_free);
  g_ptr_array_set_size (fixture->frames, 0);
  fixture->is_closed = FALSE;
  fixture->close_code = 0;
}

void
sim_fixture_tear_down (SimFixture    *fixture,
                       gconstpointer  data)
{
  forget_socket (fixture);
  g_ptr_array_unref (fixture->frames);
  rb_sim_free (fixture->sim);
  soup_session_abort (fixture->session);
  rb_test_settle ();
  g_assert_finalize_object (fixture->session);
}

static SoupMessage *
make_message (SimFixture *fixture,
              const char *method,
              const char *path,
              const char *body)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), path, NULL);
  g_autofree char *authorization = g_strdup_printf ("Bearer %s", rb_sim_get_token (fixture->sim));
  g_autoptr(GBytes) bytes = body != NULL ? g_bytes_new (body, strlen (body)) : NULL;
  SoupMessage *message = soup_message_new (method, uri);

  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", authorization);
  if (bytes != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json", bytes);
  return message;
}

guint
sim_fixture_call (SimFixture  *fixture,
                  const char  *method,
                  const char  *path,
                  const char  *body,
                  char       **answer)
{
  g_autoptr(SoupMessage) message = make_message (fixture, method, path, body);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  soup_session_send_and_read_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  bytes = soup_session_send_and_read_finish (fixture->session, result, &error);
  if (answer != NULL)
    *answer = bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : g_strdup (error->message);
  return bytes != NULL ? soup_message_get_status (message) : 0;
}

guint
sim_fixture_post (SimFixture *fixture,
                  const char *path,
                  const char *body)
{
  return sim_fixture_call (fixture, "POST", path, body, NULL);
}

static void
on_frame (SoupWebsocketConnection *socket,
          SoupWebsocketDataType    type,
          GBytes                  *bytes,
          gpointer                 user_data)
{
  SimFixture *fixture = user_data;

  g_ptr_array_add (fixture->frames, g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)));
}

static void
on_closed (SoupWebsocketConnection *socket,
           gpointer                 user_data)
{
  SimFixture *fixture = user_data;

  fixture->is_closed = TRUE;
  fixture->close_code = soup_websocket_connection_get_close_code (socket);
  fixture->close_reason = g_strdup (soup_websocket_connection_get_close_data (socket));
}

gboolean
sim_fixture_open (SimFixture *fixture)
{
  g_autoptr(SoupMessage) message = soup_message_new ("GET", rb_sim_get_gateway_url (fixture->sim));
  g_autoptr(GAsyncResult) result = NULL;

  forget_socket (fixture);
  soup_session_websocket_connect_async (fixture->session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, rb_test_store_result,
                                        &result);
  rb_test_wait_until (result != NULL);
  fixture->socket = soup_session_websocket_connect_finish (fixture->session, result, NULL);
  if (fixture->socket == NULL)
    return FALSE;
  g_signal_connect (fixture->socket, "message", G_CALLBACK (on_frame), fixture);
  g_signal_connect (fixture->socket, "closed", G_CALLBACK (on_closed), fixture);
  return TRUE;
}

void
sim_fixture_say (SimFixture *fixture,
                 const char *frame)
{
  soup_websocket_connection_send_text (fixture->socket, frame);
}

void
sim_fixture_register (SimFixture *fixture,
                      gint64      last_known_seq)
{
  g_autofree char *frame = g_strdup_printf ("{\"event\":\"REGISTER\",\"token\":\"%s\",\"protocolVersion\":4,\"clientVersion\":\"1\","
                                            "\"clientKind\":\"runtime-broker\",\"lastKnownSeq\":%" G_GINT64_FORMAT "}",
                                            rb_sim_get_token (fixture->sim), last_known_seq);

  g_assert_true (sim_fixture_open (fixture));
  sim_fixture_say (fixture, frame);
  rb_test_wait_until (fixture->frames->len > 0);
}

gboolean
sim_fixture_heard (SimFixture *fixture,
                   int         index,
                   const char *text)
{
  guint at = index < 0 ? fixture->frames->len + index : (guint) index;

  return at < fixture->frames->len && strstr (g_ptr_array_index (fixture->frames, at), text) != NULL;
}

char *
sim_fixture_endpoint (SimFixture *fixture)
{
  g_autofree char *answer = NULL;
  g_autoptr(JsonObject) object = NULL;
  guint status = sim_fixture_call (fixture, "POST", "/v1/runtime-endpoints",
                                   "{\"runtime_kind\":\"k\",\"endpoint_nonce\":\"n\",\"display_label\":\"l\","
                                   "\"runtime_capabilities\":[\"background_exchange_v1\"],"
                                   "\"background_exchange_mode\":\"adapter_managed_turn\",\"runtime_session_id\":\"s1\"}",
                                   &answer);

  g_assert_cmpuint (status, ==, 201);
  object = rb_sim_json_parse (answer);
  return g_strdup (rb_sim_json_string (object, "endpoint_id"));
}
