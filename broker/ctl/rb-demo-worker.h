/* rb-demo-worker.h: the other runtime of the demo: brokerctl attach in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

typedef struct _RbDemoWorker RbDemoWorker;

/* Starts it; it answers with RB_DEMO_ANSWER and the question. */
#define RB_DEMO_ANSWER "The worker read: "
RbDemoWorker *rb_demo_worker_new             (RbCtl         *ctl,
                                              const char    *name,
                                              GError       **error);
/* Ends it and waits. */
void          rb_demo_worker_free            (RbDemoWorker  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDemoWorker, rb_demo_worker_free)

/* NULL until it is attached. */
const char   *rb_demo_worker_get_endpoint_id (RbDemoWorker  *self);
gboolean      rb_demo_worker_has_ended       (RbDemoWorker  *self);
/* How many messages it was given. */
guint         rb_demo_worker_get_n_messages  (RbDemoWorker  *self);

G_END_DECLS
