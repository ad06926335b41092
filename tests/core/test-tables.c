/* test-tables.c: the tables of endpoint state and of presence, every pair of state and event
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-endpoint-state.h"
#include "rb-presence.h"
#include "rb-test.h"

#define N_ENDPOINT_STATES (RB_ENDPOINT_CLOSED + 1)
#define N_ENDPOINT_EVENTS (RB_ENDPOINT_GRACE_EXPIRED + 1)
#define N_PRESENCES (RB_PRESENCE_ONLINE + 1)
#define N_PRESENCE_EVENTS (RB_PRESENCE_SHUTDOWN + 1)

/* protocol.md 7.5, written down a second time; what is missing here is ignored. */
static const struct {
  RbEndpointState  from;
  RbEndpointEvent  event;
  RbEndpointState  to;
  const char      *reason;
  RbEndpointTodo   todo;
} endpoint_edges[] = {
  { RB_ENDPOINT_ACTIVE, RB_ENDPOINT_IPC_CLOSE_ALIVE, RB_ENDPOINT_RECONNECTING, "ipc_close",
    RB_ENDPOINT_START_GRACE | RB_ENDPOINT_REPORT },
  { RB_ENDPOINT_ACTIVE, RB_ENDPOINT_IPC_CLOSE_DEAD, RB_ENDPOINT_CLOSED, "plugin_exit", RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE },
  { RB_ENDPOINT_ACTIVE, RB_ENDPOINT_EXPLICIT_UNREGISTER, RB_ENDPOINT_CLOSED, "explicit_unregister",
    RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_REATTACH, RB_ENDPOINT_ACTIVE, "reattach",
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_PUSH_QUEUE | RB_ENDPOINT_REPORT },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_GRACE_EXPIRED, RB_ENDPOINT_CLOSED, "grace_timeout",
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_PROCESS_EXITED, RB_ENDPOINT_CLOSED, "plugin_exit",
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_EXPLICIT_UNREGISTER, RB_ENDPOINT_CLOSED, "explicit_unregister",
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE },
};

static int
find_endpoint_edge (RbEndpointState state,
                    RbEndpointEvent event)
{
  for (guint i = 0; i < G_N_ELEMENTS (endpoint_edges); i++)
    if (endpoint_edges[i].from == state && endpoint_edges[i].event == event)
      return (int) i;

  return -1;
}

static void
check_endpoint_pair (RbEndpointState state,
                     RbEndpointEvent event)
{
  RbEndpointState next = (RbEndpointState) 77;
  RbEndpointTodo todo = (RbEndpointTodo) 78;
  const char *reason = "untouched";
  gboolean stepped = rb_endpoint_state_step (state, event, &next, &todo, &reason);
  int edge = find_endpoint_edge (state, event);

  g_test_message ("%s on %s", rb_endpoint_event_to_string (event), rb_endpoint_state_to_string (state));
  g_assert_cmpint (stepped, ==, edge >= 0);
  g_assert_cmpint (next, ==, edge >= 0 ? (int) endpoint_edges[edge].to : 77);
  g_assert_cmpint (todo, ==, edge >= 0 ? (int) endpoint_edges[edge].todo : 78);
  g_assert_cmpstr (reason, ==, edge >= 0 ? endpoint_edges[edge].reason : "untouched");
}

static void
test_endpoint_pairs (void)
{
  g_test_summary ("Every pair of endpoint state and event leads where the specification says; an undeclared one changes nothing.");

  for (guint state = 0; state < N_ENDPOINT_STATES; state++)
    for (guint event = 0; event < N_ENDPOINT_EVENTS; event++)
      check_endpoint_pair ((RbEndpointState) state, (RbEndpointEvent) event);
}

/* An endpoint is forgotten when, and only when, it closes, and no grace goes on then. */
static void
test_endpoint_closes (void)
{
  g_test_summary ("Closing removes, only closing removes, and a reconnecting endpoint that changes stops its grace.");

  for (guint i = 0; i < G_N_ELEMENTS (endpoint_edges); i++)
    {
      RbEndpointState next;
      RbEndpointTodo todo;
      const char *reason;

      rb_endpoint_state_step (endpoint_edges[i].from, endpoint_edges[i].event, &next, &todo, &reason);
      g_assert_cmpint ((todo & RB_ENDPOINT_REMOVE) != 0, ==, next == RB_ENDPOINT_CLOSED);
      g_assert_cmpint ((todo & RB_ENDPOINT_STOP_GRACE) != 0, ==, endpoint_edges[i].from == RB_ENDPOINT_RECONNECTING);
      g_assert_true (todo & RB_ENDPOINT_REPORT);
    }
}

static void
test_endpoint_words (void)
{
  static const char *const words[] = { "active", "reconnecting", "closed" };
  RbEndpointState state = RB_ENDPOINT_CLOSED;

  g_test_summary ("States are stored and told as words, and read back; another word is no state.");

  for (guint i = 0; i < N_ENDPOINT_STATES; i++)
    {
      g_assert_cmpstr (rb_endpoint_state_to_string ((RbEndpointState) i), ==, words[i]);
      g_assert_true (rb_endpoint_state_from_string (words[i], &state));
      g_assert_cmpint (state, ==, i);
    }
  g_assert_false (rb_endpoint_state_from_string ("Active", &state));
  g_assert_false (rb_endpoint_state_from_string ("", &state));
  g_assert_false (rb_endpoint_state_from_string (NULL, &state));
  g_assert_cmpint (state, ==, RB_ENDPOINT_CLOSED);
  for (guint i = 0; i < N_ENDPOINT_EVENTS; i++)
    g_assert_nonnull (rb_endpoint_event_to_string ((RbEndpointEvent) i));
}

/* protocol.md section 17, likewise. */
static const struct {
  RbPresence       from;
  RbPresenceEvent  event;
  RbPresence       to;
  const char      *reason;
} presence_edges[] = {
  { RB_PRESENCE_OFFLINE, RB_PRESENCE_CONNECTED, RB_PRESENCE_ONLINE, "connector_connected" },
  { RB_PRESENCE_OFFLINE, RB_PRESENCE_SHUTDOWN, RB_PRESENCE_OFFLINE, "broker_shutdown" },
  { RB_PRESENCE_ONLINE, RB_PRESENCE_DISCONNECTED, RB_PRESENCE_RECONNECTING, "connector_disconnected" },
  { RB_PRESENCE_ONLINE, RB_PRESENCE_SHUTDOWN, RB_PRESENCE_OFFLINE, "broker_shutdown" },
  { RB_PRESENCE_RECONNECTING, RB_PRESENCE_CONNECTED, RB_PRESENCE_ONLINE, "connector_reconnected" },
  { RB_PRESENCE_RECONNECTING, RB_PRESENCE_GRACE_EXPIRED, RB_PRESENCE_OFFLINE, "grace_timeout" },
  { RB_PRESENCE_RECONNECTING, RB_PRESENCE_SHUTDOWN, RB_PRESENCE_OFFLINE, "broker_shutdown" },
};

static int
find_presence_edge (RbPresence      state,
                    RbPresenceEvent event)
{
  for (guint i = 0; i < G_N_ELEMENTS (presence_edges); i++)
    if (presence_edges[i].from == state && presence_edges[i].event == event)
      return (int) i;

  return -1;
}

static void
test_presence_pairs (void)
{
  g_test_summary ("Every pair of presence and event leads where the specification says; an undeclared one changes nothing.");

  for (guint state = 0; state < N_PRESENCES; state++)
    for (guint event = 0; event < N_PRESENCE_EVENTS; event++)
      {
        int edge = find_presence_edge ((RbPresence) state, (RbPresenceEvent) event);
        RbPresence next = (RbPresence) 77;
        const char *reason = "untouched";

        g_test_message ("event %u on %s", event, rb_presence_to_string ((RbPresence) state));
        g_assert_cmpint (rb_presence_step ((RbPresence) state, (RbPresenceEvent) event, &next, &reason), ==, edge >= 0);
        g_assert_cmpint (next, ==, edge >= 0 ? (int) presence_edges[edge].to : 77);
        g_assert_cmpstr (reason, ==, edge >= 0 ? presence_edges[edge].reason : "untouched");
      }
}

static void
test_presence_words (void)
{
  g_test_summary ("Presence is told in the words of the wire.");

  g_assert_cmpstr (rb_presence_to_string (RB_PRESENCE_OFFLINE), ==, "offline");
  g_assert_cmpstr (rb_presence_to_string (RB_PRESENCE_RECONNECTING), ==, "reconnecting");
  g_assert_cmpstr (rb_presence_to_string (RB_PRESENCE_ONLINE), ==, "online");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/tables/endpoint/pairs", test_endpoint_pairs);
  g_test_add_func ("/tables/endpoint/closes", test_endpoint_closes);
  g_test_add_func ("/tables/endpoint/words", test_endpoint_words);
  g_test_add_func ("/tables/presence/pairs", test_presence_pairs);
  g_test_add_func ("/tables/presence/words", test_presence_words);

  return g_test_run ();
}
