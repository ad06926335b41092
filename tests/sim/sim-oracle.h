/* sim-oracle.h: what must be true, known independently of the core
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channel.h"
#include "rb-event.h"
#include "rb-tables.h"

#include "sim-clock.h"
#include "sim-plan.h"
#include "sim-random.h"
#include "sim-store.h"

G_BEGIN_DECLS

/* It sees the rows that the disk holds and all that leaves the process, and nothing of the core. Numbers of invariants are those of the
 * design: 1 one place, 2 nothing before its commit, 3 one wire id, 4 order, 5 sequences, 6 answered once, 7 bounds, 8 owners, 9 stops; 10 is
 * the table of transitions (tests/model). */

typedef struct _SimOracle SimOracle;

SimOracle *sim_oracle_new          (const SimPlan *plan, guint64 seed);
void       sim_oracle_free         (SimOracle *self);
/* Both borrowed. */
void       sim_oracle_look_at      (SimOracle *self, SimStore *store, SimClock *clock);
void       sim_oracle_set_step     (SimOracle *self, guint step);
void       sim_oracle_set_dead     (SimOracle *self, gboolean is_dead);   /* what the remains do reaches nobody */
gboolean   sim_oracle_is_dead      (SimOracle *self);
gint64     sim_oracle_get_ms       (SimOracle *self);     /* since the begin of the simulation */
/* Another process: what the last one had in its memory is gone. */
void       sim_oracle_new_life     (SimOracle *self);

/* Of all oracles: the other invariants have to find alone what the table of transitions would find too. */
void       sim_oracle_leave_out_table (void);
/* Ends the process: the run is over. */
void       sim_oracle_fail         (SimOracle *self, guint invariant, const char *format, ...) G_GNUC_PRINTF (3, 4) G_GNUC_NORETURN;
#define sim_check(oracle, invariant, condition, ...)              \
  G_STMT_START {                                                  \
    if (G_UNLIKELY (!(condition)))                                \
      sim_oracle_fail ((oracle), (invariant), __VA_ARGS__);       \
  } G_STMT_END

/* A trace of what happens, for people; costs nothing unless it is wanted. */
void       sim_oracle_set_traced   (SimOracle *self, gboolean is_traced);
gboolean   sim_oracle_is_traced    (SimOracle *self);
void       sim_oracle_trace        (SimOracle *self, const char *who, const char *format, ...) G_GNUC_PRINTF (3, 4);
#define sim_trace(oracle, who, ...)                               \
  G_STMT_START {                                                  \
    if (sim_oracle_is_traced (oracle))                            \
      sim_oracle_trace ((oracle), (who), __VA_ARGS__);            \
  } G_STMT_END

/* The disk (sim-oracle-disk.c). */
extern const SimStoreWatch sim_oracle_disk;

/* The network (sim-oracle-traffic.c). */
void       sim_oracle_posted       (SimOracle *self, const char *id, const char *endpoint_id, const char *correlation_id);
void       sim_oracle_delivering   (SimOracle *self, const char *id);
void       sim_oracle_accepted     (SimOracle *self, const char *id, gboolean was_delivered);
void       sim_oracle_released     (SimOracle *self, const char *id, gboolean was_delivered);
void       sim_oracle_sending      (SimOracle *self, RbEnvelope *envelope);
void       sim_oracle_sent         (SimOracle *self, RbEnvelope *envelope);     /* the network has it */
void       sim_oracle_pushed       (SimOracle *self, gint64 pid, const RbPush *push);
void       sim_oracle_told         (SimOracle *self, RbEvent *event, gboolean is_authority);
void       sim_oracle_ordered      (SimOracle *self, const char *key);
void       sim_oracle_acknowledged (SimOracle *self, const char *key, const char *status);

/* What adapters were answered; all of it was granted (sim-oracle-answers.c). */
void       sim_oracle_registered   (SimOracle *self, gint64 pid, const char *endpoint_id, const char *token);
void       sim_oracle_unregistered (SimOracle *self, const char *endpoint_id);
void       sim_oracle_claimed      (SimOracle *self, gint64 pid, const char *endpoint_id, const char *message_id, const char *assignment_id);
void       sim_oracle_reported     (SimOracle *self, const char *message_id, const char *assignment_id, const char *state);
void       sim_oracle_replied      (SimOracle *self, const char *message_id, const char *assignment_id, const char *request_id,
                                    const char *wire_id, const char *content);
void       sim_oracle_has_sent     (SimOracle *self, const char *endpoint_id, const char *content, const char *wire_id);
/* It is there, and nothing is on its way that would change that. */
gboolean   sim_oracle_has_endpoint (SimOracle *self, const char *endpoint_id);
void       sim_oracle_settled      (SimOracle *self, const char *message_id);

/* The directory is asked to settle it: is it here, to end with that? */
gboolean   sim_oracle_settling     (SimOracle *self, const char *message_id);
/* It did so for that endpoint, whoever hears of it; or it said to another one that asked that it knows of no such message. None waits in the
 * inbox in the end, unless all of those are gone. */
void       sim_oracle_settlement   (SimOracle *self, const char *message_id, const char *endpoint_id);
void       sim_oracle_settled_before (SimOracle *self, const char *message_id, const char *endpoint_id);
void       sim_oracle_check_settled (SimOracle *self);

/* What was to happen by then has happened; no clock may have been set for some minutes (sim-oracle-promises.c). */
void       sim_oracle_check_deadlines (SimOracle *self);
/* Somebody asked for old events to be told after all. */
void       sim_oracle_retried      (SimOracle *self);
/* When everybody has gone and nothing is on its way. */
void       sim_oracle_check_rest   (SimOracle *self);
gboolean   sim_oracle_is_accepted  (SimOracle *self, const char *id);
/* "queue", "inbox", "held", "assignment", "ended"; NULL: nothing is known of it */
const char *sim_oracle_get_place   (SimOracle *self, const char *id);
guint      sim_oracle_count_places (SimOracle *self, const char *place);
guint      sim_oracle_get_n_unacknowledged (SimOracle *self);
/* Anything seen becomes part of the hash. */
void       sim_oracle_note         (SimOracle *self, const char *text);
guint64    sim_oracle_get_hash     (SimOracle *self);    /* of everything that was seen: two runs of a seed have the same */
/* What happened at all, so that a run which does nothing is noticed. */
typedef struct {
  guint64 steps, messages, accepted, pushed, claimed, replies, sends, events, orders, registered, crashes, power_losses, stops,
          refusals, requests, transactions;
} SimCounts;
SimCounts *sim_oracle_get_counts   (SimOracle *self);

G_END_DECLS
