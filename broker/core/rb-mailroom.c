/* rb-mailroom.c: messages claimed for endpoints in advance
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mailroom.h"

/* It runs once the upstream said that it stages assignments (protocol.md 12.1); none does yet. */
void
rb_mailroom_trigger (RbCore *core)
{
}
