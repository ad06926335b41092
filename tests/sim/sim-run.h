/* sim-run.h: runs of seeds, in processes of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-oracle.h"

G_BEGIN_DECLS

/* One run. @steps: which of its steps are done; NULL: all of them. */
typedef struct {
  guint64       seed;
  guint         n_steps;
  const GArray *steps;        /* of guint, ascending, from 1 */
  const GArray *trap;         /* of guint: a made-up failure once all of these were done, for tests; NULL: none */
  gboolean      is_traced;
} SimRun;

typedef struct {
  guint64  seed;
  guint    step;              /* where it failed */
  guint    invariant;         /* 0: it crashed, or leaked */
  char    *text;
} SimFailure;

void        sim_failure_free (SimFailure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimFailure, sim_failure_free)

/* NULL: it passed. @hash: (out) (optional): of everything that was seen; the same in each run of a seed. */
SimFailure *sim_run          (const SimRun *run, guint64 *hash);

typedef void (*SimFailed) (const SimFailure *failure, gpointer user_data);
/* Seeds from @first, @n of them, in @jobs processes. @failed: called for each that failed. Returns how many did; more than @max_failures end it. */
guint       sim_run_many     (guint64 first, guint64 n, guint n_steps, guint jobs, guint max_failures, SimCounts *counts,
                              SimFailed failed, gpointer user_data);

G_END_DECLS
