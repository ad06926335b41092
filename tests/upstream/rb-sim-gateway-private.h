/* rb-sim-gateway-private.h: what the functions that deliver need of the gateway
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-gateway.h"

G_BEGIN_DECLS

/* To the connection that registered last; dropped when there is none. */
void       rb_sim_gateway_say_frame (RbSimGateway *self,
                                     JsonObject   *frame);
/* In the mailbox, not sent. @id NULL: minted. */
RbSimMail *rb_sim_gateway_keep      (RbSimGateway *self,
                                     const char   *id,
                                     const char   *from,
                                     const char   *content,
                                     const char   *metadata);

G_END_DECLS
