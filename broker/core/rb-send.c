/* rb-send.c: an adapter sends a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-send.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-json.h"
#include "rb-log.h"
#include "rb-outage-error.h"
#include "rb-past.h"
#include "rb-send-error.h"

/* Checks, then: the correlation is durable -> the network takes the message -> the adapter is told. A crash in between leaves an
 * unused correlation, never a reply that finds nobody. Source: protocol.md section 8. */
typedef struct {
  char         *endpoint_id;
  char         *to;
  char         *correlation_id;
  RbTrace       trace;
  RbEnvelope   *envelope;
  char         *message_id;
  RbSendStatus  status;
  GList         link;              /* in the core's unstored sends, then in its sends while the network is asked; its data is the task */
} Send;

static void
send_free (Send *self)
{
  g_free (self->endpoint_id);
  g_free (self->to);
  g_free (self->correlation_id);
  g_clear_pointer (&self->envelope, rb_envelope_unref);
  g_free (self->message_id);
  g_free (self);
}

void
rb_send_request_clear (RbSendRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
  g_clear_pointer (&self->to, g_free);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_pointer (&self->content_type, g_free);
  g_clear_pointer (&self->metadata, g_bytes_unref);
}

static gboolean
check_metadata (const RbSendRequest  *request,
                const RbJson         *metadata,
                GError              **error)
{
  g_autofree char *source = NULL;

  if (rb_json_get_member_type (metadata, "correlation_id") != RB_JSON_ABSENT)
    {
      rb_set_error (error, RB_ERROR_INVALID, "correlation_id_forbidden",
                    "broker is the sole issuer of correlation_id; do not pass it from the Plugin");
      return FALSE;
    }
  if (rb_json_get_member_type (metadata, "target_endpoint_id") != RB_JSON_ABSENT)
    {
      rb_set_error (error, RB_ERROR_INVALID, "target_endpoint_id_forbidden",
                    "target_endpoint_id is a reply-routing key, not an outbound input");
      return FALSE;
    }
  if (rb_json_get_member_type (metadata, "source_endpoint_id") == RB_JSON_ABSENT)
    return TRUE;

  source = rb_json_peek_string (metadata, "source_endpoint_id");
  if (g_strcmp0 (source, request->endpoint_id) == 0)
    return TRUE;

  rb_set_error (error, RB_ERROR_FORBIDDEN, "source_endpoint_id_mismatch", "metadata.source_endpoint_id must equal body.endpoint_id");
  return FALSE;
}

static RbEndpoint *
check_endpoint (RbCore               *core,
                const RbCaller       *caller,
                const RbSendRequest  *request,
                GError              **error)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, request->endpoint_id);

  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: %s", request->endpoint_id);
      return NULL;
    }
  if (!rb_core_check_owner (core, caller, endpoint, 0, error))
    return NULL;
  if (endpoint->state == RB_ENDPOINT_ACTIVE)
    return endpoint;

  rb_set_error (error, RB_ERROR_BAD_STATE, "endpoint_not_active", "endpoint %s is %s; outbound send is only allowed from Active",
                endpoint->id, rb_endpoint_state_to_string (endpoint->state));
  return NULL;
}

static void
ensure_trace (RbCore       *core,
              const RbJson *metadata,
              Send         *self)
{
  g_autofree char *text = rb_json_peek_string (metadata, "traceparent");
  guint8 random[24];
  RbTraceVerdict verdict;

  core->random (random, sizeof random, core->random_data);
  verdict = rb_trace_ensure (text, random, &self->trace);
  if (verdict != RB_TRACE_PRESENT)
    rb_log_event (G_LOG_DOMAIN, verdict == RB_TRACE_INVALID ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, "trace_context_degraded",
                  "reason", verdict == RB_TRACE_INVALID ? "invalid" : "missing", "traceId", self->trace.trace_id,
                  "spanName", "send", "endpoint_id", self->endpoint_id, NULL);
}

/* 8.3 step 1: a reply keeps the correlation that its endpoint received. */
static char *
choose_correlation (RbCore       *core,
                    const RbJson *metadata,
                    Send         *self,
                    RbChanges    *changes)
{
  g_autofree char *in_reply_to = rb_json_peek_string (metadata, "in_reply_to");
  RbReplyVerdict verdict;

  if (in_reply_to == NULL || *in_reply_to == '\0')
    return rb_core_uuid (core);

  verdict = rb_reply_cache_resolve (core->received, self->endpoint_id, in_reply_to, rb_core_now (core), changes);
  if (verdict == RB_REPLY_FOUND)
    return g_steal_pointer (&in_reply_to);

  rb_log_warning ("reply_aware_fallback", "endpoint_id", self->endpoint_id, "in_reply_to", in_reply_to, "reason",
                  rb_reply_verdict_to_string (verdict), "traceId", self->trace.trace_id, "spanName", "send", NULL);
  return rb_core_uuid (core);
}

static GBytes *
outgoing_metadata (const Send          *self,
                   const RbSendRequest *request)
{
  static const char *const drop[] = { "traceparent", "correlation_id", "source_endpoint_id", "require_live", NULL };
  g_autofree char *traceparent = rb_trace_to_string (&self->trace);
  g_autoptr(GBytes) correlation = rb_json_slice_from_string (self->correlation_id);
  g_autoptr(GBytes) source = rb_json_slice_from_string (self->endpoint_id);
  g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);
  g_autofree char *members = NULL;

  members = g_strdup_printf ("\"traceparent\":\"%s\",\"correlation_id\":%.*s,\"source_endpoint_id\":%.*s,\"require_live\":%s",
                             traceparent, (int) g_bytes_get_size (correlation), (const char *) g_bytes_get_data (correlation, NULL),
                             (int) g_bytes_get_size (source), (const char *) g_bytes_get_data (source, NULL),
                             request->require_live ? "true" : "false");
  return rb_json_object_edit (request->metadata != NULL ? request->metadata : empty, drop, members);
}

/* Nothing waits for it but this answer, which the network's own commit backs. */
static void
record_sent (RbCore     *core,
             const Send *self)
{
  RbChanges *changes = rb_changes_new ();
  RbPastSent sent = {
    .message_id = self->message_id,
    .endpoint_id = self->endpoint_id,
    .to = self->to,
    .correlation_id = self->correlation_id,
    .content_type = rb_envelope_get_content_type (self->envelope),
    .content = rb_envelope_get_content (self->envelope),
    .status = rb_send_status_to_string (self->status),
  };

  rb_past_sent (core, &sent, changes);
  rb_core_commit_lazy (core, changes, NULL, NULL);
}

/* A task leaves the sends here, when it is answered or given up, so none is returned twice. */
static gboolean
take_pending (GQueue *queue,
              Send   *self)
{
  if (self->link.data == NULL)
    return FALSE;
  g_queue_unlink (queue, &self->link);
  self->link.data = NULL;
  return TRUE;
}

static void
note_sent (RbCore     *core,
           const Send *self)
{
  core->counters.sent++;
  rb_log_info ("message_sent", "endpoint_id", self->endpoint_id, "to", self->to, "messageId", self->message_id, "status",
               rb_send_status_to_string (self->status), "traceId", self->trace.trace_id, "spanName", "send", NULL);
  record_sent (core, self);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(RbCore) core = g_object_ref (g_task_get_source_object (task));
  Send *self = g_task_get_task_data (task);
  gboolean is_pending = take_pending (&core->sends, self);
  g_autoptr(GError) failure = NULL;

  if (rb_connector_send_finish (RB_CONNECTOR (source), result, &self->message_id, &self->status, &failure))
    note_sent (core, self);
  if (!is_pending)
    return;
  if (failure != NULL)
    g_task_return_error (task, rb_send_error_new (failure, self->to));
  else
    g_task_return_boolean (task, TRUE);
  rb_core_stop_continue (core);
}

void
rb_sends_give_up (RbCore *core)
{
  g_autoptr(GError) cause = rb_error_new (RB_ERROR_TIMED_OUT, NULL, "the broker stopped before the network answered");

  while (!g_queue_is_empty (&core->sends))
    {
      GTask *task = g_queue_peek_head (&core->sends);
      Send *self = g_task_get_task_data (task);

      take_pending (&core->sends, self);
      g_task_return_error (task, rb_send_error_new (cause, self->to));
    }
}

static void
on_correlation_durable (RbCore       *core,
                        const GError *error,
                        gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Send *self = g_task_get_task_data (task);
  GError *stopping = NULL;

  if (!take_pending (&core->unstored_sends, self))    /* dropped; a correlation that nobody uses harms nobody */
    return;
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else if (core->is_stopping && !rb_core_check_ready (core, &stopping))
    g_task_return_error (task, stopping);
  else
    {
      self->link.data = task;
      g_queue_push_tail_link (&core->sends, &self->link);
      rb_connector_send_async (core->connector, self->envelope, NULL, on_sent, g_steal_pointer (&task));
    }
}

static void
start (RbCore              *core,
       const RbSendRequest *request,
       const RbJson        *metadata,
       RbEndpoint          *endpoint,
       GTask               *task)
{
  Send *self = g_task_get_task_data (task);
  g_autofree char *id = rb_core_uuid (core);
  g_autoptr(GBytes) outgoing = NULL;
  RbChanges *changes = rb_changes_new ();

  self->to = g_strdup (request->to);
  self->correlation_id = choose_correlation (core, metadata, self, changes);
  rb_router_add (core->router, endpoint, self->correlation_id, rb_core_now (core), changes);
  outgoing = outgoing_metadata (self, request);
  self->envelope = rb_envelope_new (id, NULL, request->to, request->content, request->content_type, outgoing);
  self->link.data = task;
  g_queue_push_tail_link (&core->unstored_sends, &self->link);
  rb_core_commit (core, changes, on_correlation_durable, task);
}

void
rb_sends_drop_unstored (RbCore     *core,
                        const char *why)
{
  while (!g_queue_is_empty (&core->unstored_sends))
    {
      GTask *task = g_queue_peek_head (&core->unstored_sends);

      take_pending (&core->unstored_sends, g_task_get_task_data (task));
      g_task_return_error (task, rb_outage_error_new (why, RB_OUTAGE_NOTHING_DONE));
    }
}

void
rb_send_async (RbCore              *core,
               const RbCaller      *caller,
               const RbSendRequest *request,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);
  g_autoptr(RbJson) metadata = NULL;
  RbEndpoint *endpoint;
  GError *error = NULL;
  Send *self;

  g_task_set_source_tag (task, rb_send_async);
  if (!rb_core_check_ready (core, &error) || (endpoint = check_endpoint (core, caller, request, &error)) == NULL ||
      (metadata = rb_json_parse_object (request->metadata != NULL ? request->metadata : empty, 0, &error)) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Send, 1);
  self->endpoint_id = g_strdup (endpoint->id);
  g_task_set_task_data (task, self, (GDestroyNotify) send_free);
  ensure_trace (core, metadata, self);
  if (!check_metadata (request, metadata, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  start (core, request, metadata, endpoint, g_steal_pointer (&task));
}

gboolean
rb_send_finish (RbCore        *core,
                GAsyncResult  *result,
                char         **message_id,
                RbSendStatus  *status,
                char         **correlation_id,
                GError       **error)
{
  Send *self = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  *message_id = g_strdup (self->message_id);
  *status = self->status;
  if (correlation_id != NULL)
    *correlation_id = g_strdup (self->correlation_id);
  return TRUE;
}
