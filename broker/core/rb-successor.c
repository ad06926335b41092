/* rb-successor.c: an adapter that registers again goes on where it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-successor.h"

#include "rb-deliver.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-route-claim.h"
#include "rb-rule.h"

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

static int
compare_arrivals (gconstpointer a,
                  gconstpointer b)
{
  const RbItem *first = *(RbItem *const *) a;
  const RbItem *second = *(RbItem *const *) b;

  return first->message->position < second->message->position ? -1 : first->message->position > second->message->position;
}

/* Of all predecessors at once: their conversations become one where they have the same correlation. */
static GPtrArray *
waiting_items (GPtrArray *predecessors)
{
  GPtrArray *items = g_ptr_array_new ();

  for (guint i = 0; i < predecessors->len; i++)
    g_ptr_array_extend_and_steal (items, rb_queue_dup_items (((RbEndpoint *) g_ptr_array_index (predecessors, i))->queue));
  g_ptr_array_sort (items, compare_arrivals);
  return items;
}

static void
move_queues (RbCore     *core,
             GPtrArray  *predecessors,
             RbEndpoint *to,
             RbChanges  *changes)
{
  g_autoptr(GPtrArray) items = waiting_items (predecessors);
  gint64 now = rb_core_now (core);

  for (guint i = 0; i < items->len; i++)
    {
      RbItem *item = g_ptr_array_index (items, i);
      g_autoptr(RbMessage) message = rb_message_ref (item->message);
      g_autofree char *assignment_id = g_strdup (item->assignment_id);

      rb_deliver_cancel (core, rb_registry_lookup (core->registry, item->endpoint_id), item);
      if (assignment_id == NULL)
        rb_message_move (message, changes, RB_PLACE_QUEUE, to->id, message->reason, now);
      rb_message_checkpoint_ruled (message, changes, "routed", now, to->id, NULL, RB_RULE_SUCCESSOR);
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

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      /* What is staged the upstream holds for the predecessor. */
      if (assignment->state == RB_ASSIGNMENT_STAGED)
        continue;
      rb_assignments_move (core->assignments, assignment, to->id);
      rb_assignment_record (assignment, changes);
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
  move_assignments (core, from, to, changes);
  rb_route_claims_inherit (core, from->id, to->id);
  rb_replies_inherit (core->replies, from->id, to->id, changes);
}

static GPtrArray *
find_predecessors (RbCore     *core,
                   RbEndpoint *endpoint)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, endpoint->plugin_pid);
  GPtrArray *predecessors = g_ptr_array_new ();

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    if (is_predecessor (core, g_ptr_array_index (siblings, i), endpoint))
      g_ptr_array_add (predecessors, g_ptr_array_index (siblings, i));
  return predecessors;
}

GPtrArray *
rb_successor_inherit (RbCore     *core,
                      RbEndpoint *endpoint,
                      RbChanges  *changes)
{
  g_autoptr(GPtrArray) predecessors = find_predecessors (core, endpoint);
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  move_queues (core, predecessors, endpoint, changes);
  for (guint i = 0; i < predecessors->len; i++)
    {
      RbEndpoint *predecessor = g_ptr_array_index (predecessors, i);

      inherit (core, predecessor, endpoint, changes);
      g_ptr_array_add (ids, g_strdup (predecessor->id));
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
