/* rb-client-channel.c: the WebSocket on which the broker pushes messages to one process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-channel.h"

#include "rb-client-failure.h"
#include "rb-client-requests.h"
#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-log.h"

#include <string.h>

#define FRAME_MAX (64 * 1024 * 1024)   /* the broker caps frames at 16 MiB; JSON may grow what it encodes */
#define MISSES_MAX 2

struct _RbClientChannel {
  GObject                  parent_instance;

  RbClientHttp            *http;
  RbClock                 *clock;
  gint64                   ping_interval_ms;
  RbClientRequests        *requests;      /* (nullable) what the broker takes here, where it does */

  SoupWebsocketConnection *socket;        /* (nullable) until open and after closed */
  guint64                  ping_timer;
  gboolean                 pong_seen;     /* since the last turn of the timer */
  guint                    misses;
  gboolean                 closed;        /* signalled */
  gboolean                 has_refused;   /* a message: nobody stored it when it came */
};

enum { MESSAGE, PRESENCE, CLOSED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbClientChannel, rb_client_channel, G_TYPE_OBJECT)

static void
drop_socket (RbClientChannel *self)
{
  rb_clock_clear (self->clock, &self->ping_timer);
  if (self->socket != NULL)
    g_signal_handlers_disconnect_by_data (self->socket, self);
  g_clear_object (&self->socket);
}

static void
end (RbClientChannel *self,
     const char      *reason)
{
  g_autoptr(RbClientChannel) alive = g_object_ref (self);

  drop_socket (self);
  if (self->closed)
    return;
  self->closed = TRUE;
  if (self->requests != NULL)
    rb_client_requests_fail (self->requests, reason);
  g_signal_emit (self, signals[CLOSED], 0, reason);
}

static void
take_message (RbClientChannel *self,
              const RbJson    *frame)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbClientMessage) message = rb_client_message_from_json (frame, &error);
  gboolean stored = FALSE;

  if (message == NULL)
    {
      rb_log_warning ("message_frame_invalid", "error", error->message, NULL);
      return;
    }

  g_signal_emit (self, signals[MESSAGE], 0, message, &stored);
  if (stored)
    rb_client_channel_acknowledge (self, message->push_id);
  else
    self->has_refused = TRUE;
}

static void
take_presence (RbClientChannel *self,
               const RbJson    *frame)
{
  static const char *const known[] = { "online", "reconnecting", "offline", NULL };
  g_autofree char *presence = rb_json_peek_string (frame, "presence");
  g_autofree char *reason = rb_json_peek_string (frame, "reason");

  if (presence != NULL && g_strv_contains (known, presence))
    g_signal_emit (self, signals[PRESENCE], 0, presence, reason);
}

static void
take_frame (RbClientChannel *self,
            const RbJson    *frame)
{
  g_autofree char *event = rb_json_peek_string (frame, "event");
  g_autofree char *push_id = NULL;

  if (g_strcmp0 (event, "message_received") == 0)
    {
      take_message (self, frame);
      return;
    }

  if (g_strcmp0 (event, "response") == 0)
    {
      if (self->requests != NULL)
        rb_client_requests_answer (self->requests, frame);
      return;
    }
  if (g_strcmp0 (event, "presence_changed") == 0)
    take_presence (self, frame);
  /* Any other frame that wants a receipt gets one: there is nothing to store. */
  push_id = rb_json_peek_string (frame, "push_id");
  rb_client_channel_acknowledge (self, push_id);
}

static void
on_message (SoupWebsocketConnection *socket,
            SoupWebsocketDataType    type,
            GBytes                  *bytes,
            RbClientChannel         *self)
{
  g_autoptr(RbClientChannel) alive = g_object_ref (self);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) mended = rb_json_mend (bytes);
  g_autoptr(RbJson) frame = rb_json_parse_object (mended, FRAME_MAX, &error);

  if (frame != NULL)
    take_frame (self, frame);
  else
    rb_log_warning ("frame_invalid", "error", error->message, NULL);
}

static void
on_closed (SoupWebsocketConnection *socket,
           RbClientChannel         *self)
{
  const char *reason = soup_websocket_connection_get_close_data (socket);
  g_autofree char *text = g_strdup (reason != NULL && *reason != '\0' ? reason : "stream_closed");

  end (self, text);
}

static void
on_pong (SoupWebsocketConnection *socket,
         GBytes                  *bytes,
         RbClientChannel         *self)
{
  self->pong_seen = TRUE;
}

/* libsoup sends the pings (keepalive-interval); whether they are answered is ours to watch. */
static void
on_ping_turn (gpointer user_data)
{
  RbClientChannel *self = user_data;

  self->misses = self->pong_seen ? 0 : self->misses + 1;
  self->pong_seen = FALSE;
  self->ping_timer = 0;
  if (self->misses < MISSES_MAX)
    self->ping_timer = rb_clock_add (self->clock, self->ping_interval_ms, on_ping_turn, self);
  else
    end (self, "pong_missed");
}

static void
start_pings (RbClientChannel *self)
{
  if (self->ping_interval_ms < 1)
    return;
  self->pong_seen = TRUE;
  soup_websocket_connection_set_keepalive_interval (self->socket, MAX (1, (guint) (self->ping_interval_ms / 1000)));
  self->ping_timer = rb_clock_add (self->clock, self->ping_interval_ms, on_ping_turn, self);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbClientChannel *self = g_task_get_source_object (task);
  g_autoptr(GError) error = NULL;

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  if (self->socket == NULL)
    {
      g_task_return_error (task, rb_client_error_from_transport (error, TRUE));
      return;
    }

  soup_websocket_connection_set_max_incoming_payload_size (self->socket, FRAME_MAX);
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
  g_signal_connect (self->socket, "pong", G_CALLBACK (on_pong), self);
  start_pings (self);
  g_task_return_boolean (task, TRUE);
}

static void
rb_client_channel_dispose (GObject *object)
{
  RbClientChannel *self = RB_CLIENT_CHANNEL (object);

  drop_socket (self);
  g_clear_pointer (&self->requests, rb_client_requests_free);
  G_OBJECT_CLASS (rb_client_channel_parent_class)->dispose (object);
}

static void
rb_client_channel_finalize (GObject *object)
{
  RbClientChannel *self = RB_CLIENT_CHANNEL (object);

  g_clear_object (&self->http);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_client_channel_parent_class)->finalize (object);
}

static void
rb_client_channel_class_init (RbClientChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_client_channel_dispose;
  object_class->finalize = rb_client_channel_finalize;

  signals[MESSAGE] = g_signal_new ("message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                                   NULL, NULL, G_TYPE_BOOLEAN, 1, RB_TYPE_CLIENT_MESSAGE);
  signals[PRESENCE] = g_signal_new ("presence", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                    G_TYPE_STRING, G_TYPE_STRING);
  signals[CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                  G_TYPE_STRING);
}

static void
rb_client_channel_init (RbClientChannel *self)
{
}

RbClientChannel *
rb_client_channel_new (RbClientHttp *http,
                       RbClock      *clock,
                       gint64        ping_interval_ms,
                       gboolean      takes_requests)
{
  RbClientChannel *self = g_object_new (RB_TYPE_CLIENT_CHANNEL, NULL);

  self->http = g_object_ref (http);
  self->clock = g_object_ref (clock);
  self->ping_interval_ms = ping_interval_ms;
  if (takes_requests)
    self->requests = rb_client_requests_new (clock);
  return self;
}

void
rb_client_channel_open_async (RbClientChannel     *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(SoupMessage) message = rb_client_http_new_message (self->http, "GET", "/v1/stream");

  g_task_set_source_tag (task, rb_client_channel_open_async);
  g_task_set_check_cancellable (task, FALSE);
  soup_message_headers_replace (soup_message_get_request_headers (message), "x-masons-ipc-capabilities",
                                self->requests != NULL ? "endpoint_metadata_v1,push_receipt_ack_v1,stream_requests_v1"
                                                       : "endpoint_metadata_v1,push_receipt_ack_v1");
  /* Compressing loopback traffic only costs. */
  soup_message_disable_feature (message, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  soup_session_websocket_connect_async (rb_client_http_get_session (self->http), message, NULL, NULL, G_PRIORITY_DEFAULT,
                                        cancellable, on_connected, task);
}

gboolean
rb_client_channel_open_finish (RbClientChannel *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_client_channel_acknowledge (RbClientChannel *self,
                               const char      *push_id)
{
  g_autoptr(RbJsonWriter) writer = NULL;
  g_autofree char *text = NULL;

  if (push_id == NULL || !rb_client_channel_is_open (self))
    return;

  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", "push_ack");
  rb_json_writer_string (writer, "push_id", push_id);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (g_steal_pointer (&writer));
  soup_websocket_connection_send_text (self->socket, text);
}

gboolean
rb_client_channel_has_refused (RbClientChannel *self)
{
  return self->has_refused;
}

gboolean
rb_client_channel_takes_requests (RbClientChannel *self)
{
  return self->requests != NULL && rb_client_channel_is_open (self);
}

void
rb_client_channel_request_async (RbClientChannel     *self,
                                 const char          *method,
                                 const char          *path,
                                 GBytes              *body,
                                 RbClientCallFlags    flags,
                                 gint64               timeout_ms,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  gboolean repeatable = (flags & RB_CLIENT_CALL_REPEATABLE) != 0 || g_str_equal (method, "GET");
  g_autofree char *frame = NULL;

  g_return_if_fail (rb_client_channel_takes_requests (self));

  g_task_set_source_tag (task, rb_client_channel_request_async);
  frame = rb_client_requests_add (self->requests, task, method, path, body, repeatable, timeout_ms);
  soup_websocket_connection_send_text (self->socket, frame);
}

RbJson *
rb_client_channel_request_finish (RbClientChannel *self,
                                  GAsyncResult    *result,
                                  guint           *status,
                                  GError         **error)
{
  if (status != NULL)
    *status = rb_client_requests_get_status (result);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
rb_client_channel_is_open (RbClientChannel *self)
{
  return self->socket != NULL && soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN;
}

void
rb_client_channel_close (RbClientChannel *self,
                         gushort          code,
                         const char      *reason)
{
  if (rb_client_channel_is_open (self))
    soup_websocket_connection_close (self->socket, code, reason);
}
