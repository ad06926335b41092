/* test-growth.c: what a message costs does not depend on how much is there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-private.h"
#include "rb-deliver.h"
#include "rb-fake-adapter.h"
#include "rb-fake-clock.h"
#include "rb-fake-network.h"
#include "rb-json.h"
#include "rb-register.h"
#include "rb-test.h"

#include <string.h>
#include <time.h>

#define FIRST_PID 1000
#define N_MANY 5000
#define N_WAITING 500
#define N_CORRELATIONS 4
#define N_ROUNDS 5
#define N_MESSAGES 40
#define FACTOR 5        /* caches; a scan of anything would make it a thousand */

/* A store that forgets: commits end on the next turn. The fake one of the other tests scans its tables. */
#define TYPE_LETHE (lethe_get_type ())
G_DECLARE_FINAL_TYPE (Lethe, lethe, TEST, LETHE, GObject)

struct _Lethe {
  GObject  parent_instance;
  GQueue   waiting;     /* of Waiting */
  guint    idle;
};

typedef struct {
  RbStoreCommitted  done;
  gpointer          user_data;
} Waiting;

static void lethe_store_init (RbStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (Lethe, lethe, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (RB_TYPE_STORE, lethe_store_init))

static gboolean
on_idle (gpointer user_data)
{
  Lethe *self = user_data;
  Waiting *waiting;

  self->idle = 0;
  while ((waiting = g_queue_pop_head (&self->waiting)) != NULL)
    {
      if (waiting->done != NULL)
        waiting->done (RB_STORE (self), NULL, waiting->user_data);
      g_free (waiting);
    }
  return G_SOURCE_REMOVE;
}

static void
lethe_commit (RbStore          *store,
              RbChanges        *changes,
              RbStoreCommitted  done,
              gpointer          user_data)
{
  Lethe *self = TEST_LETHE (store);
  Waiting *waiting = g_new (Waiting, 1);

  *waiting = (Waiting) { done, user_data };
  g_queue_push_tail (&self->waiting, waiting);
  rb_changes_free (changes);
  if (self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_idle, self, NULL);
}

static gboolean
lethe_load (RbStore         *store,
            RbTable          table,
            RbStoreRowFunc   row,
            gpointer         user_data,
            GError         **error)
{
  return TRUE;
}

static RbStoreHealth
lethe_get_health (RbStore     *store,
                  const char **reason)
{
  return RB_STORE_OK;
}

static void
lethe_store_init (RbStoreInterface *iface)
{
  iface->commit = lethe_commit;
  iface->load = lethe_load;
  iface->get_health = lethe_get_health;
}

static void
lethe_class_init (LetheClass *klass)
{
}

static void
lethe_init (Lethe *self)
{
  g_queue_init (&self->waiting);
}

typedef struct {
  RbClock         *clock;
  Lethe           *store;
  RbFakeConnector *connector;
  RbFakeUpstream  *upstream;
  RbFakeProcesses *processes;
  RbCore          *core;
  GPtrArray       *channels;
  guint            n_delivered;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  RbCoreSettings settings;
  RbCorePorts ports = { 0 };
  g_autoptr(GError) error = NULL;

  rb_core_settings_init (&settings);
  settings.inbox_cap = 1000000;
  ports.clock = fixture->clock = rb_fake_clock_new ();
  fixture->store = g_object_new (TYPE_LETHE, NULL);
  ports.store = RB_STORE (fixture->store);
  fixture->connector = rb_fake_connector_new ();
  ports.connector = RB_CONNECTOR (fixture->connector);
  fixture->upstream = rb_fake_upstream_new ();
  ports.upstream = RB_UPSTREAM (fixture->upstream);
  fixture->processes = rb_fake_processes_new ();
  ports.processes = RB_PROCESSES (fixture->processes);
  fixture->core = rb_core_new (&ports, &settings);
  rb_core_load (fixture->core, &error);
  g_assert_no_error (error);
  rb_core_start (fixture->core);
  fixture->channels = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_test_settle ();
  g_assert_finalize_object (fixture->core);
  g_ptr_array_unref (fixture->channels);
  g_assert_finalize_object (fixture->store);
  g_assert_finalize_object (fixture->connector);
  g_assert_finalize_object (fixture->upstream);
  g_assert_finalize_object (fixture->processes);
  g_assert_finalize_object (fixture->clock);
}

static RbEndpoint *
get_endpoint (Fixture *fixture,
              guint    i)
{
  g_autofree char *id = g_strdup_printf ("ep_%u", i + 1);

  return rb_registry_lookup (fixture->core->registry, id);
}

static void
add_correlations (Fixture    *fixture,
                  RbEndpoint *endpoint)
{
  for (guint n = 0; n < N_CORRELATIONS; n++)
    {
      g_autofree char *correlation = g_strdup_printf ("%s-%u", endpoint->id, n);

      rb_router_add (fixture->core->router, endpoint, correlation, 1, NULL);
    }
}

/* One process, one channel, one endpoint "ep_<i + 1>" that sent some messages. */
static void
add_endpoint (Fixture *fixture,
              guint    i)
{
  gint64 pid = FIRST_PID + i;
  char *capabilities[] = { (char *) "foreground_channel_v1", NULL };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = pid, .kind = (char *) "custom",
                                .runtime_capabilities = capabilities };
  RbCaller caller = { .pid = pid };
  RbFakeChannel *channel = rb_fake_channel_new (pid, TRUE);

  g_ptr_array_add (fixture->channels, channel);
  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  rb_register_async (fixture->core, &caller, &request, NULL, NULL);
  rb_test_settle ();
  add_correlations (fixture, get_endpoint (fixture, i));
}

/* The same without the ceremony, which takes the sanitizers half a minute for thousands. */
static void
add_many_endpoints (Fixture *fixture,
                    guint    first)
{
  for (guint i = first; i < N_MANY; i++)
    {
      gint64 pid = FIRST_PID + i;
      RbFakeChannel *channel = rb_fake_channel_new (pid, TRUE);
      g_autofree char *id = g_strdup_printf ("ep_%u", i + 1);
      RbEndpoint *endpoint = rb_endpoint_new (id, pid, g_new0 (RbTraits, 1));

      g_ptr_array_add (fixture->channels, channel);
      rb_channels_attach (fixture->core, RB_CHANNEL (channel));
      g_assert_true (rb_registry_add (fixture->core->registry, endpoint));
      endpoint->position = fixture->core->next_position++;
      add_correlations (fixture, endpoint);
    }
}

static void
deliver (Fixture    *fixture,
         const char *metadata)
{
  g_autofree char *id = g_strdup_printf ("m%u", fixture->n_delivered++);

  rb_fake_connector_deliver (fixture->connector, RB_CONNECTOR_NO_SEQ, id, "bob", "hello", metadata);
}

/* Messages that wait: in the inbox, for an endpoint that is away, and in a conversation of the first endpoint whose receipt is due. */
static void
add_messages (Fixture *fixture,
              guint    n)
{
  for (guint i = 0; i < n; i++)
    {
      deliver (fixture, NULL);
      deliver (fixture, "{\"correlation_id\":\"ep_1-0\"}");
      deliver (fixture, "{\"target_endpoint_id\":\"ep_2\"}");
    }
  rb_test_settle ();
}

static gint64
cpu_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

typedef void (*Operation) (Fixture *fixture);

/* The best of some rounds: others use this machine too. */
static gint64
measure (Fixture   *fixture,
         Operation  operation)
{
  gint64 best = G_MAXINT64;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      gint64 start = cpu_ns ();

      for (guint i = 0; i < N_MESSAGES; i++)
        operation (fixture);
      best = MIN (best, (cpu_ns () - start) / N_MESSAGES);
    }
  return best;
}

/* Arrives by its correlation, is stored, pushed, acknowledged and ends. */
static void
conversation (Fixture *fixture)
{
  RbFakeChannel *channel = g_ptr_array_index (fixture->channels, 0);
  guint n = channel->pushes->len;

  deliver (fixture, "{\"correlation_id\":\"ep_1-1\"}");
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, n + 1);
  rb_channels_receipt (fixture->core, RB_CHANNEL (channel), rb_fake_channel_get (channel, n)->push_id);
  rb_test_settle ();
}

static void
addressed (Fixture *fixture)
{
  RbFakeChannel *channel = g_ptr_array_index (fixture->channels, 0);
  guint n = channel->pushes->len;

  deliver (fixture, "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"unknown\"}");
  rb_test_settle ();
  rb_channels_receipt (fixture->core, RB_CHANNEL (channel), rb_fake_channel_get (channel, n)->push_id);
  rb_test_settle ();
}

static void
unaddressed (Fixture *fixture)
{
  deliver (fixture, NULL);
  rb_test_settle ();
}

static void
duplicate (Fixture *fixture)
{
  rb_fake_connector_deliver (fixture->connector, RB_CONNECTOR_NO_SEQ, "m0", "bob", "hello", NULL);
}

/* The ring of an endpoint is full: each addition forgets one. */
static void
sent (Fixture *fixture)
{
  static guint n;
  g_autofree char *correlation = g_strdup_printf ("new%u", n++);

  rb_router_add (fixture->core->router, get_endpoint (fixture, 0), correlation, 1, NULL);
}

static const struct {
  const char *name;
  Operation   operation;
} operations[] = {
  { "conversation", conversation },
  { "addressed", addressed },
  { "unaddressed", unaddressed },
  { "duplicate", duplicate },
  { "sent", sent },
};

static void
test_cost (Fixture       *fixture,
           gconstpointer  data)
{
  gint64 few[G_N_ELEMENTS (operations)];

  g_test_summary ("A message costs the same with two endpoints and with 5,000, with 8 correlations and with 20,000, and whatever waits.");

  add_endpoint (fixture, 0);
  add_endpoint (fixture, 1);
  rb_channels_detach (fixture->core, g_ptr_array_index (fixture->channels, 1));
  add_messages (fixture, 1);
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    few[i] = measure (fixture, operations[i].operation);

  add_many_endpoints (fixture, 2);
  add_messages (fixture, N_WAITING);
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, N_MANY);
  g_assert_cmpuint (rb_queue_get_length (get_endpoint (fixture, 0)->queue), >=, N_WAITING);
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      gint64 many = measure (fixture, operations[i].operation);

      g_test_message ("%s: %" G_GINT64_FORMAT " ns with few, %" G_GINT64_FORMAT " ns with many", operations[i].name, few[i], many);
      g_assert_cmpint (many, <, few[i] * FACTOR + 5000);
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add ("/growth/cost", Fixture, NULL, set_up, test_cost, tear_down);

  return g_test_run ();
}
