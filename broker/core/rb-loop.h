/* rb-loop.h: conversations that go back and forth with no person in them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

G_BEGIN_DECLS

/* Pure, in memory: a restart begins anew. A hop is a message that goes the other way than the one before it. A conversation with too many of
 * them, or with too many in a minute, is open until a person says go on; one in which nothing was said for ten minutes begins anew, and so
 * does one that is forgotten, because so many others came. What is one only because it is of one sender to one endpoint may be many tasks that have
 * nothing to do with each other: of those only so many in a minute are too many. @now_ms: of the monotonic clock. */

#define RB_LOOP_CONVERSATIONS_MAX 4096
#define RB_LOOP_PAUSE_MS 600000

typedef struct _RbLoop RbLoop;

typedef enum { RB_LOOP_IN, RB_LOOP_OUT } RbLoopWay;

/* @hops: in all, under one correlation; @rate: in a minute; 0: any number */
RbLoop     *rb_loop_new        (guint hops, guint rate);
void        rb_loop_free       (RbLoop *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLoop, rb_loop_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_loop_set_bounds (RbLoop *self, RbBounds *bounds);

gboolean    rb_loop_is_on      (const RbLoop *self);
/* What names a conversation: (transfer full) (nullable): the correlation, or else the endpoint here, and the address of the other side. NULL:
 * it has neither, or nobody looks. */
char       *rb_loop_dup_key    (const RbLoop *self, const char *correlation_id, const char *endpoint_id, const char *address);
/* FALSE: it is open. */
gboolean    rb_loop_pass       (RbLoop *self, const char *key, RbLoopWay way, gint64 now_ms);
/* A person took part. */
void        rb_loop_forget     (RbLoop *self, const char *key);
guint       rb_loop_get_n      (const RbLoop *self);

G_END_DECLS
