/* rb-gateway-connector.c: the link of one account to a message gateway
 *
 * One connection at a time is tried, registered and used; when it is gone the next is tried, for ever, until another runtime takes over
 * or the gateway speaks another protocol. Everything that only makes sense on a registered connection asks for it in one place:
 * rb_gateway_receiver_connected() and send_async().
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-connector.h"

#include "rb-error.h"
#include "rb-gateway-announcer.h"
#include "rb-gateway-link.h"
#include "rb-gateway-receiver.h"
#include "rb-gateway-rules.h"
#include "rb-gateway-sender.h"
#include "rb-gateway-settings.h"
#include "rb-log.h"

#define REGISTER_TIMEOUT_CODE 4000
/* A timer that is so late was not late: the system slept. */
#define SLEPT_US (10 * G_USEC_PER_SEC)
/* So many pings without any answer, and the link is given up. */
#define SILENT_PINGS 3
#define DEFAULT_WATCH_MS 10000
#define SUPERSEDED_TEXT "This agent was claimed by another Runtime (this Runtime disconnected). Restart setup for this runtime to drive this agent from here again."

typedef enum {
  STATE_IDLE,          /* not started, or stopped */
  STATE_CONNECTING,
  STATE_REGISTERING,
  STATE_UP,
  STATE_WAITING,       /* @timer runs until the next attempt */
  STATE_GONE,          /* superseded, or the gateway speaks another protocol: no further attempt */
  STATE_STOPPING,
} State;

struct _RbGatewayConnector {
  GObject parent_instance;

  RbClock            *clock;
  RbGatewaySettings  *settings;
  SoupSession        *session;         /* from start to stop */
  RbGatewayAnnouncer *announcer;
  RbGatewayReceiver  *receiver;        /* of this run */
  RbGatewaySender    *sender;
  RbGatewayRetry      retry;
  State               state;
  GTask              *start_task;      /* until the first attempt has an outcome */
  GTask              *stop_task;
  guint               n_stopping;      /* what the stop waits for */

  RbGatewayLink      *link;            /* connecting, registering or up */
  RbGatewayLink      *closing;         /* we said goodbye */
  guint64             timer;           /* of @clock: the wait of STATE_WAITING, the limit of STATE_REGISTERING */
  guint64             watch_timer;     /* while there is a link */
  gint64              due_us;          /* when the wait or the watch should be over: see has_slept() */
  char               *address;         /* our agent's handle, as the gateway said last */

  guint               window_messages; /* what each run begins with */
  gsize               window_bytes;
};

static void connector_iface_init (RbConnectorInterface *iface);
static void module_iface_init    (RbModuleInterface *iface);
static void attempt              (RbGatewayConnector *self);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbGatewayConnector, rb_gateway_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static void
on_begun (gpointer user_data)
{
  RbGatewayConnector *self = user_data;

  rb_gateway_receiver_run (self->receiver);
}

/* The first attempt has an outcome; whoever started us knows it before any news comes. */
static void
finish_start (RbGatewayConnector *self,
              GError             *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->start_task);

  if (task == NULL)
    {
      g_clear_error (&error);
      return;
    }
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rb_gateway_announcer_begin (self->announcer, on_begun, self);
  g_task_return_boolean (task, TRUE);
}

static void
set_due (RbGatewayConnector *self,
         gint64              delay_ms)
{
  self->due_us = rb_clock_get_monotonic_us (self->clock) + delay_ms * 1000;
}

static gboolean
has_slept (RbGatewayConnector *self)
{
  return rb_clock_get_monotonic_us (self->clock) - self->due_us >= SLEPT_US;
}

/* Nothing comes of the connection any more, and nothing is due. */
static void
leave_link (RbGatewayConnector *self)
{
  rb_clock_clear (self->clock, &self->timer);
  rb_clock_clear (self->clock, &self->watch_timer);
  rb_gateway_receiver_disconnected (self->receiver);
  rb_gateway_sender_lose_all (self->sender);
}

static void
break_link (RbGatewayLink **link)
{
  if (*link != NULL)
    rb_gateway_link_break (*link);
  g_clear_object (link);
}

static void
close_link (RbGatewayConnector *self,
            guint               code,
            const char         *reason)
{
  break_link (&self->closing);
  self->closing = g_steal_pointer (&self->link);
  if (self->closing != NULL)
    rb_gateway_link_close (self->closing, code, reason);
}

static void
on_wait_over (gpointer user_data)
{
  g_autoptr(RbGatewayConnector) self = g_object_ref (RB_GATEWAY_CONNECTOR (user_data));

  self->timer = 0;
  if (has_slept (self))
    rb_gateway_retry_reset (&self->retry);
  attempt (self);
}

/* The link, if there was one, has been closed, broken or lost. Answers to what was being sent, and news, may make the broker stop us. */
static void
wait_and_retry (RbGatewayConnector *self,
                gint64              delay_ms,
                const char         *text)
{
  self->state = STATE_WAITING;
  leave_link (self);
  if (self->state != STATE_WAITING)
    return;

  rb_clock_clear (self->clock, &self->timer);
  set_due (self, delay_ms);
  self->timer = rb_clock_add (self->clock, delay_ms, on_wait_over, self);
  finish_start (self, NULL);
  if (self->state == STATE_WAITING)
    rb_gateway_announcer_say (self->announcer, RB_GATEWAY_SAY_DISCONNECTED, text);
}

static void
retry_later (RbGatewayConnector *self,
             const char         *text)
{
  wait_and_retry (self, rb_gateway_retry_next_ms (&self->retry, g_random_double ()), text);
}

/* No further attempt. */
static void
give_up (RbGatewayConnector *self,
         const char         *text)
{
  self->state = STATE_GONE;
  leave_link (self);
  if (self->state != STATE_GONE)
    return;

  rb_log_warning ("connector_incompatible", "host", self->settings->host, "err", text, NULL);
  if (self->start_task != NULL)
    {
      self->state = STATE_IDLE;
      finish_start (self, rb_error_new (RB_ERROR_REJECTED, "incompatible_protocol", "%s", text));
    }
  else
    rb_gateway_announcer_say (self->announcer, RB_GATEWAY_SAY_DISCONNECTED, text);
}

static void
be_superseded (RbGatewayConnector *self)
{
  self->state = STATE_GONE;
  leave_link (self);
  if (self->state != STATE_GONE)
    return;

  rb_log_message ("connector_superseded", "host", self->settings->host, "err", SUPERSEDED_TEXT, NULL);
  finish_start (self, NULL);
  if (self->state == STATE_GONE)
    rb_gateway_announcer_say (self->announcer, RB_GATEWAY_SAY_SUPERSEDED, NULL);
}

/* The gateway does not want us on this connection. */
static void
refuse_link (RbGatewayConnector *self,
             RbGatewayVerdict    verdict,
             const char         *reason)
{
  close_link (self, RB_GATEWAY_CLOSE_CODE, reason);
  if (verdict == RB_GATEWAY_INCOMPATIBLE)
    {
      give_up (self, reason);
      return;
    }
  rb_gateway_retry_refused (&self->retry, verdict);
  retry_later (self, reason);
}

static void
take_identity (RbGatewayConnector   *self,
               const RbGatewayFrame *ack)
{
  g_free (self->address);
  self->address = g_strdup (ack->agent_handle);
  rb_log_info ("connector_registered", "host", self->settings->host, "agent", ack->agent_handle, "agent_name", ack->agent_name, "owner",
               ack->owner_handle, "owner_name", ack->owner_name, NULL);
}

static void
take_register_ack (RbGatewayConnector   *self,
                   const RbGatewayFrame *ack)
{
  g_autofree char *reason = NULL;
  RbGatewayVerdict verdict = rb_gateway_judge_ack (ack, self->settings->session_id, &reason);
  gboolean was_up = self->state == STATE_UP;

  if (verdict != RB_GATEWAY_ACCEPTED)
    {
      refuse_link (self, verdict, reason);
      return;
    }

  rb_clock_clear (self->clock, &self->timer);
  self->state = STATE_UP;
  take_identity (self, ack);
  rb_gateway_retry_reset (&self->retry);
  finish_start (self, NULL);
  if (!was_up && self->state == STATE_UP)
    rb_gateway_announcer_say (self->announcer, RB_GATEWAY_SAY_CONNECTED, NULL);
  if (self->state == STATE_UP)
    rb_gateway_receiver_connected (self->receiver, self->link, ack->delivery_seq);
}

static void
take_frame (RbGatewayConnector   *self,
            const RbGatewayFrame *frame)
{
  switch (frame->event)
    {
    case RB_GATEWAY_REGISTER_ACK:
      take_register_ack (self, frame);
      break;
    case RB_GATEWAY_SEND_ACK:
      rb_gateway_sender_take_ack (self->sender, frame);
      break;
    case RB_GATEWAY_ERROR:
      rb_gateway_sender_take_error (self->sender, frame);
      break;
    case RB_GATEWAY_MESSAGE_RECEIVED:
    case RB_GATEWAY_DELIVERY_PENDING:
    case RB_GATEWAY_DELIVERY_CURSOR:
    case RB_GATEWAY_DELIVERY_SKIP:
      rb_gateway_receiver_take (self->receiver, frame);
      break;
    case RB_GATEWAY_DELIVERY_STATUS:
      break;
    }
}

static void
on_link_frame (RbGatewayLink *link,
               GBytes        *text,
               gpointer       user_data)
{
  g_autoptr(RbGatewayConnector) self = g_object_ref (RB_GATEWAY_CONNECTOR (user_data));
  g_autoptr(GError) error = NULL;
  g_autoptr(RbGatewayFrame) frame = NULL;

  if (link != self->link)
    return;

  frame = rb_gateway_frame_parse (text, &error);
  if (error != NULL)
    rb_log_warning ("connector_frame_invalid", "err", "Received non-JSON message from Connector", "detail", error->message, NULL);
  else if (frame != NULL)
    take_frame (self, frame);
}

static void
on_register_late (gpointer user_data)
{
  g_autoptr(RbGatewayConnector) self = g_object_ref (RB_GATEWAY_CONNECTOR (user_data));

  self->timer = 0;
  close_link (self, REGISTER_TIMEOUT_CODE, "Register timeout");
  retry_later (self, "REGISTER_ACK timeout");
}

static void
on_link_opened (RbGatewayLink *link,
                gpointer       user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (user_data);
  g_autoptr(GBytes) frame = rb_gateway_frame_register (self->settings->token, self->settings->client_version, self->settings->session_id,
                                                       rb_gateway_receiver_get_cursor (self->receiver));

  self->state = STATE_REGISTERING;
  self->timer = rb_clock_add (self->clock, self->settings->register_timeout_ms, on_register_late, self);
  rb_gateway_link_send (link, frame);
}

static void
log_end (RbGatewayConnector     *self,
         const RbGatewayLinkEnd *end,
         gboolean                is_intentional)
{
  g_autofree char *code = g_strdup_printf ("%u", end->code);
  gboolean is_replaced = rb_gateway_is_replaced (end->code, end->reason);

  rb_log_info ("connector_ws_closed", "code", code, "reason", end->reason, "intentional", is_intentional ? "true" : "false",
               "was_registering", self->state == STATE_REGISTERING ? "true" : "false",
               "replaced_by_new_runtime", is_replaced ? "true" : "false", "has_close_details", end->code != 0 ? "true" : "false",
               "err", end->text, NULL);
}

static void
stop_one (gpointer user_data)
{
  RbGatewayConnector *self = user_data;
  g_autoptr(GTask) task = NULL;

  if (--self->n_stopping > 0)
    return;

  task = g_steal_pointer (&self->stop_task);
  g_clear_pointer (&self->receiver, rb_gateway_receiver_free);
  g_clear_object (&self->session);
  self->state = STATE_IDLE;
  g_task_return_boolean (task, TRUE);
}

static void
on_link_ended (RbGatewayLink          *link,
               const RbGatewayLinkEnd *end,
               gpointer                user_data)
{
  g_autoptr(RbGatewayConnector) self = g_object_ref (RB_GATEWAY_CONNECTOR (user_data));
  g_autofree char *text = NULL;
  gboolean was_registering = self->state == STATE_REGISTERING;

  if (link == self->closing)
    {
      log_end (self, end, TRUE);
      g_clear_object (&self->closing);
      if (self->state == STATE_STOPPING)
        stop_one (self);
      return;
    }

  log_end (self, end, FALSE);
  g_clear_object (&self->link);
  if (rb_gateway_is_replaced (end->code, end->reason))
    {
      be_superseded (self);
      return;
    }
  text = was_registering ? g_strdup_printf ("Connection closed during registration: %s", end->text) : g_strdup (end->text);
  retry_later (self, text);
}

static const RbGatewayLinkFuncs link_funcs = { on_link_opened, on_link_frame, on_link_ended };

static void on_watch (gpointer user_data);

static void
schedule_watch (RbGatewayConnector *self)
{
  gint64 delay_ms = self->settings->keepalive_ms > 0 ? self->settings->keepalive_ms : DEFAULT_WATCH_MS;

  set_due (self, delay_ms);
  self->watch_timer = rb_clock_add (self->clock, delay_ms, on_watch, self);
}

static gboolean
is_silent (RbGatewayConnector *self)
{
  return self->state != STATE_CONNECTING && self->settings->keepalive_ms > 0 &&
         rb_gateway_link_get_silence_us (self->link) >= SILENT_PINGS * self->settings->keepalive_ms * 1000;
}

/* After a sleep the gateway has long given us up, and its silence would be noticed too late. */
static void
on_watch (gpointer user_data)
{
  g_autoptr(RbGatewayConnector) self = g_object_ref (RB_GATEWAY_CONNECTOR (user_data));

  self->watch_timer = 0;
  if (has_slept (self))
    {
      break_link (&self->link);
      rb_gateway_retry_reset (&self->retry);
      wait_and_retry (self, 0, "The system was asleep; connecting again");
    }
  else if (is_silent (self))
    {
      break_link (&self->link);
      retry_later (self, "The gateway does not answer any more");
    }
  else
    schedule_watch (self);
}

static void
attempt (RbGatewayConnector *self)
{
  self->state = STATE_CONNECTING;
  schedule_watch (self);
  self->link = rb_gateway_link_new (self->settings, self->clock, &link_funcs, self);
  rb_gateway_link_open (self->link, self->session);
}

static gboolean
rb_gateway_connector_configure (RbModule         *module,
                                RbModuleContext  *context,
                                GError          **error)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (module);

  self->settings = rb_gateway_settings_new (context, error);
  if (self->settings == NULL)
    return FALSE;

  self->clock = g_object_ref (rb_module_context_get_environment (context)->clock);
  self->announcer = rb_gateway_announcer_new (RB_CONNECTOR (self));
  self->sender = rb_gateway_sender_new (self->clock, self->settings->send_ack_timeout_ms);
  return TRUE;
}

static void
on_delivery (gint64      seq,
             RbEnvelope *envelope,
             gpointer    user_data)
{
  rb_connector_emit_delivery (RB_CONNECTOR (user_data), seq, envelope);
}

static void
begin_run (RbGatewayConnector *self)
{
  const RbGatewaySettings *settings = self->settings;

  self->receiver = rb_gateway_receiver_new (settings, self->clock, on_delivery, self);
  rb_gateway_receiver_set_window (self->receiver, self->window_messages, self->window_bytes);
  rb_gateway_retry_init (&self->retry, settings->backoff_initial_ms, settings->backoff_max_ms, settings->already_connected_delay_ms,
                         settings->already_connected_limit);
}

static void
rb_gateway_connector_start_async (RbModule            *module,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_gateway_connector_start_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->settings == NULL || self->state != STATE_IDLE)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "Already connecting or connected"));
      return;
    }

  g_clear_object (&self->session);
  self->session = rb_gateway_session_new (self->settings, &error);
  if (self->session == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_clear_pointer (&self->receiver, rb_gateway_receiver_free);
  begin_run (self);
  self->start_task = g_steal_pointer (&task);
  rb_log_info ("connecting_to_connector", "host", self->settings->host, NULL);
  attempt (self);
}

static void
begin_stop (RbGatewayConnector *self)
{
  self->state = STATE_STOPPING;
  rb_gateway_announcer_end (self->announcer);
  /* Acknowledges what is accepted, as long as there is a connection; the first of what the stop waits for is our own step. */
  self->n_stopping = 2;
  rb_gateway_receiver_close (self->receiver, stop_one, self);
  leave_link (self);
  finish_start (self, rb_error_new (RB_ERROR_BAD_STATE, "stopped", "Stopped while it started"));

  break_link (&self->closing);
  if (self->link != NULL)
    {
      self->n_stopping++;
      close_link (self, 1000, "Client disconnect");
    }
  stop_one (self);
}

static void
rb_gateway_connector_stop_async (RbModule            *module,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_gateway_connector_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->state == STATE_IDLE)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (self->state == STATE_STOPPING)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "The gateway connector is stopping already"));
      return;
    }

  self->stop_task = g_steal_pointer (&task);
  begin_stop (self);
}

static gboolean
finish_task (RbModule      *module,
             GAsyncResult  *result,
             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, module), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rb_gateway_connector_set_window (RbConnector *connector,
                                 guint        messages,
                                 gsize        bytes)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (connector);

  self->window_messages = messages;
  self->window_bytes = bytes;
  if (self->receiver != NULL)
    rb_gateway_receiver_set_window (self->receiver, messages, bytes);
}

/* After a stop nothing is acknowledged any more: the gateway keeps it for our successor (IMP-55). */
static void
rb_gateway_connector_accept (RbConnector *connector,
                             gint64       seq)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (connector);

  if (self->receiver != NULL && self->state != STATE_STOPPING)
    rb_gateway_receiver_accept (self->receiver, seq);
}

static void
rb_gateway_connector_release (RbConnector *connector,
                              gint64       seq)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (connector);

  if (self->receiver != NULL && self->state != STATE_STOPPING)
    rb_gateway_receiver_release (self->receiver, seq);
}

static const char *
rb_gateway_connector_get_address (RbConnector *connector)
{
  return RB_GATEWAY_CONNECTOR (connector)->address;
}

static void
rb_gateway_connector_send_async (RbConnector         *connector,
                                 RbEnvelope          *envelope,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (connector);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_gateway_connector_send_async);
  g_task_set_check_cancellable (task, FALSE);
  rb_gateway_sender_send (self->sender, self->state == STATE_UP ? self->link : NULL, envelope, task);
}

static gboolean
rb_gateway_connector_send_finish (RbConnector   *connector,
                                  GAsyncResult  *result,
                                  char         **message_id,
                                  RbSendStatus  *status,
                                  GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connector), FALSE);
  return rb_gateway_sender_finish (G_TASK (result), message_id, status, error);
}

static void
rb_gateway_connector_dispose (GObject *object)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (object);

  if (self->clock != NULL)
    {
      rb_clock_clear (self->clock, &self->timer);
      rb_clock_clear (self->clock, &self->watch_timer);
    }
  break_link (&self->link);
  break_link (&self->closing);
  if (self->announcer != NULL)
    rb_gateway_announcer_end (self->announcer);
  g_clear_pointer (&self->receiver, rb_gateway_receiver_free);
  g_clear_object (&self->session);
  self->state = STATE_IDLE;
  G_OBJECT_CLASS (rb_gateway_connector_parent_class)->dispose (object);
}

static void
rb_gateway_connector_finalize (GObject *object)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (object);

  g_clear_pointer (&self->sender, rb_gateway_sender_free);
  g_clear_pointer (&self->announcer, rb_gateway_announcer_free);
  g_clear_pointer (&self->settings, rb_gateway_settings_free);
  g_free (self->address);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_gateway_connector_parent_class)->finalize (object);
}

static void
rb_gateway_connector_class_init (RbGatewayConnectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_gateway_connector_dispose;
  object_class->finalize = rb_gateway_connector_finalize;
}

static void
rb_gateway_connector_init (RbGatewayConnector *self)
{
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_gateway_connector_configure;
  iface->start_async = rb_gateway_connector_start_async;
  iface->start_finish = finish_task;
  iface->stop_async = rb_gateway_connector_stop_async;
  iface->stop_finish = finish_task;
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = rb_gateway_connector_set_window;
  iface->accept = rb_gateway_connector_accept;
  iface->release = rb_gateway_connector_release;
  iface->send_async = rb_gateway_connector_send_async;
  iface->send_finish = rb_gateway_connector_send_finish;
  iface->get_address = rb_gateway_connector_get_address;
}
