/* rb-client-calls.h: what an adapter asks of the broker, for one endpoint
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client.h"

G_BEGIN_DECLS

/* The client keeps the endpoint and brings it back after a reconnect, until it is unregistered. */
void               rb_client_register_async    (RbClient                   *self,
                                                const RbClientRegistration *registration,
                                                GCancellable               *cancellable,
                                                GAsyncReadyCallback         callback,
                                                gpointer                    user_data);
RbClientEndpoint  *rb_client_register_finish   (RbClient                   *self,
                                                GAsyncResult               *result,
                                                GError                    **error);
/* Whatever the broker answers, the client does not bring the endpoint back. */
void               rb_client_unregister_async  (RbClient                   *self,
                                                RbClientEndpoint           *endpoint,
                                                GCancellable               *cancellable,
                                                GAsyncReadyCallback         callback,
                                                gpointer                    user_data);
gboolean           rb_client_unregister_finish (RbClient                   *self,
                                                GAsyncResult               *result,
                                                GError                    **error);

/* Sends once (protocol.md 8). Nothing tells the broker that two calls mean one message, so it is never repeated by itself; a broken
 * connection is RB_ERROR_OUTCOME_UNKNOWN. @content_type: (nullable): "text". @metadata: (nullable): a JSON object. */
void               rb_client_send_async        (RbClient                   *self,
                                                RbClientEndpoint           *endpoint,
                                                const char                 *to,
                                                const char                 *content,
                                                const char                 *content_type,
                                                GBytes                     *metadata,
                                                GCancellable               *cancellable,
                                                GAsyncReadyCallback         callback,
                                                gpointer                    user_data);
/* @message_id, @status ("delivered" or "stored"), @correlation_id (NULL when the broker does not tell): may be NULL */
gboolean           rb_client_send_finish       (RbClient                   *self,
                                                GAsyncResult               *result,
                                                char                      **message_id,
                                                char                      **status,
                                                char                      **correlation_id,
                                                GError                    **error);

/* A processing state of an assignment (protocol.md 11.7). Until answered; @state is the id as well, so once is enough. */
typedef struct {
  const char *state;
  gint64      sequence;
  gboolean    retryable;     /* of processing_failed */
  const char *reason_code;   /* (nullable) */
  const char *detail;        /* (nullable) */
} RbClientReport;

void               rb_client_report_async      (RbClient                   *self,
                                                RbClientEndpoint           *endpoint,
                                                RbClientMessage            *message,
                                                const RbClientReport       *report,
                                                GCancellable               *cancellable,
                                                GAsyncReadyCallback         callback,
                                                gpointer                    user_data);
gboolean           rb_client_report_finish     (RbClient                   *self,
                                                GAsyncResult               *result,
                                                GError                    **error);

/* Answers an assignment (protocol.md 11.8), until answered. The same @reply_request_id never sends a second message. */
void               rb_client_reply_async       (RbClient                   *self,
                                                RbClientEndpoint           *endpoint,
                                                RbClientMessage            *message,
                                                const char                 *reply_request_id,
                                                const char                 *content,
                                                const char                 *content_type,
                                                GCancellable               *cancellable,
                                                GAsyncReadyCallback         callback,
                                                gpointer                    user_data);
gboolean           rb_client_reply_finish      (RbClient                   *self,
                                                GAsyncResult               *result,
                                                char                      **message_id,
                                                char                      **status,
                                                GError                    **error);

/* Answers a message that came without an assignment, to its sender. Waits while the broker is away; sent at most once. */
void               rb_client_answer_async      (RbClient                   *self,
                                                RbClientEndpoint           *endpoint,
                                                RbClientMessage            *message,
                                                const char                 *content,
                                                const char                 *content_type,
                                                GCancellable               *cancellable,
                                                GAsyncReadyCallback         callback,
                                                gpointer                    user_data);
gboolean           rb_client_answer_finish     (RbClient                   *self,
                                                GAsyncResult               *result,
                                                char                      **message_id,
                                                char                      **status,
                                                GError                    **error);

G_END_DECLS
