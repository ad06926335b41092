/* rb-claim-release.h: a claim that came to nothing is given back to the upstream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claimed.h"
#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md 11.10, "Release". A stop waits for it. */
typedef void (*RbReleased) (RbCore *core, gboolean released, gpointer user_data);

void  rb_claim_release  (RbCore *core, const RbClaimed *claimed, const char *nonce, const char *reason_code, RbReleased done,
                         gpointer user_data);

G_END_DECLS
