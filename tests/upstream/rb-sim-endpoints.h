/* rb-sim-endpoints.h: the endpoints as the upstream knows them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct {
  char       *id;               /* "ep_1" */
  char       *nonce;
  JsonObject *registration;     /* the request, as it came */
  GPtrArray  *states;           /* of char *: "reconnecting/adapter_lost", in order */
  guint       n_heartbeats;
  char       *task_hint;        /* (nullable) as set by display-metadata */
  char       *retired_at;       /* (nullable) iso-ms */
} RbSimEndpoint;

typedef struct _RbSimEndpoints RbSimEndpoints;

RbSimEndpoints *rb_sim_endpoints_new      (void);
void            rb_sim_endpoints_free     (RbSimEndpoints *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimEndpoints, rb_sim_endpoints_free)
void            rb_sim_endpoints_reset    (RbSimEndpoints *self);

RbSimEndpoint  *rb_sim_endpoints_add      (RbSimEndpoints *self,
                                           JsonObject     *registration);
/* Retired ones too; NULL when there never was one. */
RbSimEndpoint  *rb_sim_endpoints_lookup   (RbSimEndpoints *self,
                                           const char     *id);
/* Not retired, in the order of registration; RbSimEndpoint, borrowed. */
GPtrArray      *rb_sim_endpoints_list     (RbSimEndpoints *self);
void            rb_sim_endpoints_retire   (RbSimEndpoints *self,
                                           const char     *id);
/* One that lived before the test began, retired at @retired_at. */
RbSimEndpoint  *rb_sim_endpoints_add_past (RbSimEndpoints *self,
                                           const char     *id,
                                           const char     *retired_at);
gboolean        rb_sim_endpoint_can       (RbSimEndpoint  *endpoint,
                                           const char     *capability);
/* 11.2; NULL when it cannot be the target of an assignment. A new object. */
JsonObject     *rb_sim_endpoint_target    (RbSimEndpoint  *endpoint);
JsonObject     *rb_sim_endpoint_to_json   (RbSimEndpoint  *endpoint);

G_END_DECLS
