/* rb-bus.h: the broker on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

#define RB_BUS_NAME "io.github.runtimebroker.Broker1"

typedef struct _RbBus RbBus;

/* @address: of the bus, borrowed; NULL: that of the session, if it has one. @ports->core: loaded. Connects by itself, and again when the bus goes
 * away; a session without a bus is as good. The name is taken as soon as somebody could be answered: another broker that has it
 * keeps it, and we get it after that. */
RbBus      *rb_bus_new          (const RbBusPorts *ports, const char *address);
/* Who waits, and who calls from now on, is answered that we stop; nothing is told any more, and the core is not asked. The name stays ours until
 * the end: who calls it when it is free starts the next broker, which must find nobody. */
void        rb_bus_stop         (RbBus *self);
/* Before that: it will not serve, and whoever calls is told so instead. */
void        rb_bus_fail         (RbBus *self, const GError *error);
void        rb_bus_free         (RbBus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBus, rb_bus_free)

/* "none" (no bus), "connecting", "waiting" (another broker has the name), "owned"; what people are shown. */
const char *rb_bus_get_state    (RbBus *self);

/* Nobody waits for an answer. */
gboolean    rb_bus_is_quiet     (RbBus *self);

/* (transfer full) (nullable): where the session's bus is. Nothing is started for it. */
char       *rb_bus_dup_session_address (void);

G_END_DECLS
