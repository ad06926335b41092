/* rb-remote-flow.h: what a process has delivered and had no answer for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Answers go to the process that asked, and to no later one: the network brings the message again to that, and the core answers it again.
 * Whoever delivers far beyond its window has lost its mind. Pure. */
typedef struct _RbRemoteFlow RbRemoteFlow;

RbRemoteFlow *rb_remote_flow_new     (void);
void          rb_remote_flow_free    (RbRemoteFlow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRemoteFlow, rb_remote_flow_free)

/* Another process: nothing is delivered, and it was told no window. */
void          rb_remote_flow_reset   (RbRemoteFlow *self);
/* It is told so; what it delivered before it heard of a smaller one is in order. */
void          rb_remote_flow_widen   (RbRemoteFlow *self, guint messages, gsize bytes);
/* FALSE: it is too much. */
gboolean      rb_remote_flow_deliver (RbRemoteFlow *self, gint64 seq, gsize bytes);
/* Whether the process waits for this answer; not any more then. */
gboolean      rb_remote_flow_answer  (RbRemoteFlow *self, gint64 seq);
guint         rb_remote_flow_get_n   (const RbRemoteFlow *self);

G_END_DECLS
