/* test-successor.c: an adapter that registers again goes on where it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

/* Source: protocol.md 7.5, IMP-20 and IMP-62. An adapter that says the same of itself has its endpoint back (test-resume.c), unless the
 * upstream has forgotten it, as here. */

#define PID 100
#define OTHER 200

static void
set_up (RbCoreFixture *fixture,
        gconstpointer  data)
{
  rb_core_fixture_set_up (fixture, data);
  rb_core_fixture_forget (fixture);
}

/* A channel and a hybrid endpoint of session s1; the channel is closed again. */
static char *
leave_predecessor (RbCoreFixture  *fixture,
                   char          **token)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", token);

  rb_router_add (fixture->core->router, rb_registry_lookup (fixture->core->registry, id), "c", 1, NULL);
  rb_core_fixture_detach (fixture, channel);
  return id;
}

static void
deliver (RbCoreFixture *fixture,
         const char    *id)
{
  static gint64 seq = 1000;

  rb_fake_connector_deliver (fixture->connector, seq++, id, "bob", "hello", "{\"correlation_id\":\"c\"}");
}

static void
assert_pushed (RbFakeChannel *channel,
               const char    *ids)
{
  g_autoptr(GString) got = g_string_new (NULL);

  for (guint i = 0; i < channel->pushes->len; i++)
    g_string_append_printf (got, "%s%s", i > 0 ? " " : "", rb_fake_channel_get (channel, i)->source_message_id);
  g_assert_cmpstr (got->str, ==, ids);
}

static void
test_queue (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autofree char *old = leave_predecessor (fixture, NULL);
  g_autofree char *id = NULL;
  g_autoptr(RbFakeChannel) channel = NULL;

  g_test_summary ("What waited for the predecessor is pushed to the successor, in order, and the predecessor is closed.");

  deliver (fixture, "m1");
  deliver (fixture, "m2");
  rb_test_settle ();
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_assert_cmpstr (id, !=, old);
  rb_test_settle ();
  assert_pushed (channel, "m1");
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->endpoint_id, ==, id);
  rb_core_fixture_receipt (fixture, channel, 0);
  assert_pushed (channel, "m1 m2");
  rb_core_fixture_receipt (fixture, channel, 1);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "ended");

  g_assert_null (rb_registry_lookup (fixture->core->registry, old));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"explicit_unregister\""), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);
  rb_fake_clock_advance (fixture->clock, 1200000);
  g_assert_nonnull (rb_registry_lookup (fixture->core->registry, id));
}

static void
test_nothing_before_commit (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autofree char *old = leave_predecessor (fixture, NULL);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  RbCaller caller = { .pid = PID };
  char *capabilities[] = { (char *) "foreground_channel_v1", NULL };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = PID, .kind = (char *) "custom",
                                .runtime_session_id = (char *) "s1", .runtime_capabilities = capabilities };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) naming = NULL;
  g_autofree char *id = NULL;
  g_autofree char *token = NULL;

  g_test_summary ("The successor gets nothing before its registration is durable, also when an earlier arrival becomes that first.");

  deliver (fixture, "m1");
  rb_test_settle ();
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_fake_connector_deliver (fixture->connector, 1, "m2", "bob", "x", "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c\"}");
  rb_register_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_settle ();
  rb_fake_store_commit_one (fixture->store);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_null (result);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_true (rb_register_finish (fixture->core, result, &id, &token, &naming, NULL));
  assert_pushed (channel, "m1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "queue");
  rb_core_fixture_receipt (fixture, channel, 0);
  assert_pushed (channel, "m1 m2");
}

static void
test_crash_between (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *old = leave_predecessor (fixture, NULL);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(GError) error = NULL;
  RbCaller caller = { .pid = PID };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = PID, .kind = (char *) "custom",
                                .runtime_session_id = (char *) "s1" };
  guint n = 0;

  g_test_summary ("A crash before the successor is durable leaves the predecessor with everything it had.");

  deliver (fixture, "m1");
  rb_test_settle ();
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_register_async (fixture->core, &caller, &request, NULL, NULL);
  rb_test_settle ();
  g_clear_object (&channel);
  rb_core_fixture_crash (fixture);

  channel = rb_core_fixture_attach (fixture, PID, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, PID, old, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);
  assert_pushed (channel, "m1");
}

static void
test_conversations (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *old = leave_predecessor (fixture, NULL);
  g_autofree char *id = NULL;
  g_autofree char *sent = NULL;
  g_autofree char *correlation_id = NULL;
  g_autofree char *message_id = NULL;
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Answers to what the predecessor sent reach the successor, which can answer what the predecessor received.");

  rb_reply_cache_record (fixture->core->received, old, "heard", rb_core_now (fixture->core), NULL);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  deliver (fixture, "m1");
  rb_test_settle ();
  assert_pushed (channel, "m1");
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->endpoint_id, ==, id);

  message_id = rb_core_fixture_send (fixture, PID, id, "bob", "a", "{\"in_reply_to\":\"heard\"}", &correlation_id, &error);
  g_assert_no_error (error);
  sent = rb_fake_connector_sent_metadata (fixture->connector, 0, "correlation_id");
  g_assert_cmpstr (sent, ==, "heard");

  g_clear_object (&channel);
  rb_core_fixture_crash (fixture);
  g_assert_true (rb_router_contains (fixture->core->router, id, "c"));
  g_assert_cmpint (rb_reply_cache_resolve (fixture->core->received, id, "heard", rb_core_now (fixture->core), NULL), ==,
                   RB_REPLY_FOUND);
}

/* Dispatches @message_id to the only endpoint and takes it. */
static char *
take_assignment (RbCoreFixture *fixture,
                 RbFakeChannel *channel,
                 const char    *message_id,
                 const char    *endpoint_id)
{
  guint i = channel->pushes->len;

  rb_fake_connector_deliver (fixture->connector, 1, message_id, "bob", "work", NULL);
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, message_id, endpoint_id, NULL);
  rb_core_fixture_receipt (fixture, channel, i);
  return g_strdup (rb_fake_channel_get (channel, i)->assignment_id);
}

static void
test_assignments (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  RbFakeChannel *first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) held = first;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *token = NULL;
  g_autofree char *new_token = NULL;
  g_autofree char *old = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &token);
  g_autofree char *assignment_id = take_assignment (fixture, first, "m1", old);
  g_autofree char *id = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The successor goes on with the predecessor's assignments; upstream they keep their target.");

  rb_core_fixture_report (fixture, PID, old, token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  rb_core_fixture_detach (fixture, first);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &new_token);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "assignment");
  g_assert_cmpstr (rb_assignments_of_message (fixture->core->assignments, "m1")->endpoint_id, ==, id);

  wire_id = rb_core_fixture_reply (fixture, PID, id, new_token, "m1", assignment_id, "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_nonnull (wire_id);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"reply_emitted\""), ==, 1);
}

static void
test_unknown_reply (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  RbFakeChannel *first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) held = first;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *token = NULL;
  g_autofree char *new_token = NULL;
  g_autofree char *old = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &token);
  g_autofree char *assignment_id = take_assignment (fixture, first, "m1", old);
  g_autofree char *id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A reply of which nobody knows whether it was sent is not sent again by the successor either.");

  rb_core_fixture_report (fixture, PID, old, token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  fixture->connector->failure = rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, NULL, "the link broke");
  g_assert_null (rb_core_fixture_reply (fixture, PID, old, token, "m1", assignment_id, "r1", "done", &error));
  g_clear_error (&error);
  g_clear_error (&fixture->connector->failure);

  rb_core_fixture_detach (fixture, first);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &new_token);
  g_assert_null (rb_core_fixture_reply (fixture, PID, id, new_token, "m1", assignment_id, "r1", "done", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_sent_reply (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  RbFakeChannel *first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) held = first;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *token = NULL;
  g_autofree char *new_token = NULL;
  g_autofree char *old = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &token);
  g_autofree char *assignment_id = take_assignment (fixture, first, "m1", old);
  g_autofree char *id = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A reply that was sent, of which the upstream has yet to hear, is answered to the successor as it was.");

  rb_core_fixture_report (fixture, PID, old, token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  fixture->connector->hold = TRUE;
  rb_core_fixture_reply_start (fixture, PID, old, token, "m1", assignment_id, "r1", "done", NULL);
  rb_test_settle ();
  fixture->connector->hold = FALSE;
  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  rb_fake_connector_answer (fixture->connector, NULL);
  rb_test_settle ();
  g_clear_error (&fixture->authority->failure);

  rb_core_fixture_detach (fixture, first);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &new_token);
  wire_id = rb_core_fixture_reply (fixture, PID, id, new_token, "m1", assignment_id, "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  g_assert_cmpstr (wire_id, ==, rb_envelope_get_id (g_ptr_array_index (fixture->connector->sent, 0)));
}

static void
test_unsent_reply (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  RbFakeChannel *first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) held = first;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GPtrArray) rows = NULL;
  g_autofree char *token = NULL;
  g_autofree char *new_token = NULL;
  g_autofree char *old = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &token);
  g_autofree char *assignment_id = take_assignment (fixture, first, "m1", old);
  g_autofree char *id = NULL;
  g_autofree char *promised = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A reply that could not be sent is sent by the successor, under the wire id that it was to have.");

  rb_core_fixture_report (fixture, PID, old, token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  fixture->connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  g_assert_null (rb_core_fixture_reply (fixture, PID, old, token, "m1", assignment_id, "r1", "done", &error));
  g_clear_error (&error);
  g_clear_error (&fixture->connector->failure);
  rows = rb_fake_store_dup_rows (fixture->store, RB_TABLE_REPLIES);
  g_assert_cmpuint (rows->len, ==, 1);
  g_variant_get_child (g_ptr_array_index (rows, 0), 6, "s", &promised);

  rb_core_fixture_detach (fixture, first);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &new_token);
  wire_id = rb_core_fixture_reply (fixture, PID, id, new_token, "m1", assignment_id, "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (wire_id, ==, promised);
}

static void
test_buffered_assignment (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autofree char *old = leave_predecessor (fixture, NULL);
  g_autofree char *id = NULL;
  g_autoptr(RbFakeChannel) channel = NULL;

  g_test_summary ("An assignment that waited for the predecessor is pushed to the successor, and survives a crash with it.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "work", NULL);
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, "m1", old, NULL);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  rb_test_settle ();
  assert_pushed (channel, "m1");
  g_assert_nonnull (rb_fake_channel_get (channel, 0)->assignment_id);

  g_clear_object (&channel);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_queue_get_length (rb_registry_lookup (fixture->core->registry, id)->queue), ==, 1);
}

/* Who is no successor: another session, none, another kind, another process. */
static const struct {
  const char    *name;
  gint64         pid;
  const char    *session;
  const char    *kind;
} others[] = {
  { "another session", PID, "s2", "custom" },
  { "no session", PID, NULL, "custom" },
  { "another kind", PID, "s1", "codex" },
  { "another process", OTHER, "s1", "custom" },
};

static void
test_others (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autofree char *old = leave_predecessor (fixture, NULL);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) other = rb_core_fixture_attach (fixture, OTHER, TRUE);

  g_test_summary ("Another session, kind or process inherits nothing, and the predecessor goes on waiting.");

  deliver (fixture, "m1");
  rb_test_settle ();
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      RbCaller caller = { .pid = others[i].pid };
      RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = others[i].pid, .kind = (char *) others[i].kind,
                                    .runtime_session_id = (char *) others[i].session };
      g_autoptr(GAsyncResult) result = NULL;

      g_test_message ("%s", others[i].name);
      rb_register_async (fixture->core, &caller, &request, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      g_assert_cmpuint (rb_queue_get_length (rb_registry_lookup (fixture->core->registry, old)->queue), ==, 1);
    }
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_cmpuint (other->pushes->len, ==, 0);
}

static void
test_active_sibling (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *first = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_autofree char *second = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);

  g_test_summary ("An active endpoint of the same session has no successor: both are there.");

  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, first)->state, ==, RB_ENDPOINT_ACTIVE);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, second)->state, ==, RB_ENDPOINT_ACTIVE);
}

static void
test_two_predecessors (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *older = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_autofree char *newer = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  RbRegistry *registry = fixture->core->registry;
  RbRouter *router = fixture->core->router;
  g_autofree char *id = NULL;

  g_test_summary ("Several predecessors of a session are inherited together, and their messages in the order of arrival.");

  rb_router_add (router, rb_registry_lookup (registry, older), "c", 1, NULL);
  rb_router_add (router, rb_registry_lookup (registry, newer), "c", 1, NULL);
  rb_router_add (router, rb_registry_lookup (registry, newer), "d", 1, NULL);
  rb_core_fixture_detach (fixture, first);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{\"target_endpoint_id\":\"ep_2\",\"correlation_id\":\"c\"}");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "x", "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c\"}");
  rb_fake_connector_deliver (fixture->connector, 3, "m3", "bob", "x", "{\"target_endpoint_id\":\"ep_2\",\"correlation_id\":\"c\"}");
  rb_test_settle ();

  second = rb_core_fixture_attach (fixture, PID, FALSE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  rb_test_settle ();
  g_assert_true (rb_router_contains (router, id, "c"));
  g_assert_true (rb_router_contains (router, id, "d"));
  g_assert_cmpuint (rb_registry_get_n (registry), ==, 1);
  assert_pushed (second, "m1 m2 m3");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/successor/" path, RbCoreFixture, NULL, set_up, function, rb_core_fixture_tear_down)
  ADD ("queue", test_queue);
  ADD ("nothing-before-commit", test_nothing_before_commit);
  ADD ("crash-between", test_crash_between);
  ADD ("conversations", test_conversations);
  ADD ("assignments/accepted", test_assignments);
  ADD ("assignments/unknown-reply", test_unknown_reply);
  ADD ("assignments/unsent-reply", test_unsent_reply);
  g_test_add ("/successor/assignments/sent-reply", RbCoreFixture, "authority", set_up, test_sent_reply, rb_core_fixture_tear_down);
  ADD ("assignments/buffered", test_buffered_assignment);
  ADD ("others", test_others);
  ADD ("active-sibling", test_active_sibling);
  ADD ("two-predecessors", test_two_predecessors);

  return g_test_run ();
}
