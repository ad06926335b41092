/* rb-local-network.h: the thread that owns the database, as the main loop sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-local-job.h"
#include "rb-local-settings.h"

G_BEGIN_DECLS

typedef struct _RbLocalNetwork RbLocalNetwork;

/* The database failed and is closed; every job fails until it is opened again. Called before the jobs that noticed it are
 * answered, on the main context. */
typedef void (*RbLocalLostFunc) (const GError *error,
                                 gpointer      user_data);

RbLocalNetwork *rb_local_network_new        (const RbLocalSettings *settings,
                                             RbLocalLostFunc        lost,
                                             gpointer               user_data);
void            rb_local_network_free       (RbLocalNetwork        *self);

void            rb_local_network_run_async  (RbLocalNetwork        *self,
                                             RbLocalJob            *job,
                                             GAsyncReadyCallback    callback,
                                             gpointer               user_data);
gboolean        rb_local_network_run_finish (GAsyncResult          *result,
                                             RbLocalJob           **job,
                                             GError               **error);

G_END_DECLS
