/* rb-remote-pipe.c: frames over a socket, from and to a main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-pipe.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536
#define KEPT_BYTES (1024 * 1024)   /* a buffer in which was more is given back as soon as it can be */

typedef struct {
  GSource       source;
  RbRemotePipe *pipe;
  gpointer      tag;
  gboolean      asks_out;   /* to be told when the kernel takes more */
} PipeSource;

struct _RbRemotePipe {
  int                fd;         /* -1: closed */
  RbRemoteSide       side;
  RbRemotePipeFuncs  funcs;
  gpointer           user_data;
  GSource           *source;
  GByteArray        *in;         /* the beginning of a frame */
  GByteArray        *out;        /* not with the kernel yet, from @sent on */
  gsize              sent;
  gsize              out_peak;   /* the most that was in @out */
  guint64            written;    /* in all */
  gboolean           is_full;    /* the kernel takes no more for now */
  guint              depth;      /* functions that run */
  gboolean           is_freed;   /* while one runs */
};

static void
destroy (RbRemotePipe *self)
{
  g_byte_array_unref (self->in);
  g_byte_array_unref (self->out);
  g_free (self);
}

static void
close_socket (RbRemotePipe *self)
{
  if (self->fd < 0)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->fd);
  self->fd = -1;
}

static void
leave (RbRemotePipe *self)
{
  self->depth--;
  if (self->is_freed && self->depth == 0)
    destroy (self);
}

static void
end (RbRemotePipe *self,
     const char   *reason)
{
  if (self->fd < 0)
    return;
  close_socket (self);
  self->funcs.closed (reason, self->user_data);
}

/* Without the first @size bytes. @peak: the most that was in it. */
static void
drop_front (GByteArray **buffer,
            gsize        size,
            gsize        peak)
{
  GByteArray *old = *buffer;

  if (peak <= KEPT_BYTES)
    {
      g_byte_array_remove_range (old, 0, (guint) size);
      return;
    }
  *buffer = g_byte_array_new ();
  g_byte_array_append (*buffer, old->data + size, old->len - (guint) size);
  g_byte_array_unref (old);
}

/* What was written counts from the front. The rest moves there when it is no more than that: no byte costs more for it than once more. */
static void
forget_written (RbRemotePipe *self,
                gsize         size)
{
  self->sent += size;
  self->written += size;
  if (self->sent < self->out->len - self->sent)
    return;
  drop_front (&self->out, self->sent, self->out_peak);
  self->sent = 0;
  self->out_peak = self->out->len;
}

/* An error shows when we read: there is then still what the other side has said. */
static void
write_some (RbRemotePipe *self)
{
  while (self->fd >= 0 && self->sent < self->out->len)
    {
      ssize_t n = send (self->fd, self->out->data + self->sent, self->out->len - self->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          self->is_full = errno == EAGAIN;
          return;
        }
      forget_written (self, (gsize) n);
    }
  self->is_full = FALSE;
}

/* TRUE: @self is as it was, and there may be more. */
static gboolean
take_frame (RbRemotePipe *self,
            gsize        *at)
{
  g_autoptr(GError) error = NULL;
  RbRemoteFrame frame;
  gsize length;

  if (self->fd < 0)
    return FALSE;
  if (!rb_remote_frame_measure (self->in->data + *at, self->in->len - *at, &length, &error) ||
      (length > 0 && !rb_remote_frame_read (&frame, self->side == RB_REMOTE_BROKER ? RB_REMOTE_MODULE : RB_REMOTE_BROKER,
                                            self->in->data + *at + RB_REMOTE_HEADER_BYTES, length - RB_REMOTE_HEADER_BYTES, &error)))
    {
      end (self, error->message);
      return FALSE;
    }
  if (length == 0)
    return FALSE;
  *at += length;
  self->funcs.frame (&frame, self->user_data);
  return TRUE;
}

static void
take_frames (RbRemotePipe *self)
{
  gsize at = 0;

  while (take_frame (self, &at))
    ;
  if (at > 0)
    drop_front (&self->in, at, self->in->len);
}

/* FALSE: there was nothing. */
static gboolean
read_some (RbRemotePipe *self)
{
  guint had = self->in->len;
  ssize_t n;
  int saved_errno;

  g_byte_array_set_size (self->in, had + READ_BYTES);
  n = TEMP_FAILURE_RETRY (recv (self->fd, self->in->data + had, READ_BYTES, MSG_DONTWAIT));
  saved_errno = errno;
  g_byte_array_set_size (self->in, had + (guint) MAX (n, 0));
  if (n < 0 && saved_errno == EAGAIN)
    return FALSE;

  self->depth++;
  if (n > 0)
    take_frames (self);
  else
    end (self, NULL);
  leave (self);
  return TRUE;
}

/* Only when it changes: it wakes the loop. */
static void
ask (PipeSource *at)
{
  if (at->asks_out == at->pipe->is_full)
    return;
  at->asks_out = at->pipe->is_full;
  g_source_modify_unix_fd (&at->source, at->tag, at->asks_out ? G_IO_IN | G_IO_OUT : G_IO_IN);
}

/* Called whenever the loop is about to sleep. */
static gboolean
on_prepare (GSource *source,
            int     *timeout)
{
  PipeSource *at = (PipeSource *) source;

  *timeout = -1;
  if (!at->pipe->is_full)
    write_some (at->pipe);
  ask (at);
  return FALSE;
}

static gboolean
on_check (GSource *source)
{
  return g_source_query_unix_fd (source, ((PipeSource *) source)->tag) != 0;
}

static gboolean
on_ready (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  RbRemotePipe *self = ((PipeSource *) source)->pipe;
  GIOCondition ready = g_source_query_unix_fd (source, ((PipeSource *) source)->tag);

  if (ready & G_IO_OUT)
    write_some (self);
  if (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    read_some (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .prepare = on_prepare, .check = on_check, .dispatch = on_ready };

RbRemotePipe *
rb_remote_pipe_new (int                      fd,
                    RbRemoteSide             side,
                    const RbRemotePipeFuncs *funcs,
                    gpointer                 user_data)
{
  RbRemotePipe *self = g_new0 (RbRemotePipe, 1);

  self->fd = fd;
  self->side = side;
  self->funcs = *funcs;
  self->user_data = user_data;
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->source = g_source_new (&source_funcs, sizeof (PipeSource));
  ((PipeSource *) self->source)->pipe = self;
  ((PipeSource *) self->source)->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  g_source_set_static_name (self->source, "remote module");
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
rb_remote_pipe_free (RbRemotePipe *self)
{
  close_socket (self);
  self->is_freed = TRUE;
  if (self->depth == 0)
    destroy (self);
}

guint64
rb_remote_pipe_send (RbRemotePipe        *self,
                     const RbRemoteFrame *frame)
{
  if (self->fd < 0)
    return RB_REMOTE_PIPE_NEVER;
  rb_remote_frame_write (frame, self->out);
  self->out_peak = MAX (self->out_peak, self->out->len);
  return self->written + self->out->len - self->sent;
}

guint64
rb_remote_pipe_get_written (const RbRemotePipe *self)
{
  return self->written;
}

gsize
rb_remote_pipe_get_queued (const RbRemotePipe *self)
{
  return self->out->len - self->sent;
}

gboolean
rb_remote_pipe_turn (RbRemotePipe *self,
                     int           timeout_ms)
{
  struct pollfd polled = { .fd = self->fd, .events = POLLIN };
  int ready;

  if (self->fd < 0)
    return FALSE;
  write_some (self);
  polled.events |= self->is_full ? POLLOUT : 0;
  ready = TEMP_FAILURE_RETRY (poll (&polled, 1, timeout_ms));
  if (ready <= 0)
    return FALSE;
  if ((polled.revents & ~POLLOUT) != 0)
    read_some (self);
  return TRUE;
}

void
rb_remote_pipe_drain (RbRemotePipe *self)
{
  self->depth++;
  while (self->fd >= 0 && read_some (self))
    ;
  leave (self);
}

void
rb_remote_pipe_flush (RbRemotePipe *self)
{
  struct pollfd polled = { .fd = self->fd, .events = POLLOUT };

  for (write_some (self); self->is_full; write_some (self))
    if (TEMP_FAILURE_RETRY (poll (&polled, 1, -1)) < 0 || (polled.revents & (POLLERR | POLLHUP)) != 0)
      return;
}
