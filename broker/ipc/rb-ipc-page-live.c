/* rb-ipc-page-live.c: the WebSockets of pages that are open: what changes, as it changes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page-live.h"

#include "rb-ipc-page.h"
#include "rb-log.h"
#include "rb-view-watch.h"
#include "rb-wire-answers.h"
#include "rb-ws-link.h"

/* People see no difference; a burst becomes one frame. */
#define COLLECT_MS 100
#define CLOSE_TIMEOUT_MS 2000
/* A page says nothing that anybody listens to. */
#define MESSAGE_MAX 1024

struct _RbIpcLive {
  RbIpcServer *server;    /* borrowed */
  GQueue       sockets;   /* of Socket, linked through them */
  RbViewWatch *watch;     /* NULL: no page is open */
};

typedef struct {
  RbIpcLive *live;
  RbWsLink  *link;
  char      *key;
  GList      item;
} Socket;

static void
tell (gpointer data,
      gpointer user_data)
{
  Socket *socket = data;

  rb_ws_link_send_text (socket->link, user_data);
  rb_bounds_note (socket->live->server->bounds, RB_IPC_BOUND_PAGE_QUEUE,
                  MIN (rb_ws_link_get_queued (socket->link), RB_IPC_LIVE_QUEUE_MAX));
}

static void
on_changes (GVariant *changes,
            gpointer  user_data)
{
  RbIpcLive *self = user_data;
  g_autoptr(GBytes) frame = NULL;
  g_autoptr(GVariant) all = g_variant_lookup_value (changes, "all", G_VARIANT_TYPE_BOOLEAN);

  if (all != NULL)
    rb_bounds_reached (self->server->bounds, RB_IPC_BOUND_PAGE_CHANGES);
  rb_ipc_live_sift (self);
  frame = rb_wire_answer_variant (changes);
  g_queue_foreach (&self->sockets, tell, frame);
}

static void
on_message (gpointer owner,
            GBytes  *message)
{
}

static void
on_pong (gpointer owner)
{
}

static void
on_closed (gpointer    owner,
           guint       code,
           const char *cause)
{
  Socket *socket = owner;
  RbIpcLive *self = socket->live;
  g_autofree char *number = g_strdup_printf ("%u", code);

  rb_log_info ("page_closed", "code", number, "reason", cause, NULL);
  if (g_strcmp0 (cause, RB_WS_CAUSE_NOT_READ) == 0)
    rb_bounds_reached (self->server->bounds, RB_IPC_BOUND_PAGE_QUEUE);
  g_queue_unlink (&self->sockets, &socket->item);
  rb_ws_link_free (socket->link);
  g_free (socket->key);
  g_free (socket);
  if (g_queue_is_empty (&self->sockets))
    g_clear_pointer (&self->watch, rb_view_watch_free);
}

static const RbWsEvents link_events = {
  .message = on_message,
  .pong = on_pong,
  .closed = on_closed,
};

RbIpcLive *
rb_ipc_live_new (RbIpcServer *server)
{
  RbIpcLive *self = g_new0 (RbIpcLive, 1);

  self->server = server;
  g_queue_init (&self->sockets);
  return self;
}

void
rb_ipc_live_free (RbIpcLive *self)
{
  for (GList *item = self->sockets.head; item != NULL; item = item->next)
    rb_ws_link_abort (((Socket *) item->data)->link, "broker_shutdown");
  if (!g_queue_is_empty (&self->sockets))
    rb_poller_flush (self->server->poller);
  g_free (self);
}

guint
rb_ipc_live_get_n (RbIpcLive *self)
{
  return self->sockets.length;
}

gsize
rb_ipc_live_get_most_queued (RbIpcLive *self)
{
  gsize most = 0;

  for (GList *item = self->sockets.head; item != NULL; item = item->next)
    most = MAX (most, rb_ws_link_get_queued (((Socket *) item->data)->link));
  return most;
}

guint
rb_ipc_live_get_changes (RbIpcLive *self)
{
  return self->watch != NULL ? rb_view_watch_get_n (self->watch) : 0;
}

void
rb_ipc_live_open (RbIpcLive         *self,
                  GSocketConnection *stream,
                  const char        *key,
                  GBytes            *greeting,
                  GBytes            *early)
{
  RbIpcServer *server = self->server;
  RbWsLimits limits = {
    .message_max = MESSAGE_MAX, .budget = &server->input, .queue_max = RB_IPC_LIVE_QUEUE_MAX, .close_timeout_ms = CLOSE_TIMEOUT_MS
  };
  Socket *socket = g_new0 (Socket, 1);

  socket->live = self;
  socket->key = g_strdup (key);
  socket->item.data = socket;
  socket->link = rb_ws_link_new (stream, server->poller, server->clock, &limits, &link_events, socket, greeting, early);
  g_queue_push_tail_link (&self->sockets, &socket->item);
  if (self->watch == NULL)
    self->watch = rb_view_watch_new (server->core, server->clock, COLLECT_MS, RB_IPC_LIVE_CHANGES_MAX, on_changes, self);
}

void
rb_ipc_live_sift (RbIpcLive *self)
{
  RbIpcSessions *sessions = rb_ipc_page_get_sessions (self->server->page);

  for (GList *item = self->sockets.head; item != NULL; item = item->next)
    {
      Socket *socket = item->data;

      if (!rb_ipc_sessions_has_key (sessions, socket->key))
        rb_ws_link_close (socket->link, RB_IPC_LIVE_LOGGED_OUT, "logged_out");
    }
}

void
rb_ipc_live_close_all (RbIpcLive  *self,
                       guint       code,
                       const char *reason)
{
  for (GList *item = self->sockets.head; item != NULL; item = item->next)
    rb_ws_link_close (((Socket *) item->data)->link, code, reason);
}
