/* rb-client-work.h: what an adapter says about a message that it has: states, replies, answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client.h"

G_BEGIN_DECLS

/**
 * RbClientState:
 * @RB_CLIENT_STATE_ACCEPTED: the runtime has it and will work on it: say so before the acceptance deadline
 * @RB_CLIENT_STATE_STARTED: it works on it
 * @RB_CLIENT_STATE_WAITING: it waits for something that the runtime cannot do now
 * @RB_CLIENT_STATE_INTERRUPTED: the work was interrupted
 * @RB_CLIENT_STATE_EXPIRED: it came too late to be of use
 *
 * What an adapter says about an assignment. Failure has a call of its own,
 * [method@Rb.Client.fail_async]; what a reply means the broker says by itself.
 *
 * Source: sections 11.7 and 16.5 of the broker's protocol.
 */
typedef enum {
  RB_CLIENT_STATE_ACCEPTED,
  RB_CLIENT_STATE_STARTED,
  RB_CLIENT_STATE_WAITING,
  RB_CLIENT_STATE_INTERRUPTED,
  RB_CLIENT_STATE_EXPIRED,
} RbClientState;

#define RB_TYPE_CLIENT_STATE (rb_client_state_get_type ())
GType              rb_client_state_get_type    (void);

void               rb_client_report_async      (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                RbClientMessage      *message,
                                                RbClientState         state,
                                                const char           *detail,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean           rb_client_report_finish     (RbClient             *self,
                                                GAsyncResult         *result,
                                                GError              **error);
void               rb_client_fail_async        (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                RbClientMessage      *message,
                                                const char           *reason_code,
                                                const char           *detail,
                                                gboolean              retryable,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean           rb_client_fail_finish       (RbClient             *self,
                                                GAsyncResult         *result,
                                                GError              **error);
void               rb_client_reply_async       (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                RbClientMessage      *message,
                                                const char           *reply_request_id,
                                                const char           *content,
                                                const char           *content_type,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean           rb_client_reply_finish      (RbClient             *self,
                                                GAsyncResult         *result,
                                                char                **message_id,
                                                char                **status,
                                                GError              **error);
void               rb_client_answer_async      (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                RbClientMessage      *message,
                                                const char           *content,
                                                const char           *content_type,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean           rb_client_answer_finish     (RbClient             *self,
                                                GAsyncResult         *result,
                                                char                **message_id,
                                                char                **status,
                                                GError              **error);

G_END_DECLS
