/* rb-channels.h: the open channels, one for each adapter process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* protocol.md 5.3, IMP-14. A channel of the same pid that is there already is displaced: closed with 1000 "replaced", and its
 * endpoints move to the new one. */
void        rb_channels_attach      (RbCore *core, RbChannel *channel);
void        rb_channels_detach      (RbCore *core, RbChannel *channel);
RbChannel  *rb_channels_lookup      (RbCore *core, gint64 pid);
guint       rb_channels_get_n       (RbCore *core);
/* A push_ack frame; protocol.md 5.5. */
void        rb_channels_receipt     (RbCore *core, RbChannel *channel, const char *push_id);

G_END_DECLS
