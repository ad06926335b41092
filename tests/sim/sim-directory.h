/* sim-directory.h: the network's directory, which knows to whom it gave what
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-upstream.h"

#include "sim-network.h"

G_BEGIN_DECLS

#define SIM_TYPE_DIRECTORY (sim_directory_get_type ())
G_DECLARE_FINAL_TYPE (SimDirectory, sim_directory, SIM, DIRECTORY, GObject)

typedef enum {
  SIM_ANSWER_OK,
  SIM_ANSWER_REFUSED,    /* for good */
  SIM_ANSWER_FAILED,     /* for now; nothing happened */
  SIM_ANSWER_LOST,       /* it happened, and the answer says that it failed */
} SimAnswer;

/* @network: borrowed; whose messages it hands out */
SimDirectory *sim_directory_new        (SimOracle *oracle, const SimPlan *plan, SimNetwork *network, SimRandom *random);
guint         sim_directory_get_n      (SimDirectory *self);     /* calls that wait */
void          sim_directory_answer     (SimDirectory *self, guint i, SimAnswer how);

/* Control events; it repeats one until it is acknowledged. */
void          sim_directory_order      (SimDirectory *self, const char *message_id, const char *endpoint_id);
void          sim_directory_spawn      (SimDirectory *self);
void          sim_directory_nudge      (SimDirectory *self);
void          sim_directory_unregister (SimDirectory *self, const char *endpoint_id);
void          sim_directory_repeat     (SimDirectory *self, gboolean all);     /* one that was not acknowledged, or all of them */

/* What the authority is told of an assignment (sim-listener.c). */
void          sim_directory_hear       (SimDirectory *self, RbEvent *event);

/* Whether what the event says can be: nobody is given what is over. */
gboolean      sim_directory_allows     (SimDirectory *self, RbEvent *event);

void          sim_directory_die        (SimDirectory *self);
void          sim_directory_revive     (SimDirectory *self);

G_END_DECLS
