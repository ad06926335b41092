/* rb-raw-client.c: a client that says exactly the bytes it is given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-raw-client.h"

#include "rb-test.h"

#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct _RbRaw {
  GSocket    *socket;
  GByteArray *input;
  gboolean    closed;   /* the server's side */
  gboolean    headers_only;
};

static RbRaw *
raw_connect (GSocketAddress *address)
{
  RbRaw *self = g_new0 (RbRaw, 1);
  g_autoptr(GError) error = NULL;

  self->input = g_byte_array_new ();
  self->socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_connect (self->socket, address, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (self->socket, FALSE);
  return self;
}

RbRaw *
rb_raw_connect (const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string (g_uri_get_host (uri), g_uri_get_port (uri));

  return raw_connect (address);
}

RbRaw *
rb_raw_connect_unix (const char *path)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);

  return raw_connect (address);
}

void
rb_raw_free (RbRaw *self)
{
  g_object_unref (self->socket);
  g_byte_array_unref (self->input);
  g_free (self);
}

void
rb_raw_close (RbRaw *self)
{
  g_socket_close (self->socket, NULL);
  self->closed = TRUE;
}

void
rb_raw_set_headers_only (RbRaw *self)
{
  self->headers_only = TRUE;
}

void
rb_raw_set_buffers (RbRaw *self,
                    int    size)
{
  g_socket_set_option (self->socket, SOL_SOCKET, SO_RCVBUF, size, NULL);
}

gboolean
rb_raw_write (RbRaw      *self,
              const void *data,
              gssize      length)
{
  gsize size = length < 0 ? strlen (data) : (gsize) length;
  gsize at = 0;

  while (at < size)
    {
      g_autoptr(GError) error = NULL;
      gssize n = g_socket_send (self->socket, (const char *) data + at, size - at, NULL, &error);

      if (n > 0)
        at += n;
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        g_main_context_iteration (NULL, FALSE);
      else
        return FALSE;
    }
  return TRUE;
}

gboolean
rb_raw_printf (RbRaw      *self,
               const char *format,
               ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return rb_raw_write (self, text, -1);
}

void
rb_raw_poll (RbRaw *self)
{
  guint8 buffer[65536];

  while (!self->closed)
    {
      g_autoptr(GError) error = NULL;
      gssize n = g_socket_receive (self->socket, (char *) buffer, sizeof buffer, NULL, &error);

      if (n > 0)
        g_byte_array_append (self->input, buffer, n);
      else if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      else
        self->closed = TRUE;
    }
}

gboolean
rb_raw_is_closed (RbRaw *self)
{
  rb_raw_poll (self);
  return self->closed;
}

void
rb_raw_wait_closed (RbRaw *self)
{
  rb_test_wait_until (rb_raw_is_closed (self));
}

static char *
take (RbRaw *self,
      gsize  length)
{
  char *text = g_strndup ((const char *) self->input->data, length);

  g_byte_array_remove_range (self->input, 0, length);
  return text;
}

/* Up to the end of the headers; 0 when they are not complete. */
static gsize
find_head (RbRaw *self)
{
  const char *end;

  rb_raw_poll (self);
  end = self->input->len > 0 ? memmem (self->input->data, self->input->len, "\r\n\r\n", 4) : NULL;
  return end != NULL ? (gsize) (end - (const char *) self->input->data) + 4 : 0;
}

char *
rb_raw_read_response (RbRaw *self)
{
  g_autofree char *head = NULL;
  const char *header;
  gsize size;

  rb_test_wait_until (find_head (self) > 0 || self->closed);
  size = find_head (self);
  if (size == 0)
    return NULL;

  head = g_ascii_strdown ((const char *) self->input->data, size);
  if (self->headers_only)
    return take (self, size);
  header = g_strstr_len (head, size, "\r\ncontent-length:");
  if (header == NULL)
    {
      rb_raw_wait_closed (self);
      return take (self, self->input->len);
    }
  size += strtoul (header + strlen ("\r\ncontent-length:"), NULL, 10);
  rb_test_wait_until ((rb_raw_poll (self), self->input->len >= size) || self->closed);
  return take (self, MIN (size, self->input->len));
}

char *
rb_raw_upgrade (RbRaw      *self,
                const char *token,
                const char *pid,
                const char *headers)
{
  g_autoptr(GSocketAddress) peer = g_socket_get_remote_address (self->socket, NULL);
  guint port = G_IS_INET_SOCKET_ADDRESS (peer) ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (peer)) : 0;

  rb_raw_printf (self,
                 "GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer %s\r\n"
                 "x-plugin-pid: %s\r\n%s\r\n",
                 port, token, pid, headers != NULL ? headers : "");
  rb_test_wait_until (find_head (self) > 0 || self->closed);
  return find_head (self) > 0 ? take (self, find_head (self)) : NULL;
}

gboolean
rb_raw_ws_send (RbRaw      *self,
                guint8      first_byte,
                const void *payload,
                gsize       length)
{
  static const guint8 mask[4] = { 0x12, 0x34, 0x56, 0x78 };
  g_autoptr(GByteArray) frame = g_byte_array_sized_new (length + 14);
  guint n_bytes = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;
  guint8 second = 0x80 | (n_bytes == 0 ? (guint8) length : n_bytes == 2 ? 126 : 127);

  g_byte_array_append (frame, &first_byte, 1);
  g_byte_array_append (frame, &second, 1);
  for (guint i = 0; i < n_bytes; i++)
    {
      guint8 byte = (guint8) ((guint64) length >> (8 * (n_bytes - 1 - i)));

      g_byte_array_append (frame, &byte, 1);
    }
  g_byte_array_append (frame, mask, 4);
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = ((const guint8 *) payload)[i] ^ mask[i & 3];

      g_byte_array_append (frame, &byte, 1);
    }
  return rb_raw_write (self, frame->data, frame->len);
}

gboolean
rb_raw_ws_send_text (RbRaw      *self,
                     const char *text)
{
  return rb_raw_ws_send (self, 0x81, text, strlen (text));
}

/* Of the frame at the start of the input: the size with its header, 0 when it is not complete. */
static gsize
find_frame (RbRaw *self,
            gsize *head)
{
  const guint8 *data;
  gsize length;

  rb_raw_poll (self);
  data = self->input->data;
  if (self->input->len < 2)
    return 0;
  length = data[1] & 0x7f;
  *head = length == 126 ? 4 : length == 127 ? 10 : 2;
  if (self->input->len < *head)
    return 0;
  if (*head > 2)
    {
      length = 0;
      for (gsize i = 2; i < *head; i++)
        length = length << 8 | data[i];
    }
  return self->input->len >= *head + length ? *head + length : 0;
}

char *
rb_raw_ws_read (RbRaw  *self,
                guint8 *opcode,
                gsize  *length)
{
  gsize head;
  gsize size;
  char *payload;

  rb_test_wait_until (find_frame (self, &head) > 0 || self->closed);
  size = find_frame (self, &head);
  if (size == 0)
    return NULL;
  *opcode = self->input->data[0] & 0x0f;
  *length = size - head;
  payload = g_malloc0 (*length + 1);
  memcpy (payload, self->input->data + head, *length);
  g_byte_array_remove_range (self->input, 0, size);
  return payload;
}

char *
rb_raw_ws_read_text (RbRaw *self)
{
  while (TRUE)
    {
      guint8 opcode = 0;
      gsize length;
      g_autofree char *payload = rb_raw_ws_read (self, &opcode, &length);

      if (payload == NULL || opcode == 0x8)
        return NULL;
      if (opcode == 0x1)
        return g_steal_pointer (&payload);
    }
}
