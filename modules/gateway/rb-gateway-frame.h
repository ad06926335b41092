/* rb-gateway-frame.h: the frames of connector protocol 4: read, checked and built
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-envelope.h"

G_BEGIN_DECLS

/* Pure. Source: protocol.md 13.1 and 13.3. */

#define RB_GATEWAY_PROTOCOL_VERSION 4
/* Absent, or not what it should be. */
#define RB_GATEWAY_NO_NUMBER G_MININT64

typedef enum {
  RB_GATEWAY_REGISTER_ACK,
  RB_GATEWAY_SEND_ACK,
  RB_GATEWAY_MESSAGE_RECEIVED,
  RB_GATEWAY_DELIVERY_PENDING,
  RB_GATEWAY_DELIVERY_STATUS,
  RB_GATEWAY_DELIVERY_CURSOR,
  RB_GATEWAY_DELIVERY_SKIP,
  RB_GATEWAY_ERROR,
} RbGatewayEvent;

/* Members that the event does not have are NULL or RB_GATEWAY_NO_NUMBER. */
typedef struct {
  RbGatewayEvent  event;
  char           *session_id;        /* (deliveryR|r)untimeSessionId, normalised; NULL: the default stream */
  char           *message_id;
  char           *status;
  char           *reason;            /* of REGISTER_ACK */
  char           *code;              /* of ERROR */
  char           *message;           /* of ERROR */
  char           *to;                /* of ERROR */
  char           *up_to;             /* of DELIVERY_PENDING */
  char           *agent_handle;      /* of REGISTER_ACK */
  char           *agent_name;
  char           *owner_handle;
  char           *owner_name;
  gint64          protocol_version;  /* of REGISTER_ACK */
  gint64          delivery_seq;      /* of REGISTER_ACK and DELIVERY_CURSOR */
  gint64          delivered_seq;     /* of DELIVERY_CURSOR */
  gint64          seq;               /* at least 1; of DELIVERY_SKIP at least 0 */
  gint64          count;             /* of DELIVERY_PENDING */
  RbEnvelope     *envelope;          /* of MESSAGE_RECEIVED; shares the text of the frame */
  gboolean        is_pruned;         /* it was nested too deeply; what was too deep is null */
} RbGatewayFrame;

/* NULL without an error: well-formed, but no frame that we know (dropped, protocol.md 13.3). */
RbGatewayFrame *rb_gateway_frame_parse (GBytes          *text,
                                        GError         **error);
void            rb_gateway_frame_free  (RbGatewayFrame  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbGatewayFrame, rb_gateway_frame_free)

/* @session_id is NULL for the default stream. */
GBytes         *rb_gateway_frame_register     (const char *token,
                                               const char *client_version,
                                               const char *session_id,
                                               gint64      last_known_seq);
GBytes         *rb_gateway_frame_send_message (const char *message_id,
                                               RbEnvelope *envelope);
GBytes         *rb_gateway_frame_delivery_ack (gint64      up_to_seq,
                                               const char *session_id);
GBytes         *rb_gateway_frame_gap_fill     (gint64      since_seq,
                                               const char *session_id);
/* The broker itself says nothing about typing. */
GBytes         *rb_gateway_frame_typing       (const char *to,
                                               gboolean    is_typing);

G_END_DECLS
