/* sim-plan.h: what kind of world a seed makes: who takes part, which bounds hold, which faults happen
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* Each seed has some faults and not others, and bounds of its own: what happens only where something else never happens would not be
 * found if every run had everything in it. */
typedef enum {
  SIM_FAULT_CRASH,          /* the process dies */
  SIM_FAULT_POWER,          /* the machine dies */
  SIM_FAULT_STOP,           /* the process stops in order */
  SIM_FAULT_DISK,           /* full for a while */
  SIM_FAULT_FLAP,           /* the link to the network breaks and comes back */
  SIM_FAULT_DUPLICATE,      /* what was accepted comes again, under its number or another */
  SIM_FAULT_REFUSE,         /* the network and its directory say no */
  SIM_FAULT_LOSE,           /* what they did they do not tell, or say that they failed */
  SIM_FAULT_HANG,           /* they do not answer before the deadline */
  SIM_FAULT_STALL,          /* adapters do not read or acknowledge */
  SIM_FAULT_DEATH,          /* adapters die, and others come with another pid, or with the same */
  SIM_FAULT_GARBAGE,        /* adapters send what makes no sense */
  SIM_FAULT_FOREIGN,        /* adapters act for endpoints, and on messages, that are not theirs */
  SIM_FAULT_CLOCK,          /* the wall clock jumps, the machine sleeps */
  SIM_FAULT_LATE,           /* hours pass */
  SIM_N_FAULTS,
} SimFault;

#define SIM_MAX_PROCESSES 4
#define SIM_CALL_TIMEOUT_MS 30000    /* of calls to modules */

typedef struct {
  guint              n_processes;
  guint              eagerness;          /* percent of the steps after which everybody answers and the disk writes */
  gboolean           faults[SIM_N_FAULTS];
  gboolean           has_authority;
  gboolean           has_mailroom;       /* the upstream gives messages in advance */
  RbUpstreamFeatures features;
  guint              n_correlations;
  gboolean           has_policy;         /* a person makes rules, and says what becomes of what is held */
  RbCoreSettings     settings;
} SimPlan;

void        sim_plan_init       (SimPlan *self, guint64 seed);
const char *sim_fault_to_string (SimFault fault);
char       *sim_plan_to_string  (const SimPlan *self);

G_END_DECLS
