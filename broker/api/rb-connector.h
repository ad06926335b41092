/* rb-connector.h: one link to a message network
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-envelope.h"
#include "rb-module.h"

G_BEGIN_DECLS

#define RB_TYPE_CONNECTOR (rb_connector_get_type ())
G_DECLARE_INTERFACE (RbConnector, rb_connector, RB, CONNECTOR, RbModule)

/* "delivery" carries a sequence number; this one means that the network gave none. */
#define RB_CONNECTOR_NO_SEQ (-1)

typedef enum { RB_SEND_DELIVERED, RB_SEND_STORED } RbSendStatus;

/**
 * RbConnectorInterface:
 * @set_window: at most @messages and @bytes may be delivered and neither accepted nor released; (0, 0) pauses. Called
 *   before start and again at any time. A single message larger than @bytes may be delivered alone.
 * @accept: the message is safe with us: the network may forget it. Any order, once each. Never fails: what cannot be
 *   told to the network now is told after the next connect.
 * @release: refused for now; the connector delivers it again later, with backoff (protocol.md IMP-26).
 * @send_async: finishes when the network has taken the envelope. Sending an id again that the network has already
 *   taken has no second effect where @idempotent says so. Fails with %RB_ERROR_UNAVAILABLE (nothing was sent),
 *   %RB_ERROR_OUTCOME_UNKNOWN, or %RB_ERROR_REJECTED with details "connector_code" and "to".
 * @get_address: (nullable) our own address on the network, for people to read
 *
 * Signals: `delivery` (gint64 seq, RbEnvelope), `connected` (), `disconnected` (utf8 reason), `superseded` (), `incompatible` (utf8 reason).
 * All on the main context. Nothing is delivered before start nor after stop.
 */
struct _RbConnectorInterface {
  GTypeInterface parent_iface;

  void         (*set_window)  (RbConnector *self, guint messages, gsize bytes);
  void         (*accept)      (RbConnector *self, gint64 seq);
  void         (*release)     (RbConnector *self, gint64 seq);
  void         (*send_async)  (RbConnector *self, RbEnvelope *envelope, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
  gboolean     (*send_finish) (RbConnector *self, GAsyncResult *result, char **message_id, RbSendStatus *status,
                               GError **error);
  const char  *(*get_address) (RbConnector *self);
};

void         rb_connector_set_window  (RbConnector *self, guint messages, gsize bytes);
void         rb_connector_accept      (RbConnector *self, gint64 seq);
void         rb_connector_release     (RbConnector *self, gint64 seq);
void         rb_connector_send_async  (RbConnector *self, RbEnvelope *envelope, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
gboolean     rb_connector_send_finish (RbConnector *self, GAsyncResult *result, char **message_id, RbSendStatus *status,
                                       GError **error);
const char  *rb_connector_get_address (RbConnector *self);

/* For implementations. */
void         rb_connector_emit_delivery     (RbConnector *self, gint64 seq, RbEnvelope *envelope);
void         rb_connector_emit_connected    (RbConnector *self);
void         rb_connector_emit_disconnected (RbConnector *self, const char *reason);
void         rb_connector_emit_superseded   (RbConnector *self);
void         rb_connector_emit_incompatible (RbConnector *self, const char *reason);

const char  *rb_send_status_to_string (RbSendStatus status);     /* "delivered", "stored" */

G_END_DECLS
