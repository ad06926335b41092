/* rb-sim-call.h: one request on its way through the faults to its answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-api.h"
#include "rb-sim-events.h"
#include "rb-sim-faults.h"
#include "rb-sim-gateway.h"

G_BEGIN_DECLS

/* What a call needs of the simulation; all borrowed, and longer-lived than the calls. */
typedef struct {
  const char   *token;
  RbSimRecord  *record;
  RbSimFaults  *faults;
  RbSimApi     *api;
  RbSimEvents  *events;
  RbSimGateway *gateway;
  GPtrArray    *calls;          /* of RbSimCall: those that wait, or hold their connection; owned by this list */
} RbSimParts;

typedef struct _RbSimCall RbSimCall;

/* From the handler of a SoupServer: records it, answers it now or puts it into the list of calls. */
void rb_sim_call_start (RbSimParts        *parts,
                        SoupServerMessage *message,
                        const char        *path);
/* Lets go of a call that waits: its client never gets an answer. */
void rb_sim_call_free  (RbSimCall         *self);

G_END_DECLS
