/* rb-client-channel.h: the WebSocket on which the broker pushes messages to one process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-http.h"
#include "rb-client-message-private.h"

G_BEGIN_DECLS

#define RB_TYPE_CLIENT_CHANNEL (rb_client_channel_get_type ())
G_DECLARE_FINAL_TYPE (RbClientChannel, rb_client_channel, RB, CLIENT_CHANNEL, GObject)

/* Signals:
 *   message  (RbClientMessage) -> gboolean: TRUE stops the emission and acknowledges the push: the message is stored. FALSE
 *            from everybody leaves it unacknowledged, and the broker will bring it again (IMP-57).
 *   presence (utf8 presence, utf8 reason or NULL)
 *   closed   (utf8 reason): once, however it ended. */

RbClientChannel *rb_client_channel_new         (RbClientHttp         *http,
                                                RbClock              *clock,
                                                gint64                ping_interval_ms,
                                                gboolean              takes_requests);
void             rb_client_channel_open_async  (RbClientChannel      *self,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
gboolean         rb_client_channel_open_finish (RbClientChannel      *self,
                                                GAsyncResult         *result,
                                                GError              **error);
/* A receipt for a message that nobody stored when it came, but did since. */
void             rb_client_channel_acknowledge (RbClientChannel      *self,
                                                const char           *push_id);
gboolean         rb_client_channel_is_open     (RbClientChannel      *self);
/* Of a message at least that came here, nobody said that it is stored. */
gboolean         rb_client_channel_has_refused (RbClientChannel      *self);
/* The broker takes requests here, and it is open. */
gboolean         rb_client_channel_takes_requests (RbClientChannel   *self);
/* As rb_client_http_call_async(), for a tenth of what a request costs the broker there. Who cancels one that waits long does not end it: such
 * requests belong over HTTP, where the broker sees them go. */
void             rb_client_channel_request_async  (RbClientChannel   *self,
                                                const char           *method,
                                                const char           *path,
                                                GBytes               *body,
                                                RbClientCallFlags     flags,
                                                gint64                timeout_ms,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
RbJson          *rb_client_channel_request_finish (RbClientChannel   *self,
                                                GAsyncResult         *result,
                                                guint                *status,
                                                GError              **error);
/* Starts the closing handshake; `closed` follows. Does nothing when it is not open. */
void             rb_client_channel_close       (RbClientChannel      *self,
                                                gushort               code,
                                                const char           *reason);

G_END_DECLS
