/* rb-client-start.h: finds a healthy broker and, when asked, starts one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-http.h"

G_BEGIN_DECLS

/* Source: protocol.md 21.2. A broker is never killed, whatever version it says. Fails with
 * RB_ERROR_NOT_FOUND "broker_not_running" when none runs and @options do not ask to start one,
 * RB_ERROR_UNAVAILABLE "broker_unreachable" when one is named by its files but does not answer,
 * RB_ERROR_REJECTED "broker_start_failed" when the daemon cannot be started or ends at once,
 * RB_ERROR_REJECTED or RB_ERROR_UNAVAILABLE and the service's reason when the session has started it and it cannot serve,
 * RB_ERROR_TIMED_OUT "broker_start_timeout" when it did not become healthy in time. */
void           rb_client_start_async  (const RbClientOptions *options,
                                       RbClock               *clock,
                                       GCancellable          *cancellable,
                                       GAsyncReadyCallback    callback,
                                       gpointer               user_data);
RbClientHttp  *rb_client_start_finish (GAsyncResult          *result,
                                       GError               **error);

/* The daemon's program: the option, else beside the running program, else on PATH. NULL when there is none. */
char          *rb_client_start_dup_program (const RbClientOptions *options);

G_END_DECLS
