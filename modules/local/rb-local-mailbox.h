/* rb-local-mailbox.h: which messages of our mailbox are with the broker, and which are due
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure: no clock, no database. */
typedef struct _RbLocalMailbox RbLocalMailbox;

RbLocalMailbox *rb_local_mailbox_new          (void);
void            rb_local_mailbox_free         (RbLocalMailbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLocalMailbox, rb_local_mailbox_free)

/* What to read next. */
typedef struct {
  GArray *again;         /* gint64, ascending: released messages that are due */
  gint64  after;         /* then what is above this number */
  guint   messages;      /* at most so many, at least 1 */
  gsize   first_bytes;   /* how large the first may be */
  gsize   bytes;         /* how large all may be together, if there is more than the first */
} RbLocalPlan;

void            rb_local_plan_clear           (RbLocalPlan    *plan);

void            rb_local_mailbox_set_window   (RbLocalMailbox *self,
                                               guint           messages,
                                               gsize           bytes);
/* There may be new messages. */
void            rb_local_mailbox_ring         (RbLocalMailbox *self);
gboolean        rb_local_mailbox_plan         (RbLocalMailbox *self,
                                               gint64          now_us,
                                               RbLocalPlan    *plan);

/* What became of the plan: each message in turn, then the end. */
gboolean        rb_local_mailbox_take         (RbLocalMailbox *self,
                                               gint64          seq,
                                               gsize           size);
void            rb_local_mailbox_forget       (RbLocalMailbox *self,
                                               gint64          seq);
void            rb_local_mailbox_end          (RbLocalMailbox *self,
                                               gboolean        more,
                                               gsize           blocked_size);

gboolean        rb_local_mailbox_accept       (RbLocalMailbox *self,
                                               gint64          seq);
gboolean        rb_local_mailbox_release      (RbLocalMailbox *self,
                                               gint64          seq,
                                               gint64          now_us);
gint64          rb_local_mailbox_get_next_due (RbLocalMailbox *self);

G_END_DECLS
