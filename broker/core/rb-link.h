/* rb-link.h: the link to the network: presence and what it tells everybody
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

void  rb_link_watch    (RbCore *core);                /* the connector's signals */
void  rb_link_shutdown (RbCore *core);                /* IMP-54 */
/* Sequences are another's from now on. */
void  rb_link_exchange (RbCore *core);

G_END_DECLS
