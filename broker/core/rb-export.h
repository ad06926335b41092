/* rb-export.h: all that is kept, page by page
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

#define RB_EXPORT_VERSION 2      /* 1: the "message_id" of a reply was that of the message that it answers */

typedef struct {
  const char *cursor;         /* what the last page gave; NULL: the first */
  gint64      since;          /* epoch-ms, inclusive; 0: any */
  gint64      until;          /* exclusive; 0: any */
  gboolean    has_content;    /* also what was said */
} RbExportRequest;

/* In a stable order: endpoints, messages, assignments, replies and events that live, then the archive, oldest first. What ends while it is
 * exported may come twice, and never not at all. Answers with a{sv}: "lines" aa{sv}, each with a "type"; "cursor" unless that was all. Nothing
 * in it lets anybody act: no token, no nonce. Fails with RB_ERROR_INVALID "bad_request". */
void      rb_export_async  (RbCore *core, const RbExportRequest *request, GAsyncReadyCallback callback, gpointer user_data);
GVariant *rb_export_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
