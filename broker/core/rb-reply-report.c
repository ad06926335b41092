/* rb-reply-report.c: the upstream learns that a reply was sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-work.h"

#include "rb-error.h"
#include "rb-log.h"
#include "rb-restore.h"
#include "rb-turns.h"

#define RETRY_MS 1000
#define RETRY_MAX_MS 30000

/* Source: protocol.md 11.9: until it is accepted or terminally refused, without limit; then the assignment is forgotten. Another reply to
 * the same assignment may be sent while the first is not confirmed; then both are owed, in their order. A repeated report is identical. */
typedef struct {
  char *source_message_id;
  char *assignment_id;
} Report;

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
rb_reply_owe_report (RbAssignment *assignment,
                     RbEvent      *event)
{
  if (assignment->reports == NULL)
    assignment->reports = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_event_unref);
  g_ptr_array_add (assignment->reports, rb_event_ref (event));
}

static void
on_retry (gpointer user_data)
{
  RbAssignment *assignment = user_data;

  assignment->report_timer = 0;
  rb_reply_report (assignment->owner, assignment);
}

static void
retry_later (RbCore       *core,
             RbAssignment *assignment)
{
  gint64 wait = MIN ((gint64) RETRY_MS << MIN (assignment->report_attempts, 5), RETRY_MAX_MS);

  if (core->is_stopping)
    {
      rb_log_warning ("runtime_reply_emitted_shutdown_flush_failed", "assignment_id", assignment->context->assignment_id, NULL);
      return;
    }
  assignment->report_attempts++;
  assignment->owner = core;
  assignment->report_timer = rb_clock_add (core->clock, wait, on_retry, assignment);
}

static void
end_if_confirmed (RbCore       *core,
                  RbAssignment *assignment)
{
  RbChanges *changes;

  if (assignment->reports != NULL && assignment->reports->len > 0)
    {
      rb_reply_report (core, assignment);
      return;
    }

  changes = rb_changes_new ();
  rb_restore_end (core, assignment, "replied", changes);
  rb_core_commit (core, changes, NULL, NULL);
}

static void
on_reported (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Report *report = user_data;
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, report->source_message_id, report->assignment_id);

  g_free (report->source_message_id);
  g_free (report->assignment_id);
  g_free (report);
  if (error != NULL)
    rb_log_warning ("runtime_reply_emitted_projection_failed", "err", error->message, NULL);
  if (assignment == NULL)
    return;

  assignment->is_report_running = FALSE;
  if (error != NULL && !g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED))
    {
      retry_later (core, assignment);
      return;
    }

  assignment->report_attempts = 0;
  g_ptr_array_remove_index (assignment->reports, 0);
  end_if_confirmed (core, assignment);
}

static RbEvent *
get_oldest (RbCore       *core,
            RbAssignment *assignment,
            gpointer      user_data)
{
  return rb_event_ref (g_ptr_array_index (assignment->reports, 0));
}

void
rb_reply_report (RbCore       *core,
                 RbAssignment *assignment)
{
  Report *report;

  if (assignment->is_report_running)
    return;

  rb_clock_clear (core->clock, &assignment->report_timer);
  assignment->is_report_running = TRUE;
  report = g_new (Report, 1);
  report->source_message_id = g_strdup (assignment->context->source_message_id);
  report->assignment_id = g_strdup (assignment->context->assignment_id);
  rb_turns_report (core, assignment, get_oldest, on_reported, report);
}

/* A record with a result belongs to a report that may not have been confirmed; one that was is confirmed again. */
void
rb_reply_resume (RbCore       *core,
                 RbAssignment *assignment)
{
  const RbAssignmentContext *context = assignment->context;
  g_autoptr(GPtrArray) records = rb_replies_dup_sent (core->replies, context->source_message_id, context->assignment_id);
  gint64 sequence = assignment->last_sequence - records->len;

  for (guint i = 0; i < records->len; i++)
    {
      RbReplyRecord *record = g_ptr_array_index (records, i);
      g_autoptr(RbEvent) event = rb_reply_event (core, assignment, "reply_emitted", record->reply_request_id, record->wire_message_id,
                                                 ++sequence);

      rb_reply_owe_report (assignment, event);
    }
  end_if_confirmed (core, assignment);
}
