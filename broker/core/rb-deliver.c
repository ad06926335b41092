/* rb-deliver.c: messages leave an endpoint's queue for its channel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-deliver.h"

#include "rb-error.h"
#include "rb-events.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-past.h"
#include "rb-received.h"
#include "rb-restore.h"

#define RETRY_MAX_MS 30000

static void on_receipt_timeout (gpointer user_data);
static void on_retry (gpointer user_data);

static RbEndpoint *
endpoint_of (RbCore *core,
             RbItem *item)
{
  return rb_registry_lookup (core->registry, item->endpoint_id);
}

/* The timer is cleared before its item goes. */
static void
start_timer (RbCore      *core,
             RbItem      *item,
             gint64       ms,
             RbClockFunc  function)
{
  rb_clock_clear (core->clock, &item->timer);
  item->owner = core;
  item->timer = rb_clock_add (core->clock, ms, function, item);
}

/* The item is about to leave the queue or to wait again: nothing may find it any more. */
static void
forget_push (RbCore *core,
             RbItem *item)
{
  rb_clock_clear (core->clock, &item->timer);
  if (item->push_id != NULL)
    g_hash_table_remove (core->receipts, item->push_id);
}

/* protocol.md 7.8: only now is it back. */
static void
finish_drain (RbCore     *core,
              RbEndpoint *endpoint)
{
  g_autoptr(GTask) task = g_steal_pointer (&endpoint->drain);
  g_autofree char *pid = g_strdup_printf ("%" G_GINT64_FORMAT, endpoint->plugin_pid);
  g_autofree char *count = g_strdup_printf ("%u", endpoint->drain_total);
  RbChanges *changes = rb_changes_new ();

  rb_log_info ("endpoint_reattached", "endpoint_id", endpoint->id, "plugin_pid", pid, "reconnecting_buffer_count", count, NULL);
  rb_changes_tell (changes, rb_events_endpoint_state (endpoint->id, "active", "reattach", rb_core_now (core)));
  rb_core_commit (core, changes, NULL, NULL);
  g_task_return_int (task, endpoint->drain_total);
}

static void
fail_drain (RbEndpoint *endpoint)
{
  g_autoptr(GTask) task = g_steal_pointer (&endpoint->drain);
  GError *error;

  if (task == NULL)
    return;

  error = rb_error_new (RB_ERROR_UNAVAILABLE, "reconnecting_buffer_drain_failed",
                        "failed to push buffered messages to reattached endpoint");
  rb_error_set_retryable (error, TRUE);
  g_task_return_error (task, error);
}

static void
count_drained (RbCore     *core,
               RbEndpoint *endpoint,
               RbItem     *item)
{
  if (endpoint->drain != NULL && item->is_awaited && --endpoint->drain_left == 0)
    finish_drain (core, endpoint);
}

/* Told upstream now, unless it was when the message was buffered, or has no id to tell it by (protocol.md 9.5). It was routed when it came
 * into the queue, before the push (16.4). */
static void
take_direct (RbCore     *core,
             RbEndpoint *endpoint,
             RbMessage  *message,
             RbChanges  *changes)
{
  gint64 now = rb_core_now (core);
  gboolean is_told = message->source_id == NULL || g_strcmp0 (message->reason, RB_ROUTE_KIND_RECONNECTING) == 0;

  if (!is_told)
    rb_changes_tell (changes, rb_events_inbound_routed (message, endpoint->id, RB_ROUTE_KIND_ACTIVE, message->since));
  rb_message_checkpoint (message, changes, "taken", now, endpoint->id, NULL);
  rb_past_message (core, message, "delivered", changes);
  rb_core_commit_lazy (core, changes, NULL, NULL);
}

static void
answer_dispatchers (RbCore       *core,
                    const GError *error,
                    gpointer      user_data)
{
  g_autoptr(GPtrArray) tasks = user_data;

  for (guint i = 0; i < tasks->len; i++)
    {
      if (error != NULL)
        g_task_return_error (g_ptr_array_index (tasks, i), g_error_copy (error));
      else
        g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
    }
}

static void
take_assignment (RbCore       *core,
                 RbEndpoint   *endpoint,
                 RbAssignment *assignment,
                 RbChanges    *changes)
{
  RbAssignmentTodo todo;

  if (!rb_assignment_state_step (assignment->state, RB_ASSIGNMENT_TAKEN, &assignment->state, &todo))
    g_warn_if_reached ();
  rb_assignment_record (assignment, changes);
  rb_message_checkpoint (assignment->message, changes, "taken", rb_core_now (core), endpoint->id, NULL);
  rb_log_info ("undispatched_dispatched", "undispatched_id", assignment->message->id, "target_endpoint_id", endpoint->id,
               "target_state", "active", "traceId", assignment->message->trace.trace_id, "spanName", "process", NULL);

  if (assignment->dispatchers != NULL)
    rb_core_commit (core, changes, answer_dispatchers, g_steal_pointer (&assignment->dispatchers));
  else
    rb_core_commit_lazy (core, changes, NULL, NULL);
}

/* The adapter has it. */
static void
on_taken (RbCore     *core,
          RbEndpoint *endpoint,
          RbItem     *item)
{
  g_autoptr(RbMessage) message = rb_message_ref (item->message);
  RbChanges *changes = rb_changes_new ();
  gboolean is_direct = item->assignment_id == NULL;
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, message->id);
  gint64 now = rb_core_now (core);

  core->counters.taken++;
  forget_push (core, item);
  rb_message_checkpoint (message, changes, "pushed", now, endpoint->id, NULL);
  rb_received_record (core, endpoint->id, message->correlation_id, changes);
  count_drained (core, endpoint, item);
  rb_queue_remove (endpoint->queue, item);

  if (is_direct)
    take_direct (core, endpoint, message, changes);
  else if (assignment != NULL)
    take_assignment (core, endpoint, assignment, changes);
  else
    rb_core_commit_lazy (core, changes, NULL, NULL);
}

static void
note_failure (RbCore     *core,
              RbItem     *item,
              const char *failure)
{
  item->failure = failure;
  item->n_failures++;
  item->failed_at = rb_core_now (core);
}

static void
not_received (RbCore     *core,
              RbEndpoint *endpoint,
              RbItem     *item)
{
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, item->message->id);

  if (item->assignment_id == NULL || assignment == NULL)
    {
      gint64 wait = MIN (core->settings.push_ack_timeout << MIN (item->attempts, 10), RETRY_MAX_MS);

      rb_queue_put_back (endpoint->queue, item, FALSE);
      start_timer (core, item, wait, on_retry);
      return;
    }

  if (rb_assignment_state_is_accepted (assignment->state))
    {
      rb_log_info ("ipc_push_ack_missing_after_adapter_accept", "assignment_id", item->assignment_id, NULL);
      on_taken (core, endpoint, item);
      return;
    }
  rb_restore_one (core, assignment, "ipc_push_not_received");
}

static void
on_receipt_timeout (gpointer user_data)
{
  RbItem *item = user_data;
  RbCore *core = item->owner;
  RbEndpoint *endpoint = endpoint_of (core, item);
  gboolean ends_drain = endpoint->drain != NULL && item->is_awaited;

  item->timer = 0;
  note_failure (core, item, "ipc_push_ack_timeout");
  core->counters.receipt_timeouts++;
  rb_log_warning ("ipc_push_ack_timeout", "endpoint_id", item->endpoint_id, "message_id", item->message->id, NULL);
  if (ends_drain)
    fail_drain (endpoint);
  not_received (core, endpoint, item);
  if (ends_drain)
    rb_lifecycle_channel_closed (core, endpoint);
  else
    rb_deliver_pump (core, endpoint);
}

static void
on_retry (gpointer user_data)
{
  RbItem *item = user_data;
  RbCore *core = item->owner;
  RbEndpoint *endpoint = endpoint_of (core, item);

  item->timer = 0;
  rb_queue_put_back (endpoint->queue, item, TRUE);
  rb_deliver_pump (core, endpoint);
}

static void
give_push_id (RbCore *core,
              RbItem *item)
{
  g_autofree char *uuid = NULL;

  if (item->push_id == NULL)
    {
      uuid = rb_core_uuid (core);
      item->push_id = g_strconcat ("push_", uuid, NULL);
    }
  g_hash_table_replace (core->receipts, item->push_id, item);
}

/* FALSE: the channel takes nothing now. */
static gboolean
push_item (RbCore     *core,
           RbEndpoint *endpoint,
           RbItem     *item)
{
  gboolean has_receipts = rb_channel_has_receipts (endpoint->channel);
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, item->message->id);
  RbPush push = {
    .endpoint_id = endpoint->id,
    .source_message_id = item->message->source_id,
    .envelope = item->message->envelope,
    .assignment = item->assignment_id != NULL && assignment != NULL ? assignment->context : NULL,
  };
  g_autoptr(RbEnvelope) marked = NULL;

  if (push.assignment != NULL)
    push.envelope = marked = rb_message_dup_dispatched (item->message);
  if (has_receipts)
    {
      give_push_id (core, item);
      push.push_id = item->push_id;
    }

  item->attempts++;
  if (!rb_channel_push (endpoint->channel, &push))
    {
      forget_push (core, item);
      note_failure (core, item, "ipc_push_send_failed");
      rb_queue_put_back (endpoint->queue, item, TRUE);
      rb_log_warning ("ipc_push_send_failed", "endpoint_id", endpoint->id, "message_id", item->message->id, NULL);
      return FALSE;
    }

  core->counters.pushed++;
  rb_bounds_note (core->bounds, RB_CORE_BOUND_PUSHED, rb_queue_get_n_pushed (endpoint->queue));
  rb_bounds_note (core->bounds, RB_CORE_BOUND_PUSHED_BYTES, rb_queue_get_pushed_bytes (endpoint->queue));
  if (has_receipts)
    start_timer (core, item, core->settings.push_ack_timeout, on_receipt_timeout);
  else
    on_taken (core, endpoint, item);
  return TRUE;
}

static gboolean
is_reachable (RbCore     *core,
              RbEndpoint *endpoint)
{
  return !core->is_stopping && endpoint->is_durable && endpoint->state == RB_ENDPOINT_ACTIVE && endpoint->channel != NULL;
}

/* One is always pushed, however large it is. */
static gboolean
has_room (RbCore       *core,
          RbEndpoint   *endpoint,
          const RbItem *next)
{
  gsize size = rb_envelope_get_size (next->message->envelope);

  if (rb_queue_get_n_pushed (endpoint->queue) == 0)
    return TRUE;

  if (rb_queue_get_n_pushed (endpoint->queue) >= core->settings.push_window_messages)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_PUSHED);
  else if (rb_queue_get_pushed_bytes (endpoint->queue) + size > core->settings.push_window_bytes)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_PUSHED_BYTES);
  else
    return TRUE;
  return FALSE;
}

gboolean
rb_deliver_has_room_for (RbCore     *core,
                         RbEndpoint *endpoint,
                         RbMessage  *message)
{
  if (rb_queue_get_claimed_length (endpoint->queue) == 0)
    return TRUE;

  if (rb_queue_get_claimed_length (endpoint->queue) >= core->settings.queue_cap)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_QUEUE);
  else if (rb_queue_get_claimed_bytes (endpoint->queue) + rb_envelope_get_size (message->envelope) > core->settings.queue_bytes_cap)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_QUEUE_BYTES);
  else
    return TRUE;
  return FALSE;
}

void
rb_deliver_note (RbCore     *core,
                 RbEndpoint *endpoint)
{
  rb_bounds_note (core->bounds, RB_CORE_BOUND_QUEUE, rb_queue_get_length (endpoint->queue));
  rb_bounds_note (core->bounds, RB_CORE_BOUND_QUEUE_BYTES, rb_queue_get_bytes (endpoint->queue));
}

void
rb_deliver_pump (RbCore     *core,
                 RbEndpoint *endpoint)
{
  const RbItem *next;

  while (is_reachable (core, endpoint) && (next = rb_queue_peek_ready (endpoint->queue)) != NULL && has_room (core, endpoint, next))
    if (!push_item (core, endpoint, rb_queue_take_ready (endpoint->queue)))
      return;
}

void
rb_deliver_add (RbCore     *core,
                RbEndpoint *endpoint,
                RbMessage  *message,
                const char *assignment_id)
{
  rb_queue_add (endpoint->queue, message, assignment_id);
  rb_deliver_note (core, endpoint);
  rb_deliver_pump (core, endpoint);
}

void
rb_deliver_stored (RbCore    *core,
                   RbMessage *message)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, message->endpoint_id);
  RbItem *item = endpoint != NULL ? rb_queue_find (endpoint->queue, message->id) : NULL;

  if (item == NULL)
    return;

  rb_queue_wake (endpoint->queue, item);
  rb_deliver_pump (core, endpoint);
}

void
rb_deliver_cancel (RbCore     *core,
                   RbEndpoint *endpoint,
                   RbItem     *item)
{
  forget_push (core, item);
  count_drained (core, endpoint, item);
  rb_queue_remove (endpoint->queue, item);
  rb_deliver_pump (core, endpoint);
}

void
rb_deliver_channel_lost (RbCore     *core,
                         RbEndpoint *endpoint)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (endpoint->queue);

  fail_drain (endpoint);
  for (guint i = 0; i < items->len; i++)
    {
      RbItem *item = g_ptr_array_index (items, i);
      RbAssignment *assignment = rb_assignments_of_message (core->assignments, item->message->id);
      gboolean was_pushed = item->is_pushed;

      if (was_pushed)
        {
          rb_log_warning ("ipc_push_ack_channel_closed", "endpoint_id", endpoint->id, "message_id", item->message->id, NULL);
          note_failure (core, item, "ipc_push_ack_channel_closed");
        }
      forget_push (core, item);
      if (was_pushed && item->assignment_id != NULL && assignment != NULL)
        not_received (core, endpoint, item);
      else
        rb_queue_put_back (endpoint->queue, item, TRUE);
    }
}

void
rb_deliver_drain (RbCore     *core,
                  RbEndpoint *endpoint,
                  GTask      *task)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (endpoint->queue);

  fail_drain (endpoint);
  for (guint i = 0; i < items->len; i++)
    ((RbItem *) g_ptr_array_index (items, i))->is_awaited = TRUE;

  endpoint->drain_total = items->len;
  endpoint->drain_left = items->len;
  endpoint->drain = task;
  if (endpoint->state != RB_ENDPOINT_ACTIVE || core->is_stopping)
    fail_drain (endpoint);
  else if (items->len == 0)
    finish_drain (core, endpoint);
  rb_deliver_pump (core, endpoint);
}

void
rb_deliver_stop (RbCore *core)
{
  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    fail_drain (l->data);
}

void
rb_channels_receipt (RbCore     *core,
                     RbChannel  *channel,
                     const char *push_id)
{
  RbItem *item = g_hash_table_lookup (core->receipts, push_id);
  RbEndpoint *endpoint = item != NULL ? endpoint_of (core, item) : NULL;

  if (endpoint == NULL)
    {
      rb_log_debug ("ipc_push_ack_unknown", "push_id", push_id, NULL);
      return;
    }
  if (endpoint->plugin_pid != rb_channel_get_pid (channel))
    {
      rb_log_warning ("ipc_push_ack_pid_mismatch", "push_id", push_id, NULL);
      return;
    }
  if (endpoint->channel != channel)
    {
      rb_log_warning ("ipc_push_ack_ws_mismatch", "push_id", push_id, NULL);
      return;
    }

  on_taken (core, endpoint, item);
  rb_deliver_pump (core, endpoint);
}
