/* rb-program.h: asks the daemon's program something that needs no running broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

typedef struct {
  const char *const *arguments;    /* NULL-terminated */
  GBytes            *input;        /* (nullable) for its standard input; neither with @input_fd */
  int                input_fd;     /* its standard input; 0: ours or (unless @reads) the null device. Stays the caller's */
  gboolean           reads;        /* it reads our standard input */
  gint64             timeout_ms;   /* then it is killed */
} RbProgramRun;

/* Waits until it has ended. It knows the account and the data directory. @output, @errors: (out) (optional): what it wrote, valid UTF-8.
 * Returns: its exit status, or -1 with an error: RB_ERROR_NOT_FOUND "no_program", RB_ERROR_TIMED_OUT "program_timeout", RB_ERROR_INTERNAL
 * "program_failed" when it did not end by itself or cannot be run */
int rb_program_run (RbCtl *ctl, const RbProgramRun *run, char **output, char **errors, GError **error);

G_END_DECLS
