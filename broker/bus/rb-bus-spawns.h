/* rb-bus-spawns.h: runtimes over the bus: which are asked for, which run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

/* Methods of the broker; each ends the call. */
void  rb_bus_spawns_list          (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_spawns_approve       (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_spawns_deny          (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_spawns_start         (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_spawns_list_runtimes (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_spawns_stop_runtime  (RbBusCall *call, const char *key, GVariant *parameters);

G_END_DECLS
