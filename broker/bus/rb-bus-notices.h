/* rb-bus-notices.h: a person is told what waits for them, and answers with a click
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

/* Follows the core for as long as there is a connection, and costs nothing while nothing changes. */
typedef struct _RbBusNotices RbBusNotices;

/* Clicks in two seconds that are looked at: more than that no person makes, and each costs work, and a line in the log. */
#define RB_BUS_CLICKS_MAX 8

/* For all that follow each other, as connections come and go. */
RbBounds     *rb_bus_notices_make_bounds (RbClock *clock);
/* @ports, @bounds: borrowed. Looks at once. */
RbBusNotices *rb_bus_notices_new  (const RbBusPorts *ports, GDBusConnection *connection, RbBounds *bounds);
/* What stands is taken back: nobody would hear a click on it. */
void          rb_bus_notices_free (RbBusNotices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBusNotices, rb_bus_notices_free)

G_END_DECLS
