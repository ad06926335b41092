/* rb-gateway-connector.c: the link of one account to a message gateway
 *
 * RbGatewayKeeper keeps the connection, RbGatewayReceiver and RbGatewaySender are its two directions; here they meet the broker: start,
 * stop, and what is told of the link.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-connector.h"

#include "rb-error.h"
#include "rb-gateway-announcer.h"
#include "rb-gateway-bounds.h"
#include "rb-gateway-keeper.h"
#include "rb-gateway-receiver.h"
#include "rb-gateway-sender.h"
#include "rb-gateway-settings.h"
#include "rb-log.h"

typedef enum { STATE_IDLE, STATE_RUNNING, STATE_STOPPING } State;

struct _RbGatewayConnector {
  GObject parent_instance;

  RbClock            *clock;
  RbModuleContext    *context;
  RbGatewaySettings  *settings;
  RbGatewayAnnouncer *announcer;
  RbGatewaySender    *sender;
  State               state;
  RbGatewayKeeper    *keeper;          /* of this run, or the last */
  RbGatewayReceiver  *receiver;        /* likewise */
  GTask              *start_task;      /* until the first attempt has an outcome */
  GTask              *stop_task;
  guint               n_stopping;      /* what the stop waits for */
  gboolean            was_registered;  /* in any run */
  char               *address;         /* our agent's handle, as the gateway said last */

  guint               window_messages; /* what each run begins with */
  gsize               window_bytes;
};

static void connector_iface_init (RbConnectorInterface *iface);
static void module_iface_init    (RbModuleInterface *iface);

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

static gint64
on_cursor_wanted (gpointer user_data)
{
  return rb_gateway_receiver_get_cursor (RB_GATEWAY_CONNECTOR (user_data)->receiver);
}

static void
on_registered (const RbGatewayFrame *ack,
               gboolean              is_new,
               gpointer              user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (user_data);

  g_free (self->address);
  self->address = g_strdup (ack->agent_handle);
  self->was_registered = TRUE;
  finish_start (self, NULL);
  if (is_new && self->state == STATE_RUNNING)
    rb_gateway_announcer_say (self->announcer, RB_GATEWAY_SAY_CONNECTED, NULL);
  if (self->state == STATE_RUNNING)
    rb_gateway_receiver_connected (self->receiver, rb_gateway_keeper_get_link (self->keeper), ack->delivery_seq);
}

static void
on_frame (const RbGatewayFrame *frame,
          gpointer              user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (user_data);

  switch (frame->event)
    {
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
    case RB_GATEWAY_REGISTER_ACK:
    case RB_GATEWAY_DELIVERY_STATUS:
      break;
    }
}

/* Answers to what was being sent may make the broker stop us. */
static void
on_lost (gpointer user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (user_data);

  rb_gateway_receiver_disconnected (self->receiver);
  rb_gateway_sender_lose_all (self->sender);
}

static void
refuse_start (RbGatewayConnector *self,
              const char         *text)
{
  self->state = STATE_IDLE;
  finish_start (self, rb_error_new (RB_ERROR_REJECTED, "incompatible_protocol", "%s", text));
}

/* A gateway that changed its protocol while we were away is news as any other; one that never took us in ends us. */
static RbGatewayNews
to_news (RbGatewayConnector *self,
         RbGatewayFailure    failure)
{
  switch (failure)
    {
    case RB_GATEWAY_SUPERSEDED:
      return RB_GATEWAY_SAY_SUPERSEDED;
    case RB_GATEWAY_GIVES_UP:
      return self->was_registered ? RB_GATEWAY_SAY_DISCONNECTED : RB_GATEWAY_SAY_INCOMPATIBLE;
    case RB_GATEWAY_TRIES_AGAIN:
      return RB_GATEWAY_SAY_DISCONNECTED;
    }
  g_return_val_if_reached (RB_GATEWAY_SAY_DISCONNECTED);
}

static void
on_failed (RbGatewayFailure  failure,
           const char       *text,
           gpointer          user_data)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (user_data);

  if (failure == RB_GATEWAY_GIVES_UP && self->start_task != NULL)
    {
      refuse_start (self, text);
      return;
    }

  finish_start (self, NULL);
  if (self->state != STATE_RUNNING)
    return;
  rb_gateway_announcer_say (self->announcer, to_news (self, failure), text);
}

/* Keeper and receiver may be what called the broker that stopped us: they go with the next start. */
static void
stop_one (gpointer user_data)
{
  RbGatewayConnector *self = user_data;
  g_autoptr(GTask) task = NULL;

  if (--self->n_stopping > 0)
    return;

  task = g_steal_pointer (&self->stop_task);
  self->state = STATE_IDLE;
  g_task_return_boolean (task, TRUE);
}

static const RbGatewayKeeperFuncs keeper_funcs = { on_cursor_wanted, on_registered, on_frame, on_lost, on_failed, stop_one };

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
  g_set_object (&self->context, context);
  rb_gateway_sender_set_bounds (self->sender, rb_module_context_make_bounds (context, rb_gateway_bound_infos, RB_N_GATEWAY_BOUNDS));
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
end_run (RbGatewayConnector *self)
{
  g_clear_pointer (&self->keeper, rb_gateway_keeper_free);
  g_clear_pointer (&self->receiver, rb_gateway_receiver_free);
}

static gboolean
begin_run (RbGatewayConnector  *self,
           GError             **error)
{
  end_run (self);
  self->keeper = rb_gateway_keeper_new (self->settings, self->clock, &keeper_funcs, G_OBJECT (self), error);
  if (self->keeper == NULL)
    return FALSE;

  self->receiver = rb_gateway_receiver_new (self->settings, self->clock, on_delivery, self);
  rb_gateway_receiver_set_bounds (self->receiver, rb_module_context_get_bounds (self->context));
  rb_gateway_receiver_set_window (self->receiver, self->window_messages, self->window_bytes);
  return TRUE;
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

  if (!begin_run (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self->start_task = g_steal_pointer (&task);
  rb_log_info ("connecting_to_connector", "host", self->settings->host, NULL);
  self->state = STATE_RUNNING;
  rb_gateway_keeper_start (self->keeper);
}

/* What was accepted is acknowledged; now the connection may go. */
static void
on_receiver_closed (gpointer user_data)
{
  RbGatewayConnector *self = user_data;

  rb_gateway_keeper_stop (self->keeper);
  stop_one (self);
}

static void
begin_stop (RbGatewayConnector *self)
{
  self->state = STATE_STOPPING;
  rb_gateway_announcer_end (self->announcer);
  /* Receiver and keeper; the third of what the stop waits for is this function. */
  self->n_stopping = 3;
  rb_gateway_receiver_close (self->receiver, on_receiver_closed, self);
  finish_start (self, rb_error_new (RB_ERROR_BAD_STATE, "stopped", "Stopped while it started"));
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
  if (self->state == STATE_RUNNING)
    rb_gateway_receiver_set_window (self->receiver, messages, bytes);
}

/* After a stop nothing is acknowledged any more: the gateway keeps it for our successor (IMP-55). */
static void
rb_gateway_connector_accept (RbConnector *connector,
                             gint64       seq)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (connector);

  if (self->state == STATE_RUNNING)
    rb_gateway_receiver_accept (self->receiver, seq);
}

static void
rb_gateway_connector_release (RbConnector *connector,
                              gint64       seq)
{
  RbGatewayConnector *self = RB_GATEWAY_CONNECTOR (connector);

  if (self->state == STATE_RUNNING)
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
  rb_gateway_sender_send (self->sender, self->state == STATE_RUNNING ? rb_gateway_keeper_get_link (self->keeper) : NULL, envelope, task);
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

  if (self->announcer != NULL)
    rb_gateway_announcer_end (self->announcer);
  end_run (self);
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
  g_clear_object (&self->context);
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
