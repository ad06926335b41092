/* rb-local-sender.h: hands our messages to the network, and bounds how many are on their way
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-local-network.h"

G_BEGIN_DECLS

typedef struct _RbLocalSender RbLocalSender;

RbLocalSender *rb_local_sender_new    (RbClock               *clock,
                                       const RbLocalSettings *settings);
void           rb_local_sender_free   (RbLocalSender         *self);

void           rb_local_sender_send   (RbLocalSender         *self,
                                       RbLocalNetwork        *network,
                                       RbEnvelope            *envelope,
                                       GTask                 *task);
gboolean       rb_local_sender_finish (GTask                 *task,
                                       char                 **message_id,
                                       RbSendStatus          *status,
                                       GError               **error);

G_END_DECLS
