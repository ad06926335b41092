/* sim-step.c: what happens next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-step.h"

#include "rb-spawn-operator.h"

#define STREAM_STEPS 1000

static guint
pick (SimWorld *world,
      guint     n)
{
  return sim_random_pick (&world->random, n);
}

static gboolean
chance (SimWorld *world,
        guint     percent)
{
  return sim_random_chance (&world->random, percent);
}

static gboolean
has (SimWorld *world,
     SimFault  fault)
{
  return world->plan.faults[fault];
}

static SimProcess *
pick_process (SimWorld *world)
{
  return world->processes[pick (world, world->plan.n_processes)];
}

/* NULL: it has none. */
static SimEndpoint *
pick_endpoint_of (SimWorld   *world,
                  SimProcess *process)
{
  return process->endpoints->len > 0 ? g_ptr_array_index (process->endpoints, pick (world, process->endpoints->len)) : NULL;
}

static SimEndpoint *
pick_endpoint (SimWorld *world)
{
  return pick_endpoint_of (world, pick_process (world));
}

/* One of the newest; NULL: there is none. */
static const char *
pick_message (SimWorld *world)
{
  guint n = sim_network_get_n (world->network);
  guint newest = MIN (n, 12);

  return n > 0 ? sim_network_get_id (world->network, n - 1 - pick (world, newest)) : NULL;
}

/* One of the newest in @place; NULL: there is none. */
static const char *
pick_message_in (SimWorld   *world,
                 const char *place)
{
  guint n = sim_network_get_n (world->network);

  for (guint i = 0; i < MIN (n, 24); i++)
    {
      const char *id = sim_network_get_id (world->network, n - 1 - i);

      if (g_strcmp0 (sim_oracle_get_place (world->oracle, id), place) == 0 && chance (world, 50))
        return id;
    }
  return pick_message (world);
}

/* One that takes assignments; NULL: there is none. */
static SimEndpoint *
pick_worker (SimWorld *world)
{
  SimEndpoint *endpoint = NULL;

  for (guint i = 0; i < 6 && (endpoint == NULL || endpoint->kind == SIM_KIND_PLAIN); i++)
    endpoint = pick_endpoint (world);
  return endpoint;
}

/* The network. */

static const char *
pick_correlation (SimWorld *world)
{
  static const char *const correlations[] = { "c0", "c1", "c2", "c3" };
  const char *begun = chance (world, 40) ? sim_network_pick_correlation (world->network, &world->random) : NULL;

  return begun != NULL ? begun : correlations[pick (world, world->plan.n_correlations)];
}

static const char *const senders[] = { "s0@sim", "s1@sim", "s2@sim" };

/* A conversation is one sender's. */
static const char *
pick_sender (SimWorld   *world,
             const char *correlation)
{
  guint n = correlation != NULL ? g_str_hash (correlation) : pick (world, G_N_ELEMENTS (senders));

  return senders[n % G_N_ELEMENTS (senders)];
}

static void
post (SimWorld *world)
{
  const SimEndpoint *endpoint = chance (world, 60) ? pick_endpoint (world) : NULL;
  const char *correlation = chance (world, 80) ? pick_correlation (world) : NULL;
  g_autofree char *id = g_strdup_printf ("m%u", sim_network_get_n (world->network) + 1);
  GString *metadata;

  if (sim_network_get_n_open (world->network) > 8)
    return;
  metadata = g_string_new ("{");
  if (endpoint != NULL)
    g_string_append_printf (metadata, "\"target_endpoint_id\":\"%s\"", endpoint->id);
  if (correlation != NULL)
    g_string_append_printf (metadata, "%s\"correlation_id\":\"%s\"", endpoint != NULL ? "," : "", correlation);
  g_string_append_c (metadata, '}');
  sim_trace (world->oracle, "network", "has %s for us: %s", id, metadata->str);
  sim_oracle_posted (world->oracle, id, endpoint != NULL ? endpoint->id : NULL, correlation);
  sim_network_post (world->network, id, pick_sender (world, correlation), g_string_free (metadata, FALSE));
}

static void
deliver (SimWorld *world)
{
  if (has (world, SIM_FAULT_DUPLICATE) && chance (world, 15))
    sim_network_repeat (world->network, &world->random);
  else
    sim_network_deliver (world->network, &world->random);
}

static void
flap (SimWorld *world)
{
  if (!has (world, SIM_FAULT_FLAP))
    return;
  if (chance (world, 30))
    sim_network_disconnect (world->network);
  else
    sim_network_connect (world->network);
}

static void
answer_send (SimWorld *world)
{
  guint n = sim_network_get_n_sends (world->network);
  SimSendFate fate = SIM_SEND_DELIVERED;

  if (n == 0)
    return;
  if (has (world, SIM_FAULT_LOSE) && chance (world, 15))
    fate = SIM_SEND_LOST;
  else if (has (world, SIM_FAULT_REFUSE) && chance (world, 15))
    fate = chance (world, 50) ? SIM_SEND_REJECTED : SIM_SEND_UNAVAILABLE;
  else if (chance (world, 30))
    fate = SIM_SEND_STORED;
  sim_network_answer (world->network, pick (world, n), fate);
}

static SimAnswer
pick_answer (SimWorld *world)
{
  if (has (world, SIM_FAULT_LOSE) && chance (world, 12))
    return SIM_ANSWER_LOST;
  if (has (world, SIM_FAULT_REFUSE) && chance (world, 15))
    return chance (world, 50) ? SIM_ANSWER_REFUSED : SIM_ANSWER_FAILED;
  return SIM_ANSWER_OK;
}

static void
answer_call (SimWorld *world)
{
  guint n = sim_directory_get_n (world->directory);

  if (n > 0)
    sim_directory_answer (world->directory, pick (world, n), pick_answer (world));
}

static void
answer_event (SimWorld *world)
{
  guint n = world->authority != NULL ? sim_listener_get_n (world->authority) : 0;

  if (n > 0)
    sim_listener_answer (world->authority, pick (world, n), pick_answer (world));
}

/* The person who is asked answers now and then, also twice; never is an answer, too. */
static void
answer_question (SimWorld *world)
{
  g_autoptr(GVariant) waiting = g_variant_ref_sink (rb_view_spawns (world->core, FALSE));
  guint n = (guint) g_variant_n_children (waiting);
  g_autoptr(GVariant) spawn = n > 0 ? g_variant_get_child_value (waiting, pick (world, n)) : NULL;
  const char *id = NULL;

  if (spawn == NULL || !g_variant_lookup (spawn, "id", "&s", &id))
    return;
  sim_trace (world->oracle, "person", "answers for %s", id);
  if (chance (world, 20))
    rb_spawn_deny_async (world->core, id, FALSE, NULL, NULL);
  else
    rb_spawn_approve_async (world->core, id, FALSE, NULL, NULL);
  world->n_answers++;
  if (chance (world, 30))
    rb_spawn_approve_async (world->core, id, FALSE, NULL, NULL);
}

static void
answer_spawn (SimWorld *world)
{
  gboolean asks = world->plan.settings.spawn_approval == RB_POLICY_ASK;
  guint n = sim_starter_get_n (world->starter);
  SimProcess *process = pick_process (world);
  g_autofree char *token = n > 0 ? sim_starter_answer (world->starter, pick (world, n), chance (world, 80)) : NULL;

  if (asks && chance (world, 60))
    answer_question (world);
  sim_check (world->oracle, 2, !asks || sim_starter_get_n_asked (world->starter) <= world->n_answers,
             "%u runtimes were started and a person has answered %u times", sim_starter_get_n_asked (world->starter), world->n_answers);
  if (token == NULL)
    return;
  if (process->is_alive || chance (world, 20))
    {
      sim_settle ();
      if (chance (world, 50))
        rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (world->starter), token, 256, "it did not work");
      return;
    }
  sim_process_renew (process, &world->random);
  process->spawn_token = g_steal_pointer (&token);
}

static void
order (SimWorld *world)
{
  const char *message = pick_message_in (world, "inbox");
  const SimEndpoint *endpoint = pick_worker (world);

  if (message == NULL || endpoint == NULL)
    return;
  if (!world->plan.has_authority || chance (world, 40))
    sim_ask_dispatch (world->asks, message, endpoint->id);
  else
    sim_directory_order (world->directory, message, endpoint->id);
}

static void
control (SimWorld *world)
{
  const SimEndpoint *endpoint = pick_endpoint (world);

  if (!world->plan.has_authority)
    return;
  switch (pick (world, 8))
    {
    case 0:
      if (endpoint != NULL && has (world, SIM_FAULT_REFUSE))
        sim_directory_unregister (world->directory, endpoint->id);
      break;
    case 1: case 2:
      sim_directory_spawn (world->directory);
      break;
    case 3:
      sim_directory_nudge (world->directory);
      break;
    default:
      sim_directory_repeat (world->directory, FALSE);
      break;
    }
}

/* The disk. */

static void
write_disk (SimWorld *world)
{
  guint n = sim_store_get_n_waiting (world->store);

  if (n > 0)
    sim_store_write (world->store, 1 + pick (world, n));
}

static void
tell_disk (SimWorld *world)
{
  guint n = sim_store_get_n_written (world->store);

  if (n > 0)
    sim_store_tell (world->store, 1 + pick (world, n));
}

static void
trouble_disk (SimWorld *world)
{
  if (has (world, SIM_FAULT_DISK))
    sim_store_set_health (world->store, chance (world, 30) ? RB_STORE_FAILING : RB_STORE_OK);
}

/* Adapters. */

static void
come (SimWorld *world)
{
  SimProcess *process = pick_process (world);

  if (!process->is_alive)
    {
      if (process->pid % 7 == 3)    /* the pid was given to somebody else */
        {
          rb_fake_processes_recycle (world->alive, process->pid);
          process->pid--;
        }
      sim_process_renew (process, &world->random);
      return;
    }
  if (process->line == NULL || chance (world, 15))
    {
      sim_trace (world->oracle, "adapter", "%" G_GINT64_FORMAT " attaches", process->pid);
      sim_process_attach (process, world->core);
      for (guint i = process->endpoints->len; i-- > 0 && i < process->endpoints->len;)
        if (chance (world, 90))
          sim_ask_reattach (world->asks, process, ((SimEndpoint *) g_ptr_array_index (process->endpoints, i))->id);
      return;
    }
  if (process->endpoints->len < 2 || chance (world, 10))
    sim_ask_register (world->asks, process, pick (world, SIM_N_KINDS));
  else
    sim_ask_reattach (world->asks, process, pick_endpoint_of (world, process)->id);
}

static void
go (SimWorld *world)
{
  SimProcess *process = pick_process (world);
  const SimEndpoint *endpoint = pick_endpoint_of (world, process);

  if (!process->is_alive)
    return;
  if (has (world, SIM_FAULT_DEATH) && chance (world, 20))
    {
      sim_trace (world->oracle, "adapter", "%" G_GINT64_FORMAT " dies", process->pid);
      process->is_alive = FALSE;
      sim_asks_abandon (world->asks, process);
      if (chance (world, 70))
        sim_process_detach (process, world->core);
      rb_fake_processes_end (world->alive, process->pid);
      sim_process_detach (process, world->core);
      sim_process_forget (process);
    }
  else if (endpoint != NULL && chance (world, 30))
    sim_ask_unregister (world->asks, process, endpoint->id);
  else if (has (world, SIM_FAULT_STALL) || chance (world, 20))
    {
      sim_trace (world->oracle, "adapter", "%" G_GINT64_FORMAT " loses its channel", process->pid);
      sim_process_detach (process, world->core);
    }
}

static void
take (SimWorld *world)
{
  SimProcess *process = pick_process (world);

  if (has (world, SIM_FAULT_STALL) && chance (world, 40))
    return;
  while (sim_process_read (process) && !chance (world, 10))
    if (!has (world, SIM_FAULT_STALL) || !chance (world, 15))
      {
        sim_process_receipt (process, world->core, process->read->len - 1);
        sim_settle ();
      }
  if (process->read->len > 0 && chance (world, 10))
    sim_process_receipt (process, world->core, pick (world, process->read->len));
}

static const char *
pick_state (SimWorld *world,
            SimJob   *job)
{
  static const char *const ends[] = { "processing_failed", "expired", "waiting_for_runtime_capability" };
  static const char *const foul[] = { "reply_emitted", "assigned_to_runtime_target", "reply_requested", "nonsense" };

  if (has (world, SIM_FAULT_GARBAGE) && chance (world, 8))
    return foul[pick (world, G_N_ELEMENTS (foul))];
  if (chance (world, 12))
    return ends[pick (world, G_N_ELEMENTS (ends))];
  return job->is_accepted ? "processing_started" : "adapter_accepted";
}

static void
work (SimWorld *world)
{
  SimProcess *process = pick_process (world);
  SimJob *job = NULL;

  for (guint i = 0; i < 6 && process->jobs->len > 0 && (job == NULL || job->is_over); i++)
    job = g_ptr_array_index (process->jobs, pick (world, process->jobs->len));
  if (!process->is_alive || job == NULL || (job->is_over && !chance (world, 5)))
    return;
  if (job->is_accepted && chance (world, 55))
    {
      guint n = job->n_replies > 0 && chance (world, 50) ? 1 + pick (world, job->n_replies) : ++job->n_replies;

      sim_ask_reply (world->asks, process, job, n, has (world, SIM_FAULT_GARBAGE) && chance (world, 10) ? "other" : "done");
    }
  else
    sim_ask_report (world->asks, process, job, pick_state (world, job), chance (world, 30));
}

static void
fetch (SimWorld *world)
{
  SimProcess *process = pick_process (world);
  const SimEndpoint *endpoint = pick_endpoint_of (world, process);
  const char *message = pick_message_in (world, "inbox");

  if (!process->is_alive || endpoint == NULL)
    return;
  switch (pick (world, 8))
    {
    case 0: case 1: case 2:
      if (message != NULL)
        sim_ask_claim (world->asks, process, endpoint, message);
      break;
    case 3: case 4:
      sim_ask_staged (world->asks, process, endpoint, pick (world, 3) * 5000);
      break;
    case 5:
      if (message != NULL && chance (world, 40))
        sim_ask_settle (world->asks, process, endpoint, message);
      break;
    case 6:
      sim_ask_list (world->asks, process, endpoint);
      break;
    default:
      sim_ask_heartbeat (world->asks, process, endpoint->id);
      break;
    }
}

static void
send_something (SimWorld *world)
{
  SimProcess *process = pick_process (world);
  const SimEndpoint *endpoint = pick_endpoint_of (world, process);

  if (process->is_alive && endpoint != NULL)
    sim_ask_send (world->asks, process, endpoint->id);
}

static void
misbehave (SimWorld *world)
{
  SimProcess *process = pick_process (world);
  SimProcess *other = pick_process (world);
  const SimEndpoint *endpoint = pick_endpoint_of (world, other);
  const SimJob *job = other->jobs->len > 0 ? g_ptr_array_index (other->jobs, pick (world, other->jobs->len)) : NULL;

  if (!process->is_alive)
    return;
  if (has (world, SIM_FAULT_GARBAGE) && chance (world, 50))
    sim_ask_garbage (world->asks, process, &world->random);
  else if (has (world, SIM_FAULT_FOREIGN) && process == other && job != NULL)
    sim_ask_with_wrong_token (world->asks, process, job);
  else if (has (world, SIM_FAULT_FOREIGN) && process != other && endpoint != NULL)
    sim_ask_as_stranger (world->asks, process, endpoint, job, &world->random);
}

static void
look (SimWorld *world)
{
  const char *message = pick_message (world);

  if (message != NULL && sim_oracle_get_place (world->oracle, message) != NULL && chance (world, 50))
    sim_ask_explain (world->asks, message);
  else if (chance (world, 20))
    sim_ask_retry (world->asks);
}

/* A person's policy. */

static void
judge (SimWorld *world)
{
  static const char *const patterns[] = { "s0@sim", "s1@sim", "s*@sim", "*" };
  static const char *const rule_kinds[] = { "*", "*", "targeted", "correlated", "unaddressed" };
  static const char *const actions[] = { "accept", "hold", "hold", "refuse" };

  if (!world->plan.has_policy)
    return;
  if (chance (world, 40))
    sim_ask_remove_rule (world->asks, 1 + pick (world, 4));
  else
    sim_ask_set_rule (world->asks, patterns[pick (world, G_N_ELEMENTS (patterns))], rule_kinds[pick (world, G_N_ELEMENTS (rule_kinds))],
                      actions[pick (world, G_N_ELEMENTS (actions))]);
  if (chance (world, 30))
    sim_ask_apply_rule (world->asks, 1 + pick (world, 4));
}

static void
admit (SimWorld *world)
{
  const char *message = world->plan.has_policy ? pick_message_in (world, "held") : NULL;

  if (message != NULL)
    sim_ask_admit (world->asks, message, chance (world, 70), chance (world, 10));
}

/* Time and death. */

static void
pass (SimWorld *world)
{
  static const guint spans[] = { 10, 10, 100, 100, 1000, 1000, 2500, 2500, 6000, 31000 };

  sim_clock_advance (world->clock, spans[pick (world, G_N_ELEMENTS (spans))]);
}

static void
pass_much (SimWorld *world)
{
  static const gint64 spans[] = { 62000, 620000, 620000, 3700000 };
  gint64 span = spans[pick (world, G_N_ELEMENTS (spans))];

  if (!has (world, SIM_FAULT_LATE))
    return;
  if (chance (world, 15))    /* longer than what is remembered for its own sake */
    {
      sim_world_catch_up (world);
      sim_asks_abandon (world->asks, NULL);
      sim_clock_sleep (world->clock, G_GINT64_CONSTANT (90000000));
      sim_world_catch_up (world);
    }
  if (has (world, SIM_FAULT_CLOCK) && chance (world, 30))
    {
      sim_asks_abandon (world->asks, NULL);    /* nobody promises an answer in time to who sleeps */
      sim_clock_sleep (world->clock, span);
    }
  else
    sim_clock_advance (world->clock, span);
}

static void
jump (SimWorld *world)
{
  static const gint64 jumps[] = { -3600000, -5000, 5000, 3600000 };

  if (has (world, SIM_FAULT_CLOCK))
    sim_clock_jump (world->clock, jumps[pick (world, G_N_ELEMENTS (jumps))]);
}

/* Just before a transaction, between it and the news of it, or just after. */
static void
die (SimWorld *world)
{
  static const SimFault faults[] = { SIM_FAULT_CRASH, SIM_FAULT_POWER, SIM_FAULT_STOP };
  static const SimDeath deaths[] = { SIM_DEATH_CRASH, SIM_DEATH_POWER, SIM_DEATH_STOP };
  guint which = pick (world, G_N_ELEMENTS (faults));
  guint n_unsynced;

  if (!has (world, faults[which]))
    return;
  if (chance (world, 50))
    write_disk (world);
  if (chance (world, 30))
    tell_disk (world);
  n_unsynced = sim_store_get_n_unsynced (world->store);
  sim_trace (world->oracle, "world", "%s", sim_fault_to_string (faults[which]));
  sim_world_die (world, deaths[which], n_unsynced > 0 ? pick (world, n_unsynced + 1) : 0);
}

static const struct {
  guint  weight;
  void (*run) (SimWorld *world);
} kinds[] = {
  { 90, post },         { 140, deliver },  { 10, flap },           { 50, answer_send }, { 90, answer_call }, { 70, answer_event },
  { 8, answer_spawn },  { 60, order },     { 12, control },        { 100, write_disk }, { 100, tell_disk },  { 10, trouble_disk },
  { 110, come },        { 12, go },        { 100, take },          { 150, work },       { 70, fetch },       { 25, send_something },
  { 25, misbehave },    { 10, look },      { 60, pass },           { 3, pass_much },    { 4, jump },         { 8, die },
  { 12, judge },        { 60, admit },
};

/* Trouble does not last; nobody would learn much from a world in which nothing works. */
static void
mend (SimWorld *world)
{
  if (chance (world, 8))
    sim_store_set_health (world->store, RB_STORE_OK);
  if (chance (world, 8))
    sim_network_connect (world->network);
}

static guint
total_weight (void)
{
  guint total = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    total += kinds[i].weight;
  return total;
}

static void
run_one (SimWorld *world)
{
  guint dice = pick (world, total_weight ());

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (dice < kinds[i].weight)
        {
          kinds[i].run (world);
          return;
        }
      dice -= kinds[i].weight;
    }
}

void
sim_step_run (SimWorld *world,
              guint     number)
{
  sim_random_seed (&world->random, world->seed, STREAM_STEPS + number);
  sim_oracle_set_step (world->oracle, number);
  run_one (world);
  sim_settle ();
  mend (world);
  if (chance (world, world->plan.eagerness) && !has (world, SIM_FAULT_HANG))
    sim_world_catch_up (world);
  sim_asks_check_age (world->asks);
  sim_network_check_age (world->network);
}
