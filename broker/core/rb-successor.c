/* rb-successor.c: an adapter that registers again goes on where it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-successor.h"

#include "rb-deliver.h"
#include "rb-lifecycle.h"
#include "rb-log.h"

static gboolean
is_predecessor (RbCore           *core,
                const RbEndpoint *candidate,
                const RbEndpoint *endpoint)
{
  return candidate != endpoint && candidate->state == RB_ENDPOINT_RECONNECTING && endpoint->traits->runtime_session_id != NULL &&
         g_strcmp0 (candidate->traits->kind, endpoint->traits->kind) == 0 &&
         g_strcmp0 (candidate->traits->runtime_session_id, endpoint->traits->runtime_session_id) == 0 &&
         rb_lifecycle_is_same_process (core, candidate);
}

static void
move_queue (RbCore     *core,
            RbEndpoint *from,
            RbEndpoint *to,
            RbChanges  *changes)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (from->queue);
  gint64 now = rb_core_now (core);

  for (guint i = 0; i < items->len; i++)
    {
      RbItem *item = g_ptr_array_index (items, i);
      g_autoptr(RbMessage) message = rb_message_ref (item->message);
      g_autofree char *assignment_id = g_strdup (item->assignment_id);

      rb_deliver_cancel (core, from, item);
      if (assignment_id == NULL)
        rb_message_move (message, changes, RB_PLACE_QUEUE, to->id, message->reason, now);
      rb_message_checkpoint (message, changes, "routed", now, to->id, "successor");
      rb_queue_add (to->queue, message, assignment_id);
    }
}

static void
move_assignments (RbCore     *core,
                  RbEndpoint *from,
                  RbEndpoint *to,
                  RbChanges  *changes)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_of_endpoint (core->assignments, from->id);
  gint64 now = rb_core_now (core);

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      rb_assignments_move (core->assignments, assignment, to->id);
      rb_assignment_record (assignment, changes);
      rb_message_move (assignment->message, changes, RB_PLACE_ASSIGNMENT, to->id, assignment->message->reason, now);
    }
}

static void
inherit (RbCore     *core,
         RbEndpoint *from,
         RbEndpoint *to,
         RbChanges  *changes)
{
  rb_log_info ("endpoint_succeeded", "endpoint_id", to->id, "predecessor", from->id, NULL);
  rb_router_inherit (core->router, from, to, rb_core_now (core), changes);
  rb_reply_cache_inherit (core->received, from->id, to->id, changes);
  move_queue (core, from, to, changes);
  move_assignments (core, from, to, changes);
  rb_replies_inherit (core->replies, from->id, to->id, changes);
}

GPtrArray *
rb_successor_inherit (RbCore     *core,
                      RbEndpoint *endpoint,
                      RbChanges  *changes)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, endpoint->plugin_pid);
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    {
      RbEndpoint *candidate = g_ptr_array_index (siblings, i);

      if (!is_predecessor (core, candidate, endpoint))
        continue;

      inherit (core, candidate, endpoint, changes);
      g_ptr_array_add (ids, g_strdup (candidate->id));
    }
  return ids;
}

void
rb_successor_close (RbCore    *core,
                    GPtrArray *ids)
{
  for (guint i = 0; i < ids->len; i++)
    {
      RbEndpoint *predecessor = rb_registry_lookup (core->registry, g_ptr_array_index (ids, i));

      if (predecessor != NULL)
        rb_lifecycle_apply (core, predecessor, RB_ENDPOINT_EXPLICIT_UNREGISTER);
    }
  g_ptr_array_unref (ids);
}
