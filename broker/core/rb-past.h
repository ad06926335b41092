/* rb-past.h: a message or an endpoint is over and goes to the archive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* The message ends: its content leaves, its id is remembered, its text and how it ended are archived. @message->endpoint_id: who had it. */
void  rb_past_message    (RbCore *core, RbMessage *message, const char *how, RbChanges *changes);
/* What an endpoint sent and the network took. @status: the network's word, as sent. */
typedef struct {
  const char *message_id;
  const char *endpoint_id;
  const char *to;
  const char *correlation_id;
  const char *content_type;
  GBytes     *content;
  const char *status;
} RbPastSent;
void  rb_past_sent       (RbCore *core, const RbPastSent *sent, RbChanges *changes);
void  rb_past_endpoint   (RbCore *core, const RbEndpoint *endpoint, const char *why, RbChanges *changes);

/* What is too old goes, a few at a time, also when nothing happens. */
void  rb_past_start      (RbCore *core);
void  rb_past_cancel_timer (RbCore *core);

G_END_DECLS
