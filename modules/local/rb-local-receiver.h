/* rb-local-receiver.h: reads our mailbox and hands messages on, within the window
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-local-network.h"

G_BEGIN_DECLS

typedef struct _RbLocalReceiver RbLocalReceiver;

/* @deliver may do anything to the receiver but drop it; @superseded: somebody newer has the mailbox, we are paused. */
typedef struct {
  void (*deliver)    (gint64 seq, RbEnvelope *envelope, gpointer owner);
  void (*superseded) (gpointer owner);
} RbLocalReceiverFuncs;

RbLocalReceiver *rb_local_receiver_new        (RbClock                    *clock,
                                               const RbLocalReceiverFuncs *funcs,
                                               GObject                    *owner);
void             rb_local_receiver_unref      (RbLocalReceiver            *self);

void             rb_local_receiver_run        (RbLocalReceiver            *self,
                                               RbLocalNetwork             *network);
void             rb_local_receiver_pause      (RbLocalReceiver            *self);
void             rb_local_receiver_flush      (RbLocalReceiver            *self,
                                               RbLocalNetwork             *network);

void             rb_local_receiver_set_window (RbLocalReceiver            *self,
                                               guint                       messages,
                                               gsize                       bytes);
void             rb_local_receiver_ring       (RbLocalReceiver            *self);
void             rb_local_receiver_accept     (RbLocalReceiver            *self,
                                               gint64                      seq);
void             rb_local_receiver_release    (RbLocalReceiver            *self,
                                               gint64                      seq);

G_END_DECLS
