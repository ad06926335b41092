/* sim-oracle-private.h: what the files of the oracle share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-transitions.h"

#include "sim-oracle.h"

G_BEGIN_DECLS

typedef enum { SIM_PLACE_NONE, SIM_PLACE_QUEUE, SIM_PLACE_INBOX, SIM_PLACE_HELD, SIM_PLACE_ASSIGNMENT, SIM_PLACE_ENDED, SIM_N_PLACES } SimPlace;

typedef struct {
  char     *id;
  guint     number;           /* by when it was posted; 0: the network never had it as mail of ours */
  char     *lane;             /* whom it is for and its conversation, NULL: neither */
  char     *correlation;      /* NULL: none */
  gboolean  is_accepted;      /* the network forgot it */

  /* The disk. */
  SimPlace  place;
  char     *endpoint_id;      /* where it is queued */
  gboolean  is_in_line;       /* held only because something before it is */
  gboolean  has_reason;
  gboolean  has_content;
  guint     n_assignments;    /* rows that have it */
  char     *assignment_id;    /* of the newest such row */
  gboolean  is_touched;
  gboolean  is_pruned;        /* it ended, and was told long enough */
  gboolean  is_over;          /* an adapter was answered that it is settled, and it had ended */

  /* This life of the process. */
  gint64    delivered_at;     /* number of its first delivery; 0: none */
  gint64    refused_ms;       /* when it was refused first; 0: never */
  gboolean  was_given_up;     /* in any life: what came after it was taken before it */
  guint     queued_in;        /* the life in which it came into its queue */
  gint64    pushed_at;        /* number of its first direct push, ever; 0: none */
  char     *pushed_to;        /* the endpoint of that */

  GPtrArray *settlers;        /* of endpoint ids: who asked to settle it while it was here, and was heard or told that it is over; NULL: nobody */
} SimMessage;

typedef struct {
  char   *id;
  char   *message_id;
  char   *endpoint_id;
  char   *state;              /* of its row, NULL: there is none */
  gint64  sequence;           /* the highest that the authority was told */
  guint   generation;         /* given again under the same id, it begins anew */
  gboolean was_accepted;      /* its adapter was answered so */
} SimAssignment;

typedef struct {
  char   *id;
  gint64  pid;
  guint   n_queued;
  gboolean is_told_closed;    /* the authority was, by this process */
} SimHolder;

struct _SimOracle {
  const SimPlan *plan;
  guint64        seed;
  guint          step;
  SimStore      *store;
  SimClock      *clock;
  gboolean       is_dead;
  guint          n_lives;
  gboolean       is_traced;
  guint64        hash;

  GHashTable    *messages;     /* id to SimMessage */
  GHashTable    *lanes;        /* lane to GPtrArray of SimMessage, as posted */
  GHashTable    *assignments;  /* id to SimAssignment */
  GHashTable    *holders;      /* endpoint id to SimHolder, of rows */
  GHashTable    *wire_ids;     /* reply content to wire id */
  GHashTable    *wires;        /* content of what the network took to how often */
  GHashTable    *events;       /* "assignment sequence" to event id */
  GHashTable    *orders;       /* key to itself, not acknowledged */
  RbTransitionsWatch *transitions;
  gboolean       is_committing;
  GPtrArray     *touched;      /* of SimMessage, since the last commit */
  guint          n_in[SIM_N_PLACES];
  gint64         n_deliveries;
  gint64         n_pushes;
  gboolean       has_retried;  /* the operator, what the authority had refused */
  SimCounts      counts;
};

void           sim_oracle_on_problem (const char *text, gpointer self);        /* of the table of transitions */
SimMessage    *sim_oracle_message    (SimOracle *self, const char *id);        /* makes it */
SimAssignment *sim_oracle_assignment (SimOracle *self, const char *id);        /* likewise */
/* It was refused so long ago that nobody waits for it any more before what came after it. */
gboolean       sim_oracle_was_given_up (SimOracle *self, const SimMessage *message);
/* It was over, and is given again under the same id. */
void           sim_oracle_regrant    (SimAssignment *assignment);
/* A text column of @row; NULL when it is nothing. */
const char    *sim_row_text          (GVariant *row, guint column);
const char    *sim_place_to_string   (SimPlace place);

/* sim-oracle-promises.c */
void           sim_oracle_check_told    (SimOracle *self, RbEvent *event);
void           sim_oracle_forget_told   (SimOracle *self);     /* another process begins anew */
void           sim_oracle_check_applied (SimOracle *self, const char *key, const char *status);

G_END_DECLS
