/* rb-buffer-file.h: the peer's file of messages that waited for an endpoint to come back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 3.9. One JSON object a line. */
typedef struct {
  GPtrArray *messages;       /* of RbImportedMessage, in the order of the file */
  guint      n_assignments;  /* lines that are promises: their messages are the upstream's, which gives them out again */
  guint      n_damaged;      /* lines that say nothing we understand */
} RbBufferFile;

/* Pure. @now: epoch-ms, for a line whose time cannot be read. */
RbBufferFile *rb_buffer_file_parse (const char *text, gsize length, gint64 now);
void          rb_buffer_file_free  (RbBufferFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBufferFile, rb_buffer_file_free)

G_END_DECLS
