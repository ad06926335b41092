/* rb-client.h: an adapter's connection to the broker: it comes back by itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one header to include: the others come with it. Stable since 0.1: names, signatures, signals and properties of what librb-client-1
 * exports (librb-client-1.map) are kept as long as its name ends in 1. */

#include <gio/gio.h>

#include "rb-client-endpoint.h"
#include "rb-client-error.h"
#include "rb-client-message.h"
#include "rb-client-version.h"

G_BEGIN_DECLS

/**
 * RbClientPhase:
 * @RB_CLIENT_NEVER_CONNECTED: not yet
 * @RB_CLIENT_CONNECTED: the channel is open: messages come
 * @RB_CLIENT_RECONNECTING: the channel broke; the client looks for the broker, with a growing pause between attempts
 * @RB_CLIENT_CLOSED: [method@Rb.Client.close_async] ended it
 *
 * Where a client is with its connection.
 */
typedef enum {
  RB_CLIENT_NEVER_CONNECTED,
  RB_CLIENT_CONNECTED,
  RB_CLIENT_RECONNECTING,
  RB_CLIENT_CLOSED,
} RbClientPhase;

#define RB_TYPE_CLIENT_PHASE (rb_client_phase_get_type ())
GType          rb_client_phase_get_type  (void);

#define RB_TYPE_CLIENT (rb_client_get_type ())
G_DECLARE_FINAL_TYPE (RbClient, rb_client, RB, CLIENT, GObject)

RbClient      *rb_client_new             (void);
RbClientPhase  rb_client_get_phase       (RbClient             *self);
const char    *rb_client_get_presence    (RbClient             *self);
const char    *rb_client_get_account     (RbClient             *self);

void           rb_client_find_async      (RbClient             *self,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
gboolean       rb_client_find_finish     (RbClient             *self,
                                          GAsyncResult         *result,
                                          GError              **error);
void           rb_client_connect_async   (RbClient             *self,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
gboolean       rb_client_connect_finish  (RbClient             *self,
                                          GAsyncResult         *result,
                                          GError              **error);
void           rb_client_close_async     (RbClient             *self,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
void           rb_client_close_finish    (RbClient             *self,
                                          GAsyncResult         *result);
void           rb_client_acknowledge     (RbClient             *self,
                                          RbClientMessage      *message);

G_END_DECLS

#include "rb-client-calls.h"
#include "rb-client-pull.h"
#include "rb-client-work.h"
