/* rb-assignment-context.h: what an adapter sees of an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-target.h"

G_BEGIN_DECLS

/* Source: protocol.md 11.3. deliveryIntent is always "external_handoff". */
typedef struct {
  char     *undispatched_id;
  char     *source_message_id;
  char     *assignment_id;
  RbTarget *target;
  char     *reply_correlation_id;   /* (nullable) */
  char     *original_trace_id;      /* (nullable) */
} RbAssignmentContext;

RbAssignmentContext *rb_assignment_context_new  (const char *undispatched_id, const char *source_message_id, const char *assignment_id,
                                                 const RbTarget *target, const char *reply_correlation_id, const char *original_trace_id);
void                 rb_assignment_context_free (RbAssignmentContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbAssignmentContext, rb_assignment_context_free)

G_END_DECLS
