/* rb-file.h: small files written so that a crash leaves the old or the new one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 3.6 and IMP-6 (O_EXCL | O_NOFOLLOW, file and directory flushed). Parents are created with 0700. */
gboolean  rb_file_write_atomic   (const char *path, const char *text, gssize length, guint mode, GError **error);
/* Creates @path and its parents with 0700 where missing; existing ones keep their mode. */
gboolean  rb_file_make_directory (const char *path, GError **error);

G_END_DECLS
