/* rb-wire-answers.c: what routes answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-wire-answers.h"

#include "rb-json-writer.h"
#include "rb-wire-parts.h"

/* Source: protocol.md 6.2; the last one is ours (design.md section 6). */
static const struct {
  const char *name;
  gboolean    value;
} server_capabilities[] = {
  { "endpoint_metadata_v1", TRUE },
  { "remote_spawn_v1", TRUE },
  { "undispatched_inbox_v1", FALSE },
  { "runtime_assignment_reply_v1", TRUE },
  { "runtime_assignment_claim_v1", TRUE },
  { "runtime_claim_candidates_v1", TRUE },
  { "undispatched_presence_v1", TRUE },
  { "push_receipt_ack_v1", TRUE },
  { "structured_workspace_v1", TRUE },
  { "stream_requests_v1", TRUE },
};

static void write_value (RbJsonWriter *writer, const char *name, GVariant *value);

static void
write_dictionary (RbJsonWriter *writer,
                  const char   *name,
                  GVariant     *value)
{
  rb_json_writer_begin_object (writer, name);
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr(GVariant) entry = g_variant_get_child_value (value, i);
      g_autoptr(GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr(GVariant) member = g_variant_get_child_value (entry, 1);

      write_value (writer, g_variant_get_string (key, NULL), member);
    }
  rb_json_writer_end_object (writer);
}

static void
write_array (RbJsonWriter *writer,
             const char   *name,
             GVariant     *value)
{
  rb_json_writer_begin_array (writer, name);
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr(GVariant) item = g_variant_get_child_value (value, i);

      write_value (writer, NULL, item);
    }
  rb_json_writer_end_array (writer);
}

/* Views are values of ours, a few levels deep, so this may recurse. */
static void
write_value (RbJsonWriter *writer,
             const char   *name,
             GVariant     *value)
{
  g_autoptr(GVariant) inner = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      inner = g_variant_get_variant (value);
      write_value (writer, name, inner);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    {
      inner = g_variant_get_maybe (value);
      if (inner != NULL)
        write_value (writer, name, inner);
      else
        rb_json_writer_null (writer, name);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a{s*}")))
    write_dictionary (writer, name, value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY))
    write_array (writer, name, value);
  else
    rb_json_writer_variant (writer, name, value);
}

static void
write_capabilities (RbJsonWriter *writer,
                    const char   *name)
{
  rb_json_writer_begin_object (writer, name);
  for (gsize i = 0; i < G_N_ELEMENTS (server_capabilities); i++)
    rb_json_writer_boolean (writer, server_capabilities[i].name, server_capabilities[i].value);
  rb_json_writer_end_object (writer);
}

static RbJsonWriter *
begin (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  return writer;
}

static GBytes *
end (RbJsonWriter *writer)
{
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

GBytes *
rb_wire_answer_health (const char *server_version,
                       const char *product_version,
                       gboolean    ready)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_boolean (writer, "ok", TRUE);
  rb_json_writer_string (writer, "version", server_version);
  rb_json_writer_string (writer, "protocol_version", RB_WIRE_PROTOCOL_VERSION);
  rb_json_writer_string (writer, "product_version", product_version);
  rb_json_writer_boolean (writer, "ready", ready);
  write_capabilities (writer, "capabilities");
  return end (writer);
}

GBytes *
rb_wire_answer_initialize (const char *server_version,
                           const char *session_id,
                           const char *presence)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_string (writer, "server_version", server_version);
  rb_json_writer_string (writer, "server_protocol_version", RB_WIRE_PROTOCOL_VERSION);
  write_capabilities (writer, "server_capabilities");
  rb_json_writer_string (writer, "session_id", session_id);
  rb_json_writer_string (writer, "network_presence", presence);
  return end (writer);
}

GBytes *
rb_wire_answer_ok (void)
{
  return g_bytes_new_static ("{\"ok\":true}", 11);
}

GBytes *
rb_wire_answer_register (const char *endpoint_id,
                         const char *owner_token,
                         GVariant   *session_naming)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_string (writer, "endpoint_id", endpoint_id);
  rb_json_writer_string (writer, "endpoint_owner_token", owner_token);
  if (session_naming != NULL)
    write_value (writer, "session_naming", session_naming);
  return end (writer);
}

GBytes *
rb_wire_answer_reattach (guint n_pushed)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_boolean (writer, "restored", TRUE);
  rb_json_writer_int (writer, "reconnecting_buffer_count", n_pushed);
  return end (writer);
}

GBytes *
rb_wire_answer_sent (const char *message_id,
                     const char *status)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_string (writer, "messageId", message_id);
  rb_json_writer_string (writer, "status", status);
  return end (writer);
}

static void
write_listed (RbJsonWriter          *writer,
              const RbListedMessage *message)
{
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "id", message->id);
  rb_json_writer_string (writer, "source_message_id", message->source_message_id);
  rb_json_writer_iso (writer, "arrived_at", message->arrived_at);
  rb_json_writer_string (writer, "sender_address", message->sender_address);
  rb_json_writer_slice (writer, "content", message->content);
  rb_json_writer_string (writer, "content_type", message->content_type != NULL ? message->content_type : "text");
  if (message->metadata != NULL)
    rb_json_writer_slice (writer, "metadata", message->metadata);
  else
    {
      rb_json_writer_begin_object (writer, "metadata");
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_string (writer, "reason", message->reason);
  rb_json_writer_string (writer, "claim_policy", message->claim_policy);
  rb_json_writer_string (writer, "active_assignment_id", message->active_assignment_id);
  rb_json_writer_string (writer, "active_target_endpoint_id", message->active_target_endpoint_id);
  if (message->conversation_ref != NULL)
    write_value (writer, "conversation_ref", message->conversation_ref);
  rb_json_writer_string (writer, "original_target_endpoint_id", message->original_target_endpoint_id);
  rb_json_writer_string (writer, "original_correlation_id", message->original_correlation_id);
  rb_json_writer_end_object (writer);
}

GBytes *
rb_wire_answer_undispatched (GPtrArray *messages)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_begin_array (writer, "items");
  for (guint i = 0; i < messages->len; i++)
    write_listed (writer, g_ptr_array_index (messages, i));
  rb_json_writer_end_array (writer);
  return end (writer);
}

GBytes *
rb_wire_answer_presence (guint n_bound)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_int (writer, "bound_continuation_count", n_bound);
  return end (writer);
}

GBytes *
rb_wire_answer_claimed (const RbGrant *grant)
{
  RbJsonWriter *writer = begin ();

  rb_wire_write_assignment (writer, "assignment", grant->context);
  rb_json_writer_begin_object (writer, "message");
  rb_wire_write_envelope (writer, grant->message->envelope);
  rb_json_writer_string (writer, "sourceMessageId", grant->context->source_message_id);
  rb_json_writer_end_object (writer);
  return end (writer);
}

static void
write_staged (RbJsonWriter       *writer,
              const RbStagedItem *item)
{
  const RbClaimed *claimed = item->claimed;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", item->endpoint_id);
  rb_json_writer_string (writer, "undispatched_id", claimed->undispatched_id);
  rb_json_writer_string (writer, "assignment_id", claimed->assignment_id);
  rb_json_writer_string (writer, "source_message_id", claimed->source_message_id);
  rb_json_writer_begin_object (writer, "message");
  rb_wire_write_content (writer, claimed->envelope);
  rb_json_writer_string (writer, "sourceMessageId", claimed->source_message_id);
  rb_json_writer_end_object (writer);
  rb_json_writer_iso (writer, "staged_at", item->staged_at);
  rb_json_writer_end_object (writer);
}

GBytes *
rb_wire_answer_staged (GPtrArray *items,
                       gboolean   is_offered)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_begin_array (writer, "items");
  for (guint i = 0; i < items->len; i++)
    write_staged (writer, g_ptr_array_index (items, i));
  rb_json_writer_end_array (writer);
  if (!is_offered)
    rb_json_writer_boolean (writer, "staging", FALSE);
  return end (writer);
}

GBytes *
rb_wire_answer_settled (void)
{
  RbJsonWriter *writer = begin ();

  rb_json_writer_boolean (writer, "settled", TRUE);
  rb_json_writer_string (writer, "remove_reason", "handled_no_reply");
  return end (writer);
}

GBytes *
rb_wire_answer_variant (GVariant *value)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  write_value (writer, NULL, value);
  return rb_json_writer_end (writer);
}
