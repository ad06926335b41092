/* test-outbox.c: what is told to the authority, until it has heard (protocol.md 16.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-authority.h"
#include "rb-worker.h"

#include "rb-connector.h"
#include "rb-core-private.h"
#include "rb-error.h"

#define PID 100

static void
test_after_commit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Nothing is told before its commit; its row is in the same commit, and goes when it was heard.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_authority_news (fixture, 1);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 0);

  fixture->authority->hold = TRUE;
  g_assert_true (rb_fake_store_commit_one (fixture->store));
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 1);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 1);
}

static void
test_failed_commit (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("What is never durable is never told, to nobody.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_authority_news (fixture, 1);
  rb_fake_store_break (fixture->store);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 0);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 0);
}

static void
test_order (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) again = NULL;
  g_autofree char *id = NULL;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("States of one endpoint leave one after the other; one that is repeated holds back those behind it.");

  fixture->authority->hold = TRUE;
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_core_fixture_detach (fixture, channel);
  again = rb_core_fixture_attach (fixture, PID, TRUE);
  g_assert_true (rb_core_fixture_reattach (fixture, PID, id, &n, &error));
  g_assert_cmpuint (rb_authority_count (fixture, "ipc_close"), ==, 0);
  g_assert_cmpuint (fixture->authority->waiting->len, ==, 1);

  fixture->authority->hold = FALSE;
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_fake_emitter_answer (fixture->authority, fixture->authority->failure);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 500);
  g_assert_cmpuint (rb_authority_count (fixture, "\"reason\":\"register\""), ==, 2);
  g_assert_cmpuint (rb_authority_count (fixture, "ipc_close"), ==, 0);

  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpuint (rb_authority_count (fixture, "\"reason\":\"register\""), ==, 3);
  g_assert_cmpuint (rb_authority_count (fixture, "ipc_close"), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, "\"reason\":\"reattach\""), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
}

static void
test_side_by_side (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Subjects do not wait for each other, but for a bound on posts at a time.");

  fixture->authority->hold = TRUE;
  for (gint64 seq = 1; seq <= 40; seq++)
    rb_authority_news (fixture, seq);
  g_assert_cmpuint (fixture->authority->waiting->len, ==, 32);
  g_assert_cmpuint (rb_authority_count (fixture, "\"undispatched_id\":\"m33\""), ==, 0);

  rb_fake_emitter_answer_one (fixture->authority, 7, NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->authority->waiting->len, ==, 32);
  g_assert_cmpuint (rb_authority_count (fixture, "\"undispatched_id\":\"m33\""), ==, 1);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 40);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_retried (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const gint64 waits[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };
  RbEvent *first, *last;

  g_test_summary ("Retried after 0.5, 1, 2 ... 30 s, as it was, however often.");

  rb_authority_fail (fixture, RB_ERROR_TIMED_OUT, 0);
  rb_authority_news (fixture, 1);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 1);
  first = g_ptr_array_index (fixture->authority->events, fixture->authority->events->len - 1);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      rb_fake_clock_advance (fixture->clock, waits[i] - 1);
      g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, i + 1);
      rb_fake_clock_advance (fixture->clock, 1);
      g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, i + 2);
    }
  g_assert_cmpuint (rb_test_count_log ("undispatched_changed_retry"), ==, G_N_ELEMENTS (waits) + 1);
  g_assert_cmpuint (rb_test_get_log_level ("undispatched_changed_retry"), ==, G_LOG_LEVEL_INFO);
  last = g_ptr_array_index (fixture->authority->events, fixture->authority->events->len - 1);
  g_assert_true (g_bytes_equal (rb_event_get_payload (first), rb_event_get_payload (last)));

  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 30000);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 1);
}

static void
test_retry_after (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_test_summary ("The authority may ask for a longer wait, and not for an endless one.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 429);
  rb_error_add_detail (fixture->authority->failure, "retry_after_ms", g_variant_new_int64 (7000));
  rb_authority_news (fixture, 1);
  rb_fake_clock_advance (fixture->clock, 6999);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 1);
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 429);
  rb_error_add_detail (fixture->authority->failure, "retry_after_ms", g_variant_new_int64 (G_MAXINT64));
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 2);
  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 299999);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 2);
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 3);
}

static void
test_crash_waiting (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("What waited when the process died goes out after the next start, in its order, before what is new.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  rb_authority_news (fixture, 2);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 2);
  rb_authority_news (fixture, 3);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 3);
  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 3);
}

/* All that was heard of the inbox is one event, byte for byte. */
static void
assert_repeated (RbCoreFixture *fixture)
{
  RbEvent *first = NULL;

  for (guint i = 0; i < fixture->authority->events->len; i++)
    {
      RbEvent *event = g_ptr_array_index (fixture->authority->events, i);

      if (rb_event_get_kind (event) != RB_EVENT_UNDISPATCHED_CHANGED)
        continue;
      if (first == NULL)
        first = event;
      g_assert_true (g_bytes_equal (rb_event_get_payload (first), rb_event_get_payload (event)));
    }
}

static void
test_crash_posting (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A post that the process did not live to hear of is repeated as it was.");

  fixture->authority->hold = TRUE;
  rb_authority_news (fixture, 1);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 2);
  assert_repeated (fixture);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_crash_heard (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Heard, but the row did not go in time: the authority hears the same again, once.");

  fixture->authority->hold = TRUE;
  rb_authority_news (fixture, 1);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 2);
  assert_repeated (fixture);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_authority_count (fixture, RB_ADDED), ==, 2);
}

static void
test_cap (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(GError) error = NULL;

  g_test_summary ("At the cap new work is refused and the network keeps its messages; nothing is dropped.");

  fixture->core->settings.outbox_cap = 2;
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
  rb_authority_news (fixture, 2);
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  g_assert_false (rb_core_is_ready (fixture->core, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "outbox_full");
  g_clear_error (&error);
  g_assert_null (rb_core_fixture_try_register (fixture, PID, RB_PLAIN, NULL, NULL, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "outbox_full");
  rb_authority_news (fixture, 3);
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 3));

  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
  g_assert_true (rb_core_is_ready (fixture->core, NULL));
  g_assert_cmpuint (rb_authority_count (fixture, "\"undispatched_id\":\"m2\""), >, 0);
}

static void
test_cap_after_restart (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_test_summary ("A full outbox is full after a restart as well.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  fixture->settings.outbox_cap = 1;
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 500);
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
}

static void
test_no_authority (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  guint n = rb_fake_store_get_n_commits (fixture->store);

  g_test_summary ("Without an authority no row is written; the projections hear all, and a closed endpoint is taken back.");

  rb_authority_news (fixture, 1);
  g_assert_cmpuint (rb_fake_store_get_n_commits (fixture->store), ==, n + 1);
  rb_core_fixture_unregister (fixture, PID, id, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, RB_ADDED), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"closed\""), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
}

static void
test_damaged (RbCoreFixture *fixture,
              gconstpointer  data)
{
  RbChanges *changes = rb_changes_new ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("A row that says nothing we know stops the start.");

  rb_changes_put (changes, RB_TABLE_OUTBOX, g_variant_new ("(xsssxsmsmx)", G_GINT64_CONSTANT (1), "gossip", "m1", "{}", G_GINT64_CONSTANT (1),
                                                           "queued", NULL, FALSE, G_GINT64_CONSTANT (0)));
  rb_core_commit (fixture->core, changes, NULL, NULL);
  rb_test_settle ();
  g_assert_false (rb_core_load (fixture->core, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_CORRUPT);
}

/* The worker's report is on its way, and not answered, when its time is over. */
static void
test_turns (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, PID);
  RbCaller caller = { .pid = PID };
  RbProcessingRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = PID,
    .endpoint_owner_token = worker->token,
    .source_message_id = (char *) "m1",
    .state_event_id = (char *) "e1",
    .state_sequence = 2,
    .state = (char *) "adapter_accepted",
    .occurred_at = RB_NO_TIME,
  };

  g_test_summary ("What the broker tells of an assignment waits for the report that is on its way.");

  rb_worker_take (worker, 1, "m1", NULL);
  request.assignment_id = worker->assignment_id;
  fixture->authority->hold = TRUE;
  rb_processing_async (fixture->core, &caller, &request, NULL, NULL);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (rb_authority_count (fixture, "adapter_accepted"), ==, 1);
  g_assert_cmpuint (rb_authority_count (fixture, "target_lost_before_acceptance"), ==, 0);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_authority_count (fixture, "target_lost_before_acceptance"), ==, 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/outbox/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("after-commit", "authority", test_after_commit);
  ADD ("failed-commit", "authority", test_failed_commit);
  ADD ("order", "authority", test_order);
  ADD ("side-by-side", "authority", test_side_by_side);
  ADD ("retried", "authority", test_retried);
  ADD ("retry-after", "authority", test_retry_after);
  ADD ("crash/waiting", "authority", test_crash_waiting);
  ADD ("crash/posting", "authority", test_crash_posting);
  ADD ("crash/heard", "authority", test_crash_heard);
  ADD ("cap", "authority", test_cap);
  ADD ("cap/after-restart", "authority", test_cap_after_restart);
  ADD ("no-authority", NULL, test_no_authority);
  ADD ("damaged", NULL, test_damaged);
  ADD ("turns", "authority", test_turns);

  return g_test_run ();
}
