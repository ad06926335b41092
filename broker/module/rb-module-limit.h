/* rb-module-limit.h: how much memory this process may have
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What it may write to beyond what it has now; 0: as much as it likes. RLIMIT_DATA, which ends it when it wants more. */
void rb_module_limit_memory (gint64 mib);

G_END_DECLS
