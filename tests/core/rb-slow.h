/* rb-slow.h: a directory that knows to whom it gave what, and adapters that ask for everything and wait for nothing, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-fixture.h"

G_BEGIN_DECLS

#define N_IDS 8
#define N_WORKERS 2

typedef struct {
  gint64         pid;
  RbFakeChannel *channel;       /* NULL: not attached */
  guint          n_receipts;
  char          *endpoint_id;   /* the newest that it knows of; it may be gone */
  char          *token;
} RbSlow;

/* What the directory gave away. */
typedef struct {
  char *assignment_id;
  char *endpoint_id;
} RbGiven;

typedef struct {
  RbCoreFixture *fixture;
  GRand         *random;
  gint64         seq;
  RbSlow         workers[N_WORKERS];
  GHashTable    *pids;                  /* endpoint id to pid */
  GHashTable    *given;                 /* message id to RbGiven */
  gint64         accepted_seq[N_IDS];   /* of the last delivery of the message; 0: none */
  guint          n_asked, n_answered;   /* calls of adapters in this process */
  guint          n_orders;              /* in this process */
  guint          n_acks;                /* when it began */
  guint          n_assignments;
  guint          n_pushed;
} RbSession;

guint        rb_session_pick        (RbSession *self, guint n);       /* below @n */
const char  *rb_session_pick_id     (RbSession *self);                /* "m0" to "m7" */
RbSlow      *rb_session_pick_worker (RbSession *self);

/* rb-slow-directory.c: @session->fixture asks this one from now on. */
void         rb_slow_directory_open (RbSession *self);
void         rb_slow_directory_close (RbSession *self);

/* rb-slow-adapters.c: one of the workers does something; the answer is only counted. */
void         rb_slow_join           (RbSession *self, RbSlow *worker);    /* back to the endpoint it had, or to another one */
void         rb_slow_come_and_go    (RbSession *self);
void         rb_slow_deliver        (RbSession *self);    /* the network hands over a message */
void         rb_slow_take_pushes    (RbSession *self);
void         rb_slow_claim          (RbSession *self);
void         rb_slow_fetch          (RbSession *self);
void         rb_slow_settle         (RbSession *self);
void         rb_slow_report         (RbSession *self);
void         rb_slow_reply          (RbSession *self);
void         rb_slow_order          (RbSession *self);    /* the upstream, or a person, dispatches */

G_END_DECLS
