/* rb-adapter-link.c: the adapter's end of a stream: frames as they come, or left unread
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-adapter-link.h"

#include <string.h>

#define HANDSHAKE_TIMEOUT_S 10
#define READ_BYTES 65536
#define OPCODE_TEXT 0x1
#define OPCODE_CLOSE 0x8
#define OPCODE_PING 0x9
#define OPCODE_PONG 0xa

struct _RbAdapterLink {
  GSocket           *socket;
  GSource           *source;    /* (nullable) while it reads */
  GByteArray        *input;
  gsize              at;        /* of @input: what is before it was handed on */
  RbAdapterLinkFunc  on_text;   /* NULL: it is over */
  gpointer           user_data;
  gboolean           is_inside; /* on_text runs, and may free us */
  gboolean           is_freed;
};

static gboolean
write_all (RbAdapterLink *self,
           const void    *data,
           gsize          size)
{
  for (gsize at = 0; at < size;)
    {
      g_autoptr(GError) error = NULL;
      gssize n = g_socket_send (self->socket, (const char *) data + at, size - at, NULL, &error);

      if (n > 0)
        at += n;
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
               || !g_socket_condition_timed_wait (self->socket, G_IO_OUT, HANDSHAKE_TIMEOUT_S * G_USEC_PER_SEC, NULL, NULL))
        return FALSE;
    }
  return TRUE;
}

/* What we say is short: receipts and pongs. */
static void
write_frame (RbAdapterLink *self,
             guint8         opcode,
             const char    *payload,
             gsize          length)
{
  guint8 frame[6 + 125] = { 0x80 | opcode, (guint8) (0x80 | length), 0x12, 0x34, 0x56, 0x78 };

  g_assert_cmpuint (length, <=, 125);
  for (gsize i = 0; i < length; i++)
    frame[6 + i] = (guint8) payload[i] ^ frame[2 + (i & 3)];
  write_all (self, frame, 6 + length);
}

static void
really_free (RbAdapterLink *self)
{
  g_object_unref (self->socket);
  g_byte_array_unref (self->input);
  g_free (self);
}

/* FALSE when @on_text has freed us. */
static gboolean
tell (RbAdapterLink *self,
      const char    *text)
{
  RbAdapterLinkFunc on_text = self->on_text;

  if (text == NULL)
    self->on_text = NULL;
  if (on_text == NULL)
    return TRUE;
  self->is_inside = TRUE;
  on_text (self, text, self->user_data);
  self->is_inside = FALSE;
  return !self->is_freed;
}

/* Of the frame at @at: the size with its header, 0 when it has not come. */
static gsize
find_frame (RbAdapterLink *self,
            gsize         *head)
{
  const guint8 *data = self->input->data + self->at;
  gsize there = self->input->len - self->at;
  gsize length;

  if (there < 2)
    return 0;
  length = data[1] & 0x7f;
  *head = length == 126 ? 4 : length == 127 ? 10 : 2;
  if (there < *head)
    return 0;
  for (gsize i = 2; i < *head; i++)
    length = (i == 2 ? 0 : length << 8) | data[i];
  return there >= *head + length ? *head + length : 0;
}

/* FALSE when we were freed by what was told. */
static gboolean
take_frames (RbAdapterLink *self)
{
  gsize head = 0;
  gsize size;

  while (self->on_text != NULL && (size = find_frame (self, &head)) > 0)
    {
      const guint8 *data = self->input->data + self->at;
      guint8 opcode = data[0] & 0x0f;
      g_autofree char *payload = g_strndup ((const char *) data + head, size - head);

      self->at += size;
      if (opcode == OPCODE_PING)
        write_frame (self, OPCODE_PONG, payload, size - head);
      else if ((opcode == OPCODE_TEXT || opcode == OPCODE_CLOSE) && !tell (self, opcode == OPCODE_TEXT ? payload : NULL))
        return FALSE;
    }
  g_byte_array_remove_range (self->input, 0, self->at);
  self->at = 0;
  return TRUE;
}

static gboolean
on_readable (GSocket      *socket,
             GIOCondition  condition,
             gpointer      user_data)
{
  RbAdapterLink *self = user_data;
  g_autoptr(GError) error = NULL;
  guint8 bytes[READ_BYTES];
  gssize n = g_socket_receive (self->socket, (char *) bytes, sizeof bytes, NULL, &error);

  if (n > 0)
    g_byte_array_append (self->input, bytes, n);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_pointer (&self->source, g_source_unref);
      if (!tell (self, NULL))
        really_free (self);
      return G_SOURCE_REMOVE;
    }
  if (take_frames (self))
    return G_SOURCE_CONTINUE;
  really_free (self);
  return G_SOURCE_REMOVE;
}

static gboolean
upgrade (RbAdapterLink *self,
         guint          port,
         const char    *token,
         int            pid,
         const char    *capabilities)
{
  g_autofree char *header = capabilities != NULL ? g_strdup_printf ("x-masons-ipc-capabilities: %s\r\n", capabilities) : g_strdup ("");
  g_autofree char *request
    = g_strdup_printf ("GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer %s\r\n"
                       "x-plugin-pid: %d\r\n%s\r\n", port, token, pid, header);
  char byte;

  if (!write_all (self, request, strlen (request)))
    return FALSE;
  while (self->input->len < 4 || memcmp (self->input->data + self->input->len - 4, "\r\n\r\n", 4) != 0)
    {
      if (g_socket_receive (self->socket, &byte, 1, NULL, NULL) != 1)
        return FALSE;
      g_byte_array_append (self->input, (const guint8 *) &byte, 1);
    }
  return memcmp (self->input->data, "HTTP/1.1 101 ", strlen ("HTTP/1.1 101 ")) == 0;
}

RbAdapterLink *
rb_adapter_link_new (const char        *url,
                     const char        *token,
                     int                pid,
                     const char        *capabilities,
                     RbAdapterLinkFunc  on_text,
                     gpointer           user_data)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string (g_uri_get_host (uri), g_uri_get_port (uri));
  RbAdapterLink *self = g_new0 (RbAdapterLink, 1);

  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  self->input = g_byte_array_new ();
  g_socket_set_timeout (self->socket, HANDSHAKE_TIMEOUT_S);
  if (!g_socket_connect (self->socket, address, NULL, NULL) || !upgrade (self, g_uri_get_port (uri), token, pid, capabilities))
    {
      really_free (self);
      return NULL;
    }

  g_byte_array_set_size (self->input, 0);
  g_socket_set_timeout (self->socket, 0);
  g_socket_set_blocking (self->socket, FALSE);
  self->on_text = on_text;
  self->user_data = user_data;
  rb_adapter_link_set_reads (self, TRUE);
  return self;
}

static void
stop_reading (RbAdapterLink *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
rb_adapter_link_free (RbAdapterLink *self)
{
  stop_reading (self);
  g_socket_close (self->socket, NULL);
  self->on_text = NULL;
  self->is_freed = TRUE;
  if (!self->is_inside)
    really_free (self);
}

void
rb_adapter_link_set_reads (RbAdapterLink *self,
                           gboolean       reads)
{
  if (!reads)
    {
      stop_reading (self);
      return;
    }
  if (self->source != NULL || self->on_text == NULL)
    return;
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
}

void
rb_adapter_link_say (RbAdapterLink *self,
                     const char    *text)
{
  write_frame (self, OPCODE_TEXT, text, strlen (text));
}

gboolean
rb_adapter_link_is_open (RbAdapterLink *self)
{
  return self->on_text != NULL;
}
