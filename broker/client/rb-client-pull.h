/* rb-client-pull.h: what an adapter fetches by itself: the inbox, claims, staged messages, history; and what it settles
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client.h"

G_BEGIN_DECLS

void              rb_client_inbox_async    (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
char             *rb_client_inbox_finish   (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);
void              rb_client_claim_async    (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            const char           *undispatched_id,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
RbClientMessage  *rb_client_claim_finish   (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);
void              rb_client_settle_async   (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            const char           *undispatched_id,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
gboolean          rb_client_settle_finish  (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);
void              rb_client_history_async  (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            const char           *conversation_id,
                                            guint                 limit,
                                            const char           *before,
                                            const char           *after,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
char             *rb_client_history_finish (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);
void              rb_client_staged_async   (RbClient             *self,
                                            RbClientEndpoint     *endpoint,
                                            gint64                timeout_ms,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
GPtrArray        *rb_client_staged_finish  (RbClient             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

G_END_DECLS
