/* rb-gateway-sender.h: our messages on their way, until the gateway answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-clock.h"
#include "rb-connector.h"
#include "rb-gateway-frame.h"
#include "rb-gateway-link.h"

G_BEGIN_DECLS

/* Source: protocol.md 13.5 and 8.3. */
typedef struct _RbGatewaySender RbGatewaySender;

RbGatewaySender *rb_gateway_sender_new         (RbClock              *clock,
                                                gint64                ack_timeout_ms);
void             rb_gateway_sender_free        (RbGatewaySender      *self);
/* @bounds: borrowed, numbered by RbGatewayBound; NULL: nobody counts */
void             rb_gateway_sender_set_bounds  (RbGatewaySender      *self,
                                                RbBounds             *bounds);

/* @link: registered; NULL: there is none */
void             rb_gateway_sender_send        (RbGatewaySender      *self,
                                                RbGatewayLink        *link,
                                                RbEnvelope           *envelope,
                                                GTask                *task);
gboolean         rb_gateway_sender_finish      (GTask                *task,
                                                char                **message_id,
                                                RbSendStatus         *status,
                                                GError              **error);
/* What the gateway said: SEND_ACK, ERROR. */
void             rb_gateway_sender_take_ack    (RbGatewaySender      *self,
                                                const RbGatewayFrame *frame);
void             rb_gateway_sender_take_error  (RbGatewaySender      *self,
                                                const RbGatewayFrame *frame);
/* The connection is gone: whether they arrived will not be known. */
void             rb_gateway_sender_lose_all    (RbGatewaySender      *self);

G_END_DECLS
