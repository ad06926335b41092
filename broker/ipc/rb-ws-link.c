/* rb-ws-link.c: one WebSocket after its handshake, the server's side
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ws-link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define READ_SIZE 65536
/* Reads a turn: a client that sends without end must not starve the others. */
#define READS_PER_TURN 4
#define CLOSE_REASON_MAX 123
#define WRITE_PIECES 16

typedef enum {
  LINK_OPEN,
  LINK_CLOSE_SENT,      /* ours is on its way, theirs is awaited */
  LINK_LAST_WORDS,      /* only the queue is written, then the connection ends */
  LINK_LINGER,          /* ours is written; what the client still sends is thrown away until it closes */
  LINK_DEAD,            /* the closed event is due */
  LINK_DONE,            /* the closed event was given */
} LinkState;

struct _RbWsLink {
  GSocketConnection *connection;
  int                fd;
  RbPoller          *poller;       /* borrowed: outlives all links */
  RbPollWatch       *watch;
  RbClock           *clock;
  RbWsLimits         limits;
  RbWsEvents         events;
  gpointer           owner;

  LinkState          state;
  RbWsParser        *parser;
  gboolean           held;
  gboolean           linger;       /* after the last words: closing on unread input would reset them away */
  GBytes            *early;

  GQueue             queue;        /* of GBytes: pieces not written yet, in order */
  gsize              queue_offset; /* bytes of the first that are written */
  gsize              queued;       /* bytes, all together */

  guint64            close_timer;
  guint              end_code;
  char              *end_cause;
  gboolean           in_events;    /* freeing waits until the event returned */
  gboolean           free_wanted;
  gboolean           deferred;     /* a call to on_deferred() is due */
};

static void link_free_now (RbWsLink *self);
static void on_deferred (gpointer user_data);

static gboolean
understands_input (const RbWsLink *self)
{
  return (self->state == LINK_OPEN || self->state == LINK_CLOSE_SENT) && !self->free_wanted;
}

static gboolean
wants_input (const RbWsLink *self)
{
  return understands_input (self) ? !self->held : self->state == LINK_LINGER && !self->free_wanted;
}

static void
update_watch (RbWsLink *self)
{
  guint32 events = 0;

  if (self->state >= LINK_DEAD)
    return;
  if (wants_input (self))
    events |= EPOLLIN;
  if (self->queued > 0)
    events |= EPOLLOUT;
  rb_poller_modify (self->poller, self->watch, events);
}

static void
defer (RbWsLink *self)
{
  if (self->deferred)
    return;
  self->deferred = TRUE;
  rb_poller_defer (self->poller, on_deferred, self);
}

/* The socket is given up now; the owner hears of it in the next turn, never from inside its own call. */
static void
die (RbWsLink   *self,
     guint       code,
     const char *cause)
{
  if (self->state >= LINK_DEAD)
    return;

  self->state = LINK_DEAD;
  self->end_code = self->end_code != 0 ? self->end_code : code;
  if (self->end_cause == NULL)
    self->end_cause = g_strdup (cause);
  rb_clock_clear (self->clock, &self->close_timer);
  rb_poller_remove (self->poller, self->watch);
  self->watch = NULL;
  g_queue_clear_full (&self->queue, (GDestroyNotify) g_bytes_unref);
  self->queued = 0;
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  defer (self);
}

static void
on_close_timeout (gpointer user_data)
{
  RbWsLink *self = user_data;

  self->close_timer = 0;
  die (self, RB_WS_ABNORMAL, "close handshake timed out");
}

static void
start_close_timer (RbWsLink *self)
{
  if (self->close_timer == 0)
    self->close_timer = rb_clock_add (self->clock, self->limits.close_timeout_ms, on_close_timeout, self);
}

/* Everything is written. After the last words the connection ends here. */
static void
queue_emptied (RbWsLink *self)
{
  if (self->state == LINK_LAST_WORDS && self->linger)
    {
      self->state = LINK_LINGER;
      shutdown (self->fd, SHUT_WR);
    }
  else if (self->state == LINK_LAST_WORDS)
    {
      die (self, RB_WS_ABNORMAL, "closed");
      return;
    }
  update_watch (self);
}

static void
drop_written (RbWsLink *self,
              gsize     n)
{
  self->queued -= n;
  self->queue_offset += n;
  while (!g_queue_is_empty (&self->queue))
    {
      gsize size = g_bytes_get_size (g_queue_peek_head (&self->queue));

      if (self->queue_offset < size)
        break;
      self->queue_offset -= size;
      g_bytes_unref (g_queue_pop_head (&self->queue));
    }
}

static gssize
write_some (RbWsLink *self)
{
  struct iovec pieces[WRITE_PIECES];
  struct msghdr message = { .msg_iov = pieces };
  gsize offset = self->queue_offset;

  for (GList *item = self->queue.head; item != NULL && message.msg_iovlen < WRITE_PIECES; item = item->next)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (item->data, &size);

      pieces[message.msg_iovlen].iov_base = (void *) (data + offset);
      pieces[message.msg_iovlen++].iov_len = size - offset;
      offset = 0;
    }
  return sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
write_queue (RbWsLink *self)
{
  while (self->queued > 0)
    {
      gssize n = write_some (self);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        {
          update_watch (self);
          return;
        }
      if (n < 0)
        {
          die (self, RB_WS_ABNORMAL, g_strerror (errno));
          return;
        }
      drop_written (self, n);
    }
  queue_emptied (self);
}

static void
enqueue (RbWsLink *self,
         GBytes   *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  if (size == 0)
    return;
  g_queue_push_tail (&self->queue, g_bytes_ref (bytes));
  self->queued += size;
}

/* @payload may be empty, not NULL. */
static gboolean
send_frame (RbWsLink *self,
            guint8    opcode,
            GBytes   *payload)
{
  gsize size = g_bytes_get_size (payload);
  g_autoptr(GBytes) header = NULL;
  guint8 buffer[10];
  gboolean idle = self->queued == 0;

  if (!idle && self->queued + size > self->limits.queue_max)
    {
      die (self, RB_WS_ABNORMAL, RB_WS_CAUSE_NOT_READ);
      return FALSE;
    }
  header = g_bytes_new (buffer, rb_ws_frame_header (opcode, size, buffer));
  enqueue (self, header);
  enqueue (self, payload);
  /* Otherwise the socket was full a moment ago; the poller says when it is not. */
  if (idle)
    write_queue (self);
  return self->state < LINK_DEAD;
}

/* Where a multi-byte character would be cut the whole character goes. */
static gsize
reason_length (const char *reason)
{
  gsize length = strlen (reason);
  const char *end;

  if (length <= CLOSE_REASON_MAX)
    return length;
  g_utf8_validate (reason, CLOSE_REASON_MAX, &end);
  return end - reason;
}

static void
send_close (RbWsLink   *self,
            guint       code,
            const char *reason)
{
  guint8 buffer[2 + CLOSE_REASON_MAX];
  gsize length = 0;
  g_autoptr(GBytes) payload = NULL;

  if (code != RB_WS_NO_STATUS)
    {
      buffer[0] = code >> 8;
      buffer[1] = code & 0xff;
      length = 2;
      if (reason != NULL)
        {
          memcpy (buffer + 2, reason, reason_length (reason));
          length += reason_length (reason);
        }
    }
  payload = g_bytes_new (buffer, length);
  send_frame (self, 0x8, payload);
}

/* Says goodbye and understands nothing more. */
static void
fail (RbWsLink   *self,
      guint       code,
      const char *cause)
{
  if (self->state != LINK_OPEN)
    {
      die (self, code, cause);
      return;
    }
  self->end_code = code;
  self->end_cause = g_strdup (cause);
  self->state = LINK_LAST_WORDS;
  self->linger = TRUE;
  start_close_timer (self);
  send_close (self, code, NULL);
}

static void
receive_close (RbWsLink *self,
               guint     code)
{
  self->end_code = self->end_code != 0 ? self->end_code : code;
  if (self->state == LINK_CLOSE_SENT)
    {
      die (self, code, "closed");
      return;
    }
  self->end_cause = g_strdup ("closed by the client");
  self->state = LINK_LAST_WORDS;
  start_close_timer (self);
  send_close (self, code, NULL);
}

static const char *
describe_invalid (guint code)
{
  if (code == RB_WS_TOO_BIG)
    return RB_WS_CAUSE_TOO_BIG;
  return code == RB_WS_TRY_AGAIN_LATER ? RB_WS_CAUSE_NO_BUDGET : "not a valid WebSocket frame";
}

static void
handle_event (RbWsLink *self,
              RbWsEvent event,
              GBytes   *payload,
              guint     code)
{
  switch (event)
    {
    case RB_WS_MESSAGE:
      if (self->state == LINK_OPEN)
        self->events.message (self->owner, payload);
      break;
    case RB_WS_PING:
      if (self->state == LINK_OPEN)
        send_frame (self, 0xa, payload);
      break;
    case RB_WS_PONG:
      self->events.pong (self->owner);
      break;
    case RB_WS_CLOSE:
      receive_close (self, code);
      break;
    case RB_WS_INVALID:
      fail (self, code, describe_invalid (code));
      break;
    case RB_WS_MORE:
      break;
    }
}

/* Input that came while held would be lost, so a whole buffer is always finished. */
static void
feed (RbWsLink *self,
      guint8   *data,
      gsize     length)
{
  gsize at = 0;

  while (at < length && understands_input (self))
    {
      g_autoptr(GBytes) payload = NULL;
      gsize used;
      guint code;
      RbWsEvent event = rb_ws_parser_feed (self->parser, data + at, length - at, &used, &payload, &code);

      at += used;
      handle_event (self, event, payload, code);
    }
}

static void
read_some (RbWsLink *self)
{
  static guint8 buffer[READ_SIZE];   /* one thread, and never used across a call back into here */

  for (guint i = 0; i < READS_PER_TURN && wants_input (self); i++)
    {
      gssize n = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
      if (n <= 0)
        {
          die (self, RB_WS_ABNORMAL, n == 0 ? "closed without a close frame" : g_strerror (errno));
          return;
        }
      feed (self, buffer, n);
      if ((gsize) n < sizeof buffer)
        return;
    }
}

static void
leave_events (RbWsLink *self)
{
  self->in_events = FALSE;
  if (self->free_wanted)
    link_free_now (self);
}

static void
on_ready (guint32  events,
          gpointer user_data)
{
  RbWsLink *self = user_data;

  self->in_events = TRUE;
  if ((events & EPOLLOUT) != 0 && self->state < LINK_DEAD)
    write_queue (self);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && wants_input (self))
    read_some (self);
  /* Nothing is read any more, and the other side is gone. */
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && self->state < LINK_DEAD)
    die (self, RB_WS_ABNORMAL, "connection lost");
  leave_events (self);
}

static void
on_deferred (gpointer user_data)
{
  RbWsLink *self = user_data;
  g_autoptr(GBytes) early = g_steal_pointer (&self->early);

  self->deferred = FALSE;
  self->in_events = TRUE;
  if (early != NULL && understands_input (self))
    {
      gsize size;
      g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (early, NULL), g_bytes_get_size (early));

      size = g_bytes_get_size (early);
      feed (self, copy, size);
    }
  if (self->state == LINK_DEAD && !self->free_wanted)
    {
      self->state = LINK_DONE;
      self->events.closed (self->owner, self->end_code, self->end_cause);
    }
  leave_events (self);
}

RbWsLink *
rb_ws_link_new (GSocketConnection *connection,
                RbPoller          *poller,
                RbClock           *clock,
                const RbWsLimits  *limits,
                const RbWsEvents  *events,
                gpointer           owner,
                GBytes            *greeting,
                GBytes            *early)
{
  RbWsLink *self = g_new0 (RbWsLink, 1);

  self->connection = g_object_ref (connection);
  self->fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  self->poller = poller;
  self->clock = g_object_ref (clock);
  self->limits = *limits;
  self->events = *events;
  self->owner = owner;
  self->parser = rb_ws_parser_new (limits->message_max, limits->budget);
  g_queue_init (&self->queue);
  self->watch = rb_poller_add (poller, self->fd, EPOLLIN, on_ready, self);

  enqueue (self, greeting);
  write_queue (self);
  if (self->watch == NULL)
    die (self, RB_WS_ABNORMAL, "cannot be watched");
  if (early != NULL && g_bytes_get_size (early) > 0)
    {
      self->early = g_bytes_ref (early);
      defer (self);
    }
  return self;
}

static void
link_free_now (RbWsLink *self)
{
  if (self->deferred)
    {
      self->free_wanted = TRUE;
      return;
    }
  g_clear_pointer (&self->early, g_bytes_unref);
  g_object_unref (self->connection);
  g_object_unref (self->clock);
  rb_ws_parser_free (self->parser);
  g_free (self->end_cause);
  g_free (self);
}

void
rb_ws_link_free (RbWsLink *self)
{
  if (self == NULL)
    return;
  die (self, RB_WS_ABNORMAL, "freed");
  self->free_wanted = TRUE;
  if (!self->in_events)
    link_free_now (self);
}

gboolean
rb_ws_link_is_open (const RbWsLink *self)
{
  return self->state == LINK_OPEN;
}

gsize
rb_ws_link_get_queued (const RbWsLink *self)
{
  return self->queued;
}

gboolean
rb_ws_link_send_text (RbWsLink *self,
                      GBytes   *text)
{
  return self->state == LINK_OPEN && send_frame (self, 0x1, text);
}

gboolean
rb_ws_link_ping (RbWsLink *self)
{
  g_autoptr(GBytes) empty = g_bytes_new_static ("", 0);

  return self->state == LINK_OPEN && send_frame (self, 0x9, empty);
}

void
rb_ws_link_close (RbWsLink   *self,
                  guint       code,
                  const char *reason)
{
  if (self->state != LINK_OPEN)
    return;
  self->state = LINK_CLOSE_SENT;
  self->end_code = code;
  g_free (self->end_cause);
  self->end_cause = g_strdup (reason);
  self->held = FALSE;
  start_close_timer (self);
  send_close (self, code, reason);
  update_watch (self);
}

void
rb_ws_link_abort (RbWsLink   *self,
                  const char *cause)
{
  die (self, RB_WS_ABNORMAL, cause);
}

void
rb_ws_link_hold_input (RbWsLink *self,
                       gboolean  hold)
{
  if (self->held == hold)
    return;
  self->held = hold;
  update_watch (self);
}
