/* rb-heartbeat.h: the upstream is told that an endpoint lives
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Its scheduled heartbeats, if the upstream asked for any (protocol.md 7.6); they end with the endpoint. */
void  rb_heartbeat_schedule (RbCore *core, RbEndpoint *endpoint);

G_END_DECLS
