/* rb-closed.h: which endpoints are known upstream as closed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* A short memory of what the upstream said. Source: protocol.md 9.6. */
#define RB_CLOSED_MAX 64

RbClosed  *rb_closed_new   (void);
guint      rb_closed_get_n (const RbClosed *self);
void       rb_closed_free  (RbClosed *self);

/* @is_closed: FALSE also when the upstream could not say */
typedef void (*RbClosedAnswer) (RbCore *core, gboolean is_closed, gpointer user_data);

/* @answer: perhaps from inside the call. Whoever asks about the same endpoint is answered in the order of the calls. */
void       rb_closed_ask   (RbCore *core, const char *endpoint_id, RbClosedAnswer answer, gpointer user_data);
/* Whoever waits is answered now: we are stopping. */
void       rb_closed_stop  (RbCore *core);

G_END_DECLS
