/* rb-exec-process.h: one child process: input in, output out, ended for certain
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-clock.h"

G_BEGIN_DECLS

#define RB_EXEC_OUTPUT_MAX (4 * 1024 * 1024)

/* Runs @argv (found on PATH) in a process group of its own: @input on its stdin, its stdout kept, its stderr ours.
 * @environment: (nullable): "NAME=value" on top of ours. @timeout_ms 0: none. When time is up or @cancellable says so, the group
 * gets SIGTERM and, 2 s later, SIGKILL; the call ends when the child has. What a finished program left running in its
 * group is ended too. */
void     rb_exec_process_run_async  (const char *const   *argv,
                                     const char *const   *environment,
                                     GBytes              *input,
                                     gint64               timeout_ms,
                                     RbClock             *clock,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
/* The output of a program that ended with status 0. Otherwise RB_ERROR_REJECTED "exit_status" or "killed_by_signal",
 * RB_ERROR_TIMED_OUT "timeout", RB_ERROR_TOO_LARGE "output_too_large" (above RB_EXEC_OUTPUT_MAX), RB_ERROR_NOT_FOUND
 * "program_not_started", or G_IO_ERROR_CANCELLED. */
GBytes  *rb_exec_process_run_finish (GAsyncResult        *result,
                                     GError             **error);

G_END_DECLS
