/* rb-gateway-receiver.h: takes the messages of our stream, hands them on, and says what was accepted
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-gateway-cursor-file.h"
#include "rb-gateway-frame.h"
#include "rb-gateway-link.h"

G_BEGIN_DECLS

typedef struct _RbGatewayReceiver RbGatewayReceiver;

/* May do anything to the receiver but free it. */
typedef void (*RbGatewayDeliverFunc) (gint64 seq, RbEnvelope *envelope, gpointer owner);

/* Reads the cursor file. @settings and @owner are borrowed. */
RbGatewayReceiver *rb_gateway_receiver_new          (const RbGatewaySettings *settings,
                                                     RbClock                 *clock,
                                                     RbGatewayDeliverFunc     deliver,
                                                     gpointer                 owner);
void               rb_gateway_receiver_free         (RbGatewayReceiver       *self);
/* @bounds: borrowed, numbered by RbGatewayBound; NULL: nobody counts */
void               rb_gateway_receiver_set_bounds   (RbGatewayReceiver       *self,
                                                     RbBounds                *bounds);

void               rb_gateway_receiver_set_window   (RbGatewayReceiver       *self,
                                                     guint                    messages,
                                                     gsize                    bytes);
/* Until then what arrives is held. */
void               rb_gateway_receiver_run          (RbGatewayReceiver       *self);
/* What REGISTER says: up to here everything is acknowledged. */
gint64             rb_gateway_receiver_get_cursor   (RbGatewayReceiver       *self);
/* @delivery_seq: of REGISTER_ACK, or RB_GATEWAY_NO_NUMBER. @link is borrowed until disconnected. */
void               rb_gateway_receiver_connected    (RbGatewayReceiver       *self,
                                                     RbGatewayLink           *link,
                                                     gint64                   delivery_seq);
void               rb_gateway_receiver_disconnected (RbGatewayReceiver       *self);
/* MESSAGE_RECEIVED and the DELIVERY_ frames. */
void               rb_gateway_receiver_take         (RbGatewayReceiver       *self,
                                                     const RbGatewayFrame    *frame);
void               rb_gateway_receiver_accept       (RbGatewayReceiver       *self,
                                                     gint64                   seq);
void               rb_gateway_receiver_release      (RbGatewayReceiver       *self,
                                                     gint64                   seq);
/* Hands nothing on any more, acknowledges what is accepted and writes the cursor; then @closed is called, once. */
void               rb_gateway_receiver_close        (RbGatewayReceiver       *self,
                                                     RbGatewayClosedFunc      closed,
                                                     gpointer                 user_data);

G_END_DECLS
