/* test-random.c: sessions that nobody wrote, with deaths, failures and silence in them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-world.h"

#include "rb-error.h"
#include "rb-json.h"

#include <stdlib.h>

/* One seed decides everything; a failing one is printed with the last operations, and is run alone with RB_SEED=<seed>;
 * RB_SEEDS=<n> runs more of them. What must be true
 * is the oracle's (rb-world-oracle.c): everything accepted is in one place, every answer is kept, a reply has one wire id, sequences
 * increase, no message is accepted twice, and in the end nothing waits. */

#define N_OPERATIONS 120

typedef struct {
  RbWorld   *world;
  GRand     *rand;
  gint64     next_seq;
  guint      n_messages;
  GPtrArray *calls;        /* of Call: while a neighbour is silent, nobody waits for an answer */
} Session;

/* An acceptance that was not answered yet. */
typedef struct {
  RbJob        *job;
  GAsyncResult *result;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_object (&call->result);
  g_free (call);
}

static gboolean
is_silent (Session *self)
{
  RbCoreFixture *fixture = &self->world->fixture;

  return fixture->connector->hold || (fixture->authority != NULL && fixture->authority->hold);
}

static guint
below (Session *self,
       guint    n)
{
  return g_rand_int_range (self->rand, 0, n);
}

static RbAdapter *
some_adapter (Session *self)
{
  return below (self, 3) == 0 ? &self->world->asker : &self->world->worker;
}

static void
arrive (Session *self)
{
  RbAdapter *adapter = some_adapter (self);
  g_autofree char *id = g_strdup_printf ("m%u", ++self->n_messages);
  g_autofree char *metadata = NULL;

  switch (below (self, 4))
    {
    case 0:
      metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", adapter->endpoint_id != NULL ? adapter->endpoint_id : "none");
      break;
    case 1:
      metadata = g_strdup_printf ("{\"correlation_id\":\"%s\"}", adapter->correlation_id != NULL ? adapter->correlation_id : "none");
      break;
    case 2:
      metadata = g_strdup_printf ("{\"correlation_id\":\"c%u\",\"message_id\":\"r%s\"}", below (self, 3), id);
      break;
    default:
      break;
    }
  rb_world_deliver (self->world, self->next_seq++, id, metadata);
}

static const char *
some_message (Session *self)
{
  GPtrArray *inbound = self->world->inbound;

  return inbound->len > 0 ? ((RbInbound *) g_ptr_array_index (inbound, below (self, inbound->len)))->id : NULL;
}

/* The network repeats itself under another number. */
static void
arrive_again (Session *self)
{
  const char *id = some_message (self);

  if (id == NULL || self->world->is_dead)
    return;
  rb_fake_connector_deliver (self->world->fixture.connector, self->next_seq++, id, "bob", id, NULL);
  rb_test_settle ();
}

static void
dispatch (Session *self)
{
  RbWorld *world = self->world;
  RbAdapter *adapter = some_adapter (self);
  const char *id = some_message (self);

  if (id == NULL || world->is_dead || adapter->endpoint_id == NULL)
    return;
  if (world->plan.is_ordered)
    rb_world_order (world, id, adapter->endpoint_id);
  else
    rb_core_fixture_dispatch_start (&world->fixture, id, adapter->endpoint_id, NULL);
}

static RbJob *
some_job (Session   *self,
          RbAdapter *adapter)
{
  return adapter->jobs->len > 0 ? g_ptr_array_index (adapter->jobs, below (self, adapter->jobs->len)) : NULL;
}

static void
ask_to_accept (Session   *self,
               RbAdapter *adapter,
               RbJob     *job)
{
  g_autofree char *id = g_strdup_printf ("asked:%d", (int) (job->sequence += 10));
  RbCaller caller = { .pid = adapter->pid };
  Call *call = g_new0 (Call, 1);
  RbProcessingRequest request = {
    .endpoint_id = adapter->endpoint_id,
    .plugin_pid = adapter->pid,
    .endpoint_owner_token = adapter->token,
    .source_message_id = job->message_id,
    .assignment_id = job->assignment_id,
    .state_event_id = id,
    .state_sequence = job->sequence,
    .state = (char *) "adapter_accepted",
    .occurred_at = RB_NO_TIME,
  };

  call->job = job;
  g_ptr_array_add (self->calls, call);
  rb_processing_async (self->world->fixture.core, &caller, &request, rb_test_store_result, &call->result);
  rb_test_settle ();
}

static void
hear_answers (Session *self)
{
  for (guint i = self->calls->len; i-- > 0;)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      if (call->result == NULL)
        continue;
      if (rb_processing_finish (self->world->fixture.core, call->result, NULL))
        rb_adapter_note_accepted (self->world, call->job);
      g_ptr_array_remove_index_fast (self->calls, i);
    }
}

static void
report (Session *self)
{
  static const char *const states[] = { "adapter_accepted", "adapter_accepted", "adapter_accepted", "processing_started",
                                        "processing_failed", "expired", "waiting_for_runtime_capability", "delivery_attempted" };
  RbWorld *world = self->world;
  RbAdapter *adapter = some_adapter (self);
  RbJob *job = some_job (self, adapter);

  if (job == NULL || world->is_dead || adapter->endpoint_id == NULL)
    return;
  if (is_silent (self))
    ask_to_accept (self, adapter, job);
  else
    rb_adapter_report (world, adapter, job, states[below (self, G_N_ELEMENTS (states))]);
}

static void
reply (Session *self)
{
  RbWorld *world = self->world;
  RbAdapter *adapter = some_adapter (self);
  RbJob *job = some_job (self, adapter);

  if (job == NULL || world->is_dead || adapter->endpoint_id == NULL)
    return;
  if (is_silent (self))
    {
      g_autofree char *content = g_strconcat ("re:", job->message_id, NULL);

      rb_core_fixture_reply_start (&world->fixture, adapter->pid, adapter->endpoint_id, adapter->token, job->message_id,
                                   job->assignment_id, "r1", content, NULL);
    }
  else
    rb_adapter_reply (world, adapter, job->message_id);
}

static void
come_and_go (Session *self)
{
  RbWorld *world = self->world;
  RbAdapter *adapter = some_adapter (self);

  switch (below (self, 8))
    {
    case 0:
      rb_adapter_leave (world, adapter);
      break;
    case 1:
    case 2:
      rb_adapter_drop (world, adapter);
      break;
    case 3:
      rb_adapter_drop (world, adapter);
      rb_adapter_forget (adapter);
      break;
    default:
      if (adapter->channel == NULL && adapter->endpoint_id != NULL)
        rb_adapter_return (world, adapter);
      rb_adapter_join (world, adapter);
      break;
    }
}

static void
wait (Session *self)
{
  static const gint64 times[] = { 1, 500, 2000, 2000, 5000, 10000, 30000, 600000 };

  rb_world_wait (self->world, times[below (self, G_N_ELEMENTS (times))]);
}

/* Neighbours fail, are silent, and come back. */
static void
trouble (Session *self)
{
  static const int kinds[] = { RB_ERROR_UNAVAILABLE, RB_ERROR_OUTCOME_UNKNOWN, RB_ERROR_REJECTED };
  RbWorld *world = self->world;
  GError **place = &world->fixture.connector->failure;
  int kind = kinds[below (self, G_N_ELEMENTS (kinds))];

  if (world->fixture.authority != NULL && below (self, 2) == 0)
    {
      place = &world->fixture.authority->failure;
      kind = kind == RB_ERROR_OUTCOME_UNKNOWN ? RB_ERROR_TIMED_OUT : kind;
    }
  g_clear_error (place);
  if (below (self, 3) == 0)
    *place = rb_error_new (kind, NULL, "no");
}

static void
speak (Session *self)
{
  RbCoreFixture *fixture = &self->world->fixture;
  g_autoptr(GError) error = below (self, 3) == 0 ? rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "no") : NULL;

  fixture->connector->hold = FALSE;
  rb_fake_connector_answer (fixture->connector, error);
  if (fixture->authority != NULL)
    {
      fixture->authority->hold = FALSE;
      rb_fake_emitter_answer (fixture->authority, error);
    }
  rb_test_settle ();
}

static void
fall_silent (Session *self)
{
  RbCoreFixture *fixture = &self->world->fixture;

  if (is_silent (self))
    speak (self);
  else if (fixture->authority != NULL && below (self, 3) > 0)
    fixture->authority->hold = TRUE;
  else
    fixture->connector->hold = TRUE;
}

static const struct {
  const char  *name;
  void       (*run) (Session *self);
  guint        weight;
} operations[] = {
  { "arrive", arrive, 5 },   { "arrive-again", arrive_again, 1 }, { "dispatch", dispatch, 6 }, { "report", report, 8 },
  { "reply", reply, 4 },     { "come-and-go", come_and_go, 5 },   { "wait", wait, 2 },         { "trouble", trouble, 2 },
  { "fall-silent", fall_silent, 4 },
};

static void
read_all (Session *self)
{
  if (below (self, 5) > 0)
    rb_adapter_read (self->world, &self->world->worker);
  if (below (self, 5) > 0)
    rb_adapter_read (self->world, &self->world->asker);
}

static void
do_something (Session *self)
{
  guint total = 0;
  guint chosen;

  for (size_t i = 0; i < G_N_ELEMENTS (operations); i++)
    total += operations[i].weight;
  chosen = below (self, total);
  for (size_t i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      if (chosen >= operations[i].weight)
        {
          chosen -= operations[i].weight;
          continue;
        }
      g_test_message ("%s", operations[i].name);
      operations[i].run (self);
      break;
    }
  if (below (self, 10) == 0 && !is_silent (self))
    rb_adapter_send (self->world, some_adapter (self));
}

static void
choose_death (Session     *self,
              RbWorldPlan *plan)
{
  *plan = self->world->plan;
  plan->death = below (self, 2) == 0 ? RB_DEATH_CRASH : RB_DEATH_POWER;
  plan->redelivers_all = below (self, 2) == 0;
  plan->at = 1 + below (self, 60);
  plan->keeps_last = below (self, 2) == 0;
}

static void
check_end (Session *self)
{
  RbWorld *world = self->world;

  rb_fake_store_live_on (world->fixture.store);
  speak (self);
  hear_answers (self);
  g_clear_error (&world->fixture.connector->failure);
  if (world->fixture.authority != NULL)
    g_clear_error (&world->fixture.authority->failure);
  rb_world_check_live (world);
  rb_world_check_traffic (world);
  rb_world_check_nothing_stuck (world);
  rb_world_check_orders (world);
}

static void
run (guint32 seed)
{
  RbWorldPlan plan = { .authority = seed % 2 == 0 ? "authority" : NULL, .is_ordered = seed % 3 == 0, .is_tolerant = TRUE };
  g_autoptr(RbWorld) world = rb_world_new (&plan);
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr(GPtrArray) calls = g_ptr_array_new_with_free_func (call_free);
  Session self = { world, rand, 1, 0, calls };

  g_test_message ("seed %u", seed);
  if (seed % 4 != 3)
    {
      choose_death (&self, &plan);
      rb_world_plan_death (world, &plan);
    }
  rb_adapter_join (world, &world->worker);
  rb_adapter_join (world, &world->asker);
  for (guint i = 0; i < N_OPERATIONS; i++)
    {
      do_something (&self);
      read_all (&self);
      hear_answers (&self);
      while (rb_world_check_dead (world))
        {
          g_test_message ("died");
          choose_death (&self, &world->next);
          speak (&self);
          hear_answers (&self);
          g_ptr_array_set_size (self.calls, 0);
          rb_world_recover (world);
        }
      if (i % 10 == 0)
        rb_world_check_live (world);
    }
  check_end (&self);
}

static void
test_random (void)
{
  const char *seed = g_getenv ("RB_SEED");
  const char *count = g_getenv ("RB_SEEDS");
  guint n = count != NULL ? (guint) atoi (count) : 150;

  g_test_summary ("Whatever happens in whatever order, what must be true is.");

  if (seed != NULL)
    {
      run ((guint32) g_ascii_strtoull (seed, NULL, 10));
      return;
    }
#ifdef __SANITIZE_ADDRESS__
  n /= 10;
#endif
  for (guint32 i = 0; i < n; i++)
    run (i);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/random", test_random);

  return g_test_run ();
}
