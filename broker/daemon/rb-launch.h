/* rb-launch.h: how this process was started, to be started so again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-handover.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RbLaunch RbLaunch;

/* Before anything changes the arguments or the working directory. From then on SIGUSR1 and SIGUSR2 do not end the process, whether a daemon listens
 * for them or not; what it starts finds them as usual. */
RbLaunch   *rb_launch_new          (int argc, char **argv);
void        rb_launch_free         (RbLaunch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLaunch, rb_launch_free)

/* Asks the program as it is installed now whether it would start so: --check-config. Fails with RB_ERROR_BAD_STATE "restart_refused" and what it
 * said. */
void        rb_launch_check_async  (RbLaunch *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean    rb_launch_check_finish (GAsyncResult *result, GError **error);

/* What rb_launch_prepare() may not lack later, when there is no way back. Fails with RB_ERROR_BAD_STATE "restart_refused". */
gboolean    rb_launch_reserve      (RbLaunch *self, GError **error);
/* Makes everything ready for rb_launch_exec(), which must not allocate. @handover is borrowed until it is over. */
gboolean    rb_launch_prepare      (RbLaunch *self, const RbHandover *handover, GError **error);
/* Becomes that program, in this process, at any moment and in any thread. Returns only when it could not, with errno set: also when the last
 * rb_launch_prepare() failed. */
void        rb_launch_exec         (RbLaunch *self);

G_END_DECLS
