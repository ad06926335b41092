/* rb-slow-adapters.c: adapters that ask for everything and wait for nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-slow.h"

#include "rb-claim.h"
#include "rb-connector.h"
#include "rb-core-private.h"
#include "rb-json.h"
#include "rb-orders.h"
#include "rb-settle.h"
#include "rb-staged.h"

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  ((RbSession *) user_data)->n_answered++;
}

typedef struct {
  RbSession *session;
  RbSlow    *worker;
} Registering;

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autofree Registering *data = user_data;
  g_autofree char *endpoint_id = NULL;
  g_autofree char *token = NULL;
  g_autoptr(GVariant) naming = NULL;

  data->session->n_answered++;
  if (!rb_register_finish (RB_CORE (source), result, &endpoint_id, &token, &naming, NULL))
    return;

  g_hash_table_insert (data->session->pids, g_strdup (endpoint_id), GINT_TO_POINTER ((int) data->worker->pid));
  g_free (data->worker->endpoint_id);
  g_free (data->worker->token);
  data->worker->endpoint_id = g_steal_pointer (&endpoint_id);
  data->worker->token = g_steal_pointer (&token);
}

static void
enter (RbSession *self,
       RbSlow    *worker)
{
  static const char *const background[] = { "background_exchange_v1", NULL };
  g_autofree char *session = g_strdup_printf ("s%d", (int) worker->pid);
  RbCaller caller = { .pid = worker->pid };
  RbRegisterRequest request = {
    .agent_id = (char *) "agent",
    .plugin_pid = worker->pid,
    .kind = (char *) "custom",
    .runtime_session_id = session,
    .runtime_capabilities = (GStrv) background,
    .background_exchange_mode = (char *) "adapter_managed_turn",
  };
  Registering *data = g_new (Registering, 1);

  *data = (Registering) { self, worker };
  self->n_asked++;
  rb_register_async (self->fixture->core, &caller, &request, on_registered, data);
}

static void
attach (RbSession *self,
        RbSlow    *worker)
{
  if (worker->channel != NULL)
    return;
  worker->channel = rb_core_fixture_attach (self->fixture, worker->pid, TRUE);
  worker->n_receipts = 0;
}

static void
detach (RbSession *self,
        RbSlow    *worker)
{
  if (worker->channel != NULL)
    rb_core_fixture_detach (self->fixture, worker->channel);
  g_clear_object (&worker->channel);
}

/* Back to the endpoint it had, or to another one. */
void
rb_slow_join (RbSession *self,
              RbSlow    *worker)
{
  RbCaller caller = { .pid = worker->pid };

  attach (self, worker);
  if (worker->endpoint_id == NULL || rb_session_pick (self, 4) == 0)
    {
      enter (self, worker);
      return;
    }
  self->n_asked++;
  rb_reattach_async (self->fixture->core, &caller, worker->endpoint_id, worker->pid, on_answered, self);
}

void
rb_slow_come_and_go (RbSession *self)
{
  RbSlow *worker = rb_session_pick_worker (self);
  RbCaller caller = { .pid = worker->pid };

  switch (rb_session_pick (self, 6))
    {
    case 0:
      detach (self, worker);
      break;
    case 1:
      if (worker->endpoint_id == NULL)
        break;
      self->n_asked++;
      rb_unregister_async (self->fixture->core, &caller, worker->endpoint_id, on_answered, self);
      break;
    default:
      if (worker->channel == NULL || rb_session_pick (self, 4) == 0)
        rb_slow_join (self, worker);
      break;
    }
}

void
rb_slow_deliver (RbSession *self)
{
  const char *id = rb_session_pick_id (self);
  const RbSlow *worker = rb_session_pick_worker (self);
  g_autofree char *metadata = NULL;
  gboolean is_loose = rb_session_pick (self, 8) == 0;

  if (rb_session_pick (self, 3) == 0 && worker->endpoint_id != NULL)
    metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c%u\"}", worker->endpoint_id, rb_session_pick (self, 2));
  rb_fake_connector_deliver (self->fixture->connector, is_loose ? RB_CONNECTOR_NO_SEQ : ++self->seq, id, "bob", "x", metadata);
  if (!is_loose)
    self->accepted_seq[id[1] - '0'] = self->seq;
}

void
rb_slow_take_pushes (RbSession *self)
{
  RbSlow *worker = rb_session_pick_worker (self);

  while (worker->channel != NULL && worker->n_receipts < worker->channel->pushes->len)
    {
      self->n_pushed++;
      rb_core_fixture_receipt (self->fixture, worker->channel, worker->n_receipts++);
    }
}

void
rb_slow_claim (RbSession *self)
{
  RbSlow *worker = rb_session_pick_worker (self);
  RbCaller caller = { .pid = worker->pid };
  RbClaimRequest request = { worker->endpoint_id, worker->pid, worker->token, (char *) rb_session_pick_id (self), FALSE };

  if (worker->endpoint_id == NULL)
    return;
  self->n_asked++;
  rb_claim_async (self->fixture->core, &caller, &request, on_answered, self);
}

void
rb_slow_fetch (RbSession *self)
{
  RbSlow *worker = rb_session_pick_worker (self);
  RbCaller caller = { .pid = worker->pid };
  RbStagedRequest request = { worker->endpoint_id, worker->pid, rb_session_pick (self, 2) * 1000, rb_session_pick (self, 4) > 0 };

  if (worker->endpoint_id == NULL)
    return;
  self->n_asked++;
  rb_staged_async (self->fixture->core, &caller, &request, NULL, on_answered, self);
}

void
rb_slow_settle (RbSession *self)
{
  RbSlow *worker = rb_session_pick_worker (self);
  RbCaller caller = { .pid = worker->pid };
  RbSettleRequest request = { worker->endpoint_id, worker->pid, (char *) rb_session_pick_id (self) };

  if (worker->endpoint_id == NULL)
    return;
  self->n_asked++;
  rb_settle_async (self->fixture->core, &caller, &request, on_answered, self);
}

static RbAssignment *
pick_assignment (RbSession *self)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (self->fixture->core->assignments);

  return assignments->len > 0 ? g_ptr_array_index (assignments, rb_session_pick (self, assignments->len)) : NULL;
}

static RbSlow *
worker_of (RbSession          *self,
           const RbAssignment *assignment)
{
  for (guint i = 0; i < N_WORKERS; i++)
    if (g_strcmp0 (self->workers[i].endpoint_id, assignment->endpoint_id) == 0)
      return &self->workers[i];
  return NULL;
}

void
rb_slow_report (RbSession *self)
{
  static const char *const states[] = { "adapter_accepted", "adapter_accepted", "adapter_accepted", "processing_started",
                                        "processing_failed", "expired", "waiting_for_runtime_capability" };
  RbAssignment *assignment = pick_assignment (self);
  RbSlow *worker = assignment != NULL ? worker_of (self, assignment) : NULL;
  RbCaller caller = { .pid = worker != NULL ? worker->pid : 0 };
  RbProcessingRequest request = { .occurred_at = RB_NO_TIME };
  g_autofree char *event_id = NULL;

  if (worker == NULL)
    return;
  event_id = g_strdup_printf ("report:%u", ++self->n_assignments);
  request.endpoint_id = worker->endpoint_id;
  request.plugin_pid = worker->pid;
  request.endpoint_owner_token = worker->token;
  request.source_message_id = assignment->context->source_message_id;
  request.assignment_id = assignment->context->assignment_id;
  request.state_event_id = event_id;
  request.state_sequence = rb_sequence_get_next (&assignment->sequence);
  request.state = (char *) states[rb_session_pick (self, G_N_ELEMENTS (states))];
  self->n_asked++;
  rb_processing_async (self->fixture->core, &caller, &request, on_answered, self);
}

void
rb_slow_reply (RbSession *self)
{
  RbAssignment *assignment = pick_assignment (self);
  RbSlow *worker = assignment != NULL ? worker_of (self, assignment) : NULL;
  RbCaller caller = { .pid = worker != NULL ? worker->pid : 0 };
  g_autoptr(GBytes) content = rb_json_slice_from_string ("done");
  RbReplyRequest request = { .content = content };

  if (worker == NULL)
    return;
  request.endpoint_id = worker->endpoint_id;
  request.plugin_pid = worker->pid;
  request.endpoint_owner_token = worker->token;
  request.source_message_id = assignment->context->source_message_id;
  request.assignment_id = assignment->context->assignment_id;
  request.reply_request_id = (char *) "r1";
  self->n_asked++;
  rb_reply_async (self->fixture->core, &caller, &request, on_answered, self);
}

void
rb_slow_order (RbSession *self)
{
  const RbSlow *worker = rb_session_pick_worker (self);
  const char *id = rb_session_pick_id (self);
  g_autofree char *key = g_strdup_printf ("order%u", ++self->n_assignments);
  RbOrder event = { .key = key, .undispatched_id = id, .source_message_id = id, .token = "T", .emitted_at = 1795427510029 };
  RbCaller operator_ = { .operator_ = TRUE };

  event.target_endpoint_id = worker->endpoint_id;
  if (worker->endpoint_id == NULL)
    return;
  if (rb_session_pick (self, 4) == 0)
    {
      self->n_asked++;
      rb_dispatch_async (self->fixture->core, &operator_, id, worker->endpoint_id, on_answered, self);
      return;
    }
  self->n_orders++;
  rb_order_send (self->fixture, &event);
}
