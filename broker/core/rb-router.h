/* rb-router.h: which endpoint a message belongs to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-registry.h"

G_BEGIN_DECLS

/* Keeps the correlation ring of each endpoint (protocol.md 8.4) and an index over all of them, so that routing costs the same with
 * one endpoint and with thousands. Correlations are kept in RB_TABLE_CORRELATIONS, direction "sent". */

typedef struct _RbRouter RbRouter;

typedef enum { RB_ROUTE_NONE, RB_ROUTE_TARGET, RB_ROUTE_CORRELATION } RbRouteRule;

typedef enum {
  RB_GATE_DELIVER,                  /* 9.3 G3 */
  RB_GATE_UNADDRESSED,              /* G1: a background target takes only continuations */
  RB_GATE_CORRELATED_CONTINUATION,  /* G2: a continuation that it cannot take in the foreground */
} RbGate;

/* The wire's words for how a message goes to an endpoint; fixed when it is routed (protocol.md 9.4). */
#define RB_ROUTE_KIND_ACTIVE "active_endpoint"
#define RB_ROUTE_KIND_RECONNECTING "reconnecting_endpoint"

typedef struct {
  RbRouteRule  rule;
  RbEndpoint  *endpoint;            /* NULL iff NONE */
  guint        n_matches;           /* of the correlation rule; above 1 is a collision */
} RbRoute;

RbRouter   *rb_router_new             (guint ring_cap);
void        rb_router_free            (RbRouter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRouter, rb_router_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_router_set_bounds (RbRouter *self, RbBounds *bounds);

/* Adds to the endpoint's ring; evicts its oldest above the cap. @changes: NULL while loading. */
void        rb_router_add             (RbRouter *self, RbEndpoint *endpoint, const char *correlation_id, gint64 now, RbChanges *changes);
gboolean    rb_router_contains        (RbRouter *self, const char *endpoint_id, const char *correlation_id);   /* ids may be NULL */
void        rb_router_forget_endpoint (RbRouter *self, const char *endpoint_id, RbChanges *changes);
/* IMP-62: the successor inherits the ring. */
void        rb_router_inherit         (RbRouter *self, RbEndpoint *from, RbEndpoint *to, gint64 now, RbChanges *changes);
guint       rb_router_get_n           (RbRouter *self);
/* Of the fullest ring; walks all rings, for people who look. */
guint       rb_router_get_longest     (RbRouter *self);

/* Source: protocol.md 9.2. */
RbRoute     rb_router_decide          (RbRouter *self, RbRegistry *registry, const RbMessage *message);
/* The same for what names these (nullable). */
RbRoute     rb_router_resolve         (RbRouter *self, RbRegistry *registry, const char *target_id, const char *correlation_id,
                                       const char *source_endpoint_id);
/* Source: protocol.md 9.3. */
RbGate      rb_router_gate            (RbRouter *self, const RbEndpoint *endpoint, const RbMessage *message);

G_END_DECLS
