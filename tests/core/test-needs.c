/* test-needs.c: what waits for a person: every kind of it, for as long as it waits and no longer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-authority.h"
#include "rb-worker.h"

#include "rb-error.h"
#include "rb-hold.h"
#include "rb-needs.h"
#include "rb-outbox-operator.h"
#include "rb-policy-operator.h"

#include <string.h>

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
  g_assert_cmpstr (choices, ==, "retry");

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
  ADD ("/needs/unknown", NULL, test_unknown);

  return g_test_run ();
}
