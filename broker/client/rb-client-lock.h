/* rb-client-lock.h: the spawn lock: of many clients that find no broker, one starts it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 21.3. The file is shared with other client libraries, so its format and rules are theirs. */

/* TRUE with @taken when the lock is ours now; TRUE without when somebody else holds it; FALSE when the file system refused.
 * The lock of a dead process, and an unreadable one older than 10 s (IMP-56), is taken over. */
gboolean  rb_client_lock_try     (const char  *path,
                                  gboolean    *taken,
                                  GError     **error);
/* Deletes the file if it still names us. */
void      rb_client_lock_release (const char  *path);

G_END_DECLS
