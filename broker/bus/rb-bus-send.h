/* rb-bus-send.h: a caller on the bus sends a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

void rb_bus_send (RbBusCall *call, const char *key, GVariant *parameters);

G_END_DECLS
