/* sim-world.h: a broker among simulated everything, which lives and dies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"
#include "rb-ipc-server.h"

#include "sim-asks.h"
#include "sim-directory.h"
#include "sim-listener.h"
#include "sim-starter.h"

G_BEGIN_DECLS

typedef enum {
  SIM_DEATH_CRASH,     /* the process dies */
  SIM_DEATH_POWER,     /* the machine dies */
  SIM_DEATH_STOP,      /* the process stops in order */
} SimDeath;

/* The real core and server, behind the real guards; the rest is simulated. */
typedef struct {
  guint64           seed;
  SimPlan           plan;
  SimRandom         random;          /* of the step */
  SimRandom         core_random;     /* the broker's own */
  SimOracle        *oracle;
  SimClock         *clock;
  SimStore         *store;
  SimNetwork       *network;
  SimDirectory     *directory;
  SimListener      *journal;
  SimListener      *authority;       /* NULL: the plan has none */
  SimStarter       *starter;
  RbFakeProcesses  *alive;
  SimProcess       *processes[SIM_MAX_PROCESSES];
  SimAsks          *asks;

  /* Of this life. */
  RbGuard          *guards[5];       /* connector, upstream, starter, journal, authority */
  RbCore           *core;
  guint             n_answers;       /* of the person who is asked about spawns */
  RbIpcServer      *server;
  guint             n_watched;       /* processes, by those who died without a word */
} SimWorld;

SimWorld *sim_world_new     (guint64 seed, gboolean is_traced);
void      sim_world_free    (SimWorld *self);      /* nothing of it is left, or the test fails */
/* It dies, and another process starts over the same disk. @n_kept: of a power loss, how many of the transactions that were not synced
 * are there all the same. */
void      sim_world_die     (SimWorld *self, SimDeath death, guint n_kept);
/* The disk writes, tells, and everybody answers as they like to. */
void      sim_world_catch_up (SimWorld *self);
/* Faults end, everybody is heard, then everybody goes and time passes: nothing is stuck. */
void      sim_world_calm    (SimWorld *self);

G_END_DECLS
