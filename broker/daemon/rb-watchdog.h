/* rb-watchdog.h: ends the process when stopping takes too long
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A thread of its own, because what it guards against may be a main loop that does not turn. Source: protocol.md 19 step 1. */
typedef struct _RbWatchdog RbWatchdog;

/* After @timeout_ms logs `shutdown_watchdog_force_exit`, calls @last (nullable) in its thread, and leaves the process with code 0. */
typedef void (*RbWatchdogFunc) (gpointer user_data);
RbWatchdog *rb_watchdog_start  (gint64 timeout_ms, RbWatchdogFunc last, gpointer user_data);
/* Frees it. */
void        rb_watchdog_cancel (RbWatchdog *self);

G_END_DECLS
