/* rb-local-connector.c: the link of one account to the network of this machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything here runs on the main context; the disk belongs to RbLocalNetwork's thread. While the database fails we are down:
 * sends fail with its reason, acceptances are kept, and we open it again with backoff. */
#include "config.h"

#include "rb-local-connector.h"

#include "rb-backoff.h"
#include "rb-error.h"
#include "rb-local-network.h"
#include "rb-local-receiver.h"
#include "rb-local-sender.h"
#include "rb-local-settings.h"
#include "rb-log.h"

#include <glib-unix.h>

#define REOPEN_INITIAL_MS 1000
#define REOPEN_MAX_MS 30000

static const RbBoundInfo bounds[RB_N_LOCAL_BOUNDS] = {
  [RB_LOCAL_BOUND_SENDS] = { "local_sends", "messages", RB_BOUND_PUSHES_BACK, "further sends are refused: connector_busy" },
  [RB_LOCAL_BOUND_SEND_BYTES] = { "local_send_bytes", "bytes", RB_BOUND_PUSHES_BACK, "further sends are refused: connector_busy" },
  [RB_LOCAL_BOUND_MAILBOX] = { "local_mailbox", "messages", RB_BOUND_PUSHES_BACK,
                               "sends to that mailbox are refused: recipient_mailbox_full" },
};

typedef enum {
  STATE_IDLE,          /* not started, or stopped */
  STATE_STARTING,
  STATE_UP,
  STATE_DOWN,          /* the database failed: @reopen_timer runs, or an open does */
  STATE_SUPERSEDED,    /* another broker has the handle; what was begun is finished */
  STATE_STOPPING,
} State;

struct _RbLocalConnector {
  GObject parent_instance;

  RbClock         *clock;
  RbModuleContext *context;
  RbLocalSettings *settings;
  RbLocalNetwork  *network;           /* NULL while idle */
  RbLocalSender   *sender;
  RbLocalReceiver *receiver;          /* of this run; outlives a database that fails */
  State            state;
  GError          *down;              /* why, while down */

  RbLocalBell     *bell;              /* while up */
  GSource         *bell_source;
  GSource         *announcement;      /* `connected`, after start has finished */
  RbBackoff        reopen_backoff;
  guint64          reopen_timer;      /* of @clock */

  guint            window_messages;   /* what each run begins with */
  gsize            window_bytes;
};

static void connector_iface_init (RbConnectorInterface *iface);
static void module_iface_init    (RbModuleInterface *iface);
static void schedule_reopen      (RbLocalConnector *self);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbLocalConnector, rb_local_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

/* Jobs are asked for on behalf of @self, which a callback's user data keeps alive. */
static RbLocalJob *
new_job (RbLocalConnector *self,
         RbLocalJobKind    kind)
{
  return rb_local_job_new (kind, rb_clock_get_wall_ms (self->clock));
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Nothing reaches us and nothing is due any more. */
static void
drop_link (RbLocalConnector *self)
{
  clear_source (&self->announcement);
  clear_source (&self->bell_source);
  g_clear_pointer (&self->bell, rb_local_bell_close);
  if (self->receiver != NULL)
    rb_local_receiver_pause (self->receiver);
  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->reopen_timer);
}

static void
go_down (RbLocalConnector *self,
         const GError     *error)
{
  drop_link (self);
  self->state = STATE_DOWN;
  g_clear_error (&self->down);
  self->down = g_error_copy (error);
  schedule_reopen (self);

  rb_log_warning ("local_network_lost", "handle", self->settings->handle, "reason", rb_error_get_reason (error),
                  "error", error->message, NULL);
  rb_connector_emit_disconnected (RB_CONNECTOR (self), error->message);
}

static void
on_superseded (gpointer user_data)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (user_data);

  drop_link (self);
  self->state = STATE_SUPERSEDED;
  rb_log_message ("local_handle_superseded", "handle", self->settings->handle, NULL);
  rb_connector_emit_superseded (RB_CONNECTOR (self));
}

static void
on_delivery (gint64      seq,
             RbEnvelope *envelope,
             gpointer    user_data)
{
  rb_connector_emit_delivery (RB_CONNECTOR (user_data), seq, envelope);
}

static const RbLocalReceiverFuncs receiver_funcs = { on_delivery, on_superseded };

static void
on_lost (const GError *error,
         gpointer      user_data)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (user_data);

  if (self->state == STATE_UP)
    go_down (self, error);
}

static gboolean
on_bell (int           fd,
         GIOCondition  condition,
         gpointer      user_data)
{
  g_autoptr(RbLocalConnector) self = g_object_ref (RB_LOCAL_CONNECTOR (user_data));

  if (!rb_local_bell_drain (self->bell))
    {
      g_autoptr(GError) error = rb_error_new (RB_ERROR_UNAVAILABLE, "doorbell_lost",
                                              "Somebody removed the doorbell of '%s'", self->settings->address);

      go_down (self, error);
      return G_SOURCE_REMOVE;
    }

  rb_local_receiver_ring (self->receiver);
  return G_SOURCE_CONTINUE;
}

static void
take_bell (RbLocalConnector *self,
           RbLocalJob       *job)
{
  self->bell = g_steal_pointer (&job->bell);
  self->bell_source = g_unix_fd_source_new (rb_local_bell_get_fd (self->bell), G_IO_IN);
  g_source_set_callback (self->bell_source, G_SOURCE_FUNC (on_bell), self, NULL);
  g_source_attach (self->bell_source, g_main_context_get_thread_default ());
}

static void
go_up (RbLocalConnector *self)
{
  self->state = STATE_UP;
  g_clear_error (&self->down);
  rb_backoff_reset (&self->reopen_backoff);
  rb_log_info ("local_network_joined", "address", self->settings->address, NULL);
  rb_connector_emit_connected (RB_CONNECTOR (self));

  /* A handler may have stopped us. */
  if (self->state == STATE_UP)
    rb_local_receiver_run (self->receiver, self->network);
}

static void
on_reopened (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbLocalConnector) self = RB_LOCAL_CONNECTOR (user_data);
  g_autoptr(GError) error = NULL;
  RbLocalJob *job;
  gboolean opened = rb_local_network_run_finish (result, &job, &error);

  if (self->state != STATE_DOWN)
    return;

  if (opened)
    {
      take_bell (self, job);
      go_up (self);
    }
  else if (g_error_matches (error, RB_ERROR, RB_ERROR_BAD_STATE))
    on_superseded (self);
  else
    go_down (self, error);
}

static void
on_reopen_due (gpointer user_data)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (user_data);

  self->reopen_timer = 0;
  rb_local_network_run_async (self->network, new_job (self, RB_LOCAL_JOB_OPEN), on_reopened, g_object_ref (self));
}

static void
schedule_reopen (RbLocalConnector *self)
{
  self->reopen_timer = rb_clock_add (self->clock, rb_backoff_next (&self->reopen_backoff), on_reopen_due, self);
}

static void
renew_receiver (RbLocalConnector *self)
{
  if (self->receiver != NULL)
    rb_local_receiver_pause (self->receiver);
  g_clear_pointer (&self->receiver, rb_local_receiver_unref);
  self->receiver = rb_local_receiver_new (self->clock, &receiver_funcs, G_OBJECT (self));
  rb_local_receiver_set_window (self->receiver, self->window_messages, self->window_bytes);
}

static gboolean
rb_local_connector_configure (RbModule         *module,
                              RbModuleContext  *context,
                              GError          **error)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (module);

  self->settings = rb_local_settings_new (context, error);
  if (self->settings == NULL)
    return FALSE;

  self->clock = g_object_ref (rb_module_context_get_environment (context)->clock);
  self->sender = rb_local_sender_new (self->clock, self->settings);
  g_set_object (&self->context, context);
  rb_local_sender_set_bounds (self->sender, rb_module_context_make_bounds (context, bounds, G_N_ELEMENTS (bounds)));
  renew_receiver (self);
  return TRUE;
}

static gboolean
on_announcement (gpointer user_data)
{
  g_autoptr(RbLocalConnector) self = g_object_ref (RB_LOCAL_CONNECTOR (user_data));

  g_clear_pointer (&self->announcement, g_source_unref);
  go_up (self);
  return G_SOURCE_REMOVE;
}

/* In a turn of its own, so that whoever started us knows it before `connected` comes. */
static void
announce_later (RbLocalConnector *self)
{
  self->announcement = g_idle_source_new ();
  g_source_set_priority (self->announcement, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->announcement, on_announcement, self, NULL);
  g_source_attach (self->announcement, g_main_context_get_thread_default ());
}

static void
on_opened (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = G_TASK (user_data);
  RbLocalConnector *self = g_task_get_source_object (task);
  GError *error = NULL;
  RbLocalJob *job;
  gboolean opened = rb_local_network_run_finish (result, &job, &error);

  if (!opened)
    {
      if (self->state == STATE_STARTING)
        {
          g_clear_pointer (&self->network, rb_local_network_free);
          self->state = STATE_IDLE;
        }
      g_task_return_error (task, error);
    }
  else if (self->state != STATE_STARTING)
    g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, "stopped", "Stopped while it started"));
  else
    {
      take_bell (self, job);
      announce_later (self);
      g_task_return_boolean (task, TRUE);
    }
}

static void
rb_local_connector_start_async (RbModule            *module,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_local_connector_start_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->settings == NULL || self->state != STATE_IDLE)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "The local connector cannot start now"));
      return;
    }

  self->state = STATE_STARTING;
  self->network = rb_local_network_new (self->settings, on_lost, self);
  rb_local_network_run_async (self->network, new_job (self, RB_LOCAL_JOB_OPEN), on_opened, g_steal_pointer (&task));
}

static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = G_TASK (user_data);
  RbLocalConnector *self = g_task_get_source_object (task);
  RbLocalJob *job;

  rb_local_network_run_finish (result, &job, NULL);
  g_clear_pointer (&self->network, rb_local_network_free);
  renew_receiver (self);
  self->state = STATE_IDLE;
  g_task_return_boolean (task, TRUE);
}

static void
rb_local_connector_stop_async (RbModule            *module,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_local_connector_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->state == STATE_IDLE)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (self->state == STATE_STOPPING)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "The local connector is stopping already"));
      return;
    }

  drop_link (self);
  self->state = STATE_STOPPING;
  rb_local_receiver_flush (self->receiver, self->network);
  rb_local_network_run_async (self->network, new_job (self, RB_LOCAL_JOB_CLOSE), on_closed, g_steal_pointer (&task));
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
rb_local_connector_set_window (RbConnector *connector,
                               guint        messages,
                               gsize        bytes)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (connector);

  self->window_messages = messages;
  self->window_bytes = bytes;
  if (self->receiver != NULL)
    rb_local_receiver_set_window (self->receiver, messages, bytes);
}

static void
rb_local_connector_accept (RbConnector *connector,
                           gint64       seq)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (connector);

  if (self->receiver != NULL)
    rb_local_receiver_accept (self->receiver, seq);
}

static void
rb_local_connector_release (RbConnector *connector,
                            gint64       seq)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (connector);

  if (self->receiver != NULL)
    rb_local_receiver_release (self->receiver, seq);
}

static const char *
rb_local_connector_get_address (RbConnector *connector)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (connector);

  return self->settings != NULL ? self->settings->address : NULL;
}

static GError *
explain_why_not_up (RbLocalConnector *self)
{
  const char *reason = rb_error_get_reason (self->down);

  if (self->state == STATE_DOWN)
    return rb_error_new (RB_ERROR_UNAVAILABLE, reason != NULL ? reason : "connector_unavailable", "%s", self->down->message);
  return rb_error_new (RB_ERROR_UNAVAILABLE, "connector_unavailable", "The local connector is not connected");
}

static void
rb_local_connector_send_async (RbConnector         *connector,
                               RbEnvelope          *envelope,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (connector);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_local_connector_send_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->state == STATE_UP || self->state == STATE_SUPERSEDED)
    rb_local_sender_send (self->sender, self->network, envelope, g_steal_pointer (&task));
  else
    g_task_return_error (task, explain_why_not_up (self));
}

static gboolean
rb_local_connector_send_finish (RbConnector   *connector,
                                GAsyncResult  *result,
                                char         **message_id,
                                RbSendStatus  *status,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connector), FALSE);
  return rb_local_sender_finish (G_TASK (result), message_id, status, error);
}

static void
rb_local_connector_dispose (GObject *object)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (object);

  /* Jobs on their way hold a reference, so the thread has nothing to do any more. */
  drop_link (self);
  g_clear_pointer (&self->network, rb_local_network_free);
  self->state = STATE_IDLE;
  G_OBJECT_CLASS (rb_local_connector_parent_class)->dispose (object);
}

static void
rb_local_connector_finalize (GObject *object)
{
  RbLocalConnector *self = RB_LOCAL_CONNECTOR (object);

  g_clear_pointer (&self->sender, rb_local_sender_free);
  g_clear_pointer (&self->settings, rb_local_settings_free);
  g_clear_pointer (&self->receiver, rb_local_receiver_unref);
  g_clear_error (&self->down);
  g_clear_object (&self->context);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_local_connector_parent_class)->finalize (object);
}

static void
rb_local_connector_class_init (RbLocalConnectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_local_connector_dispose;
  object_class->finalize = rb_local_connector_finalize;
}

static void
rb_local_connector_init (RbLocalConnector *self)
{
  rb_backoff_init (&self->reopen_backoff, REOPEN_INITIAL_MS, REOPEN_MAX_MS);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_local_connector_configure;
  iface->start_async = rb_local_connector_start_async;
  iface->start_finish = finish_task;
  iface->stop_async = rb_local_connector_stop_async;
  iface->stop_finish = finish_task;
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = rb_local_connector_set_window;
  iface->accept = rb_local_connector_accept;
  iface->release = rb_local_connector_release;
  iface->send_async = rb_local_connector_send_async;
  iface->send_finish = rb_local_connector_send_finish;
  iface->get_address = rb_local_connector_get_address;
}
