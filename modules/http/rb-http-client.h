/* rb-http-client.h: the seam to the HTTP library: a request in, an answer or an error out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-http-answer.h"
#include "rb-http-settings.h"

G_BEGIN_DECLS

/* Nothing of the library behind it is visible here, so that another one can take its place. Reference counted, and no GObject: two
 * modules have it, and a process knows a type's name once. */
typedef struct _RbHttpClient RbHttpClient;

#define RB_HTTP_MAX_BODY (4 * 1024 * 1024)

RbHttpClient *rb_http_client_new            (const RbHttpSettings *settings, RbClock *clock, GError **error);
/* One of @bounds is for the longest answer; NULL: nobody counts */
void          rb_http_client_set_bounds     (RbHttpClient *self, RbBounds *bounds, guint which);
RbHttpClient *rb_http_client_ref            (RbHttpClient *self);
void          rb_http_client_unref          (RbHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHttpClient, rb_http_client_unref)
/* Everything in flight ends now with RB_ERROR_UNAVAILABLE, and so does what comes later. */
void          rb_http_client_stop           (RbHttpClient *self);
guint         rb_http_client_get_n_running  (RbHttpClient *self);

/* @path: after the base, with its query. @body: (nullable): JSON. An answer of any status is a success; see RbHttpAnswer.broken. A
 * result has no source object. */
void          rb_http_client_request_async  (RbHttpClient *self, const char *method, const char *path, GBytes *body, gint64 timeout_ms,
                                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RbHttpAnswer *rb_http_client_request_finish (GAsyncResult *result, GError **error);

/* GET of an event stream; the time limit ends with the headers. */
void          rb_http_client_open_async     (RbHttpClient *self, const char *path, const char *last_event_id, gint64 timeout_ms,
                                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RbHttpAnswer *rb_http_client_open_finish    (GAsyncResult *result, GError **error);

G_END_DECLS
