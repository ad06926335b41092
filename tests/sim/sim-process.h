/* sim-process.h: an adapter's process: what it has, what it was given, what it asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-fake-adapter.h"
#include "rb-ipc-request.h"

#include "sim-oracle.h"

G_BEGIN_DECLS

#define SIM_TYPE_LINE (sim_line_get_type ())
G_DECLARE_FINAL_TYPE (SimLine, sim_line, SIM, LINE, GObject)    /* its channel */

typedef struct _SimProcess SimProcess;

typedef enum {
  SIM_KIND_PLAIN,         /* takes direct messages */
  SIM_KIND_BACKGROUND,    /* takes assignments */
  SIM_KIND_HYBRID,
  SIM_N_KINDS,
} SimKind;

typedef struct {
  char    *id;
  char    *token;
  SimKind  kind;
} SimEndpoint;

/* An assignment that it knows of. */
typedef struct {
  char     *message_id;
  char     *assignment_id;
  char     *endpoint_id;
  gint64    sequence;      /* of its last report */
  gboolean  is_accepted;   /* the broker said so */
  gboolean  is_over;       /* the broker said that it is not ours, or we ended it */
  guint     n_replies;     /* request ids that it used */
} SimJob;

typedef struct {
  char *push_id;           /* NULL: the channel has no receipts */
  char *endpoint_id;
  char *message_id;
  char *assignment_id;     /* NULL: a direct message */
} SimPush;

struct _SimProcess {
  guint        number;
  gint64       pid;
  char        *session;
  gboolean     is_alive;
  gboolean     has_receipts;
  gboolean     is_legacy;
  SimLine     *line;           /* NULL: not attached */
  char        *spawn_token;    /* it was started for this */
  GPtrArray   *endpoints;      /* of SimEndpoint */
  GPtrArray   *jobs;           /* of SimJob */
  GPtrArray   *unread;         /* of SimPush */
  GPtrArray   *read;           /* of SimPush, whose receipts it owes, or repeats */
  SimOracle   *oracle;
};

SimProcess  *sim_process_new       (SimOracle *oracle, guint number);
void         sim_process_free      (SimProcess *self);
/* Another process with another pid, and perhaps the session of the one before. */
void         sim_process_renew     (SimProcess *self, SimRandom *random);
/* All that a process knows is lost with it. */
void         sim_process_forget    (SimProcess *self);
void         sim_process_attach    (SimProcess *self, RbCore *core);
void         sim_process_detach    (SimProcess *self, RbCore *core);
/* Its channel ended with the broker. */
void         sim_process_lose_line (SimProcess *self);
/* Reads the oldest push. FALSE: there is none. */
gboolean     sim_process_read      (SimProcess *self);
void         sim_process_receipt   (SimProcess *self, RbCore *core, guint i);
SimEndpoint *sim_process_add       (SimProcess *self, const char *id, const char *token, SimKind kind);
void         sim_process_remove    (SimProcess *self, const char *endpoint_id);
SimJob      *sim_process_add_job   (SimProcess *self, const char *message_id, const char *assignment_id, const char *endpoint_id);
SimJob      *sim_process_find_job  (SimProcess *self, const char *assignment_id);
SimEndpoint *sim_process_find      (SimProcess *self, const char *endpoint_id);

G_END_DECLS
