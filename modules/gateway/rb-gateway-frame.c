/* rb-gateway-frame.c: the frames of connector protocol 4: read, checked and built
 *
 * A frame is scanned once; content and metadata stay slices of it. Every rule of protocol.md 13.3 is a small function here, named in
 * the table of events, and a frame that breaks its rule is no frame.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-frame.h"

#include "rb-json-writer.h"
#include "rb-json.h"
#include "rb-text.h"

/* Absent (null counts as that, protocol.md 1.2), or a string: anything else is not valid. */
static gboolean
take_optional_string (const RbJson  *json,
                      const char    *name,
                      char         **value)
{
  return rb_json_get_optional_string (json, name, value, NULL);
}

static gboolean
take_string (const RbJson  *json,
             const char    *name,
             char         **value)
{
  *value = rb_json_dup_string (json, name, NULL);
  return *value != NULL;
}

/* RB_GATEWAY_NO_NUMBER unless it is an integer of at least @min. */
static gint64
peek_integer (const RbJson *json,
              const char   *name,
              gint64        min)
{
  gint64 value;

  return rb_json_get_int (json, name, &value, NULL) && value >= min ? value : RB_GATEWAY_NO_NUMBER;
}

/* Absent, or a valid session id (protocol.md 13.11). */
static gboolean
take_session (const RbJson   *json,
              const char     *name,
              RbGatewayFrame *frame)
{
  g_autofree char *text = NULL;

  if (!take_optional_string (json, name, &text))
    return FALSE;
  frame->session_id = text != NULL ? rb_text_session_id (text) : NULL;
  return text == NULL || frame->session_id != NULL;
}

/* An identity counts only with a handle; its name only if there is one. */
static void
take_identity (const RbJson  *json,
               const char    *name,
               const char    *name_member,
               char         **handle,
               char         **shown)
{
  g_autoptr(RbJson) identity = NULL;

  if (rb_json_get_member_type (json, name) != RB_JSON_OBJECT)
    return;

  identity = rb_json_open (json, name, NULL);
  *handle = rb_json_peek_string (identity, "handle");
  if (*handle != NULL)
    *shown = rb_json_peek_string (identity, name_member);
  if (*shown != NULL && **shown == '\0')
    g_clear_pointer (shown, g_free);
}

static gboolean
read_register_ack (const RbJson   *json,
                   RbGatewayFrame *frame)
{
  frame->status = rb_json_peek_string (json, "status");
  frame->reason = rb_json_peek_string (json, "reason");
  frame->protocol_version = peek_integer (json, "protocolVersion", G_MININT64);
  frame->delivery_seq = peek_integer (json, "deliverySeq", 0);
  take_identity (json, "agent", "name", &frame->agent_handle, &frame->agent_name);
  take_identity (json, "owner", "displayName", &frame->owner_handle, &frame->owner_name);
  return take_session (json, "deliveryRuntimeSessionId", frame);
}

static gboolean
read_send_ack (const RbJson   *json,
               RbGatewayFrame *frame)
{
  frame->status = rb_json_peek_string (json, "status");
  return take_string (json, "messageId", &frame->message_id);
}

static gboolean
read_message (const RbJson   *json,
              RbGatewayFrame *frame)
{
  g_autofree char *from = NULL;
  g_autofree char *content_type = rb_json_peek_string (json, "contentType");
  g_autoptr(GBytes) content = NULL;
  g_autoptr(GBytes) metadata = NULL;

  if (!take_string (json, "from", &from) || rb_json_get_member_type (json, "content") != RB_JSON_STRING ||
      !take_optional_string (json, "messageId", &frame->message_id) || !take_session (json, "runtimeSessionId", frame))
    return FALSE;

  /* IMP-42: what is missing or of another type gets its default. */
  content = rb_json_dup_slice (json, "content");
  if (rb_json_get_member_type (json, "metadata") == RB_JSON_OBJECT)
    metadata = rb_json_dup_slice (json, "metadata");
  frame->seq = peek_integer (json, "seq", 1);
  if (frame->message_id != NULL && *frame->message_id == '\0')
    g_clear_pointer (&frame->message_id, g_free);
  frame->envelope = rb_envelope_new (frame->message_id, from, NULL, content, content_type, metadata);
  return TRUE;
}

static gboolean
read_delivery_pending (const RbJson   *json,
                       RbGatewayFrame *frame)
{
  frame->count = peek_integer (json, "count", G_MININT64);
  return rb_json_get_member_type (json, "count") == RB_JSON_NUMBER && take_string (json, "upTo", &frame->up_to);
}

static gboolean
read_delivery_status (const RbJson   *json,
                      RbGatewayFrame *frame)
{
  return take_string (json, "messageId", &frame->message_id) && take_string (json, "status", &frame->status);
}

static gboolean
read_delivery_cursor (const RbJson   *json,
                      RbGatewayFrame *frame)
{
  frame->delivery_seq = peek_integer (json, "deliverySeq", 0);
  return frame->delivery_seq != RB_GATEWAY_NO_NUMBER &&
         rb_json_get_optional_int (json, "deliveredSeq", RB_GATEWAY_NO_NUMBER, &frame->delivered_seq, NULL) &&
         (frame->delivered_seq == RB_GATEWAY_NO_NUMBER || frame->delivered_seq >= 0) &&
         take_session (json, "runtimeSessionId", frame);
}

static gboolean
read_delivery_skip (const RbJson   *json,
                    RbGatewayFrame *frame)
{
  g_autofree char *delivered_at = NULL;

  frame->seq = peek_integer (json, "seq", 0);
  return frame->seq != RB_GATEWAY_NO_NUMBER && take_string (json, "reason", &frame->reason) &&
         g_str_equal (frame->reason, "runtime_mailbox_dismissed") && take_optional_string (json, "messageId", &frame->message_id) &&
         take_optional_string (json, "deliveredAt", &delivered_at) && take_session (json, "runtimeSessionId", frame);
}

static gboolean
read_error (const RbJson   *json,
            RbGatewayFrame *frame)
{
  frame->message_id = rb_json_peek_string (json, "messageId");
  frame->to = rb_json_peek_string (json, "to");
  return take_string (json, "code", &frame->code) && take_string (json, "message", &frame->message);
}

static const struct {
  const char     *name;
  RbGatewayEvent  event;
  gboolean      (*read) (const RbJson *json, RbGatewayFrame *frame);
} events[] = {
  { "MESSAGE_RECEIVED", RB_GATEWAY_MESSAGE_RECEIVED, read_message },
  { "SEND_ACK", RB_GATEWAY_SEND_ACK, read_send_ack },
  { "DELIVERY_STATUS", RB_GATEWAY_DELIVERY_STATUS, read_delivery_status },
  { "DELIVERY_CURSOR", RB_GATEWAY_DELIVERY_CURSOR, read_delivery_cursor },
  { "DELIVERY_SKIP", RB_GATEWAY_DELIVERY_SKIP, read_delivery_skip },
  { "DELIVERY_PENDING", RB_GATEWAY_DELIVERY_PENDING, read_delivery_pending },
  { "ERROR", RB_GATEWAY_ERROR, read_error },
  { "REGISTER_ACK", RB_GATEWAY_REGISTER_ACK, read_register_ack },
};

static RbGatewayFrame *
new_frame (RbGatewayEvent event)
{
  RbGatewayFrame *self = g_new0 (RbGatewayFrame, 1);

  self->event = event;
  self->protocol_version = RB_GATEWAY_NO_NUMBER;
  self->delivery_seq = RB_GATEWAY_NO_NUMBER;
  self->delivered_seq = RB_GATEWAY_NO_NUMBER;
  self->seq = RB_GATEWAY_NO_NUMBER;
  self->count = RB_GATEWAY_NO_NUMBER;
  return self;
}

/* A message that could not be read would never be accepted, and with it nothing behind it: so what is nested too deeply goes instead. */
static RbJson *
parse (GBytes    *text,
       gboolean  *is_pruned,
       GError   **error)
{
  g_autoptr(GBytes) mended = rb_json_mend (text);
  g_autoptr(GBytes) pruned = NULL;
  RbJson *json = rb_json_parse_object (mended, 0, NULL);

  *is_pruned = json == NULL;
  if (json != NULL)
    return json;

  pruned = rb_json_prune (mended);
  return rb_json_parse_object (pruned, 0, error);
}

/**
 * rb_gateway_frame_parse:
 * @text: a text frame of the gateway; untrusted
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID if @text is not JSON or not an object, and with nothing set if it is no frame of protocol 4 or breaks
 * the rules of its event: both are dropped, only the first is worth a line in the log.
 *
 * Returns: (transfer full) (nullable): the frame
 */
RbGatewayFrame *
rb_gateway_frame_parse (GBytes  *text,
                        GError **error)
{
  gboolean is_pruned;
  g_autoptr(RbJson) json = parse (text, &is_pruned, error);
  g_autofree char *name = json != NULL ? rb_json_peek_string (json, "event") : NULL;

  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (events); i++)
    if (g_str_equal (name, events[i].name))
      {
        g_autoptr(RbGatewayFrame) frame = new_frame (events[i].event);

        frame->is_pruned = is_pruned;
        return events[i].read (json, frame) ? g_steal_pointer (&frame) : NULL;
      }
  return NULL;
}

void
rb_gateway_frame_free (RbGatewayFrame *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->session_id);
  g_free (self->message_id);
  g_free (self->status);
  g_free (self->reason);
  g_free (self->code);
  g_free (self->message);
  g_free (self->to);
  g_free (self->up_to);
  g_free (self->agent_handle);
  g_free (self->agent_name);
  g_free (self->owner_handle);
  g_free (self->owner_name);
  g_clear_pointer (&self->envelope, rb_envelope_unref);
  g_free (self);
}

static RbJsonWriter *
begin (const char *event)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", event);
  return writer;
}

static GBytes *
end (RbJsonWriter *writer)
{
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

GBytes *
rb_gateway_frame_register (const char *token,
                           const char *client_version,
                           const char *session_id,
                           gint64      last_known_seq)
{
  RbJsonWriter *writer = begin ("REGISTER");

  rb_json_writer_string (writer, "token", token);
  rb_json_writer_int (writer, "protocolVersion", RB_GATEWAY_PROTOCOL_VERSION);
  rb_json_writer_string (writer, "clientVersion", client_version);
  rb_json_writer_string (writer, "clientKind", "runtime-broker");
  rb_json_writer_string (writer, "runtimeSessionId", session_id);
  rb_json_writer_int (writer, "lastKnownSeq", last_known_seq);
  return end (writer);
}

/* The frame's id is the gateway's; the envelope's own travels, if at all, in the metadata. */
GBytes *
rb_gateway_frame_send_message (const char *message_id,
                               RbEnvelope *envelope)
{
  RbJsonWriter *writer = begin ("SEND_MESSAGE");
  const char *to = rb_envelope_get_to (envelope);

  rb_json_writer_string (writer, "messageId", message_id);
  rb_json_writer_string (writer, "to", to != NULL ? to : "");
  rb_json_writer_slice (writer, "content", rb_envelope_get_content (envelope));
  rb_json_writer_string (writer, "contentType", rb_envelope_get_content_type (envelope));
  rb_json_writer_slice (writer, "metadata", rb_envelope_get_metadata (envelope));
  return end (writer);
}

GBytes *
rb_gateway_frame_delivery_ack (gint64      up_to_seq,
                               const char *session_id)
{
  RbJsonWriter *writer = begin ("DELIVERY_ACK");

  rb_json_writer_int (writer, "upToSeq", up_to_seq);
  rb_json_writer_string (writer, "runtimeSessionId", session_id);
  return end (writer);
}

GBytes *
rb_gateway_frame_gap_fill (gint64      since_seq,
                           const char *session_id)
{
  RbJsonWriter *writer = begin ("REQUEST_GAP_FILL");

  rb_json_writer_int (writer, "sinceSeq", since_seq);
  rb_json_writer_string (writer, "runtimeSessionId", session_id);
  return end (writer);
}

GBytes *
rb_gateway_frame_typing (const char *to,
                         gboolean    is_typing)
{
  RbJsonWriter *writer = begin ("TYPING");

  rb_json_writer_string (writer, "to", to);
  rb_json_writer_boolean (writer, "isTyping", is_typing);
  return end (writer);
}
