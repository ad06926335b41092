/* rb-guard.h: stands in front of one module and checks what it does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

#define RB_TYPE_GUARD (rb_guard_get_type ())
G_DECLARE_DERIVABLE_TYPE (RbGuard, rb_guard, RB, GUARD, GObject)

/* A guard implements RbModule by itself; a subclass adds the interface of its kind. */
struct _RbGuardClass {
  GObjectClass parent_class;

  void (*watch) (RbGuard *self, RbModule *module);   /* connect to the module's signals */
};

typedef enum {
  RB_GUARD_LOADED,
  RB_GUARD_STARTING,
  RB_GUARD_RUNNING,
  RB_GUARD_STOPPING,
  RB_GUARD_STOPPED,
  RB_GUARD_FAILED,
} RbGuardState;

RbGuard            *rb_guard_new           (const RbModuleInfo *info,
                                            RbModule           *module,
                                            RbClock            *clock,
                                            gint64              timeout_ms);
const RbModuleInfo *rb_guard_get_info      (RbGuard            *self);
RbModule           *rb_guard_get_module    (RbGuard            *self);
RbGuardState        rb_guard_get_state     (RbGuard            *self);
gint64              rb_guard_get_since_ms  (RbGuard            *self);   /* wall clock: since when it is in that state */
const char         *rb_guard_get_reason    (RbGuard            *self);   /* why it failed; NULL when it did not */
const char         *rb_guard_state_to_string (RbGuardState      state);
/* Its start may take as long as it takes: what it connects to may be away. */
void                rb_guard_be_patient    (RbGuard            *self);
/* Its start and its stop may take no longer than @limit_ms: somebody waits for them. */
void                rb_guard_hurry         (RbGuard            *self,
                                            gint64              limit_ms);
/* Adds calls, failures and timeouts (x). */
void                rb_guard_add_counters  (RbGuard            *self,
                                            GVariantDict       *view);

/* For subclasses. */

/* Whether the module may emit and be told things: from start to the end of stop. */
gboolean            rb_guard_is_alive      (RbGuard            *self);
/* Whether a signal of the module is to be passed on; says so in the log if it is not. */
gboolean            rb_guard_may_emit      (RbGuard            *self,
                                            const char         *signal);
void                rb_guard_report_breach (RbGuard            *self,
                                            const char         *call,
                                            const char         *what);
/* RB_ERROR_UNAVAILABLE and FALSE when the module is not running. */
gboolean            rb_guard_check_running (RbGuard            *self,
                                            GError            **error);
/* Makes the outcome keep the contract: failure has an error, success has none. Counts. Returns the outcome. */
gboolean            rb_guard_check_outcome (RbGuard            *self,
                                            const char         *call,
                                            gboolean            ok,
                                            GError            **error);

/* One asynchronous call into the module. It is in a table until the first of answer, deadline and stop takes it out; what comes
 * later finds nothing. The module gets the call's number, never its address, so that it may answer twice or years later. */
typedef struct _RbGuardCall RbGuardCall;

/* Takes @task. NULL: refused, @task has its answer. @unanswered: the error when the module does not answer.
 * @cancellable: (out): for the module; it is cancelled with the caller's own and when the deadline passes. */
RbGuardCall        *rb_guard_call_new      (RbGuard            *self,
                                            const char         *name,
                                            RbError             unanswered,
                                            GTask              *task,
                                            GCancellable      **cancellable);
gpointer            rb_guard_call_get_id   (RbGuardCall        *self);   /* user data for the module's callback */
/* In the module's callback. NULL: nobody waits for it any more. Free it after returning its task. */
RbGuardCall        *rb_guard_call_take     (gpointer            id,
                                            GObject            *source);
RbGuard            *rb_guard_call_get_guard (RbGuardCall       *self);
/* Checks the outcome; when it is a failure the task has its answer. Takes @error. */
gboolean            rb_guard_call_check    (RbGuardCall        *self,
                                            gboolean            ok,
                                            GError             *error);
GTask              *rb_guard_call_steal_task (RbGuardCall      *self);   /* to be returned, now */
void                rb_guard_call_free     (RbGuardCall        *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbGuardCall, rb_guard_call_free)

G_END_DECLS
