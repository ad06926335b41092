/* rb-reply-report.c: the upstream learns that a reply was sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-work.h"

#include "rb-backoff.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-log.h"
#include "rb-restore.h"

#define RETRY_MS 1000
#define RETRY_MAX_MS 30000

/* Source: protocol.md 11.9: until it is accepted or terminally refused, without limit; then the assignment is forgotten. */
typedef struct {
  char *source_message_id;
  char *assignment_id;
} Report;

static void
report_free (Report *report)
{
  g_free (report->source_message_id);
  g_free (report->assignment_id);
  g_free (report);
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

  assignment->report_attempts++;
  assignment->owner = core;
  assignment->report_timer = rb_clock_add (core->clock, wait, on_retry, assignment);
}

static void
on_reported (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Report *report = user_data;
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, report->source_message_id, report->assignment_id);
  RbChanges *changes;

  report_free (report);
  if (error != NULL)
    rb_log_warning ("runtime_reply_emitted_projection_failed", "err", error->message, NULL);
  if (assignment == NULL)
    return;
  if (error != NULL && !g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED))
    {
      retry_later (core, assignment);
      return;
    }

  changes = rb_changes_new ();
  rb_restore_end (core, assignment, "replied", changes);
  rb_core_commit (core, changes, NULL, NULL);
}

void
rb_reply_report (RbCore       *core,
                 RbAssignment *assignment)
{
  g_autofree char *event_id = g_strconcat (assignment->context->assignment_id, ":reply_emitted:",
                                           assignment->report_reply_id != NULL ? assignment->report_reply_id : "", NULL);
  RbStateReport state = {
    .assignment = assignment,
    .state = "reply_emitted",
    .state_event_id = event_id,
    .state_sequence = assignment->last_sequence,
    .occurred_at = rb_core_now (core),
    .with_token = TRUE,
    .reply_request_id = assignment->report_reply_id,
    .outbound_message_id = assignment->report_wire_id,
  };
  g_autoptr(RbEvent) event = rb_events_processing_state (&state);
  Report *report = g_new (Report, 1);

  report->source_message_id = g_strdup (assignment->context->source_message_id);
  report->assignment_id = g_strdup (assignment->context->assignment_id);
  rb_events_report (core, event, on_reported, report);
}
