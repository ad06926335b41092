/* rb-loop.h: conversations that go back and forth with no person in them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

G_BEGIN_DECLS

/* Pure, in memory; after a restart rb-recall.c counts again what was counted. A hop is a message that goes the other way than the one before it.
 * A conversation with too many of them, or with too many in a minute, is open until a person says go on; one in which nothing was said for
 * ten minutes begins anew, and so does one that is forgotten, because so many others came. What is one only because it is of one sender to one
 * endpoint may be many tasks that have nothing to do with each other: of those only so many in a minute are too many.
 *
 * Agents that open a new conversation with each turn are seen by what is between an endpoint and an address, whatever it is about: all hops
 * in a minute count, and in all those where both sides open one after the other. An answer to what the other side has opened is no such hop: who
 * is asked many things, and answers them, is in no loop. What names no endpoint here counts as between the address and all of them. @now_ms: of
 * the monotonic clock. */

#define RB_LOOP_CONVERSATIONS_MAX 4096
#define RB_LOOP_PAUSE_MS 600000

typedef struct _RbLoop RbLoop;

typedef enum { RB_LOOP_IN, RB_LOOP_OUT } RbLoopWay;

/* What was said. @correlation_id: (nullable) also ""; @endpoint_id: (nullable) the one here, if it is known; @address: of the other side; NULL:
 * nobody looks. */
typedef struct {
  RbLoopWay   way;
  const char *correlation_id;
  const char *endpoint_id;
  const char *address;
} RbLoopTurn;

/* @hops: in all; @rate: in a minute; 0: any number */
RbLoop     *rb_loop_new        (guint hops, guint rate);
void        rb_loop_free       (RbLoop *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLoop, rb_loop_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_loop_set_bounds (RbLoop *self, RbBounds *bounds);

gboolean    rb_loop_is_on      (const RbLoop *self);
/* FALSE: it is open. */
gboolean    rb_loop_pass       (RbLoop *self, const RbLoopTurn *turn, gint64 now_ms);
/* A person took part. */
void        rb_loop_forget     (RbLoop *self, const RbLoopTurn *turn);
/* It was when it was last looked at. */
void        rb_loop_open       (RbLoop *self, const RbLoopTurn *turn, gint64 now_ms);
guint       rb_loop_get_n      (const RbLoop *self);

G_END_DECLS
