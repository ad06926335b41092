/* test-bounds.c: how full bounded things are, and that they say so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bounds.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

enum { BOX, RING, DOOR };

static const RbBoundInfo infos[] = {
  [BOX] = { "box", "things", RB_BOUND_PUSHES_BACK, "refused" },
  [RING] = { "ring", "things", RB_BOUND_FORGETS, "forgotten" },
  [DOOR] = { "door", "things", RB_BOUND_WAITS, "they wait" },
};

static void
test_counts (void)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(RbBounds) bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), clock);
  const RbBound *box;

  g_test_summary ("What is used moves both ways, the peak only upwards; a limit that was reached is counted, with the time.");

  rb_bounds_set_limit (bounds, BOX, 3);
  rb_bounds_set_used (bounds, BOX, 2);
  rb_bounds_set_used (bounds, BOX, 1);
  rb_bounds_note (bounds, BOX, 3);
  box = rb_bounds_get (bounds, BOX);
  g_assert_cmpuint (box->limit, ==, 3);
  g_assert_cmpuint (box->used, ==, 1);
  g_assert_cmpuint (box->peak, ==, 3);
  g_assert_cmpuint (box->n_reached, ==, 0);
  g_assert_cmpint (box->last_reached, ==, 0);

  rb_bounds_reached (bounds, BOX);
  g_assert_cmpuint (box->n_reached, ==, 1);
  g_assert_cmpint (box->last_reached, ==, rb_clock_get_wall_ms (clock));
  g_assert_cmpuint (rb_bounds_get (bounds, RING)->n_reached, ==, 0);
}

static void
test_says (void)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(RbBounds) bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), clock);

  g_test_summary ("The log says so at once, then once a minute; of a memory that forgets only to us.");

  rb_test_forget_logs ();
  rb_bounds_reached (bounds, BOX);
  rb_bounds_reached (bounds, BOX);
  rb_fake_clock_advance (clock, 59999);
  rb_bounds_reached (bounds, BOX);
  g_assert_cmpuint (rb_test_count_log ("bound_reached"), ==, 1);
  g_assert_cmpuint (rb_test_get_log_level ("bound_reached"), ==, G_LOG_LEVEL_WARNING);
  rb_fake_clock_advance (clock, 1);
  rb_bounds_reached (bounds, BOX);
  g_assert_cmpuint (rb_test_count_log ("bound_reached"), ==, 1);
  rb_test_assert_logged ("bound_reached", "bound", "box", "count", "4", "hint", "refused", NULL);

  rb_bounds_reached (bounds, RING);
  g_assert_cmpuint (rb_test_get_log_level ("bound_reached"), ==, G_LOG_LEVEL_DEBUG);
  rb_bounds_reached (bounds, DOOR);
  g_assert_cmpuint (rb_test_get_log_level ("bound_reached"), ==, G_LOG_LEVEL_INFO);
}

static void
on_refresh (RbBounds *bounds,
            gpointer  user_data)
{
  rb_bounds_set_used (bounds, BOX, *(guint *) user_data);
}

static void
test_shows (void)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(RbBounds) bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), clock);
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GVariant) box = NULL;
  guint used = 7;
  const char *text;
  gint64 number;

  g_test_summary ("Who looks sees what is used now.");

  rb_bounds_set_refresh (bounds, on_refresh, &used);
  rb_bounds_set_limit (bounds, BOX, 9);
  rb_bounds_reached (bounds, BOX);
  rb_bounds_put (bounds, &dict);
  box = g_variant_dict_lookup_value (&dict, "box", G_VARIANT_TYPE_VARDICT);
  g_assert_true (g_variant_lookup (box, "used", "x", &number));
  g_assert_cmpint (number, ==, 7);
  g_assert_true (g_variant_lookup (box, "peak", "x", &number));
  g_assert_cmpint (number, ==, 7);
  g_assert_true (g_variant_lookup (box, "limit", "x", &number));
  g_assert_cmpint (number, ==, 9);
  g_assert_true (g_variant_lookup (box, "reached", "x", &number));
  g_assert_cmpint (number, ==, 1);
  g_assert_true (g_variant_lookup (box, "last_reached", "&s", &text));
  g_assert_true (g_str_has_prefix (text, "20"));
  g_assert_true (g_variant_lookup (box, "unit", "&s", &text));
  g_assert_cmpstr (text, ==, "things");
  g_assert_true (g_variant_lookup (box, "manner", "&s", &text));
  g_assert_cmpstr (text, ==, "pushes_back");
  used = 2;
  g_assert_cmpuint (rb_bounds_get (bounds, BOX)->used, ==, 2);
}

static void
test_nobody_counts (void)
{
  g_test_summary ("A part that is used alone has no bounds, and nothing to ask for.");

  rb_bounds_set_limit (NULL, BOX, 1);
  rb_bounds_set_used (NULL, BOX, 1);
  rb_bounds_note (NULL, BOX, 1);
  rb_bounds_reached (NULL, BOX);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/bounds/counts", test_counts);
  g_test_add_func ("/bounds/says", test_says);
  g_test_add_func ("/bounds/shows", test_shows);
  g_test_add_func ("/bounds/nobody-counts", test_nobody_counts);
  return g_test_run ();
}
