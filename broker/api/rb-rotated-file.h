/* rb-rotated-file.h: a file of lines that stays below a size
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* NAME, NAME.1 (older), NAME.2 ... (IMP-10). Mode 0600. One thread at a time. */
typedef struct _RbRotatedFile RbRotatedFile;

/* @size_max: bytes of one file; a longer line stands alone in its file. @files: how many there are, the current one included.
 * Continues an existing file. Fails with an error of the domain G_FILE_ERROR. */
RbRotatedFile *rb_rotated_file_new   (const char *path, gsize size_max, guint files, GError **error);
void           rb_rotated_file_free  (RbRotatedFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRotatedFile, rb_rotated_file_free)

/* Appends with one write(). After a failure the next call tries again, opening the file anew where that is needed. */
gboolean       rb_rotated_file_write (RbRotatedFile *self, const char *text, gsize length, GError **error);

G_END_DECLS
