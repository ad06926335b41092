/* rb-http-client.h: the seam to the HTTP library: a request in, an answer or an error out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-http-answer.h"
#include "rb-http-settings.h"

G_BEGIN_DECLS

/* Nothing of the library behind it is visible here, so that another one can take its place. */
#define RB_TYPE_HTTP_CLIENT (rb_http_client_get_type ())
G_DECLARE_FINAL_TYPE (RbHttpClient, rb_http_client, RB, HTTP_CLIENT, GObject)

#define RB_HTTP_MAX_BODY (4 * 1024 * 1024)

RbHttpClient *rb_http_client_new            (const RbHttpSettings *settings, RbClock *clock, GError **error);
/* Everything in flight ends now with RB_ERROR_UNAVAILABLE, and so does what comes later. */
void          rb_http_client_stop           (RbHttpClient *self);
guint         rb_http_client_get_n_running  (RbHttpClient *self);

/* @path: after the base, with its query. @body: (nullable): JSON. An answer of any status is a success; see RbHttpAnswer.broken. */
void          rb_http_client_request_async  (RbHttpClient *self, const char *method, const char *path, GBytes *body, gint64 timeout_ms,
                                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RbHttpAnswer *rb_http_client_request_finish (RbHttpClient *self, GAsyncResult *result, GError **error);

/* GET of an event stream; the time limit ends with the headers. */
void          rb_http_client_open_async     (RbHttpClient *self, const char *path, const char *last_event_id, gint64 timeout_ms,
                                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RbHttpAnswer *rb_http_client_open_finish    (RbHttpClient *self, GAsyncResult *result, GError **error);

G_END_DECLS
