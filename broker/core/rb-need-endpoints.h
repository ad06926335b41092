/* rb-need-endpoints.h: which endpoints a person would give a message to, the likeliest first
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* How many are offered for one message; the others are counted. */
#define RB_NEED_ENDPOINTS_SHOWN 5

typedef struct _RbNeedEndpoints RbNeedEndpoints;

typedef void (*RbNeedEndpointFunc) (const RbEndpoint *endpoint, gpointer user_data);

/* Those that take assignments; good until the next change. */
RbNeedEndpoints *rb_need_endpoints_new  (RbCore *core);
void             rb_need_endpoints_free (RbNeedEndpoints *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbNeedEndpoints, rb_need_endpoints_free)

/* That of @hint_id (nullable) first, then those whose adapter is there, then by when they last got something to do. Returns how many more there are. */
guint            rb_need_endpoints_each (RbNeedEndpoints *self, const char *hint_id, RbNeedEndpointFunc func, gpointer user_data);

/* What people call it. */
const char      *rb_need_endpoints_name (const RbEndpoint *endpoint);

G_END_DECLS
