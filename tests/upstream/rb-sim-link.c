/* rb-sim-link.c: one WebSocket of the gateway
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-link.h"

#include "rb-sim-json.h"

#include <unistd.h>

#define MAX_FRAME_BYTES (100u * 1024 * 1024)
#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct _RbSimLink {
  SoupWebsocketConnection  *socket;
  RbSimRecord              *record;
  const RbSimLinkCallbacks *callbacks;
  gpointer                  user_data;
  gboolean                  is_registered;
};

static char *
event_name (const char *text)
{
  g_autoptr(JsonObject) frame = rb_sim_json_parse (text);
  const char *name = rb_sim_json_string (frame, "event");

  return g_strdup (name != NULL ? name : "");
}

static void
on_message (SoupWebsocketConnection *socket,
            SoupWebsocketDataType    type,
            GBytes                  *bytes,
            gpointer                 user_data)
{
  RbSimLink *self = user_data;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *name = event_name (text);

  rb_sim_record_add (self->record, RB_SIM_FRAME_IN, name, text);
  if (type != SOUP_WEBSOCKET_DATA_TEXT)
    rb_sim_record_object (self->record, "frame/text", "a binary frame");
  self->callbacks->on_text (self, text, self->user_data);
}

static void
on_closed (SoupWebsocketConnection *socket,
           gpointer                 user_data)
{
  RbSimLink *self = user_data;
  guint code = soup_websocket_connection_get_close_code (socket);
  const char *reason = soup_websocket_connection_get_close_data (socket);
  g_autofree char *text = g_strdup_printf ("%u %s", code, reason != NULL ? reason : "");

  if (code != 0)
    rb_sim_record_add (self->record, RB_SIM_FRAME_IN, "CLOSE", text);
  self->callbacks->on_gone (self, self->user_data);
}

static char *
accept_key (const char *key)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize size = sizeof digest;

  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_update (checksum, (const guchar *) WEBSOCKET_GUID, -1);
  g_checksum_get_digest (checksum, digest, &size);
  return g_base64_encode (digest, size);
}

static GIOStream *
answer_upgrade (RbSimWire  *wire,
                const char *key)
{
  g_autofree char *accept = accept_key (key);
  g_autofree char *head = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                           "Sec-WebSocket-Accept: %s\r\n\r\n",
                                           accept);
  GIOStream *stream;

  rb_sim_wire_write_text (wire, head);
  stream = rb_sim_wire_steal (wire);
  rb_sim_wire_free (wire);
  return stream;
}

RbSimLink *
rb_sim_link_new (RbSimWire                *wire,
                 const char               *key,
                 RbSimRecord              *record,
                 const RbSimLinkCallbacks *callbacks,
                 gpointer                  user_data)
{
  RbSimLink *self = g_new0 (RbSimLink, 1);
  g_autoptr(GIOStream) stream = answer_upgrade (wire, key);
  g_autoptr(GUri) uri = g_uri_parse ("ws://127.0.0.1/gateway", G_URI_FLAGS_NONE, NULL);

  self->record = record;
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->socket = soup_websocket_connection_new (stream, uri, SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, NULL, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (self->socket, MAX_FRAME_BYTES);
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
  return self;
}

void
rb_sim_link_free (RbSimLink *self)
{
  g_autoptr(GIOStream) stream = g_object_ref (soup_websocket_connection_get_io_stream (self->socket));

  g_signal_handlers_disconnect_by_data (self->socket, self);
  g_io_stream_close (stream, NULL, NULL);
  g_object_unref (self->socket);
  g_free (self);
}

gboolean
rb_sim_link_is_open (RbSimLink *self)
{
  return soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN;
}

gboolean
rb_sim_link_is_registered (RbSimLink *self)
{
  return self->is_registered && rb_sim_link_is_open (self);
}

void
rb_sim_link_set_registered (RbSimLink *self,
                            gboolean   is_registered)
{
  self->is_registered = is_registered;
}

void
rb_sim_link_say (RbSimLink  *self,
                 const char *text)
{
  g_autofree char *name = event_name (text);

  if (!rb_sim_link_is_open (self))
    return;
  rb_sim_record_add (self->record, RB_SIM_FRAME_OUT, name, text);
  soup_websocket_connection_send_text (self->socket, text);
}

void
rb_sim_link_say_binary (RbSimLink *self,
                        GBytes    *bytes)
{
  if (rb_sim_link_is_open (self))
    soup_websocket_connection_send_message (self->socket, SOUP_WEBSOCKET_DATA_BINARY, bytes);
}

void
rb_sim_link_say_raw (RbSimLink  *self,
                     const void *bytes,
                     gsize       size)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->socket);

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), bytes, size, NULL, NULL, NULL);
}

void
rb_sim_link_close (RbSimLink  *self,
                   guint16     code,
                   const char *reason)
{
  self->is_registered = FALSE;
  if (rb_sim_link_is_open (self))
    soup_websocket_connection_close (self->socket, code, reason);
}

/* A stream that wraps another says so by its property (SoupIOStream does); TLS has one too, but then nothing could be read. */
static int
find_descriptor (GIOStream *stream)
{
  g_autoptr(GIOStream) base = NULL;

  if (G_IS_SOCKET_CONNECTION (stream))
    return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
  if (G_IS_TLS_CONNECTION (stream) || g_object_class_find_property (G_OBJECT_GET_CLASS (stream), "base-iostream") == NULL)
    return -1;
  g_object_get (stream, "base-iostream", &base, NULL);
  return base != NULL ? find_descriptor (base) : -1;
}

int
rb_sim_link_dup_descriptor (RbSimLink *self)
{
  int fd = find_descriptor (soup_websocket_connection_get_io_stream (self->socket));

  return fd >= 0 ? dup (fd) : -1;
}
