/* rb-ipc-page.h: the web page of the broker: who may look at it, and what it is made of
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-page-live.h"
#include "rb-ipc-page-sessions.h"
#include "rb-ipc-private.h"
#include "rb-ipc-request.h"

G_BEGIN_DECLS

/* Anybody on this machine can connect to the port, and any web page can have a browser send requests to it. So:
 *
 * - A person gets a ticket over the Unix socket, which is theirs alone, and the page exchanges it, once, for a session.
 * - The session is no cookie: a browser sends cookies of 127.0.0.1 to every port there, other users' too, and sends them by itself. The page
 *   keeps it in its own memory and says it with each request, in a header that no other origin may send.
 * - Host has to be ours (a foreign name that resolves to 127.0.0.1 is not), and so has Origin, which each request that does something has.
 * - What needs no session is the same for everybody: the files, which hold nothing of anybody. */

#define RB_IPC_PAGE_PATH "/ui/"
#define RB_IPC_PAGE_LIVE "/ui/live"
/* What the page asks for first when it opens its WebSocket, and the beginning of what it asks for next: browsers let a page say nothing else. */
#define RB_IPC_PAGE_PROTOCOL "runtime-broker.page.1"
#define RB_IPC_PAGE_SESSION_PREFIX "session."

/* NULL where the settings say that there is no page. */
RbIpcPage     *rb_ipc_page_new          (RbIpcServer *server);
/* Nobody waits for it any more. NULL is fine. */
void           rb_ipc_page_free         (RbIpcPage *self);
RbIpcSessions *rb_ipc_page_get_sessions (RbIpcPage *self);
RbIpcLive     *rb_ipc_page_get_live     (RbIpcPage *self);
/* What is used of those that this and its parts are numbered by. */
void           rb_ipc_page_show_bounds  (RbIpcPage *self, RbBounds *bounds);

/* Whether this is a request for the page, or of it. */
gboolean       rb_ipc_page_is_meant     (RbIpcServer *server, RbIpcConnection *connection, SoupServerMessage *message, const char *target);
/* Its checks, then its route. FALSE when it was refused; it is answered then. */
gboolean       rb_ipc_page_admit        (RbIpcServer *server, RbIpcConnection *connection, SoupServerMessage *message, RbIpcRequest *request);
/* 0, or the status with which the upgrade to RB_IPC_PAGE_LIVE is refused. @key: (out) of the session whose it is, to be freed. */
guint          rb_ipc_page_check_live   (RbIpcServer *server, SoupServerMessage *message, char **key);

/* Of a login that was refused: later, so that guessing is slow. */
void           rb_ipc_page_refuse_later (RbIpcPage *self, RbIpcRequest *request);

G_END_DECLS
