/* rb-client-http.h: requests to one broker, over its Unix socket or loopback
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "rb-client-site.h"
#include "rb-clock.h"
#include "rb-json.h"

G_BEGIN_DECLS

#define RB_TYPE_CLIENT_HTTP (rb_client_http_get_type ())
G_DECLARE_FINAL_TYPE (RbClientHttp, rb_client_http, RB, CLIENT_HTTP, GObject)

typedef enum {
  RB_CLIENT_CALL_NONE       = 0,
  RB_CLIENT_CALL_REPEATABLE = 1 << 0,   /* has the same effect once or twice: carries an id that the broker remembers */
  RB_CLIENT_CALL_WAITS      = 1 << 1,   /* may be answered late on purpose, and is to end when it is cancelled */
} RbClientCallFlags;

RbClientHttp       *rb_client_http_new         (const RbClientSite  *site,
                                                gint64               pid,
                                                RbClock             *clock);
const RbClientSite *rb_client_http_get_site    (RbClientHttp        *self);
SoupSession        *rb_client_http_get_session (RbClientHttp        *self);
/* With authorization and x-plugin-pid. */
SoupMessage        *rb_client_http_new_message (RbClientHttp        *self,
                                                const char          *method,
                                                const char          *path);

/* @body: (nullable): JSON text. @timeout_ms 0: none. */
void                rb_client_http_call_async  (RbClientHttp        *self,
                                                const char          *method,
                                                const char          *path,
                                                GBytes              *body,
                                                RbClientCallFlags    flags,
                                                gint64               timeout_ms,
                                                GCancellable        *cancellable,
                                                GAsyncReadyCallback  callback,
                                                gpointer             user_data);
/* The answer's JSON ({} for an empty body) when the status is 2xx; otherwise an error of rb-client-error.h. */
RbJson             *rb_client_http_call_finish (RbClientHttp        *self,
                                                GAsyncResult        *result,
                                                guint               *status,
                                                GError             **error);

G_END_DECLS
