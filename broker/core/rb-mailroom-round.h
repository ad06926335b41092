/* rb-mailroom-round.h: the mailroom goes through endpoints and claims what it may for each
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

typedef void (*RbRoundDone) (RbCore *core, gpointer user_data);

/* One endpoint after the other, one message after the other; then those who wait for the endpoint are woken. @endpoint_ids: of char *, taken;
 * what is not active or legacy by its turn is passed over. @recover_only: only what the upstream assigned to them before (protocol.md 12.4).
 * @done may be NULL; perhaps called from inside the call. */
void  rb_mailroom_round_run  (RbCore *core, GPtrArray *endpoint_ids, gboolean recover_only, RbRoundDone done, gpointer user_data);

G_END_DECLS
