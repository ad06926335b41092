/* rb-ipc-connection.c: one accepted connection: who is on the other side, and how long it may take
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-connection.h"

#include "rb-log.h"

/* At least what libsoup buffers beyond the headers, so that one read empties it. */
#define EARLY_MAX (128 * 1024)

static GQuark
connection_quark (void)
{
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("rb-ipc-connection");
  return quark;
}

RbIpcConnection *
rb_ipc_connection_ref (RbIpcConnection *self)
{
  self->refs++;
  return self;
}

void
rb_ipc_connection_unref (RbIpcConnection *self)
{
  if (--self->refs > 0)
    return;

  g_clear_weak_pointer (&self->soups);
  g_free (self);
}

/* Whoever held the stream last let go of it. */
static void
on_stream_gone (gpointer user_data)
{
  RbIpcConnection *self = user_data;

  self->stream = NULL;
  if (self->server != NULL)
    {
      rb_ipc_connection_relax (self);
      g_queue_unlink (&self->server->connections, &self->link);
    }
  self->server = NULL;
  rb_ipc_connection_unref (self);
}

/* libsoup hands the address of a connection to whoever asks a message for it; so it carries ours. It has to be an internet
 * address: libsoup 3.2 casts it when an HTTP/1.0 request comes without a Host header. */
static GSocketAddress *
make_address (RbIpcConnection *self)
{
  GSocketAddress *address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);

  g_object_set_qdata_full (G_OBJECT (address), connection_quark (), rb_ipc_connection_ref (self),
                           (GDestroyNotify) rb_ipc_connection_unref);
  return address;
}

RbIpcConnection *
rb_ipc_connection_of (SoupServerMessage *message)
{
  return g_object_get_qdata (G_OBJECT (soup_server_message_get_remote_address (message)), connection_quark ());
}

void
rb_ipc_connection_start (RbIpcServer       *server,
                         GSocketConnection *stream,
                         gboolean           local,
                         gint64             pid)
{
  RbIpcConnection *self = g_new0 (RbIpcConnection, 1);
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(RbIpcStream) soups = NULL;

  *self = (RbIpcConnection) { .refs = 1, .server = server, .stream = stream, .local = local, .pid = pid };
  self->link.data = self;
  g_queue_push_tail_link (&server->connections, &self->link);
  rb_bounds_note (server->bounds, RB_IPC_BOUND_CONNECTIONS, server->connections.length);
  g_object_set_qdata_full (G_OBJECT (stream), connection_quark (), self, on_stream_gone);

  address = make_address (self);
  soups = rb_ipc_stream_new (stream);
  g_set_weak_pointer (&self->soups, soups);
  soup_server_accept_iostream (server->soup, G_IO_STREAM (soups), address, address, NULL);
}

void
rb_ipc_connection_set_rest (RbIpcConnection *self,
                            gboolean         rests)
{
  if (self->soups != NULL)
    rb_ipc_stream_set_rest (self->soups, rests);
}

static void
on_deadline (gpointer user_data)
{
  RbIpcConnection *self = user_data;

  self->deadline = 0;
  rb_log_info ("ipc_connection_timed_out", NULL);
  rb_ipc_connection_cut (self);
}

void
rb_ipc_connection_expect (RbIpcConnection *self,
                          gint64           timeout_ms)
{
  if (self->server == NULL)
    return;
  rb_clock_clear (self->server->clock, &self->deadline);
  self->deadline = rb_clock_add (self->server->clock, timeout_ms, on_deadline, self);
}

void
rb_ipc_connection_relax (RbIpcConnection *self)
{
  if (self->server != NULL)
    rb_clock_clear (self->server->clock, &self->deadline);
}

void
rb_ipc_connection_cut (RbIpcConnection *self)
{
  if (self->stream != NULL)
    g_socket_shutdown (g_socket_connection_get_socket (self->stream), TRUE, TRUE, NULL);
}

/* libsoup's input stream holds back what it read beyond the headers; after one read it is empty and can go. */
static GBytes *
read_early (GIOStream *stolen)
{
  GInputStream *input = g_io_stream_get_input_stream (stolen);
  g_autofree char *buffer = g_malloc (EARLY_MAX);
  gssize n;

  if (!G_IS_POLLABLE_INPUT_STREAM (input))
    return NULL;
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, EARLY_MAX, NULL, NULL);
  return n > 0 ? g_bytes_new (buffer, n) : NULL;
}

GSocketConnection *
rb_ipc_connection_steal (RbIpcConnection   *self,
                         SoupServerMessage *message,
                         GBytes           **early)
{
  g_autoptr(GSocketConnection) stream = NULL;
  g_autoptr(GIOStream) stolen = NULL;

  if (self->stream == NULL)
    return NULL;
  stream = g_object_ref (self->stream);
  if (self->soups != NULL)
    rb_ipc_stream_let_go (self->soups);
  stolen = soup_server_message_steal_connection (message);
  if (stolen == NULL)
    return NULL;
  rb_ipc_connection_relax (self);
  if (early != NULL)
    *early = read_early (stolen);
  return g_steal_pointer (&stream);
}
