/* rb-reply.h: an adapter answers an assignment, once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* protocol.md 11.8 */
typedef struct {
  char   *endpoint_id;
  gint64  plugin_pid;
  char   *endpoint_owner_token;    /* NULL when absent */
  char   *source_message_id;
  char   *assignment_id;
  char   *reply_request_id;        /* NULL or "" is answered with its own code */
  GBytes *content;                 /* JSON string slice */
  char   *content_type;            /* NULL: text */
  GBytes *metadata;                /* JSON object slice; NULL: {} */
} RbReplyRequest;

void      rb_reply_request_clear (RbReplyRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbReplyRequest, rb_reply_request_clear)

void      rb_reply_async   (RbCore *core, const RbCaller *caller, const RbReplyRequest *request, GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean  rb_reply_finish  (RbCore *core, GAsyncResult *result, char **message_id, char **status, GError **error);

G_END_DECLS
