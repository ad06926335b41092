/* rb-check-mail.h: what a connector delivers and says, and what is sent by it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-subject.h"

G_BEGIN_DECLS

typedef struct {
  gint64      seq;
  RbEnvelope *envelope;
  char       *text;         /* the content, decoded; NULL: it is no JSON string */
  gboolean    decided;
} RbCheckDelivery;

/* Watches one connector. Signals may come from any thread: that they must not is another case. */
typedef struct {
  RbCheckRun  *run;
  RbCheckSubject *subject;
  RbConnector *connector;      /* borrowed */
  GThread     *main;
  GMutex       lock;
  GPtrArray   *deliveries;     /* of RbCheckDelivery, in order */
  gboolean     accepts;        /* each, at once */
  guint        n_connected;
  guint        n_disconnected;
  guint        n_elsewhere;    /* signals that did not come on the main thread */
  guint        n_undecided;
  guint        most_undecided;
  gsize        bytes_undecided;
  gsize        most_bytes;     /* while more than one was undecided */
} RbCheckMail;

RbCheckMail     *rb_check_mail_watch       (RbCheckSubject *subject);
guint            rb_check_mail_count       (RbCheckMail    *self);
RbCheckDelivery *rb_check_mail_get         (RbCheckMail    *self,
                                            guint           i);
/* The last delivery of that text; NULL: none. */
RbCheckDelivery *rb_check_mail_find        (RbCheckMail    *self,
                                            const char     *text);
guint            rb_check_mail_count_text  (RbCheckMail    *self,
                                            const char     *text);
void             rb_check_mail_accept      (RbCheckMail    *self,
                                            RbCheckDelivery *delivery);
void             rb_check_mail_release     (RbCheckMail    *self,
                                            RbCheckDelivery *delivery);
void             rb_check_mail_accept_all  (RbCheckMail    *self);
/* @to, @id and @text may be NULL: no such member; no text is an empty one. */
RbCheckAnswer   *rb_check_mail_send        (RbCheckMail    *self,
                                            const char     *to,
                                            const char     *id,
                                            const char     *text,
                                            GCancellable   *cancellable);

G_END_DECLS
