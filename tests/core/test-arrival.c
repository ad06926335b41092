/* test-arrival.c: a message arrives: stored before anything is said, once, or refused without a trace
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#define PID 100

/* A channel with receipts and a plain endpoint, "ep_1". */
static RbFakeChannel *
attach (RbCoreFixture *fixture)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_assert_cmpstr (id, ==, "ep_1");
  return channel;
}

static void
deliver_to (RbCoreFixture *fixture,
            gint64         seq,
            const char    *id,
            const char    *target)
{
  g_autofree char *metadata = target != NULL ? g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", target) : NULL;

  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "hello", metadata);
}

static void
deliver (RbCoreFixture *fixture,
         gint64         seq,
         const char    *id)
{
  deliver_to (fixture, seq, id, "ep_1");
}

static gboolean
accepted (RbCoreFixture *fixture,
          gint64         seq)
{
  return rb_fake_connector_has_accepted (fixture->connector, seq);
}

static gboolean
released (RbCoreFixture *fixture,
          gint64         seq)
{
  return rb_fake_connector_has_released (fixture->connector, seq);
}

/* Of messages: endpoints have a ladder, too. */
static guint
count_steps (RbCoreFixture *fixture)
{
  g_autoptr(GPtrArray) rows = rb_fake_store_dup_rows (fixture->store, RB_TABLE_CHECKPOINTS);
  guint n = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      const char *id;

      g_variant_get_child (g_ptr_array_index (rows, i), 0, "&s", &id);
      n += rb_registry_lookup (fixture->core->registry, id) == NULL ? 1 : 0;
    }
  return n;
}

/* Neither on disk nor in memory. */
static void
assert_no_trace (RbCoreFixture *fixture)
{
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_MESSAGES), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_PLACES), ==, 0);
  g_assert_cmpuint (count_steps (fixture), ==, 0);
  g_assert_cmpuint (rb_ledger_get_n (fixture->core->ledger), ==, 0);
  g_assert_cmpuint (rb_ledger_get_n_seen (fixture->core->ledger), ==, 0);
}

static guint
queue_length (RbCoreFixture *fixture,
              const char    *endpoint_id)
{
  return rb_queue_get_length (rb_registry_lookup (fixture->core->registry, endpoint_id)->queue);
}

static void
test_durable_first (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("Each message is accepted, pushed and told when its own commit has ended, and no sooner.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver (fixture, 1, "m1");
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);

  rb_fake_store_commit_one (fixture->store);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 1));
  g_assert_false (accepted (fixture, 2));
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);

  rb_fake_store_commit_one (fixture->store);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 2));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 1);
}

static void
test_repeated_uncommitted (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("A copy under a new sequence while the first is uncommitted: both are accepted with the first, one is pushed.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver (fixture, 1, "m1");
  deliver (fixture, 2, "m1");
  deliver (fixture, RB_CONNECTOR_NO_SEQ, "m1");
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  g_assert_cmpuint (fixture->connector->released->len, ==, 0);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 2);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpuint (fixture->core->counters.duplicates, ==, 2);
  deliver (fixture, 3, "m1");
  g_assert_true (accepted (fixture, 3));

  rb_core_fixture_receipt (fixture, channel, 0);
  deliver (fixture, 4, "m1");
  rb_test_settle ();
  g_assert_true (accepted (fixture, 4));
  g_assert_cmpuint (channel->pushes->len, ==, 1);
}

/* Source: protocol.md 9.8. */
static void
test_repeated_then_failed (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("When the commit of the first copy fails for good, every copy is released and nothing is left of it.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver (fixture, 1, "m1");
  deliver (fixture, 2, "m1");
  deliver_to (fixture, 3, "m3", NULL);
  rb_fake_store_break (fixture->store);
  rb_test_count_log ("inbound_message_handling_failed");
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("inbound_message_handling_failed"), ==, 2);
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  for (gint64 seq = 1; seq <= 3; seq++)
    g_assert_true (released (fixture, seq));
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_cmpuint (queue_length (fixture, "ep_1"), ==, 0);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);
  assert_no_trace (fixture);
}

/* Source: protocol.md 9.1, 9.7. */
static void
test_inbox_full (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A full inbox releases what is new, also while a row is out for dispatch; later it is taken.");

  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  deliver_to (fixture, 1, "m1", NULL);
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 1));
  g_assert_true (released (fixture, 2));
  rb_test_assert_logged ("undispatched_inbox_at_capacity", "from", "bob", "size", "1", "capacity", "1", NULL);
  g_assert_null (rb_core_fixture_place (fixture, "m2"));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_MESSAGES), ==, 1);

  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  endpoint_id = rb_core_fixture_register (fixture, PID, RB_BACKGROUND, "s1", NULL);
  rb_core_fixture_dispatch_start (fixture, "m1", endpoint_id, NULL);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  deliver_to (fixture, 3, "m2", NULL);
  rb_test_settle ();
  g_assert_true (released (fixture, 3));

  rb_core_fixture_receipt (fixture, channel, 0);
  rb_core_fixture_unregister (fixture, PID, endpoint_id, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  deliver_to (fixture, 4, "m2", NULL);
  rb_test_settle ();
  g_assert_true (released (fixture, 4));
  g_assert_cmpuint (fixture->core->counters.refused, ==, 3);
}

static void
test_inbox_room_again (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autofree char *token = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("When a runtime accepted a row, its slot is free and the refused message is taken at its next delivery.");

  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  endpoint_id = rb_core_fixture_register (fixture, PID, RB_BACKGROUND, "s1", &token);
  deliver_to (fixture, 1, "m1", NULL);
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_true (released (fixture, 2));
  rb_core_fixture_dispatch_start (fixture, "m1", endpoint_id, NULL);
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_core_fixture_report (fixture, PID, endpoint_id, token, "m1", rb_fake_channel_get (channel, 0)->assignment_id, 2, "adapter_accepted",
                          &error);
  g_assert_no_error (error);
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 2));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
}

static void
test_queue_full (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;

  g_test_summary ("A queue at its number of messages releases what is new; room lets the next delivery in.");

  fixture->settings.queue_cap = 2;
  rb_core_fixture_restart (fixture);
  channel = attach (fixture);
  deliver (fixture, 1, "m1");
  deliver (fixture, 2, "m2");
  deliver (fixture, 3, "m3");
  rb_test_settle ();
  g_assert_true (accepted (fixture, 2));
  g_assert_true (released (fixture, 3));
  g_assert_null (rb_core_fixture_place (fixture, "m3"));

  rb_core_fixture_receipt (fixture, channel, 0);
  deliver (fixture, 3, "m3");
  rb_test_settle ();
  g_assert_true (accepted (fixture, 3));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m3"), ==, "queue");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, 4, "m4");
  rb_test_settle ();
  g_assert_true (released (fixture, 4));
  rb_test_assert_logged ("buffer_for_reconnecting_endpoint_failed", "endpoint_id", "ep_1", "err", NULL, NULL);
}

static void
test_queue_bytes (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *long_text = g_strnfill (400, 'x');

  g_test_summary ("A queue at its number of bytes likewise; it is bytes that count, not messages.");

  fixture->settings.queue_bytes_cap = 600;
  rb_core_fixture_restart (fixture);
  channel = attach (fixture);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", long_text, "{\"target_endpoint_id\":\"ep_1\"}");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", long_text, "{\"target_endpoint_id\":\"ep_1\"}");
  rb_test_settle ();
  g_assert_true (accepted (fixture, 1));
  g_assert_true (released (fixture, 2));
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", long_text, "{\"target_endpoint_id\":\"ep_1\"}");
  rb_test_settle ();
  g_assert_true (accepted (fixture, 2));
}

static void
test_store_failing (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("While the store fails messages are released without a trace; when it is well again they are taken.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  deliver (fixture, 1, "m1");
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_true (released (fixture, 1));
  g_assert_true (released (fixture, 2));
  assert_no_trace (fixture);

  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  deliver (fixture, 1, "m1");
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 1));
  g_assert_true (accepted (fixture, 2));
  g_assert_cmpuint (channel->pushes->len, ==, 1);
}

static void
test_clock_set_back (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A wall clock that was set back does not make a conversation wait longer for a message that never comes again.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  deliver_to (fixture, 1, "m1", NULL);
  rb_test_settle ();
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_fake_clock_set_wall (fixture->clock, rb_clock_get_wall_ms (fixture->clock) - G_GINT64_CONSTANT (86400000));
  deliver_to (fixture, 2, "m2", NULL);
  rb_test_settle ();
  g_assert_true (released (fixture, 2));
  rb_fake_clock_advance (fixture->clock, 120000);
  deliver_to (fixture, 3, "m2", NULL);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 3));
}

static void
test_known_while_failing (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("What we hold already is accepted whatever the store's health.");

  deliver (fixture, 1, "m1");
  rb_test_settle ();
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  deliver (fixture, 2, "m1");
  g_assert_true (accepted (fixture, 2));
}

static void
test_without_id (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("A message without an id gets one of ours and has no source id; nothing can tell two of them apart.");

  deliver (fixture, 1, NULL);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_null (rb_fake_channel_get (channel, 0)->source_message_id);
  rb_core_fixture_receipt (fixture, channel, 0);
  deliver (fixture, 2, NULL);
  deliver_to (fixture, 3, NULL, NULL);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 2);
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 3);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_PLACES), ==, 3);
}

/* Source: protocol.md 9.1: without a sequence there is nothing to accept. */
static void
test_without_sequence (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("Without a sequence number there is nothing to accept; the message is taken all the same.");

  deliver (fixture, RB_CONNECTOR_NO_SEQ, "m1");
  deliver_to (fixture, RB_CONNECTOR_NO_SEQ, "m2", NULL);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
}

static void
test_without_sequence_when_full (RbCoreFixture *fixture,
                                 gconstpointer  data)
{
  g_test_summary ("What the network will not bring again is taken also when there are as many messages as may live: inbox and queues bound it.");

  fixture->settings.message_cap = 1;
  rb_core_fixture_restart (fixture);
  deliver_to (fixture, 1, "m1", NULL);
  rb_test_settle ();
  deliver_to (fixture, 2, "m2", NULL);
  deliver_to (fixture, RB_CONNECTOR_NO_SEQ, "m3", NULL);
  rb_test_settle ();
  g_assert_null (rb_core_fixture_place (fixture, "m2"));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m3"), ==, "inbox");
}

static void
test_gone_before_commit (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("Its endpoint ends before the commit: accepted with it, in the inbox, told once, after the commit that put it there.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver (fixture, 1, "m1");
  rb_fake_processes_end (fixture->processes, PID);
  rb_core_fixture_detach (fixture, channel);
  rb_fake_store_commit_one (fixture->store);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 1));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "closed_session_continuation");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 1);
}

static void
test_dispatched_before_commit (RbCoreFixture *fixture,
                               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, PID, RB_BACKGROUND, "s1", NULL);

  g_test_summary ("A row that is dispatched before its commit ended is told as it arrived, then as assigned.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  deliver_to (fixture, 1, "m1", NULL);
  rb_core_fixture_dispatch_start (fixture, "m1", endpoint_id, NULL);
  rb_fake_store_commit_one (fixture->store);
  rb_test_settle ();
  g_assert_true (accepted (fixture, 1));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"action\":\"add\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "target_endpoint_id_hint"), ==, 0);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  rb_core_fixture_receipt (fixture, channel, 0);
}

static void
test_stopping (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("While stopping a message is neither accepted nor released: the network keeps it for the next process.");

  rb_core_stop_async (fixture->core, "signal:SIGTERM", rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  deliver_to (fixture, 1, "m1", NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  g_assert_cmpuint (fixture->connector->released->len, ==, 0);
  assert_no_trace (fixture);
  rb_core_stop_finish (fixture->core, result);
}

/* protocol.md 10.3, 16.1. */
static void
test_event (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autofree char *long_text = g_strnfill (100, 'x');
  g_autofree char *preview = g_strdup_printf ("\"content_preview\":\"%.80s\"", long_text);

  g_test_summary ("The event of a new row has its sender, a preview of 80 characters, the wire's reason and the correlation.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob@net", long_text, "{\"correlation_id\":\"c1\"}");
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, preview), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"no_target_endpoint\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"sender_address\":\"bob@net\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"in_reply_to\":\"c1\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"source_message_id\":\"m1\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"traceparent\":\"00-"), ==, 1);
}

/* protocol.md 18.3. */
static void
test_degraded (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const struct {
    const char *metadata, *reason;
    GLogLevelFlags level;
  } rows[] = {
    { NULL, "missing", G_LOG_LEVEL_DEBUG },
    { "{\"traceparent\":7}", "missing", G_LOG_LEVEL_DEBUG },
    { "{\"traceparent\":\" \"}", "missing", G_LOG_LEVEL_DEBUG },
    { "{\"traceparent\":\"00-x\"}", "invalid", G_LOG_LEVEL_WARNING },
  };

  g_test_summary ("A message without a good trace context gets one, and the log says so: debug for a missing one, else a warning.");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_fake_connector_deliver (fixture->connector, i + 1, id, "bob", "x", rows[i].metadata);
      rb_test_settle ();
      rb_test_assert_logged ("trace_context_degraded", "reason", rows[i].reason, "spanName", "receive", "traceId", NULL, "messageId", id,
                             "from", "bob", NULL);
      g_assert_cmpuint (rb_test_get_log_level ("trace_context_degraded"), ==, rows[i].level);
    }

  rb_test_forget_logs ();
  rb_fake_connector_deliver (fixture->connector, 9, "m9", "bob", "x",
                             "{\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\"}");
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("trace_context_degraded"), ==, 0);
}

static void
test_forgotten (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("What ended long ago is forgotten when something else ends: its id leaves the disk and the memory.");

  deliver (fixture, 1, "m1");
  rb_test_settle ();
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_fake_clock_advance (fixture->clock, fixture->settings.seen_retention + 1);
  deliver (fixture, 2, "m2");
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  rb_core_fixture_receipt (fixture, channel, 1);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "ended");
  g_assert_cmpuint (rb_ledger_get_n_seen (fixture->core->ledger), ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/arrival/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("durable-first", test_durable_first);
  ADD ("repeated/uncommitted", test_repeated_uncommitted);
  ADD ("repeated/then-failed", test_repeated_then_failed);
  ADD ("forgotten", test_forgotten);
  ADD ("inbox-full/released", test_inbox_full);
  ADD ("inbox-full/room-again", test_inbox_room_again);
  ADD ("queue-full/messages", test_queue_full);
  ADD ("queue-full/bytes", test_queue_bytes);
  ADD ("store-failing/released", test_store_failing);
  ADD ("store-failing/known", test_known_while_failing);
  ADD ("clock-set-back", test_clock_set_back);
  ADD ("without-id", test_without_id);
  ADD ("without-sequence", test_without_sequence);
  ADD ("gone-before-commit", test_gone_before_commit);
  ADD ("without-sequence-when-full", test_without_sequence_when_full);
  ADD ("dispatched-before-commit", test_dispatched_before_commit);
  ADD ("stopping", test_stopping);
  ADD ("event", test_event);
  ADD ("degraded", test_degraded);

  return g_test_run ();
}
