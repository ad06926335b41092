/* rb-settle-early.h: a message is declared handled before the network has delivered it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* The upstream has it, an adapter of @endpoint_id dealt with it, and our copy is still to come. It ends as a part of @changes, so that this copy
 * is one of what ended: accepted, and nowhere else. Does nothing to what is here, and to what ended before and was not given again. */
void  rb_settle_early_end  (RbCore *core, const char *undispatched_id, const char *endpoint_id, const char *how, RbChanges *changes);

G_END_DECLS
