/* rb-file.h: small files written so that a crash leaves the old or the new one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 3.6 and IMP-6 (O_EXCL | O_NOFOLLOW, file and directory flushed). Parents are created with 0700. */
gboolean  rb_file_write_atomic   (const char *path, const char *text, gssize length, guint mode, GError **error);
/* As above, but fails with G_FILE_ERROR_EXIST where @path exists: of two starters one wins, and no reader sees half a file. */
gboolean  rb_file_create_exclusive (const char *path, const char *text, gssize length, guint mode, GError **error);
/* At a start, before anything is written in @directory: unlinks what processes that died in the middle of the above left there. */
void      rb_file_remove_leftovers (const char *directory);
/* A regular file of at most @max_bytes, with a NUL behind it; RB_ERROR_TOO_LARGE, or the domain G_FILE_ERROR. Never blocks on a
 * FIFO. */
char     *rb_file_read           (const char *path, gsize max_bytes, gsize *length, GError **error);
/* Creates @path and its parents with 0700 where missing; existing ones keep their mode. */
gboolean  rb_file_make_directory (const char *path, GError **error);

G_END_DECLS
