/* sim-plan.c: what kind of world a seed makes: who takes part, which bounds hold, which faults happen
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-plan.h"

#include "sim-random.h"

#define STREAM 1
#define ARCHIVE_MS (6 * 3600000)    /* shorter than the time in which nothing happens at the end of a run */

static const char *const fault_names[] = {
  [SIM_FAULT_CRASH] = "crash",         [SIM_FAULT_POWER] = "power",     [SIM_FAULT_STOP] = "stop",
  [SIM_FAULT_DISK] = "disk",           [SIM_FAULT_FLAP] = "flap",       [SIM_FAULT_DUPLICATE] = "duplicate",
  [SIM_FAULT_REFUSE] = "refuse",       [SIM_FAULT_LOSE] = "lose",       [SIM_FAULT_HANG] = "hang",
  [SIM_FAULT_STALL] = "stall",         [SIM_FAULT_DEATH] = "death",     [SIM_FAULT_GARBAGE] = "garbage",
  [SIM_FAULT_FOREIGN] = "foreign",     [SIM_FAULT_CLOCK] = "clock",     [SIM_FAULT_LATE] = "late",
};
G_STATIC_ASSERT (G_N_ELEMENTS (fault_names) == SIM_N_FAULTS);

const char *
sim_fault_to_string (SimFault fault)
{
  return fault_names[fault];
}

/* Small bounds are reached, large ones let other things happen. */
static void
choose_bounds (RbCoreSettings *settings,
               SimRandom      *random)
{
  static const guint inbox_caps[] = { 3, 8, 256 };
  static const guint queue_caps[] = { 2, 6, 10000 };
  static const guint windows[] = { 2, 8, 256 };

  settings->inbox_cap = inbox_caps[sim_random_pick (random, 3)];
  settings->queue_cap = queue_caps[sim_random_pick (random, 3)];
  settings->window_messages = windows[sim_random_pick (random, 3)];
  settings->push_window_messages = windows[sim_random_pick (random, 3)];
  if (sim_random_chance (random, 10))
    settings->outbox_cap = 12;
  if (sim_random_chance (random, 20))
    settings->correlation_ring_cap = 2;
  if (sim_random_chance (random, 20))
    settings->staged_cap = 2;
  settings->archive.max_age_ms = sim_random_chance (random, 50) ? ARCHIVE_MS : 0;
  if (sim_random_chance (random, 30))
    settings->archive.max_entries = 10;
  if (sim_random_chance (random, 10))
    settings->acceptance_timeout = 0;
}

/* The local network alone, a directory without and with a way to take messages from it. */
static void
choose_network (SimPlan   *self,
                SimRandom *random)
{
  self->features = RB_UPSTREAM_LOCAL_INBOX;
  if (sim_random_chance (random, 25))
    return;

  self->has_authority = TRUE;
  if (sim_random_chance (random, 30))
    return;

  self->features = RB_UPSTREAM_HAS_CANDIDATES;
  if (sim_random_chance (random, 50))
    self->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  if (sim_random_chance (random, 50))
    self->features |= RB_UPSTREAM_HAS_CLOSED_LOOKUP;
  self->has_mailroom = sim_random_chance (random, 60);
}

static void
choose_policy (SimPlan   *self,
               SimRandom *random)
{
  static const guint caps[] = { 2, 8, 256 };

  self->has_policy = sim_random_chance (random, 50);
  if (!self->has_policy)
    return;
  self->settings.held_cap = caps[sim_random_pick (random, 3)];
  self->settings.loop_hops = sim_random_chance (random, 25) ? 3 : 0;
  self->settings.unknown_per_hour = sim_random_chance (random, 25) ? 3 : 0;
}

void
sim_plan_init (SimPlan *self,
               guint64  seed)
{
  SimRandom random;

  sim_random_seed (&random, seed, STREAM);
  *self = (SimPlan) { 0 };
  self->n_processes = 2 + sim_random_pick (&random, SIM_MAX_PROCESSES - 1);
  self->eagerness = sim_random_pick (&random, 10) * 10;
  for (guint i = 0; i < SIM_N_FAULTS; i++)
    self->faults[i] = sim_random_chance (&random, 50);
  self->n_correlations = 1 + sim_random_pick (&random, 4);
  rb_core_settings_init (&self->settings);
  choose_bounds (&self->settings, &random);
  choose_network (self, &random);
  choose_policy (self, &random);
  self->settings.spawn_approval = sim_random_chance (&random, 50) ? RB_POLICY_ALLOW : RB_POLICY_ASK;
}

char *
sim_plan_to_string (const SimPlan *self)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%u processes, eagerness %u, inbox %u, queue %u, push window %u%s%s%s%s%s%s%s; faults:", self->n_processes,
                          self->eagerness, self->settings.inbox_cap, self->settings.queue_cap, self->settings.push_window_messages,
                          self->has_authority ? ", authority" : "",
                          (self->features & RB_UPSTREAM_HAS_CANDIDATES) != 0 ? ", directory" : "",
                          (self->features & RB_UPSTREAM_HAS_ROUTE_CLAIM) != 0 ? ", route claims" : "",
                          (self->features & RB_UPSTREAM_HAS_CLOSED_LOOKUP) != 0 ? ", closed look-up" : "",
                          self->has_mailroom ? ", mailroom" : "", self->has_policy ? ", policy" : "",
                          self->settings.spawn_approval == RB_POLICY_ASK ? ", spawns ask" : "");
  for (guint i = 0; i < SIM_N_FAULTS; i++)
    if (self->faults[i])
      g_string_append_printf (text, " %s", fault_names[i]);
  return g_string_free (text, FALSE);
}
