/* rb-ipc-farewell.h: a last answer on a connection that is then closed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-connection.h"

G_BEGIN_DECLS

/* For answers that libsoup would give too late: it reads a whole body before it answers, and closes at once what it is told to
 * close. The connection is taken from libsoup, @response (everything from the status line on) is written, and what the client
 * still sends is thrown away for a moment: closing on unread input would reset the answer away. */
void     rb_ipc_farewell_say     (RbIpcConnection *connection, SoupServerMessage *message, GBytes *response);
/* A response with a JSON body. @extra: header lines, each with CR LF, or NULL. */
GBytes  *rb_ipc_farewell_json    (guint status, const char *extra, GBytes *body);

/* At the end of the server: those that are not done are dropped. */
void     rb_ipc_farewell_drop_all (RbIpcServer *server);

G_END_DECLS
