/* rb-history.h: an adapter reads what was said in a conversation before
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* POST /v1/runtime/session-conversation-history, protocol.md 10.7. Strings are NULL where the body has none. */
typedef struct {
  char     *endpoint_id;
  gint64    plugin_pid;              /* 0: none */
  char     *endpoint_owner_token;
  GVariant *conversation_ref;        /* a{sv}, sunk; NULL: the body has no such object */
  gboolean  has_limit;
  gint64    limit;
  char     *before;
  char     *after;
} RbHistoryRequest;

void      rb_history_request_clear (RbHistoryRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbHistoryRequest, rb_history_request_clear)

void      rb_history_async  (RbCore *core, const RbCaller *caller, const RbHistoryRequest *request, GAsyncReadyCallback callback,
                             gpointer user_data);
/* a{sv} with the members of 14.11 */
GVariant *rb_history_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
