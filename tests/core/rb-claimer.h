/* rb-claimer.h: an adapter that claims and fetches, and a directory that answers it, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claim.h"
#include "rb-error.h"
#include "rb-staged.h"
#include "rb-worker.h"

G_BEGIN_DECLS

/* What the directory answers to a claim of @message_id, assigned as @assignment_id to the worker's own target. */
GVariant  *rb_claimer_answer        (RbWorker *worker, const char *message_id, const char *assignment_id);
/* The same with a member replaced; @value: NULL leaves it out. @answer: taken. */
GVariant  *rb_claimer_change        (GVariant *answer, const char *member, GVariant *value);
/* A failure as an HTTP upstream has it. @code: of the body, may be NULL. */
GError    *rb_claimer_failure       (RbError kind, gint64 status, const char *code, const char *text);

/* One candidate; @assignment_id and @target: of the assignment that exists, or NULL. */
GVariant  *rb_claimer_candidate     (const char *message_id, const char *policy, const char *assignment_id, const char *target);
/* What the directory lists from now on: @n candidates. */
void       rb_claimer_list          (RbCoreFixture *fixture, guint n, ...);

/* A message from bob, with a correlation, reaches our inbox. */
void       rb_claimer_arrive        (RbCoreFixture *fixture, gint64 seq, const char *message_id);
/* What the directory answers to claims from now on. @answer: sunk. */
void       rb_claimer_grant         (RbCoreFixture *fixture, GVariant *answer);

/* Claims as the worker's adapter, and waits. */
RbGrant   *rb_claimer_claim         (RbWorker *worker, const char *message_id, GError **error);
/* @result: NULL when nobody waits for it */
void       rb_claimer_claim_start   (RbWorker *worker, const char *message_id, GAsyncResult **result);
RbGrant   *rb_claimer_claim_finish  (RbWorker *worker, GAsyncResult *result, GError **error);

/* Declares it handled, as the worker's adapter, and waits. */
gboolean   rb_claimer_settle        (RbWorker *worker, const char *message_id, GError **error);
void       rb_claimer_settle_start  (RbWorker *worker, const char *message_id, GAsyncResult **result);

/* Fetches; NULL @result as above. */
GPtrArray *rb_claimer_fetch         (RbWorker *worker, double timeout_ms, gboolean mark_attempt, GError **error);
void       rb_claimer_fetch_start   (RbWorker *worker, double timeout_ms, GCancellable *cancellable, GAsyncResult **result);

/* The mailroom runs from now on: the core starts anew over a directory that stages. */
void       rb_claimer_open_mailroom (RbCoreFixture *fixture);

/* A member of the arguments of the last such call, as text; empty when it has none. */
char      *rb_claimer_argument      (RbCoreFixture *fixture, RbUpstreamCall call, const char *member);
/* What a person is told of a message, as text. */
char      *rb_claimer_explain       (RbCoreFixture *fixture, const char *message_id);
/* One number of the status view: counters or limits' "used". */
gint64     rb_claimer_used          (RbCoreFixture *fixture, const char *limit);

G_END_DECLS
