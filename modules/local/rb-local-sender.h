/* rb-local-sender.h: hands our messages to the network, and bounds how many are on their way
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-clock.h"
#include "rb-local-network.h"

G_BEGIN_DECLS

typedef struct _RbLocalSender RbLocalSender;

RbLocalSender *rb_local_sender_new    (RbClock               *clock,
                                       const RbLocalSettings *settings);
void           rb_local_sender_free   (RbLocalSender         *self);

#define RB_LOCAL_SENDS_MAX 4096
#define RB_LOCAL_SEND_BYTES_MAX ((gsize) 64 * 1024 * 1024)

/* Numbers of the table in rb-local-connector.c. */
typedef enum {
  RB_LOCAL_BOUND_SENDS,
  RB_LOCAL_BOUND_SEND_BYTES,
  RB_LOCAL_BOUND_MAILBOX,
  RB_N_LOCAL_BOUNDS,
} RbLocalBound;

/* @bounds: borrowed; NULL: nobody counts */
void           rb_local_sender_set_bounds (RbLocalSender     *self,
                                       RbBounds              *bounds);

void           rb_local_sender_send   (RbLocalSender         *self,
                                       RbLocalNetwork        *network,
                                       RbEnvelope            *envelope,
                                       GTask                 *task);
gboolean       rb_local_sender_finish (GTask                 *task,
                                       char                 **message_id,
                                       RbSendStatus          *status,
                                       GError               **error);

G_END_DECLS
