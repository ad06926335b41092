/* rb-gateway-link.h: one WebSocket connection to the gateway, from the first attempt to its end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "rb-clock.h"
#include "rb-gateway-settings.h"

G_BEGIN_DECLS

#define RB_TYPE_GATEWAY_LINK (rb_gateway_link_get_type ())
G_DECLARE_FINAL_TYPE (RbGatewayLink, rb_gateway_link, RB, GATEWAY_LINK, GObject)

/* @code: of the close frame that came; 0: none did. @reason: of that frame; may be anything that is UTF-8.
 * @text: why, for people */
typedef struct {
  guint       code;
  const char *reason;
  const char *text;
} RbGatewayLinkEnd;

/* @ended comes once, in a turn of its own, unless the link was broken. Nothing else comes once it is closing. The handlers may do
 * anything to the link. */
typedef struct {
  void (*opened) (RbGatewayLink *link, gpointer owner);
  void (*frame)  (RbGatewayLink *link, GBytes *text, gpointer owner);
  void (*ended)  (RbGatewayLink *link, const RbGatewayLinkEnd *end, gpointer owner);
} RbGatewayLinkFuncs;

/* A session with the proxy and the authorities of the settings; it belongs to the thread-default context. */
SoupSession    *rb_gateway_session_new     (const RbGatewaySettings  *settings,
                                            GError                  **error);

/* @settings and @owner are borrowed; the owner breaks the link before they go. */
RbGatewayLink  *rb_gateway_link_new        (const RbGatewaySettings  *settings,
                                            RbClock                  *clock,
                                            const RbGatewayLinkFuncs *funcs,
                                            gpointer                  owner);
void            rb_gateway_link_open       (RbGatewayLink            *self,
                                            SoupSession              *session);
gboolean        rb_gateway_link_is_open    (RbGatewayLink            *self);
/* FALSE: it is not open, nothing was sent. */
gboolean        rb_gateway_link_send       (RbGatewayLink            *self,
                                            GBytes                   *text);
/* Says goodbye, and waits a moment for the answer; cancels an attempt. */
void            rb_gateway_link_close      (RbGatewayLink            *self,
                                            guint                     code,
                                            const char               *reason);
/* At once, without a word and without @ended. */
void            rb_gateway_link_break      (RbGatewayLink            *self);
/* How long nothing at all has come, in microseconds. */
gint64          rb_gateway_link_get_silence_us (RbGatewayLink        *self);

G_END_DECLS
