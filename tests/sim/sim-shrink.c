/* sim-shrink.c: the fewest steps with which a run still fails
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-shrink.h"

#include <stdlib.h>

#define MAX_RUNS 3000

/* Delta debugging (Zeller and Hildebrandt, 2002), complements only: leave out a part; what still fails goes on without it, with parts of half
 * the size when none can be left out any more. That works because a step's choices are its own, whatever was left out before it. */
typedef struct {
  SimRun       run;
  guint        invariant;
  guint        n_runs;
  SimFailure  *failure;     /* of the last try that failed as wanted */
} Shrink;

static gboolean
still_fails (Shrink       *self,
             const GArray *steps)
{
  SimRun run = self->run;
  g_autoptr(SimFailure) failure = NULL;

  run.steps = steps;

  if (self->n_runs++ >= MAX_RUNS)
    return FALSE;
  failure = sim_run (&run, NULL);
  if (failure == NULL || failure->invariant != self->invariant)
    return FALSE;
  g_clear_pointer (&self->failure, sim_failure_free);
  self->failure = g_steal_pointer (&failure);
  return TRUE;
}

static GArray *
without (const GArray *steps,
         guint         from,
         guint         n)
{
  GArray *rest = g_array_sized_new (FALSE, FALSE, sizeof (guint), steps->len);

  g_array_append_vals (rest, steps->data, from);
  if (from + n < steps->len)
    g_array_append_vals (rest, &g_array_index (steps, guint, from + n), steps->len - from - n);
  return rest;
}

/* One pass from the end, where most can go. Returns whether any part could. */
static gboolean
leave_out (Shrink  *self,
           GArray **steps,
           guint    size)
{
  gboolean any = FALSE;

  for (guint end = (*steps)->len; end > 0;)
    {
      guint from = end > size ? end - size : 0;
      GArray *rest = without (*steps, from, end - from);

      if (still_fails (self, rest))
        {
          g_array_unref (*steps);
          *steps = rest;
          any = TRUE;
        }
      else
        g_array_unref (rest);
      end = from;
    }
  return any;
}

static GArray *
all_steps (guint n)
{
  GArray *steps = g_array_sized_new (FALSE, FALSE, sizeof (guint), n);

  for (guint i = 1; i <= n; i++)
    g_array_append_val (steps, i);
  return steps;
}

GArray *
sim_shrink (const SimRun  *run,
            SimFailure   **failure)
{
  Shrink self = { .run = *run };
  GArray *steps;
  guint size;

  *failure = self.failure = sim_run (run, NULL);
  if (self.failure == NULL)
    return NULL;

  self.invariant = self.failure->invariant;
  steps = all_steps (MIN (self.failure->step, run->n_steps));
  for (size = MAX (steps->len / 2, 1);; size = MAX (size / 2, 1))
    if (!leave_out (&self, &steps, size) && size == 1)
      break;
  *failure = self.failure;
  return steps;
}

char *
sim_steps_to_string (const GArray *steps)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < steps->len;)
    {
      guint first = g_array_index (steps, guint, i);
      guint last = first;

      for (i++; i < steps->len && g_array_index (steps, guint, i) == last + 1; i++)
        last++;
      g_string_append_printf (text, "%s%u", text->len > 0 ? "," : "", first);
      if (last > first)
        g_string_append_printf (text, "-%u", last);
    }
  return g_string_free (text, FALSE);
}

GArray *
sim_steps_parse (const char *text)
{
  g_auto(GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr(GArray) steps = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *end;
      guint64 first = g_ascii_strtoull (parts[i], &end, 10);
      guint64 last = *end == '-' ? g_ascii_strtoull (end + 1, &end, 10) : first;

      if (*parts[i] == '\0' || *end != '\0' || first == 0 || last < first || last > 1000000 ||
          (steps->len > 0 && first <= g_array_index (steps, guint, steps->len - 1)))
        return NULL;
      for (guint step = (guint) first; step <= last; step++)
        g_array_append_val (steps, step);
    }
  return steps->len > 0 ? g_steal_pointer (&steps) : NULL;
}
