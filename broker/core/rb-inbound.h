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
/* What is ours already, from elsewhere: into the inbox, whatever its limit, and told like an arrival. */
void  rb_inbound_adopt       (RbCore *core, RbMessage *message, const char *reason, const char *hint);
/* A message that came with a claim is durable now, or will never be: deliveries of it that wait are accepted, or released with it. */
void  rb_inbound_settle      (RbCore *core, RbMessage *message, gboolean is_durable);

G_END_DECLS
