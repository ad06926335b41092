/* rb-http-reader.h: what a successful answer says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-route.h"

G_BEGIN_DECLS

/**
 * rb_http_reader_read:
 * @call: which call it was
 * @arguments: a{sv} of the call
 * @answer: of a status that rb_http_route_succeeded(); its body may be anything
 * @error: return location for a #GError
 *
 * Pure. Fails with %RB_ERROR_REJECTED and the code of section 14 for what is not as it says there, with %RB_ERROR_UNAVAILABLE or
 * %RB_ERROR_TIMED_OUT if the body was cut off and needed.
 *
 * Returns: (transfer floating) (nullable): a{sv} of rb-upstream.h
 */
GVariant *rb_http_reader_read (RbUpstreamCall call, GVariant *arguments, const RbHttpAnswer *answer, GError **error);

G_END_DECLS
