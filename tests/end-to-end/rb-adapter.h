/* rb-adapter.h: an adapter of the end-to-end tests, which remembers everything that came and when
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-daemon-fixture.h"

G_BEGIN_DECLS

/* What it does with a message that is pushed. */
typedef enum {
  RB_ADAPTER_CONFIRMS,          /* remembers it and sends the receipt */
  RB_ADAPTER_KEEPS,             /* remembers it, and sends no receipt */
  RB_ADAPTER_LEAVES,            /* drops the stream on the next push, before the receipt; then it has no stream */
  RB_ADAPTER_CONFIRMS_LEAVES,   /* drops it right after the receipt was written */
} RbAdapterManner;

typedef struct {
  char   *source_id;
  char   *content;
  char   *assignment_id;        /* (nullable) of a dispatch */
  char   *push_id;              /* (nullable) */
  gint64  at_us;                /* monotonic */
} RbPush;

/* A request on its way, or its answer. */
typedef struct {
  gboolean  is_done;
  guint     status;             /* 0: no complete answer came */
  char     *body;               /* (nullable) */
  int       ref_count;
} RbAsk;
RbAsk *rb_ask_ref       (RbAsk *ask);
void   rb_ask_unref     (RbAsk *ask);
/* A string member of the answer; NULL when there is none. */
char  *rb_ask_dup       (RbAsk *ask, const char *member);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbAsk, rb_ask_unref)

typedef struct _RbAdapter RbAdapter;

/* With a process of its own, which lives as long as it. @daemon must run whenever something is asked. */
RbAdapter   *rb_adapter_new            (RbDaemonFixture *daemon);
void         rb_adapter_free           (RbAdapter       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbAdapter, rb_adapter_free)

/* Opens the stream, with receipts. FALSE when the daemon is not there. */
gboolean     rb_adapter_connect        (RbAdapter       *self);
void         rb_adapter_disconnect     (RbAdapter       *self);
gboolean     rb_adapter_is_connected   (RbAdapter       *self);
void         rb_adapter_set_manner     (RbAdapter       *self, RbAdapterManner manner);
/* Whether it reads its stream at all. */
void         rb_adapter_set_reads      (RbAdapter       *self, gboolean reads);
/* Sends the receipts that it has kept back. */
void         rb_adapter_confirm_kept   (RbAdapter       *self);

/* Requests. They turn the loop, as the simulation may be asked meanwhile, and return the status. */
RbAsk       *rb_adapter_begin          (RbAdapter       *self, const char *method, const char *path, const char *body);
guint        rb_adapter_call           (RbAdapter       *self, const char *method, const char *path, const char *body, char **answer);
/* For the next registrations: the runtime's session; NULL: none. */
void         rb_adapter_set_session    (RbAdapter       *self, const char *session);
/* Registers: an endpoint for direct messages, or a worker that takes assignments. */
void         rb_adapter_register       (RbAdapter       *self, gboolean is_worker);
/* After its stream is open again; the number of messages that came from the endpoint's queue. */
void         rb_adapter_reattach       (RbAdapter       *self);
const char  *rb_adapter_get_endpoint   (RbAdapter       *self);
const char  *rb_adapter_get_owner      (RbAdapter       *self);
int          rb_adapter_get_pid        (RbAdapter       *self);
/* The members that name the endpoint and its owner, without braces: for bodies. */
char        *rb_adapter_dup_identity   (RbAdapter       *self);
/* `processing-state` and `assignment-reply` of an assignment that was pushed. */
RbAsk       *rb_adapter_begin_accept   (RbAdapter       *self, const RbPush *push);
RbAsk       *rb_adapter_begin_reply    (RbAdapter       *self, const RbPush *push, const char *content);

/* All pushes, as they came; RbPush. */
GPtrArray   *rb_adapter_get_pushes     (RbAdapter       *self);
/* How many different messages came. */
guint        rb_adapter_count          (RbAdapter       *self);
/* How often that one came. */
guint        rb_adapter_count_of       (RbAdapter       *self, const char *source_id);
/* The last `presence_changed`; NULL: none. */
const char  *rb_adapter_get_presence   (RbAdapter       *self);
/* Everything "<prefix>-1" ... "<prefix>-<count>" came, in that order, each once. */
void         rb_adapter_assert_in_order (RbAdapter      *self, const char *prefix, guint count);

G_END_DECLS
