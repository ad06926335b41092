/* rb-sim-wire.c: a connection taken from the HTTP server, written byte by byte as a test wants it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

struct _RbSimWire {
  GIOStream     *stream;        /* (nullable) stolen or ended */
  GSocket       *socket;
  GCancellable  *cancellable;   /* of the reading and writing under way */
  GQueue         queue;         /* of GBytes: what was not yet handed to the kernel */
  gboolean       is_writing;
  gboolean       is_ending;
  gboolean       resets;
  char           sink[512];     /* what the other side says meanwhile is read and thrown away */
  void         (*on_gone) (RbSimWire *self, gpointer user_data);
  gpointer       user_data;
};

/* The other side, or our own end, is through. */
static void
tell_gone (RbSimWire *self)
{
  void (*on_gone) (RbSimWire *, gpointer) = g_steal_pointer (&self->on_gone);

  if (on_gone != NULL)
    on_gone (self, self->user_data);
}

static void
close_stream (RbSimWire *self)
{
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (self->stream == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  if (self->resets)
    setsockopt (g_socket_get_fd (self->socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  g_io_stream_close (self->stream, NULL, NULL);
  g_clear_object (&self->stream);
}

static void write_on (RbSimWire *self);

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbSimWire *self = user_data;
  g_autoptr(GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    {
      g_bytes_unref (g_queue_pop_head (&self->queue));
      self->is_writing = FALSE;
      write_on (self);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  close_stream (self);
  tell_gone (self);
}

static void
write_on (RbSimWire *self)
{
  GBytes *bytes = g_queue_peek_head (&self->queue);

  if (self->stream == NULL || self->is_writing)
    return;
  if (bytes != NULL)
    {
      self->is_writing = TRUE;
      g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), g_bytes_get_data (bytes, NULL),
                                       g_bytes_get_size (bytes), G_PRIORITY_DEFAULT, self->cancellable, on_written, self);
    }
  else if (self->is_ending)
    {
      close_stream (self);
      tell_gone (self);
    }
}

static void read_on (RbSimWire *self);

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  RbSimWire *self = user_data;
  g_autoptr(GError) error = NULL;
  gssize size = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (size > 0)
    {
      read_on (self);
      return;
    }
  close_stream (self);
  tell_gone (self);
}

static void
read_on (RbSimWire *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->sink, sizeof self->sink, G_PRIORITY_DEFAULT,
                             self->cancellable, on_read, self);
}

RbSimWire *
rb_sim_wire_new (SoupServerMessage *message)
{
  RbSimWire *self = g_new0 (RbSimWire, 1);
  GSocket *socket = soup_server_message_get_socket (message);
  int on = 1;

  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->queue);
  if (socket == NULL)
    return self;
  self->socket = g_object_ref (socket);
  setsockopt (g_socket_get_fd (socket), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  self->stream = soup_server_message_steal_connection (message);
  return self;
}

void
rb_sim_wire_free (RbSimWire *self)
{
  self->on_gone = NULL;
  close_stream (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->socket);
  g_queue_clear_full (&self->queue, (GDestroyNotify) g_bytes_unref);
  g_free (self);
}

/* What the kernel takes at once goes at once; the rest waits. */
static gsize
write_now (RbSimWire  *self,
           const void *bytes,
           gsize       size)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->stream);
  gssize written = 0;

  if (!g_queue_is_empty (&self->queue) || !G_IS_POLLABLE_OUTPUT_STREAM (output))
    return 0;
  written = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), bytes, size, NULL, NULL);
  return MAX (written, 0);
}

void
rb_sim_wire_write (RbSimWire  *self,
                   const void *bytes,
                   gsize       size)
{
  gsize written;

  if (self->stream == NULL || self->is_ending)
    return;
  written = write_now (self, bytes, size);
  if (written == size)
    return;
  g_queue_push_tail (&self->queue, g_bytes_new ((const char *) bytes + written, size - written));
  write_on (self);
}

void
rb_sim_wire_write_text (RbSimWire  *self,
                        const char *text)
{
  rb_sim_wire_write (self, text, strlen (text));
}

void
rb_sim_wire_end (RbSimWire *self,
                 gboolean   reset)
{
  self->is_ending = TRUE;
  self->resets = reset;
  write_on (self);
}

gboolean
rb_sim_wire_is_open (RbSimWire *self)
{
  return self->stream != NULL && !self->is_ending;
}

void
rb_sim_wire_watch (RbSimWire *self,
                   void     (*on_gone) (RbSimWire *self,
                                        gpointer   user_data),
                   gpointer   user_data)
{
  self->on_gone = on_gone;
  self->user_data = user_data;
  if (self->stream != NULL)
    read_on (self);
}

GIOStream *
rb_sim_wire_steal (RbSimWire *self)
{
  return g_steal_pointer (&self->stream);
}
