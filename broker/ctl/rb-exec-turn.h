/* rb-exec-turn.h: a turn whose work a program does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-exec-runner.h"
#include "rb-turn.h"

G_BEGIN_DECLS

/* How long a message may wait for its turn before it is accepted anyway: well below the broker's acceptance deadline of 30 s.
 * Until then it can still go back to the inbox as if nothing had been. */
#define RB_EXEC_TURN_PATIENCE_MS 10000

/* Waits for a turn of @runner, accepts, runs, replies or reports the failure. When @stop is cancelled, the program is ended and the
 * failure is reported as "adapter_stopped", retryable. Finishes when the broker knows the outcome. @reply FALSE: the output
 * is thrown away. */
void      rb_exec_turn_run_async  (RbTurn              *turn,
                                   RbExecRunner        *runner,
                                   RbClock             *clock,
                                   gboolean             reply,
                                   GCancellable        *stop,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
/* FALSE: with the reason why there was no reply. */
gboolean  rb_exec_turn_run_finish (RbTurn              *turn,
                                   GAsyncResult        *result,
                                   GError             **error);

/* "NAME=value" for the program: RB_MESSAGE_ID and so on; absent ones are empty. */
GStrv     rb_exec_turn_make_environment (RbTurn        *turn);
/* Output as the content of a reply: UTF-8, without the last line break. */
char     *rb_exec_turn_make_content     (GBytes        *output);

G_END_DECLS
