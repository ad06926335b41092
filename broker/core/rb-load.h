/* rb-load.h: what the last process left
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

gboolean  rb_load_everything (RbCore *core, GError **error);
/* Timers and processes go on; what is decided here is told outwards, so the modules must be at work. */
void      rb_load_resume     (RbCore *core);

G_END_DECLS
