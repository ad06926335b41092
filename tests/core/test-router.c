/* test-router.c: which endpoint a message belongs to, and whether it may have it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-router.h"
#include "rb-test.h"

#include <string.h>

#define CAP 4

typedef struct {
  RbRegistry *registry;
  RbRouter   *router;
  gint64      next_position;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->registry = rb_registry_new ();
  fixture->router = rb_router_new (CAP);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_router_free (fixture->router);
  rb_registry_free (fixture->registry);
}

static RbEndpoint *
add_endpoint (Fixture    *fixture,
              const char *id)
{
  RbEndpoint *endpoint = rb_endpoint_new (id, 100, g_new0 (RbTraits, 1));

  endpoint->position = fixture->next_position++;
  g_assert_true (rb_registry_add (fixture->registry, endpoint));
  return endpoint;
}

static void
sent (Fixture    *fixture,
      RbEndpoint *endpoint,
      const char *correlation_id)
{
  rb_router_add (fixture->router, endpoint, correlation_id, 1, NULL);
}

static RbMessage *
make_message (const char *metadata)
{
  static const guint8 random[24] = { 1, [20] = 1 };
  g_autoptr(GBytes) content = g_bytes_new_static ("\"x\"", 3);
  g_autoptr(GBytes) object = g_bytes_new (metadata, strlen (metadata));
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", "bob", NULL, content, "text", object);
  RbTraceVerdict verdict;

  return rb_message_new (envelope, "m", 1, random, &verdict);
}

/* protocol.md 9.2. Registered are ep_1 with ring {a, both}, ep_2 with ring {b, both} and ep_3 with an empty one. */
static const struct {
  const char  *metadata;
  RbRouteRule  rule;
  const char  *endpoint_id;
  guint        n_matches;
} decisions[] = {
  { "{}", RB_ROUTE_NONE, NULL, 0 },
  { "{\"target_endpoint_id\":\"ep_3\"}", RB_ROUTE_TARGET, "ep_3", 1 },
  { "{\"target_endpoint_id\":\"ep_3\",\"correlation_id\":\"a\"}", RB_ROUTE_TARGET, "ep_3", 1 },
  { "{\"target_endpoint_id\":\"ep_9\"}", RB_ROUTE_NONE, NULL, 0 },
  { "{\"target_endpoint_id\":\"ep_9\",\"correlation_id\":\"b\"}", RB_ROUTE_CORRELATION, "ep_2", 1 },
  { "{\"target_endpoint_id\":\"\",\"correlation_id\":\"b\"}", RB_ROUTE_CORRELATION, "ep_2", 1 },
  { "{\"target_endpoint_id\":7,\"correlation_id\":\"b\"}", RB_ROUTE_CORRELATION, "ep_2", 1 },
  { "{\"correlation_id\":\"a\"}", RB_ROUTE_CORRELATION, "ep_1", 1 },
  { "{\"correlation_id\":\"unknown\"}", RB_ROUTE_NONE, NULL, 0 },
  { "{\"correlation_id\":\"\"}", RB_ROUTE_NONE, NULL, 0 },
  { "{\"correlation_id\":[\"a\"]}", RB_ROUTE_NONE, NULL, 0 },
  { "{\"correlation_id\":\"both\"}", RB_ROUTE_CORRELATION, "ep_1", 2 },
  { "{\"correlation_id\":\"both\",\"source_endpoint_id\":\"ep_1\"}", RB_ROUTE_CORRELATION, "ep_2", 1 },
  { "{\"correlation_id\":\"both\",\"source_endpoint_id\":\"ep_9\"}", RB_ROUTE_CORRELATION, "ep_1", 2 },
  { "{\"correlation_id\":\"a\",\"source_endpoint_id\":\"ep_1\"}", RB_ROUTE_NONE, NULL, 0 },
  { "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"a\",\"source_endpoint_id\":\"ep_1\"}", RB_ROUTE_TARGET, "ep_1", 1 },
};

static void
test_decisions (Fixture       *fixture,
                gconstpointer  data)
{
  RbEndpoint *first = add_endpoint (fixture, "ep_1");
  RbEndpoint *second = add_endpoint (fixture, "ep_2");

  g_test_summary ("A registered target decides; else the first endpoint that sent the correlation, without the sender itself; else none.");

  add_endpoint (fixture, "ep_3");
  sent (fixture, second, "both");       /* order of registration counts, not of sending */
  sent (fixture, first, "both");
  sent (fixture, first, "a");
  sent (fixture, second, "b");

  for (guint i = 0; i < G_N_ELEMENTS (decisions); i++)
    {
      g_autoptr(RbMessage) message = make_message (decisions[i].metadata);
      RbRoute route = rb_router_decide (fixture->router, fixture->registry, message);

      g_test_message ("%s", decisions[i].metadata);
      g_assert_cmpint (route.rule, ==, decisions[i].rule);
      g_assert_cmpuint (route.n_matches, ==, decisions[i].n_matches);
      g_assert_cmpstr (route.endpoint != NULL ? route.endpoint->id : NULL, ==, decisions[i].endpoint_id);
    }
}

/* protocol.md 9.3 and 20.2 row 8. */
static const struct {
  const char *capability;      /* one or NULL; two are separated by a space */
  const char *mode;
  const char *surface;
  gboolean    legacy;
  RbGate      addressed;       /* no continuation */
  RbGate      continuation;
} gates[] = {
  { NULL, NULL, NULL, FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { NULL, "adapter_managed_turn", NULL, FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { NULL, NULL, "headless", FALSE, RB_GATE_DELIVER, RB_GATE_DELIVER },
  { NULL, NULL, "Headless", FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { NULL, NULL, "owner_attached", FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { NULL, NULL, NULL, TRUE, RB_GATE_DELIVER, RB_GATE_DELIVER },
  { "foreground_channel_v1", NULL, NULL, FALSE, RB_GATE_DELIVER, RB_GATE_DELIVER },
  { "owner_session_delivery_v1", NULL, NULL, FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { "background_exchange_v1", NULL, NULL, FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { "background_exchange_v1", "another_mode", NULL, FALSE, RB_GATE_DELIVER, RB_GATE_CORRELATED_CONTINUATION },
  { "background_exchange_v1", "adapter_managed_turn", NULL, FALSE, RB_GATE_UNADDRESSED, RB_GATE_CORRELATED_CONTINUATION },
  { "background_exchange_v1", "resident_endpoint", NULL, FALSE, RB_GATE_UNADDRESSED, RB_GATE_CORRELATED_CONTINUATION },
  { "background_exchange_v1", "resident_endpoint", "headless", FALSE, RB_GATE_UNADDRESSED, RB_GATE_DELIVER },
  { "background_exchange_v1", "resident_endpoint", NULL, TRUE, RB_GATE_UNADDRESSED, RB_GATE_DELIVER },
  { "background_exchange_v1 foreground_channel_v1", "adapter_managed_turn", NULL, FALSE, RB_GATE_UNADDRESSED, RB_GATE_DELIVER },
};

static RbTraits *
make_traits (guint i)
{
  RbTraits *traits = g_new0 (RbTraits, 1);

  traits->capabilities = gates[i].capability != NULL ? g_strsplit (gates[i].capability, " ", 0) : NULL;
  traits->background_exchange_mode = g_strdup (gates[i].mode);
  traits->execution_surface = g_strdup (gates[i].surface);
  traits->legacy = gates[i].legacy;
  return traits;
}

/* protocol.md 20.3 item 18. */
static void
test_gates (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbMessage) addressed = make_message ("{\"target_endpoint_id\":\"ep\",\"correlation_id\":\"not mine\"}");
  g_autoptr(RbMessage) bare = make_message ("{}");
  g_autoptr(RbMessage) continuation = make_message ("{\"target_endpoint_id\":\"ep\",\"correlation_id\":\"mine\"}");

  g_test_summary ("Background targets take continuations alone; a continuation needs the foreground, a headless surface or an old adapter.");

  for (guint i = 0; i < G_N_ELEMENTS (gates); i++)
    {
      g_autofree char *id = g_strdup_printf ("ep_%u", i);
      g_autoptr(RbEndpoint) endpoint = rb_endpoint_new (id, 1, make_traits (i));
      g_autoptr(RbChanges) changes = rb_changes_new ();

      g_test_message ("row %u", i);
      sent (fixture, endpoint, "mine");
      g_assert_cmpint (rb_router_gate (fixture->router, endpoint, addressed), ==, gates[i].addressed);
      g_assert_cmpint (rb_router_gate (fixture->router, endpoint, bare), ==, gates[i].addressed);
      g_assert_cmpint (rb_router_gate (fixture->router, endpoint, continuation), ==, gates[i].continuation);
      rb_router_forget_endpoint (fixture->router, id, changes);
    }
  g_assert_cmpuint (rb_router_get_n (fixture->router), ==, 0);
}

/* Source: protocol.md 8.4. */
static void
test_ring_cap (Fixture       *fixture,
               gconstpointer  data)
{
  static const char *const ids[] = { "1", "2", "3", "4", "1", "5" };
  RbEndpoint *endpoint = add_endpoint (fixture, "ep");
  RbEndpoint *other = add_endpoint (fixture, "other");

  g_test_summary ("A full ring forgets what was added first; adding again does not make younger; rings do not push out each other.");

  sent (fixture, other, "1");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    sent (fixture, endpoint, ids[i]);
  g_assert_false (rb_router_contains (fixture->router, "ep", "1"));
  for (guint i = 1; i < 4; i++)
    g_assert_true (rb_router_contains (fixture->router, "ep", ids[i]));
  g_assert_true (rb_router_contains (fixture->router, "ep", "5"));
  g_assert_true (rb_router_contains (fixture->router, "other", "1"));
  g_assert_cmpuint (rb_router_get_n (fixture->router), ==, CAP + 1);

  /* What left the ring left the index. */
  {
    g_autoptr(RbMessage) message = make_message ("{\"correlation_id\":\"1\"}");
    RbRoute route = rb_router_decide (fixture->router, fixture->registry, message);

    g_assert_true (route.endpoint == other);
    g_assert_cmpuint (route.n_matches, ==, 1);
  }
}

static void
test_ring_changes (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();
  RbEndpoint *endpoint = add_endpoint (fixture, "ep");
  g_autofree char *printed = NULL;

  g_test_summary ("Each addition is one row, each eviction one deletion; nothing is written for what is there already.");

  for (guint i = 0; i <= CAP; i++)
    {
      char id[] = { (char) ('a' + i), '\0' };

      rb_router_add (fixture->router, endpoint, id, 7, changes);
      rb_router_add (fixture->router, endpoint, id, 8, changes);
    }
  g_assert_cmpuint (rb_changes_get_n (changes), ==, CAP + 2);
  g_assert_cmpint (rb_changes_get (changes, 0)->op, ==, RB_CHANGE_PUT);
  printed = g_variant_print (rb_changes_get (changes, 0)->row, FALSE);
  g_assert_cmpstr (printed, ==, "('ep', 'sent', 'a', 7)");
  g_free (printed);
  g_assert_cmpint (rb_changes_get (changes, CAP + 1)->op, ==, RB_CHANGE_DELETE);
  printed = g_variant_print (rb_changes_get (changes, CAP + 1)->row, FALSE);
  g_assert_cmpstr (printed, ==, "('ep', 'sent', 'a')");
}

static void
test_forgotten (Fixture       *fixture,
                gconstpointer  data)
{
  RbEndpoint *endpoint = add_endpoint (fixture, "ep");
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(RbMessage) message = make_message ("{\"correlation_id\":\"a\"}");
  g_autofree char *printed = NULL;

  g_test_summary ("With its endpoint a ring is gone from memory and disk; one that never sent is fine too.");

  sent (fixture, endpoint, "a");
  rb_router_forget_endpoint (fixture->router, "ep", changes);
  rb_router_forget_endpoint (fixture->router, "never sent", changes);
  g_assert_cmpuint (rb_router_get_n (fixture->router), ==, 0);
  g_assert_false (rb_router_contains (fixture->router, "ep", "a"));
  g_assert_null (rb_router_decide (fixture->router, fixture->registry, message).endpoint);
  printed = g_variant_print (rb_changes_get (changes, 0)->row, FALSE);
  g_assert_cmpstr (printed, ==, "('ep', 'sent')");
}

static void
test_inherited (Fixture       *fixture,
                gconstpointer  data)
{
  RbEndpoint *from = add_endpoint (fixture, "from");
  RbEndpoint *to = add_endpoint (fixture, "to");
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("A successor's ring has the predecessor's entries behind its own, within the cap.");

  sent (fixture, to, "own");
  for (guint i = 0; i < CAP; i++)
    {
      char id[] = { (char) ('a' + i), '\0' };

      sent (fixture, from, id);
    }
  rb_router_inherit (fixture->router, from, to, 9, changes);
  g_assert_false (rb_router_contains (fixture->router, "to", "own"));
  g_assert_true (rb_router_contains (fixture->router, "to", "a"));
  g_assert_true (rb_router_contains (fixture->router, "to", "d"));
  g_assert_true (rb_router_contains (fixture->router, "from", "a"));
  g_assert_cmpuint (rb_changes_get_n (changes), ==, CAP + 1);
}

static void
test_contains_nothing (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("No endpoint and no correlation are no members.");

  sent (fixture, add_endpoint (fixture, "ep"), "a");
  g_assert_false (rb_router_contains (fixture->router, NULL, "a"));
  g_assert_false (rb_router_contains (fixture->router, "ep", NULL));
  g_assert_false (rb_router_contains (fixture->router, "ep", "b"));
}

/* Source: protocol.md 7.1, listing order. */
static void
test_registry (Fixture       *fixture,
               gconstpointer  data)
{
  RbEndpoint *first = add_endpoint (fixture, "ep_1");
  g_autoptr(RbEndpoint) twin = rb_endpoint_new ("ep_1", 7, g_new0 (RbTraits, 1));
  RbEndpoint *second;

  g_test_summary ("Endpoints are found by id and by process, in order of registration; an id is there once.");

  g_assert_false (rb_registry_add (fixture->registry, twin));
  g_assert_null (rb_registry_get_of_pid (fixture->registry, 7));
  second = add_endpoint (fixture, "ep_2");
  g_assert_true (rb_registry_lookup (fixture->registry, "ep_1") == first);
  g_assert_null (rb_registry_lookup (fixture->registry, NULL));
  g_assert_cmpuint (rb_registry_get_of_pid (fixture->registry, 100)->len, ==, 2);
  g_assert_true (rb_registry_get_all (fixture->registry)->head->data == first);
  rb_registry_remove (fixture->registry, first);
  g_assert_true (rb_registry_get_all (fixture->registry)->head->data == second);
  rb_registry_remove (fixture->registry, second);
  g_assert_null (rb_registry_get_of_pid (fixture->registry, 100));
  g_assert_cmpuint (rb_registry_get_n (fixture->registry), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add ("/router/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("decisions", test_decisions);
  ADD ("gates", test_gates);
  ADD ("ring/cap", test_ring_cap);
  ADD ("ring/changes", test_ring_changes);
  ADD ("ring/forgotten", test_forgotten);
  ADD ("ring/inherited", test_inherited);
  ADD ("ring/contains-nothing", test_contains_nothing);
  ADD ("registry", test_registry);

  return g_test_run ();
}
