/* sim-run.c: runs of seeds, in processes of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-run.h"

#include "sim-step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TEXT 4096
/* No run takes a minute; one that turns for ever is a failure of its own. */
#define RUN_SECONDS 60

/* What a child says of itself, in memory that outlives it. */
typedef struct {
  guint64   seed;
  guint     step;
  gboolean  is_done;
  guint64   hash;
  SimCounts counts;
} Shared;

typedef struct {
  pid_t   pid;
  int     output;      /* a file of what it prints as errors */
  guint64 next;        /* the seed to go on with after a failure */
  Shared *shared;
} Worker;

void
sim_failure_free (SimFailure *self)
{
  g_free (self->text);
  g_free (self);
}

/* What our code logs on purpose is part of a trace; anything else that warns is a bug, and fatal. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         is_traced)
{
  const char *message = "";
  gboolean is_ours = FALSE;

  for (gsize i = 0; i < n_fields; i++)
    {
      is_ours |= strcmp (fields[i].key, "RB_EVENT") == 0;
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        message = fields[i].value;
    }
  if (!is_ours)
    return g_log_writer_default (level, fields, n_fields, NULL);
  if (is_traced != NULL)
    printf ("%17s  log       %s\n", "", message);
  return G_LOG_WRITER_HANDLED;
}

static void
add_counts (SimCounts       *to,
            const SimCounts *from)
{
  guint64 *sums = (guint64 *) to;
  const guint64 *numbers = (const guint64 *) from;

  for (gsize i = 0; i < sizeof (SimCounts) / sizeof (guint64); i++)
    sums[i] += numbers[i];
}

static void
set_up_log (gboolean is_traced)
{
  static gboolean is_set;

  if (is_set)
    return;
  is_set = TRUE;
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  g_log_set_writer_func (write_log, is_traced ? &is_set : NULL, NULL);
}

static gboolean
contains (const GArray *steps,
          guint         step)
{
  for (guint i = 0; i < steps->len; i++)
    if (g_array_index (steps, guint, i) == step)
      return TRUE;
  return FALSE;
}

static void
run (const SimRun *plan,
     Shared       *shared)
{
  guint n_trapped = 0;
  SimWorld *world;

  set_up_log (plan->is_traced);
  world = sim_world_new (plan->seed, plan->is_traced);
  if (plan->is_traced)
    {
      g_autofree char *text = sim_plan_to_string (&world->plan);

      printf ("seed %" G_GUINT64_FORMAT ": %s\n", plan->seed, text);
    }
  for (guint i = 1, at = 0; i <= plan->n_steps; i++)
    {
      if (plan->steps != NULL && (at >= plan->steps->len || g_array_index (plan->steps, guint, at) != i))
        continue;
      at++;
      shared->step = i;
      sim_step_run (world, i);
      if (plan->trap != NULL && contains (plan->trap, i) && ++n_trapped == plan->trap->len)
        sim_oracle_fail (world->oracle, 99, "it stepped into the trap");
    }
  shared->step = plan->n_steps + 1;
  sim_world_calm (world);
  shared->hash = sim_oracle_get_hash (world->oracle);
  sim_oracle_get_counts (world->oracle)->transactions = sim_store_get_n_transactions (world->store);
  add_counts (&shared->counts, sim_oracle_get_counts (world->oracle));
  sim_world_free (world);
}

/* The line that says what was wrong. */
static char *
find_reason (int file)
{
  char text[MAX_TEXT + 1];
  gssize n = pread (file, text, MAX_TEXT, 0);
  char *line;

  text[MAX (n, 0)] = '\0';
  line = strstr (text, "invariant ");
  if (line == NULL)
    line = strstr (text, "ERROR");
  if (line == NULL)
    line = text;
  return g_strndup (line, strcspn (line, "\n"));
}

static SimFailure *
make_failure (const Shared *shared,
              int           file,
              int           status)
{
  SimFailure *failure = g_new0 (SimFailure, 1);
  g_autofree char *reason = find_reason (file);

  failure->seed = shared->seed;
  failure->step = shared->step;
  sscanf (reason, "invariant %u", &failure->invariant);
  if (*reason != '\0')
    failure->text = g_steal_pointer (&reason);
  else if (WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM)
    failure->text = g_strdup ("it does not come to an end");
  else
    failure->text = g_strdup_printf ("it ended with status %d", status);
  return failure;
}

static Shared *
share (void)
{
  Shared *shared = mmap (NULL, sizeof (Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (shared == MAP_FAILED)
    g_error ("no shared memory: %s", g_strerror (errno));
  return shared;
}

/* 0 in the child. What it prints as errors goes to a file without a name. */
static pid_t
fork_worker (int *output)
{
  pid_t pid;

  *output = memfd_create ("sim", MFD_CLOEXEC);
  fflush (NULL);
  pid = fork ();
  if (pid < 0)
    g_error ("no more processes: %s", g_strerror (errno));
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      dup2 (*output, STDERR_FILENO);
    }
  return pid;
}

SimFailure *
sim_run (const SimRun *plan,
         guint64      *hash)
{
  Shared *shared = share ();
  SimFailure *failure = NULL;
  int output, status;
  pid_t pid;

  shared->seed = plan->seed;
  pid = fork_worker (&output);
  if (pid == 0)
    {
      alarm (RUN_SECONDS);
      run (plan, shared);
      fflush (NULL);
      _exit (0);
    }
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (status != 0)
    failure = make_failure (shared, output, status);
  if (hash != NULL)
    *hash = shared->hash;
  close (output);
  munmap (shared, sizeof (Shared));
  return failure;
}

static void
work (Worker  *worker,
      guint64  end,
      guint    stride,
      guint    n_steps)
{
  for (guint64 seed = worker->next; seed < end; seed += stride)
    {
      SimRun plan = { .seed = seed, .n_steps = n_steps };

      alarm (RUN_SECONDS);
      worker->shared->seed = seed;
      run (&plan, worker->shared);
    }
  worker->shared->is_done = TRUE;
  _exit (0);
}

static void
start_worker (Worker  *worker,
              guint64  end,
              guint    stride,
              guint    n_steps)
{
  worker->shared->is_done = FALSE;
  worker->pid = fork_worker (&worker->output);
  if (worker->pid == 0)
    work (worker, end, stride, n_steps);
}

static Worker *
find_worker (Worker *workers,
             guint   n,
             pid_t   pid)
{
  for (guint i = 0; i < n; i++)
    if (workers[i].pid == pid)
      return &workers[i];
  return NULL;
}

guint
sim_run_many (guint64    first,
              guint64    n,
              guint      n_steps,
              guint      jobs,
              guint      max_failures,
              SimCounts *counts,
              SimFailed  failed,
              gpointer   user_data)
{
  g_autofree Worker *workers = g_new0 (Worker, jobs);
  guint n_failed = 0;
  int status;
  pid_t pid;

  for (guint i = 0; i < jobs; i++)
    {
      workers[i].shared = share ();
      workers[i].next = first + i;
      start_worker (&workers[i], first + n, jobs, n_steps);
    }
  while ((pid = waitpid (-1, &status, 0)) > 0 || errno == EINTR)
    {
      Worker *worker = find_worker (workers, jobs, pid);

      if (worker == NULL)
        continue;
      if (!worker->shared->is_done)
        {
          g_autoptr(SimFailure) failure = make_failure (worker->shared, worker->output, status);

          n_failed++;
          failed (failure, user_data);
          worker->next = failure->seed + jobs;
        }
      close (worker->output);
      if (!worker->shared->is_done && n_failed <= max_failures && worker->next < first + n)
        start_worker (worker, first + n, jobs, n_steps);
    }
  for (guint i = 0; i < jobs; i++)
    {
      add_counts (counts, &workers[i].shared->counts);
      munmap (workers[i].shared, sizeof (Shared));
    }
  return n_failed;
}
