/* rb-grant.h: what a claim gave: an assignment and its message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-assignment-context.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* What the adapter may have: the durable assignment and its message. */
typedef struct {
  grefcount            ref_count;
  RbAssignmentContext *context;
  RbMessage           *message;
} RbGrant;

RbGrant  *rb_grant_new    (const RbAssignmentContext *context, RbMessage *message);
RbGrant  *rb_grant_ref    (RbGrant *self);
void      rb_grant_unref  (RbGrant *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbGrant, rb_grant_unref)

G_END_DECLS
