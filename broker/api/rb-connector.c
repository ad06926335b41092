/* rb-connector.c: one link to a message network
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-connector.h"

#include "rb-error.h"

enum { DELIVERY, CONNECTED, DISCONNECTED, SUPERSEDED, INCOMPATIBLE, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_INTERFACE (RbConnector, rb_connector, RB_TYPE_MODULE)

static void
default_set_window (RbConnector *self,
                    guint        messages,
                    gsize        bytes)
{
}

static void
default_decide (RbConnector *self,
                gint64       seq)
{
}

static void
default_send_async (RbConnector         *self,
                    RbEnvelope          *envelope,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_task_report_new_error (self, callback, user_data, default_send_async, RB_ERROR, RB_ERROR_NOT_SUPPORTED,
                           "This connector cannot send");
}

static gboolean
default_send_finish (RbConnector   *self,
                     GAsyncResult  *result,
                     char         **message_id,
                     RbSendStatus  *status,
                     GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const char *
default_get_address (RbConnector *self)
{
  return NULL;
}

static void
rb_connector_default_init (RbConnectorInterface *iface)
{
  iface->set_window = default_set_window;
  iface->accept = default_decide;
  iface->release = default_decide;
  iface->send_async = default_send_async;
  iface->send_finish = default_send_finish;
  iface->get_address = default_get_address;

  /**
   * RbConnector::delivery:
   * @self: the connector
   * @seq: its sequence number, or %RB_CONNECTOR_NO_SEQ
   * @envelope: the message
   *
   * A message arrived; the receiver accepts or releases @seq.
   */
  signals[DELIVERY] = g_signal_new ("delivery", RB_TYPE_CONNECTOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                    G_TYPE_INT64, RB_TYPE_ENVELOPE | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * RbConnector::connected:
   * @self: the connector
   *
   * The network took us in.
   */
  signals[CONNECTED] = g_signal_new ("connected", RB_TYPE_CONNECTOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  /**
   * RbConnector::disconnected:
   * @self: the connector
   * @reason: what people may read
   *
   * The link is gone or an attempt to connect failed; the connector keeps trying by itself.
   */
  signals[DISCONNECTED] = g_signal_new ("disconnected", RB_TYPE_CONNECTOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                        1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * RbConnector::superseded:
   * @self: the connector
   *
   * Another broker took over our identity; the connector does not try again.
   */
  signals[SUPERSEDED] = g_signal_new ("superseded", RB_TYPE_CONNECTOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  /**
   * RbConnector::incompatible:
   * @self: the connector
   * @reason: what people may read
   *
   * It has started, was never connected, and learnt that it cannot work with this network; it does not try again.
   */
  signals[INCOMPATIBLE] = g_signal_new ("incompatible", RB_TYPE_CONNECTOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                        1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

void
rb_connector_set_window (RbConnector *self,
                         guint        messages,
                         gsize        bytes)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  RB_CONNECTOR_GET_IFACE (self)->set_window (self, messages, bytes);
}

void
rb_connector_accept (RbConnector *self,
                     gint64       seq)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  RB_CONNECTOR_GET_IFACE (self)->accept (self, seq);
}

void
rb_connector_release (RbConnector *self,
                      gint64       seq)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  RB_CONNECTOR_GET_IFACE (self)->release (self, seq);
}

void
rb_connector_send_async (RbConnector         *self,
                         RbEnvelope          *envelope,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  g_return_if_fail (envelope != NULL);
  RB_CONNECTOR_GET_IFACE (self)->send_async (self, envelope, cancellable, callback, user_data);
}

/**
 * rb_connector_send_finish:
 * @self: a connector
 * @result: what the callback got
 * @message_id: (out) (optional) (nullable): the id the network knows the message by
 * @status: (out) (optional): whether the recipient has it or it is stored for them
 * @error: return location for a #GError
 *
 * Returns: %TRUE if the network took the message
 */
gboolean
rb_connector_send_finish (RbConnector   *self,
                          GAsyncResult  *result,
                          char         **message_id,
                          RbSendStatus  *status,
                          GError       **error)
{
  g_autofree char *id = NULL;
  RbSendStatus sent = RB_SEND_STORED;

  g_return_val_if_fail (RB_IS_CONNECTOR (self), FALSE);

  if (!RB_CONNECTOR_GET_IFACE (self)->send_finish (self, result, &id, &sent, error))
    return FALSE;
  if (message_id != NULL)
    *message_id = g_steal_pointer (&id);
  if (status != NULL)
    *status = sent;
  return TRUE;
}

const char *
rb_connector_get_address (RbConnector *self)
{
  g_return_val_if_fail (RB_IS_CONNECTOR (self), NULL);
  return RB_CONNECTOR_GET_IFACE (self)->get_address (self);
}

void
rb_connector_emit_delivery (RbConnector *self,
                            gint64       seq,
                            RbEnvelope  *envelope)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  g_return_if_fail (envelope != NULL);
  g_signal_emit (self, signals[DELIVERY], 0, seq, envelope);
}

void
rb_connector_emit_connected (RbConnector *self)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  g_signal_emit (self, signals[CONNECTED], 0);
}

void
rb_connector_emit_disconnected (RbConnector *self,
                                const char  *reason)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  g_signal_emit (self, signals[DISCONNECTED], 0, reason);
}

void
rb_connector_emit_superseded (RbConnector *self)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  g_signal_emit (self, signals[SUPERSEDED], 0);
}

void
rb_connector_emit_incompatible (RbConnector *self,
                                const char  *reason)
{
  g_return_if_fail (RB_IS_CONNECTOR (self));
  g_signal_emit (self, signals[INCOMPATIBLE], 0, reason);
}

const char *
rb_send_status_to_string (RbSendStatus status)
{
  switch (status)
    {
    case RB_SEND_DELIVERED:
      return "delivered";
    case RB_SEND_STORED:
      return "stored";
    }
  g_return_val_if_reached (NULL);
}
