/* rb-upstream.h: what the broker asks of the network's directory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"

G_BEGIN_DECLS

#define RB_TYPE_UPSTREAM (rb_upstream_get_type ())
G_DECLARE_INTERFACE (RbUpstream, rb_upstream, RB, UPSTREAM, RbModule)

/* Arguments and answers are a{sv} whose names and types are the JSON members of protocol.md section 14 (x for integers,
 * d for numbers, s, b, as, a{sv}, aa{sv}); what is optional there may be missing. "endpoint_id" names the path's id. */
typedef enum {
  RB_UPSTREAM_WHOAMI,             /* 14.3  -> subjectId s, subjectType s, clock_ahead_ms x? (of the upstream's clock before ours) */
  RB_UPSTREAM_REGISTER_ENDPOINT,  /* 14.4  -> endpoint_id s, heartbeat_after_seconds d, session_naming a{sv}? */
  RB_UPSTREAM_HEARTBEAT,          /* 14.5  endpoint_id */
  RB_UPSTREAM_ENDPOINT_STATE,     /* 14.5  endpoint_id, state, reason, ts */
  RB_UPSTREAM_UNREGISTER,         /* 14.5  endpoint_id */
  RB_UPSTREAM_DISPLAY_METADATA,   /* 14.6  endpoint_id, task_hint */
  RB_UPSTREAM_LOOKUP_CLOSED,      /* 14.7  endpoint_id -> exists b, retired_at s? */
  RB_UPSTREAM_CAPABILITIES,       /* 14.8  -> staged_assignment b, staged_delivery b */
  RB_UPSTREAM_ROUTE_CLAIM,        /* 16.3  source_message_id, routed_to_endpoint_id, route_kind, claimed_at -> action s */
  RB_UPSTREAM_CANDIDATES,         /* 14.10 endpoint_id, endpoint_nonce, limit -> items aa{sv} */
  RB_UPSTREAM_SELF_CLAIM,         /* 14.9  undispatched_id, target_endpoint_id, endpoint_nonce, recover_existing b?, assignment_mode s?
                                     -> the members of 14.9; target_ref and message a{sv}; message's metadata as JSON text s */
  RB_UPSTREAM_RELEASE_CLAIM,      /* 14.9  undispatched_id, source_message_id, assignment_id, target_ref a{sv}, endpoint_nonce,
                                     broker_projection_token */
  RB_UPSTREAM_HISTORY,            /* 14.11 endpoint_id, endpoint_nonce, conversation_ref a{sv}, limit x?, before s?, after s?
                                     -> conversation_ref a{sv}, items aa{sv}, has_more b */
  RB_UPSTREAM_SELF_SETTLE,        /* 14.12 undispatched_id, endpoint_id, endpoint_nonce */
  RB_UPSTREAM_CONTROL_ACK,        /* 15.6  idempotency_key, status, detail s?; answered when it is on its way, the upstream repeats it */
  RB_UPSTREAM_N_CALLS,
} RbUpstreamCall;

typedef enum {
  RB_UPSTREAM_HAS_ROUTE_CLAIM  = 1 << 0,  /* ask before each direct delivery */
  RB_UPSTREAM_HAS_CANDIDATES   = 1 << 1,  /* it says which messages an endpoint may see */
  RB_UPSTREAM_LOCAL_INBOX      = 1 << 2,  /* the broker's own inbox is the authority for that */
  RB_UPSTREAM_HAS_CLOSED_LOOKUP = 1 << 3,
} RbUpstreamFeatures;

/**
 * RbUpstreamInterface:
 * @call_async: one request. Fails with %RB_ERROR_NOT_SUPPORTED for a call it does not offer, %RB_ERROR_REJECTED for a
 *   terminal refusal, %RB_ERROR_UNAVAILABLE or %RB_ERROR_TIMED_OUT for what may work later. Whenever the other side answered, the
 *   error has the details "status" x (HTTP) and, where it gave one, "code" s; the text is its message or detail (14.2).
 *   A success that is malformed is %RB_ERROR_REJECTED with the code of section 14; of a self-claim it has also "answer" a{sv}, with
 *   whatever members of 14.9 were valid, so that the claim can be released (11.10).
 *
 * Signal: `control` (a{sv} event), a control event of protocol.md section 15.7 that passed 15.4: its members, target_ref as a{sv},
 * emitted_at x. The receiver answers each with %RB_UPSTREAM_CONTROL_ACK.
 */
struct _RbUpstreamInterface {
  GTypeInterface parent_iface;

  RbUpstreamFeatures (*get_features) (RbUpstream *self);
  void               (*call_async)   (RbUpstream *self, RbUpstreamCall call, GVariant *arguments, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
  GVariant          *(*call_finish)  (RbUpstream *self, GAsyncResult *result, GError **error);
};

RbUpstreamFeatures  rb_upstream_get_features (RbUpstream *self);
void                rb_upstream_call_async   (RbUpstream *self, RbUpstreamCall call, GVariant *arguments, GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
GVariant           *rb_upstream_call_finish  (RbUpstream *self, GAsyncResult *result, GError **error);   /* a{sv} */
void                rb_upstream_emit_control (RbUpstream *self, GVariant *event);
const char         *rb_upstream_call_to_string (RbUpstreamCall call);

G_END_DECLS
