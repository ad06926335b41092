/* rb-reply-report.c: the upstream learns that a reply was sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-work.h"

#include "rb-events.h"
#include "rb-restore.h"

RbEvent *
rb_reply_event (RbCore             *core,
                const RbAssignment *assignment,
                const char         *state,
                const char         *reply_request_id,
                const char         *wire_message_id,
                gint64              sequence)
{
  g_autofree char *event_id = g_strconcat (assignment->context->assignment_id, ":", state, ":", reply_request_id, NULL);
  RbStateReport report = {
    .assignment = assignment,
    .state = state,
    .state_event_id = event_id,
    .state_sequence = sequence,
    .occurred_at = rb_core_now (core),
    .with_token = TRUE,
    .reply_request_id = reply_request_id,
    .outbound_message_id = wire_message_id,
  };

  return rb_events_processing_state (&report);
}

void
rb_reply_heard (RbCore        *core,
                const RbEvent *event,
                RbChanges     *changes)
{
  g_autofree char *source_message_id = rb_events_dup_member (event, "source_message_id");
  RbAssignment *assignment;

  if (source_message_id == NULL)
    return;

  assignment = rb_assignments_lookup (core->assignments, source_message_id, rb_event_get_subject (event));
  if (assignment != NULL && assignment->state == RB_ASSIGNMENT_REPLIED)
    rb_restore_end (core, assignment, "replied", changes);
}
