/* rb-local-worker.h: does jobs on the database; lives on its thread alone
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-local-job.h"
#include "rb-local-settings.h"

G_BEGIN_DECLS

typedef struct _RbLocalWorker RbLocalWorker;

RbLocalWorker *rb_local_worker_new   (const RbLocalSettings *settings);
void           rb_local_worker_free  (RbLocalWorker         *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLocalWorker, rb_local_worker_free)

/* The answers are in the jobs. */
void           rb_local_worker_run   (RbLocalWorker         *self,
                                      RbLocalJob *const     *jobs,
                                      guint                  n_jobs);
/* Whom it could not wake up, which leaves their messages lying; to be called again as long as there are some. */
gboolean       rb_local_worker_owes_rings (RbLocalWorker    *self);
void           rb_local_worker_ring_again (RbLocalWorker    *self);
/* Why the database is not open any more, told once each time it happens; NULL: nothing new. */
GError        *rb_local_worker_steal_loss (RbLocalWorker    *self);

G_END_DECLS
