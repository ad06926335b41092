/* rb-outage.h: the store writes nothing, and callers are not left waiting for it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* The store's health has changed. */
void rb_outage_note_health (RbCore *core);
/* Something was written. */
void rb_outage_note_commit (RbCore *core);
void rb_outage_stop        (RbCore *core);

G_END_DECLS
