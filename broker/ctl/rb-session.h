/* rb-session.h: an endpoint for the length of one verb: sends, and waits for an answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"
#include "rb-ctl.h"

G_BEGIN_DECLS

typedef struct _RbSession RbSession;

/* Connects and registers. */
RbSession        *rb_session_new          (RbCtl       *ctl,
                                           const char  *name,
                                           GError     **error);
/* Unregisters and disconnects. */
void              rb_session_free         (RbSession   *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSession, rb_session_free)

RbClientEndpoint *rb_session_get_endpoint (RbSession   *self);

typedef struct {
  char *message_id;
  char *status;       /* "delivered" or "stored" */
} RbReceipt;

void              rb_receipt_clear        (RbReceipt   *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbReceipt, rb_receipt_clear)

/* @content_type, @metadata: (nullable). Once for each session: the reply is recognised by it. */
gboolean          rb_session_send         (RbSession   *self,
                                           const char  *to,
                                           const char  *content,
                                           const char  *content_type,
                                           const RbJson *metadata,
                                           RbReceipt   *receipt,
                                           GError     **error);
/* The answer to what was sent, also one that came before the receipt. @timeout_ms 0: for ever. RB_ERROR_TIMED_OUT "no_reply". */
RbClientMessage  *rb_session_wait_reply   (RbSession   *self,
                                           gint64       timeout_ms,
                                           GError     **error);

G_END_DECLS
