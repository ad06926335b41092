/* sim-world.c: a broker among simulated everything, which lives and dies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-world.h"

#include "rb-channels.h"
#include "rb-spawn-operator.h"

#define STREAM_CORE 2
#define STREAM_END 3
#define DAY_MS G_GINT64_CONSTANT (86400000)

enum { GUARD_CONNECTOR, GUARD_UPSTREAM, GUARD_STARTER, GUARD_JOURNAL, GUARD_AUTHORITY };

static const RbModuleInfo infos[] = {
  [GUARD_CONNECTOR] = { RB_MODULE_ABI, sizeof (RbModuleInfo), "network", "1", "simulated", RB_MODULE_CONNECTOR, NULL, sim_network_get_type },
  [GUARD_UPSTREAM] = { RB_MODULE_ABI, sizeof (RbModuleInfo), "directory", "1", "simulated", RB_MODULE_UPSTREAM, NULL,
                       sim_directory_get_type },
  [GUARD_STARTER] = { RB_MODULE_ABI, sizeof (RbModuleInfo), "starter", "1", "simulated", RB_MODULE_SPAWN_DRIVER, NULL,
                      sim_starter_get_type },
  [GUARD_JOURNAL] = { RB_MODULE_ABI, sizeof (RbModuleInfo), "journal", "1", "simulated", RB_MODULE_EMITTER, NULL, sim_listener_get_type },
  [GUARD_AUTHORITY] = { RB_MODULE_ABI, sizeof (RbModuleInfo), "authority", "1", "simulated", RB_MODULE_EMITTER, NULL,
                        sim_listener_get_type },
};

/* A reference that is left is a task, a commit or a call that was forgotten. */
static void
let_go (SimWorld   *self,
        gpointer    object,
        const char *what)
{
  gpointer weak = object;

  g_object_add_weak_pointer (object, &weak);
  g_object_unref (object);
  sim_check (self->oracle, 6, weak == NULL, "somebody still holds the %s", what);
}

static void
start_guards (SimWorld *self)
{
  gpointer modules[] = { self->network, self->directory, self->starter, self->journal, self->authority };

  for (guint i = 0; i < G_N_ELEMENTS (modules); i++)
    {
      if (modules[i] == NULL)
        continue;
      self->guards[i] = rb_guard_new (&infos[i], RB_MODULE (modules[i]), RB_CLOCK (self->clock), SIM_CALL_TIMEOUT_MS);
      rb_module_start_async (RB_MODULE (self->guards[i]), NULL, NULL, NULL);
    }
  sim_settle ();
}

static void
stop_guards (SimWorld *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->guards); i++)
    if (self->guards[i] != NULL)
      rb_module_stop_async (RB_MODULE (self->guards[i]), NULL, NULL, NULL);
  sim_settle ();
}

static void
drop_guards (SimWorld *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->guards); i++)
    if (self->guards[i] != NULL)
      let_go (self, g_steal_pointer (&self->guards[i]), infos[i].name);
}

static void
start_core (SimWorld *self)
{
  g_autoptr(GPtrArray) emitters = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;
  RbCorePorts ports = {
    .clock = RB_CLOCK (self->clock),
    .store = RB_STORE (self->store),
    .connector = RB_CONNECTOR (self->guards[GUARD_CONNECTOR]),
    .upstream = RB_UPSTREAM (self->guards[GUARD_UPSTREAM]),
    .emitters = emitters,
    .spawn_drivers = drivers,
    .processes = RB_PROCESSES (self->alive),
    .random = sim_random_fill,
    .random_data = &self->core_random,
  };
  RbIpcOptions options = { .bearer_token = "T", .server_version = "1", .product_version = "1", .ping_interval_ms = -1 };

  g_ptr_array_add (drivers, g_object_ref (self->guards[GUARD_STARTER]));
  g_ptr_array_add (emitters, g_object_ref (self->guards[GUARD_JOURNAL]));
  if (self->guards[GUARD_AUTHORITY] != NULL)
    g_ptr_array_add (emitters, g_object_ref (self->guards[GUARD_AUTHORITY]));
  self->core = rb_core_new (&ports, &self->plan.settings);
  if (!rb_core_load (self->core, &error))
    sim_oracle_fail (self->oracle, 9, "the next process cannot read what the last one left: %s", error->message);
  self->server = rb_ipc_server_new (self->core, RB_CLOCK (self->clock), &options);
  sim_asks_set_server (self->asks, self->server);
  rb_core_start (self->core);
  sim_settle ();
}

static void
start (SimWorld *self)
{
  self->n_watched = rb_fake_processes_get_n_watched (self->alive);
  start_guards (self);
  start_core (self);
  sim_network_connect (self->network);
  sim_directory_repeat (self->directory, TRUE);
  sim_settle ();
}

SimWorld *
sim_world_new (guint64  seed,
               gboolean is_traced)
{
  SimWorld *self = g_new0 (SimWorld, 1);

  self->seed = seed;
  sim_plan_init (&self->plan, seed);
  sim_random_seed (&self->core_random, seed, STREAM_CORE);
  sim_random_seed (&self->random, seed, 0);
  self->oracle = sim_oracle_new (&self->plan, seed);
  sim_oracle_set_traced (self->oracle, is_traced);
  self->clock = sim_clock_new ();
  self->store = sim_store_new (&sim_oracle_disk, self->oracle);
  sim_oracle_look_at (self->oracle, self->store, self->clock);
  self->network = sim_network_new (self->oracle);
  self->directory = sim_directory_new (self->oracle, &self->plan, self->network, &self->random);
  self->journal = sim_listener_new (self->oracle, NULL, FALSE);
  if (self->plan.has_authority)
    self->authority = sim_listener_new (self->oracle, self->directory, TRUE);
  self->starter = sim_starter_new (self->oracle);
  self->alive = rb_fake_processes_new ();
  self->asks = sim_asks_new (self->oracle, self->clock);
  for (guint i = 0; i < self->plan.n_processes; i++)
    self->processes[i] = sim_process_new (self->oracle, i);
  start (self);
  return self;
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_core_stop_finish (RB_CORE (source), result);
  *(gboolean *) user_data = TRUE;
}

/* Whoever the broker still waits for answers, in time or not at all; it must come to an end. */
static void
stop_core (SimWorld   *self,
           const char *reason)
{
  gboolean is_stopped = FALSE;

  rb_core_stop_async (self->core, reason, on_stopped, &is_stopped);
  sim_settle ();
  for (guint i = 0; i < 200 && !is_stopped; i++)
    {
      if (sim_random_chance (&self->random, 70))
        sim_world_catch_up (self);
      sim_clock_advance (self->clock, 1000);
    }
  sim_check (self->oracle, 9, is_stopped, "it does not stop");
}

static void
drop_core (SimWorld *self)
{
  sim_settle ();
  sim_asks_set_server (self->asks, NULL);
  let_go (self, g_steal_pointer (&self->server), "server");
  let_go (self, g_steal_pointer (&self->core), "core");
  drop_guards (self);
  sim_check (self->oracle, 9, rb_clock_get_n_timers (RB_CLOCK (self->clock)) == 0, "%u timers outlive their process",
             rb_clock_get_n_timers (RB_CLOCK (self->clock)));
}

static void
lose_lines (SimWorld *self)
{
  for (guint i = 0; i < self->plan.n_processes; i++)
    sim_process_detach (self->processes[i], self->core);
}

/* It does as the daemon: no new requests, the core comes to rest, the server closes, the modules stop. */
static void
stop_in_order (SimWorld *self)
{
  rb_ipc_server_drain (self->server);
  stop_core (self, "signal:SIGTERM");
  rb_ipc_server_close (self->server);
  sim_settle ();
  sim_check (self->oracle, 6, sim_asks_get_n (self->asks) == 0, "%u requests are not answered by a broker that stops",
             sim_asks_get_n (self->asks));
  lose_lines (self);
  sim_network_disconnect (self->network);
  stop_guards (self);
  /* The store is closed last; what cannot be written then was promised to nobody. */
  sim_store_write (self->store, G_MAXUINT);
  sim_store_tell (self->store, G_MAXUINT);
  sim_oracle_set_dead (self->oracle, TRUE);
  sim_store_die (self->store);
}

/* What the remains do reaches nobody; they are let go of so that their memory can be told from what leaks. */
static void
end_at_once (SimWorld *self)
{
  sim_oracle_set_dead (self->oracle, TRUE);
  sim_asks_abandon (self->asks, NULL);
  sim_store_die (self->store);
  sim_network_die (self->network);
  sim_directory_die (self->directory);
  sim_listener_die (self->journal);
  if (self->authority != NULL)
    sim_listener_die (self->authority);
  sim_starter_die (self->starter);
  sim_settle ();
  stop_core (self, "crash");
  rb_ipc_server_close (self->server);
  lose_lines (self);
  stop_guards (self);
}

static void
revive (SimWorld *self)
{
  sim_store_die (self->store);
  sim_settle ();
  sim_store_revive (self->store);
  sim_network_die (self->network);
  sim_network_revive (self->network);
  sim_directory_die (self->directory);
  sim_directory_revive (self->directory);
  sim_listener_die (self->journal);
  sim_listener_revive (self->journal);
  if (self->authority != NULL)
    {
      sim_listener_die (self->authority);
      sim_listener_revive (self->authority);
    }
  sim_starter_die (self->starter);
  sim_starter_revive (self->starter);
  sim_settle ();
  sim_oracle_set_dead (self->oracle, FALSE);
  sim_oracle_new_life (self->oracle);
}

void
sim_world_die (SimWorld *self,
               SimDeath  death,
               guint     n_kept)
{
  SimCounts *counts = sim_oracle_get_counts (self->oracle);

  if (death == SIM_DEATH_STOP)
    stop_in_order (self);
  else
    end_at_once (self);
  drop_core (self);
  if (death == SIM_DEATH_POWER)
    {
      guint n = sim_store_lose_power (self->store, n_kept);

      sim_trace (self->oracle, "world", "%u transactions were not synced, %u of them are there", n, MIN (n, n_kept));
      sim_clock_reboot (self->clock);
    }
  counts->stops += death == SIM_DEATH_STOP;
  counts->crashes += death != SIM_DEATH_STOP;
  counts->power_losses += death == SIM_DEATH_POWER;
  revive (self);
  start (self);
}

/* A person, too, who has put them off till now. */
static guint
answer_questions (SimWorld *self)
{
  g_autoptr(GVariant) waiting = g_variant_ref_sink (rb_view_spawns (self->core, FALSE));
  guint n = (guint) g_variant_n_children (waiting);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GVariant) spawn = g_variant_get_child_value (waiting, i);
      const char *id;

      if (g_variant_lookup (spawn, "id", "&s", &id))
        rb_spawn_approve_async (self->core, id, FALSE, NULL, NULL);
    }
  self->n_answers += n;
  return n;
}

/* Whoever is asked now says yes. Returns how many were. */
static guint
answer_everybody (SimWorld *self)
{
  guint n = 0;

  for (; sim_network_get_n_sends (self->network) > 0; n++)
    sim_network_answer (self->network, 0, SIM_SEND_DELIVERED);
  for (; sim_directory_get_n (self->directory) > 0; n++)
    sim_directory_answer (self->directory, 0, SIM_ANSWER_OK);
  for (; self->authority != NULL && sim_listener_get_n (self->authority) > 0; n++)
    sim_listener_answer (self->authority, 0, SIM_ANSWER_OK);
  for (; sim_starter_get_n (self->starter) > 0; n++)
    g_free (sim_starter_answer (self->starter, 0, TRUE));
  return n + answer_questions (self);
}

void
sim_world_catch_up (SimWorld *self)
{
  for (guint i = 0; i < 8; i++)
    {
      guint n;

      sim_settle ();
      n = answer_everybody (self);
      sim_settle ();
      n += sim_store_get_n_waiting (self->store) + sim_store_get_n_written (self->store);
      sim_store_write (self->store, G_MAXUINT);
      sim_store_tell (self->store, G_MAXUINT);
      if (n == 0)
        return;
    }
}

static void
read_everything (SimWorld *self)
{
  for (guint i = 0; i < self->plan.n_processes; i++)
    while (sim_process_read (self->processes[i]))
      {
        sim_process_receipt (self->processes[i], self->core, self->processes[i]->read->len - 1);
        sim_settle ();
      }
}

/* What is left of the mail is delivered and read, everything owed is paid. */
static void
hear_everybody (SimWorld *self)
{
  sim_store_set_health (self->store, RB_STORE_OK);
  sim_world_catch_up (self);      /* answers that come too late are done all the same, before the link comes back */
  sim_network_disconnect (self->network);
  sim_network_connect (self->network);
  for (guint i = 0; i < 12; i++)
    {
      sim_directory_repeat (self->directory, TRUE);
      for (guint n = sim_network_get_n (self->network); n > 0 && sim_network_deliver (self->network, &self->random); n--)
        sim_world_catch_up (self);
      sim_world_catch_up (self);
      read_everything (self);
      sim_world_catch_up (self);
      sim_asks_set_calm (self->asks);
      sim_clock_advance (self->clock, i % 4 == 3 ? 31000 : 1000);
      sim_asks_check_age (self->asks);
    }
}

static void
everybody_goes (SimWorld *self)
{
  for (guint i = 0; i < self->plan.n_processes; i++)
    {
      sim_process_detach (self->processes[i], self->core);
      if (self->processes[i]->is_alive)
        rb_fake_processes_end (self->alive, self->processes[i]->pid);
      self->processes[i]->is_alive = FALSE;
      sim_process_forget (self->processes[i]);
      sim_world_catch_up (self);
    }
  for (guint i = 0; i < 4; i++)
    {
      sim_world_catch_up (self);
      sim_clock_advance (self->clock, DAY_MS / 2 + 1);
    }
  for (guint i = 0; i < 20; i++)    /* what is kept too long goes a few at a time */
    {
      sim_world_catch_up (self);
      sim_clock_advance (self->clock, 1000);
    }
  sim_world_catch_up (self);
}

static void
explain_everything (SimWorld *self)
{
  guint n = sim_network_get_n (self->network);

  for (guint i = n > 40 ? n - 40 : 0; i < n; i++)
    {
      const char *id = sim_network_get_id (self->network, i);

      if (sim_oracle_get_place (self->oracle, id) != NULL)
        sim_ask_explain (self->asks, id);
      sim_world_catch_up (self);
    }
}

void
sim_world_calm (SimWorld *self)
{
  sim_random_seed (&self->random, self->seed, STREAM_END);
  sim_trace (self->oracle, "world", "everybody is heard");
  hear_everybody (self);
  explain_everything (self);
  sim_check (self->oracle, 6, sim_asks_get_n (self->asks) == 0, "%u requests are never answered", sim_asks_get_n (self->asks));
  sim_check (self->oracle, 6, sim_network_get_n_in_flight (self->network) == 0, "%u deliveries are neither accepted nor released",
             sim_network_get_n_in_flight (self->network));
  sim_oracle_check_deadlines (self->oracle);
  sim_oracle_check_settled (self->oracle);
  sim_trace (self->oracle, "world", "everybody goes");
  everybody_goes (self);
  sim_oracle_check_rest (self->oracle);
  sim_check (self->oracle, 9, rb_clock_get_n_timers (RB_CLOCK (self->clock)) == 0, "%u timers run and nobody is there",
             rb_clock_get_n_timers (RB_CLOCK (self->clock)));
  sim_check (self->oracle, 7, rb_fake_processes_get_n_watched (self->alive) == self->n_watched,
             "%u processes are watched and nobody is there", rb_fake_processes_get_n_watched (self->alive) - self->n_watched);
}

void
sim_world_free (SimWorld *self)
{
  stop_in_order (self);
  drop_core (self);
  revive (self);
  for (guint i = 0; i < self->plan.n_processes; i++)
    sim_process_free (self->processes[i]);
  sim_asks_free (self->asks);
  let_go (self, self->starter, "starter");
  if (self->authority != NULL)
    let_go (self, self->authority, "authority");
  let_go (self, self->journal, "journal");
  let_go (self, self->directory, "directory");
  let_go (self, self->network, "network");
  let_go (self, self->store, "store");
  g_object_unref (self->alive);
  let_go (self, self->clock, "clock");
  sim_oracle_free (self->oracle);
  g_free (self);
}
