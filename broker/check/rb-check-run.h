/* rb-check-run.h: one case, running in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-options.h"

G_BEGIN_DECLS

typedef enum { RB_CHECK_PASS, RB_CHECK_FAIL, RB_CHECK_SKIP } RbCheckResult;

typedef struct _RbCheckRun RbCheckRun;

/* @directory: of this case alone; it vanishes afterwards. @result_fd: where the result is written. */
RbCheckRun           *rb_check_run_new           (const RbCheckOptions *options,
                                                  const RbModuleInfo   *info,
                                                  const char           *directory,
                                                  int                   result_fd);
void                  rb_check_run_free          (RbCheckRun           *self);
const RbCheckOptions *rb_check_run_get_options   (RbCheckRun           *self);
const RbModuleInfo   *rb_check_run_get_info      (RbCheckRun           *self);
const char           *rb_check_run_get_directory (RbCheckRun           *self);
RbClock              *rb_check_run_get_clock     (RbCheckRun           *self);
/* What lives as long as the case. */
void                  rb_check_run_keep          (RbCheckRun           *self,
                                                  gpointer              data,
                                                  GDestroyNotify        free_func);

/* All of these end the process, and with it the case. */
void                  rb_check_fail              (RbCheckRun           *self,
                                                  const char           *format,
                                                  ...) G_GNUC_PRINTF (2, 3) G_GNUC_NORETURN;
void                  rb_check_skip              (RbCheckRun           *self,
                                                  const char           *format,
                                                  ...) G_GNUC_PRINTF (2, 3) G_GNUC_NORETURN;
/* The result of a case that came to its end; the process goes on, and what it leaks is looked for. */
void                  rb_check_pass              (RbCheckRun           *self);

#define rb_check_that(run, condition, ...)                                                                                                  \
  G_STMT_START { if (!(condition)) rb_check_fail (run, __VA_ARGS__); } G_STMT_END

/* Turns the main loop, once; for 10 ms at most. */
void                  rb_check_turn_once         (RbCheckRun           *self);
void                  rb_check_turn              (RbCheckRun           *self,
                                                  gint64                ms);
gint64                rb_check_patience_us       (RbCheckRun           *self);

/* Turns the main loop until @condition holds; the case fails with what it waited for. */
#define rb_check_until(run, condition, ...)                                                                                                 \
  G_STMT_START                                                                                                                              \
    {                                                                                                                                       \
      gint64 until_ = g_get_monotonic_time () + rb_check_patience_us (run);                                                                 \
      while (!(condition))                                                                                                                  \
        {                                                                                                                                   \
          if (g_get_monotonic_time () > until_)                                                                                             \
            rb_check_fail (run, __VA_ARGS__);                                                                                               \
          rb_check_turn_once (run);                                                                                                         \
        }                                                                                                                                   \
    }                                                                                                                                       \
  G_STMT_END

/* How many file descriptors and threads this process has. */
guint                 rb_check_count_fds         (void);
guint                 rb_check_count_threads     (void);

G_END_DECLS
