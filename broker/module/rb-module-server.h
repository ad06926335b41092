/* rb-module-server.h: one connector, served over a socket to the broker that started us
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Takes @fd. Returns the exit code of the process: 0 when the module was stopped as it should, or the broker has gone. */
int rb_module_server_run (int fd);

G_END_DECLS
