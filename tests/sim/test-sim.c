/* test-sim.c: the broker in simulated worlds, and the tools with which a failure is understood
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-shrink.h"

#include <stdlib.h>

#define N_STEPS 2000
#define N_BATCHES 20
#define BATCH 25
#define JOBS 2

/* What a seed once found; each has a test of its own in tests/core besides. A seed means what the steps make of it: after a change of
 * sim-step.c it is another run. */
static const struct {
  const char *name;
  guint64     seed;
} regressions[] = {
  { "reattach-is-answered-by-a-stop", 22 },
  { "reattach-is-answered-by-an-early-stop", 13 },
  { "settled-while-assigned", 57 },
  { "settled-while-asked-about", 121 },
  { "settled-by-one-of-two", 4765 },
  { "settled-by-one-of-two-again", 6672 },
  { "settled-by-one-of-two-thrice", 7737 },
  { "settled-behind-a-refusal", 471 },
  { "overtook-what-was-held-back", 6686 },
  { "settled-before-it-came", 19900 },
};

static SimCounts happened;

static void
on_failed (const SimFailure *failure,
           gpointer          user_data)
{
  g_test_message ("sim --seed=%" G_GUINT64_FORMAT " --shrink: step %u: %s", failure->seed, failure->step, failure->text);
}

static void
test_batch (gconstpointer data)
{
  guint64 first = GPOINTER_TO_SIZE (data);

  g_test_summary ("What must be true is true after each step of each seed.");

  g_assert_cmpuint (sim_run_many (first, BATCH, N_STEPS, JOBS, BATCH, &happened, on_failed, NULL), ==, 0);
}

static void
test_everything_happened (void)
{
  const guint64 *numbers = (const guint64 *) &happened;

  g_test_summary ("All that can happen did: a run in which nothing happens proves nothing.");

  g_assert_cmpuint (happened.steps, ==, (guint64) N_BATCHES * BATCH * N_STEPS);
  for (gsize i = 0; i < sizeof happened / sizeof *numbers; i++)
    g_assert_cmpuint (numbers[i], >, 100);
}

static void
test_regression (gconstpointer data)
{
  SimRun run = { .seed = GPOINTER_TO_SIZE (data), .n_steps = N_STEPS };
  g_autoptr(SimFailure) failure = sim_run (&run, NULL);

  g_test_summary ("What was found once stays mended.");

  if (failure != NULL)
    on_failed (failure, NULL);
  g_assert_null (failure);
}

static void
test_deterministic (void)
{
  g_test_summary ("A seed is the same run each time, in another process at other addresses too.");

  for (guint64 seed = 1; seed <= 8; seed++)
    {
      SimRun run = { .seed = seed, .n_steps = 500 };
      guint64 first = 0, second = 0;
      g_autofree char *ballast = g_malloc (seed * 4096);    /* the next child's heap looks different */

      g_assert_null (sim_run (&run, &first));
      free (g_steal_pointer (&ballast));
      g_assert_null (sim_run (&run, &second));
      g_assert_cmpuint (first, !=, 0);
      g_assert_cmpuint (first, ==, second);
    }
}

static void
test_seeds_differ (void)
{
  SimRun one = { .seed = 1, .n_steps = 500 };
  SimRun other = { .seed = 2, .n_steps = 500 };
  guint64 first, second;

  g_test_summary ("Another seed is another run.");

  g_assert_null (sim_run (&one, &first));
  g_assert_null (sim_run (&other, &second));
  g_assert_cmpuint (first, !=, second);
}

static void
test_shrink (void)
{
  g_autoptr(GArray) trap = sim_steps_parse ("17,230,999");
  SimRun run = { .seed = 3, .n_steps = 1200, .trap = trap };
  g_autoptr(SimFailure) failure = NULL;
  g_autoptr(GArray) steps = sim_shrink (&run, &failure);
  g_autofree char *text = NULL;

  g_test_summary ("A failing run is cut down to the steps that it cannot do without.");

  g_assert_nonnull (steps);
  text = sim_steps_to_string (steps);
  g_assert_cmpstr (text, ==, "17,230,999");
  g_assert_cmpuint (failure->invariant, ==, 99);
  g_assert_cmpuint (failure->step, ==, 999);
}

static void
test_shrink_nothing (void)
{
  SimRun run = { .seed = 3, .n_steps = 200 };
  g_autoptr(SimFailure) failure = NULL;

  g_test_summary ("What does not fail cannot be cut down.");

  g_assert_null (sim_shrink (&run, &failure));
  g_assert_null (failure);
}

static void
test_steps (void)
{
  static const char *const good[] = { "1", "3,9-12", "1-4,6,8-9" };
  static const char *const bad[] = { "", "0", "a", "3-1", "5,4", "1-", "1,,2", "1-99999999999" };

  g_test_summary ("Steps are written as people write them, in order.");

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr(GArray) steps = sim_steps_parse (good[i]);
      g_autofree char *text = sim_steps_to_string (steps);

      g_assert_cmpstr (text, ==, good[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (sim_steps_parse (bad[i]));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sim/steps", test_steps);
  g_test_add_func ("/sim/deterministic", test_deterministic);
  g_test_add_func ("/sim/seeds-differ", test_seeds_differ);
  g_test_add_func ("/sim/shrink/trap", test_shrink);
  g_test_add_func ("/sim/shrink/nothing", test_shrink_nothing);
  for (gsize i = 0; i < G_N_ELEMENTS (regressions); i++)
    {
      g_autofree char *path = g_strconcat ("/sim/regression/", regressions[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (regressions[i].seed), test_regression);
    }
  for (guint i = 0; i < N_BATCHES; i++)
    {
      g_autofree char *path = g_strdup_printf ("/sim/seeds/%u-%u", i * BATCH + 1, (i + 1) * BATCH);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i * BATCH + 1), test_batch);
    }
  g_test_add_func ("/sim/seeds/everything-happened", test_everything_happened);
  return g_test_run ();
}
