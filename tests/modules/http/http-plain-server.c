/* http-plain-server.c: answers each POST with a bare 204 and keeps the connection, as servers do that are not libsoup's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-plain-server.h"

#include <string.h>

#define END_OF_REQUEST "\r\n\r\n{}"
#define ANSWER "HTTP/1.1 204 No Content\r\n\r\n"

struct _HttpPlainServer {
  GSocketService *service;
  guint16         port;
  gboolean        holds;
  GPtrArray      *connections;   /* of Connection */
  guint           n_requests;
};

typedef struct {
  HttpPlainServer *server;
  GSocketConnection *stream;
  GSource         *source;
  GString         *unread;       /* of a request that is not whole yet */
  guint            n_waiting;
} Connection;

static void
connection_free (Connection *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_string_free (self->unread, TRUE);
  g_object_unref (self->stream);
  g_free (self);
}

static void
answer (Connection *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->stream));

  for (; self->n_waiting > 0; self->n_waiting--)
    g_output_stream_write_all (output, ANSWER, strlen (ANSWER), NULL, NULL, NULL);
}

static void
take_requests (Connection *self)
{
  const char *end;

  while ((end = strstr (self->unread->str, END_OF_REQUEST)) != NULL)
    {
      g_string_erase (self->unread, 0, end + strlen (END_OF_REQUEST) - self->unread->str);
      self->n_waiting++;
      self->server->n_requests++;
    }
  if (!self->server->holds)
    answer (self);
}

static gboolean
on_readable (GObject  *input,
             gpointer  user_data)
{
  Connection *self = user_data;
  char buffer[4096];
  gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, sizeof buffer, NULL, NULL);

  if (n == 0)
    return G_SOURCE_REMOVE;
  if (n > 0)
    {
      g_string_append_len (self->unread, buffer, n);
      take_requests (self);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_incoming (GSocketService    *service,
             GSocketConnection *stream,
             GObject           *source,
             gpointer           user_data)
{
  HttpPlainServer *server = user_data;
  Connection *self = g_new0 (Connection, 1);
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (stream));

  self->server = server;
  self->stream = g_object_ref (stream);
  self->unread = g_string_new (NULL);
  self->source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
  g_ptr_array_add (server->connections, self);
  return TRUE;
}

HttpPlainServer *
http_plain_server_new (gboolean holds)
{
  HttpPlainServer *self = g_new0 (HttpPlainServer, 1);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_autoptr(GError) error = NULL;

  self->holds = holds;
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) connection_free);
  self->service = g_socket_service_new ();
  g_socket_listener_set_backlog (G_SOCKET_LISTENER (self->service), 128);
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  return self;
}

void
http_plain_server_free (HttpPlainServer *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_object_unref (self->service);
  g_ptr_array_unref (self->connections);
  g_free (self);
}

char *
http_plain_server_dup_origin (HttpPlainServer *self)
{
  return g_strdup_printf ("http://127.0.0.1:%u", self->port);
}

void
http_plain_server_answer (HttpPlainServer *self)
{
  for (guint i = 0; i < self->connections->len; i++)
    answer (self->connections->pdata[i]);
}

guint
http_plain_server_n_requests (HttpPlainServer *self)
{
  return self->n_requests;
}

guint
http_plain_server_n_connections (HttpPlainServer *self)
{
  return self->connections->len;
}
