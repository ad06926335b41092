/* rb-queue.h: what waits for one endpoint, in lanes of one conversation each
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-message.h"

G_BEGIN_DECLS

/* A lane is the messages of one conversation (one correlation; all without one share a lane). Only the head of a lane may be on
 * its way; different lanes never wait for each other (design.md section 5). All operations are O(1) in the length of the queue. */

typedef struct _RbQueue RbQueue;
typedef struct _RbLane RbLane;

typedef struct {
  RbMessage *message;           /* owned */
  char      *assignment_id;     /* NULL: a direct message */
  RbLane    *lane;
  GList      link;              /* in its lane */
  char      *endpoint_id;
  char      *push_id;           /* of all its attempts: a late receipt counts; NULL before the first */
  gboolean   is_pushed;         /* on its way: the receipt is outstanding */
  gboolean   is_awaited;        /* it was there when the endpoint's drain began */
  guint      attempts;
  const char *failure;          /* of the last attempt that failed, for a person; NULL: none did */
  guint      n_failures;
  gint64     failed_at;         /* epoch-ms */
  guint64    timer;             /* receipt timeout, or the wait before the next attempt */
  gpointer   owner;             /* whoever set the timer; borrowed */
} RbItem;

RbQueue  *rb_queue_new         (const char *endpoint_id);
void      rb_queue_free        (RbQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbQueue, rb_queue_free)

RbItem   *rb_queue_add         (RbQueue *self, RbMessage *message, const char *assignment_id);
/* Takes it out wherever it is and frees it; the lane goes on with the next. The timer must be off. */
void      rb_queue_remove      (RbQueue *self, RbItem *item);
/* The next head that may be pushed, in the order in which lanes became ready; NULL when there is none. A head whose arrival is not
 * durable yet is not ready: rb_queue_wake() says when it is. What was taken is on its way until rb_queue_put_back() or
 * rb_queue_remove(). */
const RbItem *rb_queue_peek_ready (RbQueue *self);   /* the next to be taken; NULL: none is ready */
RbItem   *rb_queue_take_ready  (RbQueue *self);
/* Not on its way any more. @ready: may be taken again at once; otherwise the lane waits for another call with TRUE. */
void      rb_queue_put_back    (RbQueue *self, RbItem *item, gboolean ready);
/* Its message has become durable. */
void      rb_queue_wake        (RbQueue *self, RbItem *item);
RbItem   *rb_queue_find        (RbQueue *self, const char *message_id);

/* A message that is decided to come but is not here yet: its room is spoken for until it is added or that is taken back. Both may be said again. */
void      rb_queue_promise     (RbQueue *self, const RbMessage *message);
void      rb_queue_take_back   (RbQueue *self, const char *message_id);

guint     rb_queue_get_length  (const RbQueue *self);
gsize     rb_queue_get_bytes   (const RbQueue *self);
/* With what is promised. */
guint     rb_queue_get_claimed_length (const RbQueue *self);
gsize     rb_queue_get_claimed_bytes  (const RbQueue *self);
guint     rb_queue_get_n_pushed (const RbQueue *self);
gsize     rb_queue_get_pushed_bytes (const RbQueue *self);
/* All items in order of arrival (position). (transfer container) */
GPtrArray *rb_queue_dup_items  (RbQueue *self);

G_END_DECLS
