/* rb-assignment-context.c: what an adapter sees of an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-assignment-context.h"

RbAssignmentContext *
rb_assignment_context_new (const char     *undispatched_id,
                           const char     *source_message_id,
                           const char     *assignment_id,
                           const RbTarget *target,
                           const char     *reply_correlation_id,
                           const char     *original_trace_id)
{
  RbAssignmentContext *self = g_new0 (RbAssignmentContext, 1);

  self->undispatched_id = g_strdup (undispatched_id);
  self->source_message_id = g_strdup (source_message_id);
  self->assignment_id = g_strdup (assignment_id);
  self->target = rb_target_copy (target);
  self->reply_correlation_id = g_strdup (reply_correlation_id);
  self->original_trace_id = g_strdup (original_trace_id);
  return self;
}

void
rb_assignment_context_free (RbAssignmentContext *self)
{
  g_free (self->undispatched_id);
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_clear_pointer (&self->target, rb_target_free);
  g_free (self->reply_correlation_id);
  g_free (self->original_trace_id);
  g_free (self);
}
