/* rb-needs.h: what waits for a person, across endpoints
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* Nothing of this is stored: each row is a look at what waits anyway, so it stays until that does not, and no longer. `changed` of the core with
 * a topic of rb_needs_is_topic(), and `stored` of a message, say that the list may be another one. */
#define RB_NEEDS_TOPIC "needs"

/* Words of `kind`; the id of a row begins with one and a colon. */
#define RB_NEED_DISPATCH "dispatch"         /* a message of the inbox: who is to have it? */
#define RB_NEED_DEAD_LETTER "dead-letter"   /* the upstream refused an event for good */
#define RB_NEED_SPAWN "spawn"               /* the network wants to start a runtime here */
#define RB_NEED_HELD "held"                 /* a sender waits to be let in */
#define RB_NEED_LOOP "loop"                 /* a conversation with no person in it was stopped */
#define RB_NEED_UPSTREAM "upstream"         /* the network refuses us, or cannot be reached */
#define RB_NEED_STORE "store"               /* nothing can be stored */
#define RB_NEED_POST "post"                 /* what happened here does not get through to the network */
#define RB_NEED_OUTBOX "outbox"             /* nothing more can wait for it */
#define RB_NEED_MODULE "module"             /* a module could not be loaded or started, or has stopped */
#define RB_NEED_RUNTIME "runtime"           /* a kind of runtime does not start, however often it is tried */
#define RB_NEED_DISK "disk"                 /* there is little room left */
#define RB_NEED_FORGOTTEN "forgotten"       /* something that waited for a person had to go */

/* Words of `action` in `choices`. */
#define RB_NEED_DO_DISPATCH "dispatch"
#define RB_NEED_DO_RETRY "retry"
#define RB_NEED_DO_APPROVE "approve"
#define RB_NEED_DO_DENY "deny"
#define RB_NEED_DO_ACCEPT "accept"
#define RB_NEED_DO_REFUSE "refuse"
#define RB_NEED_DO_DISMISS "dismiss"

/* aa{sv}, floating; what stops everything first, then in order of kind and time. Members: "id" s (it is the same for as long as that waits), "kind" s,
 * "subject" s (the id of what it is about), "since" s, "who" s (the sender), "what" s (preview, or reason), "endpoint_id" s and "endpoint" s (whom it
 * was for, and its name), "command" s (what to type, where no choice says it), "choices" aa{sv} (what may be done: "action" s, "endpoint_id" s,
 * "name" s), the likeliest first; "more_choices" x. */
GVariant *rb_view_needs     (RbCore *core);
/* Without the messages of the inbox, which may be many and have a list of their own. */
GVariant *rb_view_needs_beside_inbox (RbCore *core);
/* (transfer full) (nullable): one of them; NULL: that does not wait (any more). */
GVariant *rb_view_need      (RbCore *core, const char *id);
guint     rb_needs_get_n    (RbCore *core);
/* Whether `changed` with that topic is about them. */
gboolean  rb_needs_is_topic (const char *topic);

/* What the process around the core finds of itself: RB_NEED_MODULE, RB_NEED_DISK. @command: what to type to see more of it. */
void      rb_needs_begin_trouble (RbCore *core, const char *kind, const char *subject, const char *what, const char *command);
void      rb_needs_end_trouble   (RbCore *core, const char *kind, const char *subject);

/* A person has seen it, and wants no more of it: a dead letter is erased, what is told of runtimes or of what was forgotten begins anew. @id: of
 * that row, or RB_NEED_ALL_DEAD_LETTERS. Fails with RB_ERROR_NOT_FOUND "not_waiting", RB_ERROR_NOT_SUPPORTED "not_dismissed" (it goes with its
 * cause, and not before). */
#define RB_NEED_ALL_DEAD_LETTERS "dead-letters"

void      rb_need_dismiss_async  (RbCore *core, const char *id, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_need_dismiss_finish (RbCore *core, GAsyncResult *result, guint *n, GError **error);

G_END_DECLS
