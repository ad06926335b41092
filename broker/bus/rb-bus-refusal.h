/* rb-bus-refusal.h: says to those who called us into being why we cannot serve them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* For a process that was activated by the bus and has no RbBus. Who waits for it, and who calls until it ends, is answered with @error, also while
 * this thread blocks. Nothing happens where somebody else has the name. Where it refuses already it has another reason then. @is_end: it
 * ends after this, so wait until nobody has called for a fifth of a second. Blocks for as long as the bus needs; seconds at most. */
void rb_bus_refuse      (const GError *error, gboolean is_end);
/* The same on the connection of an RbBus, which has the name or gets it. */
void rb_bus_refuse_on   (GDBusConnection *connection, const GError *error);
void rb_bus_refuse_end  (void);     /* waits as above */
/* An RbBus of this process has taken the name over, or waits for it where that is somebody else's: it is served now. */
void rb_bus_refuse_over (void);

G_END_DECLS
