/* rb-client-private.h: a client from the inside: for the rest of it, and for our own programs, which link all of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client.h"

#include "rb-client-channel.h"
#include "rb-client-endpoint-private.h"
#include "rb-client-http.h"
#include "rb-client-message-private.h"
#include "rb-client-options.h"

G_BEGIN_DECLS

/* @clock: (nullable): NULL: the system's, on the caller's thread-default context */
RbClient              *rb_client_new_for           (const RbClientOptions      *options,
                                                    RbClock                    *clock);
/* They may be changed until the next attempt to connect. */
RbClientOptions       *rb_client_get_options       (RbClient                   *self);
RbClock               *rb_client_get_clock         (RbClient                   *self);
/* NULL until a broker was found. */
const RbClientSite    *rb_client_get_site          (RbClient                   *self);
/* The answer to initialize; NULL until connected. */
const RbJson          *rb_client_get_greeting      (RbClient                   *self);

/* Any route. @body: (nullable): JSON text. Errors: rb-client-failure.h. */
void                   rb_client_call_async        (RbClient                   *self,
                                                    const char                 *method,
                                                    const char                 *path,
                                                    GBytes                     *body,
                                                    RbClientCallFlags           flags,
                                                    GCancellable               *cancellable,
                                                    GAsyncReadyCallback         callback,
                                                    gpointer                    user_data);
RbJson                *rb_client_call_finish       (RbClient                   *self,
                                                    GAsyncResult               *result,
                                                    guint                      *status,
                                                    GError                    **error);

/* What rb_client_history_finish() returns the text of. */
RbJson                *rb_client_history_finish_json (RbClient                 *self,
                                                    GAsyncResult               *result,
                                                    GError                    **error);

/* Of a task that returns an RbJson: the ids that a broker may leave out (it has done its work all the same), or all of it. */
gboolean               rb_client_take_receipt      (GTask                      *task,
                                                    char                      **message_id,
                                                    char                      **status,
                                                    char                      **correlation_id,
                                                    GError                    **error);
char                  *rb_client_take_text         (GTask                      *task,
                                                    GError                    **error);

/* While a registration is under way, messages for endpoints nobody knows yet are kept back, unacknowledged. */
void                   rb_client_begin_registration (RbClient                  *self);
/* @endpoint: (nullable): registered, to be brought back from now on */
void                   rb_client_end_registration  (RbClient                   *self,
                                                    RbClientEndpoint           *endpoint);
/* Hands out what was kept back; after the application knows its endpoint. */
void                   rb_client_deliver_early     (RbClient                   *self);
/* The broker last found, and the channel to it; (nullable), borrowed */
RbClientHttp          *rb_client_get_http          (RbClient                   *self);
RbClientChannel       *rb_client_get_channel       (RbClient                   *self);
/* Nobody listens any more where @http goes. */
void                   rb_client_note_unreachable  (RbClient                   *self,
                                                    RbClientHttp               *http);
gboolean               rb_client_has_endpoint      (RbClient                   *self,
                                                    RbClientEndpoint           *endpoint);
void                   rb_client_forget_endpoint   (RbClient                   *self,
                                                    RbClientEndpoint           *endpoint);

G_END_DECLS
