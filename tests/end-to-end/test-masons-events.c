/* test-masons-events.c: upstream routes that nobody waits for: whatever happens there, what is owed arrives later
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fault-cases.h"

#include <string.h>

#define PRESENCE "POST /v1/runtime/network-presence-changed"
#define ROUTED "POST /v1/runtime/inbound-routed"
#define ACK "POST /v1/runtime/control-ack"
#define EVENTS "GET /v1/runtime/control-events"
#define CAPABILITIES "GET /v1/runtime/capabilities"
#define CANDIDATES "POST /v1/runtime/claim-candidates"
#define LONG_S 20

typedef struct {
  RbMasons  *masons;
  RbAdapter *worker;
  RbAdapter *direct;
  FaultCase  fault;
  guint      number;            /* of the case */
  char      *id;                /* of its message */
  char      *key;               /* (nullable) of its control event */
  guint      n_before;          /* requests to the route before the fault */
} World;

typedef struct {
  const char *name;             /* of the test */
  const char *request;
  const char *text;             /* (nullable) only for bodies with it */
  void      (*prepare) (World *world);
  void      (*act)     (World *world);
  /* After the fault: what is owed. */
  void      (*settle)  (World *world);
} Route;

/* Steps */

static void
prepare_nothing (World *world)
{
}

static RbSimRow *
find_row (World *world)
{
  return rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), world->id);
}

static void
act_row (World *world)
{
  rb_sim_gateway_deliver (world->masons->gateway, world->id, "bob@sim", "hi", NULL);
}

static void
prepare_row (World *world)
{
  act_row (world);
  rb_test_wait_until (find_row (world) != NULL);
}

static void
settle_row (World *world)
{
  g_autofree char *id = g_strdup_printf ("\"%s\"", world->id);

  rb_test_wait_until (find_row (world) != NULL && rb_masons_is_acked (world->masons));
  rb_test_wait_until (rb_masons_number (world->masons, "outbox") == 0);
  g_assert_cmpuint (rb_masons_count_inbox (world->masons, world->id), ==, 1);
  g_assert_cmpuint (fault_case_count (world->masons, "POST /v1/runtime/undispatched-changed", id, 204), ==, 1);
}

static void
act_direct (World *world)
{
  rb_masons_deliver_to (world->masons, world->direct, world->id, "hi");
}

/* Pushed once, acknowledged, and known upstream. */
static void
settle_direct (World *world)
{
  g_autofree char *id = g_strdup_printf ("\"%s\"", world->id);

  rb_masons_wait_long (LONG_S, rb_adapter_count_of (world->direct, world->id) == 1 && rb_masons_is_acked (world->masons));
  rb_masons_wait_long (LONG_S, fault_case_count (world->masons, ROUTED, id, 204) == 1);
  rb_test_wait_until (rb_masons_number (world->masons, "outbox") == 0);
  g_assert_cmpuint (rb_adapter_count_of (world->direct, world->id), ==, 1);
}

static void
act_routed (World *world)
{
  act_direct (world);
  rb_test_wait_until (rb_adapter_count_of (world->direct, world->id) == 1 && rb_masons_is_acked (world->masons));
}

static void
act_lookup (World *world)
{
  g_autofree char *gone = g_strdup_printf ("gone-%u", world->number);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", gone);

  rb_sim_endpoints_add_past (rb_sim_get_endpoints (world->masons->sim), gone, "2026-01-02T03:04:05.678Z");
  rb_sim_gateway_deliver (world->masons->gateway, world->id, "bob@sim", "hi", metadata);
}

static void
act_away (World *world)
{
  rb_adapter_disconnect (world->direct);
  rb_test_wait_until (rb_masons_says (world->masons, "endpoints", "\"state\":\"reconnecting\""));
}

/* A 200 is a success of these routes, whatever its body: the daemon has nothing to repeat. */
static gboolean
is_accepted_unread (FaultCase fault)
{
  return fault == FAULT_GARBAGE || fault == FAULT_HUGE;
}

/* The states came in their order. */
static void
settle_away (World *world)
{
  g_autofree char *states = NULL;
  g_autoptr(GString) expected = g_string_new ("active/register");

  g_assert_true (rb_adapter_connect (world->direct));
  rb_adapter_reattach (world->direct);
  rb_masons_wait_long (LONG_S, rb_masons_number (world->masons, "outbox") == 0);
  states = rb_sim_dup_states (world->masons->sim, rb_adapter_get_endpoint (world->direct));
  for (guint i = 0; i <= world->fault; i++)
    g_string_append (expected, is_accepted_unread (i) ? " active/reattach" : " reconnecting/ipc_close active/reattach");
  g_assert_cmpstr (states, ==, expected->str);
}

/* Dispatched */

static void
act_dispatch (World *world)
{
  g_free (world->key);
  world->key = rb_sim_dispatch (world->masons->sim, world->id, rb_adapter_get_endpoint (world->worker));
}

static void
act_dispatch_pushed (World *world)
{
  act_dispatch (world);
  rb_test_wait_until (rb_adapter_count_of (world->worker, world->id) == 1);
}

static gboolean
is_acked_as (World      *world,
             const char *status)
{
  g_autofree char *ack = rb_sim_dup_ack (world->masons->sim, world->key);

  return ack != NULL && g_str_has_prefix (ack, status);
}

/* Pushed once; the adapter takes it to its end, and the upstream knows. */
static void
finish_dispatch (World *world)
{
  GPtrArray *pushes = rb_adapter_get_pushes (world->worker);
  g_autofree char *key = g_strdup_printf ("\"%s\"", world->key);
  g_autofree char *content = g_strdup_printf ("answer to %s.", world->id);
  g_autoptr(RbAsk) accept = NULL;
  g_autoptr(RbAsk) reply = NULL;

  rb_masons_wait_long (LONG_S, rb_adapter_count_of (world->worker, world->id) == 1);
  rb_masons_wait_long (LONG_S, fault_case_count (world->masons, ACK, key, 204) + fault_case_count (world->masons, ACK, key, 200) >= 1);
  g_assert_true (is_acked_as (world, "applied"));
  accept = rb_adapter_begin_accept (world->worker, g_ptr_array_index (pushes, pushes->len - 1));
  rb_test_wait_until (accept->is_done);
  g_assert_cmpuint (accept->status, ==, 200);
  reply = rb_adapter_begin_reply (world->worker, g_ptr_array_index (pushes, pushes->len - 1), content);
  rb_test_wait_until (reply->is_done);
  g_assert_cmpuint (reply->status, ==, 200);
  rb_masons_wait_long (LONG_S, find_row (world)->is_done && rb_masons_number (world->masons, "assignments") == 0);
  g_assert_cmpuint (rb_sim_count_frames (world->masons->sim, "SEND_MESSAGE", content), ==, 1);
  g_assert_cmpuint (rb_masons_count_inbox (world->masons, world->id), ==, 0);
  g_assert_cmpuint (rb_adapter_count_of (world->worker, world->id), ==, 1);
}

static void
act_assigned (World *world)
{
  act_dispatch (world);
  rb_test_wait_until (is_acked_as (world, world->fault == FAULT_SLOW ? "applied" : "failed"));
}

/* The report that made the assignment was not accepted: the message is in the inbox, and the next dispatch is as good as the first. */
static void
settle_assigned (World *world)
{
  if (world->fault != FAULT_SLOW)
    {
      g_assert_cmpuint (rb_masons_count_inbox (world->masons, world->id), ==, 1);
      g_assert_cmpuint (rb_adapter_count_of (world->worker, world->id), ==, 0);
      act_dispatch (world);
    }
  finish_dispatch (world);
}

static void
act_cut_stream (World *world)
{
  rb_sim_events_end (rb_sim_get_events (world->masons->sim), FALSE);
  rb_test_wait_until (rb_sim_count (world->masons->sim, EVENTS, NULL) > world->n_before);
  act_dispatch (world);
}

/* The rest */

static void
act_presence (World *world)
{
  rb_sim_gateway_drop_all (world->masons->gateway);
  rb_test_wait_until (rb_masons_is_registered (world->masons));
  rb_test_wait_until (rb_sim_count (world->masons->sim, PRESENCE, NULL) > world->n_before);
}

static void
settle_presence (World *world)
{
  rb_masons_wait_long (LONG_S, fault_case_count (world->masons, PRESENCE, "\"online\"", 204) >= world->number + 1);
  rb_masons_wait_long (LONG_S, fault_case_count (world->masons, PRESENCE, "\"reconnecting\"", 204) >= world->number);
}

static void
act_restart (World *world)
{
  rb_daemon_fixture_kill (world->masons->daemon);
  rb_masons_start (world->masons);
  g_assert_true (rb_adapter_connect (world->direct));
  rb_adapter_reattach (world->direct);
  g_assert_true (rb_adapter_connect (world->worker));
  rb_adapter_reattach (world->worker);
  rb_test_wait_until (rb_sim_count (world->masons->sim, CAPABILITIES, NULL) > world->n_before);
}

/* Staged delivery works again when the answer was only late; an answer that says no is final. Everything else works in any case. */
static void
settle_restart (World *world)
{
  guint n_lists = rb_sim_count (world->masons->sim, CANDIDATES, NULL);

  act_direct (world);
  settle_direct (world);
  if (world->fault != FAULT_TOO_MANY && world->fault != FAULT_GARBAGE && world->fault != FAULT_HUGE)
    rb_masons_wait_long (LONG_S, rb_sim_count (world->masons->sim, CANDIDATES, NULL) > n_lists);
}

static const Route routes[] = {
  { "undispatched-changed", "POST /v1/runtime/undispatched-changed", NULL, prepare_nothing, act_row, settle_row },
  { "inbound-route-claim", "POST /v1/runtime/inbound-route-claim", NULL, prepare_nothing, act_direct, settle_direct },
  { "inbound-routed", ROUTED, NULL, prepare_nothing, act_routed, settle_direct },
  { "closed-lookup", "GET /v1/runtime-endpoints/*", NULL, prepare_nothing, act_lookup, settle_row },
  { "state", "POST /v1/runtime-endpoints/*/state", NULL, prepare_nothing, act_away, settle_away },
  { "assigned", "POST /v1/runtime/processing-state", "assigned_to_runtime_target", prepare_row, act_assigned, settle_assigned },
  { "control-ack", ACK, NULL, prepare_row, act_dispatch_pushed, finish_dispatch },
  { "control-events", EVENTS, NULL, prepare_row, act_cut_stream, finish_dispatch },
  { "network-presence-changed", PRESENCE, NULL, prepare_nothing, act_presence, settle_presence },
  { "capabilities", CAPABILITIES, NULL, prepare_nothing, act_restart, settle_restart },
};

static void
play (World       *world,
      const Route *route)
{
  g_free (world->id);
  world->id = g_strdup_printf ("m-%u.", ++world->number);
  route->prepare (world);
  world->n_before = rb_sim_count (world->masons->sim, route->request, NULL);
  fault_case_begin (world->masons, world->fault, route->request, route->text);
  route->act (world);
  rb_test_wait_until (rb_sim_count (world->masons->sim, route->request, route->text) > world->n_before || route->text != NULL);
  rb_masons_assert_healthy (world->masons);
  fault_case_end (world->masons);
  g_test_message ("%s is over", fault_case_to_string (world->fault));
  route->settle (world);
}

static void
test_route (RbMasons      *fixture,
            gconstpointer  data)
{
  World world = { .masons = fixture };

  g_test_summary ("Whatever the route does: the daemon is well, messages go their way, and what is owed arrives when the fault is gone.");

  fault_case_set_up (fixture);
  rb_masons_set (fixture, "limits.mailroom-retry-ms=1000");
  rb_masons_set (fixture, "limits.mailroom-interval-ms=1000");
  if (!g_str_has_suffix (g_test_get_path (), "/capabilities"))
    rb_sim_set_capability (fixture->sim, "staged_assignment", "false");
  rb_masons_start (fixture);
  world.worker = rb_masons_attach (fixture, TRUE);
  world.direct = rb_masons_attach (fixture, FALSE);
  for (world.fault = 0; world.fault < N_FAULTS; world.fault++)
    play (&world, data);
  rb_adapter_free (world.worker);
  rb_adapter_free (world.direct);
  g_free (world.id);
  g_free (world.key);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      g_autofree char *path = g_strconcat ("/masons-events/", routes[i].name, NULL);

      g_test_add (path, RbMasons, &routes[i], rb_masons_set_up, test_route, rb_masons_tear_down);
    }
  return g_test_run ();
}
