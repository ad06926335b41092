/* rb-inbox.h: messages that no endpoint may receive directly, waiting for somebody to say where they go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* Rows are in order of position. A row that was taken (dispatched, not yet accepted) keeps its slot: it can always come back
 * (protocol.md 10.2, IMP-30). Only new arrivals are refused at the cap; what we hold already never is. */

#define RB_REASON_UNADDRESSED "unaddressed"
#define RB_REASON_CLOSED_SESSION "closed_session_continuation"
#define RB_REASON_CORRELATED "correlated_continuation"
/* Of an assigned message that was never a row here: the upstream holds it and handed it out with a claim. */
#define RB_REASON_CLAIMED "claimed"

typedef struct _RbInbox RbInbox;

RbInbox    *rb_inbox_new       (guint cap);
void        rb_inbox_free      (RbInbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbInbox, rb_inbox_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_inbox_set_bounds (RbInbox *self, RbBounds *bounds);

gboolean    rb_inbox_is_full   (const RbInbox *self);                 /* rows and reserved slots against the cap */
void        rb_inbox_add       (RbInbox *self, RbMessage *message);   /* whatever the cap */
RbMessage  *rb_inbox_lookup    (RbInbox *self, const char *id);
/* Takes a row and keeps its slot; give it back with put_back or release the slot. */
RbMessage  *rb_inbox_take      (RbInbox *self, const char *id);
void        rb_inbox_put_back  (RbInbox *self, RbMessage *message);
void        rb_inbox_release   (RbInbox *self);
void        rb_inbox_reserve   (RbInbox *self);                       /* for what was taken before a restart */
void        rb_inbox_remove    (RbInbox *self, const char *id);

guint       rb_inbox_get_n     (const RbInbox *self);
guint       rb_inbox_get_n_reserved (const RbInbox *self);
GPtrArray  *rb_inbox_dup_rows  (RbInbox *self);                       /* (transfer container) by position */
/* The wire's word for a row's reason (protocol.md 10.4). */
const char *rb_inbox_wire_reason (const char *reason);

G_END_DECLS
