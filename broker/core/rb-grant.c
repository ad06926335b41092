/* rb-grant.c: what a claim gave: an assignment and its message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-grant.h"

RbGrant *
rb_grant_new (const RbAssignmentContext *context,
              RbMessage                 *message)
{
  RbGrant *self = g_new0 (RbGrant, 1);

  g_ref_count_init (&self->ref_count);
  self->context = rb_assignment_context_new (context->undispatched_id, context->source_message_id, context->assignment_id,
                                             context->target, context->reply_correlation_id, context->original_trace_id);
  self->message = rb_message_ref (message);
  return self;
}

RbGrant *
rb_grant_ref (RbGrant *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_grant_unref (RbGrant *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  rb_assignment_context_free (self->context);
  rb_message_unref (self->message);
  g_free (self);
}
