/* rb-exec-runner.h: runs one program for many inputs, so many at a time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-clock.h"

G_BEGIN_DECLS

#define RB_TYPE_EXEC_RUNNER (rb_exec_runner_get_type ())
G_DECLARE_FINAL_TYPE (RbExecRunner, rb_exec_runner, RB, EXEC_RUNNER, GObject)

/* @concurrency at least 1; @timeout_ms 0: none. */
RbExecRunner *rb_exec_runner_new         (const char *const   *argv,
                                          guint                concurrency,
                                          gint64               timeout_ms,
                                          RbClock             *clock);
guint         rb_exec_runner_get_running (RbExecRunner        *self);
guint         rb_exec_runner_get_waiting (RbExecRunner        *self);

/* Waits for its turn, in the order asked. A turn taken is either run or given back. */
void          rb_exec_runner_take_async  (RbExecRunner        *self,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
gboolean      rb_exec_runner_take_finish (RbExecRunner        *self,
                                          GAsyncResult        *result,
                                          GError             **error);
void          rb_exec_runner_give_back   (RbExecRunner        *self);

/* Uses up a turn. Result and errors: rb-exec-process.h. */
void          rb_exec_runner_run_async   (RbExecRunner        *self,
                                          GBytes              *input,
                                          const char *const   *environment,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
GBytes       *rb_exec_runner_run_finish  (RbExecRunner        *self,
                                          GAsyncResult        *result,
                                          GError             **error);

G_END_DECLS
