/* rb-worker.h: an adapter that works on assignments, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-fixture.h"

G_BEGIN_DECLS

typedef struct {
  RbCoreFixture *fixture;
  gint64         pid;
  RbFakeChannel *channel;
  char          *endpoint_id;
  char          *token;
  char          *assignment_id;   /* the newest */
} RbWorker;

/* Attaches and registers for background work, in the session "s<pid>". */
RbWorker *rb_worker_new       (RbCoreFixture *fixture, gint64 pid);
void      rb_worker_free      (RbWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbWorker, rb_worker_free)

/* The message arrives (unaddressed; @metadata: JSON or NULL), is dispatched to the worker and taken: its assignment is pending. */
void      rb_worker_take      (RbWorker *self, gint64 seq, const char *message_id, const char *metadata);
/* As above, and accepted, with the sequence 2. */
void      rb_worker_accept    (RbWorker *self, gint64 seq, const char *message_id, const char *metadata);
/* Acknowledges the newest push. */
void      rb_worker_receipt   (RbWorker *self);
gboolean  rb_worker_report    (RbWorker *self, const char *message_id, gint64 sequence, const char *state, GError **error);
/* Answers the newest assignment, which is that of @message_id. Returns the wire message id. */
char     *rb_worker_reply     (RbWorker *self, const char *message_id, const char *request_id, const char *content, GError **error);
/* After a crash or restart: another channel, and the endpoint that it had. */
void      rb_worker_reattach  (RbWorker *self);
/* The channel closes; the process lives. */
void      rb_worker_detach    (RbWorker *self);

/* Refused with this kind, code and text. Clears the error. */
#define rb_assert_refused(error, kind, code, text)                       \
  G_STMT_START {                                                         \
    g_assert_error ((error), RB_ERROR, (int) (kind));                        \
    g_assert_cmpstr (rb_error_get_reason (error), ==, (code));           \
    g_assert_cmpstr ((error)->message, ==, (text));                      \
    g_clear_error (&(error));                                            \
  } G_STMT_END

/* A detail of an error; empty when there is none. */
const char *rb_error_text_detail (const GError *error, const char *name);
/* "true", "false", or "absent". */
const char *rb_error_retryable   (const GError *error);

/* One column of the assignment's row on disk: 3 state, 6 token, 10 the numbers set aside, 11 deadline; NULL: no such row. */
GVariant *rb_worker_row       (RbWorker *self, const char *message_id);
const char *rb_worker_state   (RbWorker *self, const char *message_id);    /* NULL: no such row */
/* The highest number that was used, as a person sees it; 0: there is no such assignment. */
gint64    rb_worker_sequence  (RbWorker *self, const char *message_id);

G_END_DECLS
