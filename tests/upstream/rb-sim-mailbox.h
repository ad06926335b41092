/* rb-sim-mailbox.h: the messages of one agent, numbered and kept until they are acknowledged
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct {
  gint64      seq;              /* 0: none on the wire, and never kept */
  char       *id;               /* (nullable) */
  JsonObject *frame;            /* MESSAGE_RECEIVED */
} RbSimMail;

typedef struct _RbSimMailbox RbSimMailbox;

RbSimMailbox *rb_sim_mailbox_new       (void);
void          rb_sim_mailbox_free      (RbSimMailbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimMailbox, rb_sim_mailbox_free)

/* Keeps @frame under the next sequence number, which is written into it. */
RbSimMail    *rb_sim_mailbox_add       (RbSimMailbox *self,
                                        JsonObject   *frame);
/* Uses up the next number without a message: a gap that nothing ever fills. */
gint64        rb_sim_mailbox_hole      (RbSimMailbox *self);
void          rb_sim_mailbox_ack       (RbSimMailbox *self,
                                        gint64        up_to);
/* A client that knows more than we do (we were restarted): go on behind it. */
void          rb_sim_mailbox_catch_up  (RbSimMailbox *self,
                                        gint64        seq);
/* The kept ones above @seq, in order; RbSimMail, borrowed. */
GPtrArray    *rb_sim_mailbox_list      (RbSimMailbox *self,
                                        gint64        above);
/* The same with those that were acknowledged. */
GPtrArray    *rb_sim_mailbox_list_all  (RbSimMailbox *self,
                                        gint64        above);
/* Every message that ever was here, acknowledged or not; NULL when the id is unknown. */
JsonObject   *rb_sim_mailbox_lookup    (RbSimMailbox *self,
                                        const char   *id);
gint64        rb_sim_mailbox_get_last  (RbSimMailbox *self);
gint64        rb_sim_mailbox_get_acked (RbSimMailbox *self);
guint         rb_sim_mailbox_count     (RbSimMailbox *self);
void          rb_sim_mailbox_clear     (RbSimMailbox *self);

G_END_DECLS
