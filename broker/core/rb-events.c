/* rb-events.c: what is told outwards, and what must be agreed to first
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-events.h"

#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-json.h"
#include "rb-log.h"
#include "rb-time.h"

#define PREVIEW_CODE_POINTS 80

static RbJsonWriter *
begin (const char *type)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  if (type != NULL)
    {
      rb_json_writer_string (writer, "type", type);
      rb_json_writer_int (writer, "version", 1);
    }
  return writer;
}

static RbEvent *
end (RbJsonWriter *writer,
     RbEventKind   kind,
     const char   *subject)
{
  g_autoptr(GBytes) payload = NULL;

  rb_json_writer_end_object (writer);
  payload = rb_json_writer_end (writer);
  return rb_event_new (kind, subject, payload);
}

RbEvent *
rb_events_processing_state (const RbStateReport *report)
{
  const RbAssignmentContext *context = report->assignment->context;
  RbJsonWriter *writer = begin ("runtime_processing_state");

  rb_json_writer_string (writer, "source_message_id", context->source_message_id);
  rb_json_writer_string (writer, "assignment_id", context->assignment_id);
  rb_json_writer_string (writer, "state_event_id", report->state_event_id);
  rb_json_writer_int (writer, "state_sequence", report->state_sequence);
  rb_target_write (context->target, writer, "target_ref");
  rb_json_writer_string (writer, "state", report->state);
  rb_json_writer_int (writer, "occurred_at", report->occurred_at);
  rb_json_writer_string (writer, "undispatched_id",
                         report->undispatched_id != NULL ? report->undispatched_id : context->undispatched_id);
  if (report->has_retryable)
    rb_json_writer_boolean (writer, "retryable", report->retryable);
  rb_json_writer_string (writer, "reason_code", report->reason_code);
  rb_json_writer_string (writer, "detail", report->detail);
  rb_json_writer_string (writer, "reply_request_id", report->reply_request_id);
  rb_json_writer_string (writer, "outbound_message_id", report->outbound_message_id);
  if (report->with_token)
    rb_json_writer_string (writer, "broker_projection_token", report->assignment->token);
  return end (writer, RB_EVENT_PROCESSING_STATE, context->assignment_id);
}

RbEvent *
rb_events_assigned (const RbAssignment *assignment)
{
  g_autofree char *event_id = g_strconcat (assignment->context->assignment_id, ":assigned", NULL);
  RbStateReport report = {
    .assignment = assignment,
    .state = "assigned_to_runtime_target",
    .state_event_id = event_id,
    .state_sequence = 1,
    .occurred_at = assignment->assigned_at,
    .with_token = TRUE,
  };

  return rb_events_processing_state (&report);
}

RbEvent *
rb_events_undispatched_add (const RbMessage *message)
{
  RbJsonWriter *writer = begin ("undispatched_changed");
  g_autofree char *preview = rb_json_slice_preview (rb_envelope_get_content (message->envelope), PREVIEW_CODE_POINTS);
  g_autofree char *traceparent = rb_trace_to_string (&message->trace);

  rb_json_writer_string (writer, "action", "add");
  rb_json_writer_string (writer, "undispatched_id", message->id);
  rb_json_writer_string (writer, "source_message_id", message->source_id);
  rb_json_writer_string (writer, "traceparent", traceparent);
  rb_json_writer_string (writer, "traceId", message->trace.trace_id);
  rb_json_writer_string (writer, "sender_address", rb_envelope_get_from (message->envelope));
  rb_json_writer_string (writer, "content_preview", preview);
  rb_json_writer_string (writer, "reason", rb_inbox_wire_reason (message->reason));
  rb_json_writer_string (writer, "target_endpoint_id_hint", message->endpoint_id);
  rb_json_writer_string (writer, "in_reply_to", message->correlation_id);
  rb_json_writer_int (writer, "arrived_at", message->arrived_at);
  return end (writer, RB_EVENT_UNDISPATCHED_CHANGED, message->id);
}

RbEvent *
rb_events_inbound_routed (const RbMessage *message,
                          const char      *endpoint_id,
                          const char      *route_kind,
                          gint64           at)
{
  RbJsonWriter *writer = begin ("runtime_inbound_routed");

  rb_json_writer_string (writer, "source_message_id", message->id);
  rb_json_writer_string (writer, "routed_to_endpoint_id", endpoint_id);
  rb_json_writer_string (writer, "route_kind", route_kind);
  rb_json_writer_int (writer, "routed_at", at);
  return end (writer, RB_EVENT_INBOUND_ROUTED, message->id);
}

RbEvent *
rb_events_presence (const char *state,
                    const char *reason,
                    gint64      at)
{
  RbJsonWriter *writer = begin ("network_presence_changed");

  rb_json_writer_string (writer, "state", state);
  rb_json_writer_int (writer, "ts", at);
  rb_json_writer_string (writer, "reason", reason);
  return end (writer, RB_EVENT_PRESENCE_CHANGED, "network");
}

RbEvent *
rb_events_endpoint_state (const char *endpoint_id,
                          const char *state,
                          const char *reason,
                          gint64      at)
{
  RbJsonWriter *writer = begin (NULL);

  rb_json_writer_string (writer, "state", state);
  rb_json_writer_string (writer, "reason", reason);
  rb_json_writer_iso (writer, "ts", at);
  return end (writer, RB_EVENT_ENDPOINT_STATE, endpoint_id);
}

char *
rb_events_dup_member (const RbEvent *event,
                      const char    *name)
{
  g_autoptr(RbJson) payload = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);

  return payload != NULL ? rb_json_peek_string (payload, name) : NULL;
}

static void
on_emitted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbEvent) event = user_data;
  g_autoptr(GError) error = NULL;

  if (!rb_emitter_emit_finish (RB_EMITTER (source), result, &error))
    rb_log_warning ("event_not_emitted", "kind", rb_event_kind_to_string (rb_event_get_kind (event)), "subject",
                    rb_event_get_subject (event), "err", error->message, NULL);
}

void
rb_events_project (RbCore  *core,
                   RbEvent *event)
{
  for (guint i = 0; i < core->emitters->len; i++)
    {
      RbEmitter *emitter = g_ptr_array_index (core->emitters, i);

      if (!rb_emitter_is_authority (emitter))
        rb_emitter_emit_async (emitter, event, NULL, on_emitted, rb_event_ref (event));
    }
}

/* One report may go to several authorities; a refusal of any decides. */
typedef struct {
  RbCore     *core;
  RbReported  done;
  gpointer    user_data;
  guint       n_waiting;
  GError     *error;
} Report;

static void
on_reported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Report *report = user_data;
  g_autoptr(GError) error = NULL;

  /* what may be mended outweighs what may not */
  if (!rb_emitter_emit_finish (RB_EMITTER (source), result, &error) &&
      (report->error == NULL || g_error_matches (report->error, RB_ERROR, RB_ERROR_REJECTED)))
    {
      g_clear_error (&report->error);
      report->error = g_steal_pointer (&error);
    }
  if (--report->n_waiting > 0)
    return;

  report->done (report->core, report->error, report->user_data);
  report->core->n_reports--;
  rb_core_stop_continue (report->core);
  g_clear_error (&report->error);
  g_object_unref (report->core);
  g_free (report);
}

static guint
count_authorities (RbCore *core)
{
  guint n = 0;

  for (guint i = 0; i < core->emitters->len; i++)
    if (rb_emitter_is_authority (g_ptr_array_index (core->emitters, i)))
      n++;
  return n;
}

void
rb_events_report (RbCore     *core,
                  RbEvent    *event,
                  RbReported  done,
                  gpointer    user_data)
{
  guint n = count_authorities (core);
  Report *report;

  if (n == 0)
    {
      done (core, NULL, user_data);
      return;
    }

  report = g_new0 (Report, 1);
  report->core = g_object_ref (core);
  report->done = done;
  report->user_data = user_data;
  report->n_waiting = n;
  core->n_reports++;
  for (guint i = 0; i < core->emitters->len; i++)
    if (rb_emitter_is_authority (g_ptr_array_index (core->emitters, i)))
      rb_emitter_emit_async (g_ptr_array_index (core->emitters, i), event, NULL, on_reported, report);
}

gboolean
rb_events_has_authority (RbCore *core)
{
  return count_authorities (core) > 0;
}
