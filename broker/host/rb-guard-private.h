/* rb-guard-private.h: what a guard and its calls know of one another
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"

G_BEGIN_DECLS

/* Told how a call ended when it ended without an answer. */
typedef void (*RbGuardFailedFunc) (RbGuard *guard, const GError *error);

GQueue      *rb_guard_get_calls         (RbGuard *self);
RbClock     *rb_guard_get_clock         (RbGuard *self);
gint64       rb_guard_get_timeout_ms    (RbGuard *self);
void         rb_guard_count_call        (RbGuard *self);
void         rb_guard_count_timeout     (RbGuard *self);

/* As rb_guard_call_new(), whatever the module's state. @failed: (nullable) */
RbGuardCall *rb_guard_call_begin        (RbGuard            *guard,
                                         const char         *name,
                                         RbError             unanswered,
                                         GTask              *task,
                                         RbGuardFailedFunc   failed,
                                         GCancellable      **cancellable);
/* It waits until the module answers or is stopped. */
void         rb_guard_call_lift_deadline (RbGuardCall *call);
/* Another deadline than that of all calls, from now. */
void         rb_guard_call_limit        (RbGuardCall *call,
                                         gint64       limit_ms);
/* Answers every call that waits for the module of @guard. */
void         rb_guard_call_abandon_all  (RbGuard *guard);

G_END_DECLS
