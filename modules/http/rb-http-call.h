/* rb-http-call.h: one request and the verdict on its answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-client.h"
#include "rb-http-route.h"

G_BEGIN_DECLS

/* Fails as rb_http_client_request_async() does, and with rb_http_route_refusal() when the status is no success. */
void          rb_http_call_async  (RbHttpClient *client, const RbHttpRoute *route, const char *path, GBytes *body, gint64 timeout_ms,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RbHttpAnswer *rb_http_call_finish (GAsyncResult *result, GError **error);

gboolean      rb_http_is_transient (const GError *error);
/* -1: the error does not say */
gint64        rb_http_error_get_retry_after (const GError *error);

G_END_DECLS
