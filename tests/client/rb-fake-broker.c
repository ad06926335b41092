/* rb-fake-broker.c: a broker that says what a test tells it to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-broker.h"

#include "rb-discovery.h"
#include "rb-json.h"
#include "rb-paths.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char  *request;
  guint  status;
  char  *body;
} Canned;

struct _RbFakeBroker {
  RbPaths                 *paths;
  SoupServer              *server;      /* (nullable) */
  SoupWebsocketConnection *channel;     /* (nullable) */
  GPtrArray               *canned;      /* of Canned, oldest first */
  GPtrArray               *requests;    /* of char * */
  GHashTable              *bodies;      /* request -> char * */
  GString                 *frames;
  char                    *first_push;  /* (nullable) */
  guint                    n_registered;
  gboolean                 is_streaming;  /* takes requests over the channel */
  guint                    n_streamed;
};

static void
canned_free (gpointer data)
{
  Canned *canned = data;

  g_free (canned->request);
  g_free (canned->body);
  g_free (canned);
}

static Canned *
take_canned (RbFakeBroker *self,
             const char   *request)
{
  for (guint i = 0; i < self->canned->len; i++)
    {
      Canned *canned = g_ptr_array_index (self->canned, i);

      if (g_str_equal (canned->request, request))
        return g_ptr_array_steal_index (self->canned, i);
    }
  return NULL;
}

static char *
default_body (RbFakeBroker *self,
              const char   *request)
{
  if (g_str_equal (request, "POST /v1/endpoint/register"))
    {
      self->n_registered++;
      return g_strdup_printf ("{\"endpoint_id\":\"ep-%u\",\"endpoint_owner_token\":\"token-%u\"}", self->n_registered,
                              self->n_registered);
    }
  if (g_str_equal (request, "POST /v1/initialize"))
    return g_strdup_printf ("{\"server_version\":\"1\",\"network_presence\":\"online\",\"server_capabilities\":{%s}}",
                            self->is_streaming ? "\"stream_requests_v1\":true" : "");
  if (g_str_equal (request, "POST /v1/send") || g_str_equal (request, "POST /v1/runtime/assignment-reply"))
    return g_strdup ("{\"messageId\":\"m-1\",\"status\":\"delivered\"}");
  return g_strdup ("{\"ok\":true}");
}

static void
note_request (RbFakeBroker      *self,
              SoupServerMessage *message,
              const char        *request)
{
  g_autoptr(GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));

  g_ptr_array_add (self->requests, g_strdup (request));
  g_hash_table_replace (self->bodies, g_strdup (request), g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body)));
}

static void
on_request (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  RbFakeBroker *self = user_data;
  g_autofree char *request = g_strdup_printf ("%s %s", soup_server_message_get_method (message), path);
  const char *asked = g_uri_get_query (soup_server_message_get_uri (message));
  g_autofree char *with_query = asked != NULL ? g_strdup_printf ("%s?%s", request, asked) : NULL;
  g_autofree char *body = NULL;
  Canned *canned = take_canned (self, with_query != NULL ? with_query : request);
  guint status;

  if (canned == NULL && with_query != NULL)
    canned = take_canned (self, request);
  status = canned != NULL ? canned->status : 200;
  note_request (self, message, request);
  if (status == RB_FAKE_DROP || status == RB_FAKE_HOLD)
    {
      if (status == RB_FAKE_DROP)
        g_io_stream_close (soup_server_message_steal_connection (message), NULL, NULL);
      else
        soup_server_message_pause (message);
      canned_free (canned);
      return;
    }
  body = canned != NULL ? g_strdup (canned->body) : default_body (self, request);
  soup_server_message_set_status (message, status, NULL);
  if (body != NULL)
    soup_server_message_set_response (message, "application/json; charset=utf-8", SOUP_MEMORY_COPY, body, strlen (body));
  g_clear_pointer (&canned, canned_free);
}

static void
answer_frame (RbFakeBroker            *self,
              SoupWebsocketConnection *socket,
              const RbJson            *frame)
{
  g_autofree char *id = rb_json_peek_string (frame, "id");
  g_autofree char *method = rb_json_peek_string (frame, "method");
  g_autofree char *path = rb_json_peek_string (frame, "path");
  g_autofree char *request = g_strdup_printf ("%s %s", method, path);
  g_autoptr(GBytes) asked = rb_json_dup_slice (frame, "body");
  Canned *canned = take_canned (self, request);
  g_autofree char *body = canned != NULL ? g_strdup (canned->body) : default_body (self, request);
  guint status = canned != NULL ? canned->status : 200;
  g_autofree char *answer = NULL;

  self->n_streamed++;
  g_ptr_array_add (self->requests, g_strdup (request));
  if (asked != NULL)
    g_hash_table_replace (self->bodies, g_strdup (request), g_strndup (g_bytes_get_data (asked, NULL), g_bytes_get_size (asked)));
  g_clear_pointer (&canned, canned_free);
  if (status == RB_FAKE_HOLD)
    return;
  if (status == RB_FAKE_DROP)
    {
      rb_fake_broker_drop_channel (self);
      return;
    }
  answer = g_strdup_printf ("{\"event\":\"response\",\"id\":\"%s\",\"status\":%u,\"body\":%s}", id, status, body != NULL ? body : "null");
  soup_websocket_connection_send_text (socket, answer);
}

static gboolean
take_request (RbFakeBroker            *self,
              SoupWebsocketConnection *socket,
              GBytes                  *bytes)
{
  g_autoptr(RbJson) frame = rb_json_parse_object (bytes, 0, NULL);
  g_autofree char *event = frame != NULL ? rb_json_peek_string (frame, "event") : NULL;

  if (!self->is_streaming || g_strcmp0 (event, "request") != 0)
    return FALSE;
  answer_frame (self, socket, frame);
  return TRUE;
}

static void
on_frame (SoupWebsocketConnection *socket,
          SoupWebsocketDataType    type,
          GBytes                  *bytes,
          gpointer                 user_data)
{
  RbFakeBroker *self = user_data;

  if (take_request (self, socket, bytes))
    return;

  g_string_append_len (self->frames, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_string_append_c (self->frames, '\n');
}

static void
on_channel_closed (SoupWebsocketConnection *socket,
                   gpointer                 user_data)
{
  RbFakeBroker *self = user_data;

  if (self->channel == socket)
    g_clear_object (&self->channel);
}

static void
on_channel (SoupServer              *server,
            SoupServerMessage       *message,
            const char              *path,
            SoupWebsocketConnection *socket,
            gpointer                 user_data)
{
  RbFakeBroker *self = user_data;

  g_set_object (&self->channel, socket);
  g_signal_connect (socket, "message", G_CALLBACK (on_frame), self);
  g_signal_connect (socket, "closed", G_CALLBACK (on_channel_closed), self);
  if (self->first_push != NULL)
    soup_websocket_connection_send_text (socket, self->first_push);
}

static void
write_discovery (RbFakeBroker *self)
{
  RbDiscovery discovery = { .pid = getpid (),
                            .started_at = (char *) "2026-01-01T00:00:00.000Z",
                            .ipc_url = (char *) "http://127.0.0.1:1",
                            .bearer_token = (char *) "secret",
                            .socket = self->paths->socket };
  g_autoptr(GError) error = NULL;

  rb_discovery_write (&discovery, self->paths->discovery_file, &error);
  g_assert_no_error (error);
}

void
rb_fake_broker_start (RbFakeBroker *self)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (self->paths->socket);
  g_autofree char *directory = g_path_get_dirname (self->paths->socket);
  g_autoptr(GError) error = NULL;

  g_mkdir_with_parents (directory, 0700);
  g_unlink (self->paths->socket);
  self->server = soup_server_new (NULL, NULL);
  soup_server_remove_websocket_extension (self->server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  soup_server_add_websocket_handler (self->server, "/v1/stream", NULL, NULL, on_channel, self, NULL);
  soup_server_listen (self->server, address, 0, &error);
  g_assert_no_error (error);
  write_discovery (self);
}

void
rb_fake_broker_stop (RbFakeBroker *self)
{
  if (self->server == NULL)
    return;
  rb_fake_broker_drop_channel (self);
  soup_server_disconnect (self->server);
  g_clear_object (&self->server);
  g_unlink (self->paths->socket);
}

RbFakeBroker *
rb_fake_broker_new (const char *data_dir)
{
  RbFakeBroker *self = g_new0 (RbFakeBroker, 1);
  g_autoptr(GError) error = NULL;

  self->paths = rb_paths_new ("default", "the-runtime-token", data_dir, &error);
  g_assert_no_error (error);
  self->canned = g_ptr_array_new_with_free_func (canned_free);
  self->requests = g_ptr_array_new_with_free_func (g_free);
  self->bodies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->frames = g_string_new (NULL);
  rb_fake_broker_start (self);
  return self;
}

void
rb_fake_broker_free (RbFakeBroker *self)
{
  rb_fake_broker_stop (self);
  rb_paths_free (self->paths);
  g_ptr_array_unref (self->canned);
  g_ptr_array_unref (self->requests);
  g_hash_table_unref (self->bodies);
  g_string_free (self->frames, TRUE);
  g_free (self->first_push);
  g_free (self);
}

void
rb_fake_broker_answer (RbFakeBroker *self,
                       const char   *request,
                       guint         status,
                       const char   *body)
{
  Canned *canned = g_new0 (Canned, 1);

  canned->request = g_strdup (request);
  canned->status = status;
  canned->body = g_strdup (body);
  g_ptr_array_add (self->canned, canned);
}

void
rb_fake_broker_set_streaming (RbFakeBroker *self,
                              gboolean      is_streaming)
{
  self->is_streaming = is_streaming;
}

guint
rb_fake_broker_get_n_streamed (RbFakeBroker *self)
{
  return self->n_streamed;
}

guint
rb_fake_broker_count (RbFakeBroker *self,
                      const char   *request)
{
  guint n = 0;

  for (guint i = 0; i < self->requests->len; i++)
    n += g_str_equal (g_ptr_array_index (self->requests, i), request);
  return n;
}

const char *
rb_fake_broker_get_body (RbFakeBroker *self,
                         const char   *request)
{
  return g_hash_table_lookup (self->bodies, request);
}

char *
rb_fake_broker_dup_requests (RbFakeBroker *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->requests->len; i++)
    {
      const char *request = g_ptr_array_index (self->requests, i);

      if (g_str_equal (request, "GET /health") || g_str_equal (request, "POST /v1/initialize"))
        continue;
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", strrchr (request, '/') + 1);
    }
  return g_string_free (text, FALSE);
}

void
rb_fake_broker_forget (RbFakeBroker *self)
{
  g_ptr_array_set_size (self->requests, 0);
  g_hash_table_remove_all (self->bodies);
  g_string_truncate (self->frames, 0);
}

gboolean
rb_fake_broker_has_channel (RbFakeBroker *self)
{
  return self->channel != NULL;
}

void
rb_fake_broker_push (RbFakeBroker *self,
                     const char   *frame)
{
  g_assert_nonnull (self->channel);
  soup_websocket_connection_send_text (self->channel, frame);
}

void
rb_fake_broker_push_first (RbFakeBroker *self,
                           const char   *frame)
{
  g_free (self->first_push);
  self->first_push = g_strdup (frame);
}

void
rb_fake_broker_drop_channel (RbFakeBroker *self)
{
  g_autoptr(SoupWebsocketConnection) channel = g_steal_pointer (&self->channel);

  if (channel == NULL)
    return;
  g_signal_handlers_disconnect_by_data (channel, self);
  g_io_stream_close (soup_websocket_connection_get_io_stream (channel), NULL, NULL);
}

void
rb_fake_broker_close_channel (RbFakeBroker *self,
                              gushort       code,
                              const char   *reason)
{
  soup_websocket_connection_close (self->channel, code, reason);
}

const char *
rb_fake_broker_get_frames (RbFakeBroker *self)
{
  return self->frames->str;
}

const char *
rb_fake_broker_get_discovery (RbFakeBroker *self)
{
  return self->paths->discovery_file;
}
