/* rb-client-attempt.h: one attempt to be connected: find, greet, open the channel, bring the endpoints back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-channel.h"
#include "rb-client-endpoint-private.h"

G_BEGIN_DECLS

/* Called when the channel is open, before the endpoints come back on it: from then on messages arrive. */
typedef void (*RbClientAdoptFunc) (RbClientHttp    *http,
                                   RbClientChannel *channel,
                                   gpointer         user_data);

/* @endpoints: of RbClientEndpoint, registered before. Each is reattached, which keeps its id, its queue and its
 * assignments (IMP-59); one that the broker does not know any more is registered anew. Any failure ends the attempt. */
void     rb_client_attempt_async  (const RbClientOptions *options,
                                   RbClock               *clock,
                                   GPtrArray             *endpoints,
                                   RbClientAdoptFunc      adopt,
                                   GCancellable          *cancellable,
                                   GAsyncReadyCallback    callback,
                                   gpointer               user_data);
/* The answer to initialize (protocol.md 6.1). */
RbJson  *rb_client_attempt_finish (GAsyncResult          *result,
                                   GError               **error);

G_END_DECLS
