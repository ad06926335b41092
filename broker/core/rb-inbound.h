/* rb-inbound.h: a message arrives
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

void  rb_inbound_watch       (RbCore *core);   /* the connector's deliveries, the store's health */
/* As wide as it may be now: closed while nothing can be stored or told, before the start and when we stop. */
void  rb_inbound_open_window (RbCore *core);
void  rb_inbound_stop        (RbCore *core);   /* no more arrivals; what does not come again is saved */

G_END_DECLS
