/* rb-client-endpoint-private.h: what a client does with its endpoints
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-endpoint.h"
#include "rb-json.h"

G_BEGIN_DECLS

/* All that an adapter can say about an endpoint (protocol.md 7.2). Borrowed for the call; NULL members are left out. */
typedef struct {
  const char        *agent_id;
  const char        *kind;
  const char        *session_name;
  const char        *task_hint;
  const char        *workspace;
  const char        *tracking_ref;
  const char        *runtime_session_id;
  const char *const *capabilities;
  const char        *execution_surface;
  const char        *background_exchange_mode;
  const char        *spawn_token;               /* sent with the first registration only */
} RbClientRegistration;

/* Says this and nothing else: without the defaults of rb_client_endpoint_new(). */
RbClientEndpoint *rb_client_endpoint_new_for    (const RbClientRegistration *registration);
/* The body of a registration, without the spawn token once it was registered. */
GBytes           *rb_client_endpoint_make_body  (RbClientEndpoint           *self,
                                                 const char                 *client_kind,
                                                 const char                 *client_version,
                                                 gint64                      pid);
/* Takes id and owner token from the answer to a registration; RB_ERROR_INVALID when they are missing. */
gboolean          rb_client_endpoint_registered (RbClientEndpoint           *self,
                                                 const RbJson               *answer,
                                                 GError                    **error);

/* Around a registration, and when it is taken leave of. FALSE: one is under way already. */
gboolean          rb_client_endpoint_begin      (RbClientEndpoint           *self);
void              rb_client_endpoint_end        (RbClientEndpoint           *self);
void              rb_client_endpoint_forget     (RbClientEndpoint           *self);
gboolean          rb_client_endpoint_is_forgotten (RbClientEndpoint         *self);
/* The broker knows who comes back by its runtime session. */
gboolean          rb_client_endpoint_has_session (RbClientEndpoint          *self);

G_END_DECLS
