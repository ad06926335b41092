/* rb-ipc-listener.h: a listening socket and its accept loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-private.h"

G_BEGIN_DECLS

/* SoupServer's own listens with a backlog of 10, names no caller and knows no cap. */

/* 127.0.0.1, at @wanted if that is not 0 and nobody listens there, else at a port of the kernel's choice; which one is in @port. @fd: a socket
 * that listens there already, taken; 0: none. */
RbIpcListener *rb_ipc_listener_new_tcp  (RbIpcServer *server, int fd, guint16 wanted, guint16 *port, GError **error);
/* 0600 from its first moment, in a directory of 0700. A socket that nobody listens on is replaced; a live one fails with
 * RB_ERROR_UNAVAILABLE. @fd: as above, listening at @path. */
RbIpcListener *rb_ipc_listener_new_unix (RbIpcServer *server, const char *path, int fd, GError **error);
/* Accepts nothing more; who connects waits in the kernel for whoever accepts from the descriptor that is returned, -1 on failure. The
 * socket's file stays. */
int            rb_ipc_listener_hand_over (RbIpcListener *self);
/* Stops listening, and removes the socket's file if it is still ours. */
void           rb_ipc_listener_free     (RbIpcListener *self);

G_END_DECLS
