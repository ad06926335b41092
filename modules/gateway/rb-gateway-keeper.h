/* rb-gateway-keeper.h: keeps one registered connection to the gateway
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-gateway-frame.h"
#include "rb-gateway-link.h"

G_BEGIN_DECLS

typedef struct _RbGatewayKeeper RbGatewayKeeper;

typedef enum {
  RB_GATEWAY_TRIES_AGAIN,   /* by itself, later */
  RB_GATEWAY_GIVES_UP,      /* the gateway speaks another protocol */
  RB_GATEWAY_SUPERSEDED,    /* another runtime took over */
} RbGatewayFailure;

/* @get_cursor: what REGISTER says. @registered: there is a link now; @is_new is FALSE when it was told again on the same one. @frame: all
 * frames but REGISTER_ACK, also before the registration. @lost: the link, if there was one, is none any more. @failed comes after @lost;
 * @text is for people. @stopped: after rb_gateway_keeper_stop(), once. None of them may free the keeper. */
typedef struct {
  gint64 (*get_cursor) (gpointer owner);
  void   (*registered) (const RbGatewayFrame *ack, gboolean is_new, gpointer owner);
  void   (*frame)      (const RbGatewayFrame *frame, gpointer owner);
  void   (*lost)       (gpointer owner);
  void   (*failed)     (RbGatewayFailure failure, const char *text, gpointer owner);
  void   (*stopped)    (gpointer owner);
} RbGatewayKeeperFuncs;

RbGatewayKeeper *rb_gateway_keeper_new      (const RbGatewaySettings    *settings,
                                             RbClock                    *clock,
                                             const RbGatewayKeeperFuncs *funcs,
                                             GObject                    *owner,
                                             GError                    **error);
void             rb_gateway_keeper_free     (RbGatewayKeeper            *self);
void             rb_gateway_keeper_start    (RbGatewayKeeper            *self);
/* Says goodbye; nothing comes any more but @lost and @stopped. */
void             rb_gateway_keeper_stop     (RbGatewayKeeper            *self);
/* NULL unless registered. */
RbGatewayLink   *rb_gateway_keeper_get_link (RbGatewayKeeper            *self);

G_END_DECLS
