/* rb-http-upstream.h: the directory of a network, over its HTTP API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-upstream.h"

G_BEGIN_DECLS

#define RB_TYPE_HTTP_UPSTREAM (rb_http_upstream_get_type ())
G_DECLARE_FINAL_TYPE (RbHttpUpstream, rb_http_upstream, RB, HTTP_UPSTREAM, GObject)

G_END_DECLS
