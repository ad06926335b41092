/* rb-held.h: messages that wait for a person to say whether they may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-bounds.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* What is of one conversation stands in line: a later message waits behind an earlier one, whatever the policy says of it. A conversation is
 * here what one sender says under one correlation, or else to one endpoint: a stranger who names somebody else's conversation must not be able
 * to stop it. What has neither is a conversation of its own. */

/* Why, in the place of the message. */
#define RB_REASON_HELD "held"                 /* a rule says so */
#define RB_REASON_HELD_QUOTA "held_quota"     /* a stranger has sent many */
#define RB_REASON_HELD_LOOP "held_loop"       /* agents talk with each other for too long */
#define RB_REASON_HELD_BEHIND "held_behind"   /* an earlier one of its conversation is held */

typedef struct {
  RbMessage  *message;
  char       *lane;          /* its conversation; NULL: none */
  char       *why;           /* for people: which rule, which limit, as its ladder says; NULL: what is before it */
  gboolean    is_leaving;    /* it may come in, and is being given its place */
  const char *rule;          /* by which it may; of rb-rule.h */
  GTask      *answer;        /* who is to hear how that ended; NULL: nobody */
} RbHeldRow;

typedef struct _RbHeld RbHeld;

RbHeld     *rb_held_new        (guint cap);
void        rb_held_free       (RbHeld *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHeld, rb_held_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_held_set_bounds (RbHeld *self, RbBounds *bounds);

gboolean    rb_held_is_full    (const RbHeld *self);
/* Whatever the cap; in the order of their positions. */
void        rb_held_add        (RbHeld *self, RbMessage *message, const char *why);
RbHeldRow  *rb_held_lookup     (RbHeld *self, const char *message_id);
/* The row is gone then; what was to be answered is not. */
void        rb_held_remove     (RbHeld *self, RbHeldRow *row);

/* One that a correlation names has no other target; without one it is the target. */
gboolean    rb_held_is_one_conversation (const RbMessage *a, const RbMessage *b);
/* Whether something of the conversation of @message is held. */
gboolean    rb_held_has_before (RbHeld *self, const RbMessage *message);
/* The first of a conversation; NULL: none of it is held. */
RbHeldRow  *rb_held_get_first  (RbHeld *self, const char *lane);
gboolean    rb_held_is_first   (RbHeld *self, const RbHeldRow *row);
guint       rb_held_get_n      (const RbHeld *self);
GPtrArray  *rb_held_dup_rows   (RbHeld *self);    /* (transfer container): of RbHeldRow, by position */

G_END_DECLS
