/* rb-processing.c: an adapter reports how far it is with an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-processing.h"

#include "rb-core-private.h"
#include "rb-deliver.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-owner.h"
#include "rb-received.h"
#include "rb-restore.h"
#include "rb-turns.h"

#define MAX_PROGRESS_CHECKPOINTS 256

/* Checked -> agreed by the upstream -> applied and durable -> answered. What the upstream refuses changes nothing here. Source: protocol.md
 * 11.7 and 11.4. */
typedef struct {
  RbProcessingRequest  request;
  RbAssignmentEvent    event;
  RbEvent             *outward;
  gint64               sequence;
  GPtrArray           *dispatchers;   /* of GTask: whoever dispatched it learns the outcome with us; NULL: nobody */
  GError              *declined;      /* what they are told; NULL: that it was taken */
  gboolean             is_back;       /* the message is in the inbox again */
} Processing;

void
rb_processing_request_clear (RbProcessingRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
  g_clear_pointer (&self->endpoint_owner_token, g_free);
  g_clear_pointer (&self->source_message_id, g_free);
  g_clear_pointer (&self->assignment_id, g_free);
  g_clear_pointer (&self->state_event_id, g_free);
  g_clear_pointer (&self->state, g_free);
  g_clear_pointer (&self->undispatched_id, g_free);
  g_clear_pointer (&self->reason_code, g_free);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->reply_request_id, g_free);
  g_clear_pointer (&self->outbound_message_id, g_free);
}

static void
processing_free (Processing *self)
{
  rb_processing_request_clear (&self->request);
  g_clear_pointer (&self->outward, rb_event_unref);
  g_clear_pointer (&self->dispatchers, g_ptr_array_unref);
  g_clear_error (&self->declined);
  g_free (self);
}

static void
copy_request (RbProcessingRequest       *to,
              const RbProcessingRequest *from)
{
  *to = *from;
  to->endpoint_id = g_strdup (from->endpoint_id);
  to->endpoint_owner_token = NULL;
  to->source_message_id = g_strdup (from->source_message_id);
  to->assignment_id = g_strdup (from->assignment_id);
  to->state_event_id = g_strdup (from->state_event_id);
  to->state = g_strdup (from->state);
  to->undispatched_id = g_strdup (from->undispatched_id);
  to->reason_code = g_strdup (from->reason_code);
  to->detail = g_strdup (from->detail);
  to->reply_request_id = g_strdup (from->reply_request_id);
  to->outbound_message_id = g_strdup (from->outbound_message_id);
}

static GError *
assignment_unknown (void)
{
  return rb_error_new (RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");
}

static RbAssignment *
check (RbCore                     *core,
       const RbCaller             *caller,
       const RbProcessingRequest  *request,
       GError                    **error)
{
  RbAssignment *assignment;

  if (rb_owner_check (core, caller, request->endpoint_id, request->plugin_pid, request->endpoint_owner_token, error) == NULL)
    return NULL;

  assignment = rb_assignments_lookup (core->assignments, request->source_message_id, request->assignment_id);
  if (assignment == NULL)
    {
      g_propagate_error (error, assignment_unknown ());
      return NULL;
    }
  if (!g_str_equal (assignment->endpoint_id, request->endpoint_id))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", "endpoint_id does not match the assigned target");
      return NULL;
    }
  if (rb_assignment_is_broker_owned (request->state))
    {
      g_autofree char *reason = g_strconcat (request->state, "_broker_owned", NULL);

      rb_set_error (error, RB_ERROR_FORBIDDEN, g_intern_string (reason),
                    "%s is emitted by the broker assignment lifecycle path", request->state);
      return NULL;
    }
  return assignment;
}

static RbEvent *
make_event (RbCore       *core,
            RbAssignment *assignment,
            gpointer      user_data)
{
  Processing *self = g_task_get_task_data (user_data);
  const RbProcessingRequest *request = &self->request;
  RbStateReport report = {
    .assignment = assignment,
    .state = request->state,
    .state_event_id = request->state_event_id,
    .undispatched_id = request->undispatched_id,
    .occurred_at = request->occurred_at != RB_NO_TIME ? request->occurred_at : rb_core_now (core),
    .has_retryable = request->has_retryable,
    .retryable = request->retryable,
    .reason_code = request->reason_code,
    .detail = request->detail,
    .reply_request_id = request->reply_request_id,
    .outbound_message_id = request->outbound_message_id,
  };

  self->sequence = rb_sequence_take (&assignment->sequence, request->state_event_id, request->state_sequence);
  report.state_sequence = self->sequence;
  self->outward = rb_events_processing_state (&report);
  return rb_event_ref (self->outward);
}

static void
answer_dispatchers (Processing   *self,
                    const GError *error)
{
  const GError *told = error != NULL ? error : self->declined;

  for (guint i = 0; self->dispatchers != NULL && i < self->dispatchers->len; i++)
    {
      if (told != NULL)
        g_task_return_error (g_ptr_array_index (self->dispatchers, i), g_error_copy (told));
      else
        g_task_return_boolean (g_ptr_array_index (self->dispatchers, i), TRUE);
    }
}

static void
on_durable (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Processing *self = g_task_get_task_data (task);

  answer_dispatchers (self, error);
  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  if (self->is_back)
    rb_mailroom_trigger (core);
  g_task_return_boolean (task, TRUE);
}

/* An adapter may accept what it has not acknowledged: then it has it, and the push is over. */
static void
leave_queue (RbCore       *core,
             RbAssignment *assignment,
             RbChanges    *changes)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, assignment->endpoint_id);
  RbItem *item = endpoint != NULL ? rb_queue_find (endpoint->queue, assignment->message->id) : NULL;
  gint64 now = rb_core_now (core);

  if (item == NULL)
    return;

  rb_deliver_cancel (core, endpoint, item);
  rb_received_record (core, endpoint->id, assignment->message->correlation_id, changes);
  rb_message_checkpoint (assignment->message, changes, "taken", now, endpoint->id, "accepted before the receipt");
}

/* An adapter may report as often as it likes; the ladder keeps what a person can read, and room for how it ends. */
static void
checkpoint_progress (RbCore       *core,
                     RbAssignment *assignment,
                     const char   *state,
                     const char   *detail,
                     RbChanges    *changes)
{
  if (assignment->message->n_checkpoints < MAX_PROGRESS_CHECKPOINTS)
    rb_message_checkpoint (assignment->message, changes, state, rb_core_now (core), assignment->endpoint_id, detail);
}

/* What the adapter says of how it ended; NULL: nothing. */
static char *
dup_why (const RbProcessingRequest *request)
{
  if (request->reason_code != NULL && request->detail != NULL)
    return g_strconcat (request->reason_code, ": ", request->detail, NULL);
  return g_strdup (request->reason_code != NULL ? request->reason_code : request->detail);
}

static void
become_accepted (RbCore       *core,
                 RbAssignment *assignment,
                 RbChanges    *changes)
{
  if (rb_assignment_holds_slot (assignment))
    rb_inbox_release (core->inbox);
  rb_clock_clear (core->clock, &assignment->timer);
  assignment->deadline = 0;
  leave_queue (core, assignment, changes);
  rb_mailroom_drop (core, assignment, "mailroom_acked");
  rb_message_checkpoint (assignment->message, changes, "accepted", rb_core_now (core), assignment->endpoint_id, NULL);
}

static void
apply (RbCore       *core,
       RbAssignment *assignment,
       Processing   *self,
       RbChanges    *changes)
{
  const char *state = self->request.state;
  RbAssignmentState next;
  RbAssignmentTodo todo;

  rb_sequence_settle (&assignment->sequence, self->sequence);
  if (!rb_assignment_state_step (assignment->state, self->event, &next, &todo))
    {
      g_warn_if_reached ();
      return;
    }
  if (next != assignment->state)
    self->dispatchers = g_steal_pointer (&assignment->dispatchers);

  if (todo & RB_ASSIGNMENT_DROP_STAGED)
    {
      rb_mailroom_drop (core, assignment, "mailroom_dropped_staged_for_reclaim");
      rb_restore_put_back (core, assignment, state, changes);
      return;
    }
  if (todo & RB_ASSIGNMENT_PUT_BACK)
    {
      self->declined = rb_error_new (RB_ERROR_INVALID, "dispatch_failed", "the target declined: %s", state);
      self->is_back = TRUE;
      rb_restore_put_back (core, assignment, state, changes);
      return;
    }
  if (todo & RB_ASSIGNMENT_FORGET)
    {
      g_autofree char *why = dup_why (&self->request);

      self->declined = rb_error_new (RB_ERROR_INVALID, "dispatch_failed", "the target ended it: %s", state);
      if (why != NULL)
        rb_message_checkpoint (assignment->message, changes, state, rb_core_now (core), assignment->endpoint_id, why);
      rb_restore_end (core, assignment, state, changes);
      return;
    }

  if (!rb_assignment_state_is_accepted (assignment->state) && rb_assignment_state_is_accepted (next))
    become_accepted (core, assignment, changes);
  else
    checkpoint_progress (core, assignment, state, self->request.detail, changes);
  assignment->state = next;
  rb_assignment_record (assignment, changes);
  rb_core_changed (core, "assignments");
}

/* protocol.md 11.7: 409 for a terminal refusal, 503 for the rest, with the category where the upstream gave one. */
static GError *
rejected (const GError *error)
{
  gboolean terminal = g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED);
  GVariant *details = rb_error_get_details (error);
  const char *category = NULL;
  GError *answer = rb_error_new (terminal ? RB_ERROR_BAD_STATE : RB_ERROR_UNAVAILABLE, "runtime_processing_state_rejected", "%s",
                                 error->message != NULL && *error->message != '\0' ? error->message
                                                                                  : "runtime processing state was not accepted");

  if (details != NULL && g_variant_lookup (details, "assignment_failure_category", "&s", &category))
    rb_error_add_detail (answer, "assignment_failure_category", g_variant_new_string (category));
  return answer;
}

static void
on_agreed (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Processing *self = g_task_get_task_data (task);
  RbAssignment *assignment;
  RbChanges *changes;

  if (error != NULL)
    {
      g_task_return_error (task, rejected (error));
      return;
    }

  /* It may have been taken back meanwhile: then the adapter must not believe that it has it. */
  assignment = rb_assignments_lookup (core->assignments, self->request.source_message_id, self->request.assignment_id);
  if (assignment == NULL)
    {
      g_task_return_error (task, assignment_unknown ());
      return;
    }

  changes = rb_changes_new ();
  apply (core, assignment, self, changes);
  rb_changes_project (changes, g_steal_pointer (&self->outward));
  rb_core_commit (core, changes, on_durable, g_steal_pointer (&task));
}

void
rb_processing_async (RbCore                    *core,
                     const RbCaller            *caller,
                     const RbProcessingRequest *request,
                     GAsyncReadyCallback        callback,
                     gpointer                   user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbAssignment *assignment;
  GError *error = NULL;
  Processing *self;

  g_task_set_source_tag (task, rb_processing_async);
  assignment = rb_core_check_ready (core, &error) ? check (core, caller, request, &error) : NULL;
  if (assignment == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Processing, 1);
  copy_request (&self->request, request);
  if (!rb_assignment_event_from_report (request->state, request->has_retryable && request->retryable, &self->event))
    self->event = RB_ASSIGNMENT_PROGRESS;
  g_task_set_task_data (task, self, (GDestroyNotify) processing_free);
  rb_turns_report (core, assignment, make_event, on_agreed, g_steal_pointer (&task));
}

gboolean
rb_processing_finish (RbCore        *core,
                      GAsyncResult  *result,
                      GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
