/* rb-client.h: an adapter's connection to the broker: it comes back by itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-client-endpoint.h"
#include "rb-client-http.h"
#include "rb-client-message.h"
#include "rb-client-options.h"

G_BEGIN_DECLS

/* One client is one channel is one process (protocol.md 21.1). rb_client_find_async() is enough for plain calls;
 * rb_client_connect_async() also opens the channel and keeps it open until rb_client_close_async(): when it breaks,
 * the client looks for the broker again, with a backoff, reattaches its endpoints and registers anew those that the
 * broker forgot.
 *
 * Signals:
 *   message  (RbClientEndpoint or NULL, RbClientMessage) -> gboolean
 *            TRUE: the application has stored the message, so the broker may forget it (IMP-57). FALSE from everybody:
 *            it may not, and will bring it again. A message may come twice; sourceMessageId tells.
 *   presence (utf8 presence, utf8 reason or NULL)
 *   phase    (gint RbClientPhase, utf8 failure or NULL) */

typedef enum {
  RB_CLIENT_NEVER_CONNECTED,
  RB_CLIENT_CONNECTED,
  RB_CLIENT_RECONNECTING,
  RB_CLIENT_CLOSED,
} RbClientPhase;

#define RB_TYPE_CLIENT (rb_client_get_type ())
G_DECLARE_FINAL_TYPE (RbClient, rb_client, RB, CLIENT, GObject)

/* @clock: (nullable): NULL: the system's, on the caller's thread-default context */
RbClient              *rb_client_new               (const RbClientOptions      *options,
                                                    RbClock                    *clock);
RbClientPhase          rb_client_get_phase         (RbClient                   *self);
const char            *rb_client_get_presence      (RbClient                   *self);
const RbClientOptions *rb_client_get_options       (RbClient                   *self);
RbClock               *rb_client_get_clock         (RbClient                   *self);
/* NULL until a broker was found. */
const RbClientSite    *rb_client_get_site          (RbClient                   *self);
/* The answer to initialize; NULL until connected. */
const RbJson          *rb_client_get_greeting      (RbClient                   *self);

/* Finds a healthy broker, starts one if the options ask for it. Errors: rb-client-start.h. */
void                   rb_client_find_async        (RbClient                   *self,
                                                    GCancellable               *cancellable,
                                                    GAsyncReadyCallback         callback,
                                                    gpointer                    user_data);
gboolean               rb_client_find_finish       (RbClient                   *self,
                                                    GAsyncResult               *result,
                                                    GError                    **error);

/* Once. When the first attempt fails, nothing goes on in the background; call it again. Fails with RB_ERROR_BAD_STATE
 * "already_connected" on a connected client, and when another client of this process has the same pid. */
void                   rb_client_connect_async     (RbClient                   *self,
                                                    GCancellable               *cancellable,
                                                    GAsyncReadyCallback         callback,
                                                    gpointer                    user_data);
gboolean               rb_client_connect_finish    (RbClient                   *self,
                                                    GAsyncResult               *result,
                                                    GError                    **error);
/* Stops coming back, closes the channel (1000 "client_close"). Endpoints stay with the broker: unregister them first, or
 * leave them to its grace period. Never fails. */
void                   rb_client_close_async       (RbClient                   *self,
                                                    GAsyncReadyCallback         callback,
                                                    gpointer                    user_data);
void                   rb_client_close_finish      (RbClient                   *self,
                                                    GAsyncResult               *result);

/* Any route. @body: (nullable): JSON text. Errors: rb-client-error.h. */
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

G_END_DECLS
