/* rb-ipc-channel.c: an adapter's stream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-channel.h"

#include "rb-ipc-request.h"
#include "rb-log.h"
#include "rb-wire-frames.h"
#include "rb-ws-link.h"

#define CLOSE_TIMEOUT_MS 2000
#define PONGS_MISSED_MAX 2

struct _RbIpcChannel {
  GObject            parent_instance;

  RbIpcServer       *server;      /* borrowed: closes its channels before it goes */
  RbIpcChannelTraits traits;
  RbWsLink          *link;
  guint              n_missed;    /* pings without a pong since */
  guint              n_requests;  /* at work */
};

static void channel_iface_init (RbChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbIpcChannel, rb_ipc_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CHANNEL, channel_iface_init))

static gint64
channel_get_pid (RbChannel *channel)
{
  return RB_IPC_CHANNEL (channel)->traits.pid;
}

static gboolean
channel_has_receipts (RbChannel *channel)
{
  return RB_IPC_CHANNEL (channel)->traits.receipts;
}

static gboolean
channel_is_legacy (RbChannel *channel)
{
  return RB_IPC_CHANNEL (channel)->traits.legacy;
}

static gboolean
send_text (RbIpcChannel *self,
           GBytes       *frame)
{
  gboolean is_sent = rb_ws_link_send_text (self->link, frame);

  rb_bounds_note (self->server->bounds, RB_IPC_BOUND_CHANNEL_QUEUE, rb_ws_link_get_queued (self->link));
  return is_sent;
}

static gboolean
channel_push (RbChannel    *channel,
              const RbPush *push)
{
  RbIpcChannel *self = RB_IPC_CHANNEL (channel);
  g_autoptr(GBytes) frame = NULL;

  if (!rb_ws_link_is_open (self->link))
    return FALSE;
  frame = rb_wire_frame_push (push);
  return send_text (self, frame);
}

static void
channel_send_presence (RbChannel  *channel,
                       const char *presence,
                       const char *reason)
{
  RbIpcChannel *self = RB_IPC_CHANNEL (channel);
  g_autoptr(GBytes) frame = rb_wire_frame_presence (presence, reason);

  send_text (self, frame);
}

static void
channel_close (RbChannel  *channel,
               guint       code,
               const char *reason)
{
  rb_ws_link_close (RB_IPC_CHANNEL (channel)->link, code, reason);
}

static void
channel_iface_init (RbChannelInterface *iface)
{
  iface->get_pid = channel_get_pid;
  iface->has_receipts = channel_has_receipts;
  iface->is_legacy = channel_is_legacy;
  iface->push = channel_push;
  iface->send_presence = channel_send_presence;
  iface->close = channel_close;
}

static void
run_request (RbIpcChannel *self,
             RbWireFrame  *frame)
{
  g_autoptr(RbIpcRequest) request = NULL;

  rb_bounds_note (self->server->bounds, RB_IPC_BOUND_CHANNEL_REQUESTS, ++self->n_requests);
  if (self->n_requests >= RB_IPC_CHANNEL_REQUESTS_MAX)
    {
      rb_bounds_reached (self->server->bounds, RB_IPC_BOUND_CHANNEL_REQUESTS);
      rb_ws_link_hold_input (self->link, TRUE);
    }
  request = rb_ipc_request_new_stream (self->server, self, frame->id, frame->method != NULL ? frame->method : "",
                                       frame->target != NULL ? frame->target : "");
  if (frame->method == NULL || frame->target == NULL)
    rb_ipc_request_fail_with (request, RB_ERROR_INVALID, "bad_request", FALSE, "'method' and 'path' must be strings");
  else if (rb_ipc_request_route (request))
    rb_ipc_request_run (request, frame->body);
}

static void
on_message (gpointer owner,
            GBytes  *message)
{
  RbIpcChannel *self = owner;
  g_auto(RbWireFrame) frame = { 0 };

  rb_bounds_note (self->server->bounds, RB_IPC_BOUND_MESSAGE, g_bytes_get_size (message));
  rb_wire_frame_parse (message, &frame);
  switch (frame.kind)
    {
    case RB_WIRE_FRAME_PUSH_ACK:
      rb_channels_receipt (self->server->core, RB_CHANNEL (self), frame.id);
      break;
    case RB_WIRE_FRAME_REQUEST:
      if (self->traits.requests)
        run_request (self, &frame);
      break;
    case RB_WIRE_FRAME_OTHER:
      break;
    }
}

static void
on_pong (gpointer owner)
{
  ((RbIpcChannel *) owner)->n_missed = 0;
}

static void
log_closed (RbIpcChannel *self,
            guint         code,
            const char   *cause)
{
  g_autofree char *pid = g_strdup_printf ("%" G_GINT64_FORMAT, self->traits.pid);
  g_autofree char *number = g_strdup_printf ("%u", code);

  rb_log_info ("ipc_channel_closed", "plugin_pid", pid, "code", number, "reason", cause, NULL);
}

/* What ended it may be a limit. */
static void
count_cause (RbIpcServer *server,
             const char  *cause)
{
  static const struct {
    const char *cause;
    RbIpcBound  bound;
  } limits[] = {
    { RB_WS_CAUSE_TOO_BIG, RB_IPC_BOUND_MESSAGE },
    { RB_WS_CAUSE_NO_BUDGET, RB_IPC_BOUND_INPUT },
    { RB_WS_CAUSE_NOT_READ, RB_IPC_BOUND_CHANNEL_QUEUE },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (limits); i++)
    if (g_strcmp0 (cause, limits[i].cause) == 0)
      rb_bounds_reached (server->bounds, limits[i].bound);
}

static void
on_closed (gpointer    owner,
           guint       code,
           const char *cause)
{
  RbIpcChannel *self = owner;
  RbIpcServer *server = self->server;
  g_autoptr(RbIpcChannel) keep = g_object_ref (self);

  log_closed (self, code, cause);
  count_cause (server, cause);
  rb_ipc_requests_forget (server, self);
  g_hash_table_remove (server->channels, self);
  if (g_hash_table_size (server->channels) == 0)
    rb_clock_clear (server->clock, &server->ping_timer);
  rb_channels_detach (server->core, RB_CHANNEL (self));
}

static const RbWsEvents link_events = {
  .message = on_message,
  .pong = on_pong,
  .closed = on_closed,
};

static void
rb_ipc_channel_finalize (GObject *object)
{
  RbIpcChannel *self = RB_IPC_CHANNEL (object);

  rb_ws_link_free (self->link);
  G_OBJECT_CLASS (rb_ipc_channel_parent_class)->finalize (object);
}

static void
rb_ipc_channel_class_init (RbIpcChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_ipc_channel_finalize;
}

static void
rb_ipc_channel_init (RbIpcChannel *self)
{
}

static void
on_ping_timer (gpointer user_data)
{
  RbIpcServer *server = user_data;

  server->ping_timer = rb_clock_add (server->clock, server->options.ping_interval_ms, on_ping_timer, server);
  rb_ipc_channels_ping_all (server);
}

void
rb_ipc_channel_open (RbIpcServer              *server,
                     GSocketConnection        *stream,
                     const RbIpcChannelTraits *traits,
                     GBytes                   *greeting,
                     GBytes                   *early)
{
  g_autoptr(RbIpcChannel) self = g_object_new (RB_TYPE_IPC_CHANNEL, NULL);
  RbWsLimits limits = {
    .message_max = server->options.frame_max, .budget = &server->input, .queue_max = RB_IPC_CHANNEL_QUEUE_MAX, .close_timeout_ms = CLOSE_TIMEOUT_MS
  };

  self->server = server;
  self->traits = *traits;
  self->link = rb_ws_link_new (stream, server->poller, server->clock, &limits, &link_events, self, greeting, early);
  g_hash_table_add (server->channels, g_object_ref (self));
  if (server->ping_timer == 0 && server->options.ping_interval_ms > 0)
    server->ping_timer = rb_clock_add (server->clock, server->options.ping_interval_ms, on_ping_timer, server);
  rb_channels_attach (server->core, RB_CHANNEL (self));
}

gboolean
rb_ipc_channel_is_local (RbIpcChannel *self)
{
  return self->traits.local;
}

void
rb_ipc_channel_respond (RbIpcChannel *self,
                        const char   *id,
                        guint         status,
                        GBytes       *body)
{
  g_autoptr(GBytes) frame = rb_wire_frame_response (id, status, body);

  if (self->n_requests-- >= RB_IPC_CHANNEL_REQUESTS_MAX)
    rb_ws_link_hold_input (self->link, self->n_requests >= RB_IPC_CHANNEL_REQUESTS_MAX);
  send_text (self, frame);
}

void
rb_ipc_channels_ping_all (RbIpcServer *server)
{
  g_autoptr(GList) channels = g_hash_table_get_keys (server->channels);

  for (GList *item = channels; item != NULL; item = item->next)
    {
      RbIpcChannel *self = item->data;

      if (self->n_missed >= PONGS_MISSED_MAX)
        rb_ws_link_abort (self->link, "two pings without a pong");
      else if (rb_ws_link_ping (self->link))
        self->n_missed++;
    }
}

void
rb_ipc_channels_close_all (RbIpcServer *server,
                           guint        code,
                           const char  *reason)
{
  g_autoptr(GList) channels = g_hash_table_get_keys (server->channels);

  for (GList *item = channels; item != NULL; item = item->next)
    rb_ws_link_close (((RbIpcChannel *) item->data)->link, code, reason);
}

void
rb_ipc_channels_drop_all (RbIpcServer *server)
{
  g_autoptr(GList) channels = g_hash_table_get_keys (server->channels);

  for (GList *item = channels; item != NULL; item = item->next)
    rb_ws_link_abort (((RbIpcChannel *) item->data)->link, "broker_shutdown");
  rb_poller_flush (server->poller);
}

guint
rb_ipc_channels_get_most_requests (RbIpcServer *server)
{
  GHashTableIter iter;
  gpointer channel;
  guint most = 0;

  g_hash_table_iter_init (&iter, server->channels);
  while (g_hash_table_iter_next (&iter, &channel, NULL))
    most = MAX (most, ((RbIpcChannel *) channel)->n_requests);
  return most;
}

gsize
rb_ipc_channels_get_most_queued (RbIpcServer *server)
{
  GHashTableIter iter;
  gpointer channel;
  gsize most = 0;

  g_hash_table_iter_init (&iter, server->channels);
  while (g_hash_table_iter_next (&iter, &channel, NULL))
    most = MAX (most, rb_ws_link_get_queued (((RbIpcChannel *) channel)->link));
  return most;
}
