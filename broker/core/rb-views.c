/* rb-views.c: what a person may look at
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-views.h"

#include "rb-core-private.h"
#include "rb-dict.h"
#include "rb-json.h"
#include "rb-needs.h"
#include "rb-outbox.h"

#define PREVIEW_CODE_POINTS 80

static GVariant *
view_limits (RbCore *core)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (guint i = 0; i < core->all_bounds->len; i++)
    rb_bounds_put (g_ptr_array_index (core->all_bounds, i), &dict);
  return g_variant_dict_end (&dict);
}

static GVariant *
view_counters (RbCore *core)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_count (&dict, "received", core->counters.received);
  rb_dict_put_count (&dict, "duplicates", core->counters.duplicates);
  rb_dict_put_count (&dict, "refused", core->counters.refused);
  rb_dict_put_count (&dict, "pushed", core->counters.pushed);
  rb_dict_put_count (&dict, "taken", core->counters.taken);
  rb_dict_put_count (&dict, "receipt_timeouts", core->counters.receipt_timeouts);
  rb_dict_put_count (&dict, "sent", core->counters.sent);
  rb_dict_put_count (&dict, "replies", core->counters.replies);
  rb_dict_put_count (&dict, "restored", core->counters.restored);
  rb_dict_put_count (&dict, "claimed", core->counters.claimed);
  rb_dict_put_count (&dict, "staged", core->counters.staged);
  rb_dict_put_count (&dict, "fetched", core->counters.fetched);
  rb_dict_put_count (&dict, "self_settled", core->counters.self_settled);
  rb_dict_put_count (&dict, "held", core->counters.held);
  rb_dict_put_count (&dict, "refused_by_policy", core->counters.turned_away);
  rb_dict_put_count (&dict, "archive_forgotten", rb_archive_get_n_pruned (core->archive));
  rb_outbox_put_counters (core, &dict);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_view_status (RbCore *core)
{
  g_autoptr(GError) refusal = NULL;
  gboolean ready = rb_core_is_ready (core, &refusal);
  GHashTableIter iter;
  gpointer name, value;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "presence", rb_core_get_presence (core));
  rb_dict_put_text (&dict, "presence_reason", core->presence_reason);
  rb_dict_put_time (&dict, "presence_since", core->presence_since);
  rb_dict_put_text (&dict, "link_error", core->link_error);
  g_hash_table_iter_init (&iter, core->facts);
  while (g_hash_table_iter_next (&iter, &name, &value))
    rb_dict_put_text (&dict, name, value);
  rb_dict_put_text (&dict, "address", rb_connector_get_address (core->connector));
  g_variant_dict_insert (&dict, "ready", "b", ready);
  rb_dict_put_text (&dict, "not_ready_reason", refusal != NULL ? refusal->message : NULL);
  rb_dict_put_count (&dict, "endpoints", rb_registry_get_n (core->registry));
  rb_dict_put_count (&dict, "channels", g_hash_table_size (core->channels));
  rb_dict_put_count (&dict, "inbox", rb_inbox_get_n (core->inbox));
  rb_dict_put_count (&dict, "needs", rb_needs_get_n (core));
  rb_dict_put_count (&dict, "held", rb_held_get_n (core->held));
  rb_dict_put_count (&dict, "assignments", rb_assignments_get_n (core->assignments));
  rb_dict_put_count (&dict, "messages", rb_ledger_get_n (core->ledger));
  rb_dict_put_count (&dict, "correlations", rb_router_get_n (core->router));
  rb_dict_put_count (&dict, "outbox", rb_outbox_get_n (core->outbox));
  rb_dict_put_count (&dict, "reply_records", rb_replies_get_n (core->replies));
  g_variant_dict_insert_value (&dict, "counters", view_counters (core));
  g_variant_dict_insert_value (&dict, "limits", view_limits (core));
  return g_variant_dict_end (&dict);
}

static GVariant *
view_endpoint (const RbEndpoint *endpoint)
{
  const RbTraits *traits = endpoint->traits;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "endpoint_id", endpoint->id);
  rb_dict_put_text (&dict, "state", rb_endpoint_state_to_string (endpoint->state));
  rb_dict_put_time (&dict, "state_since", endpoint->state_since);
  rb_dict_put_time (&dict, "grace_deadline", endpoint->grace_deadline);
  rb_dict_put_text (&dict, "label", traits->label);
  rb_dict_put_text (&dict, "kind", traits->kind);
  rb_dict_put_text (&dict, "session_name", traits->session_name);
  rb_dict_put_text (&dict, "task_hint", traits->task_hint);
  rb_dict_put_text (&dict, "runtime_session_id", traits->runtime_session_id);
  rb_dict_put_text (&dict, "agent_id", endpoint->agent_id);
  rb_dict_put_text (&dict, "background_exchange_mode", traits->background_exchange_mode);
  rb_dict_put_text (&dict, "execution_surface", traits->execution_surface);
  if (traits->capabilities != NULL)
    g_variant_dict_insert (&dict, "capabilities", "^as", traits->capabilities);
  rb_dict_put_count (&dict, "plugin_pid", endpoint->plugin_pid);
  rb_dict_put_count (&dict, "queued", rb_queue_get_length (endpoint->queue));
  rb_dict_put_count (&dict, "on_the_way", rb_queue_get_n_pushed (endpoint->queue));
  g_variant_dict_insert (&dict, "legacy", "b", traits->legacy);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_view_endpoint (RbCore     *core,
                  const char *endpoint_id)
{
  const RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  return endpoint != NULL ? view_endpoint (endpoint) : NULL;
}

GVariant *
rb_view_endpoints (RbCore *core)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    g_variant_builder_add_value (&builder, view_endpoint (l->data));
  return g_variant_builder_end (&builder);
}

GVariant *
rb_view_row (const RbMessage *message)
{
  g_autofree char *preview = rb_json_slice_preview (rb_envelope_get_content (message->envelope), PREVIEW_CODE_POINTS);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "id", message->id);
  rb_dict_put_text (&dict, "source_message_id", message->source_id);
  rb_dict_put_text (&dict, "sender_address", rb_envelope_get_from (message->envelope));
  rb_dict_put_text (&dict, "content_type", rb_envelope_get_content_type (message->envelope));
  rb_dict_put_text (&dict, "preview", preview);
  rb_dict_put_text (&dict, "reason", message->reason);
  rb_dict_put_text (&dict, "hint_endpoint_id", message->endpoint_id);
  rb_dict_put_text (&dict, "correlation_id", message->correlation_id);
  rb_dict_put_time (&dict, "arrived_at", message->arrived_at);
  rb_dict_put_time (&dict, "since", message->since);
  rb_dict_put_count (&dict, "size_bytes", rb_envelope_get_size (message->envelope));
  return g_variant_dict_end (&dict);
}

GVariant *
rb_view_message (RbCore     *core,
                 const char *message_id)
{
  const RbMessage *row = rb_inbox_lookup (core->inbox, message_id);
  const RbHeldRow *held = row == NULL ? rb_held_lookup (core->held, message_id) : NULL;

  if (held != NULL)
    return rb_view_row (held->message);
  return row != NULL ? rb_view_row (row) : NULL;
}

GVariant *
rb_view_inbox (RbCore *core)
{
  g_autoptr(GPtrArray) rows = rb_inbox_dup_rows (core->inbox);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < rows->len; i++)
    g_variant_builder_add_value (&builder, rb_view_row (g_ptr_array_index (rows, i)));
  return g_variant_builder_end (&builder);
}

static GVariant *
view_assignment (const RbAssignment *assignment)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "assignment_id", assignment->context->assignment_id);
  rb_dict_put_text (&dict, "message_id", assignment->message->id);
  rb_dict_put_text (&dict, "source_message_id", assignment->context->source_message_id);
  rb_dict_put_text (&dict, "undispatched_id", assignment->context->undispatched_id);
  rb_dict_put_text (&dict, "endpoint_id", assignment->endpoint_id);
  rb_dict_put_text (&dict, "state", rb_assignment_state_to_string (assignment->state));
  rb_dict_put_text (&dict, "sender_address", rb_envelope_get_from (assignment->message->envelope));
  rb_dict_put_text (&dict, "reply_correlation_id", assignment->context->reply_correlation_id);
  rb_dict_put_time (&dict, "assigned_at", assignment->assigned_at);
  rb_dict_put_time (&dict, "acceptance_deadline", assignment->deadline);
  rb_dict_put_count (&dict, "last_sequence", assignment->sequence.last);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_view_assignment_of_message (RbCore     *core,
                               const char *message_id)
{
  const RbAssignment *assignment = rb_assignments_of_message (core->assignments, message_id);

  return assignment != NULL ? view_assignment (assignment) : NULL;
}

GVariant *
rb_view_assignments (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < assignments->len; i++)
    g_variant_builder_add_value (&builder, view_assignment (g_ptr_array_index (assignments, i)));
  return g_variant_builder_end (&builder);
}

void
rb_view_settle_async (RbCore              *core,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_view_settle_async);
  if (rb_store_get_health (core->store, NULL) == RB_STORE_OK)
    {
      rb_core_commit_task (core, rb_changes_new (), task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

gboolean
rb_view_settle_finish (RbCore        *core,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
