/* rb-daemon.h: the parts of the broker, put together, started and stopped in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-credentials.h"
#include "rb-launch.h"
#include "rb-settings.h"
#include "rb-setup.h"

G_BEGIN_DECLS

typedef struct _RbDaemon RbDaemon;

/* From here on SIGTERM and SIGINT end the process in order, SIGUSR2 does for a service manager that starts it again at once, SIGUSR1 restarts it
 * in place, and SIGPIPE is ignored. One at a time. @launch: borrowed. @inherited: (transfer full) (nullable): what the last one left. @setup:
 * borrowed: what the settings are read with. */
RbDaemon *rb_daemon_new  (RbLaunch *launch, RbHandover *inherited, const RbSetupOptions *setup);
void      rb_daemon_free (RbDaemon *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDaemon, rb_daemon_free)

/* The bus has started us (--activated): who called is told when and why we cannot serve. */
void      rb_daemon_set_activated (RbDaemon *self);
/* Starts with @settings and @credentials (nullable: profile local mints its own), both (transfer full), runs until a reason to stop,
 * and stops. Returns the exit code of protocol.md 3.7; what a person must know stands on standard error, and where it listens on a
 * standard output that is a terminal. */
int       rb_daemon_run  (RbDaemon *self, RbSettings *settings, RbCredentials *credentials);
/* (transfer full) (nullable): after the run, that it is to be followed by another one in its place. @launch is prepared for it. */
RbHandover *rb_daemon_steal_next (RbDaemon *self);
/* Each of @problems (of char *) on standard error, one a line, so that one start shows them all; in the log where nobody reads that. */
void      rb_daemon_report_problems (const RbSettings *settings, GPtrArray *problems);
/* The person has to be asked before the start can go on: until then who calls us on the bus is answered with @why. */
void      rb_daemon_tell_callers_asked (const GError *why, gpointer user_data);
/* The same for those for whom a service manager or (@is_activated) the bus has started us. */
void      rb_daemon_turn_away (GPtrArray *problems, gboolean is_activated);

G_END_DECLS
