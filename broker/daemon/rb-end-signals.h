/* rb-end-signals.h: the signals that ask the process to end, none of which is lost
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <signal.h>

G_BEGIN_DECLS

/* SIGTERM and SIGINT are blocked in every thread, for good, and read from a descriptor. One that comes while nobody reads, such as between two
 * brokers in one process, waits in the kernel, also over exec, and the next one reads it first. Programs that we start have them unblocked. */

/* Before there is another thread. */
void   rb_end_signals_block (void);

typedef void (*RbEndSignalFunc) (const char *name, gpointer user_data);     /* "SIGTERM" */
/* A source of the default main context; 0: there is no descriptor to be had. */
guint  rb_end_signals_watch (RbEndSignalFunc func, gpointer user_data);

/* What has to be blocked in whoever executes the next program. */
void   rb_end_signals_fill  (sigset_t *set);

G_END_DECLS
