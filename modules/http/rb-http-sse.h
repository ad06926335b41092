/* rb-http-sse.h: server-sent events, cut out of a stream of bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. Source: protocol.md 15.2. One parser for one stream. */
typedef struct _RbHttpSse RbHttpSse;

typedef struct {
  char   *id;       /* NULL: the frame has none */
  GBytes *data;     /* valid UTF-8 */
} RbHttpSseFrame;

void            rb_http_sse_frame_free   (RbHttpSseFrame *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHttpSseFrame, rb_http_sse_frame_free)

RbHttpSse      *rb_http_sse_new          (gsize max_frame_bytes);
void            rb_http_sse_free         (RbHttpSse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHttpSse, rb_http_sse_free)

/* FALSE with RB_ERROR_TOO_LARGE: a frame is longer than allowed; then the stream is of no more use. */
gboolean        rb_http_sse_feed         (RbHttpSse *self, const char *bytes, gsize length, GError **error);
/* (transfer full): the next whole frame, NULL when there is none yet */
RbHttpSseFrame *rb_http_sse_take         (RbHttpSse *self);
gint64          rb_http_sse_get_retry_ms (const RbHttpSse *self);   /* -1: the other side did not say */

G_END_DECLS
