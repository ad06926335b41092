/* rb-world.c: a network, two adapters and a broker that may die at any commit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-world.h"

#include "rb-error.h"

static void
job_free (gpointer data)
{
  RbJob *job = data;

  g_free (job->message_id);
  g_free (job->assignment_id);
  g_free (job->wire_id);
  g_free (job);
}

static void
inbound_free (gpointer data)
{
  RbInbound *inbound = data;

  g_free (inbound->id);
  g_free (inbound->metadata);
  g_free (inbound);
}

static void
adapter_init (RbAdapter     *adapter,
              gint64         pid,
              const char    *session,
              RbFixtureKind  kind)
{
  adapter->pid = pid;
  adapter->session = session;
  adapter->kind = kind;
  adapter->jobs = g_ptr_array_new_with_free_func (job_free);
  adapter->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
adapter_clear (RbAdapter *adapter)
{
  g_clear_object (&adapter->channel);
  g_free (adapter->endpoint_id);
  g_free (adapter->token);
  g_free (adapter->correlation_id);
  g_ptr_array_unref (adapter->jobs);
  g_hash_table_unref (adapter->seen);
}

static guint
count_pushes (RbWorld *self)
{
  return (self->worker.channel != NULL ? self->worker.channel->pushes->len : 0) +
         (self->asker.channel != NULL ? self->asker.channel->pushes->len : 0);
}

/* From here on nothing may leave any more: all that hung on earlier commits has left. */
static void
on_crashed (gpointer user_data)
{
  RbWorld *self = user_data;

  self->is_dead = TRUE;
  self->n_sent = self->fixture.connector->sent->len;
  self->n_accepted = self->fixture.connector->accepted->len;
  self->n_events = self->fixture.journal->events->len;
  self->n_pushes = count_pushes (self);
  self->n_acks = self->fixture.upstream->acks->len;
}

RbWorld *
rb_world_new (const RbWorldPlan *plan)
{
  RbWorld *self = g_new0 (RbWorld, 1);

  self->inbound = g_ptr_array_new_with_free_func (inbound_free);
  self->effects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->orders = rb_world_orders_new ();
  adapter_init (&self->worker, 100, "sw", RB_BACKGROUND);
  adapter_init (&self->asker, 200, "sa", RB_PLAIN);
  rb_core_fixture_set_up (&self->fixture, plan->authority);
  rb_world_watch_outbox (self);
  rb_world_plan_death (self, plan);
  return self;
}

void
rb_world_plan_death (RbWorld           *self,
                     const RbWorldPlan *plan)
{
  self->plan = *plan;
  if (plan->at > 0 && plan->death != RB_DEATH_STOP)
    rb_fake_store_crash_at (self->fixture.store, plan->at, plan->keeps_last, on_crashed, self);
}

void
rb_world_free (RbWorld *self)
{
  rb_core_fixture_tear_down (&self->fixture, self->plan.authority);
  adapter_clear (&self->worker);
  adapter_clear (&self->asker);
  g_ptr_array_unref (self->inbound);
  g_hash_table_unref (self->effects);
  g_hash_table_unref (self->orders);
  g_free (self);
}

/* What the network was told to forget it forgets for good. */
static void
note_accepted (RbWorld *self)
{
  for (guint i = 0; i < self->inbound->len; i++)
    {
      RbInbound *inbound = g_ptr_array_index (self->inbound, i);

      inbound->is_accepted |= rb_fake_connector_has_accepted (self->fixture.connector, inbound->seq);
    }
}

gboolean
rb_world_check_dead (RbWorld *self)
{
  rb_test_settle ();
  note_accepted (self);
  if (self->plan.death == RB_DEATH_STOP && self->plan.at > 0 && self->n_deaths == 0 &&
      rb_fake_store_get_n_commits (self->fixture.store) >= self->plan.at)
    self->is_dead = TRUE;
  return self->is_dead;
}

static void
deliver (RbWorld         *self,
         const RbInbound *inbound)
{
  rb_fake_connector_deliver (self->fixture.connector, inbound->seq, inbound->id, "bob", inbound->id, inbound->metadata);
  rb_test_settle ();
}

static void
redeliver (RbWorld *self)
{
  for (guint i = 0; i < self->inbound->len; i++)
    {
      RbInbound *inbound = g_ptr_array_index (self->inbound, i);

      if (!self->is_dead && (!inbound->is_accepted || self->plan.redelivers_all))
        deliver (self, inbound);
    }
  note_accepted (self);
}

static void
assert_nothing_left_late (RbWorld *self)
{
  g_assert_cmpuint (self->fixture.connector->sent->len, ==, self->n_sent);
  g_assert_cmpuint (self->fixture.connector->accepted->len, ==, self->n_accepted);
  g_assert_cmpuint (self->fixture.journal->events->len, ==, self->n_events);
  g_assert_cmpuint (count_pushes (self), <=, self->n_pushes);   /* fewer: a channel is gone */
}

/* The channels break; the remains answer whoever waits. */
static void
leave_remains (RbWorld *self)
{
  RbAdapter *const adapters[] = { &self->worker, &self->asker };

  for (gsize i = 0; i < G_N_ELEMENTS (adapters); i++)
    if (adapters[i]->channel != NULL)
      rb_core_fixture_detach (&self->fixture, adapters[i]->channel);
  rb_test_settle ();
  g_clear_object (&self->result);
}

void
rb_world_recover (RbWorld *self)
{
  RbAdapter *const adapters[] = { &self->worker, &self->asker };

  g_assert_true (self->is_dead);
  self->n_deaths++;
  rb_test_settle ();
  note_accepted (self);
  if (self->plan.death == RB_DEATH_STOP)
    {
      /* channels are closed by the server after the core has stopped; their close changes nothing then */
      g_clear_object (&self->result);
      rb_core_fixture_restart (&self->fixture);
      self->is_dead = FALSE;
      g_array_set_size (self->fixture.connector->accepted, 0);
    }
  else
    {
      assert_nothing_left_late (self);
      if (self->plan.death == RB_DEATH_POWER)
        rb_fake_store_lose_power (self->fixture.store);
      leave_remains (self);
      rb_world_check_disk (self);
      self->is_dead = FALSE;
      if (self->next.at > 0)
        rb_world_plan_death (self, &self->next);
      self->next.at = 0;
      g_array_set_size (self->fixture.connector->accepted, 0);
      g_ptr_array_set_size (self->fixture.upstream->acks, self->n_acks);   /* the remains say that it failed; nobody hears them */
      rb_core_fixture_crash (&self->fixture);
    }
  rb_world_check_disk (self);

  redeliver (self);
  rb_world_reorder (self);
  for (gsize i = 0; i < G_N_ELEMENTS (adapters); i++)
    if (adapters[i]->channel != NULL)
      rb_adapter_return (self, adapters[i]);

  if (rb_world_check_dead (self))
    rb_world_recover (self);
  else
    rb_world_check_live (self);
}

void
rb_world_deliver (RbWorld    *self,
                  gint64      seq,
                  const char *id,
                  const char *metadata)
{
  RbInbound *inbound;

  if (self->is_dead)
    return;
  for (guint i = 0; i < self->inbound->len; i++)
    if (g_str_equal (((RbInbound *) g_ptr_array_index (self->inbound, i))->id, id))
      return;

  inbound = g_new0 (RbInbound, 1);
  inbound->seq = seq;
  inbound->id = g_strdup (id);
  inbound->metadata = g_strdup (metadata);
  g_ptr_array_add (self->inbound, inbound);
  deliver (self, inbound);
}

/* Asked for again after a death, it may be assigned already: then it is refused, or joined. */
void
rb_world_dispatch (RbWorld    *self,
                   const char *id,
                   RbAdapter  *adapter)
{
  if (self->is_dead || adapter->endpoint_id == NULL)
    return;

  if (self->plan.is_ordered)
    rb_world_order (self, id, adapter->endpoint_id);
  else
    rb_core_fixture_dispatch_start (&self->fixture, id, adapter->endpoint_id, NULL);
  rb_adapter_read (self, adapter);
}

void
rb_world_wait (RbWorld *self,
               gint64   ms)
{
  if (!self->is_dead)
    rb_fake_clock_advance (self->fixture.clock, ms);
}

static void
act (RbWorld    *self,
     const char *id)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->effects, id));

  g_hash_table_insert (self->effects, g_strdup (id), GUINT_TO_POINTER (n + 1));
}

/* The newest of the assignment or of the message; one of both is NULL. */
static RbJob *
find_job (RbAdapter  *adapter,
          const char *message_id,
          const char *assignment_id)
{
  for (guint i = adapter->jobs->len; i-- > 0;)
    {
      RbJob *job = g_ptr_array_index (adapter->jobs, i);

      if (g_strcmp0 (job->assignment_id, assignment_id) == 0 || g_strcmp0 (job->message_id, message_id) == 0)
        return job;
    }
  return NULL;
}

static void
take_push (RbWorld          *self,
           RbAdapter        *adapter,
           const RbFakePush *push)
{
  RbJob *job;

  g_assert_cmpstr (push->content, ==, push->source_message_id);
  if (push->assignment_id == NULL)
    {
      /* given to somebody else after its receipt was lost with the process, it is acted on again: no broker can know */
      if (g_hash_table_add (adapter->seen, g_strdup (push->source_message_id)) && !self->plan.is_tolerant)
        act (self, push->source_message_id);
      return;
    }
  if (find_job (adapter, NULL, push->assignment_id) != NULL)
    return;

  job = g_new0 (RbJob, 1);
  job->message_id = g_strdup (push->source_message_id);
  job->assignment_id = g_strdup (push->assignment_id);
  g_ptr_array_add (adapter->jobs, job);
}

void
rb_adapter_read (RbWorld   *self,
                 RbAdapter *adapter)
{
  while (!self->is_dead && adapter->channel != NULL && adapter->n_read < adapter->channel->pushes->len)
    {
      guint i = adapter->n_read++;

      take_push (self, adapter, rb_fake_channel_get (adapter->channel, i));
      rb_core_fixture_receipt (&self->fixture, adapter->channel, i);
    }
}

static void
attach (RbWorld   *self,
        RbAdapter *adapter)
{
  g_clear_object (&adapter->channel);
  adapter->n_read = 0;
  adapter->channel = rb_core_fixture_attach (&self->fixture, adapter->pid, TRUE);
  rb_test_settle ();
}

void
rb_adapter_join (RbWorld   *self,
                 RbAdapter *adapter)
{
  g_autofree char *token = NULL;
  char *id;

  if (self->is_dead)
    return;
  if (adapter->channel == NULL)
    attach (self, adapter);
  if (adapter->endpoint_id != NULL)
    return;

  id = rb_core_fixture_try_register (&self->fixture, adapter->pid, adapter->kind, adapter->session, &token, NULL);
  g_assert_true (id != NULL || self->is_dead || self->plan.is_tolerant);
  if (id == NULL)
    return;
  adapter->endpoint_id = id;
  adapter->token = g_steal_pointer (&token);
  adapter->is_leaving = FALSE;
  rb_adapter_read (self, adapter);
}

void
rb_adapter_forget (RbAdapter *adapter)
{
  g_clear_pointer (&adapter->endpoint_id, g_free);
  g_clear_pointer (&adapter->token, g_free);
  g_clear_pointer (&adapter->correlation_id, g_free);
}

void
rb_adapter_return (RbWorld   *self,
                   RbAdapter *adapter)
{
  RbCaller caller = { .pid = adapter->pid };
  g_autoptr(GError) error = NULL;
  guint n;

  if (self->is_dead)
    return;
  attach (self, adapter);
  if (adapter->endpoint_id == NULL)
    return;

  rb_reattach_async (self->fixture.core, &caller, adapter->endpoint_id, adapter->pid, rb_test_store_result, &self->result);
  rb_test_settle ();
  rb_adapter_read (self, adapter);
  if (self->is_dead)
    return;

  rb_test_wait_until (self->result != NULL);
  if (!rb_reattach_finish (self->fixture.core, self->result, &n, &error))
    {
      /* asked to leave, it never heard whether it had; otherwise an endpoint that was granted is there */
      g_assert_true (adapter->is_leaving || self->plan.is_tolerant);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_unknown");
      rb_adapter_forget (adapter);
    }
  adapter->is_leaving = FALSE;
  g_clear_object (&self->result);
}

void
rb_adapter_drop (RbWorld   *self,
                 RbAdapter *adapter)
{
  if (self->is_dead || adapter->channel == NULL)
    return;

  rb_core_fixture_detach (&self->fixture, adapter->channel);
  g_clear_object (&adapter->channel);
}

void
rb_adapter_leave (RbWorld   *self,
                  RbAdapter *adapter)
{
  if (self->is_dead || adapter->endpoint_id == NULL)
    return;

  adapter->is_leaving = TRUE;
  if (rb_core_fixture_unregister (&self->fixture, adapter->pid, adapter->endpoint_id, NULL))
    rb_adapter_forget (adapter);
}

static gboolean
report (RbWorld    *self,
        RbAdapter  *adapter,
        RbJob      *job,
        gint64      sequence,
        const char *state)
{
  g_autoptr(GError) error = NULL;

  if (rb_core_fixture_report (&self->fixture, adapter->pid, adapter->endpoint_id, adapter->token, job->message_id, job->assignment_id,
                              sequence, state, &error))
    return TRUE;

  /* Not answered by a living process, it may have happened: asked again later. */
  if (g_strcmp0 (rb_error_get_reason (error), "runtime_assignment_unknown") == 0)
    job->is_over = TRUE;
  else
    g_assert_true (self->is_dead || self->plan.is_tolerant);
  return FALSE;
}

void
rb_adapter_report (RbWorld    *self,
                   RbAdapter  *adapter,
                   RbJob      *job,
                   const char *state)
{
  job->sequence += 10;   /* the broker's own reports fit in between */
  if (report (self, adapter, job, job->sequence, state) && g_str_equal (state, "adapter_accepted"))
    rb_adapter_note_accepted (self, job);
}

void
rb_adapter_note_accepted (RbWorld *self,
                          RbJob   *job)
{
  if (job->is_accepted)
    return;

  job->is_accepted = TRUE;
  act (self, job->message_id);
}

void
rb_adapter_accept (RbWorld    *self,
                   RbAdapter  *adapter,
                   const char *id)
{
  RbJob *job = find_job (adapter, id, NULL);

  if (self->is_dead || job == NULL || job->is_accepted || job->is_over)
    return;
  if (!report (self, adapter, job, 2, "adapter_accepted"))
    return;

  job->is_accepted = TRUE;
  act (self, id);
}

void
rb_adapter_fail (RbWorld    *self,
                 RbAdapter  *adapter,
                 const char *id)
{
  RbJob *job = find_job (adapter, id, NULL);

  if (self->is_dead || job == NULL || job->is_over)
    return;
  if (report (self, adapter, job, 3, "processing_failed"))
    job->is_over = TRUE;
}

void
rb_adapter_reply (RbWorld    *self,
                  RbAdapter  *adapter,
                  const char *id)
{
  RbJob *job = find_job (adapter, id, NULL);
  g_autofree char *content = g_strconcat ("re:", id, NULL);
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  if (self->is_dead || job == NULL || !job->is_accepted)
    return;

  wire_id = rb_core_fixture_reply (&self->fixture, adapter->pid, adapter->endpoint_id, adapter->token, id, job->assignment_id, "r1",
                                   content, &error);
  g_assert_true (wire_id != NULL || self->is_dead || self->plan.is_tolerant);
  if (job->is_replied && !self->is_dead)   /* what was answered once is not denied */
    g_assert_cmpstr (rb_error_get_reason (error), !=, "runtime_assignment_unknown");
  if (wire_id == NULL)
    return;
  if (job->wire_id != NULL)
    g_assert_cmpstr (wire_id, ==, job->wire_id);
  job->is_replied = TRUE;
  g_free (job->wire_id);
  job->wire_id = g_steal_pointer (&wire_id);
}

void
rb_adapter_send (RbWorld   *self,
                 RbAdapter *adapter)
{
  g_autofree char *correlation_id = NULL;
  g_autofree char *id = NULL;

  if (self->is_dead || adapter->endpoint_id == NULL)
    return;

  id = rb_core_fixture_send (&self->fixture, adapter->pid, adapter->endpoint_id, "bob", "hello", NULL, &correlation_id, NULL);
  g_assert_true (id != NULL || self->is_dead || self->plan.is_tolerant);
  if (id == NULL)
    return;
  g_free (adapter->correlation_id);
  adapter->correlation_id = g_steal_pointer (&correlation_id);
}
