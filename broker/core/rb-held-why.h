/* rb-held-why.h: what holds a message, said to a person who wants to do something with it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* FALSE when it is held: RB_ERROR_BAD_STATE, `message_held`, which says by what, and what a person can do. Details: `held_reason`, the reason of
 * its place, and `held_behind`, the id of the one that goes first. */
gboolean rb_held_why_check (RbCore *core, const char *message_id, GError **error);

G_END_DECLS
