/* sim-main.c: runs seeds, replays one, cuts a failing one down
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-shrink.h"

#include <stdio.h>
#include <unistd.h>

#define SUMMARY                                                                                                              \
  "Runs the broker in a simulated world: one number, the seed, decides everything that happens, faults too.\n\n"             \
  "  sim --seeds=10000                 runs 10,000 seeds and tells which failed\n"                                           \
  "  sim --seed=42 --trace             replays one, and tells what happens\n"                                                \
  "  sim --seed=42 --shrink            finds the fewest steps with which it fails\n"                                         \
  "  sim --seed=42 --only=3,9-12 --trace   replays those\n"

static gint64 option_seed = -1;
static gint64 option_first = 1;
static gint64 option_seeds = 100;
static int option_steps = 2000;
static int option_jobs;
static int option_failures = 20;
static char *option_only;
static gboolean option_trace;
static gboolean option_shrink;
static gboolean option_no_table;

static const GOptionEntry entries[] = {
  { "seeds", 'n', 0, G_OPTION_ARG_INT64, &option_seeds, "How many seeds (100)", "N" },
  { "first", 'f', 0, G_OPTION_ARG_INT64, &option_first, "The first of them (1)", "SEED" },
  { "steps", 's', 0, G_OPTION_ARG_INT, &option_steps, "Steps of each (2000)", "N" },
  { "jobs", 'j', 0, G_OPTION_ARG_INT, &option_jobs, "Processes (one for each processor)", "N" },
  { "failures", 0, 0, G_OPTION_ARG_INT, &option_failures, "Stop after so many failures (20)", "N" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &option_seed, "This one alone", "SEED" },
  { "only", 0, 0, G_OPTION_ARG_STRING, &option_only, "Only these of its steps", "STEPS" },
  { "trace", 't', 0, G_OPTION_ARG_NONE, &option_trace, "Tell what happens", NULL },
  { "shrink", 0, 0, G_OPTION_ARG_NONE, &option_shrink, "Leave out the steps that it fails without", NULL },
  { "no-table", 0, 0, G_OPTION_ARG_NONE, &option_no_table, "Check the invariants alone, not the table of transitions", NULL },
  { NULL },
};

static void
on_failed (const SimFailure *failure,
           gpointer          user_data)
{
  printf ("seed %" G_GUINT64_FORMAT " fails at step %u: %s\n", failure->seed, failure->step, failure->text);
}

static void
print_counts (const SimCounts *counts,
              double           seconds)
{
  printf ("%" G_GUINT64_FORMAT " steps in %.1f s: %" G_GUINT64_FORMAT " transactions, %" G_GUINT64_FORMAT " crashes (%" G_GUINT64_FORMAT
          " of them power losses), %" G_GUINT64_FORMAT " stops in order\n",
          counts->steps, seconds, counts->transactions, counts->crashes, counts->power_losses, counts->stops);
  printf ("%" G_GUINT64_FORMAT " messages: %" G_GUINT64_FORMAT " accepted, %" G_GUINT64_FORMAT " times refused for a while, %"
          G_GUINT64_FORMAT " pushes, %" G_GUINT64_FORMAT " claims\n",
          counts->messages, counts->accepted, counts->refusals, counts->pushed, counts->claimed);
  printf ("%" G_GUINT64_FORMAT " requests: %" G_GUINT64_FORMAT " registrations, %" G_GUINT64_FORMAT " replies; %" G_GUINT64_FORMAT
          " sends, %" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " control events\n",
          counts->requests, counts->registered, counts->replies, counts->sends, counts->events, counts->orders);
}

static int
run_many (void)
{
  gint64 start = g_get_monotonic_time ();
  guint jobs = option_jobs > 0 ? (guint) option_jobs : g_get_num_processors ();
  SimCounts counts = { 0 };
  guint n_failed = sim_run_many ((guint64) option_first, (guint64) option_seeds, (guint) option_steps, jobs, (guint) option_failures,
                                 &counts, on_failed, NULL);

  print_counts (&counts, (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  printf ("%" G_GINT64_FORMAT " seeds, %u failed\n", option_seeds, n_failed);
  return n_failed > 0 ? 1 : 0;
}

static int
run_one (void)
{
  g_autoptr(GArray) steps = option_only != NULL ? sim_steps_parse (option_only) : NULL;
  SimRun run = { .seed = (guint64) option_seed, .n_steps = (guint) option_steps, .steps = steps, .is_traced = option_trace };
  g_autoptr(SimFailure) failure = NULL;

  if (option_only != NULL && steps == NULL)
    {
      fprintf (stderr, "sim: '%s' does not name steps: write 3,9-12, in order\n", option_only);
      return 2;
    }
  failure = sim_run (&run, NULL);
  if (failure == NULL)
    printf ("seed %" G_GUINT64_FORMAT " passes\n", run.seed);
  else
    on_failed (failure, NULL);
  return failure != NULL ? 1 : 0;
}

static int
shrink (void)
{
  g_autoptr(SimFailure) failure = NULL;
  SimRun run = { .seed = (guint64) option_seed, .n_steps = (guint) option_steps };
  g_autoptr(GArray) steps = sim_shrink (&run, &failure);
  g_autofree char *text = NULL;

  if (steps == NULL)
    {
      printf ("seed %" G_GINT64_FORMAT " passes\n", option_seed);
      return 0;
    }
  text = sim_steps_to_string (steps);
  run.steps = steps;
  run.is_traced = TRUE;
  sim_failure_free (sim_run (&run, NULL));
  on_failed (failure, NULL);
  printf ("sim --seed=%" G_GINT64_FORMAT " --steps=%d --only=%s\n", option_seed, option_steps, text);
  return 1;
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_set_summary (context, SUMMARY);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1 || option_steps < 1 || option_seeds < 1)
    {
      fprintf (stderr, "sim: %s; try --help\n", error != NULL ? error->message : "wrong usage");
      return 2;
    }
  if (option_no_table)
    sim_oracle_leave_out_table ();
  if (option_seed < 0)
    return run_many ();
  return option_shrink ? shrink () : run_one ();
}
