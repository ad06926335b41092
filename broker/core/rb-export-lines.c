/* rb-export-lines.c: one thing, as a line of an export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-export-lines.h"

#include "rb-dict.h"
#include "rb-export.h"

/* Members are named one by one, so that nothing secret gets here by itself. Documented in brokerctl(1): add, never change. */

void
rb_export_line_free (RbExportLine *self)
{
  g_free (self->key);
  g_clear_pointer (&self->dict, g_variant_dict_unref);
  g_free (self->ladder_of);
  g_free (self);
}

static RbExportLine *
line_new (const char *type,
          char       *key,
          gint64      at)
{
  RbExportLine *self = g_new0 (RbExportLine, 1);

  self->key = key;
  self->at = at;
  self->dict = g_variant_dict_new (NULL);
  rb_dict_put_text (self->dict, "type", type);
  return self;
}

char *
rb_export_key_of_number (gint64 number)
{
  return g_strdup_printf ("%020" G_GINT64_FORMAT, number);
}

char *
rb_export_key_of_reply (const RbReplyRecord *record)
{
  return g_strdup_printf ("%s %s %s", record->source_message_id, record->assignment_id, record->reply_request_id);
}

RbExportLine *
rb_export_line_header (RbCore *core)
{
  RbExportLine *self = line_new ("export", rb_export_key_of_number (0), 0);

  rb_dict_put_count (self->dict, "version", RB_EXPORT_VERSION);
  rb_dict_put_time (self->dict, "at", rb_core_now (core));
  rb_dict_put_text (self->dict, "address", rb_connector_get_address (core->connector));
  return self;
}

RbExportLine *
rb_export_line_endpoint (const RbEndpoint *endpoint)
{
  RbExportLine *self = line_new ("endpoint", rb_export_key_of_number (endpoint->position), endpoint->registered_at);

  rb_dict_put_text (self->dict, "id", endpoint->id);
  rb_dict_put_text (self->dict, "state", rb_endpoint_state_to_string (endpoint->state));
  rb_dict_put_text (self->dict, "label", endpoint->traits->label);
  rb_dict_put_text (self->dict, "session_name", endpoint->traits->session_name);
  rb_dict_put_text (self->dict, "adapter", endpoint->traits->kind);
  rb_dict_put_count (self->dict, "pid", (guint64) endpoint->plugin_pid);
  rb_dict_put_time (self->dict, "registered_at", endpoint->registered_at);
  rb_dict_put_time (self->dict, "since", endpoint->state_since);
  self->ladder_of = g_strdup (endpoint->id);
  return self;
}

RbExportLine *
rb_export_line_message (const RbMessage *message)
{
  RbExportLine *self = line_new ("message", rb_export_key_of_number (message->position), message->arrived_at);

  rb_dict_put_text (self->dict, "id", message->id);
  rb_dict_put_text (self->dict, "direction", RB_ARCHIVE_IN);
  rb_dict_put_text (self->dict, "state", rb_place_to_string (message->place));
  rb_dict_put_text (self->dict, "reason", message->reason);
  rb_dict_put_text (self->dict, "peer", rb_envelope_get_from (message->envelope));
  rb_dict_put_text (self->dict, "endpoint_id", message->endpoint_id);
  rb_dict_put_text (self->dict, "correlation_id", message->correlation_id);
  rb_dict_put_text (self->dict, "source_message_id", message->source_id);
  rb_dict_put_text (self->dict, "content_type", rb_envelope_get_content_type (message->envelope));
  rb_dict_put_time (self->dict, "at", message->arrived_at);
  self->ladder_of = g_strdup (message->id);
  return self;
}

RbExportLine *
rb_export_line_assignment (const RbAssignment *assignment)
{
  RbExportLine *self = line_new ("assignment", rb_export_key_of_number (assignment->message->position), assignment->assigned_at);

  rb_dict_put_text (self->dict, "id", assignment->context->assignment_id);
  rb_dict_put_text (self->dict, "message_id", assignment->message->id);
  rb_dict_put_text (self->dict, "endpoint_id", assignment->endpoint_id);
  rb_dict_put_text (self->dict, "state", rb_assignment_state_to_string (assignment->state));
  rb_dict_put_time (self->dict, "assigned_at", assignment->assigned_at);
  rb_dict_put_time (self->dict, "acceptance_deadline", assignment->deadline);
  return self;
}

RbExportLine *
rb_export_line_reply (const RbReplyRecord *record,
                      gint64               ttl_ms)
{
  RbExportLine *self = line_new ("reply", rb_export_key_of_reply (record), record->expires_at - ttl_ms);

  rb_dict_put_text (self->dict, "id", record->reply_request_id);
  rb_dict_put_text (self->dict, "message_id", record->wire_message_id);
  rb_dict_put_text (self->dict, "source_message_id", record->source_message_id);
  rb_dict_put_text (self->dict, "assignment_id", record->assignment_id);
  rb_dict_put_text (self->dict, "endpoint_id", record->endpoint_id);
  rb_dict_put_text (self->dict, "wire_message_id", record->wire_message_id);
  rb_dict_put_text (self->dict, "state", record->result != NULL ? record->result : record->outcome_unknown != NULL ? "outcome_unknown" : "not_sent");
  rb_dict_put_text (self->dict, "reason", record->outcome_unknown);
  rb_dict_put_time (self->dict, "expires_at", record->expires_at);
  return self;
}

RbExportLine *
rb_export_line_event (const RbLetter *letter)
{
  RbExportLine *self = line_new ("event", rb_export_key_of_number (letter->position), letter->created_at);

  rb_dict_put_count (self->dict, "id", (guint64) letter->position);
  rb_dict_put_text (self->dict, "kind", rb_event_kind_to_string (rb_event_get_kind (letter->event)));
  rb_dict_put_text (self->dict, "subject", rb_event_get_subject (letter->event));
  rb_dict_put_text (self->dict, "state", letter->is_dead ? "dead" : "queued");
  rb_dict_put_time (self->dict, "created_at", letter->created_at);
  rb_dict_put_text (self->dict, "reason", letter->reason);
  if (letter->status != 0)
    rb_dict_put_count (self->dict, "status", (guint64) letter->status);
  return self;
}

static void
put_past_endpoint (RbExportLine *self,
                   const char   *label,
                   const char   *session_name,
                   const char   *adapter,
                   gint64        begun_at)
{
  rb_dict_put_text (self->dict, "state", "closed");
  rb_dict_put_text (self->dict, "label", label);
  rb_dict_put_text (self->dict, "session_name", session_name);
  rb_dict_put_text (self->dict, "adapter", adapter);
  rb_dict_put_time (self->dict, "registered_at", begun_at);
}

RbExportLine *
rb_export_line_archived (GVariant *row,
                         gboolean  has_content)
{
  const char *kind, *id, *name, *endpoint_id, *correlation_id, *source_id, *detail, *outcome;
  gint64 n, begun_at, ended_at;
  gboolean is_endpoint;
  RbExportLine *self;

  g_variant_get (row, "(x&s&s&sm&sm&sm&sm&sxx&sx)", &n, &kind, &id, &name, &endpoint_id, &correlation_id, &source_id, &detail, &begun_at,
                 &ended_at, &outcome, NULL);
  is_endpoint = g_str_equal (kind, RB_ARCHIVE_ENDPOINT);
  self = line_new (is_endpoint ? "endpoint" : "message", rb_export_key_of_number (n), begun_at);
  rb_dict_put_text (self->dict, "id", id);
  if (is_endpoint)
    put_past_endpoint (self, name, source_id, detail, begun_at);
  else
    {
      rb_dict_put_text (self->dict, "direction", kind);
      rb_dict_put_text (self->dict, "state", g_str_equal (kind, RB_ARCHIVE_OUT) ? "sent" : "ended");
      rb_dict_put_text (self->dict, "peer", name);
      rb_dict_put_text (self->dict, "endpoint_id", endpoint_id);
      rb_dict_put_text (self->dict, "correlation_id", correlation_id);
      rb_dict_put_text (self->dict, "source_message_id", source_id);
      rb_dict_put_text (self->dict, "content_type", detail);
      rb_dict_put_time (self->dict, "at", begun_at);
      self->text_n = has_content ? n : 0;
    }
  rb_dict_put_text (self->dict, "outcome", outcome);
  rb_dict_put_time (self->dict, "ended_at", ended_at);
  self->ladder_of = g_strdup (id);
  return self;
}
