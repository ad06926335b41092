/* rb-restore.c: assignments that were not accepted go back to the inbox; others end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-restore.h"

#include "rb-deliver.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-past.h"
#include "rb-rule.h"
#include "rb-settle.h"
#include "rb-turns.h"

static void
on_acceptance_timeout (gpointer user_data)
{
  RbAssignment *assignment = user_data;

  assignment->timer = 0;
  rb_log_warning ("runtime_assignment_acceptance_timeout", "assignment_id", assignment->context->assignment_id, "endpoint_id",
                  assignment->endpoint_id, NULL);
  rb_restore_one (assignment->owner, assignment, "adapter_acceptance_timeout");
}

void
rb_restore_arm (RbCore       *core,
                RbAssignment *assignment)
{
  gint64 left;

  rb_clock_clear (core->clock, &assignment->timer);
  if (assignment->deadline == 0 || rb_assignment_state_is_accepted (assignment->state))
    return;

  assignment->owner = core;
  /* A wall clock that was set back must not make the wait longer than it was to be. */
  left = CLAMP (assignment->deadline - rb_core_now (core), 0, MAX (core->settings.acceptance_timeout, 0));
  assignment->timer = rb_clock_add (core->clock, left, on_acceptance_timeout, assignment);
}

static void
detach (RbCore       *core,
        RbAssignment *assignment,
        RbChanges    *changes)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, assignment->endpoint_id);
  RbItem *item = endpoint != NULL ? rb_queue_find (endpoint->queue, assignment->message->id) : NULL;

  rb_clock_clear (core->clock, &assignment->timer);
  if (item != NULL)
    rb_deliver_cancel (core, endpoint, item);
  rb_assignment_erase (assignment, changes);
}

static void
move_to_inbox (RbCore       *core,
               RbAssignment *assignment,
               const char   *reason,
               const char   *why,
               RbChanges    *changes)
{
  RbMessage *message = assignment->message;
  gboolean holds_slot = rb_assignment_holds_slot (assignment);
  gint64 now = rb_core_now (core);

  core->counters.restored++;
  detach (core, assignment, changes);
  rb_message_checkpoint_ruled (message, changes, "restored", now, assignment->endpoint_id, why, RB_RULE_RESTORED);
  rb_message_move (message, changes, RB_PLACE_INBOX, message->endpoint_id, reason, now);
  if (holds_slot)
    rb_inbox_put_back (core->inbox, message);
  else
    rb_inbox_add (core->inbox, message);
  rb_settle_watch (core);
  rb_turns_forget (core, assignment);
  rb_core_changed (core, "assignments");
  rb_core_changed (core, "inbox");
}

/* A message that came only with a claim is one that the upstream holds: it enters our inbox when there is room for it, and never from
 * staging (protocol.md 11.4). */
void
rb_restore_put_back (RbCore       *core,
                     RbAssignment *assignment,
                     const char   *why,
                     RbChanges    *changes)
{
  gboolean is_ours = g_strcmp0 (assignment->message->reason, RB_REASON_CLAIMED) != 0;

  if (is_ours)
    move_to_inbox (core, assignment, assignment->message->reason, why, changes);
  else if (assignment->state != RB_ASSIGNMENT_STAGED && !rb_inbox_is_full (core->inbox))
    move_to_inbox (core, assignment, RB_REASON_UNADDRESSED, why, changes);
  else
    rb_restore_end (core, assignment, "returned_upstream", changes);
}

void
rb_restore_end (RbCore       *core,
                RbAssignment *assignment,
                const char   *how,
                RbChanges    *changes)
{
  RbMessage *message = assignment->message;
  gint64 now = rb_core_now (core);

  detach (core, assignment, changes);
  if (rb_assignment_holds_slot (assignment))
    rb_inbox_release (core->inbox);
  rb_message_checkpoint (message, changes, "settled", now, assignment->endpoint_id, how);
  g_free (message->endpoint_id);
  message->endpoint_id = g_strdup (assignment->endpoint_id);
  rb_past_message (core, message, how, changes);
  rb_turns_forget (core, assignment);
  rb_core_changed (core, "assignments");
}

void
rb_restore_fail_dispatchers (RbAssignment *assignment,
                             GError       *error)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&assignment->dispatchers);

  for (guint i = 0; tasks != NULL && i < tasks->len; i++)
    g_task_return_error (g_ptr_array_index (tasks, i), g_error_copy (error));
  g_error_free (error);
}

static GError *
dispatch_error (const RbAssignment *assignment,
                const char         *reason_code)
{
  if (g_str_equal (reason_code, "ipc_push_not_received"))
    return rb_error_new (RB_ERROR_INVALID, "dispatch_failed", "target endpoint did not acknowledge push receipt: %s",
                         assignment->context->target->endpoint_id);

  return rb_error_new (RB_ERROR_INVALID, "dispatch_failed", "the assignment was taken back: %s", reason_code);
}

/* The last word on it: above every number that the upstream may have heard, else it would be refused as old, and an acceptance whose
 * answer was lost would be the last that the upstream knows. */
static RbEvent *
target_lost (const RbAssignment *assignment,
             const char         *reason_code)
{
  g_autofree char *event_id = g_strconcat (assignment->context->assignment_id, ":target_lost", NULL);
  RbStateReport report = {
    .assignment = assignment,
    .state = "target_lost_before_acceptance",
    .state_event_id = event_id,
    .state_sequence = rb_sequence_get_next (&assignment->sequence),
    .occurred_at = assignment->assigned_at + 1,
    .reason_code = reason_code,
  };

  return rb_events_processing_state (&report);
}

/* A restored assignment: who is answered when its message is durably back. */
typedef struct {
  GPtrArray *dispatchers;    /* NULL: nobody waits */
  GError    *why;
} Restored;

static void
on_restored (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Restored *self = user_data;

  for (guint i = 0; self->dispatchers != NULL && i < self->dispatchers->len; i++)
    g_task_return_error (g_ptr_array_index (self->dispatchers, i), g_error_copy (error != NULL ? error : self->why));
  if (error == NULL && !rb_events_has_authority (core))
    rb_mailroom_trigger (core);

  g_clear_pointer (&self->dispatchers, g_ptr_array_unref);
  g_error_free (self->why);
  g_free (self);
}

void
rb_restore_one (RbCore       *core,
                RbAssignment *assignment,
                const char   *reason_code)
{
  RbChanges *changes = rb_changes_new ();
  Restored *self = g_new0 (Restored, 1);

  /* Of a staged one the upstream knows better: it holds it still. */
  if (assignment->state != RB_ASSIGNMENT_STAGED)
    rb_changes_tell (changes, target_lost (assignment, reason_code));
  self->dispatchers = g_steal_pointer (&assignment->dispatchers);
  self->why = dispatch_error (assignment, reason_code);
  rb_log_info ("runtime_assignment_restored", "assignment_id", assignment->context->assignment_id, "reason", reason_code, NULL);
  rb_restore_put_back (core, assignment, reason_code, changes);
  rb_core_commit (core, changes, on_restored, self);
}

void
rb_restore_tell_lost (RbCore             *core,
                      const RbAssignment *assignment,
                      const char         *reason_code)
{
  RbChanges *changes;

  if (!rb_events_has_authority (core))
    return;

  changes = rb_changes_new ();
  rb_changes_tell (changes, target_lost (assignment, reason_code));
  rb_core_commit (core, changes, NULL, NULL);
}
