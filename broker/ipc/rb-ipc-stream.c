/* rb-ipc-stream.c: what libsoup reads of a connection, and how it learns that the client is gone
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-stream.h"

/* Begins no request line that could be one. */
#define BEGINNING '?'

#define RB_TYPE_IPC_INPUT (rb_ipc_input_get_type ())
G_DECLARE_FINAL_TYPE (RbIpcInput, rb_ipc_input, RB, IPC_INPUT, GInputStream)

struct _RbIpcInput {
  GInputStream  parent_instance;

  GInputStream *base;
  gboolean      rests;
};

struct _RbIpcStream {
  GIOStream          parent_instance;

  GSocketConnection *base;
  RbIpcInput        *input;
  gboolean           is_let_go;
};

static void pollable_iface_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbIpcInput, rb_ipc_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, pollable_iface_init))
G_DEFINE_FINAL_TYPE (RbIpcStream, rb_ipc_stream, G_TYPE_IO_STREAM)

/* @n: what the base said */
static gssize
translate (RbIpcInput *self,
           void       *buffer,
           gsize       count,
           gssize      n)
{
  if (n != 0 || !self->rests || count == 0)
    return n;

  self->rests = FALSE;
  *(char *) buffer = BEGINNING;
  return 1;
}

static gssize
rb_ipc_input_read (GInputStream  *stream,
                   void          *buffer,
                   gsize          count,
                   GCancellable  *cancellable,
                   GError       **error)
{
  RbIpcInput *self = RB_IPC_INPUT (stream);

  return translate (self, buffer, count, g_input_stream_read (self->base, buffer, count, cancellable, error));
}

static gssize
input_read_nonblocking (GPollableInputStream  *stream,
                        void                  *buffer,
                        gsize                  count,
                        GError               **error)
{
  RbIpcInput *self = RB_IPC_INPUT (stream);
  gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->base), buffer, count, NULL, error);

  return translate (self, buffer, count, n);
}

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (RB_IPC_INPUT (stream)->base));
}

static GSource *
input_create_source (GPollableInputStream *stream,
                     GCancellable         *cancellable)
{
  g_autoptr(GSource) base = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (RB_IPC_INPUT (stream)->base), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
pollable_iface_init (GPollableInputStreamInterface *iface)
{
  iface->read_nonblocking = input_read_nonblocking;
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
}

static void
rb_ipc_input_finalize (GObject *object)
{
  g_clear_object (&RB_IPC_INPUT (object)->base);
  G_OBJECT_CLASS (rb_ipc_input_parent_class)->finalize (object);
}

static void
rb_ipc_input_class_init (RbIpcInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_ipc_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = rb_ipc_input_read;
}

static void
rb_ipc_input_init (RbIpcInput *self)
{
}

static GInputStream *
rb_ipc_stream_get_input (GIOStream *stream)
{
  return G_INPUT_STREAM (RB_IPC_STREAM (stream)->input);
}

static GOutputStream *
rb_ipc_stream_get_output (GIOStream *stream)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (RB_IPC_STREAM (stream)->base));
}

static gboolean
rb_ipc_stream_close (GIOStream     *stream,
                     GCancellable  *cancellable,
                     GError       **error)
{
  RbIpcStream *self = RB_IPC_STREAM (stream);

  return self->is_let_go || g_io_stream_close (G_IO_STREAM (self->base), cancellable, error);
}

static void
rb_ipc_stream_finalize (GObject *object)
{
  RbIpcStream *self = RB_IPC_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->base);
  G_OBJECT_CLASS (rb_ipc_stream_parent_class)->finalize (object);
}

static void
rb_ipc_stream_class_init (RbIpcStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rb_ipc_stream_finalize;
  stream_class->get_input_stream = rb_ipc_stream_get_input;
  stream_class->get_output_stream = rb_ipc_stream_get_output;
  stream_class->close_fn = rb_ipc_stream_close;
}

static void
rb_ipc_stream_init (RbIpcStream *self)
{
  self->input = g_object_new (RB_TYPE_IPC_INPUT, NULL);
}

RbIpcStream *
rb_ipc_stream_new (GSocketConnection *base)
{
  RbIpcStream *self = g_object_new (RB_TYPE_IPC_STREAM, NULL);

  self->base = g_object_ref (base);
  self->input->base = g_object_ref (g_io_stream_get_input_stream (G_IO_STREAM (base)));
  return self;
}

void
rb_ipc_stream_set_rest (RbIpcStream *self,
                        gboolean     rests)
{
  self->input->rests = rests;
}

void
rb_ipc_stream_let_go (RbIpcStream *self)
{
  self->input->rests = FALSE;
  self->is_let_go = TRUE;
}
