/* test-chaos.c: random sessions: whatever happens in whatever order, every accepted message is in exactly one place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-json.h"
#include "rb-restore.h"

#define N_PIDS 3
#define N_SEEDS 16
#define N_SEEDS_SLOW 2000    /* with -m slow */
#define N_STEPS 250

typedef struct {
  RbCoreFixture *fixture;
  GRand         *random;
  RbFakeChannel *channels[N_PIDS];
  GPtrArray     *ids;             /* of char *: every message that was delivered, in order */
  GHashTable    *newest;          /* "endpoint conversation" to the number of its newest message that was pushed */
  GHashTable    *pushed;          /* ids of messages that were pushed at least once */
  guint          n_seen[N_PIDS];  /* pushes of the current channel that were looked at */
  gint64         seq;
  gboolean       held;
} Session;

static gint64
pid_of (guint i)
{
  return 100 + i;
}

static guint
pick (Session *session,
      guint    n)
{
  return (guint) g_rand_int_range (session->random, 0, (gint32) n);
}

/* NULL when there is none. */
static RbEndpoint *
pick_endpoint (Session *session)
{
  GQueue *all = rb_registry_get_all (session->fixture->core->registry);

  return all->length > 0 ? g_queue_peek_nth (all, pick (session, all->length)) : NULL;
}

static void
deliver (Session *session)
{
  RbEndpoint *endpoint = pick_endpoint (session);
  g_autofree char *metadata = NULL;
  g_autofree char *id = NULL;

  if (session->ids->len > 0 && pick (session, 5) == 0)
    {
      rb_fake_connector_deliver (session->fixture->connector, session->seq++,
                                 g_ptr_array_index (session->ids, pick (session, session->ids->len)), "bob", "again", NULL);
      return;
    }

  id = g_strdup_printf ("m%u", session->ids->len);
  if (endpoint != NULL && pick (session, 4) > 0)
    metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c%u\"}", endpoint->id, pick (session, 3));
  rb_fake_connector_deliver (session->fixture->connector, session->seq++, id, "bob", "hello", metadata);
  g_ptr_array_add (session->ids, g_steal_pointer (&id));
}

static void
reattach_all (Session *session,
              gint64   pid)
{
  GPtrArray *endpoints = rb_registry_get_of_pid (session->fixture->core->registry, pid);
  RbCaller caller = { .pid = pid };

  for (guint i = 0; endpoints != NULL && i < endpoints->len; i++)
    rb_reattach_async (session->fixture->core, &caller, ((RbEndpoint *) g_ptr_array_index (endpoints, i))->id, pid, NULL, NULL);
}

/* As a client does: a channel, and then the endpoints that it had. Sometimes it forgets the second. */
static void
attach (Session *session)
{
  guint i = pick (session, N_PIDS);
  RbFakeChannel *old = session->channels[i];

  session->channels[i] = rb_core_fixture_attach (session->fixture, pid_of (i), pick (session, 4) > 0);
  session->n_seen[i] = 0;
  if (old != NULL)
    {
      rb_channels_detach (session->fixture->core, RB_CHANNEL (old));
      g_object_unref (old);
    }
  if (pick (session, 3) > 0)
    reattach_all (session, pid_of (i));
}

static void
detach (Session *session,
        guint    i)
{
  if (session->channels[i] == NULL)
    return;

  session->channels[i]->is_open = FALSE;
  rb_channels_detach (session->fixture->core, RB_CHANNEL (session->channels[i]));
  g_clear_object (&session->channels[i]);
}

static void
register_ (Session *session)
{
  guint i = pick (session, N_PIDS);
  char *plain[] = { (char *) "foreground_channel_v1", NULL };
  char *hybrid[] = { (char *) "foreground_channel_v1", (char *) "background_exchange_v1", NULL };
  gboolean is_plain = pick (session, 3) > 0;
  RbCaller caller = { .pid = pid_of (i) };
  RbRegisterRequest request = {
    .agent_id = (char *) "agent",
    .plugin_pid = pid_of (i),
    .kind = (char *) "custom",
    .runtime_session_id = (char *) (pick (session, 2) == 0 ? "s1" : "s2"),
    .runtime_capabilities = is_plain ? plain : hybrid,
    .background_exchange_mode = (char *) (is_plain ? NULL : "adapter_managed_turn"),
  };

  rb_register_async (session->fixture->core, &caller, &request, NULL, NULL);
}

static void
call_endpoint (Session *session,
               guint    which)
{
  RbEndpoint *endpoint = pick_endpoint (session);
  RbCaller caller = { .pid = endpoint != NULL ? endpoint->plugin_pid : 0 };
  g_autofree char *id = endpoint != NULL ? g_strdup (endpoint->id) : NULL;

  if (endpoint == NULL)
    return;
  if (which == 0)
    rb_unregister_async (session->fixture->core, &caller, id, NULL, NULL);
  else
    rb_reattach_async (session->fixture->core, &caller, id, caller.pid, NULL, NULL);
}

static void
acknowledge (Session *session)
{
  RbFakeChannel *channel = session->channels[pick (session, N_PIDS)];
  RbFakePush *push;

  if (channel == NULL || channel->pushes->len == 0)
    return;

  push = rb_fake_channel_get (channel, pick (session, 2) == 0 ? channel->pushes->len - 1 : pick (session, channel->pushes->len));
  if (push->push_id != NULL)
    rb_channels_receipt (session->fixture->core, RB_CHANNEL (channel), push->push_id);
}

static void
dispatch (Session *session)
{
  g_autoptr(GPtrArray) rows = rb_inbox_dup_rows (session->fixture->core->inbox);
  RbEndpoint *endpoint = pick_endpoint (session);
  RbCaller caller = { .operator_ = TRUE };

  if (rows->len > 0 && endpoint != NULL)
    rb_dispatch_async (session->fixture->core, &caller, ((RbMessage *) g_ptr_array_index (rows, pick (session, rows->len)))->id,
                       endpoint->id, NULL, NULL);
}

/* What its adapter says of an assignment. */
static void
report (Session *session)
{
  static const char *const states[] = { "adapter_accepted", "adapter_accepted", "processing_started", "waiting_for_runtime_capability",
                                        "processing_failed" };
  RbCore *core = session->fixture->core;
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  RbAssignment *assignment = assignments->len > 0 ? g_ptr_array_index (assignments, pick (session, assignments->len)) : NULL;
  RbEndpoint *endpoint = assignment != NULL ? rb_registry_lookup (core->registry, assignment->endpoint_id) : NULL;
  RbCaller caller = { .pid = endpoint != NULL ? endpoint->plugin_pid : 0 };
  RbProcessingRequest request = { .state = (char *) states[pick (session, G_N_ELEMENTS (states))], .occurred_at = RB_NO_TIME };

  if (endpoint == NULL)
    return;

  request.endpoint_id = endpoint->id;
  request.plugin_pid = caller.pid;
  request.endpoint_owner_token = endpoint->owner_token;
  request.source_message_id = (char *) assignment->context->source_message_id;
  request.assignment_id = (char *) assignment->context->assignment_id;
  request.state_event_id = request.state;
  request.state_sequence = assignment->sequence.last + 1;
  rb_processing_async (core, &caller, &request, NULL, NULL);
}

static void
fail_dispatchers (Session *session)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (session->fixture->core->assignments);

  for (guint i = 0; i < assignments->len; i++)
    rb_restore_fail_dispatchers (g_ptr_array_index (assignments, i), g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "over"));
}

/* Dies as it stands: what its calls still hold is let go behind a disk that takes nothing any more. */
static void
crash (Session *session)
{
  session->held = FALSE;
  rb_fake_store_crash (session->fixture->store);
  for (guint i = 0; i < N_PIDS; i++)
    detach (session, i);
  rb_test_settle ();
  fail_dispatchers (session);
  rb_core_fixture_crash (session->fixture);
}

static void
restart (Session *session)
{
  session->held = FALSE;
  rb_fake_store_set_hold (session->fixture->store, FALSE);
  for (guint i = 0; i < N_PIDS; i++)
    detach (session, i);
  rb_test_settle ();
  rb_core_fixture_restart (session->fixture);
}

static void
toggle_store (Session *session)
{
  if (!session->held && pick (session, 3) > 0)
    return;

  session->held = !session->held;
  rb_fake_store_set_hold (session->fixture->store, session->held);
}

static void
end_process (Session *session)
{
  guint i = pick (session, N_PIDS);

  detach (session, i);
  rb_fake_processes_recycle (session->fixture->processes, pid_of (i));
  rb_processes_emit_exited (RB_PROCESSES (session->fixture->processes), pid_of (i));
}

static void
step (Session *session)
{
  guint dice = pick (session, 100);

  if (dice < 30)
    deliver (session);
  else if (dice < 52)
    acknowledge (session);
  else if (dice < 60)
    attach (session);
  else if (dice < 63)
    detach (session, pick (session, N_PIDS));
  else if (dice < 70)
    register_ (session);
  else if (dice < 79)
    call_endpoint (session, 1);
  else if (dice == 79)
    call_endpoint (session, 0);
  else if (dice < 85)
    dispatch (session);
  else if (dice < 90)
    report (session);
  else if (dice < 93)
    toggle_store (session);
  else if (dice < 95)
    rb_fake_store_commit_one (session->fixture->store);
  else if (dice < 97)
    rb_fake_clock_advance (session->fixture->clock, pick (session, 5000));
  else if (dice == 97)
    rb_fake_clock_advance (session->fixture->clock, pick (session, 4) == 0 ? 700000 : 20000);
  else if (dice == 98 && pick (session, 3) == 0)
    end_process (session);
  else if (dice == 98)
    restart (session);
  else if (pick (session, 2) == 0)
    crash (session);
  rb_test_settle ();
}

/* What an adapter sees: a direct message of a conversation never overtakes an older one that is new to it too. */
static void
look_at (Session          *session,
         const RbFakePush *push)
{
  g_autoptr(RbJson) metadata = rb_json_parse_object (push->metadata, 0, NULL);
  g_autofree char *correlation = rb_json_peek_string (metadata, "correlation_id");
  g_autofree char *lane = g_strdup_printf ("%s %s", push->endpoint_id, correlation);
  guint number = (guint) g_ascii_strtoull (push->source_message_id + 1, NULL, 10) + 1;

  if (push->assignment_id != NULL || !g_hash_table_add (session->pushed, g_strdup (push->source_message_id)))
    return;

  g_assert_cmpuint (number, >, GPOINTER_TO_UINT (g_hash_table_lookup (session->newest, lane)));
  g_hash_table_insert (session->newest, g_steal_pointer (&lane), GUINT_TO_POINTER (number));
}

static void
watch_pushes (Session *session)
{
  for (guint i = 0; i < N_PIDS; i++)
    for (; session->channels[i] != NULL && session->n_seen[i] < session->channels[i]->pushes->len; session->n_seen[i]++)
      look_at (session, rb_fake_channel_get (session->channels[i], session->n_seen[i]));
}

static void
check_place (Session    *session,
             const char *id)
{
  RbCore *core = session->fixture->core;
  const char *place = rb_core_fixture_place (session->fixture, id);
  RbMessage *message = rb_ledger_lookup (core->ledger, id);
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, id);
  const char *holder = assignment != NULL ? assignment->endpoint_id : message != NULL ? message->endpoint_id : NULL;
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, holder);
  gboolean in_queue = endpoint != NULL && rb_queue_find (endpoint->queue, id) != NULL;

  g_assert_cmpint (message != NULL, ==, place != NULL && !g_str_equal (place, "ended"));
  g_assert_cmpint (rb_ledger_has_seen (core->ledger, id), ==, g_strcmp0 (place, "ended") == 0);
  g_assert_cmpint (rb_inbox_lookup (core->inbox, id) != NULL, ==, g_strcmp0 (place, "inbox") == 0);
  g_assert_cmpint (assignment != NULL, ==, g_strcmp0 (place, "assignment") == 0);
  if (assignment == NULL)
    g_assert_cmpint (in_queue, ==, g_strcmp0 (place, "queue") == 0);
  else
    g_assert_cmpint (in_queue, ==, assignment->state == RB_ASSIGNMENT_QUEUED);
}

static guint
count_unaccepted (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  guint n = 0;

  for (guint i = 0; i < assignments->len; i++)
    n += !rb_assignment_state_is_accepted (((RbAssignment *) g_ptr_array_index (assignments, i))->state);
  return n;
}

/* What may go has gone: an endpoint that can be reached has nothing ready but what the window holds back. */
static void
check_nothing_stuck (RbCore *core)
{
  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    {
      RbEndpoint *endpoint = l->data;

      if (endpoint->state == RB_ENDPOINT_ACTIVE && endpoint->channel != NULL && endpoint->is_durable &&
          rb_queue_get_n_pushed (endpoint->queue) < core->settings.push_window_messages)
        g_assert_null (rb_queue_take_ready (endpoint->queue));
    }
}

/* With nothing waiting for the disk, memory and disk say the same. */
static void
check (Session *session)
{
  RbCore *core = session->fixture->core;
  GHashTableIter iter;
  gpointer item;

  watch_pushes (session);
  if (rb_fake_store_get_n_waiting (session->fixture->store) > 0)
    return;

  check_nothing_stuck (core);
  for (guint i = 0; i < session->ids->len; i++)
    check_place (session, g_ptr_array_index (session->ids, i));
  g_assert_cmpuint (rb_inbox_get_n_reserved (core->inbox), ==, count_unaccepted (core));
  g_assert_cmpuint (rb_fake_store_count (session->fixture->store, RB_TABLE_ENDPOINTS), ==, rb_registry_get_n (core->registry));
  g_assert_cmpuint (rb_fake_store_count (session->fixture->store, RB_TABLE_MESSAGES), ==, rb_ledger_get_n (core->ledger));
  g_assert_cmpuint (rb_fake_processes_get_n_watched (session->fixture->processes), >=, rb_registry_get_n (core->registry));
  g_hash_table_iter_init (&iter, core->receipts);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    g_assert_nonnull (rb_registry_lookup (core->registry, ((RbItem *) item)->endpoint_id));
}

/* Everybody comes back and acknowledges everything: then no direct message waits anywhere. */
static void
calm_down (Session *session)
{
  RbCore *core = session->fixture->core;

  session->held = FALSE;
  rb_fake_store_set_hold (session->fixture->store, FALSE);
  for (guint i = 0; i < N_PIDS; i++)
    {
      detach (session, i);
      session->channels[i] = rb_core_fixture_attach (session->fixture, pid_of (i), FALSE);
      session->n_seen[i] = 0;
    }
  rb_test_settle ();
  for (guint i = 0; i < N_PIDS; i++)
    reattach_all (session, pid_of (i));
  rb_test_settle ();
  check (session);
  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    g_assert_cmpuint (rb_queue_get_length (((RbEndpoint *) l->data)->queue), ==, 0);
  for (guint i = 0; i < N_PIDS; i++)
    detach (session, i);
  rb_test_settle ();
  fail_dispatchers (session);
}

static void
test_session (RbCoreFixture *fixture,
              gconstpointer  data)
{
  Session session = { .fixture = fixture, .seq = 1 };

  g_test_summary ("Random sessions, with crashes: nothing is lost, doubled, overtaken or stuck, and memory agrees with the disk.");

  fixture->settings.push_window_messages = 3;
  rb_core_fixture_restart (fixture);
  session.random = g_rand_new_with_seed ((guint32) g_ascii_strtoull (data, NULL, 10));
  session.ids = g_ptr_array_new_with_free_func (g_free);
  session.newest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  session.pushed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < N_STEPS; i++)
    {
      step (&session);
      check (&session);
    }
  calm_down (&session);
  g_test_message ("%u messages, %u pushed, %u accepted, %u released", session.ids->len, g_hash_table_size (session.pushed),
                  fixture->connector->accepted->len, fixture->connector->released->len);

  g_rand_free (session.random);
  g_ptr_array_unref (session.ids);
  g_hash_table_unref (session.newest);
  g_hash_table_unref (session.pushed);
}

int
main (int   argc,
      char *argv[])
{
  static char seeds[N_SEEDS_SLOW][8];

  rb_test_init (&argc, &argv);

  for (guint i = 0; i < (g_test_slow () ? N_SEEDS_SLOW : N_SEEDS); i++)
    {
      g_autofree char *path = g_strdup_printf ("/chaos/%u", i + 1);

      g_snprintf (seeds[i], sizeof seeds[i], "%u", i + 1);
      g_test_add (path, RbCoreFixture, seeds[i], rb_core_fixture_set_up, test_session, rb_core_fixture_tear_down);
    }
  return g_test_run ();
}
