/* rb-client-wake.h: has the session start its broker, by the service manager's socket or by the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-client-options.h"
#include "rb-clock.h"

G_BEGIN_DECLS

/* For whoever holds the spawn lock (protocol.md 21.2, step 4). Starts nothing where the service would be another broker than the one @options
 * mean (rb-client-service.h). Ends at @deadline_us of @clock. */
void      rb_client_wake_async  (const RbClientOptions *options,
                                 RbClock               *clock,
                                 gint64                 deadline_us,
                                 GCancellable          *cancellable,
                                 GAsyncReadyCallback    callback,
                                 gpointer               user_data);

/* @woken: a broker is there or on its way, and will be found; otherwise nobody answers, and nobody was started. @said: (nullable): what it had to say
 * beside that. Fails with what a service says that was started and cannot serve, and with RB_ERROR_TIMED_OUT "broker_start_timeout". */
gboolean  rb_client_wake_finish (GAsyncResult          *result,
                                 gboolean              *woken,
                                 char                 **said,
                                 GError               **error);

G_END_DECLS
