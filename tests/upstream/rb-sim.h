/* rb-sim.h: the platform in one process: gateway, API and control events, with a model behind them and every fault on demand
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It runs on the thread-default main context of its creator, so a test needs no thread; see README.md. */
#pragma once

#include "rb-sim-endpoints.h"
#include "rb-sim-events.h"
#include "rb-sim-faults.h"
#include "rb-sim-gateway.h"
#include "rb-sim-record.h"
#include "rb-sim-work.h"

G_BEGIN_DECLS

typedef struct {
  const char *token;            /* the runtime token that is accepted; NULL: "sim-token" */
  const char *handle;           /* the agent's address; NULL: "agent@sim" */
  guint16     port;             /* 0: the kernel chooses */
  gboolean    is_tls;           /* https and wss, with a certificate that nobody trusts */
  gboolean    is_legacy;        /* an upstream of the 0.2.5 age: no capabilities, claims, candidates, history, tokens */
} RbSimOptions;

typedef struct _RbSim RbSim;

/* Listens on 127.0.0.1 as soon as it exists. @options may be NULL. */
RbSim           *rb_sim_new              (const RbSimOptions *options,
                                          GError            **error);
void             rb_sim_free             (RbSim              *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSim, rb_sim_free)

const char      *rb_sim_get_origin       (RbSim              *self);    /* "http://127.0.0.1:PORT", good as API host */
const char      *rb_sim_get_gateway_url  (RbSim              *self);    /* "ws://127.0.0.1:PORT/gateway" */
const char      *rb_sim_get_token        (RbSim              *self);
const char      *rb_sim_get_handle       (RbSim              *self);
const char      *rb_sim_get_node_id      (RbSim              *self);    /* the subjectId of whoami */
guint16          rb_sim_get_port         (RbSim              *self);
/* With is_tls: what to trust when the test is not about the certificate. */
GTlsCertificate *rb_sim_get_certificate  (RbSim              *self);

/* The parts, for what has no function below. All borrowed. */
RbSimGateway    *rb_sim_get_gateway      (RbSim              *self);
RbSimEvents     *rb_sim_get_events       (RbSim              *self);
RbSimEndpoints  *rb_sim_get_endpoints    (RbSim              *self);
RbSimWork       *rb_sim_get_work         (RbSim              *self);
RbSimFaults     *rb_sim_get_faults       (RbSim              *self);
RbSimRecord     *rb_sim_get_record       (RbSim              *self);

/* The whole upstream goes away (connections are dropped, the port refuses), and comes back on the same port with its model. */
void             rb_sim_down             (RbSim              *self);
gboolean         rb_sim_up               (RbSim              *self,
                                          GError            **error);
/* Model, faults, settings and records as at the start; connections are dropped. */
void             rb_sim_reset            (RbSim              *self);

/* Answers of the API that are settings rather than a model */
void             rb_sim_set_legacy       (RbSim              *self,
                                          gboolean            is_legacy);
/* A member of the capabilities: JSON text, "" leaves it out. At first staged_assignment and staged_delivery are true. */
void             rb_sim_set_capability   (RbSim              *self,
                                          const char         *name,
                                          const char         *json);
/* A member of whoami likewise: subjectId, subjectType, ... */
void             rb_sim_set_whoami       (RbSim              *self,
                                          const char         *name,
                                          const char         *json);
/* A member of the answer to a registration likewise: heartbeat_after_seconds, session_naming, endpoint_id, ... */
void             rb_sim_set_registration (RbSim              *self,
                                          const char         *name,
                                          const char         *json);
/* "route" (the default) or "skip", for one message (nullable: all). */
void             rb_sim_set_route_claim  (RbSim              *self,
                                          const char         *source_message_id,
                                          const char         *action);
/* Adds to the history of a conversation: the items' JSON as in 14.11. */
void             rb_sim_add_history      (RbSim              *self,
                                          const char         *conversation_id,
                                          const char         *item);

/* Shorthand for tests */

/* The next @times such requests (0: all) get this status and body (nullable), then the route is well again. */
void             rb_sim_fail             (RbSim              *self,
                                          const char         *request,
                                          guint               times,
                                          guint               status,
                                          const char         *body);
void             rb_sim_add_fault        (RbSim              *self,
                                          const RbSimFault   *fault);
/* How many requests "METHOD /path" came whose body contains @text (nullable). '*' in @request stands for any text. */
guint            rb_sim_count            (RbSim              *self,
                                          const char         *request,
                                          const char         *text);
/* The body of the @index-th of them, from the end when negative; NULL when there are not so many. */
char            *rb_sim_dup_body         (RbSim              *self,
                                          const char         *request,
                                          int                 index);
/* The same for frames that the gateway received: "REGISTER", "SEND_MESSAGE", "DELIVERY_ACK", "REQUEST_GAP_FILL". */
guint            rb_sim_count_frames     (RbSim              *self,
                                          const char         *event,
                                          const char         *text);
char            *rb_sim_dup_frame        (RbSim              *self,
                                          const char         *event,
                                          int                 index);
/* "" when the broker kept to the protocol, else one line each. */
char            *rb_sim_dup_violations   (RbSim              *self);
/* The endpoint's state reports, "reconnecting/adapter_lost active/...", separated by blanks; NULL when unknown. */
char            *rb_sim_dup_states       (RbSim              *self,
                                          const char         *endpoint_id);
/* The row goes to the endpoint: an assignment is made and the event sent. Its id, which is the event's idempotency key. */
char            *rb_sim_dispatch         (RbSim              *self,
                                          const char         *undispatched_id,
                                          const char         *endpoint_id);
/* The other variants of 15.7; they return the idempotency key. */
char            *rb_sim_spawn            (RbSim              *self,
                                          const char         *runtime_kind,
                                          const char         *prompt);
char            *rb_sim_force_unregister (RbSim              *self,
                                          const char         *endpoint_id,
                                          const char         *reason);
char            *rb_sim_nudge            (RbSim              *self,
                                          const char         *undispatched_id,
                                          const char         *endpoint_id);
char            *rb_sim_owner_session    (RbSim              *self,
                                          const char         *endpoint_id,
                                          const char         *text);
/* The status of the last control ack with that key, NULL while there is none; with its detail: "failed: unknown undispatched_id: x". */
char            *rb_sim_dup_ack          (RbSim              *self,
                                          const char         *idempotency_key);

G_END_DECLS
