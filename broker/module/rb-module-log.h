/* rb-module-log.h: where the log lines of this process go: to the broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-pipe.h"

G_BEGIN_DECLS

/* Modules log from threads of their own, the pipe belongs to the main one: lines wait for its loop to turn. Beyond a bound they are left out,
 * and how many is said. */
void rb_module_log_install (RbRemotePipe *pipe);
/* What is left, now. Lines that come later are lost. */
void rb_module_log_close   (void);

G_END_DECLS
