/* rb-ipc-upgrade.h: from an HTTP request to a channel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-connection.h"

G_BEGIN_DECLS

gboolean  rb_ipc_upgrade_wanted (SoupServerMessage *message);
/* Takes the connection from libsoup in any case: it ends as a channel, or with a refusal. */
void      rb_ipc_upgrade        (RbIpcServer *server, RbIpcConnection *connection, SoupServerMessage *message);

G_END_DECLS
