/* rb-http-principal.h: who we are, asked until the upstream says so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-client.h"

G_BEGIN_DECLS

/* Source: protocol.md 3.4, step 4, and 14.3. */
#define RB_TYPE_HTTP_PRINCIPAL (rb_http_principal_get_type ())
G_DECLARE_FINAL_TYPE (RbHttpPrincipal, rb_http_principal, RB, HTTP_PRINCIPAL, GObject)

/* For how long a start waits for the first answer. */
#define RB_HTTP_START_WAIT_MS 2000

typedef void (*RbHttpKnownFunc) (gpointer user_data);

/* @settings is borrowed; @on_known is called once. */
RbHttpPrincipal *rb_http_principal_new         (RbHttpClient *client, const RbHttpSettings *settings, RbClock *clock,
                                                RbHttpKnownFunc on_known, gpointer user_data);
/* Finishes when it is known, when the first attempt failed for now, or after RB_HTTP_START_WAIT_MS: then it goes on asking by itself.
 * Fails with RB_ERROR_REJECTED when asking again cannot help. */
void             rb_http_principal_start_async (RbHttpPrincipal *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                                gpointer user_data);
gboolean         rb_http_principal_start_finish (RbHttpPrincipal *self, GAsyncResult *result, GError **error);
void             rb_http_principal_stop        (RbHttpPrincipal *self);

/* (transfer full): a{sv} of RB_UPSTREAM_WHOAMI. Fails with the last failure, or RB_ERROR_UNAVAILABLE. */
GVariant        *rb_http_principal_dup_answer  (RbHttpPrincipal *self, GError **error);
const char      *rb_http_principal_get_node_id (RbHttpPrincipal *self);   /* NULL: not known yet */

G_END_DECLS
