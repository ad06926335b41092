/* rb-remote-connector.c: a connector that runs in a process of its own
 *
 * For its guard it is the module. When the process dies the network is away for a while: sends end, `disconnected` says why, another process
 * is started, with growing delays, and told what the first one was told. Only before it has started once a death is a failure of the module.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-connector.h"

#include "rb-remote-info.h"
#include "rb-remote-parts.h"
#include "rb-remote-private.h"

#define CONFIGURE_MS 10000
#define STOP_MS 10000                       /* for the module and its process together */
#define RESTART_INITIAL_MS 500
#define RESTART_MAX_MS 60000
#define MAX_QUEUED_BYTES (64 * 1024 * 1024) /* that the process has not read */

enum { BOUND_QUEUE, N_BOUNDS };

static const RbBoundInfo bounds[N_BOUNDS] = {
  [BOUND_QUEUE] = { "isolated_queue", "bytes", RB_BOUND_PUSHES_BACK, "further sends are refused: connector_busy" },
};

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbRemoteConnector, rb_remote_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

/* What the module itself is given. */
static GVariant *
make_configuration (RbRemoteConnector *self,
                    RbModuleContext   *context)
{
  g_autoptr(GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!rb_remote_is_setting (key))
      g_hash_table_insert (values, key, value);
  return g_variant_ref_sink (rb_remote_context_new (rb_module_context_get_environment (context), values));
}

/* What the kernel takes meanwhile nobody else tells. */
static void
refresh_bounds (RbBounds *counted,
                gpointer  user_data)
{
  RbRemoteConnector *self = user_data;
  gsize queued = self->process != NULL ? rb_remote_pipe_get_queued (rb_remote_process_get_pipe (self->process)) : 0;

  rb_bounds_set_used (counted, BOUND_QUEUE, queued);
}

static gboolean
rb_remote_connector_configure (RbModule         *module,
                               RbModuleContext  *context,
                               GError          **error)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (module);
  RbBounds *made = rb_module_context_make_bounds (context, bounds, N_BOUNDS);

  rb_bounds_set_limit (made, BOUND_QUEUE, MAX_QUEUED_BYTES);
  rb_bounds_set_refresh (made, refresh_bounds, self);
  self->context = g_object_ref (context);
  self->clock = g_object_ref (rb_module_context_get_environment (context)->clock);
  self->configuration = make_configuration (self, context);
  self->memory_mib = rb_module_context_get_integer (context, RB_REMOTE_MEMORY);
  if (self->memory_mib < 0 || self->memory_mib > RB_REMOTE_MEMORY_MAX_MIB)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "Module '%s': setting '" RB_REMOTE_MEMORY "' must be from 0 to %d",
                    self->info->name, RB_REMOTE_MEMORY_MAX_MIB);
      return FALSE;
    }
  if (!rb_remote_make_process (self, error) || !rb_remote_process_wait (self->process, &self->is_answered, CONFIGURE_MS, error))
    return FALSE;
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }
  self->state = RB_REMOTE_STATE_CONFIGURED;
  return TRUE;
}

static void
on_start_cancelled (GCancellable      *cancellable,
                    RbRemoteConnector *self)
{
  rb_remote_say (self, RB_REMOTE_CANCEL, 0, 0);
}

static void
rb_remote_connector_start_async (RbModule            *module,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (module);

  self->start_task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->start_task, rb_remote_connector_start_async);
  g_task_set_check_cancellable (self->start_task, FALSE);
  if (self->process == NULL)
    {
      self->state = RB_REMOTE_STATE_STOPPED;
      rb_remote_end_start (self, rb_error_new (RB_ERROR_UNAVAILABLE, "module_process_died", "Its process ended before it had started"));
      return;
    }
  self->state = RB_REMOTE_STATE_STARTING;
  if (cancellable != NULL)
    {
      self->starting = g_object_ref (cancellable);
      self->starting_handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_start_cancelled), self);
    }
  rb_remote_say (self, RB_REMOTE_START, 0, 0);
}

static gboolean
rb_remote_connector_finish (RbModule      *module,
                            GAsyncResult  *result,
                            GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_stop_late (gpointer user_data)
{
  RbRemoteConnector *self = user_data;

  self->stop_timer = 0;
  rb_remote_process_kill (self->process, "it took too long");
}

/* Whoever waited for the stop does not any more. */
static void
on_stop_cancelled (GCancellable      *cancellable,
                   RbRemoteConnector *self)
{
  if (self->process != NULL)
    rb_remote_process_kill (self->process, "it took too long");
}

static void
rb_remote_connector_stop_async (RbModule            *module,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_remote_connector_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  rb_remote_clear_timers (self);
  self->state = RB_REMOTE_STATE_STOPPING;
  if (self->start_task != NULL)
    rb_remote_end_start (self, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "Module '%s' was stopped before it had started", self->info->name));
  self->stop_task = g_steal_pointer (&task);
  if (self->process == NULL)
    {
      rb_remote_end_stop (self, NULL);
      return;
    }
  if (cancellable != NULL)
    g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_stop_cancelled), self, 0);
  rb_remote_say (self, RB_REMOTE_STOP, 0, 0);
  self->stop_timer = rb_clock_add (self->clock, STOP_MS, on_stop_late, self);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_remote_connector_configure;
  iface->start_async = rb_remote_connector_start_async;
  iface->start_finish = rb_remote_connector_finish;
  iface->stop_async = rb_remote_connector_stop_async;
  iface->stop_finish = rb_remote_connector_finish;
}

static void
rb_remote_connector_set_window (RbConnector *connector,
                                guint        messages,
                                gsize        bytes)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (connector);

  self->window_messages = messages;
  self->window_bytes = bytes;
  self->has_window = TRUE;
  rb_remote_tell_window (self);
}

static void
rb_remote_connector_accept (RbConnector *connector,
                            gint64       seq)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (connector);

  if (rb_remote_flow_answer (self->flow, seq))
    rb_remote_say (self, RB_REMOTE_ACCEPT, seq, 0);
}

static void
rb_remote_connector_release (RbConnector *connector,
                             gint64       seq)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (connector);

  if (rb_remote_flow_answer (self->flow, seq))
    rb_remote_say (self, RB_REMOTE_RELEASE, seq, 0);
}

/* NULL: the process can be asked. */
static GError *
why_not (RbRemoteConnector *self,
         gsize              size)
{
  RbBounds *counted = rb_module_context_get_bounds (self->context);
  gsize queued;

  if (self->process == NULL || (self->state != RB_REMOTE_STATE_UP && self->state != RB_REMOTE_STATE_LEFT))
    return rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s", self->reason != NULL ? self->reason : "Its process does not run");
  queued = rb_remote_pipe_get_queued (rb_remote_process_get_pipe (self->process)) + size;
  if (queued > MAX_QUEUED_BYTES)
    {
      rb_bounds_reached (counted, BOUND_QUEUE);
      return rb_error_new (RB_ERROR_UNAVAILABLE, "connector_busy", "The process of module '%s' does not keep up", self->info->name);
    }
  rb_bounds_set_used (counted, BOUND_QUEUE, queued);
  return NULL;
}

static void
rb_remote_connector_send_async (RbConnector         *connector,
                                RbEnvelope          *envelope,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (connector);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = why_not (self, rb_envelope_get_size (envelope));

  g_task_set_source_tag (task, rb_remote_connector_send_async);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    rb_remote_sends_add (self->sends, rb_remote_process_get_pipe (self->process), envelope, g_steal_pointer (&task));
}

static gboolean
rb_remote_connector_send_finish (RbConnector   *connector,
                                 GAsyncResult  *result,
                                 char         **message_id,
                                 RbSendStatus  *status,
                                 GError       **error)
{
  return rb_remote_sends_finish (G_TASK (result), message_id, status, error);
}

static const char *
rb_remote_connector_get_address (RbConnector *connector)
{
  return RB_REMOTE_CONNECTOR (connector)->address;
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = rb_remote_connector_set_window;
  iface->accept = rb_remote_connector_accept;
  iface->release = rb_remote_connector_release;
  iface->send_async = rb_remote_connector_send_async;
  iface->send_finish = rb_remote_connector_send_finish;
  iface->get_address = rb_remote_connector_get_address;
}

static void
rb_remote_connector_dispose (GObject *object)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (object);

  rb_remote_clear_timers (self);
  if (self->context != NULL)
    rb_bounds_set_refresh (rb_module_context_get_bounds (self->context), NULL, NULL);
  rb_remote_sends_fail (self->sends, G_MAXUINT64, "The module was forgotten");
  g_clear_pointer (&self->process, rb_remote_process_free);
  g_clear_object (&self->context);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_remote_connector_parent_class)->dispose (object);
}

static void
rb_remote_connector_finalize (GObject *object)
{
  RbRemoteConnector *self = RB_REMOTE_CONNECTOR (object);

  g_clear_pointer (&self->configuration, g_variant_unref);
  g_clear_pointer (&self->values, g_hash_table_unref);
  rb_remote_flow_free (self->flow);
  rb_remote_sends_free (self->sends);
  g_clear_error (&self->error);
  g_free (self->address);
  g_free (self->reason);
  G_OBJECT_CLASS (rb_remote_connector_parent_class)->finalize (object);
}

static void
rb_remote_connector_class_init (RbRemoteConnectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_remote_connector_dispose;
  object_class->finalize = rb_remote_connector_finalize;
}

static void
rb_remote_connector_init (RbRemoteConnector *self)
{
  self->flow = rb_remote_flow_new ();
  rb_backoff_init (&self->backoff, RESTART_INITIAL_MS, RESTART_MAX_MS);
}

RbModule *
rb_remote_connector_new (const RbModuleInfo *info,
                         GHashTable         *values)
{
  RbRemoteConnector *self = g_object_new (RB_TYPE_REMOTE_CONNECTOR, NULL);

  self->info = info;
  self->values = g_hash_table_ref (values);
  self->sends = rb_remote_sends_new ();
  return RB_MODULE (self);
}

/* Where all is well again, how often it was not. */
static char *
dup_reason (RbRemoteConnector *self)
{
  if (self->state == RB_REMOTE_STATE_DOWN || self->state == RB_REMOTE_STATE_LEFT)
    return g_strdup (self->reason);
  return g_strdup_printf ("started again (%" G_GINT64_FORMAT "): %s", self->n_restarts, self->reason);
}

void
rb_remote_connector_add_view (RbRemoteConnector *self,
                              GVariantDict      *view)
{
  gint64 pid = self->process != NULL ? rb_remote_process_get_pid (self->process) : 0;

  g_variant_dict_insert (view, "isolated", "b", TRUE);
  g_variant_dict_insert (view, "restarts", "x", self->n_restarts);
  if (pid > 0)
    g_variant_dict_insert (view, "pid", "x", pid);
  if (self->reason != NULL)
    {
      g_autofree char *reason = dup_reason (self);

      g_variant_dict_insert (view, "reason", "s", reason);
    }
}
