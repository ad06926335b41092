/* rb-reply-work.c: the work of a reply: announced, durable, sent, remembered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-work.h"

#include "rb-error.h"
#include "rb-events.h"
#include "rb-json.h"
#include "rb-log.h"
#include "rb-past.h"
#include "rb-restore.h"
#include "rb-send-error.h"
#include "rb-send.h"
#include "rb-turns.h"

#include <string.h>

static void send (RbCore *core, RbReplyWork *self);

RbReplyWork *
rb_reply_work_new (const RbReplyRequest *request)
{
  RbReplyWork *self = g_new0 (RbReplyWork, 1);

  self->source_message_id = g_strdup (request->source_message_id);
  self->assignment_id = g_strdup (request->assignment_id);
  self->reply_request_id = g_strdup (request->reply_request_id);
  self->endpoint_id = g_strdup (request->endpoint_id);
  self->plugin_pid = request->plugin_pid;
  self->content = g_bytes_ref (request->content);
  self->content_type = g_strdup (request->content_type != NULL ? request->content_type : "text");
  self->metadata = rb_reply_sanitise (request->metadata);
  self->fingerprint = rb_reply_fingerprint (self->content, self->content_type, self->metadata);
  return self;
}

void
rb_reply_work_free (RbReplyWork *self)
{
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_free (self->reply_request_id);
  g_free (self->endpoint_id);
  g_free (self->fingerprint);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_free (self->content_type);
  g_clear_pointer (&self->metadata, g_bytes_unref);
  g_clear_pointer (&self->outward, rb_event_unref);
  g_free (self);
}

GBytes *
rb_reply_sanitise (GBytes *metadata)
{
  static const char *const drop[] = { "correlation_id", "in_reply_to", "message_id", "originalTraceId", "require_live",
                                      "source_endpoint_id", "target_endpoint_id", "traceparent", NULL };
  g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);

  return rb_json_object_edit (metadata != NULL ? metadata : empty, drop, NULL);
}

char *
rb_reply_fingerprint (GBytes     *content,
                      const char *content_type,
                      GBytes     *sanitised)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  rb_json_slice_digest (content, checksum);
  g_checksum_update (checksum, (const guchar *) "\n", 1);
  g_checksum_update (checksum, (const guchar *) content_type, -1);
  g_checksum_update (checksum, (const guchar *) "\n", 1);
  rb_json_slice_digest (sanitised, checksum);
  return g_strdup (g_checksum_get_string (checksum));
}

GError *
rb_reply_outcome_unknown (const RbReplyRecord *record)
{
  GError *error = rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "%s", record->outcome_unknown);

  rb_error_set_retryable (error, FALSE);
  return error;
}

RbReplyResult *
rb_reply_result_new (const char *message_id,
                     const char *status)
{
  RbReplyResult *self = g_new (RbReplyResult, 1);

  self->message_id = g_strdup (message_id);
  self->status = g_strdup (status);
  return self;
}

void
rb_reply_result_free (RbReplyResult *self)
{
  g_free (self->message_id);
  g_free (self->status);
  g_free (self);
}

static RbAssignment *
assignment_of (RbCore            *core,
               const RbReplyWork *self)
{
  return rb_assignments_lookup (core->assignments, self->source_message_id, self->assignment_id);
}

static RbReplyRecord *
record_of (RbCore            *core,
           const RbReplyWork *self)
{
  return rb_replies_lookup (core->replies, self->source_message_id, self->assignment_id, self->reply_request_id);
}

/* Everybody who waits gets the same answer. Frees @self. */
static void
finish (RbCore       *core,
        RbReplyWork  *self,
        const GError *error)
{
  g_autoptr(GPtrArray) waiters = rb_replies_end (core->replies, self->source_message_id, self->assignment_id, self->reply_request_id);
  RbReplyRecord *record = record_of (core, self);

  for (guint i = 0; i < waiters->len; i++)
    {
      GTask *task = g_ptr_array_index (waiters, i);

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_pointer (task, rb_reply_result_new (record->wire_message_id, record->result), (GDestroyNotify) rb_reply_result_free);
    }
  rb_reply_work_free (self);
}

static RbReplyRecord *
make_record (RbCore            *core,
             const RbReplyWork *self)
{
  RbReplyRecord *record = rb_reply_record_new (self->source_message_id, self->assignment_id, self->reply_request_id);

  record->endpoint_id = g_strdup (self->endpoint_id);
  record->plugin_pid = self->plugin_pid;
  record->fingerprint = g_strdup (self->fingerprint);
  record->wire_message_id = rb_core_uuid (core);
  record->expires_at = rb_core_now (core) + core->settings.reply_record_ttl;
  return record;
}

static void
on_record_durable (RbCore       *core,
                   const GError *error,
                   gpointer      user_data)
{
  RbReplyWork *self = user_data;

  if (error != NULL)
    {
      finish (core, self, error);
      return;
    }
  send (core, self);
}

/* Step 2: the reply's own reply must find its way back, also when we restart before it comes. */
static void
remember_correlation (RbCore       *core,
                      RbAssignment *assignment,
                      RbChanges    *changes)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, assignment->endpoint_id);

  if (endpoint != NULL)
    rb_router_add (core->router, endpoint, assignment->context->reply_correlation_id, rb_core_now (core), changes);
}

static void
make_durable (RbCore       *core,
              RbReplyWork  *self,
              RbAssignment *assignment)
{
  RbChanges *changes = rb_changes_new ();
  RbReplyRecord *record = record_of (core, self);

  if (record == NULL)
    {
      record = make_record (core, self);
      rb_replies_add (core->replies, record);
      rb_reply_record_record (record, changes);
      rb_sequence_settle (&assignment->sequence, self->sequence);
      rb_assignment_record (assignment, changes);
      rb_changes_project (changes, g_steal_pointer (&self->outward));
      rb_message_checkpoint (assignment->message, changes, "reply_requested", rb_core_now (core), self->endpoint_id,
                             self->reply_request_id);
    }
  if (assignment->context->reply_correlation_id == NULL || *assignment->context->reply_correlation_id == '\0')
    {
      g_free (assignment->context->reply_correlation_id);
      assignment->context->reply_correlation_id = rb_core_uuid (core);
      rb_assignment_record (assignment, changes);
    }
  remember_correlation (core, assignment, changes);
  rb_core_commit (core, changes, on_record_durable, self);
}

static GError *
request_rejected (const GError *error)
{
  gboolean terminal = g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED);
  GVariant *details = rb_error_get_details (error);
  const char *category = NULL;
  GError *answer = rb_error_new (terminal ? RB_ERROR_BAD_STATE : RB_ERROR_UNAVAILABLE, "runtime_reply_request_rejected", "%s",
                                 *error->message != '\0' ? error->message : "runtime reply request was not accepted");

  if (details != NULL && g_variant_lookup (details, "assignment_failure_category", "&s", &category))
    rb_error_add_detail (answer, "assignment_failure_category", g_variant_new_string (category));
  return answer;
}

static GError *
handle_stale (void)
{
  GError *error = rb_error_new (RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");

  rb_error_add_detail (error, "assignment_failure_category", g_variant_new_string ("reply_handle_stale"));
  return error;
}

/* protocol.md 20.2 row 2: without a token a 403 says only that we may not report. With one it is a refusal. */
static gboolean
is_without_authority (const RbAssignment *assignment,
                      const GError       *error)
{
  GVariant *details = rb_error_get_details (error);
  gint64 status = 0;

  return assignment != NULL && assignment->token == NULL && g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED) && details != NULL &&
         g_variant_lookup (details, "status", "x", &status) && status == 403;
}

static void
on_requested (RbCore       *core,
              const GError *error,
              gpointer      user_data)
{
  RbReplyWork *self = user_data;
  RbAssignment *assignment = assignment_of (core, self);
  g_autoptr(GError) answer = NULL;

  if (error != NULL && is_without_authority (assignment, error))
    rb_log_warning ("runtime_reply_requested_projection_skipped", "source_message_id", self->source_message_id, "assignment_id",
                    self->assignment_id, "status", "403", "detail", error->message, NULL);
  else if (error != NULL)
    answer = request_rejected (error);
  else if (assignment == NULL)
    answer = handle_stale ();

  if (answer != NULL)
    finish (core, self, answer);
  else
    make_durable (core, self, assignment);
}

static RbEvent *
make_requested (RbCore       *core,
                RbAssignment *assignment,
                gpointer      user_data)
{
  RbReplyWork *self = user_data;

  g_autofree char *event_id = g_strconcat ("reply_requested:", self->reply_request_id, NULL);

  self->sequence = rb_sequence_take (&assignment->sequence, event_id, 0);
  self->outward = rb_reply_event (core, assignment, "reply_requested", self->reply_request_id, NULL, self->sequence);
  return rb_event_ref (self->outward);
}

void
rb_reply_work_start (RbCore      *core,
                     RbReplyWork *self)
{
  RbAssignment *assignment = assignment_of (core, self);

  if (record_of (core, self) != NULL)
    make_durable (core, self, assignment);
  else
    rb_turns_report (core, assignment, make_requested, on_requested, self);
}

/* Step 3; later entries win. */
static GBytes *
outgoing_metadata (RbCore              *core,
                   const RbReplyWork   *self,
                   const RbAssignment  *assignment,
                   const RbReplyRecord *record)
{
  g_autoptr(RbJsonWriter) writer = rb_json_writer_new ();
  g_autofree char *traceparent = NULL;
  g_autofree char *text = NULL;
  guint8 random[24];
  RbTrace trace;

  core->random (random, sizeof random, core->random_data);
  rb_trace_ensure (NULL, random, &trace);
  traceparent = rb_trace_to_string (&trace);

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "traceparent", traceparent);
  rb_json_writer_string (writer, "originalTraceId", assignment->context->original_trace_id);
  rb_json_writer_string (writer, "message_id", record->wire_message_id);
  if (assignment->message->wire_message_id != NULL && *assignment->message->wire_message_id != '\0')
    rb_json_writer_string (writer, "in_reply_to", assignment->message->wire_message_id);
  rb_json_writer_string (writer, "correlation_id", assignment->context->reply_correlation_id);
  rb_json_writer_string (writer, "source_endpoint_id", self->endpoint_id);
  rb_json_writer_boolean (writer, "require_live", FALSE);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (g_steal_pointer (&writer));

  /* the members, without the braces */
  text[strlen (text) - 1] = '\0';
  return rb_json_object_edit (self->metadata, NULL, text + 1);
}

static void
on_result_durable (RbCore       *core,
                   const GError *error,
                   gpointer      user_data)
{
  finish (core, user_data, error);
}

static void
archive_reply (RbCore              *core,
               const RbReplyWork   *self,
               const RbReplyRecord *record,
               const RbAssignment  *assignment,
               RbChanges           *changes)
{
  RbPastSent sent = {
    .message_id = record->wire_message_id,
    .endpoint_id = self->endpoint_id,
    .to = rb_envelope_get_from (assignment->message->envelope),
    .correlation_id = assignment->context->reply_correlation_id,
    .content_type = self->content_type,
    .content = self->content,
    .status = record->result,
  };

  rb_past_sent (core, &sent, changes);
}

/* Without an authority the report is confirmed by nobody but us: the result and the end of the assignment are one change. */
static void
record_result (RbCore       *core,
               RbReplyWork  *self,
               const char   *status,
               RbChanges    *changes)
{
  RbReplyRecord *record = record_of (core, self);
  RbAssignment *assignment = assignment_of (core, self);
  RbAssignmentTodo todo;

  g_free (record->result);
  record->result = g_strdup (status);
  g_clear_pointer (&record->outcome_unknown, g_free);
  record->expires_at = rb_core_now (core) + core->settings.reply_record_ttl;
  rb_reply_record_record (record, changes);
  if (assignment == NULL || !rb_assignment_state_step (assignment->state, RB_ASSIGNMENT_REPLY_SENT, &assignment->state, &todo))
    return;

  archive_reply (core, self, record, assignment, changes);
  rb_sequence_settle (&assignment->sequence, rb_sequence_get_next (&assignment->sequence));
  rb_changes_tell (changes, rb_reply_event (core, assignment, "reply_emitted", self->reply_request_id, record->wire_message_id,
                                            assignment->sequence.last));
  rb_message_checkpoint (assignment->message, changes, "replied", rb_core_now (core), self->endpoint_id, record->wire_message_id);
  if (rb_events_has_authority (core))
    rb_assignment_record (assignment, changes);
  else
    rb_restore_end (core, assignment, "replied", changes);
}

static void
on_failure_durable (RbCore       *core,
                    const GError *error,
                    gpointer      user_data)
{
  RbReplyWork *self = user_data;
  RbReplyRecord *record = record_of (core, self);
  g_autoptr(GError) answer = rb_reply_outcome_unknown (record);

  finish (core, self, answer);
}

static void
on_not_sent (RbCore       *core,
             RbReplyWork  *self,
             const GError *failure)
{
  RbAssignment *assignment = assignment_of (core, self);
  const char *to = assignment != NULL ? rb_envelope_get_from (assignment->message->envelope) : NULL;
  g_autoptr(GError) answer = rb_send_error_new (failure, to);
  RbReplyRecord *record = record_of (core, self);
  RbChanges *changes;

  rb_reply_record_note (record, answer, rb_core_now (core));
  if (!rb_send_error_is_unknown (failure))
    {
      finish (core, self, answer);
      return;
    }

  changes = rb_changes_new ();
  g_free (record->outcome_unknown);
  record->outcome_unknown = g_strdup (answer->message);
  record->expires_at = rb_core_now (core) + core->settings.reply_record_ttl;
  rb_reply_record_record (record, changes);
  rb_core_commit (core, changes, on_failure_durable, self);
}

static void
log_sent (RbCore            *core,
          const RbReplyWork *self,
          RbSendStatus       status)
{
  const RbAssignment *assignment = assignment_of (core, self);

  rb_log_info ("runtime_assignment_reply_sent", "assignment_id", self->assignment_id, "endpoint_id", self->endpoint_id, "status",
               rb_send_status_to_string (status), "spanName", "settle", "traceId",
               assignment != NULL ? assignment->message->trace.trace_id : NULL, NULL);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  RbReplyWork *self = user_data;
  g_autoptr(RbCore) core = g_steal_pointer (&self->core);
  g_autofree char *message_id = NULL;
  g_autoptr(GError) error = NULL;
  RbChanges *changes;
  RbSendStatus status;

  if (!rb_connector_send_finish (RB_CONNECTOR (source), result, &message_id, &status, &error))
    {
      on_not_sent (core, self, error);
      return;
    }

  core->counters.replies++;
  log_sent (core, self, status);
  changes = rb_changes_new ();
  record_result (core, self, rb_send_status_to_string (status), changes);
  rb_core_commit (core, changes, on_result_durable, self);
}

/* An answer goes where the question came from, or waits for the connector that leads there. */
static gboolean
check_network (RbCore              *core,
               const RbAssignment  *assignment,
               GError             **error)
{
  const char *address = rb_connector_get_address (core->connector);

  if (rb_message_is_of (assignment->message, address))
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "other_network",
                "the message came from network '%s', and the connector that runs now leads to another one (we are '%s' there)",
                assignment->message->network, address);
  return FALSE;
}

static void
send (RbCore      *core,
      RbReplyWork *self)
{
  RbAssignment *assignment = assignment_of (core, self);
  RbReplyRecord *record = record_of (core, self);
  g_autoptr(RbEnvelope) envelope = NULL;
  g_autoptr(GBytes) metadata = NULL;
  g_autoptr(GError) elsewhere = NULL;

  if (assignment == NULL)
    {
      g_autoptr(GError) stale = handle_stale ();

      finish (core, self, stale);
      return;
    }
  if (!check_network (core, assignment, &elsewhere))
    {
      on_not_sent (core, self, elsewhere);
      return;
    }

  metadata = outgoing_metadata (core, self, assignment, record);
  envelope = rb_envelope_new (record->wire_message_id, NULL, rb_envelope_get_from (assignment->message->envelope), self->content,
                              self->content_type, metadata);
  self->core = g_object_ref (core);
  rb_connector_send_async (core->connector, envelope, NULL, on_sent, self);
}
