/* rb-client-repeat.h: a call that is made again until the broker answered it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"

G_BEGIN_DECLS

/* Builds the body for the endpoint as it is now: id and owner token may change with a reconnect. */
typedef GBytes *(*RbClientBodyFunc) (RbClientEndpoint *endpoint,
                                     gpointer          data);

/* While the client is away, the call waits; a transient failure is tried again with the client's backoff; a refusal is
 * final. Without RB_CLIENT_CALL_REPEATABLE only what certainly had no effect is tried again, so that it happens at most
 * once. Ends with RB_ERROR_UNAVAILABLE "client_closed" when the client is closed. @data lives until the call is over. */
void    rb_client_repeat_async  (RbClient            *client,
                                 RbClientEndpoint    *endpoint,
                                 const char          *path,
                                 RbClientCallFlags    flags,
                                 RbClientBodyFunc     make_body,
                                 gpointer             data,
                                 GDestroyNotify       destroy,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
RbJson *rb_client_repeat_finish (RbClient            *client,
                                 GAsyncResult        *result,
                                 GError             **error);

/* The same for @task (transfer full) of a client, which ends with the answer, an RbJson. */
void    rb_client_repeat_task   (GTask               *task,
                                 RbClientEndpoint    *endpoint,
                                 const char          *path,
                                 RbClientCallFlags    flags,
                                 RbClientBodyFunc     make_body,
                                 gpointer             data,
                                 GDestroyNotify       destroy);

G_END_DECLS
