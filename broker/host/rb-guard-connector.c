/* rb-guard-connector.c: guards a connector
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-guard-connector.h"

#include "rb-sent.h"

struct _RbGuardConnector {
  RbGuard parent_instance;
};

static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbGuardConnector, rb_guard_connector, RB_TYPE_GUARD,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static RbConnector *
get_module (gpointer self)
{
  return RB_CONNECTOR (rb_guard_get_module (RB_GUARD (self)));
}

/* Also before start. */
static void
set_window (RbConnector *connector,
            guint        messages,
            gsize        bytes)
{
  RbGuardState state = rb_guard_get_state (RB_GUARD (connector));

  if (state == RB_GUARD_LOADED || rb_guard_is_alive (RB_GUARD (connector)))
    rb_connector_set_window (get_module (connector), messages, bytes);
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  if (rb_guard_is_alive (RB_GUARD (connector)))
    rb_connector_accept (get_module (connector), seq);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  if (rb_guard_is_alive (RB_GUARD (connector)))
    rb_connector_release (get_module (connector), seq);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RbGuardCall) call = rb_guard_call_take (user_data, source);
  g_autoptr(GTask) task = NULL;
  g_autofree char *message_id = NULL;
  RbSendStatus status = RB_SEND_STORED;
  GError *error = NULL;
  gboolean ok;

  if (call == NULL)
    return;

  ok = rb_connector_send_finish (get_module (rb_guard_call_get_guard (call)), result, &message_id, &status, &error);
  if (!rb_guard_call_check (call, ok, error))
    return;

  task = rb_guard_call_steal_task (call);
  rb_sent_return (task, g_steal_pointer (&message_id), status);
}

static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  GTask *task = g_task_new (connector, cancellable, callback, user_data);
  g_autoptr(GCancellable) ours = NULL;
  RbGuardCall *call;

  g_task_set_source_tag (task, send_async);
  call = rb_guard_call_new (RB_GUARD (connector), "send", RB_ERROR_OUTCOME_UNKNOWN, task, &ours);
  if (call != NULL)
    rb_connector_send_async (get_module (connector), envelope, ours, on_sent, rb_guard_call_get_id (call));
}

static const char *
get_address (RbConnector *connector)
{
  return rb_guard_is_alive (RB_GUARD (connector)) ? rb_connector_get_address (get_module (connector)) : NULL;
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = set_window;
  iface->accept = accept_seq;
  iface->release = release_seq;
  iface->send_async = send_async;
  iface->send_finish = rb_sent_finish;
  iface->get_address = get_address;
}

static void
on_delivery (RbConnector *module,
             gint64       seq,
             RbEnvelope  *envelope,
             RbGuard     *self)
{
  if (!rb_guard_may_emit (self, "delivery"))
    return;
  if (seq < 1 && seq != RB_CONNECTOR_NO_SEQ)
    {
      rb_guard_report_breach (self, "delivery", "its sequence number is below 1");
      return;
    }
  rb_connector_emit_delivery (RB_CONNECTOR (self), seq, envelope);
}

static void
on_connected (RbConnector *module,
              RbGuard     *self)
{
  if (rb_guard_may_emit (self, "connected"))
    rb_connector_emit_connected (RB_CONNECTOR (self));
}

static void
on_disconnected (RbConnector *module,
                 const char  *reason,
                 RbGuard     *self)
{
  if (rb_guard_may_emit (self, "disconnected"))
    rb_connector_emit_disconnected (RB_CONNECTOR (self), reason);
}

static void
on_superseded (RbConnector *module,
               RbGuard     *self)
{
  if (rb_guard_may_emit (self, "superseded"))
    rb_connector_emit_superseded (RB_CONNECTOR (self));
}

static void
on_incompatible (RbConnector *module,
                 const char  *reason,
                 RbGuard     *self)
{
  if (rb_guard_may_emit (self, "incompatible"))
    rb_connector_emit_incompatible (RB_CONNECTOR (self), reason);
}

static void
watch (RbGuard  *self,
       RbModule *module)
{
  g_signal_connect_object (module, "delivery", G_CALLBACK (on_delivery), self, 0);
  g_signal_connect_object (module, "connected", G_CALLBACK (on_connected), self, 0);
  g_signal_connect_object (module, "disconnected", G_CALLBACK (on_disconnected), self, 0);
  g_signal_connect_object (module, "superseded", G_CALLBACK (on_superseded), self, 0);
  g_signal_connect_object (module, "incompatible", G_CALLBACK (on_incompatible), self, 0);
}

static void
rb_guard_connector_class_init (RbGuardConnectorClass *klass)
{
  RB_GUARD_CLASS (klass)->watch = watch;
}

static void
rb_guard_connector_init (RbGuardConnector *self)
{
}
