/* test-needs.c: what waits for a person: every kind of it, for as long as it waits and no longer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-authority.h"
#include "rb-worker.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-fake-spawn-driver.h"
#include "rb-hold.h"
#include "rb-needs.h"
#include "rb-outbox-operator.h"
#include "rb-outbox-private.h"
#include "rb-policy-operator.h"
#include "rb-spawn-operator.h"

#include <string.h>

#define DAY_MS G_GINT64_CONSTANT (86400000)

/* "dispatch:m1,store:database" */
static char *
list_ids (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_needs (fixture->core));
  GString *ids = g_string_new (NULL);

  g_assert_cmpuint (g_variant_n_children (rows), ==, rb_needs_get_n (fixture->core));
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr(GVariant) again = NULL;
      const char *id = NULL;

      g_assert_true (g_variant_lookup (row, "id", "&s", &id));
      again = rb_view_need (fixture->core, id);
      g_assert_nonnull (again);
      g_assert_true (g_variant_equal (row, again));
      g_string_append_printf (ids, "%s%s", i > 0 ? "," : "", id);
    }
  return g_string_free (ids, FALSE);
}

static void
assert_ids (RbCoreFixture *fixture,
            const char    *expected)
{
  g_autofree char *ids = list_ids (fixture);

  g_assert_cmpstr (ids, ==, expected);
}

static void
assert_text (RbCoreFixture *fixture,
             const char    *id,
             const char    *member,
             const char    *expected)
{
  g_autoptr(GVariant) row = rb_view_need (fixture->core, id);
  const char *text = NULL;

  g_assert_nonnull (row);
  g_variant_lookup (row, member, "&s", &text);
  g_assert_cmpstr (text, ==, expected);
}

/* The ids of the endpoints that are offered. */
static char *
list_choices (RbCoreFixture *fixture,
              const char    *id)
{
  g_autoptr(GVariant) row = rb_view_need (fixture->core, id);
  g_autoptr(GVariant) choices = g_variant_lookup_value (row, "choices", G_VARIANT_TYPE ("aa{sv}"));
  GString *ids = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (choices); i++)
    {
      g_autoptr(GVariant) choice = g_variant_get_child_value (choices, i);
      const char *endpoint_id = "", *action = "";

      g_variant_lookup (choice, "action", "&s", &action);
      g_variant_lookup (choice, "endpoint_id", "&s", &endpoint_id);
      g_string_append_printf (ids, "%s%s%s%s", i > 0 ? "," : "", action, *endpoint_id != '\0' ? " " : "", endpoint_id);
    }
  return g_string_free (ids, FALSE);
}

static void
on_changed (RbCore     *core,
            const char *topic,
            gpointer    user_data)
{
  if (g_str_equal (topic, RB_NEEDS_TOPIC))
    ++*(guint *) user_data;
}

static void
test_message (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autofree char *choices = NULL;

  g_test_summary ("A message of the inbox waits until somebody has it, also with no endpoint there, over a restart, and for as long as it takes.");

  assert_ids (fixture, "");
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob@local", "what <b>now</b>?", NULL);
  rb_test_settle ();
  assert_ids (fixture, "dispatch:m1");
  assert_text (fixture, "dispatch:m1", "who", "bob@local");
  assert_text (fixture, "dispatch:m1", "what", "what <b>now</b>?");
  assert_text (fixture, "dispatch:m1", "subject", "m1");
  choices = list_choices (fixture, "dispatch:m1");
  g_assert_cmpstr (choices, ==, "");

  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, G_GINT64_CONSTANT (30) * 86400000);
  assert_ids (fixture, "dispatch:m1");

  worker = rb_worker_new (fixture, 100);
  g_free (choices);
  choices = list_choices (fixture, "dispatch:m1");
  g_assert_true (g_str_has_prefix (choices, "dispatch ep_"));
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  assert_ids (fixture, "");
  g_assert_null (rb_view_need (fixture->core, "dispatch:m1"));
  rb_worker_receipt (worker);
}

static void
test_returns (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, 100);

  g_test_summary ("What nobody accepted in time waits again, since then.");

  rb_worker_take (worker, 1, "m1", NULL);
  assert_ids (fixture, "");
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  rb_test_settle ();
  assert_ids (fixture, "dispatch:m1");
  assert_text (fixture, "dispatch:m1", "what", "please");
}

static void
test_choices (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autofree char *metadata = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *choices = NULL;
  g_autoptr(GVariant) row = NULL;
  RbWorker *workers[7];
  RbFakeChannel *plain;
  gint64 more = -1;

  g_test_summary ("The endpoint that it was for comes first, then those who are there and had something to do last; at most five; none that "
                  "takes no assignments.");

  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      workers[i] = rb_worker_new (fixture, 100 + i);
      rb_fake_clock_advance (fixture->clock, 10);
    }
  plain = rb_core_fixture_attach (fixture, 300, TRUE);
  g_free (rb_core_fixture_register (fixture, 300, RB_PLAIN, NULL, NULL));
  rb_worker_accept (workers[2], 1, "m2", NULL);
  metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", workers[0]->endpoint_id);
  rb_fake_connector_deliver (fixture->connector, 2, "m1", "bob@local", "for you", metadata);
  rb_test_settle ();
  rb_worker_detach (workers[6]);

  expected = g_strdup_printf ("dispatch %s,dispatch %s,dispatch %s,dispatch %s,dispatch %s", workers[0]->endpoint_id, workers[2]->endpoint_id,
                              workers[5]->endpoint_id, workers[4]->endpoint_id, workers[3]->endpoint_id);
  choices = list_choices (fixture, "dispatch:m1");
  g_assert_cmpstr (choices, ==, expected);
  assert_text (fixture, "dispatch:m1", "endpoint_id", workers[0]->endpoint_id);
  assert_text (fixture, "dispatch:m1", "endpoint", "custom");
  row = rb_view_need (fixture->core, "dispatch:m1");
  g_assert_true (g_variant_lookup (row, "more_choices", "x", &more));
  g_assert_cmpint (more, ==, 2);

  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    rb_worker_free (workers[i]);
  rb_core_fixture_detach (fixture, plain);
  g_object_unref (plain);
}

static void
test_dead_letter (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) row = NULL;
  g_autoptr(GVariant) list = NULL;
  g_autofree char *choices = NULL;
  const char *id = NULL;
  guint n_changed = 0;
  guint n;

  g_test_summary ("What the upstream refused for good waits until it is sent again, and every change is told.");

  g_signal_connect (fixture->core, "changed", G_CALLBACK (on_changed), &n_changed);
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_authority_news (fixture, 1);
  rb_test_settle ();
  g_assert_cmpuint (n_changed, ==, 1);
  g_assert_cmpuint (rb_needs_get_n (fixture->core), ==, 2);
  list = g_variant_ref_sink (rb_view_needs (fixture->core));
  row = g_variant_get_child_value (list, 1);
  g_assert_true (g_variant_lookup (row, "id", "&s", &id));
  g_assert_true (g_str_has_prefix (id, "dead-letter:"));
  choices = list_choices (fixture, id);
  g_assert_cmpstr (choices, ==, "retry,dismiss");

  rb_authority_fail (fixture, -1, 0);
  rb_dead_letter_retry_async (fixture->core, 0, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_dead_letter_retry_finish (fixture->core, result, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_changed, ==, 2);
  assert_ids (fixture, "dispatch:m1");
}

static void
test_network (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_test_summary ("A network that is away waits with the words of the connector, until it is back.");

  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->connector), "the token was refused");
  rb_test_settle ();
  assert_ids (fixture, "upstream:link");
  assert_text (fixture, "upstream:link", "what", "the token was refused");
  rb_connector_emit_connected (RB_CONNECTOR (fixture->connector));
  rb_test_settle ();
  assert_ids (fixture, "");
}

static void
test_store (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GVariant) row = NULL;
  g_autofree char *since = NULL;

  g_test_summary ("A disk that is full comes first, with since when; it goes when there is room.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob@local", "hello", NULL);
  rb_test_settle ();
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_fake_store_set_health (fixture->store, RB_STORE_BROKEN, "the disk is full");
  assert_ids (fixture, "store:database,dispatch:m1");
  assert_text (fixture, "store:database", "what", "the disk is full");
  row = rb_view_need (fixture->core, "store:database");
  g_assert_true (g_variant_lookup (row, "since", "s", &since));
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  assert_ids (fixture, "dispatch:m1");
}

static void
test_held (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GVariant) rule = NULL;
  g_autoptr(GVariant) place = NULL;
  g_autofree char *choices = NULL;

  g_test_summary ("A sender who is held waits with the first message of the conversation; let in, the message waits for an endpoint.");

  rb_policy_set_async (fixture->core, "message", "mallory", "*", "hold", NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rule = rb_policy_set_finish (fixture->core, result, NULL);
  g_assert_nonnull (rule);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "mallory", "let me in", "{\"correlation_id\":\"c1\"}");
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "mallory", "please", "{\"correlation_id\":\"c1\"}");
  rb_test_settle ();
  assert_ids (fixture, "held:m1");
  assert_text (fixture, "held:m1", "who", "mallory");
  choices = list_choices (fixture, "held:m1");
  g_assert_cmpstr (choices, ==, "accept,refuse");

  rb_hold_accept_async (fixture->core, "m1", FALSE, rb_test_store_result, &accepted);
  rb_test_wait_until (accepted != NULL);
  place = rb_hold_accept_finish (fixture->core, accepted, NULL);
  g_assert_nonnull (place);
  rb_test_settle ();
  assert_ids (fixture, "held:m2,dispatch:m1");
}

static void
advance (RbCoreFixture *fixture,
         gint64         ms)
{
  rb_fake_clock_advance (fixture->clock, ms);
  rb_test_settle ();
}

static void
test_posts (RbCoreFixture *fixture,
            gconstpointer  data)
{
  guint n_changed = 0;

  g_test_summary ("Events that do not get through for minutes wait with how often and why, one row for each kind, until the network takes them.");

  g_signal_connect (fixture->core, "changed", G_CALLBACK (on_changed), &n_changed);
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  rb_authority_news (fixture, 2);
  advance (fixture, 200000);
  assert_ids (fixture, "dispatch:m1,dispatch:m2");
  g_assert_cmpuint (n_changed, ==, 0);

  advance (fixture, 200000);
  assert_ids (fixture, "post:undispatched_changed,dispatch:m1,dispatch:m2");
  g_assert_cmpuint (n_changed, ==, 2);
  assert_text (fixture, "post:undispatched_changed", "since", "2026-01-01T00:00:00.000Z");
  assert_text (fixture, "post:undispatched_changed", "command", "brokerctl outbox");
  {
    g_autoptr(GVariant) row = rb_view_need (fixture->core, "post:undispatched_changed");
    const char *what = "";

    g_assert_true (g_variant_lookup (row, "what", "&s", &what));
    g_assert_nonnull (strstr (what, "and of 1 more: tried "));
    g_assert_true (g_str_has_suffix (what, ": no such thing"));
  }

  rb_authority_fail (fixture, -1, 0);
  advance (fixture, 30000);
  assert_ids (fixture, "dispatch:m1,dispatch:m2");
  g_assert_cmpuint (n_changed, ==, 4);
  g_assert_cmpuint (fixture->core->outbox->n_stuck, ==, 0);
}

static void
test_posts_restart (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("What did not get through for long is told again soon after a restart, not only after as long again; a first failure is not.");

  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  rb_core_fixture_crash (fixture);
  advance (fixture, 400000);
  rb_core_fixture_crash (fixture);
  rb_test_settle ();
  assert_ids (fixture, "dispatch:m1");
  advance (fixture, 2000);
  assert_ids (fixture, "post:undispatched_changed,dispatch:m1");
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  advance (fixture, 30000);
  assert_ids (fixture, "dispatch:m1,dead-letter:1");
}

static void
test_outbox_full (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_test_summary ("An outbox that is full waits since then, until it has room.");

  fixture->settings.outbox_cap = 2;
  rb_core_fixture_restart (fixture);
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  advance (fixture, 1000);
  rb_authority_news (fixture, 2);
  rb_test_settle ();
  assert_ids (fixture, "outbox:full,dispatch:m1,dispatch:m2");
  assert_text (fixture, "outbox:full", "since", "2026-01-01T00:00:01.000Z");
  assert_text (fixture, "outbox:full", "what", "2 events wait for the network, which is all there is room for: new work is refused");
  rb_authority_fail (fixture, -1, 0);
  advance (fixture, 60000);
  assert_ids (fixture, "dispatch:m1,dispatch:m2");
}

/* NULL: it went well; else the reason. (transfer full) */
static char *
dismiss (RbCoreFixture *fixture,
         const char    *id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  rb_need_dismiss_async (fixture->core, id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  if (!rb_need_dismiss_finish (fixture->core, result, &n, &error))
    return g_strdup (rb_error_get_reason (error));
  return g_strdup_printf ("%u", n);
}

static void
assert_dismissed (RbCoreFixture *fixture,
                  const char    *id,
                  const char    *expected)
{
  g_autofree char *found = dismiss (fixture, id);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_no_expiry (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_test_summary ("What the network refused does not vanish by itself, however long nobody looks; it goes when a person wants no more of it.");

  fixture->settings.archive.max_age_ms = DAY_MS;
  rb_core_fixture_restart (fixture);
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_authority_news (fixture, 1);
  rb_authority_news (fixture, 2);
  rb_test_settle ();
  assert_ids (fixture, "dispatch:m1,dispatch:m2,dead-letter:1,dead-letter:2");
  advance (fixture, 400 * DAY_MS);
  rb_core_fixture_restart (fixture);
  advance (fixture, DAY_MS);
  assert_ids (fixture, "dispatch:m1,dispatch:m2,dead-letter:1,dead-letter:2");

  assert_dismissed (fixture, "dead-letter:1", "1");
  assert_dismissed (fixture, "dead-letter:1", "not_waiting");
  assert_dismissed (fixture, "dispatch:m1", "not_dismissed");
  assert_dismissed (fixture, "dead-letter:", "not_waiting");
  rb_core_fixture_crash (fixture);
  assert_ids (fixture, "dispatch:m1,dispatch:m2,dead-letter:2");
  assert_dismissed (fixture, RB_NEED_ALL_DEAD_LETTERS, "1");
  assert_dismissed (fixture, RB_NEED_ALL_DEAD_LETTERS, "0");
  rb_core_fixture_crash (fixture);
  assert_ids (fixture, "dispatch:m1,dispatch:m2");
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, 0);
}

static void
test_dismiss_in_trouble (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_test_summary ("While nothing can be stored nothing is dismissed.");

  rb_authority_fail (fixture, RB_ERROR_REJECTED, 422);
  rb_authority_news (fixture, 1);
  rb_test_settle ();
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  {
    g_autofree char *reason = dismiss (fixture, "dead-letter:1");

    g_assert_cmpstr (reason, !=, "1");
  }
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  assert_ids (fixture, "dispatch:m1,dead-letter:1");
}

static void
test_forgotten (RbCoreFixture *fixture,
                gconstpointer  data)
{
  guint cap = rb_dead_letters_get_cap ();

  g_test_summary ("Before refused events have to be forgotten a person is told; when they were, too, over restarts, until they have seen it.");

  fixture->settings.inbox_cap = cap + 10;
  rb_core_fixture_restart (fixture);
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 400);
  for (guint i = 0; i < cap / 10 * 9 - 1; i++)
    rb_authority_news (fixture, i + 1);
  rb_test_settle ();
  g_assert_null (rb_view_need (fixture->core, "outbox:dead-letters"));
  rb_authority_news (fixture, cap / 10 * 9);
  rb_test_settle ();
  assert_text (fixture, "outbox:dead-letters", "what", "900 refused events are kept; from 1000 on the oldest is forgotten for each that comes");
  for (guint i = cap / 10 * 9; i < cap; i++)
    rb_authority_news (fixture, i + 1);
  rb_test_settle ();
  g_assert_null (rb_view_need (fixture->core, "forgotten:dead-letters"));
  rb_authority_news (fixture, cap + 1);
  advance (fixture, 60000);
  rb_authority_news (fixture, cap + 2);
  rb_test_settle ();

  rb_core_fixture_crash (fixture);
  assert_text (fixture, "forgotten:dead-letters", "what",
               "2 dead letters that nobody had looked at were forgotten from 2026-01-01T00:00:00.000Z to 2026-01-01T00:01:00.000Z: more came than are kept");
  assert_dismissed (fixture, "forgotten:dead-letters", "1");
  g_assert_null (rb_view_need (fixture->core, "forgotten:dead-letters"));
  rb_core_fixture_crash (fixture);
  g_assert_null (rb_view_need (fixture->core, "forgotten:dead-letters"));
}

static void
test_troubles (RbCoreFixture *fixture,
               gconstpointer  data)
{
  guint n_changed = 0;

  g_test_summary ("What the process finds of itself waits since it was found, in its words, until it is over; more than so many are not listed.");

  g_signal_connect (fixture->core, "changed", G_CALLBACK (on_changed), &n_changed);
  rb_needs_begin_trouble (fixture->core, RB_NEED_MODULE, "emitter-journal", "no such file", "brokerctl modules");
  advance (fixture, 1000);
  rb_needs_begin_trouble (fixture->core, RB_NEED_MODULE, "emitter-journal", "no such file", "brokerctl modules");
  rb_needs_begin_trouble (fixture->core, RB_NEED_DISK, "/home", "3 MB left", "brokerctl doctor");
  g_assert_cmpuint (n_changed, ==, 2);
  assert_ids (fixture, "module:emitter-journal,disk:/home");
  rb_needs_begin_trouble (fixture->core, RB_NEED_MODULE, "emitter-journal", "it is damaged", "brokerctl modules");
  g_assert_cmpuint (n_changed, ==, 3);
  assert_text (fixture, "module:emitter-journal", "what", "it is damaged");
  assert_text (fixture, "module:emitter-journal", "since", "2026-01-01T00:00:00.000Z");
  assert_text (fixture, "module:emitter-journal", "command", "brokerctl modules");
  assert_dismissed (fixture, "disk:/home", "not_dismissed");
  rb_needs_end_trouble (fixture->core, RB_NEED_MODULE, "emitter-journal");
  rb_needs_end_trouble (fixture->core, RB_NEED_MODULE, "emitter-journal");
  g_assert_cmpuint (n_changed, ==, 4);
  assert_ids (fixture, "disk:/home");

  for (guint i = 0; i < RB_TROUBLES_MAX; i++)
    {
      g_autofree char *subject = g_strdup_printf ("m%u", i);

      rb_needs_begin_trouble (fixture->core, RB_NEED_MODULE, subject, "x", NULL);
    }
  g_assert_cmpuint (rb_needs_get_n (fixture->core), ==, RB_TROUBLES_MAX);
  g_assert_cmpuint (rb_test_count_log ("trouble_not_listed"), ==, 1);
}

static void
start_by_hand (RbCoreFixture *fixture)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_spawn_by_hand_async (fixture->core, "k", "go", NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_free (rb_spawn_by_hand_finish (fixture->core, result, NULL));
}

static void
test_runtimes (RbCoreFixture *fixture,
               gconstpointer  data)
{
  RbFakeSpawnDriver *driver = rb_fake_spawn_driver_new ("k");

  g_test_summary ("A kind of runtime that failed to start three times in a row waits, over restarts, until a person has seen it; more failures count anew.");

  fixture->spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (fixture->spawn_drivers, driver);
  rb_core_fixture_restart (fixture);
  driver->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "spawn_failed", "no such program");
  for (guint i = 0; i < 3; i++)
    {
      assert_ids (fixture, "");
      advance (fixture, 1000);
      start_by_hand (fixture);
    }
  assert_ids (fixture, "runtime:k");
  assert_text (fixture, "runtime:k", "since", "2026-01-01T00:00:01.000Z");
  assert_text (fixture, "runtime:k", "what", "k: 3 starts in a row failed; the last: spawn_failed: no such program");
  rb_core_fixture_restart (fixture);
  assert_ids (fixture, "runtime:k");

  assert_dismissed (fixture, "runtime:k", "1");
  assert_ids (fixture, "");
  rb_core_fixture_restart (fixture);
  assert_ids (fixture, "");
  for (guint i = 0; i < 3; i++)
    {
      assert_ids (fixture, "");
      advance (fixture, 1000);
      start_by_hand (fixture);
    }
  assert_ids (fixture, "runtime:k");
}

static void
test_unknown (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const char *const ids[] = { "", "dispatch", "dispatch:", "dispatch:m1", "store:database", "upstream:link", "spawn:x", "\xff", ":" };

  g_test_summary ("What does not wait is nothing, whatever it is called.");

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    g_assert_null (rb_view_need (fixture->core, ids[i]));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("/needs/message", NULL, test_message);
  ADD ("/needs/returns", NULL, test_returns);
  ADD ("/needs/choices", NULL, test_choices);
  ADD ("/needs/dead-letter", "authority", test_dead_letter);
  ADD ("/needs/network", NULL, test_network);
  ADD ("/needs/store", NULL, test_store);
  ADD ("/needs/held", NULL, test_held);
  ADD ("/needs/posts", "authority", test_posts);
  ADD ("/needs/posts/restart", "authority", test_posts_restart);
  ADD ("/needs/outbox-full", "authority", test_outbox_full);
  ADD ("/needs/no-expiry", "authority", test_no_expiry);
  ADD ("/needs/no-expiry/trouble", "authority", test_dismiss_in_trouble);
  ADD ("/needs/forgotten", "authority", test_forgotten);
  ADD ("/needs/troubles", NULL, test_troubles);
  ADD ("/needs/runtimes", NULL, test_runtimes);
  ADD ("/needs/unknown", NULL, test_unknown);

  return g_test_run ();
}
