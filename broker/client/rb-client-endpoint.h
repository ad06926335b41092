/* rb-client-endpoint.h: one endpoint of this adapter, the same object across every reconnect
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define RB_TYPE_CLIENT_ENDPOINT (rb_client_endpoint_get_type ())
G_DECLARE_FINAL_TYPE (RbClientEndpoint, rb_client_endpoint, RB, CLIENT_ENDPOINT, GObject)

RbClientEndpoint *rb_client_endpoint_new             (const char       *kind,
                                                      const char       *session_name);
const char       *rb_client_endpoint_get_id          (RbClientEndpoint *self);
const char       *rb_client_endpoint_get_owner_token (RbClientEndpoint *self);
gboolean          rb_client_endpoint_has_id          (RbClientEndpoint *self,
                                                      const char       *id);
guint             rb_client_endpoint_get_generation  (RbClientEndpoint *self);

G_END_DECLS
