/* rb-capabilities.h: what the upstream can do, and of which age it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md 14.8, 12.1 and 20.1. */

/* At the start: the connector's window opens when the upstream answered, or after two seconds. Where our own inbox is the authority (profile
 * local) nobody is asked. */
void  rb_capabilities_start  (RbCore *core);
/* Asks again, unless somebody asks already; the mailroom hears the answer. */
void  rb_capabilities_ask    (RbCore *core);

G_END_DECLS
