/* rb-program-log.h: the output of a runtime that no service manager keeps
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RB_PROGRAM_TAIL_BYTES 65536
#define RB_PROGRAM_LOGS_MAX 64     /* runtimes whose output is kept; of more the oldest goes that runs no more */

/* The runtime writes to the file itself, and so goes on when the broker ends. What it writes is cut from here. */

/* Where that of the name goes. Makes room for it. Fails with RB_ERROR_UNAVAILABLE "spawn_failed". */
char *rb_program_log_dup_path (const char *state_dir, const char *name, GError **error);
/* While @fd, or what became of it in the runtime, is open, it is not made room of. */
gboolean rb_program_log_hold (int fd);
/* The end of it as valid UTF-8, at most RB_PROGRAM_TAIL_BYTES; "" when there is none. */
char *rb_program_log_dup_tail (const char *log_file);
/* Above @max_bytes it is moved to LOG.1, of which the end of that length is kept. Who writes, with O_APPEND, goes on writing. */
void  rb_program_log_trim     (const char *log_file, gint64 max_bytes);

G_END_DECLS
