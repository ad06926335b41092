/* rb-mailroom.h: messages claimed for endpoints in advance
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md section 12. */

/* Something may be claimable: look soon, if the mailroom runs. */
void  rb_mailroom_trigger  (RbCore *core);

G_END_DECLS
