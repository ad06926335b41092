/* rb-bus-logs.h: what a runtime that was started here has written, over the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

#define RB_BUS_LOGS_LIMIT 65536
#define RB_BUS_LOGS_LIMIT_MAX (1024 * 1024)

void rb_bus_logs (RbBusCall *call, const char *key, GVariant *parameters);

G_END_DECLS
