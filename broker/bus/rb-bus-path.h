/* rb-bus-path.h: ids as elements of object paths
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RB_BUS_ROOT "/io/github/runtimebroker/Broker1"

/* (transfer full) RB_BUS_ROOT "/" @folder "/" and @id, in which each byte but A-Z, a-z and 0-9 is '_' and two lower-case hexadecimal digits; the
 * empty one is "_". No two ids are the same. */
char *rb_bus_path_new (const char *folder, const char *id);

G_END_DECLS
