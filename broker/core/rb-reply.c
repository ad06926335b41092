/* rb-reply.c: an adapter answers an assignment, once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-owner.h"
#include "rb-reply-work.h"

/* The checks of protocol.md 11.8, in its order, and the joining of repeated calls; the work is in rb-reply-work.c. */

void
rb_reply_request_clear (RbReplyRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
  g_clear_pointer (&self->endpoint_owner_token, g_free);
  g_clear_pointer (&self->source_message_id, g_free);
  g_clear_pointer (&self->assignment_id, g_free);
  g_clear_pointer (&self->reply_request_id, g_free);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_pointer (&self->content_type, g_free);
  g_clear_pointer (&self->metadata, g_bytes_unref);
}

static gboolean
is_alive (const RbReplyRecord *record,
          gpointer             user_data)
{
  RbCore *core = user_data;

  return rb_assignments_lookup (core->assignments, record->source_message_id, record->assignment_id) != NULL ||
         rb_replies_get_in_flight (core->replies, record->source_message_id, record->assignment_id, record->reply_request_id) != NULL;
}

static void
prune (RbCore *core)
{
  RbChanges *changes = rb_changes_new ();

  rb_replies_prune (core->replies, rb_core_now (core), is_alive, core, changes);
  if (rb_changes_get_n (changes) > 0)
    rb_core_commit_lazy (core, changes, NULL, NULL);
  else
    rb_changes_free (changes);
}

/* Rows 1 to 5. */
static gboolean
check_caller (RbCore                *core,
              const RbCaller        *caller,
              const RbReplyRequest  *request,
              GError               **error)
{
  RbEndpoint *endpoint = rb_owner_check (core, caller, request->endpoint_id, request->plugin_pid, request->endpoint_owner_token, error);

  if (endpoint == NULL)
    return FALSE;
  if (endpoint->state != RB_ENDPOINT_ACTIVE)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "endpoint_not_active", "endpoint %s is %s; assignment reply is only allowed from Active",
                    endpoint->id, rb_endpoint_state_to_string (endpoint->state));
      return FALSE;
    }
  if (request->reply_request_id == NULL || *request->reply_request_id == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, "reply_request_id_required", "reply_request_id is required for assignment replies");
      return FALSE;
    }
  return TRUE;
}

static gboolean
refuse_target (GError **error)
{
  rb_set_error (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", "endpoint_id does not match the assigned target");
  return FALSE;
}

static gboolean
refuse_stale (GError **error)
{
  GError *stale = rb_error_new (RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");

  rb_error_add_detail (stale, "assignment_failure_category", g_variant_new_string ("reply_handle_stale"));
  g_propagate_error (error, stale);
  return FALSE;
}

static gboolean
refuse_conflict (GError **error)
{
  rb_set_error (error, RB_ERROR_BAD_STATE, "runtime_assignment_reply_idempotency_conflict",
                "reply_request_id was already used with different reply content");
  return FALSE;
}

/* Rows 6 to 9. */
static gboolean
check_assignment (const RbAssignment     *assignment,
                  const RbReplyRecord    *record,
                  const RbReplyInFlight  *in_flight,
                  const RbReplyRequest   *request,
                  GError                **error)
{
  if (assignment != NULL)
    {
      if (!g_str_equal (assignment->endpoint_id, request->endpoint_id))
        return refuse_target (error);
      if (rb_assignment_state_is_accepted (assignment->state))
        return TRUE;
      rb_set_error (error, RB_ERROR_BAD_STATE, "runtime_assignment_not_accepted", "assignment replies require adapter_accepted first");
      return FALSE;
    }

  if (record != NULL && (record->plugin_pid != request->plugin_pid || !g_str_equal (record->endpoint_id, request->endpoint_id)))
    return refuse_target (error);
  if (in_flight != NULL && (in_flight->plugin_pid != request->plugin_pid || !g_str_equal (in_flight->endpoint_id, request->endpoint_id)))
    return refuse_target (error);
  return record != NULL || in_flight != NULL || refuse_stale (error);
}

/* Rows 10 to 12. TRUE with @result when it is answered already. */
static gboolean
check_record (const RbReplyRecord  *record,
              const char           *fingerprint,
              RbReplyResult       **result,
              GError              **error)
{
  if (record == NULL)
    return TRUE;
  if (!g_str_equal (record->fingerprint, fingerprint))
    return refuse_conflict (error);
  if (record->outcome_unknown != NULL)
    {
      g_propagate_error (error, rb_reply_outcome_unknown (record));
      return FALSE;
    }
  if (record->result != NULL)
    *result = rb_reply_result_new (record->wire_message_id, record->result);
  return TRUE;
}

/* A record that is there already takes no more room: what it stands for was begun before. */
static gboolean
has_room (RbCore *core)
{
  return rb_replies_get_n (core->replies) + rb_replies_get_n_at_work (core->replies) < core->settings.reply_record_cap;
}

static void
refuse_full (RbCore  *core,
             GError **error)
{
  GError *full = rb_error_new (RB_ERROR_UNAVAILABLE, "reply_records_full", "%u replies are remembered already",
                               rb_replies_get_n (core->replies));

  rb_bounds_reached (core->bounds, RB_CORE_BOUND_REPLY_RECORDS);
  rb_error_set_retryable (full, TRUE);
  g_propagate_error (error, full);
}

/* Rows 13 to 16. */
static void
join_or_work (RbCore               *core,
              const RbAssignment   *assignment,
              const RbReplyRecord  *record,
              RbReplyInFlight      *in_flight,
              const RbReplyRequest *request,
              RbReplyWork          *work,
              GTask                *task)
{
  g_autoptr(GTask) owned = task;
  GError *error = NULL;

  if (in_flight != NULL && !g_str_equal (in_flight->fingerprint, work->fingerprint))
    refuse_conflict (&error);
  else if (in_flight != NULL)
    g_ptr_array_add (in_flight->waiters, g_steal_pointer (&owned));
  else if (assignment == NULL)
    refuse_stale (&error);
  else if (record == NULL && !has_room (core))
    refuse_full (core, &error);
  else if (assignment->token == NULL && !core->is_legacy_upstream)
    rb_set_error (&error, RB_ERROR_BAD_STATE, "runtime_assignment_projection_authority_missing",
                  "runtime assignment reply requires broker projection authority");
  else
    {
      in_flight = rb_replies_begin (core->replies, request->source_message_id, request->assignment_id, request->reply_request_id,
                                    work->fingerprint, request->endpoint_id, request->plugin_pid);
      g_ptr_array_add (in_flight->waiters, g_steal_pointer (&owned));
      rb_reply_work_start (core, g_steal_pointer (&work));
    }

  if (error != NULL)
    g_task_return_error (owned, error);
  g_clear_pointer (&work, rb_reply_work_free);
}

void
rb_reply_async (RbCore               *core,
                const RbCaller       *caller,
                const RbReplyRequest *request,
                GAsyncReadyCallback   callback,
                gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbReplyResult *result = NULL;
  RbReplyInFlight *in_flight;
  RbAssignment *assignment;
  RbReplyRecord *record;
  RbReplyWork *work;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_reply_async);
  if (!rb_core_check_ready (core, &error) || !check_caller (core, caller, request, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  prune (core);
  assignment = rb_assignments_lookup (core->assignments, request->source_message_id, request->assignment_id);
  record = rb_replies_lookup (core->replies, request->source_message_id, request->assignment_id, request->reply_request_id);
  in_flight = rb_replies_get_in_flight (core->replies, request->source_message_id, request->assignment_id, request->reply_request_id);
  if (!check_assignment (assignment, record, in_flight, request, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  work = rb_reply_work_new (request);
  if (!check_record (in_flight == NULL ? record : NULL, work->fingerprint, &result, &error))
    {
      rb_reply_record_note (record, error, rb_core_now (core));
      g_task_return_error (task, error);
    }
  else if (result != NULL)
    g_task_return_pointer (task, result, (GDestroyNotify) rb_reply_result_free);
  else
    {
      join_or_work (core, assignment, record, in_flight, request, work, g_steal_pointer (&task));
      return;
    }
  rb_reply_work_free (work);
}

gboolean
rb_reply_finish (RbCore        *core,
                 GAsyncResult  *result,
                 char         **message_id,
                 char         **status,
                 GError       **error)
{
  RbReplyResult *reply = g_task_propagate_pointer (G_TASK (result), error);

  if (reply == NULL)
    return FALSE;

  *message_id = g_steal_pointer (&reply->message_id);
  *status = g_steal_pointer (&reply->status);
  rb_reply_result_free (reply);
  return TRUE;
}
