/* rb-client-private.h: what the calls of a client need of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-channel.h"
#include "rb-client.h"

G_BEGIN_DECLS

/* While a registration is under way, messages for endpoints nobody knows yet are kept back, unacknowledged. */
void  rb_client_begin_registration (RbClient         *self);
/* @endpoint: (nullable): registered, to be brought back from now on */
void  rb_client_end_registration   (RbClient         *self,
                                    RbClientEndpoint *endpoint);
/* Hands out what was kept back; after the application knows its endpoint. */
void  rb_client_deliver_early      (RbClient         *self);
/* The broker last found, and the channel to it; (nullable), borrowed */
RbClientHttp    *rb_client_get_http    (RbClient *self);
RbClientChannel *rb_client_get_channel (RbClient *self);
/* Nobody listens any more where @http goes. */
void  rb_client_note_unreachable   (RbClient         *self,
                                    RbClientHttp     *http);
void  rb_client_forget_endpoint    (RbClient         *self,
                                    RbClientEndpoint *endpoint);

G_END_DECLS
