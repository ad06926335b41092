/* rb-settle-refusal.h: what the upstream's refusal of a self-settle says of the message, and to who asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-error.h"

G_BEGIN_DECLS

/* It heard, and will not do it. */
gboolean  rb_settle_is_refusal  (const GError *failure);
/* A 404 or 410 without a code: a proxy's, or of an upstream that has no such route. */
gboolean  rb_settle_is_bare     (const GError *failure);
/* It knows of no such message (any more), and says so with a code. What it says of who asks tells nothing of the message. */
gboolean  rb_settle_is_unknown  (const GError *failure);
/* protocol.md 12.6. (transfer full) */
GError   *rb_settle_make_answer (const GError *failure);

G_END_DECLS
