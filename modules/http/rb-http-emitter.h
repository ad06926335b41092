/* rb-http-emitter.h: events posted to the upstream, whose refusal decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-emitter.h"

G_BEGIN_DECLS

#define RB_TYPE_HTTP_EMITTER (rb_http_emitter_get_type ())
G_DECLARE_FINAL_TYPE (RbHttpEmitter, rb_http_emitter, RB, HTTP_EMITTER, GObject)

G_END_DECLS
