/* rb-undispatched.h: the inbox as adapters may see it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* One item of GET /v1/undispatched (protocol.md 10.5); strings are NULL where "when present" */
typedef struct {
  char   *id;
  char   *source_message_id;
  gint64  arrived_at;
  char   *sender_address;
  GBytes *content;               /* JSON string slice */
  char   *content_type;
  GBytes *metadata;              /* JSON object slice */
  char   *reason;
  char   *claim_policy;
  char   *active_assignment_id;
  char   *active_target_endpoint_id;
  GVariant *conversation_ref;    /* a{sv} */
  char   *original_target_endpoint_id;
  char   *original_correlation_id;
} RbListedMessage;

void       rb_listed_message_free (RbListedMessage *self);

/* @endpoint_id: NULL when the query had none */
void       rb_undispatched_list_async   (RbCore *core, const RbCaller *caller, const char *endpoint_id, GAsyncReadyCallback callback,
                                         gpointer user_data);
GPtrArray *rb_undispatched_list_finish  (RbCore *core, GAsyncResult *result, GError **error);   /* of RbListedMessage */

void       rb_undispatched_count_async  (RbCore *core, const RbCaller *caller, const char *endpoint_id, GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean   rb_undispatched_count_finish (RbCore *core, GAsyncResult *result, guint *n, GError **error);

G_END_DECLS
