/* rb-received.h: the correlations that endpoints received, as long as they count
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md 8.5. What nobody asks for leaves the cache and the disk with a sweep now and then; while it is empty there is none. */

/* @correlation_id: NULL and "" do nothing. */
void  rb_received_record (RbCore *core, const char *endpoint_id, const char *correlation_id, RbChanges *changes);
void  rb_received_forget (RbCore *core, const char *endpoint_id, RbChanges *changes);
/* For what was loaded. */
void  rb_received_start  (RbCore *core);

G_END_DECLS
