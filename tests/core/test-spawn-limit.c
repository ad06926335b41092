/* test-spawn-limit.c: three starts in thirty seconds, wherever the thirty seconds begin (protocol.md 15.8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn-limit.h"
#include "rb-test.h"

static void
test_window (void)
{
  static const struct {
    gint64   at;
    gboolean granted;
  } steps[] = {
    { 0, TRUE },      { 10000, TRUE },  { 20000, TRUE },  { 29999, FALSE }, { 30000, FALSE }, { 30001, TRUE },
    { 30002, FALSE }, { 40000, FALSE }, { 40001, TRUE },  { 50001, TRUE },  { 50002, FALSE }, { 60001, FALSE },
    { 60002, TRUE },
  };
  RbSpawnLimit limit = { { 0 }, 0 };

  g_test_summary ("The fourth within the window is refused; one leaves when it is older than the window; what was refused does not count.");

  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_test_message ("at %" G_GINT64_FORMAT, steps[i].at);
      g_assert_cmpint (rb_spawn_limit_take (&limit, steps[i].at), ==, steps[i].granted);
    }
}

static void
test_burst (void)
{
  RbSpawnLimit limit = { { 0 }, 0 };

  g_test_summary ("A burst gets three, and three more after the window.");

  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (rb_spawn_limit_take (&limit, 5000), ==, i < 3);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (rb_spawn_limit_take (&limit, 35001), ==, i < 3);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/spawn-limit/window", test_window);
  g_test_add_func ("/spawn-limit/burst", test_burst);

  return g_test_run ();
}
