/* rb-listed-message.h: a message as the list of the inbox shows it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* One item of GET /v1/undispatched (protocol.md 10.5); strings are NULL where "when present" */
typedef struct {
  char   *id;
  char   *source_message_id;
  gint64  arrived_at;
  char   *sender_address;
  GBytes *content;               /* JSON string slice */
  char   *content_type;
  GBytes *metadata;              /* JSON object slice */
  char   *reason;
  char   *claim_policy;
  char   *active_assignment_id;
  char   *active_target_endpoint_id;
  GVariant *conversation_ref;    /* a{sv} */
  char   *original_target_endpoint_id;
  char   *original_correlation_id;
} RbListedMessage;

void       rb_listed_message_free (RbListedMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbListedMessage, rb_listed_message_free)

RbListedMessage *rb_listed_message_from_row       (const RbMessage *message);
/* @candidate: a{sv} of 14.10: the upstream says what may be seen; what we have here makes it whole. */
RbListedMessage *rb_listed_message_from_candidate (RbCore *core, GVariant *candidate);

G_END_DECLS
