/* rb-claimed.h: what the upstream answered to a claim
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-envelope.h"
#include "rb-target.h"

G_BEGIN_DECLS

/* Source: protocol.md 14.9. */
typedef struct {
  char       *undispatched_id;
  char       *source_message_id;
  char       *assignment_id;
  char       *token;            /* broker_projection_token */
  RbTarget   *target;
  gint64      assigned_at;      /* epoch-ms */
  char       *message_source;   /* the message's sourceMessageId */
  RbEnvelope *envelope;         /* its id is @source_message_id; NULL: not known, enough to release it */
} RbClaimed;

/* NULL unless the answer is whole. */
RbClaimed  *rb_claimed_from_answer (GVariant *answer);
/* NULL unless there is what a release needs: the ids, the token and the target. @answer may be NULL. */
RbClaimed  *rb_claimed_from_pieces (GVariant *answer);
void        rb_claimed_free        (RbClaimed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbClaimed, rb_claimed_free)

G_END_DECLS
