/* rb-check-runner.h: runs each case in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-case.h"

G_BEGIN_DECLS

typedef struct {
  const RbCheckCase *info;
  RbCheckResult      result;
  gboolean           expected;   /* listed as an expected failure */
  char              *reason;     /* why it failed, or was skipped; NULL: it passed */
  char              *log;        /* what the module said meanwhile */
  gint64             ms;
  char              *directory;  /* it had while it ran */
  char              *log_path;   /* there */
} RbCheckOutcome;

void            rb_check_outcome_free (RbCheckOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbCheckOutcome, rb_check_outcome_free)

/* Whether the run fails for it. */
gboolean        rb_check_outcome_is_bad (const RbCheckOutcome *self, gboolean strict);

RbCheckOutcome *rb_check_runner_run  (const RbCheckOptions *options,
                                      const RbModuleInfo   *info,
                                      const RbCheckCase    *info_case);
/* Loads the module, in a process of its own first: what it does when it is loaded ends that one. NULL with @error: why it cannot be loaded. */
const RbModuleInfo *rb_check_runner_load (const RbCheckOptions *options,
                                          GError              **error);

G_END_DECLS
