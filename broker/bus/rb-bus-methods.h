/* rb-bus-methods.h: what callers on the bus may ask for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"
#include "rb-bus-kind.h"

G_BEGIN_DECLS

/* @key: which object of @kind (rb-bus-objects.h). Takes @invocation; GDBus has compared its parameters with the interface. */
void  rb_bus_methods_call (RbBusCalls *calls, RbBusKind kind, const char *key, GDBusMethodInvocation *invocation);

G_END_DECLS
