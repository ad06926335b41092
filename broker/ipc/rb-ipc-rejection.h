/* rb-ipc-rejection.h: the log line of a request that was not granted
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A 500 of ours is an error; everything else is a caller's. @message, @details: (nullable) as in the error; protocol.md 3.10. */
void rb_ipc_rejection_log (const char *method, const char *target, guint status, const char *code, const char *message,
                           GVariant *details);

G_END_DECLS
