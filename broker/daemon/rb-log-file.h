/* rb-log-file.h: where the log lines of the process go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-log-levels.h"

G_BEGIN_DECLS

/* GLib takes one writer function for the life of the process, so this is the one part with state of its own. Until a file is opened
 * the lines go to standard error and the journal alone. Safe from any thread. */

/* The writer: what GLib calls for each record. */
GLogWriterOutput rb_log_write (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data);

/* Once, first thing in main(). @verbose: everything wanted goes to standard error too, not only warnings on a terminal. */
void      rb_log_install    (gboolean verbose);
/* (transfer full) */
void      rb_log_set_levels (RbLogLevels *levels);
/* From now on @secret is written as "[secret]". */
void      rb_log_add_secret (const char *secret);
/* <directory>/broker-<pid>.log, 0600, rotated. Of earlier processes' logs the newest @keep stay. Fails with an error of the domain
 * G_FILE_ERROR. */
gboolean  rb_log_open       (const char *directory, gsize size_max, guint files, guint keep, GError **error);
void      rb_log_close      (void);

G_END_DECLS
