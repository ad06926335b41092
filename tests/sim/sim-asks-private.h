/* sim-asks-private.h: a request of an adapter until it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-asks.h"

G_BEGIN_DECLS

typedef enum {
  SIM_ASK_REGISTER, SIM_ASK_REATTACH, SIM_ASK_UNREGISTER, SIM_ASK_SEND, SIM_ASK_REPORT, SIM_ASK_REPLY, SIM_ASK_CLAIM, SIM_ASK_STAGED,
  SIM_ASK_SETTLE, SIM_ASK_LIST, SIM_ASK_DISPATCH, SIM_ASK_EXPLAIN, SIM_ASK_STRANGE, SIM_ASK_OTHER,
} SimAskKind;

typedef struct {
  SimAsks      *asks;
  SimAskKind       kind;
  SimProcess   *process;       /* NULL: the operator */
  RbIpcRequest *request;
  gboolean      is_answered;
  gint64        since_ms;
  char         *what;          /* for the trace */
  char         *endpoint_id;
  char         *message_id;
  char         *assignment_id;
  char         *text;          /* state of a report, content of a reply or of what is sent */
  char         *request_id;
  SimKind       endpoint_kind;
  gboolean      was_there;     /* the stranger's endpoint */
  GList         link;
} SimAsk;

struct _SimAsks {
  SimOracle   *oracle;
  SimClock    *clock;
  RbIpcServer *server;
  GQueue       waiting;        /* of SimAsk, oldest first */
  guint        n_sends;
  gboolean     is_calm;        /* whoever the broker asks answers at once */
};

/* What its adapter makes of the answer (sim-answers.c). */
void  sim_ask_granted  (const SimAsk *ask, GBytes *body);
void  sim_ask_refused  (const SimAsk *ask, guint status, GBytes *body);

G_END_DECLS
