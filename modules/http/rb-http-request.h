/* rb-http-request.h: the path and the body of a call
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-route.h"

G_BEGIN_DECLS

/* @arguments: a{sv} of rb-upstream.h. @node_id: (nullable): our own, for a closed endpoint lookup.
 * Fails with RB_ERROR_REJECTED when the path needs an id that is missing or cannot stand in a path. */
char    *rb_http_request_path      (RbUpstreamCall call, GVariant *arguments, const char *node_id, GError **error);
char    *rb_http_request_path_of   (const RbHttpRoute *route, const char *endpoint_id, GError **error);
/* NULL: no body */
GBytes  *rb_http_request_body      (RbUpstreamCall call, GVariant *arguments);
/* Path of the control event stream (15.1) */
char    *rb_http_request_events    (const char *node_id);

G_END_DECLS
