/* test-outbox-end.c: how what is told ends: heard, refused for good, held back, cut short (protocol.md 14.5, 16.6, 19)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-authority.h"
#include "rb-orders.h"
#include "rb-worker.h"

#include "rb-connector.h"
#include "rb-dead-letters.h"
#include "rb-error.h"
#include "rb-outbox-operator.h"

#define PID 100
#define OFFLINE "\"state\":\"offline\""

static GVariant *
view_first_dead (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_dead_letters (fixture->core));

  return g_variant_n_children (rows) > 0 ? g_variant_get_child_value (rows, 0) : NULL;
}

static guint
count_dead (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_dead_letters (fixture->core));

  return g_variant_n_children (rows);
}

/* Source: protocol.md 9.5, IMP-28. */
static void
test_routed_refused (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", id);
  g_autoptr(GVariant) dead = NULL;
  const char *kind = NULL;

  g_test_summary ("A message whose routed event is refused for good is accepted all the same: the adapter has it (IMP-28).");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "hello", metadata);
  rb_test_settle ();
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "delivered");
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, "runtime_inbound_routed"), ==, 1);
  dead = view_first_dead (fixture);
  g_assert_true (g_variant_lookup (dead, "kind", "&s", &kind));
  g_assert_cmpstr (kind, ==, "runtime_inbound_routed");
  rb_core_fixture_unregister (fixture, PID, id, NULL);
}

static gboolean
retry (RbCoreFixture *fixture,
       gint64         id,
       guint         *n,
       GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_dead_letter_retry_async (fixture->core, id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_dead_letter_retry_finish (fixture->core, result, n, error);
}

static void
test_terminal (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GVariant) dead = NULL;
  const char *kind = NULL, *subject = NULL, *reason = NULL;
  gint64 status = 0;

  g_test_summary ("A terminal refusal is kept with its reason and status, over a restart; nothing else waits for it.");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_authority_news (fixture, 1);
  rb_authority_fail (fixture, -1, 0);
  rb_authority_news (fixture, 2);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (rb_authority_count (fixture, "\"undispatched_id\":\"m1\""), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, "\"undispatched_id\":\"m2\""), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("undispatched_changed_drop_terminal"), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);

  dead = view_first_dead (fixture);
  g_assert_true (g_variant_lookup (dead, "kind", "&s", &kind));
  g_assert_true (g_variant_lookup (dead, "subject", "&s", &subject));
  g_assert_true (g_variant_lookup (dead, "reason", "&s", &reason));
  g_assert_true (g_variant_lookup (dead, "status", "x", &status));
  g_assert_cmpstr (kind, ==, "undispatched_changed");
  g_assert_cmpstr (subject, ==, "m1");
  g_assert_cmpstr (reason, ==, "no such thing");
  g_assert_cmpint (status, ==, 422);
}

static void
test_retry_one (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(GVariant) dead = NULL;
  g_autoptr(GError) error = NULL;
  gint64 id = 0;
  guint n = 0;

  g_test_summary ("A person may have a dead letter tried again; refused again it is dead again.");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_authority_news (fixture, 1);
  rb_authority_news (fixture, 2);
  dead = view_first_dead (fixture);
  g_assert_true (g_variant_lookup (dead, "id", "x", &id));
  g_assert_true (retry (fixture, id, &n, &error));
  rb_test_settle ();
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, "\"undispatched_id\":\"m1\""), ==, 2);
  g_assert_cmpuint (count_dead (fixture), ==, 2);

  g_assert_false (retry (fixture, id, &n, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "dead_letter_unknown");
}

static void
test_retry_overtaken (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, PID);
  RbOrder order = rb_order_default (worker, "o1", "m1");
  g_autoptr(GVariant) dead = NULL;
  g_autoptr(GError) error = NULL;
  gint64 id = 0;
  guint n = 0;

  g_test_summary ("What a dead letter says of an assignment that was given again since is not told, then or when that has ended: it is forgotten.");

  rb_order_arrive (fixture, 1, "m1");
  rb_order_send (fixture, &order);
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_fake_clock_advance (fixture->clock, fixture->settings.push_ack_timeout);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  dead = view_first_dead (fixture);
  g_assert_true (g_variant_lookup (dead, "id", "x", &id));

  rb_authority_fail (fixture, -1, 0);
  rb_order_send (fixture, &order);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_true (retry (fixture, 0, &n, &error));
  g_assert_cmpuint (n, ==, 0);
  g_assert_false (retry (fixture, id, &n, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "dead_letter_unknown");
  g_assert_cmpuint (rb_authority_count (fixture, "target_lost_before_acceptance"), ==, 1);
  g_assert_cmpuint (count_dead (fixture), ==, 0);
  rb_test_assert_logged ("dead_letter_superseded", "subject", "o1", NULL);
  rb_worker_receipt (worker);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (count_dead (fixture), ==, 0);
}

static void
test_retry_all (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_test_summary ("All of them at once, durably: a crash does not make them dead again.");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_authority_news (fixture, 1);
  rb_authority_news (fixture, 2);
  g_assert_cmpuint (count_dead (fixture), ==, 2);
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  g_assert_true (retry (fixture, 0, &n, &error));
  g_assert_cmpuint (n, ==, 2);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (count_dead (fixture), ==, 0);
  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 500);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 2);

  g_assert_true (retry (fixture, 0, &n, &error));
  g_assert_cmpuint (n, ==, 0);
}

static void
test_dead_cap (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbDeadLetters) dead = rb_dead_letters_new ();
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(GBytes) payload = g_bytes_new_static ("{}", 2);

  g_test_summary ("Of more than a thousand dead letters the oldest is forgotten, on the disk too, and counted.");

  for (gint64 i = 1; i <= 1001; i++)
    {
      g_autoptr(RbEvent) event = rb_event_new (RB_EVENT_INBOUND_ROUTED, "m", payload);

      rb_dead_letters_add (dead, rb_letter_new (i, event, 0), 5, changes);
    }
  g_assert_cmpuint (rb_dead_letters_get_n (dead), ==, 1000);
  g_assert_cmpuint (rb_dead_letters_get_n_forgotten (dead), ==, 1);
  g_assert_null (rb_dead_letters_steal (dead, 1));
  g_assert_cmpuint (rb_dead_letters_get_forgotten (dead)->n, ==, 1);
  g_assert_cmpint (rb_dead_letters_get_forgotten (dead)->last_at, ==, 5);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 2);
  g_assert_cmpint (rb_changes_get (changes, 0)->op, ==, RB_CHANGE_DELETE);
  g_assert_cmpint (rb_changes_get (changes, 1)->op, ==, RB_CHANGE_PUT);
}

static void
lose_network (RbCoreFixture *fixture)
{
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->connector), "test");
  rb_test_settle ();
}

static void
find_network (RbCoreFixture *fixture)
{
  rb_connector_emit_connected (RB_CONNECTOR (fixture->connector));
  rb_test_settle ();
}

/* Source: protocol.md 7.10, IMP-24. */
static void
test_held_while_offline (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;

  g_test_summary ("States of endpoints wait for the network, in order; what is closed is taken back after it was told.");

  lose_network (fixture);
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (rb_authority_count (fixture, "\"reason\":\"register\""), ==, 0);
  g_assert_cmpuint (rb_test_count_log ("transition_state_deferred"), ==, 2);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 0);

  fixture->authority->hold = TRUE;
  find_network (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, "\"reason\":\"register\""), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, "explicit_unregister"), ==, 0);
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, "explicit_unregister"), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_held_over_crash (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_test_summary ("Held when the process dies, they go out when the next one is online.");

  lose_network (fixture);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, "explicit_unregister"), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_online_at_once (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;

  g_test_summary ("A state that was refused for now is tried as soon as the network is back, whatever its wait.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_fake_clock_advance (fixture->clock, 20000);
  rb_authority_fail (fixture, -1, 0);
  lose_network (fixture);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);
  find_network (fixture);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
}

static void
test_unknown_upstream (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_test_summary ("An endpoint that the upstream does not know is no dead letter; it is taken back all the same.");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 404);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("transitionState_404_degraded"), ==, 1);
  g_assert_cmpuint (count_dead (fixture), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_state_refused (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;
  g_autoptr(GVariant) dead = NULL;
  const char *kind = NULL;

  g_test_summary ("A state of an endpoint that is refused for good is not repeated for ever (protocol.md 14.5).");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 403);
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (rb_authority_count (fixture, "\"reason\":\"register\""), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("transitionState_failed"), ==, 1);
  g_assert_cmpuint (rb_test_get_log_level ("transitionState_failed"), ==, G_LOG_LEVEL_WARNING);
  dead = view_first_dead (fixture);
  g_assert_true (g_variant_lookup (dead, "kind", "&s", &kind));
  g_assert_cmpstr (kind, ==, "endpoint_state");
  rb_authority_fail (fixture, -1, 0);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
}

static void
test_presence_overflow (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  guint n;

  g_test_summary ("Presence is kept in memory, 128 of it; the one that was tried stays, the next oldest goes.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  n = fixture->authority->events->len;
  lose_network (fixture);
  for (guint i = 1; i < 130; i++)
    {
      rb_fake_clock_advance (fixture->clock, 1);
      if (i % 2 == 1)
        find_network (fixture);
      else
        lose_network (fixture);
    }
  g_assert_cmpuint (fixture->authority->events->len, ==, n + 1);
  g_assert_cmpuint (rb_test_count_log ("network_presence_changed_queue_overflow"), ==, 2);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 500);
  g_assert_cmpuint (fixture->authority->events->len, ==, n + 1 + 128);
  g_assert_true (g_bytes_equal (rb_event_get_payload (g_ptr_array_index (fixture->authority->events, n)),
                                rb_event_get_payload (g_ptr_array_index (fixture->authority->events, n + 1))));
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_test_summary ("A stop tells the last presence, once, and keeps the rest for the next start.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  lose_network (fixture);
  find_network (fixture);
  rb_core_fixture_stop (fixture);
  g_assert_cmpuint (rb_test_count_log ("network_presence_changed_queue_dropped_on_shutdown"), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, OFFLINE), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_core_stop_finish (RB_CORE (source), result);
  *(gboolean *) user_data = TRUE;
}

static void
test_stop_waits (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  gboolean stopped = FALSE;

  g_test_summary ("Posts that are on their way may finish; nothing new leaves, and what was heard is gone from the disk.");

  fixture->authority->hold = TRUE;
  rb_authority_news (fixture, 1);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", on_stopped, &stopped);
  rb_test_settle ();
  g_assert_false (stopped);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (stopped);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, OFFLINE), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_stop_restores (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, PID);

  g_test_summary ("Assignments that are taken back by the stop are told so by the stop.");

  rb_authority_news (fixture, 1);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  rb_core_fixture_stop (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, "target_lost_before_acceptance"), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_superseded (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) other = rb_core_fixture_attach (fixture, PID + 1, TRUE);
  g_autofree char *first = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_autofree char *second = rb_core_fixture_register (fixture, PID + 1, RB_PLAIN, NULL, NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", first);
  gboolean stopped = FALSE;

  g_test_summary ("Another runtime took over: endpoints go here and upstream, side by side; what waited for them is in the inbox.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "hello", metadata);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  fixture->upstream->hold = TRUE;
  rb_core_stop_async (fixture->core, "superseded_default_stream", on_stopped, &stopped);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 2);
  g_assert_false (stopped);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (stopped);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 0);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "closed_session_continuation");
  g_assert_cmpuint (rb_authority_count (fixture, "\"state\":\"closed\""), ==, 0);
}

static void
test_superseded_upstream_gone (RbCoreFixture *fixture,
                               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  gboolean stopped = FALSE;

  g_test_summary ("That the upstream cannot be told changes nothing of that.");

  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "no");
  rb_core_stop_async (fixture->core, "superseded_default_stream", on_stopped, &stopped);
  rb_test_wait_until (stopped);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/outbox/" path, RbCoreFixture, "authority", rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("terminal", test_terminal);
  ADD ("terminal/routed", test_routed_refused);
  ADD ("dead/retry-one", test_retry_one);
  ADD ("dead/retry-all", test_retry_all);
  ADD ("dead/retry-overtaken", test_retry_overtaken);
  ADD ("dead/cap", test_dead_cap);
  ADD ("held/offline", test_held_while_offline);
  ADD ("held/crash", test_held_over_crash);
  ADD ("held/online-at-once", test_online_at_once);
  ADD ("held/unknown-upstream", test_unknown_upstream);
  ADD ("held/refused", test_state_refused);
  ADD ("presence/overflow", test_presence_overflow);
  ADD ("stop", test_stop);
  ADD ("stop/waits", test_stop_waits);
  ADD ("stop/restores", test_stop_restores);
  ADD ("superseded", test_superseded);
  ADD ("superseded/upstream-gone", test_superseded_upstream_gone);

  return g_test_run ();
}
