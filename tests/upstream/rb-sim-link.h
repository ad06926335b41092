/* rb-sim-link.h: one WebSocket of the gateway
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-record.h"
#include "rb-sim-wire.h"

G_BEGIN_DECLS

typedef struct _RbSimLink RbSimLink;

typedef struct {
  void (*on_text) (RbSimLink *link, const char *text, gpointer user_data);
  void (*on_gone) (RbSimLink *link, gpointer user_data);
} RbSimLinkCallbacks;

/* Answers the upgrade on @wire, which it takes. @key is the client's Sec-WebSocket-Key. The link may be freed from a callback. */
RbSimLink *rb_sim_link_new            (RbSimWire                *wire,
                                       const char               *key,
                                       RbSimRecord              *record,
                                       const RbSimLinkCallbacks *callbacks,
                                       gpointer                  user_data);
/* Drops the connection when it is still open. */
void       rb_sim_link_free           (RbSimLink                *self);
gboolean   rb_sim_link_is_open        (RbSimLink                *self);
gboolean   rb_sim_link_is_registered  (RbSimLink                *self);
void       rb_sim_link_set_registered (RbSimLink                *self,
                                       gboolean                  is_registered);
void       rb_sim_link_say            (RbSimLink                *self,
                                       const char               *text);
void       rb_sim_link_say_binary     (RbSimLink                *self,
                                       GBytes                   *bytes);
void       rb_sim_link_say_raw        (RbSimLink                *self,
                                       const void               *bytes,
                                       gsize                     size);
void       rb_sim_link_close          (RbSimLink                *self,
                                       guint16                   code,
                                       const char               *reason);
/* A descriptor that keeps the TCP connection open once the link is freed; -1 when that cannot be (TLS). */
int        rb_sim_link_dup_descriptor (RbSimLink                *self);

G_END_DECLS
