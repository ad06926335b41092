/* test-closed.c: a message for an endpoint that was closed says so in the inbox
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-connector.h"
#include "rb-error.h"

/* Source: protocol.md 9.6 and IMP-29. */

#define FRESH_MS 5000

static void
set_up (RbCoreFixture *fixture,
        gconstpointer  data)
{
  rb_core_fixture_set_up (fixture, NULL);
  fixture->upstream->features |= RB_UPSTREAM_HAS_CLOSED_LOOKUP;
}

static void
answer_with (RbCoreFixture *fixture,
             gboolean       exists,
             const char    *retired_at)
{
  GVariantDict dict;

  g_clear_pointer (&fixture->upstream->answer, g_variant_unref);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "exists", "b", exists);
  if (retired_at != NULL)
    g_variant_dict_insert (&dict, "retired_at", "s", retired_at);
  fixture->upstream->answer = g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
deliver (RbCoreFixture *fixture,
         gint64         seq,
         const char    *target)
{
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, seq);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", target);

  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "hello", metadata);
  rb_test_settle ();
}

static guint
count_lookups (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_LOOKUP_CLOSED];
}

static void
test_reasons (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    gboolean    exists;
    const char *retired_at;
    const char *reason;
  } cases[] = {
    { TRUE, "2026-01-01T00:00:00.000Z", "closed_session_continuation" },
    { TRUE, "", "unaddressed" },
    { TRUE, NULL, "unaddressed" },
    { FALSE, "2026-01-01T00:00:00.000Z", "unaddressed" },
  };

  g_test_summary ("Only one that exists and has a time of its end makes the message its continuation.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i + 1);
      g_autofree char *target = g_strdup_printf ("gone_%u", i);
      g_autofree char *hint = g_strdup_printf ("\"target_endpoint_id_hint\":\"%s\"", target);

      answer_with (fixture, cases[i].exists, cases[i].retired_at);
      deliver (fixture, i + 1, target);
      g_assert_cmpstr (rb_core_fixture_reason (fixture, id), ==, cases[i].reason);
      g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, hint), ==, i == 0 ? 1 : 0);
      g_assert_true (rb_fake_connector_has_accepted (fixture->connector, i + 1));
    }
  g_assert_cmpuint (count_lookups (fixture), ==, G_N_ELEMENTS (cases));
}

static void
test_not_asked (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_test_summary ("Nobody is asked about a message that names no endpoint, nor where there is no such lookup.");

  deliver (fixture, 1, "");
  fixture->upstream->features &= ~RB_UPSTREAM_HAS_CLOSED_LOOKUP;
  deliver (fixture, 2, "gone");
  g_assert_cmpuint (count_lookups (fixture), ==, 0);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 2);
}

static void
fail_with (RbCoreFixture *fixture,
           gint64         status)
{
  g_clear_error (&fixture->upstream->failure);
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "no");
  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (status));
}

static void
test_remembered (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_test_summary ("What was found is known for five seconds, also that there is none; a failure is not remembered.");

  answer_with (fixture, TRUE, "yesterday");
  deliver (fixture, 1, "gone");
  rb_fake_clock_advance (fixture->clock, FRESH_MS - 1);
  deliver (fixture, 2, "gone");
  g_assert_cmpuint (count_lookups (fixture), ==, 1);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "closed_session_continuation");
  rb_fake_clock_advance (fixture->clock, 1);
  deliver (fixture, 3, "gone");
  g_assert_cmpuint (count_lookups (fixture), ==, 2);

  fail_with (fixture, 404);
  deliver (fixture, 4, "never");
  deliver (fixture, 5, "never");
  g_assert_cmpuint (count_lookups (fixture), ==, 3);
  g_assert_cmpuint (rb_test_count_log ("closed_lookup_failed"), ==, 0);

  fail_with (fixture, 500);
  deliver (fixture, 6, "who");
  deliver (fixture, 7, "who");
  g_assert_cmpuint (count_lookups (fixture), ==, 5);
  g_assert_cmpuint (rb_test_count_log ("closed_lookup_failed"), ==, 2);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m7"), ==, "unaddressed");
}

static void
test_least_recently_used (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_test_summary ("Of 64 endpoints the one that was not asked about for longest makes room.");

  answer_with (fixture, TRUE, "yesterday");
  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *target = g_strdup_printf ("gone_%u", i);

      deliver (fixture, i + 1, target);
    }
  deliver (fixture, 100, "gone_0");
  deliver (fixture, 101, "gone_64");
  g_assert_cmpuint (count_lookups (fixture), ==, 65);
  deliver (fixture, 102, "gone_0");
  g_assert_cmpuint (count_lookups (fixture), ==, 65);
  deliver (fixture, 103, "gone_1");
  g_assert_cmpuint (count_lookups (fixture), ==, 66);
}

static void
test_one_question (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(GVariant) rows = NULL;
  g_autoptr(GVariant) first = NULL;
  const char *id = NULL;

  g_test_summary ("Who asks while the upstream is being asked waits for the same answer, in order.");

  answer_with (fixture, TRUE, "yesterday");
  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "gone");
  deliver (fixture, 2, "gone");
  g_assert_cmpuint (count_lookups (fixture), ==, 1);
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 2);
  rows = g_variant_ref_sink (rb_view_inbox (fixture->core));
  first = g_variant_get_child_value (rows, 0);
  g_assert_true (g_variant_lookup (first, "id", "&s", &id));
  g_assert_cmpstr (id, ==, "m1");
}

static void
test_stopping (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_test_summary ("Answered while we stop, the message is the network's still; one that would not come again is in the inbox before.");

  fixture->upstream->hold = TRUE;
  deliver (fixture, 1, "gone");
  rb_fake_connector_deliver (fixture->connector, RB_CONNECTOR_NO_SEQ, "m2", "bob", "hello", "{\"target_endpoint_id\":\"gone\"}");
  rb_core_fixture_stop (fixture);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->accepted->len + fixture->connector->released->len, ==, 0);
  g_assert_null (rb_core_fixture_place (fixture, "m1"));
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m2"), ==, "unaddressed");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add ("/closed/" path, RbCoreFixture, NULL, set_up, function, rb_core_fixture_tear_down)
  ADD ("reasons", test_reasons);
  ADD ("not-asked", test_not_asked);
  ADD ("remembered", test_remembered);
  ADD ("least-recently-used", test_least_recently_used);
  ADD ("one-question", test_one_question);
  ADD ("stopping", test_stopping);

  return g_test_run ();
}
