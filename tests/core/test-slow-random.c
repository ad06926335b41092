/* test-slow-random.c: random sessions in which everybody is slow and answers in whatever order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-connector.h"
#include "rb-core-private.h"
#include "rb-json.h"
#include "rb-mailroom.h"
#include "rb-orders.h"
#include "rb-outbox.h"
#include "rb-settle.h"

/* Two adapters, a directory that knows to whom it gave what, and calls of all kinds on their way at once: route claims, claims, messages
 * staged in advance, orders, reports, replies, in front of a store that commits when it likes. RB_SEED=n runs that session alone. */

#define N_IDS 8
#define N_WORKERS 2
#define N_SEEDS 40
#define N_SEEDS_SLOW 2000    /* with -m slow; or RB_SEEDS=n */
#define N_STEPS 150

typedef struct {
  gint64         pid;
  RbFakeChannel *channel;       /* NULL: not attached */
  guint          n_receipts;
  char          *endpoint_id;   /* the newest that it knows of; it may be gone */
  char          *token;
} Slow;

/* What the directory gave away. */
typedef struct {
  char *assignment_id;
  char *endpoint_id;
} Given;

typedef struct {
  RbCoreFixture *fixture;
  GRand         *random;
  gint64         seq;
  Slow           workers[N_WORKERS];
  GHashTable    *pids;                  /* endpoint id to pid */
  GHashTable    *given;                 /* message id to Given */
  gint64         accepted_seq[N_IDS];   /* of the last delivery of the message; 0: none */
  guint          n_asked, n_answered;   /* calls of adapters in this process */
  guint          n_orders;              /* in this process */
  guint          n_acks;                /* when it began */
  guint          n_assignments;
} Session;

/* What happened at all, over all sessions. */
static struct {
  guint64 pushed, claimed, staged, fetched, restored, self_settled, replies;
} happened;

static guint
pick (Session *self,
      guint    n)
{
  return (guint) g_rand_int_range (self->random, 0, (gint32) n);
}

static const char *
pick_id (Session *self)
{
  static const char *const ids[N_IDS] = { "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7" };

  return ids[pick (self, N_IDS)];
}

static Slow *
pick_worker (Session *self)
{
  return &self->workers[pick (self, N_WORKERS)];
}

static void
given_free (gpointer data)
{
  Given *given = data;

  g_free (given->assignment_id);
  g_free (given->endpoint_id);
  g_free (given);
}

/* The directory. */

static void
take_away (Session    *self,
           const char *message_id,
           const char *assignment_id)
{
  const Given *given = g_hash_table_lookup (self->given, message_id);

  if (given != NULL && (assignment_id == NULL || g_str_equal (given->assignment_id, assignment_id)))
    g_hash_table_remove (self->given, message_id);
}

static gboolean
is_of_endpoint (gpointer key,
                gpointer value,
                gpointer user_data)
{
  return g_str_equal (((Given *) value)->endpoint_id, user_data);
}

static GVariant *
no (GError **error)
{
  g_propagate_error (error, rb_claimer_failure (RB_ERROR_REJECTED, 409, NULL, "no"));
  return NULL;
}

static GVariant *
give (Session     *self,
      const char  *message_id,
      const char  *endpoint_id,
      GError     **error)
{
  Given *given = g_hash_table_lookup (self->given, message_id);
  gpointer pid = g_hash_table_lookup (self->pids, endpoint_id);
  RbWorker worker = { .pid = GPOINTER_TO_INT (pid), .endpoint_id = (char *) endpoint_id };

  if ((given != NULL && !g_str_equal (given->endpoint_id, endpoint_id)) || pick (self, 8) == 0)
    return no (error);
  if (given == NULL)
    {
      given = g_new (Given, 1);
      given->assignment_id = g_strdup_printf ("a%u", ++self->n_assignments);
      given->endpoint_id = g_strdup (endpoint_id);
      g_hash_table_insert (self->given, g_strdup (message_id), given);
    }
  return rb_claimer_answer (&worker, message_id, given->assignment_id);
}

static GVariant *
list (Session    *self,
      const char *endpoint_id)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < N_IDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      const Given *given = g_hash_table_lookup (self->given, id);

      if (given != NULL)
        g_variant_builder_add_value (&builder, rb_claimer_candidate (id, "assigned_in_progress", given->assignment_id, given->endpoint_id));
      else if (pick (self, 4) == 0)
        g_variant_builder_add_value (&builder, rb_claimer_candidate (id, "node_pull_only", NULL, NULL));
    }
  return g_variant_new_parsed ("{'items': <%@aa{sv}>}", g_variant_builder_end (&builder));
}

static const char *
argument (GVariant   *arguments,
          const char *name)
{
  const char *text = NULL;

  g_variant_lookup (arguments, name, "&s", &text);
  return text;
}

static GVariant *
respond (RbUpstreamCall   call,
         GVariant        *arguments,
         gpointer         user_data,
         GError         **error)
{
  Session *self = user_data;

  switch ((int) call)
    {
    case RB_UPSTREAM_ROUTE_CLAIM:
      return pick (self, 5) == 0 ? no (error) : g_variant_new_parsed ("{'action': <'route'>}");
    case RB_UPSTREAM_CANDIDATES:
      return list (self, argument (arguments, "endpoint_id"));
    case RB_UPSTREAM_SELF_CLAIM:
      return give (self, argument (arguments, "undispatched_id"), argument (arguments, "target_endpoint_id"), error);
    case RB_UPSTREAM_RELEASE_CLAIM:
      if (pick (self, 4) == 0)
        return no (error);
      take_away (self, argument (arguments, "undispatched_id"), argument (arguments, "assignment_id"));
      return NULL;
    case RB_UPSTREAM_SELF_SETTLE:
      if (pick (self, 3) == 0)
        return no (error);
      take_away (self, argument (arguments, "undispatched_id"), NULL);
      return NULL;
    case RB_UPSTREAM_UNREGISTER:
      g_hash_table_foreach_remove (self->given, is_of_endpoint, (gpointer) argument (arguments, "endpoint_id"));
      return NULL;
    default:
      return NULL;
    }
}

/* It hears how an assignment ended. */
static void
on_heard (RbEvent  *event,
          gpointer  user_data)
{
  static const char *const ends[] = { "target_lost_before_acceptance", "processing_failed", "expired", "waiting_for_runtime_capability",
                                      "reply_emitted", NULL };
  Session *self = user_data;
  g_autoptr(RbJson) json = NULL;
  g_autofree char *state = NULL;
  g_autofree char *message_id = NULL;

  if (rb_event_get_kind (event) != RB_EVENT_PROCESSING_STATE)
    return;

  json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  state = rb_json_peek_string (json, "state");
  message_id = rb_json_peek_string (json, "source_message_id");
  if (g_strv_contains (ends, state))
    take_away (self, message_id, rb_event_get_subject (event));
}

/* Adapters. */

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  ((Session *) user_data)->n_answered++;
}

typedef struct {
  Session *session;
  Slow    *worker;
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
enter (Session *self,
       Slow    *worker)
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
attach (Session *self,
        Slow    *worker)
{
  if (worker->channel != NULL)
    return;
  worker->channel = rb_core_fixture_attach (self->fixture, worker->pid, TRUE);
  worker->n_receipts = 0;
}

static void
detach (Session *self,
        Slow    *worker)
{
  if (worker->channel != NULL)
    rb_core_fixture_detach (self->fixture, worker->channel);
  g_clear_object (&worker->channel);
}

/* Back to the endpoint it had, or to another one. */
static void
join (Session *self,
      Slow    *worker)
{
  RbCaller caller = { .pid = worker->pid };

  attach (self, worker);
  if (worker->endpoint_id == NULL || pick (self, 4) == 0)
    {
      enter (self, worker);
      return;
    }
  self->n_asked++;
  rb_reattach_async (self->fixture->core, &caller, worker->endpoint_id, worker->pid, on_answered, self);
}

static void
come_and_go (Session *self)
{
  Slow *worker = pick_worker (self);
  RbCaller caller = { .pid = worker->pid };

  switch (pick (self, 6))
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
      if (worker->channel == NULL || pick (self, 4) == 0)
        join (self, worker);
      break;
    }
}

static void
deliver (Session *self)
{
  const char *id = pick_id (self);
  const Slow *worker = pick_worker (self);
  g_autofree char *metadata = NULL;
  gboolean is_loose = pick (self, 8) == 0;

  if (pick (self, 3) == 0 && worker->endpoint_id != NULL)
    metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c%u\"}", worker->endpoint_id, pick (self, 2));
  rb_fake_connector_deliver (self->fixture->connector, is_loose ? RB_CONNECTOR_NO_SEQ : ++self->seq, id, "bob", "x", metadata);
  if (!is_loose)
    self->accepted_seq[id[1] - '0'] = self->seq;
}

static void
take_pushes (Session *self)
{
  Slow *worker = pick_worker (self);

  while (worker->channel != NULL && worker->n_receipts < worker->channel->pushes->len)
    {
      happened.pushed++;
      rb_core_fixture_receipt (self->fixture, worker->channel, worker->n_receipts++);
    }
}

static void
claim (Session *self)
{
  Slow *worker = pick_worker (self);
  RbCaller caller = { .pid = worker->pid };
  RbClaimRequest request = { worker->endpoint_id, worker->pid, worker->token, (char *) pick_id (self), FALSE };

  if (worker->endpoint_id == NULL)
    return;
  self->n_asked++;
  rb_claim_async (self->fixture->core, &caller, &request, on_answered, self);
}

static void
fetch (Session *self)
{
  Slow *worker = pick_worker (self);
  RbCaller caller = { .pid = worker->pid };
  RbStagedRequest request = { worker->endpoint_id, worker->pid, pick (self, 2) * 1000, pick (self, 4) > 0 };

  if (worker->endpoint_id == NULL)
    return;
  self->n_asked++;
  rb_staged_async (self->fixture->core, &caller, &request, NULL, on_answered, self);
}

static void
settle (Session *self)
{
  Slow *worker = pick_worker (self);
  RbCaller caller = { .pid = worker->pid };
  RbSettleRequest request = { worker->endpoint_id, worker->pid, (char *) pick_id (self) };

  if (worker->endpoint_id == NULL)
    return;
  self->n_asked++;
  rb_settle_async (self->fixture->core, &caller, &request, on_answered, self);
}

static RbAssignment *
pick_assignment (Session *self)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (self->fixture->core->assignments);

  return assignments->len > 0 ? g_ptr_array_index (assignments, pick (self, assignments->len)) : NULL;
}

static Slow *
worker_of (Session            *self,
           const RbAssignment *assignment)
{
  for (guint i = 0; i < N_WORKERS; i++)
    if (g_strcmp0 (self->workers[i].endpoint_id, assignment->endpoint_id) == 0)
      return &self->workers[i];
  return NULL;
}

static void
report (Session *self)
{
  static const char *const states[] = { "adapter_accepted", "adapter_accepted", "adapter_accepted", "processing_started",
                                        "processing_failed", "expired", "waiting_for_runtime_capability" };
  RbAssignment *assignment = pick_assignment (self);
  Slow *worker = assignment != NULL ? worker_of (self, assignment) : NULL;
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
  request.state_sequence = rb_assignment_get_next_sequence (assignment);
  request.state = (char *) states[pick (self, G_N_ELEMENTS (states))];
  self->n_asked++;
  rb_processing_async (self->fixture->core, &caller, &request, on_answered, self);
}

static void
reply (Session *self)
{
  RbAssignment *assignment = pick_assignment (self);
  Slow *worker = assignment != NULL ? worker_of (self, assignment) : NULL;
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

static void
order (Session *self)
{
  const Slow *worker = pick_worker (self);
  const char *id = pick_id (self);
  g_autofree char *key = g_strdup_printf ("order%u", ++self->n_assignments);
  RbOrder event = { .key = key, .undispatched_id = id, .source_message_id = id, .token = "T", .emitted_at = 1795427510029 };
  RbCaller operator_ = { .operator_ = TRUE };

  event.target_endpoint_id = worker->endpoint_id;
  if (worker->endpoint_id == NULL)
    return;
  if (pick (self, 4) == 0)
    {
      self->n_asked++;
      rb_dispatch_async (self->fixture->core, &operator_, id, worker->endpoint_id, on_answered, self);
      return;
    }
  self->n_orders++;
  rb_order_send (self->fixture, &event);
}

/* Neighbours. */

static void
answer_somebody (Session *self)
{
  RbCoreFixture *fixture = self->fixture;
  g_autoptr(GError) error = NULL;

  if (pick (self, 6) == 0)
    error = rb_error_new (pick (self, 2) == 0 ? RB_ERROR_UNAVAILABLE : RB_ERROR_REJECTED, NULL, "no");
  switch (pick (self, 4))
    {
    case 0:
      if (fixture->upstream->waiting->len > 0)
        rb_fake_upstream_answer_one (fixture->upstream, pick (self, fixture->upstream->waiting->len));
      break;
    case 1:
      if (fixture->authority->waiting->len > 0)
        rb_fake_emitter_answer_one (fixture->authority, pick (self, fixture->authority->waiting->len), error);
      break;
    case 2:
      rb_fake_connector_answer (fixture->connector, error);
      break;
    default:
      rb_fake_store_commit_one (fixture->store);
      break;
    }
}

static void
keep_waiting (Session *self)
{
  static const RbUpstreamCall slow[] = { RB_UPSTREAM_ROUTE_CLAIM, RB_UPSTREAM_CANDIDATES, RB_UPSTREAM_SELF_CLAIM,
                                         RB_UPSTREAM_RELEASE_CLAIM, RB_UPSTREAM_SELF_SETTLE, RB_UPSTREAM_LOOKUP_CLOSED };

  for (gsize i = 0; i < G_N_ELEMENTS (slow); i++)
    self->fixture->upstream->holds[slow[i]] = TRUE;
  self->fixture->authority->hold = TRUE;
  self->fixture->connector->hold = TRUE;
}

static void
answer_everybody (Session *self)
{
  RbCoreFixture *fixture = self->fixture;

  for (guint i = 0; i < RB_UPSTREAM_N_CALLS; i++)
    fixture->upstream->holds[i] = FALSE;
  fixture->authority->hold = FALSE;
  fixture->connector->hold = FALSE;
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_fake_upstream_answer (fixture->upstream);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_fake_connector_answer (fixture->connector, NULL);
}

/* The disk is slow, or full for a while. */
static void
trouble_store (Session *self)
{
  gboolean is_full = pick (self, 4) == 0;

  rb_fake_store_set_health (self->fixture->store, is_full ? RB_STORE_FAILING : RB_STORE_OK, is_full ? "disk full" : NULL);
  rb_fake_store_set_hold (self->fixture->store, is_full || pick (self, 2) == 0);
}

static gboolean
on_idle (gpointer user_data)
{
  answer_everybody (user_data);
  return G_SOURCE_REMOVE;
}

static void
note_what_happened (RbCore *core)
{
  happened.claimed += core->counters.claimed;
  happened.staged += core->counters.staged;
  happened.fetched += core->counters.fetched;
  happened.restored += core->counters.restored;
  happened.self_settled += core->counters.self_settled;
  happened.replies += core->counters.replies;
}

/* It dies as it stands, or stops in order while calls are on their way. */
static void
die (Session *self)
{
  note_what_happened (self->fixture->core);
  if (pick (self, 2) == 0)
    {
      g_idle_add (on_idle, self);
      rb_core_fixture_restart (self->fixture);
    }
  else
    {
      rb_fake_store_set_health (self->fixture->store, RB_STORE_OK, NULL);
      rb_core_fixture_crash (self->fixture);
      rb_fake_store_set_hold (self->fixture->store, FALSE);
    }
  g_assert_cmpuint (self->n_answered, ==, self->n_asked);
  self->n_asked = self->n_answered = self->n_orders = 0;
  self->n_acks = self->fixture->upstream->acks->len;
  for (guint i = 0; i < N_WORKERS; i++)
    g_clear_object (&self->workers[i].channel);
}

static void
step (Session *self)
{
  switch (pick (self, 30))
    {
    case 0: case 1: case 2: case 3:
      deliver (self);
      break;
    case 4: case 5:
      claim (self);
      break;
    case 6:
      rb_mailroom_trigger (self->fixture->core);
      break;
    case 7: case 8:
      fetch (self);
      break;
    case 9: case 10: case 11: case 12:
      report (self);
      break;
    case 13:
      reply (self);
      break;
    case 14: case 15:
      order (self);
      break;
    case 16:
      settle (self);
      break;
    case 17: case 18:
      come_and_go (self);
      break;
    case 19:
      rb_fake_clock_advance (self->fixture->clock, pick (self, 3) > 0 ? 1000 : 31000);
      break;
    case 20:
      trouble_store (self);
      break;
    case 21: case 22:
      take_pushes (self);
      break;
    case 23:
      if (pick (self, 4) == 0)
        die (self);
      break;
    default:
      answer_somebody (self);
      break;
    }
  rb_test_settle ();
}

/* What is true at every moment. */
static void
check (Session *self)
{
  RbCore *core = self->fixture->core;
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  guint n_slots = 0;

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      n_slots += rb_assignment_holds_slot (assignment) ? 1 : 0;
      g_assert_cmpint (assignment->message->place, ==, RB_PLACE_ASSIGNMENT);
      g_assert_null (rb_inbox_lookup (core->inbox, assignment->message->id));
      /* Only of what is accepted a reply may be told. */
      if (!rb_assignment_state_is_accepted (assignment->state))
        g_assert_false (rb_outbox_has_report (core, assignment->context->assignment_id));
      if (assignment->state != RB_ASSIGNMENT_STAGED)
        g_assert_null (rb_staging_lookup (core->staging, assignment->endpoint_id, assignment->context->source_message_id));
    }
  g_assert_cmpuint (rb_inbox_get_n_reserved (core->inbox), >=, n_slots);
}

/* Everybody is heard: nothing is on its way any more, nobody waits, and the disk says what memory says. */
static void
check_at_rest (Session *self)
{
  RbCore *core = self->fixture->core;
  g_autoptr(GPtrArray) assignments = NULL;
  guint n_slots = 0;

  for (guint i = 0; i < 40; i++)
    {
      answer_everybody (self);
      rb_test_settle ();
      if (i % 10 == 9)
        rb_fake_clock_advance (self->fixture->clock, i > 30 ? 1000 : 31000);
    }
  for (guint i = 0; i < N_WORKERS; i++)
    take_pushes (self);
  rb_test_settle ();
  g_assert_cmpuint (self->n_answered, ==, self->n_asked);
  g_assert_cmpuint (self->fixture->upstream->acks->len - self->n_acks, ==, self->n_orders);
  g_assert_cmpuint (g_hash_table_size (core->claims), ==, 0);
  g_assert_cmpuint (g_hash_table_size (core->asking), ==, 0);
  g_assert_cmpuint (core->n_waiters, ==, 0);
  g_assert_cmpuint (core->n_reports, ==, 0);
  g_assert_cmpuint (rb_outbox_get_n (core->outbox), ==, 0);

  assignments = rb_assignments_dup_all (core->assignments);
  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      n_slots += rb_assignment_holds_slot (assignment) ? 1 : 0;
      g_assert_cmpstr (rb_core_fixture_place (self->fixture, assignment->message->id), ==, "assignment");
    }
  g_assert_cmpuint (rb_inbox_get_n_reserved (core->inbox), ==, n_slots);
  for (guint i = 0; i < N_IDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      RbMessage *live = rb_ledger_lookup (core->ledger, id);
      const char *place = rb_core_fixture_place (self->fixture, id);

      if (self->accepted_seq[i] != 0 && rb_fake_connector_has_accepted (self->fixture->connector, self->accepted_seq[i]))
        g_assert_nonnull (place);
      if (live == NULL)
        g_assert_true (place == NULL || g_str_equal (place, "ended"));
      else
        g_assert_true (live->is_durable && live->waiting_seqs == NULL);
      if (rb_inbox_lookup (core->inbox, id) != NULL)
        g_assert_cmpstr (place, ==, "inbox");
    }
  keep_waiting (self);
}

static void
set_up_session (Session *self,
                guint    seed)
{
  RbFakeUpstream *upstream = self->fixture->upstream;

  self->random = g_rand_new_with_seed (seed);
  self->pids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, given_free);
  self->fixture->settings.inbox_cap = 5;
  if (seed % 3 == 0)
    self->fixture->settings.outbox_cap = 4;
  upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM | (seed % 2 == 0 ? RB_UPSTREAM_HAS_CLOSED_LOOKUP : 0);
  rb_claimer_open_mailroom (self->fixture);
  upstream->respond = respond;
  upstream->respond_data = self;
  self->fixture->authority->heard = on_heard;
  self->fixture->authority->heard_data = self;
  for (guint i = 0; i < N_WORKERS; i++)
    {
      self->workers[i].pid = 100 * (1 + (int) i);
      join (self, &self->workers[i]);
      rb_test_settle ();
    }
  keep_waiting (self);
}

static void
tear_down_session (Session *self)
{
  note_what_happened (self->fixture->core);
  rb_core_fixture_crash (self->fixture);
  self->fixture->upstream->respond = NULL;
  self->fixture->authority->heard = NULL;
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_clear_object (&self->workers[i].channel);
      g_free (self->workers[i].endpoint_id);
      g_free (self->workers[i].token);
    }
  g_hash_table_unref (self->pids);
  g_hash_table_unref (self->given);
  g_rand_free (self->random);
}

static void
run_session (RbCoreFixture *fixture,
             guint          seed)
{
  Session session = { .fixture = fixture };

  set_up_session (&session, seed);
  for (guint i = 0; i < N_STEPS; i++)
    {
      step (&session);
      check (&session);
      if (i % 50 == 49)
        check_at_rest (&session);
    }
  tear_down_session (&session);
}

static void
test_sessions (void)
{
  const char *only = g_getenv ("RB_SEED");
  const char *count = g_getenv ("RB_SEEDS");
  guint n_seeds = count != NULL ? (guint) g_ascii_strtoull (count, NULL, 10) : g_test_slow () ? N_SEEDS_SLOW : N_SEEDS;

  g_test_summary ("Whoever is slow, whatever comes in between: one place for a message, each call answered once, each slot accounted for.");

  for (guint seed = 0; seed < n_seeds; seed++)
    {
      RbCoreFixture fixture = { 0 };

      if (only != NULL && seed != (guint) g_ascii_strtoull (only, NULL, 10))
        continue;
      g_test_message ("RB_SEED=%u", seed);
      rb_core_fixture_set_up (&fixture, "network");
      run_session (&fixture, seed);
      rb_core_fixture_tear_down (&fixture, NULL);
    }

  if (only != NULL)
    return;
  g_assert_cmpuint (happened.pushed, >, 10);
  g_assert_cmpuint (happened.claimed, >, 10);
  g_assert_cmpuint (happened.staged, >, 10);
  g_assert_cmpuint (happened.fetched, >, 10);
  g_assert_cmpuint (happened.restored, >, 10);
  g_assert_cmpuint (happened.self_settled, >, 2);
  g_assert_cmpuint (happened.replies, >, 2);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/slow/random", test_sessions);
  return g_test_run ();
}
