/* rb-gateway-announcer.h: tells the broker how the link is, but not before it knows that we started
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"

G_BEGIN_DECLS

typedef enum {
  RB_GATEWAY_SAY_CONNECTED,
  RB_GATEWAY_SAY_DISCONNECTED,
  RB_GATEWAY_SAY_SUPERSEDED,
  RB_GATEWAY_SAY_INCOMPATIBLE,
} RbGatewayNews;

typedef struct _RbGatewayAnnouncer RbGatewayAnnouncer;

/* @connector is borrowed. Nothing is said before rb_gateway_announcer_begin(). */
RbGatewayAnnouncer *rb_gateway_announcer_new   (RbConnector        *connector);
void                rb_gateway_announcer_free  (RbGatewayAnnouncer *self);
/* @reason: (nullable) of RB_GATEWAY_SAY_DISCONNECTED and RB_GATEWAY_SAY_INCOMPATIBLE */
void                rb_gateway_announcer_say   (RbGatewayAnnouncer *self,
                                                RbGatewayNews       news,
                                                const char         *reason);
/* In the next turn of the main loop what waits is said, then @begun is called; from then on everything at once. */
void                rb_gateway_announcer_begin (RbGatewayAnnouncer *self,
                                                void              (*begun) (gpointer user_data),
                                                gpointer            user_data);
/* Forgets what waits; nothing is said until the next begin. */
void                rb_gateway_announcer_end   (RbGatewayAnnouncer *self);

G_END_DECLS
