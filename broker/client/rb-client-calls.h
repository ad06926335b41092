/* rb-client-calls.h: what an adapter asks of the broker: endpoints, sending, and anything else
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client.h"

G_BEGIN_DECLS

void               rb_client_register_async    (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
RbClientEndpoint  *rb_client_register_finish   (RbClient             *self,
                                                GAsyncResult         *result,
                                                GError              **error);
void               rb_client_unregister_async  (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean           rb_client_unregister_finish (RbClient             *self,
                                                GAsyncResult         *result,
                                                GError              **error);
void               rb_client_send_async        (RbClient             *self,
                                                RbClientEndpoint     *endpoint,
                                                const char           *to,
                                                const char           *content,
                                                const char           *content_type,
                                                const char           *metadata,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean           rb_client_send_finish       (RbClient             *self,
                                                GAsyncResult         *result,
                                                char                **message_id,
                                                char                **status,
                                                char                **correlation_id,
                                                GError              **error);
void               rb_client_request_async     (RbClient             *self,
                                                const char           *method,
                                                const char           *path,
                                                const char           *body,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
char              *rb_client_request_finish    (RbClient             *self,
                                                GAsyncResult         *result,
                                                GError              **error);

G_END_DECLS
