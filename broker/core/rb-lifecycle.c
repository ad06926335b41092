/* rb-lifecycle.c: an endpoint's state changes, with everything that follows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-lifecycle.h"

#include "rb-deliver.h"
#include "rb-dict.h"
#include "rb-dispatch.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-hold.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-past.h"
#include "rb-received.h"
#include "rb-restore.h"
#include "rb-rule.h"
#include "rb-runtimes.h"
#include "rb-time.h"

static void
on_given_back (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autofree char *endpoint_id = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  if (answer == NULL && !g_error_matches (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    rb_log_warning ("endpoint_unregister_failed", "endpoint_id", endpoint_id, "err", error->message, NULL);
}

void
rb_lifecycle_give_back (RbCore     *core,
                        const char *endpoint_id)
{
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_UNREGISTER, rb_dict_endpoint (endpoint_id), NULL, on_given_back,
                          g_strdup (endpoint_id));
}

/* What is closed is taken back, after the authority has heard that it is. */
void
rb_lifecycle_heard (RbCore        *core,
                    const RbEvent *event)
{
  g_autofree char *state = rb_events_dup_member (event, "state");

  if (g_strcmp0 (state, "closed") == 0)
    rb_lifecycle_give_back (core, rb_event_get_subject (event));
}

gboolean
rb_lifecycle_is_same_process (RbCore           *core,
                              const RbEndpoint *endpoint)
{
  gint64 start = 0;

  if (!rb_processes_identify (core->processes, endpoint->plugin_pid, &start))
    return FALSE;

  return start == 0 || endpoint->pid_start == 0 || start == endpoint->pid_start;
}

static void
on_grace_expired (gpointer user_data)
{
  RbEndpoint *endpoint = user_data;

  endpoint->grace_timer = 0;
  rb_lifecycle_apply (endpoint->owner, endpoint, RB_ENDPOINT_GRACE_EXPIRED);
}

void
rb_lifecycle_resume_grace (RbCore     *core,
                           RbEndpoint *endpoint)
{
  gint64 left = endpoint->grace_deadline - rb_core_now (core);

  rb_clock_clear (core->clock, &endpoint->grace_timer);
  endpoint->owner = core;
  endpoint->grace_timer = rb_clock_add (core->clock, CLAMP (left, 0, core->settings.endpoint_grace), on_grace_expired, endpoint);
}

static void
start_grace (RbCore     *core,
             RbEndpoint *endpoint)
{
  endpoint->grace_deadline = rb_core_now (core) + core->settings.endpoint_grace;
  rb_lifecycle_resume_grace (core, endpoint);
}

static void
stop_grace (RbCore     *core,
            RbEndpoint *endpoint)
{
  rb_clock_clear (core->clock, &endpoint->grace_timer);
  endpoint->grace_deadline = 0;
}

/* IMP-20: what waited for it goes back to the inbox; the peer deletes it after acknowledging it. */
static void
rescue_queue (RbCore     *core,
              RbEndpoint *endpoint,
              const char *why,
              RbChanges  *changes)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (endpoint->queue);
  gint64 now = rb_core_now (core);

  for (guint i = 0; i < items->len; i++)
    {
      RbItem *item = g_ptr_array_index (items, i);
      g_autoptr(RbMessage) message = rb_message_ref (item->message);

      rb_deliver_cancel (core, endpoint, item);
      rb_message_checkpoint_ruled (message, changes, "returned", now, endpoint->id, why, RB_RULE_RETURNED);
      rb_message_move (message, changes, RB_PLACE_INBOX, endpoint->id, RB_REASON_CLOSED_SESSION, now);
      rb_inbox_add (core->inbox, message);
      rb_changes_tell (changes, rb_events_undispatched_add (message));
    }
}

static void
leave_assignments (RbCore     *core,
                   RbEndpoint *endpoint,
                   RbChanges  *changes)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_of_endpoint (core->assignments, endpoint->id);

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      /* What is replied ends when the upstream has heard so, whoever is still there. */
      if (assignment->state == RB_ASSIGNMENT_REPLIED)
        continue;
      if (rb_assignment_state_is_accepted (assignment->state))
        rb_restore_end (core, assignment, "endpoint_lost_after_acceptance", changes);
      else
        rb_restore_one (core, assignment, "endpoint_lost");
    }
}

static void
erase (RbCore     *core,
       RbEndpoint *endpoint,
       const char *why,
       RbChanges  *changes)
{
  rb_endpoint_checkpoint (endpoint, changes, "closed", rb_core_now (core), why);
  rb_past_endpoint (core, endpoint, why, changes);
  rb_mailroom_forget_endpoint (core, endpoint->id);
  rb_router_forget_endpoint (core->router, endpoint->id, changes);
  rb_received_forget (core, endpoint->id, changes);
  rb_changes_delete (changes, RB_TABLE_ENDPOINTS, g_variant_new ("(s)", endpoint->id));
  rb_clock_clear (core->clock, &endpoint->grace_timer);
  rb_clock_clear (core->clock, &endpoint->heartbeat_timer);
  rb_processes_unwatch (core->processes, endpoint->plugin_pid);
  rb_runtime_endpoint_gone (core, endpoint->id);
  rb_registry_remove (core->registry, endpoint);
}

static void
set_state (RbCore          *core,
           RbEndpoint      *endpoint,
           RbEndpointState  state)
{
  endpoint->state = state;
  endpoint->state_since = rb_core_now (core);
}

void
rb_lifecycle_activate (RbCore     *core,
                       RbEndpoint *endpoint,
                       RbChannel  *channel,
                       RbChanges  *changes)
{
  stop_grace (core, endpoint);
  g_set_object (&endpoint->channel, channel);
  if (!rb_channel_is_legacy (channel))
    endpoint->traits->legacy = FALSE;
  endpoint->is_moved = FALSE;
  set_state (core, endpoint, RB_ENDPOINT_ACTIVE);
  rb_endpoint_checkpoint (endpoint, changes, "active", rb_core_now (core), "reattach");
  rb_endpoint_record (endpoint, changes);
}

void
rb_lifecycle_apply (RbCore          *core,
                    RbEndpoint      *endpoint,
                    RbEndpointEvent  event)
{
  RbChanges *changes;
  RbEndpointState next;
  RbEndpointTodo todo;
  const char *reason;

  if (!rb_endpoint_state_step (endpoint->state, event, &next, &todo, &reason))
    {
      rb_log_info ("state_event_ignored", "endpoint_id", endpoint->id, "current", rb_endpoint_state_to_string (endpoint->state), "event",
                   rb_endpoint_event_to_string (event), NULL);
      return;
    }

  changes = rb_changes_new ();
  set_state (core, endpoint, next);
  g_clear_object (&endpoint->channel);
  if (todo & RB_ENDPOINT_REMOVE)
    leave_assignments (core, endpoint, changes);
  rb_deliver_channel_lost (core, endpoint);
  if (todo & RB_ENDPOINT_STOP_GRACE)
    stop_grace (core, endpoint);
  if (todo & RB_ENDPOINT_START_GRACE)
    start_grace (core, endpoint);

  rb_log_info ("endpoint_state_changed", "endpoint_id", endpoint->id, "state", rb_endpoint_state_to_string (next), "reason", reason,
               NULL);
  if (todo & RB_ENDPOINT_REMOVE)
    rescue_queue (core, endpoint, reason, changes);
  rb_changes_tell (changes, rb_events_endpoint_state (endpoint->id, rb_endpoint_state_to_string (next), reason, rb_core_now (core)));
  if (todo & RB_ENDPOINT_REMOVE)
    erase (core, endpoint, reason, changes);
  else
    {
      rb_endpoint_checkpoint (endpoint, changes, rb_endpoint_state_to_string (next), rb_core_now (core), reason);
      rb_endpoint_record (endpoint, changes);
    }

  rb_core_commit (core, changes, NULL, NULL);
  if (next == RB_ENDPOINT_RECONNECTING)
    rb_dispatch_settle (core, endpoint->id);
  rb_core_changed (core, "endpoints");
}

static void
on_taken_back (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RbCore) core = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  if (answer == NULL)
    rb_log_debug ("endpoint_unregister_failed", "err", error->message, NULL);
  core->n_reports--;
  rb_core_stop_continue (core);
}

static void
on_abandoned (RbCore       *core,
              const GError *error,
              gpointer      user_data)
{
  g_autofree char *endpoint_id = user_data;

  if (error != NULL)
    return;

  core->n_reports++;
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_UNREGISTER, rb_dict_endpoint (endpoint_id), NULL, on_taken_back, g_object_ref (core));
}

static void
abandon (RbCore     *core,
         RbEndpoint *endpoint)
{
  RbChanges *changes = rb_changes_new ();
  char *endpoint_id = g_strdup (endpoint->id);

  set_state (core, endpoint, RB_ENDPOINT_CLOSED);
  g_clear_object (&endpoint->channel);
  leave_assignments (core, endpoint, changes);
  rb_deliver_channel_lost (core, endpoint);
  rescue_queue (core, endpoint, "superseded", changes);
  erase (core, endpoint, "superseded", changes);
  rb_core_commit (core, changes, on_abandoned, endpoint_id);
}

void
rb_lifecycle_abandon_all (RbCore *core)
{
  g_autoptr(GList) endpoints = g_list_copy (rb_registry_get_all (core->registry)->head);

  for (GList *l = endpoints; l != NULL; l = l->next)
    abandon (core, l->data);
  if (endpoints != NULL)
    rb_core_changed (core, "endpoints");
}

void
rb_lifecycle_channel_closed (RbCore     *core,
                             RbEndpoint *endpoint)
{
  gboolean alive = rb_lifecycle_is_same_process (core, endpoint);

  rb_lifecycle_apply (core, endpoint, alive ? RB_ENDPOINT_IPC_CLOSE_ALIVE : RB_ENDPOINT_IPC_CLOSE_DEAD);
}

static void
on_process_exited (RbProcesses *processes,
                   gint64       pid,
                   RbCore      *core)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, pid);
  g_autoptr(GPtrArray) endpoints = siblings != NULL ? g_ptr_array_copy (siblings, NULL, NULL) : g_ptr_array_new ();

  /* An active one has a channel still: its close comes and says the same. */
  for (guint i = 0; i < endpoints->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (endpoints, i);

      if (endpoint->state == RB_ENDPOINT_RECONNECTING && !rb_lifecycle_is_same_process (core, endpoint))
        rb_lifecycle_apply (core, endpoint, RB_ENDPOINT_PROCESS_EXITED);
    }
}

void
rb_lifecycle_watch (RbCore *core)
{
  g_signal_connect (core->processes, "exited", G_CALLBACK (on_process_exited), core);
}

static void
cancel_of_endpoint (RbCore     *core,
                    RbEndpoint *endpoint)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (endpoint->queue);

  rb_clock_clear (core->clock, &endpoint->grace_timer);
  rb_clock_clear (core->clock, &endpoint->heartbeat_timer);
  for (guint i = 0; i < items->len; i++)
    rb_clock_clear (core->clock, &((RbItem *) g_ptr_array_index (items, i))->timer);
}

void
rb_lifecycle_cancel_timers (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);

  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    cancel_of_endpoint (core, l->data);
  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      rb_clock_clear (core->clock, &assignment->timer);
    }
  rb_past_cancel_timer (core);
  rb_hold_cancel_timer (core);
  rb_clock_clear (core->clock, &core->presence_timer);
  rb_clock_clear (core->clock, &core->sweep_timer);
  rb_clock_clear (core->clock, &core->probe_timer);
  rb_clock_clear (core->clock, &core->settle_timer);
  rb_mailroom_cancel_timers (core);
}
