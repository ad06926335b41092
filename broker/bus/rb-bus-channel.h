/* rb-bus-channel.h: the broker's own channel, through which endpoints of callers on the bus live for a moment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channels.h"

G_BEGIN_DECLS

#define RB_TYPE_BUS_CHANNEL (rb_bus_channel_get_type ())
G_DECLARE_FINAL_TYPE (RbBusChannel, rb_bus_channel, RB, BUS_CHANNEL, GObject)

/* Endpoints belong to a process that has a channel. Here it is the broker, for as long as somebody holds this: the first one attaches it to
 * the core, the last one takes it away. It takes no message: what comes for such an endpoint goes on to the inbox. (transfer full) */
RbBusChannel *rb_bus_channel_hold    (RbCore       *core);
void          rb_bus_channel_release (RbBusChannel *self,
                                      RbCore       *core);

G_END_DECLS
