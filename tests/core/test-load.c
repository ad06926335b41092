/* test-load.c: what a process finds of the one before, and what it makes of what does not fit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"

#define WORKER 100
#define ASKER 200

/* No commit of ours: from here on nothing is checked against the table of transitions. */
static void
put (RbCoreFixture *fixture,
     RbTable        table,
     GVariant      *row)
{
  RbChanges *changes = rb_changes_new ();

  rb_fake_store_watch (fixture->store, NULL, NULL);
  rb_changes_put (changes, table, row);
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
  rb_test_settle ();
}

static void
put_message (RbCoreFixture *fixture,
             const char    *id)
{
  put (fixture, RB_TABLE_MESSAGES, g_variant_new ("(smssssxsms)", id, id, "\"x\"", "{}", "text", (gint64) 1, "bob", NULL));
}

static void
put_place (RbCoreFixture *fixture,
           const char    *id,
           const char    *place,
           const char    *endpoint_id,
           gint64         position)
{
  put (fixture, RB_TABLE_PLACES, g_variant_new ("(ssmsxmsmsx)", id, place, endpoint_id, position, NULL, NULL, (gint64) 1));
}

/* Another core over the same store, which must refuse to start. */
static void
assert_refuses (RbCoreFixture *fixture,
                const char    *text)
{
  RbCorePorts ports = {
    .clock = fixture->clock,
    .store = RB_STORE (fixture->store),
    .connector = RB_CONNECTOR (fixture->connector),
    .upstream = RB_UPSTREAM (fixture->upstream),
    .processes = RB_PROCESSES (fixture->processes),
  };
  RbCore *core = rb_core_new (&ports, &fixture->settings);
  g_autoptr(GError) error = NULL;

  g_assert_false (rb_core_load (core, &error));
  rb_assert_refused (error, RB_ERROR_CORRUPT, "database_damaged", text);
  g_assert_finalize_object (core);
}

static void
test_empty (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_test_summary ("Nothing to find is fine.");

  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
}

static void
test_strays (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_test_summary ("What no commit of ours leaves, yet is there: nothing vanishes, everything is put where a person sees it.");

  put_message (fixture, "no-place");
  put_message (fixture, "for-nobody");
  put_place (fixture, "for-nobody", "assignment", NULL, 3);
  put_message (fixture, "for-the-dead");
  put_place (fixture, "for-the-dead", "queue", "ep_gone", 4);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 3);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "no-place"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "for-nobody"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "for-the-dead"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "for-the-dead"), ==, "closed_session_continuation");
  g_assert_cmpuint (rb_test_count_log ("stray_message_found"), ==, 2);

  /* put right for good, and counted on from there */
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_test_count_log ("stray_message_found"), ==, 0);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  {
    g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_inbox (fixture->core));
    g_autoptr(GVariant) last = g_variant_get_child_value (rows, 3);
    const char *id = NULL;

    g_assert_true (g_variant_lookup (last, "id", "&s", &id));
    g_assert_cmpstr (id, ==, "m1");
  }
}

static void
test_assignment_without_endpoint (RbCoreFixture *fixture,
                                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  RbChanges *changes;

  g_test_summary ("An assignment whose endpoint is not there is restored once, and the next start finds nothing amiss.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  rb_worker_detach (worker);
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  changes = rb_changes_new ();
  rb_changes_delete (changes, RB_TABLE_ENDPOINTS, g_variant_new ("(s)", worker->endpoint_id));
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
  rb_test_settle ();

  for (guint i = 0; i < 2; i++)
    {
      rb_core_fixture_crash (fixture);
      g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
      g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
      g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 0);
}

static void
on_died (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
test_crash_while_restoring (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  gboolean died = FALSE;
  RbChanges *changes;

  g_test_summary ("A crash between the repairs of a start leaves nothing that the next start refuses.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  rb_worker_detach (worker);
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  changes = rb_changes_new ();
  rb_changes_delete (changes, RB_TABLE_ENDPOINTS, g_variant_new ("(s)", worker->endpoint_id));
  rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
  put_message (fixture, "stray");

  rb_fake_store_crash (fixture->store);
  rb_fake_store_crash_at (fixture->store, 1, TRUE, on_died, &died);
  rb_core_fixture_crash (fixture);
  g_assert_true (died);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 2);
}

static void
test_damaged (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_test_summary ("A place without content is damage: the start is refused, and says what is wrong.");

  put_place (fixture, "m1", "inbox", NULL, 1);
  assert_refuses (fixture, "Message 'm1' has a place 'inbox' and no content");
  {
    RbChanges *changes = rb_changes_new ();

    rb_changes_delete (changes, RB_TABLE_PLACES, g_variant_new ("(s)", "m1"));
    rb_store_commit (RB_STORE (fixture->store), changes, NULL, NULL);
    rb_test_settle ();
  }

  put (fixture, RB_TABLE_ASSIGNMENTS,
       g_variant_new ("(ssssssmsmsmsxxmxb)", "m1", "a1", "ep_1", "pending", "{}", "m1", NULL, NULL, NULL, (gint64) 1, (gint64) 1, FALSE, (gint64) 0, FALSE));
  assert_refuses (fixture, "An assignment names message 'm1', which is not assigned");
}

/* protocol.md 11.1. */
static void
test_everything (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *plain = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, "sa", NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", plain);
  g_autofree char *accepted = NULL;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("Endpoints in their order, queues in theirs, inbox and its slots, assignments and ended messages: all as before.");

  rb_worker_accept (worker, 1, "m1", NULL);
  accepted = g_strdup (worker->assignment_id);
  rb_worker_take (worker, 2, "m2", NULL);
  rb_fake_connector_deliver (fixture->connector, 3, "m3", "bob", "x", NULL);
  rb_core_fixture_detach (fixture, channel);
  rb_fake_connector_deliver (fixture->connector, 4, "m5", "bob", "first", metadata);
  rb_fake_connector_deliver (fixture->connector, 5, "m4", "bob", "second", metadata);
  rb_test_settle ();
  fixture->settings.inbox_cap = 2;   /* m3, and the slot of m2 */
  rb_core_fixture_crash (fixture);

  rb_fake_connector_deliver (fixture->connector, 6, "m6", "bob", "no room", NULL);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 6));
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);

  g_clear_object (&channel);
  channel = rb_core_fixture_attach (fixture, ASKER, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, ASKER, plain, &n, &error));
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->content, ==, "first");
  g_assert_cmpstr (rb_fake_channel_get (channel, 1)->content, ==, "second");

  rb_worker_reattach (worker);
  g_assert_cmpuint (worker->channel->pushes->len, ==, 0);
  g_assert_true (rb_worker_report (worker, "m2", 2, "adapter_accepted", &error));
  rb_fake_connector_deliver (fixture->connector, 7, "m6", "bob", "room again", NULL);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 7));

  /* ended ones are remembered: a redelivery has no effect */
  g_assert_true (rb_worker_report (worker, "m2", 3, "processing_failed", &error));
  rb_core_fixture_crash (fixture);
  rb_fake_connector_deliver (fixture->connector, 8, "m2", "bob", "again", NULL);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 8));
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "processing_failed");
}

static void
test_over_the_cap (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A lowered limit refuses what comes, never what is there.");

  for (gint64 i = 1; i <= 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%d", (int) i);

      rb_fake_connector_deliver (fixture->connector, i, id, "bob", "x", NULL);
    }
  rb_test_settle ();
  fixture->settings.inbox_cap = 1;
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 3);
  rb_fake_connector_deliver (fixture->connector, 9, "m9", "bob", "x", NULL);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 9));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/load/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("empty", test_empty);
  ADD ("strays", test_strays);
  ADD ("assignment-without-endpoint", test_assignment_without_endpoint);
  ADD ("crash-while-restoring", test_crash_while_restoring);
  ADD ("damaged", test_damaged);
  ADD ("everything", test_everything);
  ADD ("over-the-cap", test_over_the_cap);

  return g_test_run ();
}
