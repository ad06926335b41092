/* rb-bus-policy.h: a person says over the bus what may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

void  rb_bus_policy_set     (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_policy_remove  (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_policy_apply   (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_policy_accept  (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_policy_refuse  (RbBusCall *call, const char *key, GVariant *parameters);

G_END_DECLS
