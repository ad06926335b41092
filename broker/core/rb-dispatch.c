/* rb-dispatch.c: a message of the inbox becomes an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dispatch.h"

#include "rb-admission.h"
#include "rb-core-private.h"
#include "rb-deliver.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-held-why.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"
#include "rb-received.h"
#include "rb-restore.h"
#include "rb-rule.h"
#include "rb-settle.h"

/* Taken from the inbox (its slot stays reserved) -> the upstream agrees -> durable -> told -> pushed -> answered with the receipt. Any
 * failure before "durable" puts the row back, which cannot fail: the slot is still its own. Source: protocol.md 11.5 and 11.6. */
typedef struct {
  RbMessage    *message;
  RbAssignment *assignment;    /* owned until it is in the table */
  char         *endpoint_id;
  const char   *rule;
  void        (*stored) (RbCore *core, gpointer user_data);
  gpointer      stored_data;
} Dispatch;

static void
dispatch_free (Dispatch *self)
{
  g_clear_pointer (&self->message, rb_message_unref);
  g_clear_pointer (&self->assignment, rb_assignment_free);
  g_free (self->endpoint_id);
  g_free (self);
}

static void
refuse (GError     **error,
        const char  *detail,
        const char  *id)
{
  rb_set_error (error, RB_ERROR_INVALID, "dispatch_failed", "%s%s%s", detail, id != NULL ? ": " : "", id != NULL ? id : "");
}

static void
fail (GTask      *task,
      const char *detail,
      const char *id)
{
  GError *error = NULL;

  refuse (&error, detail, id);
  g_task_return_error (task, error);
}

/* Answered with the receipt, or when the assignment is taken back. */
static void
join (RbAssignment *assignment,
      GTask        *task)
{
  if (assignment->dispatchers == NULL)
    assignment->dispatchers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (assignment->dispatchers, task);
}

static void
answer_dispatchers (RbAssignment *assignment)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&assignment->dispatchers);

  for (guint i = 0; tasks != NULL && i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

/* Which assignment a commit was about: while it ran, the message may have been taken back and given to somebody else. */
typedef struct {
  char *source_message_id;
  char *assignment_id;
  char *message_id;
  char *endpoint_id;
} Key;

static Key *
key_new (const RbAssignment *assignment)
{
  Key *key = g_new (Key, 1);

  key->source_message_id = g_strdup (assignment->context->source_message_id);
  key->assignment_id = g_strdup (assignment->context->assignment_id);
  key->message_id = g_strdup (assignment->message->id);
  key->endpoint_id = g_strdup (assignment->endpoint_id);
  return key;
}

/* It comes now, or not at all. */
static void
take_back (RbCore     *core,
           const char *endpoint_id,
           const char *message_id)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  if (endpoint != NULL)
    rb_queue_take_back (endpoint->queue, message_id);
}

static RbAssignment *
lookup_and_free (RbCore *core,
                 Key    *key)
{
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, key->source_message_id, key->assignment_id);

  take_back (core, key->endpoint_id, key->message_id);
  g_free (key->endpoint_id);
  g_free (key->message_id);
  g_free (key->source_message_id);
  g_free (key->assignment_id);
  g_free (key);
  return assignment;
}

/* Everybody who waits for a receipt that will not come soon: it is queued durably, which is all they can be told now. */
static void
answer_if_reconnecting (RbCore       *core,
                        const GError *error,
                        gpointer      user_data)
{
  RbAssignment *assignment = lookup_and_free (core, user_data);
  RbEndpoint *endpoint = assignment != NULL ? rb_registry_lookup (core->registry, assignment->endpoint_id) : NULL;

  if (error != NULL && assignment != NULL)
    rb_restore_fail_dispatchers (assignment, g_error_copy (error));
  else if (endpoint != NULL && endpoint->state == RB_ENDPOINT_RECONNECTING)
    answer_dispatchers (assignment);
}

/* The assignment may have moved on while the commit ran: accepted, restored, its endpoint gone. */
static void
on_assignment_durable (RbCore       *core,
                       const GError *error,
                       gpointer      user_data)
{
  RbAssignment *assignment = lookup_and_free (core, user_data);
  RbEndpoint *endpoint;

  if (assignment == NULL)
    return;
  if (error != NULL)
    {
      rb_restore_fail_dispatchers (assignment, g_error_copy (error));
      return;
    }

  endpoint = rb_registry_lookup (core->registry, assignment->endpoint_id);
  if (endpoint == NULL || assignment->state != RB_ASSIGNMENT_QUEUED || rb_queue_find (endpoint->queue, assignment->message->id) != NULL)
    return;

  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    {
      rb_log_info ("undispatched_dispatched", "undispatched_id", assignment->message->id, "target_endpoint_id", endpoint->id,
                   "target_state", "reconnecting", "traceId", assignment->message->trace.trace_id, "spanName", "process", NULL);
      answer_dispatchers (assignment);
    }
  rb_deliver_add (core, endpoint, assignment->message, assignment->context->assignment_id);
}

static void
store (RbCore     *core,
       RbEndpoint *endpoint,
       GTask      *task)
{
  Dispatch *self = g_task_get_task_data (task);
  RbAssignment *assignment = g_steal_pointer (&self->assignment);
  RbMessage *message = assignment->message;
  RbChanges *changes = rb_changes_new ();
  gint64 now = rb_core_now (core);

  if (core->settings.acceptance_timeout > 0)
    assignment->deadline = now + core->settings.acceptance_timeout;
  join (assignment, task);
  rb_assignments_add (core->assignments, assignment);
  rb_outbox_supersede (core, assignment->context->assignment_id, changes);
  rb_assignment_record (assignment, changes);
  rb_changes_project (changes, rb_events_assigned (assignment));
  rb_message_checkpoint_ruled (message, changes, "assigned", now, endpoint->id, assignment->context->assignment_id, self->rule);
  rb_message_move (message, changes, RB_PLACE_ASSIGNMENT, message->endpoint_id, message->reason, now);
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    rb_received_record (core, endpoint->id, message->correlation_id, changes);   /* IMP-33 */
  rb_restore_arm (core, assignment);
  rb_core_changed (core, "inbox");
  rb_core_changed (core, "assignments");
  rb_core_commit (core, changes, on_assignment_durable, key_new (assignment));
  if (self->stored != NULL)
    self->stored (core, self->stored_data);
}

/* What the upstream agreed to cannot be had any more, durably so. */
static void
give_up (RbCore       *core,
         const GError *error,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Dispatch *self = g_task_get_task_data (task);
  GError *stopping = NULL;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else if (core->is_stopping)
    {
      rb_core_check_ready (core, &stopping);
      rb_restore_tell_lost (core, self->assignment, "broker_shutdown");
      g_task_return_error (task, stopping);
    }
  else
    {
      rb_restore_tell_lost (core, self->assignment, "endpoint_lost");
      fail (task, "target endpoint not found", self->endpoint_id);
    }
}

static void
on_agreed (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  GTask *task = user_data;
  Dispatch *self = g_task_get_task_data (task);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, self->endpoint_id);
  g_autoptr(RbMessage) message = rb_message_ref (self->message);

  if (error == NULL && endpoint != NULL && !core->is_stopping)
    {
      store (core, endpoint, task);
      rb_settle_go_on (core, message->id);
      return;
    }

  take_back (core, self->endpoint_id, message->id);
  rb_inbox_put_back (core->inbox, message);
  rb_settle_go_on (core, message->id);
  if (error == NULL)
    {
      rb_core_commit (core, rb_changes_new (), give_up, task);
      return;
    }

  rb_log_warning ("runtime_processing_state_emit_failed", "assignment_id", self->assignment->context->assignment_id, "err",
                  error->message, NULL);
  fail (task, *error->message != '\0' ? error->message : "runtime_processing_state_assignment_failed", NULL);
  g_object_unref (task);
}

/* protocol.md 11.5 steps 1 and 2. */
static gboolean
check_order (RbCore                 *core,
             const RbDispatchOrder  *order,
             GError                **error)
{
  gboolean needs_token = order->key != NULL && !core->is_legacy_upstream;

  if (needs_token && (order->token == NULL || *order->token == '\0'))
    refuse (error, "dispatch broker_projection_token missing", NULL);
  else if (order->endpoint_id == NULL || *order->endpoint_id == '\0')
    refuse (error, "dispatch target_ref missing", NULL);
  else
    return TRUE;
  return FALSE;
}

/* Steps 3 to 5. Of one order the upstream hears in order: what it has yet to hear of the last attempt would end the next one. */
static gboolean
check_row (RbCore                 *core,
           const RbMessage        *row,
           const RbDispatchOrder  *order,
           GError                **error)
{
  if (row == NULL)
    refuse (error, "unknown undispatched_id", order->undispatched_id != NULL ? order->undispatched_id : "");
  else if (row->source_id == NULL)
    refuse (error, "dispatch source_message_id missing from inbox row", NULL);
  else if (order->key != NULL && g_strcmp0 (row->source_id, order->source_message_id) != 0)
    refuse (error, "source_message_id mismatch", order->source_message_id != NULL ? order->source_message_id : "");
  else if (order->key != NULL && rb_outbox_has_report (core, order->key))
    refuse (error, "the last attempt is still to be told as lost", order->key);
  else
    return TRUE;
  return FALSE;
}

/* Steps 6 to 8: the event's target must be just what the endpoint says of itself. */
static RbTarget *
choose_target (RbCore                 *core,
               const RbDispatchOrder  *order,
               GError                **error)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, order->endpoint_id);
  g_autoptr(RbTarget) target = NULL;

  if (endpoint == NULL)
    {
      refuse (error, "target endpoint not found", order->endpoint_id);
      return NULL;
    }

  target = rb_traits_dup_target (endpoint->traits, endpoint->id);
  if (target != NULL && (order->target == NULL || rb_target_equal (target, order->target)))
    return g_steal_pointer (&target);

  refuse (error, "target endpoint is not background-exchange capable", order->endpoint_id);
  return NULL;
}

/* An order of our own (11.6) has a fresh id, and a token that an upstream which checks tokens refuses; the old ones know none. */
static RbAssignment *
make_assignment (RbCore                *core,
                 RbMessage             *message,
                 const RbTarget        *target,
                 const RbDispatchOrder *order)
{
  g_autofree char *uuid = order->key == NULL ? rb_core_uuid (core) : NULL;
  g_autofree char *token = order->key == NULL && !core->is_legacy_upstream ? rb_core_uuid (core) : g_strdup (order->token);
  g_autofree char *assignment_id = order->key == NULL ? g_strconcat ("local-", uuid, NULL) : g_strdup (order->key);
  RbAssignmentContext *context = rb_assignment_context_new (message->id, message->source_id, assignment_id, target,
                                                            message->correlation_id, message->trace.trace_id);

  return rb_assignment_new (context, message, token, order->emitted_at);
}

static void
assign (RbCore                *core,
        RbMessage             *row,
        const RbTarget        *target,
        const RbDispatchOrder *order,
        GTask                 *task)
{
  Dispatch *self = g_new0 (Dispatch, 1);
  g_autoptr(RbEvent) event = NULL;

  self->endpoint_id = g_strdup (order->endpoint_id);
  self->rule = order->rule;
  self->message = rb_inbox_take (core->inbox, row->id);
  self->assignment = make_assignment (core, self->message, target, order);
  rb_mailroom_drop (core, self->assignment, "mailroom_dropped_staged_for_dispatch");
  self->stored = order->stored;
  self->stored_data = order->stored_data;
  g_task_set_task_data (task, self, (GDestroyNotify) dispatch_free);
  rb_queue_promise (rb_registry_lookup (core->registry, order->endpoint_id)->queue, self->message);
  event = rb_events_assigned (self->assignment);
  rb_events_report (core, event, on_agreed, task);
}

/* Step 3, when the row is gone: the same order was carried out, at least so far that its assignment is stored; here perhaps by the process
 * before this one. Two orders of our own for one endpoint share what the first began. */
static RbAssignment *
find_assignment (RbCore                *core,
                 const RbDispatchOrder *order)
{
  const char *undispatched_id = order->undispatched_id != NULL ? order->undispatched_id : "";
  RbAssignment *assignment;

  if (order->key == NULL || order->source_message_id == NULL)
    assignment = rb_assignments_of_message (core->assignments, undispatched_id);
  else
    assignment = rb_assignments_lookup (core->assignments, order->source_message_id, order->key);
  if (assignment == NULL || assignment->state == RB_ASSIGNMENT_STAGED)
    return NULL;
  if (order->key == NULL)
    return assignment->state == RB_ASSIGNMENT_QUEUED && g_str_equal (assignment->endpoint_id, order->endpoint_id) ? assignment : NULL;

  return g_str_equal (assignment->context->undispatched_id, undispatched_id) &&
         g_str_equal (assignment->context->assignment_id, order->key) &&
         g_str_equal (assignment->context->target->endpoint_id, order->endpoint_id) ? assignment : NULL;
}

static void
refresh (RbAssignment          *assignment,
         const RbDispatchOrder *order,
         RbChanges             *changes)
{
  if (order->key == NULL || (assignment->assigned_at == order->emitted_at && g_strcmp0 (assignment->token, order->token) == 0))
    return;

  g_free (assignment->token);
  assignment->token = g_strdup (order->token);
  assignment->assigned_at = order->emitted_at;
  rb_assignment_record (assignment, changes);
}

/* The upstream agreed to it when it was stored. What was taken is not pushed a second time. */
static void
repeat (RbCore                *core,
        RbAssignment          *assignment,
        const RbDispatchOrder *order,
        GTask                 *task)
{
  RbChanges *changes = rb_changes_new ();

  refresh (assignment, order, changes);
  if (assignment->state != RB_ASSIGNMENT_QUEUED)
    {
      rb_core_commit_task (core, changes, task);
      return;
    }

  join (assignment, task);
  rb_core_commit (core, changes, answer_if_reconnecting, key_new (assignment));
  if (order->stored != NULL)
    order->stored (core, order->stored_data);
}

/* What the endpoint's queue cannot hold, with what is on its way there, stays in the inbox. */
static gboolean
check_room (RbCore                 *core,
            RbMessage              *row,
            const RbDispatchOrder  *order,
            GError                **error)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, order->endpoint_id);
  GError *full;

  if (endpoint == NULL || rb_deliver_has_room_for (core, endpoint, row))
    return TRUE;

  full = rb_error_new (RB_ERROR_UNAVAILABLE, "endpoint_queue_full", "the queue of endpoint %s is full", order->endpoint_id);
  rb_error_set_retryable (full, TRUE);
  g_propagate_error (error, full);
  return FALSE;
}

static void
carry_out (RbCore                *core,
           const RbDispatchOrder *order,
           GTask                 *task)
{
  RbMessage *row = order->undispatched_id != NULL ? rb_inbox_lookup (core->inbox, order->undispatched_id) : NULL;
  RbAssignment *assignment = row == NULL ? find_assignment (core, order) : NULL;
  g_autoptr(RbTarget) target = NULL;
  GError *error = NULL;

  if (assignment != NULL)
    repeat (core, assignment, order, task);
  else if (check_row (core, row, order, &error) && (target = choose_target (core, order, &error)) != NULL &&
           check_room (core, row, order, &error))
    assign (core, row, target, order, task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

void
rb_dispatch_order_async (RbCore                *core,
                         const RbDispatchOrder *order,
                         GAsyncReadyCallback    callback,
                         gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_dispatch_order_async);
  if (rb_core_check_ready (core, &error) && check_order (core, order, &error))
    carry_out (core, order, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static gboolean
check_request (RbCore          *core,
               const RbCaller  *caller,
               const char      *undispatched_id,
               const char      *endpoint_id,
               GError         **error)
{
  RbEndpoint *endpoint;

  if (undispatched_id == NULL || *undispatched_id == '\0' || endpoint_id == NULL || *endpoint_id == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, "dispatch_body_invalid",
                    "POST /v1/dispatch requires { undispatched_id, target_endpoint_id }");
      return FALSE;
    }
  if (!rb_core_check_ready (core, error))
    return FALSE;

  /* To an adapter it is not there. */
  if (caller->operator_ && !rb_held_why_check (core, undispatched_id, error))
    return FALSE;

  endpoint = rb_registry_lookup (core->registry, endpoint_id);
  return endpoint == NULL || rb_core_check_owner (core, caller, endpoint, 0, error);
}

static void
note_person (RbCore     *core,
             const char *undispatched_id)
{
  const RbMessage *row = rb_inbox_lookup (core->inbox, undispatched_id);

  if (row != NULL)
    rb_admission_person (core, row);
}

void
rb_dispatch_async (RbCore              *core,
                   const RbCaller      *caller,
                   const char          *undispatched_id,
                   const char          *endpoint_id,
                   GAsyncReadyCallback  callback,
                   gpointer             user_data)
{
  RbDispatchOrder order = {
    .undispatched_id = undispatched_id,
    .endpoint_id = endpoint_id,
    .rule = caller->operator_ ? RB_RULE_OPERATOR : RB_RULE_ADAPTER,
    .emitted_at = rb_core_now (core),
  };
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_dispatch_async);
  if (check_request (core, caller, undispatched_id, endpoint_id, &error))
    {
      if (caller->operator_)
        note_person (core, undispatched_id);
      carry_out (core, &order, g_steal_pointer (&task));
    }
  else
    g_task_return_error (task, error);
}

gboolean
rb_dispatch_finish (RbCore        *core,
                    GAsyncResult  *result,
                    GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_dispatch_settle (RbCore     *core,
                    const char *endpoint_id)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_of_endpoint (core->assignments, endpoint_id);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  /* What is in the queue is durable; what is not yet is answered when it is. */
  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      if (assignment->dispatchers != NULL && rb_queue_find (endpoint->queue, assignment->message->id) != NULL)
        answer_dispatchers (assignment);
    }
}
