/* rb-explain.c: where a message is, how it came there and what happens next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-views.h"

#include "rb-core-private.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-spawn.h"

/* Answers from the store, so that what it shows is what a crash would leave; what only memory knows (timers, attempts) is added. */
typedef struct {
  char      *id;             /* of the message */
  GVariant  *place;          /* row of RB_TABLE_PLACES, NULL: none */
  GPtrArray *checkpoints;    /* rows */
} Explain;

static void
explain_free (Explain *self)
{
  g_free (self->id);
  g_clear_pointer (&self->place, g_variant_unref);
  g_clear_pointer (&self->checkpoints, g_ptr_array_unref);
  g_free (self);
}

static GVariant *
ladder (GPtrArray *checkpoints)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < checkpoints->len; i++)
    {
      const char *step, *endpoint_id, *detail;
      GVariantDict dict;
      gint64 at;

      g_variant_get (g_ptr_array_index (checkpoints, i), "(&sx&sxm&sm&s)", NULL, NULL, &step, &at, &endpoint_id, &detail);
      g_variant_dict_init (&dict, NULL);
      rb_dict_put_text (&dict, "step", step);
      rb_dict_put_time (&dict, "at", at);
      rb_dict_put_text (&dict, "endpoint_id", endpoint_id);
      rb_dict_put_text (&dict, "detail", detail);
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}

static void
put_place (GVariantDict *dict,
           GVariant     *row)
{
  const char *place, *endpoint_id, *reason, *correlation_id;
  gint64 since;

  if (row == NULL)
    {
      rb_dict_put_text (dict, "place", "sent");
      return;
    }

  g_variant_get (row, "(&s&sm&sxm&sm&sx)", NULL, &place, &endpoint_id, NULL, &reason, &correlation_id, &since);
  rb_dict_put_text (dict, "place", place);
  rb_dict_put_text (dict, "endpoint_id", endpoint_id);
  rb_dict_put_text (dict, "reason", reason);
  rb_dict_put_text (dict, "correlation_id", correlation_id);
  rb_dict_put_time (dict, "since", since);
}

static void
put_next (GVariantDict *dict,
          const char   *what,
          gint64        at)
{
  rb_dict_put_text (dict, "next", what);
  if (at > 0)
    rb_dict_put_time (dict, "next_at", at);
}

static void
explain_queue (RbCore       *core,
               RbMessage    *message,
               GVariantDict *dict)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, message->endpoint_id);
  RbItem *item = endpoint != NULL ? rb_queue_find (endpoint->queue, message->id) : NULL;

  if (item == NULL)
    return;

  g_variant_dict_insert (dict, "attempts", "u", item->attempts);
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    put_next (dict, "its endpoint is reconnecting; when the grace period ends the message returns to the inbox", endpoint->grace_deadline);
  else if (item->is_pushed)
    put_next (dict, "pushed; waits for the adapter's receipt, then is pushed again", 0);
  else if (item->timer != 0)
    put_next (dict, "the adapter sent no receipt; waits before it is pushed again", 0);
  else
    put_next (dict, "waits for an earlier message of its conversation, or for room in the channel's window", 0);
}

static void
explain_assignment (RbCore       *core,
                    RbAssignment *assignment,
                    GVariantDict *dict)
{
  rb_dict_put_text (dict, "endpoint_id", assignment->endpoint_id);
  rb_dict_put_text (dict, "assignment_id", assignment->context->assignment_id);
  rb_dict_put_text (dict, "assignment_state", rb_assignment_state_to_string (assignment->state));
  switch (assignment->state)
    {
    case RB_ASSIGNMENT_QUEUED:
      put_next (dict, "waits to be taken; without adapter_accepted in time it returns to the inbox", assignment->deadline);
      break;
    case RB_ASSIGNMENT_PENDING:
      put_next (dict, "taken; without adapter_accepted in time it returns to the inbox", assignment->deadline);
      break;
    case RB_ASSIGNMENT_STAGED:
      put_next (dict, "fetched by the adapter, which has not accepted it", 0);
      break;
    case RB_ASSIGNMENT_ACCEPTED:
      put_next (dict, "accepted; the adapter works on it and replies or reports how it ended", 0);
      break;
    case RB_ASSIGNMENT_REPLIED:
      put_next (dict, "replied; the upstream has not confirmed the report yet", 0);
      break;
    case RB_ASSIGNMENT_GONE:
      break;
    }
}

static void
put_live (RbCore       *core,
          const char   *id,
          GVariantDict *dict)
{
  RbMessage *message = rb_ledger_lookup (core->ledger, id);
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, id);
  const char *holder;

  if (message == NULL)
    return;

  rb_dict_put_text (dict, "sender_address", rb_envelope_get_from (message->envelope));
  rb_dict_put_time (dict, "arrived_at", message->arrived_at);
  if (assignment != NULL)
    explain_assignment (core, assignment, dict);
  else if (message->place == RB_PLACE_INBOX && (holder = rb_staging_find_holder (core->staging, message->id)) != NULL)
    {
      g_autofree char *next = g_strdup_printf ("claimed in advance for %s, which has not fetched it yet", holder);

      put_next (dict, next, 0);
    }
  else if (message->place == RB_PLACE_INBOX)
    put_next (dict, "waits in the inbox until somebody dispatches it", 0);
  else if (message->place == RB_PLACE_QUEUE)
    explain_queue (core, message, dict);
}

static void
on_checkpoints (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  Explain *self = g_task_get_task_data (task);
  GVariantDict dict;
  GError *error = NULL;

  self->checkpoints = rb_store_read_finish (RB_STORE (source), result, &error);
  if (self->checkpoints == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->place == NULL && self->checkpoints->len == 0)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_found", "nothing is known of '%s'", self->id));
      return;
    }

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "kind", "message");
  rb_dict_put_text (&dict, "id", self->id);
  put_place (&dict, self->place);
  put_live (core, self->id, &dict);
  g_variant_dict_insert_value (&dict, "ladder", ladder (self->checkpoints));
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_dict_end (&dict)), (GDestroyNotify) g_variant_unref);
}

static void
on_place (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Explain *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = NULL;
  GError *error = NULL;

  rows = rb_store_read_finish (RB_STORE (source), result, &error);
  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  if (rows->len > 0)
    self->place = g_variant_ref (g_ptr_array_index (rows, 0));
  rb_store_read_async (RB_STORE (source), RB_TABLE_CHECKPOINTS, g_variant_new ("(s)", self->id), NULL, on_checkpoints,
                       g_steal_pointer (&task));
}

/* An endpoint's own story is its entry in the list; its queue in order is what a person asks for. */
static GVariant *
explain_endpoint (RbCore     *core,
                  RbEndpoint *endpoint)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (endpoint->queue);
  GVariantBuilder queue;
  GVariantDict dict;

  g_variant_builder_init (&queue, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < items->len; i++)
    g_variant_builder_add (&queue, "s", ((RbItem *) g_ptr_array_index (items, i))->message->id);

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "kind", "endpoint");
  rb_dict_put_text (&dict, "id", endpoint->id);
  rb_dict_put_text (&dict, "label", endpoint->traits->label);
  rb_dict_put_text (&dict, "state", rb_endpoint_state_to_string (endpoint->state));
  rb_dict_put_time (&dict, "since", endpoint->state_since);
  g_variant_dict_insert_value (&dict, "queue", g_variant_builder_end (&queue));
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    put_next (&dict, "its channel is gone; when the grace period ends it is closed and its messages return to the inbox",
              endpoint->grace_deadline);
  return g_variant_dict_end (&dict);
}

static const char *
message_of_assignment (RbCore     *core,
                       const char *assignment_id)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      if (g_str_equal (assignment->context->assignment_id, assignment_id))
        return assignment->message->id;
    }
  return NULL;
}

void
rb_explain_async (RbCore              *core,
                  const char          *id,
                  GAsyncReadyCallback  callback,
                  gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, id);
  const char *message_id = message_of_assignment (core, id);
  GVariant *spawn = rb_spawn_explain (core, id);
  Explain *self;

  if (endpoint != NULL)
    {
      g_task_return_pointer (task, g_variant_ref_sink (explain_endpoint (core, endpoint)), (GDestroyNotify) g_variant_unref);
      return;
    }

  if (spawn != NULL)
    {
      g_task_return_pointer (task, g_variant_ref_sink (spawn), (GDestroyNotify) g_variant_unref);
      return;
    }

  self = g_new0 (Explain, 1);
  self->id = g_strdup (message_id != NULL ? message_id : id);
  g_task_set_task_data (task, self, (GDestroyNotify) explain_free);
  rb_store_read_async (core->store, RB_TABLE_PLACES, g_variant_new ("(s)", self->id), NULL, on_place, g_steal_pointer (&task));
}

GVariant *
rb_explain_finish (RbCore        *core,
                   GAsyncResult  *result,
                   GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
