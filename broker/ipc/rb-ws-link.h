/* rb-ws-link.h: one WebSocket after its handshake, the server's side
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-ipc-poller.h"
#include "rb-ws-parser.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* libsoup 3.2's SoupWebsocketConnection cannot say how much it has queued, has no ping to send, does not bound fragmented
 * messages, and makes and destroys a GSource for each read and write. So the handshake is the last thing that libsoup does for
 * a channel; from there on this is the connection. */

typedef struct _RbWsLink RbWsLink;

/* Causes of an end. */
#define RB_WS_CAUSE_TOO_BIG "message too big"
#define RB_WS_CAUSE_NO_BUDGET "too much is being received"
#define RB_WS_CAUSE_NOT_READ "client does not read"

/* Called from the main loop only, never from inside a call of the functions below. */
typedef struct {
  void (*message) (gpointer owner, GBytes *message);
  void (*pong)    (gpointer owner);
  /* Once; the link does nothing any more. @code: what ended it, RB_WS_ABNORMAL without a close frame. @cause: for the log. */
  void (*closed)  (gpointer owner, guint code, const char *cause);
} RbWsEvents;

typedef struct {
  gsize  message_max;      /* one incoming message, all its fragments */
  RbWsBudget *budget;      /* of all links together, for messages that are not whole yet; borrowed; NULL: none */
  gsize  queue_max;        /* outgoing bytes that the socket did not take yet; above: the client does not read */
  gint64 close_timeout_ms; /* how long a closing handshake may take */
} RbWsLimits;

/* Keeps a reference on @connection. @greeting is written first (the rest of the HTTP handshake); @early: bytes that the client
 * sent right behind its handshake. */
RbWsLink *rb_ws_link_new         (GSocketConnection *connection, RbPoller *poller, RbClock *clock, const RbWsLimits *limits,
                                  const RbWsEvents *events, gpointer owner, GBytes *greeting, GBytes *early);
/* Closes the socket, whatever state it is in. No event comes any more. */
void      rb_ws_link_free        (RbWsLink *self);

gboolean  rb_ws_link_is_open     (const RbWsLink *self);
gsize     rb_ws_link_get_queued  (const RbWsLink *self);   /* bytes */

/* FALSE when the link is not open (any more). Never blocks. */
gboolean  rb_ws_link_send_text   (RbWsLink *self, GBytes *text);
gboolean  rb_ws_link_ping        (RbWsLink *self);
/* Sends a close frame and waits for the client's. @reason: at most 123 bytes. */
void      rb_ws_link_close       (RbWsLink *self, guint code, const char *reason);
/* Ends at once, without a handshake. */
void      rb_ws_link_abort       (RbWsLink *self, const char *cause);
/* While held no input is read: the client's sends pile up on its own side. */
void      rb_ws_link_hold_input  (RbWsLink *self, gboolean hold);

G_END_DECLS
