/* test-delivery.c: from the queue to the channel: receipts, repetition, windows, order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#define PID 100
#define OTHER 200

static RbFakeChannel *
attach (RbCoreFixture *fixture,
        gboolean       has_receipts)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, has_receipts);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_assert_cmpstr (id, ==, "ep_1");
  return channel;
}

/* To ep_1, in the conversation @lane; the correlation is none that the endpoint sent. */
static void
deliver (RbCoreFixture *fixture,
         const char    *id,
         const char    *lane)
{
  static gint64 seq = 1000;
  g_autofree char *metadata = lane == NULL ? g_strdup ("{\"target_endpoint_id\":\"ep_1\"}")
                                           : g_strdup_printf ("{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"%s\"}", lane);

  rb_fake_connector_deliver (fixture->connector, seq++, id, "bob", "0123456789", metadata);
  rb_test_settle ();
}

/* "m1 m2": what the channel got, from the @first push on. */
static void
assert_pushed (RbFakeChannel *channel,
               guint          first,
               const char    *ids)
{
  g_autoptr(GString) got = g_string_new (NULL);

  for (guint i = first; i < channel->pushes->len; i++)
    g_string_append_printf (got, "%s%s", got->len > 0 ? " " : "", rb_fake_channel_get (channel, i)->source_message_id);
  g_assert_cmpstr (got->str, ==, ids);
}

/* Source: protocol.md 5.5; what is not received is repeated by us. */
static void
test_repeated (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);
  static const gint64 waits[] = { 4000, 8000, 16000, 30000, 30000 };
  guint n = 1;

  g_test_summary ("Without a receipt the same push comes again, after 2 s and longer and longer waits, up to 30 s.");

  deliver (fixture, "m1", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      rb_fake_clock_advance (fixture->clock, 2000);
      rb_fake_clock_advance (fixture->clock, waits[i] - 1);
      g_assert_cmpuint (channel->pushes->len, ==, n);
      rb_fake_clock_advance (fixture->clock, 1);
      g_assert_cmpuint (channel->pushes->len, ==, ++n);
      g_assert_cmpstr (rb_fake_channel_get (channel, n - 1)->push_id, ==, rb_fake_channel_get (channel, 0)->push_id);
    }
  g_assert_cmpuint (fixture->core->counters.receipt_timeouts, ==, G_N_ELEMENTS (waits));
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (channel->pushes->len, ==, n);
}

/* Source: protocol.md 9.5 step 4, 16.4. */
static void
test_routed_at (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);
  g_autofree char *at = g_strdup_printf ("{\"type\":\"runtime_inbound_routed\",\"version\":1,\"source_message_id\":\"m1\","
                                         "\"routed_to_endpoint_id\":\"ep_1\",\"route_kind\":\"active_endpoint\",\"routed_at\":%"
                                         G_GINT64_FORMAT "}", rb_clock_get_wall_ms (fixture->clock));

  g_test_summary ("When a message was routed is when it was, not when its receipt came.");

  deliver (fixture, "m1", NULL);
  rb_fake_clock_advance (fixture->clock, 1500);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_inbound_routed"), ==, 0);
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, at), ==, 1);
}

static void
test_late_receipt (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);

  g_test_summary ("A receipt that comes while the repetition waits counts, and the next of the conversation follows.");

  deliver (fixture, "m1", "c");
  deliver (fixture, "m2", "c");
  rb_fake_clock_advance (fixture->clock, 2500);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  rb_core_fixture_receipt (fixture, channel, 0);
  assert_pushed (channel, 0, "m1 m2");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpuint (fixture->core->counters.taken, ==, 1);
}

static void
test_push_ids (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);

  g_test_summary ("A push id is push_ and a uuid, another for each message.");

  deliver (fixture, "m1", "a");
  deliver (fixture, "m2", "b");
  g_assert_true (g_str_has_prefix (rb_fake_channel_get (channel, 0)->push_id, "push_"));
  g_assert_true (g_uuid_string_is_valid (rb_fake_channel_get (channel, 0)->push_id + 5));
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->push_id, !=, rb_fake_channel_get (channel, 1)->push_id);
}

/* Source: protocol.md 5.5, matching. */
static void
test_foreign_receipts (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);
  g_autoptr(RbFakeChannel) other = rb_core_fixture_attach (fixture, OTHER, TRUE);
  g_autoptr(RbFakeChannel) unattached = rb_fake_channel_new (PID, TRUE);
  const char *push_id;

  g_test_summary ("A receipt of another process, over another channel, or for nothing we know is ignored, and logged.");

  deliver (fixture, "m1", NULL);
  push_id = rb_fake_channel_get (channel, 0)->push_id;
  rb_test_count_log ("ipc_push_ack_pid_mismatch");
  rb_test_count_log ("ipc_push_ack_ws_mismatch");
  rb_channels_receipt (fixture->core, RB_CHANNEL (other), push_id);
  rb_channels_receipt (fixture->core, RB_CHANNEL (unattached), push_id);
  rb_channels_receipt (fixture->core, RB_CHANNEL (channel), "push_unknown");
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("ipc_push_ack_pid_mismatch"), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("ipc_push_ack_ws_mismatch"), ==, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
}

static void
test_without_receipts (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, FALSE);

  g_test_summary ("On a channel without receipts a push has no id and is done when it is written; nothing is repeated.");

  deliver (fixture, "m1", "c");
  deliver (fixture, "m2", "c");
  assert_pushed (channel, 0, "m1 m2");
  g_assert_null (rb_fake_channel_get (channel, 0)->push_id);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "ended");
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (channel->pushes->len, ==, 2);
}

static void
test_socket_closing (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, FALSE);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_test_summary ("A socket that takes nothing more loses nothing, with or without receipts.");

  channel->is_open = FALSE;
  deliver (fixture, "m1", "c");
  deliver (fixture, "m2", "c");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  rb_core_fixture_detach (fixture, channel);
  second = rb_core_fixture_attach (fixture, PID, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, PID, "ep_1", &n, &error));
  g_assert_cmpuint (n, ==, 2);
  assert_pushed (second, 0, "m1 m2");
}

static void
test_order (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);

  g_test_summary ("One conversation stays in order, whatever its first message takes; the others do not wait for it.");

  deliver (fixture, "a1", "a");
  deliver (fixture, "a2", "a");
  deliver (fixture, "b1", "b");
  deliver (fixture, "n1", NULL);
  deliver (fixture, "n2", NULL);
  assert_pushed (channel, 0, "a1 b1 n1");
  rb_core_fixture_receipt (fixture, channel, 1);
  rb_core_fixture_receipt (fixture, channel, 2);
  assert_pushed (channel, 3, "n2");
  rb_core_fixture_receipt (fixture, channel, 3);
  deliver (fixture, "b2", "b");
  rb_fake_clock_advance (fixture->clock, 2000);
  deliver (fixture, "c1", "c");
  assert_pushed (channel, 4, "b2 c1");
  rb_core_fixture_receipt (fixture, channel, 4);
  rb_core_fixture_receipt (fixture, channel, 5);
  rb_fake_clock_advance (fixture->clock, 4000);
  assert_pushed (channel, 6, "a1");
  rb_core_fixture_receipt (fixture, channel, 6);
  assert_pushed (channel, 7, "a2");
}

static void
test_window (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;

  g_test_summary ("No more pushes are on their way than the window says; each receipt, and each that did not come, makes room.");

  fixture->settings.push_window_messages = 2;
  rb_core_fixture_restart (fixture);
  channel = attach (fixture, TRUE);
  deliver (fixture, "m1", "1");
  deliver (fixture, "m2", "2");
  deliver (fixture, "m3", "3");
  deliver (fixture, "m4", "4");
  deliver (fixture, "m5", "5");
  assert_pushed (channel, 0, "m1 m2");
  rb_core_fixture_receipt (fixture, channel, 1);
  assert_pushed (channel, 2, "m3");
  rb_fake_clock_advance (fixture->clock, 2000);
  assert_pushed (channel, 3, "m4 m5");
}

static void
test_window_bytes (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;

  g_test_summary ("Nor more bytes; a single message larger than the window goes alone.");

  fixture->settings.push_window_bytes = 20;
  rb_core_fixture_restart (fixture);
  channel = attach (fixture, TRUE);
  deliver (fixture, "m1", "1");
  deliver (fixture, "m2", "2");
  assert_pushed (channel, 0, "m1");
  rb_core_fixture_receipt (fixture, channel, 0);
  assert_pushed (channel, 1, "m2");
}

/* A turn's reply target: dispatched messages go through the same lanes. Returns the assignment id. */
static char *
dispatch (RbCoreFixture *fixture,
          RbFakeChannel *channel,
          const char    *message_id,
          const char    *endpoint_id)
{
  rb_core_fixture_dispatch_start (fixture, message_id, endpoint_id, NULL);
  g_assert_cmpuint (channel->pushes->len, >, 0);
  return g_strdup (rb_fake_channel_get (channel, channel->pushes->len - 1)->assignment_id);
}

static RbFakeChannel *
attach_hybrid (RbCoreFixture *fixture,
               char         **token)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", token);
  RbEndpoint *endpoint = rb_registry_lookup (fixture->core->registry, id);

  rb_router_add (fixture->core->router, endpoint, "c", 1, NULL);
  return channel;
}

static void
test_next_after_cancel (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autofree char *token = NULL;
  g_autofree char *assignment_id = NULL;
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("When an adapter declines before its receipt, the next message of that conversation follows at once.");

  channel = attach_hybrid (fixture, &token);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{}");
  rb_test_settle ();
  assignment_id = dispatch (fixture, channel, "m1", "ep_1");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "x", "{\"correlation_id\":\"c\"}");
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 2);
  rb_core_fixture_receipt (fixture, channel, 1);

  /* The same lane: neither has a correlation. */
  rb_fake_connector_deliver (fixture->connector, 3, "m3", "bob", "x", "{}");
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, "m3", "ep_1", NULL);
  g_assert_cmpuint (channel->pushes->len, ==, 2);
  rb_core_fixture_report (fixture, PID, "ep_1", token, "m1", assignment_id, 2, "waiting_for_runtime_capability",
                          &error);
  g_assert_no_error (error);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 3);
  g_assert_cmpstr (rb_fake_channel_get (channel, 2)->source_message_id, ==, "m3");
  rb_core_fixture_receipt (fixture, channel, 2);
}

static void
test_accepted_without_receipt (RbCoreFixture *fixture,
                               gconstpointer  data)
{
  g_autofree char *token = NULL;
  g_autofree char *assignment_id = NULL;
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An adapter that accepts before its receipt frees the window and its conversation.");

  fixture->settings.push_window_messages = 1;
  rb_core_fixture_restart (fixture);
  channel = attach_hybrid (fixture, &token);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{}");
  rb_test_settle ();
  assignment_id = dispatch (fixture, channel, "m1", "ep_1");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "x", "{\"correlation_id\":\"c\"}");
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  rb_core_fixture_report (fixture, PID, "ep_1", token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 2);
  rb_core_fixture_receipt (fixture, channel, 1);
}

static void
test_assignment_not_received (RbCoreFixture *fixture,
                              gconstpointer  data)
{
  g_autofree char *token = NULL;
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An assignment whose receipt does not come is not repeated: it returns to the inbox, and who dispatched it learns why.");

  channel = attach_hybrid (fixture, &token);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{}");
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, "m1", "ep_1", &result);
  rb_fake_clock_advance (fixture->clock, 2000);
  g_assert_nonnull (result);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "target endpoint did not acknowledge push receipt: ep_1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
}

static void
test_told_when_taken (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, TRUE);

  g_test_summary ("That a message was routed is told once, when its adapter has it.");

  deliver (fixture, "m1", NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_inbound_routed"), ==, 0);
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_inbound_routed"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"routed_to_endpoint_id\":\"ep_1\""), ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/delivery/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("receipts/repeated", test_repeated);
  ADD ("receipts/late", test_late_receipt);
  ADD ("receipts/routed-at", test_routed_at);
  ADD ("receipts/push-ids", test_push_ids);
  ADD ("receipts/foreign", test_foreign_receipts);
  ADD ("receipts/none", test_without_receipts);
  ADD ("socket-closing", test_socket_closing);
  ADD ("order", test_order);
  ADD ("window/messages", test_window);
  ADD ("window/bytes", test_window_bytes);
  ADD ("assignment/next-after-cancel", test_next_after_cancel);
  ADD ("assignment/accepted-without-receipt", test_accepted_without_receipt);
  ADD ("assignment/not-received", test_assignment_not_received);
  ADD ("told-when-taken", test_told_when_taken);

  return g_test_run ();
}
