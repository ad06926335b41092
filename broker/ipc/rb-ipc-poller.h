/* rb-ipc-poller.h: many file descriptors behind one source of the main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/epoll.h>

G_BEGIN_DECLS

/* With one GSource for each socket every turn of the loop prepares, polls and checks all of them, so that idle channels make
 * every message dearer. Here they cost nothing until they are ready. Level triggered. Runs on the thread-default context. */

typedef struct _RbPoller RbPoller;
typedef struct _RbPollWatch RbPollWatch;

/* @events: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR. The watch may be removed from inside. */
typedef void (*RbPollFunc)  (guint32 events, gpointer user_data);
typedef void (*RbDeferFunc) (gpointer user_data);

RbPoller    *rb_poller_new    (GError **error);
void         rb_poller_free   (RbPoller *self);

/* %NULL when the kernel refuses (logged). */
RbPollWatch *rb_poller_add    (RbPoller *self, int fd, guint32 events, RbPollFunc function, gpointer user_data);
void         rb_poller_modify (RbPoller *self, RbPollWatch *watch, guint32 events);
/* Before @fd is closed. %NULL is fine. */
void         rb_poller_remove (RbPoller *self, RbPollWatch *watch);

/* Calls @function in the next turn of the loop, in the order of the calls: for what must not happen inside a call from the core. */
void         rb_poller_defer  (RbPoller *self, RbDeferFunc function, gpointer user_data);
/* Runs what was deferred now. */
void         rb_poller_flush  (RbPoller *self);
/* Blocks for at most @timeout_ms and handles what became ready: for the end of the process, when the loop turns no more. */
void         rb_poller_wait   (RbPoller *self, guint timeout_ms);

G_END_DECLS
