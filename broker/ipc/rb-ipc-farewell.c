/* rb-ipc-farewell.c: a last answer on a connection that is then closed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-farewell.h"

#include <errno.h>
#include <sys/socket.h>

#define LINGER_MS 2000
#define READ_SIZE 65536
#define READS_PER_TURN 16

typedef struct {
  RbIpcServer       *server;      /* borrowed: drops us before it goes */
  GSocketConnection *stream;
  int                fd;
  GBytes            *response;
  gsize              written;
  RbPollWatch       *watch;
  guint64            timer;
  GList              link;        /* in the server's farewells */
} Farewell;

static void
farewell_free (Farewell *self)
{
  g_queue_unlink (&self->server->farewells, &self->link);
  rb_poller_remove (self->server->poller, self->watch);
  rb_clock_clear (self->server->clock, &self->timer);
  g_io_stream_close (G_IO_STREAM (self->stream), NULL, NULL);
  g_object_unref (self->stream);
  g_bytes_unref (self->response);
  g_free (self);
}

static void
on_timeout (gpointer user_data)
{
  Farewell *self = user_data;

  self->timer = 0;
  farewell_free (self);
}

/* FALSE when the connection is lost. */
static gboolean
write_response (Farewell *self)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->response, &size);

  while (self->written < size)
    {
      gssize n = send (self->fd, data + self->written, size - self->written, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK;
      self->written += n;
    }
  shutdown (self->fd, SHUT_WR);
  rb_poller_modify (self->server->poller, self->watch, EPOLLIN);
  return TRUE;
}

/* FALSE when the client has closed. */
static gboolean
discard_input (Farewell *self)
{
  static guint8 buffer[READ_SIZE];   /* never looked at */

  for (guint i = 0; i < READS_PER_TURN; i++)
    {
      gssize n = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT);

      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return TRUE;
      if (n <= 0)
        return FALSE;
    }
  return TRUE;
}

static void
on_ready (guint32  events,
          gpointer user_data)
{
  Farewell *self = user_data;
  gboolean alive = TRUE;

  if ((events & EPOLLOUT) != 0)
    alive = write_response (self);
  if (alive && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    alive = discard_input (self) && (events & (EPOLLHUP | EPOLLERR)) == 0;
  if (!alive)
    farewell_free (self);
}

void
rb_ipc_farewell_say (RbIpcConnection   *connection,
                     SoupServerMessage *message,
                     GBytes            *response)
{
  RbIpcServer *server = connection->server;
  GSocketConnection *stream = rb_ipc_connection_steal (connection, message, NULL);
  Farewell *self;

  if (stream == NULL || server == NULL)
    {
      g_clear_object (&stream);
      return;
    }

  self = g_new0 (Farewell, 1);
  self->server = server;
  self->stream = stream;
  self->fd = g_socket_get_fd (g_socket_connection_get_socket (stream));
  self->response = g_bytes_ref (response);
  self->link.data = self;
  g_queue_push_tail_link (&server->farewells, &self->link);
  self->timer = rb_clock_add (server->clock, LINGER_MS, on_timeout, self);
  self->watch = rb_poller_add (server->poller, self->fd, EPOLLIN | EPOLLOUT, on_ready, self);
  if (self->watch == NULL || !write_response (self))
    farewell_free (self);
}

GBytes *
rb_ipc_farewell_json (guint       status,
                      const char *extra,
                      GBytes     *body)
{
  GString *text = g_string_new (NULL);
  gsize size;
  const char *data = g_bytes_get_data (body, &size);

  g_string_append_printf (text, "HTTP/1.1 %u %s\r\n", status, soup_status_get_phrase (status));
  g_string_append_printf (text, "Content-Type: " RB_IPC_JSON_TYPE "\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n", size);
  g_string_append (text, "Connection: close\r\n");
  if (extra != NULL)
    g_string_append (text, extra);
  g_string_append (text, "\r\n");
  g_string_append_len (text, data, size);
  return g_string_free_to_bytes (text);
}

void
rb_ipc_farewell_drop_all (RbIpcServer *server)
{
  while (!g_queue_is_empty (&server->farewells))
    farewell_free (g_queue_peek_head (&server->farewells));
}
