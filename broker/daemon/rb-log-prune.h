/* rb-log-prune.h: forgets the logs of processes that ended long ago
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Each start makes a file of its own, so without this the directory would grow for ever. Of the files broker-<pid>.log* whose process
 * is gone, those of the newest @keep processes stay. @own_pid is left alone. Failures are ignored. */
void      rb_log_prune     (const char *directory, gint64 own_pid, guint keep);
/* The pid in "broker-<pid>.log" or "broker-<pid>.log.<n>"; 0 for any other name. */
gint64    rb_log_prune_pid (const char *name);

G_END_DECLS
