/* test-objects.c: what is told of objects, and that it is on the disk by then
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"

#include "rb-bus-path.h"
#include "rb-claimer.h"

#define PID 100

static guint
count (RbBusFixture *fixture,
       const char   *signal)
{
  guint n = 0;

  for (guint i = 0; i < fixture->signals->len; i++)
    n += g_str_equal (g_ptr_array_index (fixture->signals, i), signal);
  return n;
}

/* What is collected needs time to pass, from when it is on the disk; the bus's own threads say when. */
static gboolean
has_come (RbBusFixture *fixture,
          guint         n_come,
          guint         n)
{
  if (n_come >= n)
    return TRUE;
  rb_fake_clock_advance (fixture->core.clock, 20);
  return FALSE;
}

static void
wait_for (RbBusFixture *fixture,
          const char   *signal,
          guint         n)
{
  rb_test_wait_until (has_come (fixture, count (fixture, signal), n));
  g_assert_cmpuint (count (fixture, signal), ==, n);
}

static void
arrive (RbBusFixture *fixture,
        gint64        seq,
        const char   *id)
{
  rb_fake_connector_deliver (fixture->core.connector, seq, id, "bob", "hello", NULL);
}

static char *
dup_managed (RbBusFixture *fixture)
{
  g_autoptr(GVariant) answer = rb_bus_fixture_call (fixture, "", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL);

  g_assert_nonnull (answer);
  return g_variant_print (answer, FALSE);
}

static void
test_message (RbBusFixture *fixture,
              gconstpointer data)
{
  g_autofree char *sender = NULL;
  g_autofree char *managed = NULL;

  g_test_summary ("A message of the inbox is an object from when it is stored until it leaves; nobody sees it before.");

  if (fixture->bus == NULL)
    return;
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  arrive (fixture, 1, "m-1");
  rb_bus_fixture_pass (fixture, 1000);
  g_assert_cmpuint (fixture->signals->len, ==, 0);
  g_assert_null (rb_bus_fixture_get (fixture, "/messages/m_2d1", ".Message", "Sender"));
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "InterfacesAdded /messages/m_2d1", 1);
  sender = rb_bus_fixture_get (fixture, "/messages/m_2d1", ".Message", "Sender");
  g_assert_cmpstr (sender, ==, "bob");
  managed = dup_managed (fixture);
  g_assert_nonnull (strstr (managed, RB_BUS_ROOT "/messages/m_2d1"));
  g_assert_nonnull (strstr (managed, RB_BUS_ROOT "/modules/"));
  arrive (fixture, 2, "m-1");
  rb_bus_fixture_pass (fixture, 20);
  g_assert_cmpuint (count (fixture, "PropertiesChanged "), ==, 1);
  g_assert_cmpuint (fixture->signals->len, ==, 2);
}

static void
test_assignment (RbBusFixture *fixture,
                 gconstpointer data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autofree char *endpoint_path = NULL;
  g_autofree char *added = NULL;
  g_autofree char *changed = NULL;
  g_autofree char *state = NULL;
  g_autofree char *later = NULL;

  g_test_summary ("A dispatch takes the message from the inbox and adds an assignment; an endpoint whose adapter goes is reconnecting.");

  if (fixture->bus == NULL)
    return;
  channel = rb_core_fixture_attach (&fixture->core, PID, FALSE);
  endpoint_id = rb_core_fixture_register (&fixture->core, PID, RB_BACKGROUND, "s1", NULL);
  endpoint_path = rb_bus_path_new ("endpoints", endpoint_id);
  arrive (fixture, 1, "m1");
  rb_bus_fixture_pass (fixture, 20);
  added = g_strconcat ("InterfacesAdded ", endpoint_path + strlen (RB_BUS_ROOT), NULL);
  wait_for (fixture, added, 1);
  state = rb_bus_fixture_get (fixture, endpoint_path + strlen (RB_BUS_ROOT), ".Endpoint", "State");
  g_assert_cmpstr (state, ==, "active");

  g_assert_true (rb_core_fixture_dispatch (&fixture->core, "m1", endpoint_id, NULL));
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "InterfacesRemoved /messages/m1", 1);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (fixture->signals, fixture->signals->len - 1), "InterfacesAdded /assignments/"));

  rb_core_fixture_detach (&fixture->core, channel);
  rb_bus_fixture_pass (fixture, 20);
  changed = g_strconcat ("PropertiesChanged ", endpoint_path + strlen (RB_BUS_ROOT), NULL);
  wait_for (fixture, changed, 1);
  later = rb_bus_fixture_get (fixture, endpoint_path + strlen (RB_BUS_ROOT), ".Endpoint", "State");
  g_assert_cmpstr (later, ==, "reconnecting");
}

/* The network chooses ids of assignments, and nothing keeps it from choosing one twice. */
static void
test_same_path (RbBusFixture *fixture,
                gconstpointer data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autofree char *of = NULL;
  g_autofree char *later = NULL;

  g_test_summary ("Of two assignments with one id the bus shows that which changed last.");

  if (fixture->bus == NULL)
    return;
  worker = rb_worker_new (&fixture->core, PID);
  for (guint i = 1; i <= 2; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      g_autoptr(RbGrant) grant = NULL;

      rb_claimer_arrive (&fixture->core, i, id);
      rb_claimer_grant (&fixture->core, rb_claimer_answer (worker, id, "as1"));
      grant = rb_claimer_claim (worker, id, NULL);
      g_assert_nonnull (grant);
      rb_bus_fixture_pass (fixture, 20);
    }
  wait_for (fixture, "InterfacesAdded /assignments/as1", 2);
  wait_for (fixture, "InterfacesRemoved /assignments/as1", 1);
  of = rb_bus_fixture_get (fixture, "/assignments/as1", ".Assignment", "MessageId");
  g_assert_cmpstr (of, ==, "m2");

  worker->assignment_id = g_strdup ("as1");
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", NULL));
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "InterfacesRemoved /assignments/as1", 2);
  later = rb_bus_fixture_get (fixture, "/assignments/as1", ".Assignment", "MessageId");
  g_assert_cmpstr (later, ==, "m1");
}

static void
test_together (RbBusFixture *fixture,
               gconstpointer data)
{
  g_test_summary ("Changes of a moment are told together: what came and went within it was never there.");

  if (fixture->bus == NULL)
    return;
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      arrive (fixture, i + 1, id);
    }
  rb_bus_fixture_pass (fixture, 20);
  rb_test_wait_until (has_come (fixture, fixture->signals->len, 51));
  rb_bus_fixture_pass (fixture, 20);
  g_assert_cmpuint (count (fixture, "PropertiesChanged "), ==, 1);
  g_assert_cmpuint (fixture->signals->len, ==, 51);
}

static void
test_presence (RbBusFixture *fixture,
               gconstpointer data)
{
  g_autofree char *presence = NULL;

  g_test_summary ("The broker's own properties follow the network.");

  if (fixture->bus == NULL)
    return;
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->core.connector), "a break");
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "PropertiesChanged ", 1);
  presence = rb_bus_fixture_get (fixture, "", "", "Presence");
  g_assert_cmpstr (presence, ==, "reconnecting");
}

static void
test_needs (RbBusFixture *fixture,
            gconstpointer data)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr(GVariant) list = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("How many things wait for a person is told when it changes, and not before what waits is stored; the list says what they are.");

  if (fixture->bus == NULL)
    return;
  before = rb_bus_fixture_get (fixture, "", "", "NeedsCount");
  g_assert_cmpstr (before, ==, "0");
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  arrive (fixture, 1, "m1");
  rb_bus_fixture_pass (fixture, 1000);
  g_assert_cmpuint (fixture->signals->len, ==, 0);
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "PropertiesChanged ", 1);
  after = rb_bus_fixture_get (fixture, "", "", "NeedsCount");
  g_assert_cmpstr (after, ==, "1");
  list = rb_bus_fixture_call (fixture, "", "", "ListNeeds", NULL, NULL);
  g_assert_cmpstr (g_variant_get_type_string (list), ==, "(aa{sv})");
  text = g_variant_print (list, FALSE);
  g_assert_nonnull (strstr (text, "'id': <'dispatch:m1'>"));
}

static void
test_bad_disk (RbBusFixture *fixture,
               gconstpointer data)
{
  g_autofree char *ready = NULL;
  g_autofree char *reason = NULL;

  g_test_summary ("A disk that takes nothing is told too: a person must be able to see why.");

  if (fixture->bus == NULL)
    return;
  rb_fake_store_set_health (fixture->core.store, RB_STORE_FAILING, "the disk is full");
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "PropertiesChanged ", 1);
  ready = rb_bus_fixture_get (fixture, "", "", "Ready");
  g_assert_cmpstr (ready, ==, "false");
  reason = rb_bus_fixture_get (fixture, "", "", "NotReadyReason");
  g_assert_cmpstr (reason, !=, "");
  rb_fake_store_set_health (fixture->core.store, RB_STORE_OK, NULL);
  rb_bus_fixture_pass (fixture, 20);
  wait_for (fixture, "PropertiesChanged ", 2);
}

static void
test_introspect (RbBusFixture *fixture,
                 gconstpointer data)
{
  g_autoptr(GVariant) root = NULL;
  g_autoptr(GVariant) folder = NULL;
  g_autoptr(GError) error = NULL;
  const char *xml;

  g_test_summary ("A browser of the bus finds all of it; what is not there any more says so.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  rb_bus_fixture_pass (fixture, 20);
  root = rb_bus_fixture_call (fixture, "", "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL);
  g_variant_get (root, "(&s)", &xml);
  g_assert_nonnull (strstr (xml, "\"Explain\""));
  g_assert_nonnull (strstr (xml, "GetManagedObjects"));
  g_assert_nonnull (strstr (xml, "<node name=\"messages\"/>"));
  folder = rb_bus_fixture_call (fixture, "/messages", "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL);
  g_variant_get (folder, "(&s)", &xml);
  g_assert_nonnull (strstr (xml, "<node name=\"m1\"/>"));
  g_assert_null (rb_bus_fixture_call (fixture, "/messages/m2", ".Message", "Dispatch", g_variant_new ("(s)", "ep_1"), &error));
  g_assert_true (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
                 g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT));
}

#define ADD(path, function) g_test_add (path, RbBusFixture, NULL, rb_bus_fixture_set_up, function, rb_bus_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/objects/message", test_message);
  ADD ("/objects/assignment", test_assignment);
  g_test_add ("/objects/same-path", RbBusFixture, "network", rb_bus_fixture_set_up, test_same_path, rb_bus_fixture_tear_down);
  ADD ("/objects/together", test_together);
  ADD ("/objects/presence", test_presence);
  ADD ("/objects/needs", test_needs);
  ADD ("/objects/bad-disk", test_bad_disk);
  ADD ("/objects/introspect", test_introspect);
  return g_test_run ();
}
