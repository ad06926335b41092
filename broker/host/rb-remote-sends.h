/* rb-remote-sends.h: sends that the process of an isolated connector has not answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-pipe.h"

G_BEGIN_DECLS

/* Each is answered once: by the process, or when that is gone. A process that never got it whole has sent nothing; of another nobody
 * knows. */
typedef struct _RbRemoteSends RbRemoteSends;

RbRemoteSends *rb_remote_sends_new    (void);
/* Those that are left are answered as in rb_remote_sends_fail(). */
void           rb_remote_sends_free   (RbRemoteSends       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRemoteSends, rb_remote_sends_free)

/* Takes @task, whose cancellable is passed on, and says it on @pipe. */
void           rb_remote_sends_add    (RbRemoteSends       *self,
                                       RbRemotePipe        *pipe,
                                       RbEnvelope          *envelope,
                                       GTask               *task);
/* The frames "sent" and "not-sent". FALSE: it is none. An answer that nobody waits for is ignored. */
gboolean       rb_remote_sends_answer (RbRemoteSends       *self,
                                       const RbRemoteFrame *frame);
/* The process is gone. @written: how much of all that was said to it has left us; @how: what happened, for people */
void           rb_remote_sends_fail   (RbRemoteSends       *self,
                                       guint64              written,
                                       const char          *how);
/* What the tasks return. */
gboolean       rb_remote_sends_finish (GTask               *task,
                                       char               **message_id,
                                       RbSendStatus        *status,
                                       GError             **error);

G_END_DECLS
