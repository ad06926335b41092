/* rb-daemon.h: the parts of the broker, put together, started and stopped in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-credentials.h"
#include "rb-settings.h"

G_BEGIN_DECLS

typedef struct _RbDaemon RbDaemon;

/* From here on SIGTERM and SIGINT end the process in order, and SIGPIPE is ignored. One in a process. */
RbDaemon *rb_daemon_new  (void);
void      rb_daemon_free (RbDaemon *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDaemon, rb_daemon_free)

/* Starts with @settings and @credentials (nullable: profile local mints its own), both (transfer full), runs until a reason to stop,
 * and stops. Returns the exit code of protocol.md 3.7; what a person must know stands on standard error, and where it listens on a
 * standard output that is a terminal. */
int       rb_daemon_run  (RbDaemon *self, RbSettings *settings, RbCredentials *credentials);
/* Each of @problems (of char *) on standard error, one a line, so that one start shows them all; in the log where nobody reads that. */
void      rb_daemon_report_problems (const RbSettings *settings, GPtrArray *problems);

G_END_DECLS
