/* rb-bus-work.h: methods by which a caller on the bus takes a message itself, and says what becomes of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

void rb_bus_work_claim   (RbBusCall *call, const char *key, GVariant *parameters);
void rb_bus_work_reply   (RbBusCall *call, const char *key, GVariant *parameters);
void rb_bus_work_fail    (RbBusCall *call, const char *key, GVariant *parameters);
void rb_bus_work_release (RbBusCall *call, const char *key, GVariant *parameters);
void rb_bus_work_settle  (RbBusCall *call, const char *key, GVariant *parameters);

G_END_DECLS
