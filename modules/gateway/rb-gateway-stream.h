/* rb-gateway-stream.h: what has arrived on a delivery stream, what may be handed on, and what to ask for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-envelope.h"

G_BEGIN_DECLS

/* Pure: no clock, no socket; times are arguments. Source: protocol.md 13.6 to 13.8, IMP-26, IMP-44, IMP-45. */
typedef struct _RbGatewayStream RbGatewayStream;

/* What waits for room in the window, at most; one larger message is held alone. */
#define RB_GATEWAY_HELD_MESSAGES 4096
#define RB_GATEWAY_HELD_BYTES ((gsize) 4 * 1024 * 1024)
/* What is decided, or at work, above the first that is neither; some 100 bytes each. */
#define RB_GATEWAY_AHEAD_MAX 65536

RbGatewayStream *rb_gateway_stream_new          (gint64           floor,
                                                 guint            duplicate_memory);
void             rb_gateway_stream_free         (RbGatewayStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbGatewayStream, rb_gateway_stream_free)

/* @bounds: borrowed, numbered by RbGatewayBound; NULL: nobody counts */
void             rb_gateway_stream_set_bounds   (RbGatewayStream *self,
                                                 RbBounds        *bounds);

typedef enum {
  RB_GATEWAY_STREAM_HELD,       /* rb_gateway_stream_next() hands it on when there is room */
  RB_GATEWAY_STREAM_KNOWN,      /* we have or had it: dropped */
  RB_GATEWAY_STREAM_NO_ROOM,    /* dropped; with a sequence it is asked for again, without one it is lost */
} RbGatewayStreamVerdict;

/* @seq: at least 1, or RB_CONNECTOR_NO_SEQ */
RbGatewayStreamVerdict rb_gateway_stream_receive (RbGatewayStream *self,
                                                 gint64           seq,
                                                 RbEnvelope      *envelope,
                                                 gint64           now_us);
void             rb_gateway_stream_set_window   (RbGatewayStream *self,
                                                 guint            messages,
                                                 gsize            bytes);
/* The next message for which there is room, (transfer full); it is then in flight. NULL: none. */
RbEnvelope      *rb_gateway_stream_next         (RbGatewayStream *self,
                                                 gint64          *seq);

/* All of these may move the floor. */
void             rb_gateway_stream_accept       (RbGatewayStream *self,
                                                 gint64           seq);
void             rb_gateway_stream_skip         (RbGatewayStream *self,
                                                 gint64           seq);
void             rb_gateway_stream_jump         (RbGatewayStream *self,
                                                 gint64           floor);
void             rb_gateway_stream_release      (RbGatewayStream *self,
                                                 gint64           seq,
                                                 gint64           now_us);
/* The network has messages up to @seq. */
void             rb_gateway_stream_expect       (RbGatewayStream *self,
                                                 gint64           seq);

gint64           rb_gateway_stream_get_floor    (RbGatewayStream *self);
gboolean         rb_gateway_stream_is_idle      (RbGatewayStream *self);   /* nothing is handed on and undecided */
guint            rb_gateway_stream_get_n_held   (RbGatewayStream *self);
GArray          *rb_gateway_stream_dup_refused  (RbGatewayStream *self);   /* gint64, ascending */

/* When to ask for what is missing, monotonic; G_MAXINT64: nothing is, or there is no room for it. */
gint64           rb_gateway_stream_get_ask_us   (RbGatewayStream *self,
                                                 gint64           now_us);
/* We ask now, from the floor on. Returns how often in a row the same message was asked for. */
guint            rb_gateway_stream_asked        (RbGatewayStream *self,
                                                 gint64           now_us);
/* The one that we asked for last; 0: only refused ones. */
gint64           rb_gateway_stream_get_asked    (RbGatewayStream *self);
/* We registered: what was asked on an earlier connection is forgotten. */
void             rb_gateway_stream_reconnected  (RbGatewayStream *self,
                                                 gint64           now_us);

G_END_DECLS
