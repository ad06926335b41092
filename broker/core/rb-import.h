/* rb-import.h: messages that another broker of this account accepted and left in files of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

typedef struct {
  char       *id;            /* never seen means never imported: the same id again has no second effect */
  RbEnvelope *envelope;      /* its id: what the network called the message; NULL: nothing */
  gint64      arrived_at;    /* epoch-ms */
} RbImportedMessage;

/* Takes @id; references @envelope. */
RbImportedMessage *rb_imported_message_new  (char *id, RbEnvelope *envelope, gint64 arrived_at);
void               rb_imported_message_free (RbImportedMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbImportedMessage, rb_imported_message_free)

/* Puts @messages (of RbImportedMessage, in their order) into the inbox as what is left of a closed session, whatever the inbox's limit:
 * the network has forgotten them. @endpoint_id: whose they were, a hint. Finishes when they are durable, those we knew too; their file
 * may go then. Source: protocol.md 3.9, IMP-9. */
void      rb_import_async  (RbCore *core, GPtrArray *messages, const char *endpoint_id, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_import_finish (RbCore *core, GAsyncResult *result, guint *n_new, GError **error);

G_END_DECLS
