/* rb-send.h: an adapter sends a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-changes.h"
#include "rb-core.h"

G_BEGIN_DECLS

typedef struct {
  char     *endpoint_id;
  char     *to;
  GBytes   *content;          /* JSON string slice */
  char     *content_type;     /* NULL: text */
  GBytes   *metadata;         /* JSON object slice; NULL: {} */
  gboolean  require_live;
} RbSendRequest;

void      rb_send_request_clear (RbSendRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbSendRequest, rb_send_request_clear)

/* protocol.md section 8 */
void      rb_send_async   (RbCore *core, const RbCaller *caller, const RbSendRequest *request, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean  rb_send_finish  (RbCore *core, GAsyncResult *result, char **message_id, RbSendStatus *status, char **correlation_id,
                           GError **error);

/* Whoever still waits for the network's answer is told that nobody knows. */
void      rb_sends_give_up (RbCore *core);
/* The store writes nothing (@why): what it has yet to write before the network is asked is not sent, and its callers hear so. */
void      rb_sends_drop_unstored (RbCore *core, const char *why);

G_END_DECLS
