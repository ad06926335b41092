/* test-conversation.c: a whole conversation over fakes, with and without a crash in it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#define WORKER 100
#define ASKER 200

/* An unaddressed message, dispatched to a worker that takes and accepts it. Returns the assignment's id. */
static char *
accept_message (RbCoreFixture  *fixture,
                RbFakeChannel **channel,
                char          **endpoint_id,
                char          **token)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  char *assignment_id;

  *channel = rb_core_fixture_attach (fixture, WORKER, TRUE);
  *endpoint_id = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "s1", token);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "one", "{\"correlation_id\":\"c9\",\"message_id\":\"rm1\"}");
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));

  rb_core_fixture_dispatch_start (fixture, "m1", *endpoint_id, &result);
  g_assert_cmpuint ((*channel)->pushes->len, ==, 1);
  g_assert_null (result);
  rb_core_fixture_receipt (fixture, *channel, 0);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_dispatch_finish (fixture->core, result, &error));
  g_assert_no_error (error);

  assignment_id = g_strdup (rb_fake_channel_get (*channel, 0)->assignment_id);
  rb_core_fixture_report (fixture, WORKER, *endpoint_id, *token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  return assignment_id;
}

static void
test_replied (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autofree char *token = NULL;
  g_autofree char *assignment_id = accept_message (fixture, &channel, &endpoint_id, &token);
  g_autofree char *wire_id = NULL;
  g_autofree char *again = NULL;
  g_autofree char *correlation_id = NULL;
  g_autofree char *in_reply_to = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A dispatched and accepted message is answered once; the same request id gets the same answer and sends nothing.");

  wire_id = rb_core_fixture_reply (fixture, WORKER, endpoint_id, token, "m1", assignment_id, "r1", "yo", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  correlation_id = rb_fake_connector_sent_metadata (fixture->connector, 0, "correlation_id");
  in_reply_to = rb_fake_connector_sent_metadata (fixture->connector, 0, "in_reply_to");
  g_assert_cmpstr (correlation_id, ==, "c9");
  g_assert_cmpstr (in_reply_to, ==, "rm1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"reply_emitted\""), ==, 1);

  again = rb_core_fixture_reply (fixture, WORKER, endpoint_id, token, "m1", assignment_id, "r1", "yo", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, wire_id);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_crash_before_reply_result (RbCoreFixture *fixture,
                                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autofree char *token = NULL;
  g_autofree char *assignment_id = accept_message (fixture, &channel, &endpoint_id, &token);
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("A crash between sending a reply and recording that: the repetition uses the same wire message id.");

  fixture->connector->hold = TRUE;
  rb_core_fixture_reply_start (fixture, WORKER, endpoint_id, token, "m1", assignment_id, "r1", "yo", NULL);
  rb_test_wait_until (fixture->connector->sent->len == 1);
  rb_core_fixture_crash (fixture);

  second = rb_core_fixture_attach (fixture, WORKER, TRUE);
  rb_core_fixture_reattach (fixture, WORKER, endpoint_id, &n, &error);
  g_assert_no_error (error);
  wire_id = rb_core_fixture_reply (fixture, WORKER, endpoint_id, token, "m1", assignment_id, "r1", "yo", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 2);
  for (guint i = 0; i < fixture->connector->sent->len; i++)
    g_assert_cmpstr (rb_envelope_get_id (g_ptr_array_index (fixture->connector->sent, i)), ==, wire_id);
}

static void
test_direct (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autofree char *correlation_id = NULL;
  g_autofree char *message_id = NULL;
  g_autofree char *metadata = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The answer to what an endpoint sent is pushed to it, and ends when its receipt came.");

  message_id = rb_core_fixture_send (fixture, ASKER, endpoint_id, "bob", "hi", NULL, &correlation_id, &error);
  g_assert_no_error (error);
  metadata = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation_id);
  rb_fake_connector_deliver (fixture->connector, 7, "m7", "bob", "hi back", metadata);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->content, ==, "hi back");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m7"), ==, "queue");
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m7"), ==, "ended");

  rb_fake_connector_deliver (fixture->connector, 8, "m7", "bob", "hi back", metadata);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 8));
}

static void
test_nothing_before_commit (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);

  g_test_summary ("While a commit has not ended, nothing is accepted, pushed or told.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{\"target_endpoint_id\":\"ep_1\"}");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "y", NULL);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/conversation/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("replied", test_replied);
  ADD ("crash-before-reply-result", test_crash_before_reply_result);
  ADD ("direct", test_direct);
  ADD ("nothing-before-commit", test_nothing_before_commit);
  g_test_add ("/conversation/authority/replied", RbCoreFixture, "authority", rb_core_fixture_set_up, test_replied,
              rb_core_fixture_tear_down);

  return g_test_run ();
}
