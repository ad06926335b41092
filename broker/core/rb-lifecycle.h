/* rb-lifecycle.h: an endpoint's state changes, with everything that follows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

void  rb_lifecycle_watch          (RbCore *core);      /* processes that end */
void  rb_lifecycle_cancel_timers  (RbCore *core);

/* Applies an event by the table of rb-endpoint-state.c; what has no edge is logged and ignored. May free @endpoint. Commits. */
void  rb_lifecycle_apply          (RbCore *core, RbEndpoint *endpoint, RbEndpointEvent event);
/* As above with the event that fits: does the process live? */
void  rb_lifecycle_channel_closed (RbCore *core, RbEndpoint *endpoint);
/* Binds it to a channel and makes it active, as part of @changes. */
void  rb_lifecycle_activate       (RbCore *core, RbEndpoint *endpoint, RbChannel *channel, RbChanges *changes);
/* Another runtime took over: all endpoints go, here and at the upstream; what waited for them is in the inbox. The stop waits for it. */
void  rb_lifecycle_abandon_all    (RbCore *core);
/* For what was loaded reconnecting: the grace that is left. */
void  rb_lifecycle_resume_grace   (RbCore *core, RbEndpoint *endpoint);
/* Same pid and same start time as when it registered. */
gboolean rb_lifecycle_is_same_process (RbCore *core, const RbEndpoint *endpoint);
/* Takes it back at the upstream, in the background. */
void  rb_lifecycle_give_back      (RbCore *core, const char *endpoint_id);
/* The authority has heard of @event, the state of an endpoint, or there is none. */
void  rb_lifecycle_heard          (RbCore *core, const RbEvent *event);

G_END_DECLS
