/* rb-client-endpoint.h: one endpoint of this adapter, the same object across every reconnect
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"

G_BEGIN_DECLS

/* What an adapter says about an endpoint (protocol.md 7.2). Borrowed for the call; NULL members are left out. */
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

#define RB_TYPE_CLIENT_ENDPOINT (rb_client_endpoint_get_type ())
G_DECLARE_FINAL_TYPE (RbClientEndpoint, rb_client_endpoint, RB, CLIENT_ENDPOINT, GObject)

/* The id may change when the broker had to register the endpoint anew; see rb_client_endpoint_has_id(). */
const char *rb_client_endpoint_get_id          (RbClientEndpoint *self);
const char *rb_client_endpoint_get_owner_token (RbClientEndpoint *self);
/* Whether @id names this endpoint, now or before a registration was repeated. */
gboolean    rb_client_endpoint_has_id          (RbClientEndpoint *self,
                                                const char       *id);
/* Counts registrations; what was refused under another number may be asked again. */
guint       rb_client_endpoint_get_generation  (RbClientEndpoint *self);

/* For RbClient. */
RbClientEndpoint *rb_client_endpoint_new        (const RbClientRegistration *registration,
                                                 const char                 *client_kind,
                                                 const char                 *client_version,
                                                 gint64                      pid);
/* The body of a registration, without the spawn token once it was registered. */
GBytes           *rb_client_endpoint_make_body  (RbClientEndpoint           *self);
/* Takes id and owner token from the answer to a registration; RB_ERROR_INVALID when they are missing. */
gboolean          rb_client_endpoint_registered (RbClientEndpoint           *self,
                                                 const RbJson               *answer,
                                                 GError                    **error);

G_END_DECLS
