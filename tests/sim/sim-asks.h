/* sim-asks.h: what adapters ask of the broker, and what they make of the answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-server.h"

#include "sim-process.h"

G_BEGIN_DECLS

/* Everything goes through the handlers of the server, as JSON, and each request is answered once. */
typedef struct _SimAsks SimAsks;

SimAsks  *sim_asks_new         (SimOracle *oracle, SimClock *clock);
void      sim_asks_free        (SimAsks *self);
/* The server of this life; NULL: there is none. */
void      sim_asks_set_server  (SimAsks *self, RbIpcServer *server);
/* From now on nobody keeps the broker waiting. */
void      sim_asks_set_calm    (SimAsks *self);
guint     sim_asks_get_n       (SimAsks *self);      /* not answered */
/* Nobody waits longer than the broker promises. */
void      sim_asks_check_age   (SimAsks *self);
/* The process died, or the broker: nobody hears the answers. */
void      sim_asks_abandon     (SimAsks *self, const SimProcess *process);     /* NULL: of all */

void      sim_ask_register     (SimAsks *self, SimProcess *process, SimKind kind);
void      sim_ask_reattach     (SimAsks *self, SimProcess *process, const char *endpoint_id);
void      sim_ask_unregister   (SimAsks *self, SimProcess *process, const char *endpoint_id);
void      sim_ask_heartbeat    (SimAsks *self, SimProcess *process, const char *endpoint_id);
void      sim_ask_send         (SimAsks *self, SimProcess *process, const char *endpoint_id);
void      sim_ask_report       (SimAsks *self, SimProcess *process, SimJob *job, const char *state, gboolean is_retryable);
/* The @n-th request id of the job. */
void      sim_ask_reply        (SimAsks *self, SimProcess *process, SimJob *job, guint n, const char *text);
void      sim_ask_claim        (SimAsks *self, SimProcess *process, const SimEndpoint *endpoint, const char *message_id);
void      sim_ask_staged       (SimAsks *self, SimProcess *process, const SimEndpoint *endpoint, guint timeout_ms);
void      sim_ask_settle       (SimAsks *self, SimProcess *process, const SimEndpoint *endpoint, const char *message_id);
void      sim_ask_list         (SimAsks *self, SimProcess *process, const SimEndpoint *endpoint);
/* As the operator. */
void      sim_ask_dispatch     (SimAsks *self, const char *message_id, const char *endpoint_id);
void      sim_ask_explain      (SimAsks *self, const char *id);
void      sim_ask_retry        (SimAsks *self);
/* A person says what is to be done with messages, and what becomes of one that is held. */
void      sim_ask_set_rule     (SimAsks *self, const char *sender, const char *kind, const char *action);
void      sim_ask_remove_rule  (SimAsks *self, guint id);
void      sim_ask_apply_rule   (SimAsks *self, guint id);
void      sim_ask_admit        (SimAsks *self, const char *message_id, gboolean is_accepted, gboolean remember);
/* For an endpoint that is not its own: it must be refused, whatever it is. */
void      sim_ask_as_stranger  (SimAsks *self, SimProcess *process, const SimEndpoint *endpoint, const SimJob *job, SimRandom *random);
/* For its own, with a token that is not: likewise. */
void      sim_ask_with_wrong_token (SimAsks *self, SimProcess *process, const SimJob *job);
void      sim_ask_garbage      (SimAsks *self, SimProcess *process, SimRandom *random);

G_END_DECLS
