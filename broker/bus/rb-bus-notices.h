/* rb-bus-notices.h: a person is told what waits for them, and answers with a click
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

/* Follows the core for as long as there is a connection, and costs nothing while nothing changes. */
typedef struct _RbBusNotices RbBusNotices;

/* @ports: borrowed. Looks at once. */
RbBusNotices *rb_bus_notices_new  (const RbBusPorts *ports, GDBusConnection *connection);
/* What stands is taken back: nobody would hear a click on it. */
void          rb_bus_notices_free (RbBusNotices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBusNotices, rb_bus_notices_free)

G_END_DECLS
