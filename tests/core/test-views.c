/* test-views.c: what a person may look at, and the story of each thing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"
#include "rb-outbox-operator.h"

#include <string.h>

#define WORKER 100
#define ASKER 200

/* A member and its GVariant type; a "?" before the type: may be missing. */
typedef struct {
  const char *name, *type;
} Member;

static void
assert_members (GVariant     *row,
                const Member *members)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, row);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      const Member *m = members;

      while (m->name != NULL && strcmp (m->name, name) != 0)
        m++;
      if (m->name == NULL)
        g_error ("nobody told of member '%s'", name);
      g_assert_cmpstr (g_variant_get_type_string (value), ==, m->type + (*m->type == '?' ? 1 : 0));
    }
  for (const Member *m = members; m->name != NULL; m++)
    if (*m->type != '?' && !g_variant_lookup (row, m->name, m->type, NULL))
      g_error ("member '%s' is missing", m->name);
}

static GVariant *
row_of (GVariant *view,
        guint     n,
        guint     i)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (view);

  g_assert_cmpstr (g_variant_get_type_string (rows), ==, "aa{sv}");
  g_assert_cmpuint (g_variant_n_children (rows), ==, n);
  return g_variant_get_child_value (rows, i);
}

static void
assert_text (GVariant   *row,
             const char *name,
             const char *value)
{
  const char *found = NULL;

  g_variant_lookup (row, name, "&s", &found);
  g_assert_cmpstr (found, ==, value);
}

static void
assert_next (GVariant   *row,
             const char *part)
{
  const char *next = NULL;

  g_assert_true (g_variant_lookup (row, "next", "&s", &next));
  g_assert_nonnull (strstr (next, part));
}

/* "received,stored,..." */
static void
assert_ladder (GVariant   *row,
               const char *expected)
{
  static const Member members[] = { { "step", "s" }, { "at", "s" }, { "endpoint_id", "?s" }, { "detail", "?s" }, { "rule", "?s" }, { NULL, NULL } };
  g_autoptr(GVariant) ladder = g_variant_lookup_value (row, "ladder", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GString) steps = g_string_new (NULL);

  g_assert_nonnull (ladder);
  for (gsize i = 0; i < g_variant_n_children (ladder); i++)
    {
      g_autoptr(GVariant) step = g_variant_get_child_value (ladder, i);
      const char *name = NULL;

      assert_members (step, members);
      g_variant_lookup (step, "step", "&s", &name);
      g_string_append_printf (steps, "%s%s", i > 0 ? "," : "", name);
    }
  g_assert_cmpstr (steps->str, ==, expected);
}

static void
test_views (RbCoreFixture *fixture,
            gconstpointer  data)
{
  static const Member endpoints[] = {
    { "endpoint_id", "s" }, { "state", "s" }, { "state_since", "s" }, { "grace_deadline", "?s" }, { "label", "s" }, { "kind", "s" },
    { "session_name", "?s" }, { "task_hint", "?s" }, { "runtime_session_id", "?s" }, { "agent_id", "s" },
    { "background_exchange_mode", "?s" }, { "execution_surface", "?s" }, { "capabilities", "?as" }, { "plugin_pid", "x" },
    { "queued", "x" }, { "on_the_way", "x" }, { "legacy", "b" }, { NULL, NULL },
  };
  static const Member inbox[] = {
    { "id", "s" }, { "source_message_id", "?s" }, { "sender_address", "s" }, { "content_type", "s" }, { "preview", "s" }, { "reason", "s" },
    { "hint_endpoint_id", "?s" }, { "correlation_id", "?s" }, { "arrived_at", "s" }, { "since", "s" }, { "size_bytes", "x" }, { NULL, NULL },
  };
  static const Member assignments[] = {
    { "assignment_id", "s" }, { "message_id", "s" }, { "source_message_id", "s" }, { "undispatched_id", "s" }, { "endpoint_id", "s" },
    { "state", "s" },
    { "sender_address", "s" }, { "reply_correlation_id", "?s" }, { "assigned_at", "s" }, { "acceptance_deadline", "?s" },
    { "last_sequence", "x" }, { NULL, NULL },
  };
  static const Member status[] = {
    { "presence", "s" }, { "presence_reason", "s" }, { "presence_since", "s" }, { "link_error", "?s" }, { "profile", "?s" },
    { "node_id", "?s" }, { "address", "s" }, { "ready", "b" }, { "not_ready_reason", "?s" }, { "endpoints", "x" },
    { "channels", "x" }, { "inbox", "x" }, { "needs", "x" }, { "held", "x" }, { "assignments", "x" }, { "messages", "x" }, { "correlations", "x" },
    { "outbox", "x" },
    { "reply_records", "x" }, { "counters", "a{sv}" }, { "limits", "a{sv}" }, { NULL, NULL },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *plain = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autoptr(GVariant) first = NULL;
  g_autoptr(GVariant) second = NULL;
  g_autoptr(GVariant) row = NULL;
  g_autoptr(GVariant) assignment = NULL;
  g_autoptr(GVariant) summary = NULL;

  g_test_summary ("Every view has the members and types that surfaces rely on, and nothing secret.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_fake_connector_deliver (fixture->connector, 2, NULL, "bob", "unnamed", NULL);
  rb_core_fixture_detach (fixture, channel);

  first = row_of (rb_view_endpoints (fixture->core), 2, 0);
  second = row_of (rb_view_endpoints (fixture->core), 2, 1);
  row = row_of (rb_view_inbox (fixture->core), 1, 0);
  assignment = row_of (rb_view_assignments (fixture->core), 1, 0);
  summary = g_variant_ref_sink (rb_view_status (fixture->core));
  assert_members (first, endpoints);
  assert_members (second, endpoints);
  assert_members (row, inbox);
  assert_members (assignment, assignments);
  assert_members (summary, status);
  assert_text (first, "endpoint_id", worker->endpoint_id);
  assert_text (second, "state", "reconnecting");
  assert_text (row, "preview", "unnamed");
  assert_text (assignment, "state", "pending");
  assert_text (assignment, "assignment_id", worker->assignment_id);
  assert_text (summary, "presence", "online");
  assert_text (summary, "address", "me@fake");
  {
    g_autofree char *text = g_variant_print (first, FALSE);

    g_assert_null (strstr (text, worker->token));
  }

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  g_clear_pointer (&summary, g_variant_unref);
  summary = g_variant_ref_sink (rb_view_status (fixture->core));
  assert_text (summary, "not_ready_reason", "nothing can be stored now: the disk is full");
}

static void
test_outbox (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const Member waiting[] = {
    { "id", "x" }, { "kind", "s" }, { "subject", "s" }, { "created_at", "s" }, { "waits_for", "s" }, { "attempts", "x" },
    { "last_failure", "?s" }, { NULL, NULL },
  };
  static const Member dead[] = {
    { "id", "x" }, { "kind", "s" }, { "subject", "s" }, { "created_at", "s" }, { "reason", "s" }, { "status", "?x" }, { NULL, NULL },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GVariant) first = NULL;
  g_autoptr(GVariant) second = NULL;
  g_autoptr(GVariant) third = NULL;
  g_autoptr(GVariant) refused = NULL;

  g_test_summary ("Each event says what it waits for, the oldest first; a refused one says why. Neither shows what it says.");

  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "not now");
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->connector), "test");
  rb_core_fixture_detach (fixture, worker->channel);
  first = row_of (rb_view_outbox (fixture->core), 3, 1);     /* presence, in memory only, is number 0 */
  second = row_of (rb_view_outbox (fixture->core), 3, 2);
  third = row_of (rb_view_outbox (fixture->core), 3, 0);
  assert_members (first, waiting);
  assert_text (first, "subject", "m1");
  assert_text (first, "waits_for", "the next attempt");
  assert_text (first, "last_failure", "not now");
  assert_text (second, "kind", "endpoint_state");
  assert_text (second, "waits_for", "the network");
  assert_text (third, "kind", "network_presence_changed");

  g_clear_error (&fixture->authority->failure);
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "never");
  rb_fake_clock_advance (fixture->clock, 500);
  refused = row_of (rb_view_dead_letters (fixture->core), 1, 0);
  assert_members (refused, dead);
  assert_text (refused, "reason", "never");
}

static const Member message_members[] = {
  { "kind", "s" }, { "id", "s" }, { "place", "s" }, { "endpoint_id", "?s" }, { "reason", "?s" }, { "correlation_id", "?s" },
  { "since", "?s" }, { "sender_address", "?s" }, { "arrived_at", "?s" }, { "assignment_id", "?s" }, { "assignment_state", "?s" },
  { "attempts", "?u" }, { "next", "?s" }, { "next_at", "?s" }, { "ladder", "aa{sv}" }, { "source_message_id", "?s" },
  { "content_type", "?s" }, { "to_address", "?s" }, { "rule", "?a{sv}" }, { "held_by", "?a{sv}" }, { "timers", "aa{sv}" },
  { "last_error", "?a{sv}" }, { "ended", "?a{sv}" }, { "owed", "?aa{sv}" }, { "message_id", "?s" }, { NULL, NULL },
};

static void
test_unknown (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Nothing is known of what never was.");

  g_assert_null (rb_core_fixture_explain (fixture, "none", &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "not_found", "nothing is known of 'none'");
}

static void
test_inbox (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("A message in the inbox says why it is there and what it waits for, also when asked at once.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{\"correlation_id\":\"c1\"}");
  answer = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_members (answer, message_members);
  assert_text (answer, "kind", "message");
  assert_text (answer, "place", "inbox");
  assert_text (answer, "reason", "unaddressed");
  assert_text (answer, "sender_address", "bob");
  assert_text (answer, "correlation_id", "c1");
  assert_text (answer, "since", "2026-01-01T00:00:00.000Z");
  assert_next (answer, "inbox");
  assert_ladder (answer, "received,stored");
}

static void
test_queue (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", endpoint_id);
  g_autoptr(GVariant) pushed = NULL;
  g_autoptr(GVariant) behind = NULL;
  g_autoptr(GVariant) retry = NULL;
  g_autoptr(GVariant) away = NULL;
  g_autoptr(GVariant) endpoint = NULL;
  g_autoptr(GVariant) queue = NULL;
  guint attempts = 0;

  g_test_summary ("A queued message says whether it is on its way, behind another, to be tried again, or waits for its endpoint.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", metadata);
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "y", metadata);
  rb_test_settle ();
  pushed = rb_core_fixture_explain (fixture, "m1", NULL);
  behind = rb_core_fixture_explain (fixture, "m2", NULL);
  assert_members (pushed, message_members);
  assert_text (pushed, "place", "queue");
  assert_text (pushed, "endpoint_id", endpoint_id);
  assert_next (pushed, "receipt");
  g_assert_true (g_variant_lookup (pushed, "attempts", "u", &attempts));
  g_assert_cmpuint (attempts, ==, 1);
  assert_next (behind, "earlier message");
  assert_ladder (behind, "received,routed");

  rb_fake_clock_advance (fixture->clock, fixture->settings.push_ack_timeout);
  retry = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_next (retry, "before it is pushed again");

  rb_core_fixture_detach (fixture, channel);
  away = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_next (away, "reconnecting");
  g_assert_true (g_variant_lookup (away, "next_at", "&s", NULL));
  endpoint = rb_core_fixture_explain (fixture, endpoint_id, NULL);
  assert_text (endpoint, "kind", "endpoint");
  assert_text (endpoint, "state", "reconnecting");
  assert_next (endpoint, "grace");
  queue = g_variant_lookup_value (endpoint, "queue", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_nonnull (queue);
  g_assert_cmpuint (g_variant_n_children (queue), ==, 2);
}

static void
test_assignment (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GVariant) taken = NULL;
  g_autoptr(GVariant) by_assignment = NULL;
  g_autoptr(GVariant) accepted = NULL;
  g_autoptr(GVariant) replied = NULL;
  g_autoptr(GVariant) sent = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An assignment is told with its message, by either id, from the inbox to the reply; over a restart.");

  rb_worker_take (worker, 1, "m1", NULL);
  taken = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_members (taken, message_members);
  assert_text (taken, "place", "assignment");
  assert_text (taken, "endpoint_id", worker->endpoint_id);
  assert_text (taken, "assignment_state", "pending");
  assert_next (taken, "adapter_accepted");
  assert_text (taken, "next_at", "2026-01-01T00:00:30.000Z");
  by_assignment = rb_core_fixture_explain (fixture, worker->assignment_id, NULL);
  assert_text (by_assignment, "message_id", "m1");

  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_true (rb_worker_report (worker, "m1", 3, "processing_started", &error));
  rb_core_fixture_restart (fixture);
  rb_worker_reattach (worker);
  accepted = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_next (accepted, "accepted");
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  replied = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_members (replied, message_members);
  assert_text (replied, "place", "ended");
  assert_text (replied, "reason", "replied");
  assert_text (replied, "endpoint_id", worker->endpoint_id);
  assert_ladder (replied, "received,stored,assigned,pushed,taken,accepted,processing_started,reply_requested,replied,settled");
  sent = rb_core_fixture_explain (fixture, wire_id, NULL);
  assert_text (sent, "place", "sent");
}

static void
test_sent (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autofree char *id = rb_core_fixture_send (fixture, ASKER, endpoint_id, "bob", "hi", NULL, NULL, NULL);
  g_autoptr(GVariant) answer = rb_core_fixture_explain (fixture, id, NULL);

  g_test_summary ("What was sent can be asked about too.");

  assert_members (answer, message_members);
  assert_text (answer, "place", "sent");
  assert_ladder (answer, "sent");
}

static gint64
limit_used (RbCoreFixture *fixture,
            const char    *name,
            gint64        *bound)
{
  g_autoptr(GVariant) status = g_variant_ref_sink (rb_view_status (fixture->core));
  g_autoptr(GVariant) limits = g_variant_lookup_value (status, "limits", G_VARIANT_TYPE_VARDICT);
  g_autoptr(GVariant) one = g_variant_lookup_value (limits, name, G_VARIANT_TYPE_VARDICT);
  gint64 used = -1;

  g_assert_nonnull (one);
  g_assert_true (g_variant_lookup (one, "used", "x", &used));
  g_assert_true (g_variant_lookup (one, "limit", "x", bound));
  return used;
}

static void
test_limits (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, 200, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, 200, RB_PLAIN, NULL, NULL);
  g_autoptr(GError) error = NULL;
  gint64 bound;

  g_test_summary ("A limit says what is really used of it.");

  g_assert_cmpint (limit_used (fixture, "correlation_ring", &bound), ==, 0);
  g_assert_cmpint (bound, ==, fixture->settings.correlation_ring_cap);
  g_assert_cmpint (limit_used (fixture, "endpoints", &bound), ==, 1);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *message_id = rb_core_fixture_send (fixture, 200, endpoint_id, "bob", "hi", NULL, NULL, &error);

      g_assert_no_error (error);
    }
  g_assert_cmpint (limit_used (fixture, "correlation_ring", &bound), ==, 3);
  g_assert_cmpint (limit_used (fixture, "refused", &bound), ==, 0);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "disk full");
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  g_assert_cmpint (limit_used (fixture, "refused", &bound), ==, 1);
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
}

static void
test_settle (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(GAsyncResult) waiting = NULL;
  g_autoptr(GAsyncResult) failing = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A view is answered behind the commits that make it true, and at once while nothing can be stored.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_view_settle_async (fixture->core, rb_test_store_result, &waiting);
  rb_test_settle ();
  g_assert_null (waiting);

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "disk full");
  rb_view_settle_async (fixture->core, rb_test_store_result, &failing);
  rb_test_wait_until (failing != NULL);
  g_assert_true (rb_view_settle_finish (fixture->core, failing, &error));

  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (waiting != NULL);
  g_assert_true (rb_view_settle_finish (fixture->core, waiting, &error));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add (path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("/views/members", test_views);
  ADD ("/explain/unknown", test_unknown);
  ADD ("/explain/inbox", test_inbox);
  ADD ("/explain/queue", test_queue);
  ADD ("/explain/assignment", test_assignment);
  ADD ("/explain/sent", test_sent);
  g_test_add ("/views/settle", RbCoreFixture, NULL, rb_core_fixture_set_up, test_settle, rb_core_fixture_tear_down);
  g_test_add ("/views/outbox", RbCoreFixture, "authority", rb_core_fixture_set_up, test_outbox, rb_core_fixture_tear_down);
  g_test_add ("/views/limits", RbCoreFixture, NULL, rb_core_fixture_set_up, test_limits, rb_core_fixture_tear_down);

  return g_test_run ();
}
