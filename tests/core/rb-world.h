/* rb-world.h: a network, two adapters and a broker that may die at any commit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-fixture.h"

G_BEGIN_DECLS

/* What must be true is known here independently of the core: what the network handed over and was told to forget, what each adapter was
 * answered, what it did. Every operation does nothing once the process died; rb_world_recover() starts another, brings the adapters back
 * with the ids they had, and then whatever was interrupted is asked for again, as clients do. */

typedef enum {
  RB_DEATH_CRASH,    /* the process dies; what was committed stays */
  RB_DEATH_POWER,    /* the machine dies; lazy commits since the last durable one are gone */
  RB_DEATH_STOP,     /* the process stops in order */
} RbDeath;

typedef struct {
  RbDeath     death;
  guint       at;               /* which commit; 0: lives to the end */
  gboolean    keeps_last;       /* that commit is on the disk, and nobody has heard of it; otherwise it is not */
  gboolean    redelivers_all;   /* the network repeats also what it was told to forget */
  const char *authority;        /* "authority" or NULL */
  gboolean    is_ordered;       /* the upstream orders what is dispatched */
  gboolean    is_tolerant;      /* adapters do what makes no sense, and are refused */
} RbWorldPlan;

typedef struct {
  char     *message_id;
  char     *assignment_id;
  gboolean  is_accepted;   /* the broker said so */
  gboolean  is_replied;
  gboolean  is_over;       /* the broker said that it is not ours */
  gint64    sequence;      /* of the last report */
  char     *wire_id;
} RbJob;

typedef struct {
  gint64         pid;
  const char    *session;
  RbFixtureKind  kind;
  RbFakeChannel *channel;        /* NULL: not attached, and does not want to be */
  guint          n_read;         /* pushes of the channel */
  char          *endpoint_id;    /* NULL: none that it knows of */
  char          *token;
  gboolean       is_leaving;
  GPtrArray     *jobs;           /* of RbJob */
  GHashTable    *seen;           /* ids of direct messages */
  char          *correlation_id; /* of what it sent last */
} RbAdapter;

typedef struct {
  RbCoreFixture fixture;
  RbWorldPlan   plan;
  RbWorldPlan   next;            /* how the process after the next death dies; at 0: it does not */
  gboolean      is_dead;
  guint         n_deaths;
  guint         n_sent, n_accepted, n_events, n_pushes, n_acks;   /* when it died */
  RbAdapter     worker;
  RbAdapter     asker;
  GPtrArray    *inbound;         /* of RbInbound */
  GHashTable   *orders;          /* message id to RbWorldOrder: the newest */
  GHashTable   *effects;         /* message id to how often an adapter acted on it */
  GAsyncResult *result;          /* of a call that may never be answered */
} RbWorld;

typedef struct {
  gint64    seq;
  char     *id;
  char     *metadata;
  gboolean  is_accepted;         /* the network forgot it */
} RbInbound;

RbWorld  *rb_world_new        (const RbWorldPlan *plan);
void      rb_world_free       (RbWorld *self);    /* checks that nothing is left of the core */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbWorld, rb_world_free)

/* The process is dead: another one starts, and everybody comes back to it. */
void      rb_world_recover    (RbWorld *self);
/* After an operation: whether the process died, by a crash in it or because a stop was planned for about now. */
gboolean  rb_world_check_dead (RbWorld *self);

/* The process that lives now dies like this. */
void      rb_world_plan_death (RbWorld *self, const RbWorldPlan *plan);

/* The network hands over a message, unless it did already. @metadata: (nullable) JSON */
void      rb_world_deliver    (RbWorld *self, gint64 seq, const char *id, const char *metadata);
void      rb_world_dispatch   (RbWorld *self, const char *id, RbAdapter *adapter);
void      rb_world_wait       (RbWorld *self, gint64 ms);

/* The upstream (rb-world-orders.c). It sends an order again until it is answered, and another one when somebody asks for that. */
GHashTable *rb_world_orders_new (void);
void      rb_world_order      (RbWorld *self, const char *id, const char *endpoint_id);
void      rb_world_reorder    (RbWorld *self);    /* all that were not answered */
void      rb_world_check_orders (RbWorld *self);  /* each was answered */

/* Attached, with an endpoint. Registers when it has none. */
void      rb_adapter_join     (RbWorld *self, RbAdapter *adapter);
/* Comes back to the endpoint it had. */
void      rb_adapter_return   (RbWorld *self, RbAdapter *adapter);
void      rb_adapter_drop     (RbWorld *self, RbAdapter *adapter);    /* the channel breaks */
void      rb_adapter_leave    (RbWorld *self, RbAdapter *adapter);    /* unregisters */
void      rb_adapter_forget   (RbAdapter *adapter);                   /* which endpoint it had */
void      rb_adapter_read     (RbWorld *self, RbAdapter *adapter);    /* takes every push and acknowledges it */
void      rb_adapter_accept   (RbWorld *self, RbAdapter *adapter, const char *id);
void      rb_adapter_fail     (RbWorld *self, RbAdapter *adapter, const char *id);
void      rb_adapter_report   (RbWorld *self, RbAdapter *adapter, RbJob *job, const char *state);
void      rb_adapter_note_accepted (RbWorld *self, RbJob *job);       /* the broker said so */
void      rb_adapter_reply    (RbWorld *self, RbAdapter *adapter, const char *id);
void      rb_adapter_send     (RbWorld *self, RbAdapter *adapter);

/* The oracle (rb-world-oracle.c): the disk is whole and holds every promise that was given; of a living process, that its memory says the
 * same. */
void      rb_world_check_disk  (RbWorld *self);
void      rb_world_check_live  (RbWorld *self);
/* Over everything that left: one wire id for each reply, sequences that increase, no message acted on twice. */
void      rb_world_check_traffic (RbWorld *self);

/* The oracle of the outbox (rb-world-outbox.c): nothing is told before its commit, or out of the order of its subject... */
void      rb_world_watch_outbox (RbWorld *self);
/* ...and all that was committed was told. */
void      rb_world_check_outbox (RbWorld *self);

/* Everybody goes and time passes: what has not ended is in the inbox, where somebody can see it, and nothing waits any more. */
void      rb_world_check_nothing_stuck (RbWorld *self);

G_END_DECLS
