/* rb-client-pull.h: what an adapter fetches by itself: claims, staged messages, history; and what it settles
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client.h"

G_BEGIN_DECLS

/* Pulls an undispatched message (protocol.md 11.10), until answered: the same claim gives the same assignment. Accept it in time. */
void              rb_client_claim_async    (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            const char           *undispatched_id,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
RbClientMessage  *rb_client_claim_finish   (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

/* Declares a message handled without a reply (12.6). Made once: whether it was, only a second look can tell. */
void              rb_client_settle_async   (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            const char           *undispatched_id,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
gboolean          rb_client_settle_finish  (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

/* Reads a conversation (10.7), until answered. @limit: 0 for the network's own. @before, @after: (nullable): ids to start from. */
void              rb_client_history_async  (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            const char           *conversation_id,
                                            guint                 limit,
                                            const char           *before,
                                            const char           *after,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
RbJson           *rb_client_history_finish (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

/* Waits up to @timeout_ms for staged messages (12.5). Of their assignments the target is not told: it is NULL. What is not accepted comes
 * again with the next call. Fails with %RB_ERROR_NOT_SUPPORTED "staging_not_offered" when the broker says that it never stages anything. */
void              rb_client_staged_async   (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            gint64                timeout_ms,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
/* (transfer full) of RbClientMessage; empty when nothing came in time */
GPtrArray        *rb_client_staged_finish  (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

G_END_DECLS
