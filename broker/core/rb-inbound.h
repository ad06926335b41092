/* rb-inbound.h: a message arrives
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

void  rb_inbound_watch (RbCore *core);   /* the connector's deliveries */

G_END_DECLS
