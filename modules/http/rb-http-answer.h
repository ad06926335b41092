/* rb-http-answer.h: what came back for one request
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  guint         status;
  char         *phrase;           /* of the status line; may be empty */
  gint64        retry_after_ms;   /* -1: not said */
  gint64        ahead_ms;         /* how far the clock that answered is before ours; G_MININT64: not said */
  GBytes       *body;             /* NULL when there is a stream, or when it did not arrive whole: then @broken says why */
  GError       *broken;
  GInputStream *stream;           /* of an open() that was answered with 2xx */
} RbHttpAnswer;

RbHttpAnswer *rb_http_answer_new  (guint status, const char *phrase);
void          rb_http_answer_free (RbHttpAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHttpAnswer, rb_http_answer_free)

/* Whether @body begins a JSON object and ends in the middle of it. */
gboolean      rb_http_body_is_cut (GBytes *body);
/* Of a Retry-After header: seconds or an HTTP date. -1 for anything else, or NULL. */
gint64        rb_http_retry_after (const char *value, gint64 now_ms);
/* Of a Date header, which has whole seconds: how far that clock is before ours, negative: behind it. G_MININT64 for anything else, or NULL. */
gint64        rb_http_clock_ahead (const char *value, gint64 now_ms);

G_END_DECLS
