/* test-explain.c: the story of each thing, by any of its ids
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-worker.h"

#include <string.h>

#define WORKER 100
#define ASKER 200

/* "member", or "member.inner", as text; NULL: absent. */
static char *
dup_member (GVariant   *story,
            const char *path)
{
  g_auto(GStrv) parts = g_strsplit (path, ".", 2);
  g_autoptr(GVariant) outer = g_variant_lookup_value (story, parts[0], NULL);
  g_autoptr(GVariant) value = NULL;

  if (outer == NULL)
    return NULL;
  value = parts[1] != NULL ? g_variant_lookup_value (outer, parts[1], NULL) : g_variant_ref (outer);
  if (value == NULL)
    return NULL;
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL) : g_variant_print (value, FALSE);
}

#define assert_said(story, path, wanted)                                \
  G_STMT_START {                                                        \
    g_autofree char *said = dup_member ((story), (path));               \
    g_assert_cmpstr (said, ==, (wanted));                               \
  } G_STMT_END

#define assert_explained(fixture, id, path, wanted)                     \
  G_STMT_START {                                                        \
    g_autoptr(GError) asked_error = NULL;                               \
    g_autoptr(GVariant) told = rb_core_fixture_explain ((fixture), (id), &asked_error); \
    g_assert_no_error (asked_error);                                    \
    assert_said (told, (path), (wanted));                               \
  } G_STMT_END

/* Whether one of its timers is @what, and when. */
static char *
dup_timer (GVariant   *story,
           const char *what)
{
  g_autoptr(GVariant) timers = g_variant_lookup_value (story, "timers", G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (timers); i++)
    {
      g_autoptr(GVariant) timer = g_variant_get_child_value (timers, i);
      const char *name = NULL, *at = NULL;

      g_assert_true (g_variant_lookup (timer, "what", "&s", &name));
      g_assert_true (g_variant_lookup (timer, "at", "&s", &at));
      g_assert_true (g_variant_lookup (timer, "then", "&s", NULL));
      if (g_str_equal (name, what))
        return g_strdup (at);
    }
  return NULL;
}

#define assert_timer(story, what, at)                    \
  G_STMT_START {                                         \
    g_autofree char *when = dup_timer ((story), (what)); \
    g_assert_cmpstr (when, ==, (at));                    \
  } G_STMT_END

static void
test_rules (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *plain = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autofree char *targeted = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", plain);
  g_autofree char *correlation = NULL;
  g_autofree char *sent = rb_core_fixture_send (fixture, ASKER, plain, "bob", "hi", NULL, &correlation, NULL);
  g_autofree char *answer = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation);
  g_autofree char *background = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", worker->endpoint_id);

  g_test_summary ("Each message names the rule that routed it, as it was recorded when it did; also after a restart.");

  rb_fake_connector_deliver (fixture->connector, 1, "named", "bob", "x", targeted);
  rb_fake_connector_deliver (fixture->connector, 2, "answer", "bob", "x", answer);
  rb_fake_connector_deliver (fixture->connector, 3, "nobody", "bob", "x", NULL);
  rb_fake_connector_deliver (fixture->connector, 4, "background", "bob", "x", background);
  rb_test_settle ();
  rb_worker_take (worker, 5, "dispatched", NULL);
  for (guint i = 0; i < 2; i++)
    {
      assert_explained (fixture, "named", "rule.code", "target_endpoint_id");
      assert_explained (fixture, "answer", "rule.code", "correlation_id");
      assert_explained (fixture, "nobody", "rule.code", "unmatched");
      assert_explained (fixture, "background", "rule.code", "background_only");
      if (i == 0)
        rb_core_fixture_crash (fixture);
    }
  assert_explained (fixture, "dispatched", "rule.code", "dispatch_operator");
  assert_explained (fixture, "dispatched", "held_by.pid", "100");
}

static void
test_taken_back (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GVariant) pending = NULL;
  g_autoptr(GVariant) back = NULL;
  g_autoptr(GVariant) assignment = NULL;
  g_autofree char *assignment_id = NULL;

  g_test_summary ("An assignment says when it is taken back and what happens then, and afterwards that it was, and why; it keeps its id.");

  rb_worker_take (worker, 1, "m1", NULL);
  assignment_id = g_strdup (worker->assignment_id);
  pending = rb_core_fixture_explain (fixture, assignment_id, NULL);
  assert_said (pending, "kind", "assignment");
  assert_said (pending, "message_id", "m1");
  assert_said (pending, "assignment_state", "pending");
  assert_timer (pending, "acceptance", "2026-01-01T00:00:30.000Z");

  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  back = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_said (back, "place", "inbox");
  assert_said (back, "rule.code", "restored");
  assert_said (back, "last_error.code", "adapter_acceptance_timeout");
  assert_said (back, "last_error.count", "1");
  assert_timer (back, "acceptance", NULL);

  assignment = rb_core_fixture_explain (fixture, assignment_id, NULL);
  assert_said (assignment, "ended.how", "restored");
  assert_said (assignment, "ended.why", "adapter_acceptance_timeout");
  assert_said (assignment, "rule.code", "restored");
}

static void
test_reply (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) failed = NULL;
  g_autoptr(GVariant) sent = NULL;
  g_autofree char *wire_id = NULL;
  g_autofree char *none = NULL;

  g_test_summary ("A reply says how often it failed and why, that it was sent, as what, and until when its id is known; later its ladder does.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "not_connected", "no network");
  none = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_null (none);
  g_clear_error (&error);
  failed = rb_core_fixture_explain (fixture, "r1", NULL);
  assert_said (failed, "kind", "reply");
  assert_said (failed, "state", "not_sent");
  assert_said (failed, "last_error.count", "1");
  assert_said (failed, "message_id", "m1");

  g_clear_error (&fixture->connector->failure);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  sent = rb_core_fixture_explain (fixture, "r1", NULL);
  assert_said (sent, "state", "delivered");
  assert_said (sent, "wire_message_id", wire_id);
  assert_said (sent, "ended.how", "replied");
  assert_timer (sent, "reply_record", "2026-01-02T00:00:00.000Z");
  none = rb_worker_reply (worker, "m1", "r1", "something else", &error);
  g_assert_null (none);
  g_clear_error (&error);
  assert_explained (fixture, "r1", "last_error.code", "runtime_assignment_reply_idempotency_conflict");
  assert_explained (fixture, wire_id, "place", "sent");
  assert_explained (fixture, wire_id, "to_address", "bob");

  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl + 1);
  rb_worker_accept (worker, 2, "m2", NULL);
  g_free (rb_worker_reply (worker, "m2", "r2", "done", NULL));
  assert_explained (fixture, "r1", "wire_message_id", wire_id);
  assert_explained (fixture, "r1", "timers", "[]");
}

/* "step,step,..." */
static char *
dup_ladder (RbCoreFixture *fixture,
            const char    *id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) story = rb_core_fixture_explain (fixture, id, &error);
  g_autoptr(GVariant) ladder = NULL;
  GString *steps = g_string_new (NULL);

  g_assert_no_error (error);
  ladder = g_variant_lookup_value (story, "ladder", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (ladder); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (ladder, i);
      const char *step = NULL;

      g_assert_true (g_variant_lookup (row, "step", "&s", &step));
      g_string_append_printf (steps, "%s%s", i > 0 ? "," : "", step);
    }
  return g_string_free (steps, FALSE);
}

#define assert_ladder(fixture, id, wanted)                      \
  G_STMT_START {                                                \
    g_autofree char *steps = dup_ladder ((fixture), (id));      \
    g_assert_cmpstr (steps, ==, (wanted));                      \
  } G_STMT_END

static void
test_reply_two_ids (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  g_autofree char *unsent = NULL, *wire_id = NULL;
  g_autoptr(RbGrant) grant = NULL;
  GVariant *answer = rb_claimer_answer (worker, "s1", "a1");

  g_test_summary ("A reply has its ladder also when we know its message by another id than the network; while it lives and when it is over.");

  rb_claimer_grant (fixture, rb_claimer_change (answer, "undispatched_id", g_variant_new_string ("u1")));
  grant = rb_claimer_claim (worker, "u1", &error);
  g_assert_no_error (error);
  g_assert_nonnull (grant);
  worker->assignment_id = g_strdup ("a1");
  g_assert_true (rb_worker_report (worker, "s1", 2, "adapter_accepted", &error));

  fixture->connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "not_connected", "no network");
  g_assert_null (rb_worker_reply (worker, "s1", "r1", "done", NULL));
  assert_explained (fixture, "r1", "message_id", "u1");
  assert_explained (fixture, "r1", "state", "not_sent");
  assert_ladder (fixture, "r1", "reply_requested");
  {
    g_autoptr(GVariant) story = rb_core_fixture_explain (fixture, "r1", NULL);

    unsent = dup_member (story, "wire_message_id");
  }
  assert_ladder (fixture, unsent, "reply_requested");

  g_clear_error (&fixture->connector->failure);
  wire_id = rb_worker_reply (worker, "s1", "r1", "done", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      assert_explained (fixture, "r1", "message_id", "u1");
      assert_explained (fixture, "r1", "state", "delivered");
      assert_explained (fixture, "r1", "wire_message_id", wire_id);
      assert_explained (fixture, "r1", "ended.how", "replied");
      assert_ladder (fixture, "r1", "reply_requested,replied");
      assert_ladder (fixture, "r", "reply_requested,replied");
      if (i == 0)
        rb_core_fixture_crash (fixture);
    }
}

static void
test_sent_to_ourselves (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autofree char *sent = rb_core_fixture_send (fixture, ASKER, endpoint_id, "me@fake", "hi", NULL, NULL, NULL);
  RbPast late = { .kind = RB_ARCHIVE_OUT, .id = sent, .name = "me@fake", .begun_at = 1, .ended_at = 1, .outcome = "delivered" };
  g_autofree char *wire_id = NULL;

  g_test_summary ("What came here from here is told as what came, whichever was recorded last.");

  rb_worker_accept (worker, 1, sent, NULL);
  assert_explained (fixture, sent, "place", "assignment");
  wire_id = rb_worker_reply (worker, sent, "r1", "done", NULL);
  assert_explained (fixture, sent, "place", "ended");
  {
    RbChanges *changes = rb_changes_new ();

    rb_archive_add (fixture->core->archive, &late, changes);
    rb_core_commit (fixture->core, changes, NULL, NULL);
  }
  assert_explained (fixture, sent, "place", "ended");
  assert_explained (fixture, sent, "ended.how", "replied");
}

static void
test_receipts (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, ASKER, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, ASKER, RB_PLAIN, NULL, NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", endpoint_id);
  g_autoptr(GVariant) pushed = NULL;
  g_autoptr(GVariant) waits = NULL;
  g_autoptr(GVariant) away = NULL;

  g_test_summary ("What is pushed says when the receipt is due, when it is tried again and what went wrong so far.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", metadata);
  rb_test_settle ();
  pushed = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_timer (pushed, "receipt", "2026-01-01T00:00:02.000Z");
  assert_said (pushed, "last_error", NULL);

  rb_fake_clock_advance (fixture->clock, fixture->settings.push_ack_timeout);
  waits = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_timer (waits, "receipt", NULL);
  assert_timer (waits, "retry", "2026-01-01T00:00:06.000Z");
  assert_said (waits, "last_error.text", "ipc_push_ack_timeout");
  assert_said (waits, "last_error.count", "1");
  assert_said (waits, "held_by.endpoint_id", endpoint_id);

  rb_core_fixture_detach (fixture, channel);
  away = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_timer (away, "grace", "2026-01-01T00:10:02.000Z");
}

static void
test_reply_never_sent (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  g_autofree char *unsent = NULL;
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GVariant) story = NULL;
  GVariant *answer = rb_claimer_answer (worker, "s1", "a1");

  g_test_summary ("What a reply would have been sent as has a ladder also when the work ended without it, and we call its message otherwise.");

  rb_claimer_grant (fixture, rb_claimer_change (answer, "undispatched_id", g_variant_new_string ("u1")));
  grant = rb_claimer_claim (worker, "u1", &error);
  g_assert_no_error (error);
  worker->assignment_id = g_strdup ("a1");
  g_assert_true (rb_worker_report (worker, "s1", 2, "adapter_accepted", &error));
  fixture->connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "not_connected", "no network");
  g_assert_null (rb_worker_reply (worker, "s1", "r1", "done", NULL));
  story = rb_core_fixture_explain (fixture, "r1", NULL);
  unsent = dup_member (story, "wire_message_id");
  g_assert_true (rb_worker_report (worker, "s1", 9, "processing_failed", &error));
  g_assert_no_error (error);
  g_assert_null (rb_worker_row (worker, "s1"));

  for (guint i = 0; i < 2; i++)
    {
      assert_explained (fixture, unsent, "kind", "reply");
      assert_explained (fixture, unsent, "message_id", "u1");
      assert_ladder (fixture, unsent, "reply_requested,settled");
      assert_ladder (fixture, "r1", "reply_requested,settled");
      rb_core_fixture_crash (fixture);
    }
}

static void
test_endpoint (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *endpoint_id = g_strdup (worker->endpoint_id);
  g_autoptr(GVariant) active = NULL;
  g_autoptr(GVariant) away = NULL;
  g_autoptr(GVariant) closed = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("An endpoint tells what it works on, when its grace ends, and, when it is gone, why and since when; over a restart.");

  rb_worker_accept (worker, 1, "m1", NULL);
  active = rb_core_fixture_explain (fixture, endpoint_id, NULL);
  assert_said (active, "state", "active");
  text = g_variant_print (active, FALSE);
  g_assert_nonnull (strstr (text, "'message_id': <'m1'>"));
  g_assert_null (strstr (text, worker->token));

  rb_worker_detach (worker);
  away = rb_core_fixture_explain (fixture, endpoint_id, NULL);
  assert_said (away, "state", "reconnecting");
  assert_timer (away, "grace", "2026-01-01T00:10:00.000Z");

  rb_fake_clock_advance (fixture->clock, fixture->settings.endpoint_grace);
  rb_test_settle ();
  rb_core_fixture_restart (fixture);
  closed = rb_core_fixture_explain (fixture, endpoint_id, NULL);
  assert_said (closed, "kind", "endpoint");
  assert_said (closed, "state", "closed");
  assert_said (closed, "ended.how", "grace_timeout");
  assert_said (closed, "since", "2026-01-01T00:10:00.000Z");
  assert_explained (fixture, "m1", "ended.how", "endpoint_lost_after_acceptance");
}

/* In a session of that name. Returns the id. */
static char *
register_named (RbCoreFixture *fixture,
                gint64         pid,
                const char    *name)
{
  static const char *const plain[] = { "foreground_channel_v1", NULL };
  RbCaller caller = { .pid = pid };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = pid, .kind = (char *) "custom", .session_name = (char *) name,
                                .runtime_capabilities = (GStrv) plain };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) naming = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *token = NULL;
  char *id = NULL;

  rb_register_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_register_finish (fixture->core, result, &id, &token, &naming, &error));
  g_assert_no_error (error);
  return id;
}

static void
test_endpoint_name (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *first = NULL, *second = NULL, *third = NULL;
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, WORKER, TRUE);

  g_test_summary ("An endpoint is known by its name also when it is closed, also to the next process: the last of that name, unless one is here.");

  first = register_named (fixture, WORKER, "night shift");
  assert_explained (fixture, "night shift", "id", first);
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, first, NULL));
  assert_explained (fixture, "night shift", "id", first);
  assert_explained (fixture, "night shift", "state", "closed");
  second = register_named (fixture, WORKER, "night shift");
  assert_explained (fixture, "night shift", "id", second);
  assert_explained (fixture, "night shift", "state", "active");
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, second, NULL));
  rb_core_fixture_detach (fixture, channel);
  rb_core_fixture_restart (fixture);
  assert_explained (fixture, "night shift", "id", second);
  assert_explained (fixture, "night shift", "session_name", "night shift");
  {
    static const char *const none[] = { "night", "night shift ", "NIGHT SHIFT", "bob" };

    for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
      {
        g_autoptr(GError) error = NULL;

        g_assert_null (rb_core_fixture_explain (fixture, none[i], &error));
        g_assert_cmpstr (rb_error_get_reason (error), ==, "not_found");
      }
  }
}

static void
test_endpoint_ladder (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GVariant) story = NULL;
  g_autoptr(GVariant) ladder = NULL;
  g_autoptr(GVariant) first = NULL;
  g_autoptr(GVariant) second = NULL;

  g_test_summary ("An endpoint that comes and goes all day keeps its first step and its last ones.");

  for (guint i = 0; i < 50; i++)
    {
      rb_worker_detach (worker);
      rb_worker_reattach (worker);
    }
  story = rb_core_fixture_explain (fixture, worker->endpoint_id, NULL);
  ladder = g_variant_lookup_value (story, "ladder", NULL);
  g_assert_cmpuint (g_variant_n_children (ladder), ==, 33);
  first = g_variant_get_child_value (ladder, 0);
  second = g_variant_get_child_value (ladder, 32);
  assert_said (first, "step", "registered");
  assert_said (second, "step", "active");
}

static void
test_endpoint_restart (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GVariant) story = NULL;
  g_autoptr(GVariant) ladder = NULL;
  g_autoptr(GVariant) last = NULL;

  g_test_summary ("An endpoint that was active when the broker died has a step that says so, and counts on from there.");

  rb_core_fixture_crash (fixture);
  story = rb_core_fixture_explain (fixture, worker->endpoint_id, NULL);
  ladder = g_variant_lookup_value (story, "ladder", NULL);
  g_assert_cmpuint (g_variant_n_children (ladder), ==, 2);
  last = g_variant_get_child_value (ladder, 1);
  assert_said (last, "step", "reconnecting");
  assert_said (last, "detail", "broker_restarted");
  assert_said (story, "registered_at", "2026-01-01T00:00:00.000Z");
  rb_worker_reattach (worker);
  {
    g_autoptr(GVariant) back = rb_core_fixture_explain (fixture, worker->endpoint_id, NULL);
    g_autoptr(GVariant) steps = g_variant_lookup_value (back, "ladder", NULL);

    g_assert_cmpuint (g_variant_n_children (steps), ==, 3);
  }
}

static void
test_event (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GVariant) message = NULL;
  g_autoptr(GVariant) waiting = NULL;
  g_autoptr(GVariant) dead = NULL;

  g_test_summary ("An event tells when it is posted again and why not yet, and a dead one why; its message knows what is owed.");

  fixture->authority->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "not now");
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  message = rb_core_fixture_explain (fixture, "m1", NULL);
  assert_said (message, "last_error.text", "not now");
  assert_timer (message, "outbox", "2026-01-01T00:00:00.500Z");
  waiting = rb_core_fixture_explain (fixture, "1", NULL);
  assert_said (waiting, "kind", "event");
  assert_said (waiting, "subject", "m1");
  assert_said (waiting, "next", "waits for the next attempt");

  g_clear_error (&fixture->authority->failure);
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "never");
  rb_fake_clock_advance (fixture->clock, 500);
  rb_test_settle ();
  dead = rb_core_fixture_explain (fixture, "1", NULL);
  assert_said (dead, "state", "dead");
  assert_said (dead, "last_error.text", "never");
  assert_said (dead, "ended.how", "refused");
}

static void
test_beginnings (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  g_autofree char *wire_id = NULL;

  g_test_summary ("A beginning is enough if it fits only one, of what lives and of what ended; an id that is all of it always is.");

  rb_fake_connector_deliver (fixture->connector, 1, "aa-1", "bob", "x", NULL);
  rb_fake_connector_deliver (fixture->connector, 2, "aa-12", "bob", "x", NULL);
  rb_test_settle ();
  rb_worker_accept (worker, 3, "bb-1", NULL);
  wire_id = rb_worker_reply (worker, "bb-1", "cc-1", "done", NULL);

  assert_explained (fixture, "aa-1", "id", "aa-1");
  assert_explained (fixture, "aa-12", "id", "aa-12");
  assert_explained (fixture, "b", "id", "bb-1");
  assert_explained (fixture, "cc", "id", "cc-1");
  assert_explained (fixture, "local-", "kind", "assignment");
  g_assert_null (rb_core_fixture_explain (fixture, "aa", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "ambiguous");
  g_assert_nonnull (strstr (error->message, "any of 2:\n  aa-1  message\n  aa-12  message"));
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autofree char *endless = g_strnfill (513, 'a');
  g_autofree char *longest = g_strnfill (512, 'a');
  const struct {
    const char *id, *reason;
  } cases[] = { { "", "bad_id" }, { endless, "bad_id" }, { "\xff", "bad_id" }, { longest, "not_found" }, { "%_'\"; --", "not_found" },
                { "\xf4\x8f\xbf\xbf", "not_found" }, { "9999999999999999999999", "not_found" } };

  g_test_summary ("What is no id is refused, and what is unknown is said to be.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_core_fixture_explain (fixture, cases[i].id, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, cases[i].reason);
    }
}

static char *
explain (RbCoreFixture *fixture,
         const char    *id)
{
  g_autoptr(GVariant) story = rb_core_fixture_explain (fixture, id, NULL);

  g_assert_nonnull (story);
  return g_variant_print (story, FALSE);
}

static void
fail_with_reason (RbWorker   *worker,
                  const char *message_id)
{
  RbCaller caller = { .pid = worker->pid };
  RbProcessingRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .endpoint_owner_token = worker->token,
    .source_message_id = (char *) message_id,
    .assignment_id = worker->assignment_id,
    .state_event_id = (char *) "e3",
    .state_sequence = 3,
    .state = (char *) "processing_failed",
    .occurred_at = RB_NO_TIME,
    .reason_code = (char *) "exit_status",
    .detail = (char *) "it ended with 1",
  };
  g_autoptr(GAsyncResult) result = NULL;

  rb_processing_async (worker->fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_processing_finish (worker->fixture->core, result, NULL));
}

static void
test_accepted (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, 100);
  g_autofree char *here = NULL;
  g_autofree char *away = NULL;
  g_autofree char *failed = NULL;

  g_test_summary ("What was accepted waits for an adapter that is away, with its timer; what failed tells why, in the adapter's words.");

  rb_worker_accept (worker, 1, "m1", NULL);
  here = explain (fixture, "m1");
  g_assert_nonnull (strstr (here, "the adapter works on it"));
  rb_worker_detach (worker);
  away = explain (fixture, "m1");
  g_assert_nonnull (strstr (away, "its adapter is away"));
  g_assert_nonnull (strstr (away, "its endpoint is closed and it ends"));
  rb_worker_reattach (worker);
  fail_with_reason (worker, "m1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  failed = explain (fixture, "m1");
  g_assert_nonnull (strstr (failed, "exit_status: it ended with 1"));
  g_assert_nonnull (strstr (failed, "last_error"));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("/explain/rules", NULL, test_rules);
  ADD ("/explain/taken-back", NULL, test_taken_back);
  ADD ("/explain/reply", NULL, test_reply);
  ADD ("/explain/reply/two-ids", "network", test_reply_two_ids);
  ADD ("/explain/sent-to-ourselves", NULL, test_sent_to_ourselves);
  ADD ("/explain/receipts", NULL, test_receipts);
  ADD ("/explain/accepted", NULL, test_accepted);
  ADD ("/explain/reply/never-sent", "network", test_reply_never_sent);
  ADD ("/explain/endpoint", NULL, test_endpoint);
  ADD ("/explain/endpoint/name", NULL, test_endpoint_name);
  ADD ("/explain/endpoint/ladder", NULL, test_endpoint_ladder);
  ADD ("/explain/endpoint/restart", NULL, test_endpoint_restart);
  ADD ("/explain/event", "authority", test_event);
  ADD ("/explain/beginnings", NULL, test_beginnings);
  ADD ("/explain/refused", NULL, test_refused);
  return g_test_run ();
}
