/* rb-bus-refusal.h: says to those who called us into being why we cannot serve them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For a process that was activated by the bus and has no RbBus. Who waits for it, and who calls until it ends, is answered with @error.
 * Nothing happens where somebody else has the name. Once in a process. @is_end: it ends after this, so wait until nobody has called for a
 * fifth of a second. Blocks for as long as the bus needs; seconds at most. */
void rb_bus_refuse (const GError *error, gboolean is_end);

G_END_DECLS
