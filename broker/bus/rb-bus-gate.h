/* rb-bus-gate.h: how much of what others say on the bus may wait for the main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-bounds.h"

G_BEGIN_DECLS

/* GDBus reads in a thread of its own all that comes, as fast as it comes, and queues it for the main loop without any bound. Here further calls are
 * answered by that thread, and further signals are dropped; those of the bus itself go through. */
#define RB_BUS_GATE_MAX 1024
#define RB_BUS_GATE_KIB (64 * 1024)

/* For all connections that follow each other. */
RbBounds *rb_bus_gate_make_bounds (RbClock *clock);
/* Until g_dbus_connection_remove_filter(). Returns the filter's id. The thread's default context is the main loop's. */
guint     rb_bus_gate_add         (GDBusConnection *connection, RbBounds *bounds);

G_END_DECLS
