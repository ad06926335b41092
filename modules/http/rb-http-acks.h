/* rb-http-acks.h: acknowledgements of control events on their way
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-bounds.h"
#include "rb-http-client.h"

G_BEGIN_DECLS

/* Source: protocol.md 15.6, IMP-51. */
#define RB_TYPE_HTTP_ACKS (rb_http_acks_get_type ())
G_DECLARE_FINAL_TYPE (RbHttpAcks, rb_http_acks, RB, HTTP_ACKS, GObject)

#define RB_HTTP_MAX_ACKS 1024
#define RB_HTTP_MAX_ACK_KEYS 256

/* @settings is borrowed. */
RbHttpAcks *rb_http_acks_new       (RbHttpClient *client, const RbHttpSettings *settings, RbClock *clock);
/* @bounds: numbered by RbHttpBound; NULL: nobody counts */
void        rb_http_acks_set_bounds (RbHttpAcks *self, RbBounds *bounds);
/* @arguments: a{sv} of RB_UPSTREAM_CONTROL_ACK. Fails with RB_ERROR_INVALID without an idempotency_key, with RB_ERROR_UNAVAILABLE
 * "too_many_acks" when RB_HTTP_MAX_ACKS are on their way. */
gboolean    rb_http_acks_post      (RbHttpAcks *self, GVariant *arguments, GError **error);
void        rb_http_acks_stop      (RbHttpAcks *self);
guint       rb_http_acks_get_n     (RbHttpAcks *self);

G_END_DECLS
