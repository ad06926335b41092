/* rb-ipc-http.h: the checks that every HTTP request passes, in their order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-connection.h"

G_BEGIN_DECLS

/* Connects to the signals and handlers of @server's SoupServer. */
void         rb_ipc_http_setup         (RbIpcServer *server);

/* Shared with upgrades. */
/* The first value of the header, NULL when absent. */
const char  *rb_ipc_http_get_header    (SoupServerMessage *message, const char *name);
guint        rb_ipc_http_count_header  (SoupServerMessage *message, const char *name);
/* The request target as it came (an absolute one without its origin). */
char        *rb_ipc_http_dup_target    (SoupServerMessage *message);
/* IMP-11: over TCP, the name by which we were called is one that is ours alone. */
gboolean     rb_ipc_http_is_our_host   (RbIpcServer *server, SoupServerMessage *message);
/* IMP-11: NULL, or the code for the refusal. */
const char  *rb_ipc_http_check_origin  (RbIpcServer *server, RbIpcConnection *connection, SoupServerMessage *message);
/* 4.2: always TRUE on the Unix socket, where the kernel vouches for the caller. */
gboolean     rb_ipc_http_authenticate  (RbIpcServer *server, RbIpcConnection *connection, SoupServerMessage *message);

G_END_DECLS
