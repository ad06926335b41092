/* test-prefix.c: a shortened name means one thing or nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-prefix.h"
#include "rb-test.h"
#include "rb-view.h"

static GPtrArray *
make_candidates (void)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_candidate_free);

  g_ptr_array_add (candidates, rb_candidate_new ("ep_1234", "worker"));
  g_ptr_array_add (candidates, rb_candidate_new ("ep_1299", "work"));
  g_ptr_array_add (candidates, rb_candidate_new ("ep_5678", "twin"));
  g_ptr_array_add (candidates, rb_candidate_new ("ep_5", "twin"));
  g_ptr_array_add (candidates, rb_candidate_new ("other", NULL));
  return candidates;
}

static void
test_picks (void)
{
  static const char *const cases[][2] = {
    { "ep_1234", "ep_1234" }, { "ep_123", "ep_1234" }, { "ep_5", "ep_5" },       { "ep_56", "ep_5678" },
    { "work", "ep_1299" },    { "worke", "ep_1234" },  { "worker", "ep_1234" },  { "o", "other" },
  };
  g_autoptr(GPtrArray) candidates = make_candidates ();

  g_test_summary ("A whole id or name wins over longer ones; otherwise a beginning that fits only one is enough.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      const RbCandidate *picked = rb_prefix_pick (candidates, "endpoint", cases[i][0], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (picked->id, ==, cases[i][1]);
    }
}

static void
test_ambiguous (void)
{
  static const char *const cases[] = { "ep_12", "ep", "wor", "twin", "tw" };
  g_autoptr(GPtrArray) candidates = make_candidates ();

  g_test_summary ("What fits several is an error that lists them.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_prefix_pick (candidates, "endpoint", cases[i], &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, "ambiguous");
      g_assert_nonnull (g_strrstr (error->message, "ep_"));
    }
}

static void
test_no_match (void)
{
  static const char *const cases[] = { "", "x", "ep_9", "workers", "EP_1234" };
  g_autoptr(GPtrArray) candidates = make_candidates ();

  g_test_summary ("What fits nothing is not found; nothing at all fits nothing.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_prefix_pick (candidates, "endpoint", cases[i], &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
    }
}

static void
test_long_list (void)
{
  g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_candidate_free);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Of very many only some are listed.");

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      g_ptr_array_add (candidates, rb_candidate_new (id, NULL));
    }
  g_assert_null (rb_prefix_pick (candidates, "message", "m", &error));
  g_assert_true (g_str_has_suffix (error->message, "and 990 more"));
}

static void
test_age (void)
{
  static const struct {
    const char *iso;
    const char *age;
  } cases[] = {
    { "2026-01-02T03:04:05.000Z", "0 s" },      { "2026-01-02T03:04:00.000Z", "5 s" },    { "2026-01-02T03:00:00.000Z", "4 min" },
    { "2026-01-02T00:00:00.000Z", "3 h" },      { "2025-12-25T00:00:00.000Z", "8 d" },    { "2026-01-02T03:04:35.000Z", "in 30 s" },
    { "nonsense", NULL },
  };
  const gint64 now_ms = G_GINT64_CONSTANT (1767323045000);

  g_test_summary ("Ages are short; times to come say so; nonsense is nothing.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *age = rb_view_dup_age (cases[i].iso, now_ms);

      g_assert_cmpstr (age, ==, cases[i].age);
    }
  g_assert_null (rb_view_dup_age (NULL, now_ms));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/prefix/picks", test_picks);
  g_test_add_func ("/prefix/ambiguous", test_ambiguous);
  g_test_add_func ("/prefix/no-match", test_no_match);
  g_test_add_func ("/prefix/long-list", test_long_list);
  g_test_add_func ("/view/age", test_age);
  return g_test_run ();
}
