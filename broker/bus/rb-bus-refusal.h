/* rb-bus-refusal.h: says to those who called us into being why we cannot serve them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For a process that was activated by the bus and has no RbBus. Who waits for it is answered with @error; whoever calls after that starts the next
 * process. Nothing happens where somebody else has the name. Blocks for as long as the bus needs, with a deadline. */
void rb_bus_refuse (const GError *error);

G_END_DECLS
