/* rb-resume.h: an adapter that registers again has its endpoint back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* The oldest endpoint whose return this registration is; NULL: it is one of its own. */
RbEndpoint *rb_resume_find         (RbCore *core, gint64 plugin_pid, const RbTraits *traits);
/* The same question about one endpoint, for whoever waited since it was found. @endpoint: (nullable) */
gboolean    rb_resume_fits         (RbCore *core, const RbEndpoint *endpoint, gint64 plugin_pid, const RbTraits *traits);
/* Whether the upstream, asked for a heartbeat, has forgotten the endpoint. */
gboolean    rb_resume_is_forgotten (const GError *failure);
/* Back on @channel, with what the adapter said now; nothing is pushed to it before somebody says that it is durable. Takes @traits. */
void        rb_resume_apply        (RbCore *core, RbEndpoint *endpoint, RbChannel *channel, RbTraits *traits, RbChanges *changes);

G_END_DECLS
