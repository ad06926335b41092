/* test-presence.c: the link to the network goes up and down, and everybody hears of it (protocol.md 16.2, 17)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"

#define PID 100
#define OTHER 200
#define GRACE 600000

static void
disconnect (RbCoreFixture *fixture)
{
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->connector), "gone");
  rb_test_settle ();
}

static void
connect_ (RbCoreFixture *fixture)
{
  rb_connector_emit_connected (RB_CONNECTOR (fixture->connector));
  rb_test_settle ();
}

static void
assert_is (RbCoreFixture *fixture,
           const char    *presence,
           const char    *reason)
{
  g_assert_cmpstr (rb_core_get_presence (fixture->core), ==, presence);
  g_assert_cmpstr (rb_core_get_presence_reason (fixture->core), ==, reason);
}

static guint
count_told (RbCoreFixture *fixture,
            const char    *reason)
{
  g_autofree char *text = g_strdup_printf ("\"reason\":\"%s\"", reason);

  return rb_fake_emitter_count (fixture->journal, text);
}

static void
test_first (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autofree char *event = g_strdup_printf ("{\"type\":\"network_presence_changed\",\"version\":1,\"state\":\"online\",\"ts\":%" G_GINT64_FORMAT
                                            ",\"reason\":\"connector_connected\"}", rb_clock_get_wall_ms (fixture->clock));

  g_test_summary ("The first connection is online by connector_connected; another word of it changes nothing.");

  assert_is (fixture, "online", "connector_connected");
  rb_test_assert_logged ("network_presence_changed", "presence", "online", "reason", "connector_connected", NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "network_presence_changed"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, event), ==, 1);
  connect_ (fixture);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "network_presence_changed"), ==, 1);
}

static void
test_back_in_time (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Back within the grace: reconnecting, then online as reconnected, and the grace is over with that.");

  disconnect (fixture);
  assert_is (fixture, "reconnecting", "connector_disconnected");
  rb_fake_clock_advance (fixture->clock, GRACE - 1);
  disconnect (fixture);
  g_assert_cmpuint (count_told (fixture, "connector_disconnected"), ==, 1);
  connect_ (fixture);
  assert_is (fixture, "online", "connector_reconnected");
  rb_fake_clock_advance (fixture->clock, 2 * GRACE);
  assert_is (fixture, "online", "connector_reconnected");
  g_assert_cmpuint (count_told (fixture, "grace_timeout"), ==, 0);
}

static void
test_lost_again (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Lost again it has a whole grace, whatever was left of the last one.");

  disconnect (fixture);
  rb_fake_clock_advance (fixture->clock, GRACE - 1);
  connect_ (fixture);
  disconnect (fixture);
  rb_fake_clock_advance (fixture->clock, GRACE - 1);
  assert_is (fixture, "reconnecting", "connector_disconnected");
  rb_fake_clock_advance (fixture->clock, 1);
  assert_is (fixture, "offline", "grace_timeout");
}

static void
test_too_late (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_test_summary ("Not back in time: offline by grace_timeout; the next connection is a first one again.");

  disconnect (fixture);
  rb_fake_clock_advance (fixture->clock, GRACE);
  assert_is (fixture, "offline", "grace_timeout");
  disconnect (fixture);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "network_presence_changed"), ==, 3);
  connect_ (fixture);
  assert_is (fixture, "online", "connector_connected");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"offline\""), ==, 1);
}

static void
test_channels (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) second = rb_core_fixture_attach (fixture, OTHER, FALSE);

  g_test_summary ("Every open channel hears of each change, registered or not, and no other.");

  disconnect (fixture);
  rb_core_fixture_detach (fixture, second);
  connect_ (fixture);
  g_assert_cmpuint (first->presences->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (first->presences, 0), ==, "reconnecting");
  g_assert_cmpstr (g_ptr_array_index (first->presences, 1), ==, "online");
  g_assert_cmpuint (second->presences->len, ==, 1);
}

static void
test_shutdown (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) again = NULL;

  g_test_summary ("Stopping is offline by broker_shutdown, told once, and stays so whatever the link does.");

  disconnect (fixture);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", rb_test_store_result, &result);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", rb_test_store_result, &again);
  rb_test_wait_until (result != NULL && again != NULL);
  assert_is (fixture, "offline", "broker_shutdown");
  g_assert_cmpuint (count_told (fixture, "broker_shutdown"), ==, 1);
  g_assert_cmpuint (channel->presences->len, ==, 2);
  connect_ (fixture);
  disconnect (fixture);
  assert_is (fixture, "offline", "broker_shutdown");
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
test_not_stored (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  guint n = rb_fake_store_get_n_commits (fixture->store);

  g_test_summary ("Presence is not worth a commit.");

  disconnect (fixture);
  connect_ (fixture);
  g_assert_cmpuint (rb_fake_store_get_n_commits (fixture->store), ==, n);
}

static void
on_superseded (RbCore *core,
               guint  *n)
{
  ++*n;
}

static void
test_superseded (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("That another runtime took over is passed on to who can stop us.");

  g_signal_connect (fixture->core, "superseded", G_CALLBACK (on_superseded), &n);
  rb_connector_emit_superseded (RB_CONNECTOR (fixture->connector));
  g_assert_cmpuint (n, ==, 1);
}

static void
test_why (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_autoptr(GVariant) before = NULL;
  g_autoptr(GVariant) after = NULL;
  g_autoptr(GVariant) status = NULL;
  const char *text = NULL;
  const char *since = NULL;

  g_test_summary ("The status says since when and, in the connector's words, why we are not connected; the process adds what it knows.");

  before = g_variant_ref_sink (rb_view_status (fixture->core));
  g_assert_false (g_variant_lookup (before, "link_error", "&s", &text));
  rb_fake_clock_advance (fixture->clock, 5000);
  rb_core_set_fact (fixture->core, "node_id", "me");
  rb_core_set_fact (fixture->core, "node_id", "agent-7");
  disconnect (fixture);
  status = g_variant_ref_sink (rb_view_status (fixture->core));
  g_assert_true (g_variant_lookup (status, "link_error", "&s", &text));
  g_assert_cmpstr (text, ==, "gone");
  g_assert_true (g_variant_lookup (status, "node_id", "&s", &text));
  g_assert_cmpstr (text, ==, "agent-7");
  g_assert_true (g_variant_lookup (status, "presence_since", "&s", &since));
  g_assert_cmpstr (since, ==, "2026-01-01T00:00:05.000Z");
  connect_ (fixture);
  after = g_variant_ref_sink (rb_view_status (fixture->core));
  g_assert_false (g_variant_lookup (after, "link_error", "&s", &text));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/presence/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("first", test_first);
  ADD ("back-in-time", test_back_in_time);
  ADD ("lost-again", test_lost_again);
  ADD ("too-late", test_too_late);
  ADD ("channels", test_channels);
  ADD ("shutdown", test_shutdown);
  ADD ("not-stored", test_not_stored);
  ADD ("superseded", test_superseded);
  ADD ("why", test_why);

  return g_test_run ();
}
