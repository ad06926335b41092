/* rb-ipc-page-sessions.h: who may use the page: tickets that are good for one login, and the sessions that came of them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-clock.h"

G_BEGIN_DECLS

/* Tickets and sessions are 256 random bits. Kept is only what they hash to: whoever reads our memory, or what we leave to the next process,
 * cannot log in with it. */

#define RB_IPC_TICKET_MS 60000
#define RB_IPC_TICKETS_MAX 8
#define RB_IPC_SESSIONS_MAX 8
#define RB_IPC_SESSION_IDLE_MS (8 * 3600 * 1000)

typedef struct _RbIpcSessions RbIpcSessions;

/* @bounds: borrowed, numbered by RbIpcBound; NULL: none. */
RbIpcSessions *rb_ipc_sessions_new      (RbClock *clock, RbBounds *bounds);
void           rb_ipc_sessions_free     (RbIpcSessions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbIpcSessions, rb_ipc_sessions_free)

/* A ticket; NULL when the kernel has no random bits. */
char          *rb_ipc_sessions_issue    (RbIpcSessions *self);
/* @ticket is used up. A session; NULL when the ticket is none, was used, or is too old. */
char          *rb_ipc_sessions_exchange (RbIpcSessions *self, const char *ticket);
/* Whether it is a session; it was used just now. @session may be NULL. */
gboolean       rb_ipc_sessions_use      (RbIpcSessions *self, const char *session);
void           rb_ipc_sessions_end      (RbIpcSessions *self, const char *session);

/* What a session is known by; not good for logging in. */
char          *rb_ipc_sessions_dup_key  (const char *session);
gboolean       rb_ipc_sessions_has_key  (RbIpcSessions *self, const char *key);

/* Brings its bounds up to date. */
void           rb_ipc_sessions_show     (RbIpcSessions *self);

/* For the process that goes on in our place: the keys of all, separated by commas. */
char          *rb_ipc_sessions_pack     (RbIpcSessions *self);
void           rb_ipc_sessions_unpack   (RbIpcSessions *self, const char *text);

G_END_DECLS
