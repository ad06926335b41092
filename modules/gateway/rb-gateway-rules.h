/* rb-gateway-rules.h: what an answer to REGISTER means, and when to try again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-backoff.h"
#include "rb-gateway-frame.h"

G_BEGIN_DECLS

/* Pure: no clock, no socket. Source: protocol.md 13.2, 13.4, 13.9, 13.10. */

#define RB_GATEWAY_CLOSE_CODE 4001

typedef enum {
  RB_GATEWAY_ACCEPTED,
  RB_GATEWAY_REFUSED,             /* close and try again */
  RB_GATEWAY_ALREADY_CONNECTED,   /* the gateway still holds an earlier connection of ours: close and try again soon */
  RB_GATEWAY_INCOMPATIBLE,        /* close and stay away */
} RbGatewayVerdict;

/* @reason: for people, and for the close frame; not set when accepted */
RbGatewayVerdict rb_gateway_judge_ack  (const RbGatewayFrame *ack,
                                        const char           *session_id,
                                        char                **reason);
/* Whether a frame is for our stream; NULL is the default stream. */
gboolean         rb_gateway_is_ours    (const RbGatewayFrame *frame,
                                        const char           *session_id);
/* Another runtime took over this agent: do not come back. */
gboolean         rb_gateway_is_replaced (guint                code,
                                         const char          *reason);
/* At most 123 bytes, cut between characters. */
char            *rb_gateway_cut_close_reason (const char     *reason);

typedef struct {
  RbBackoff backoff;
  gint64    already_delay_ms;
  guint     already_limit;
  guint     n_already;       /* "Already connected" in a row */
} RbGatewayRetry;

void   rb_gateway_retry_init      (RbGatewayRetry  *self,
                                   gint64           initial_ms,
                                   gint64           max_ms,
                                   gint64           already_delay_ms,
                                   guint            already_limit);
void   rb_gateway_retry_refused   (RbGatewayRetry  *self,
                                   RbGatewayVerdict verdict);
/* @random: in [0, 1) */
gint64 rb_gateway_retry_next_ms   (RbGatewayRetry  *self,
                                   double           random);
void   rb_gateway_retry_reset     (RbGatewayRetry  *self);

G_END_DECLS
