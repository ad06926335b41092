/* rb-ipc-page-live.h: the WebSockets of pages that are open: what changes, as it changes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define RB_IPC_LIVE_MAX 16
/* Bytes that a page has not read; above, it is closed, and loads everything when it comes back. */
#define RB_IPC_LIVE_QUEUE_MAX (1024 * 1024)
/* Changed ids between two looks; above, pages read the lists again. */
#define RB_IPC_LIVE_CHANGES_MAX 256
/* What a page is closed with when its session has ended; 4000 to 4999 are for applications. */
#define RB_IPC_LIVE_LOGGED_OUT 4401

typedef struct _RbIpcLive RbIpcLive;

/* Costs nothing while no page is open. */
RbIpcLive *rb_ipc_live_new         (RbIpcServer *server);
/* Sockets that are still open are dropped. */
void       rb_ipc_live_free        (RbIpcLive *self);

guint      rb_ipc_live_get_n       (RbIpcLive *self);
gsize      rb_ipc_live_get_most_queued (RbIpcLive *self);   /* bytes */
guint      rb_ipc_live_get_changes (RbIpcLive *self);
/* Of a page with the session that is known by @key. */
void       rb_ipc_live_open        (RbIpcLive *self, GSocketConnection *stream, const char *key, GBytes *greeting, GBytes *early);
/* Those whose session has ended are closed. */
void       rb_ipc_live_sift        (RbIpcLive *self);
void       rb_ipc_live_close_all   (RbIpcLive *self, guint code, const char *reason);

G_END_DECLS
