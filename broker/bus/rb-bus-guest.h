/* rb-bus-guest.h: an endpoint of the broker's own, in the name of a caller on the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* Only endpoints send, claim and settle, and a caller on the bus has none. So one registers for it on the broker's own channel, and leaves when
 * that is done. */
typedef struct _RbBusGuest RbBusGuest;

/* What a caller on the bus is to the core: this process. */
RbCaller     rb_bus_guest_get_caller      (void);

#define RB_BUS_GUEST_NAME_MAX 100    /* characters */

/* FALSE: RB_ERROR_INVALID */
gboolean     rb_bus_guest_check_name      (const char *name, GError **error);
/* @works: it may be given work, so that it can claim. */
void         rb_bus_guest_new_async       (RbCore *core, const char *name, gboolean works, GAsyncReadyCallback callback, gpointer user_data);
RbBusGuest  *rb_bus_guest_new_finish      (GAsyncResult *result, GError **error);
const char  *rb_bus_guest_get_endpoint_id (const RbBusGuest *self);
const char  *rb_bus_guest_get_owner_token (const RbBusGuest *self);

/* Takes @self: what it had and did not accept is in the inbox again when this is done. @callback: with the core as its source; NULL: nobody waits. */
void         rb_bus_guest_leave_async     (RbBusGuest *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean     rb_bus_guest_leave_finish    (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
