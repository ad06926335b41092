/* rb-journal-record.c: what of an event may be written down
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-journal-record.h"

#include <string.h>

/* Members of protocol.md section 16. Not here, on purpose: broker_projection_token (a secret), content_preview and detail (they may
 * hold what people wrote), type and version (they say nothing new). */
static const char *const members[] = {
  "action",
  "arrived_at",
  "assignment_id",
  "dispatched_to_endpoint_id",
  "in_reply_to",
  "occurred_at",
  "outbound_message_id",
  "reason",
  "reason_code",
  "remove_reason",
  "reply_request_id",
  "retryable",
  "route_kind",
  "routed_at",
  "routed_to_endpoint_id",
  "sender_address",
  "source_message_id",
  "state",
  "state_event_id",
  "state_sequence",
  "target_endpoint_id_hint",
  "traceId",
  "traceparent",
  "ts",
  "undispatched_id",
};

/* "ts" is the record's own time in the file. */
static const char *
name_in_file (const char *member)
{
  return g_str_equal (member, "ts") ? "event_ts" : member;
}

static gboolean
is_scalar (RbJsonType type)
{
  return type == RB_JSON_STRING || type == RB_JSON_NUMBER || type == RB_JSON_BOOLEAN;
}

static RbJson *
open_payload (const RbEvent  *event,
              GError        **error)
{
  return rb_json_parse_object (rb_event_get_payload (event), 0, error);
}

/* Whom the work is for; the rest of target_ref is the adapter's business. */
static char *
dup_target (const RbJson *payload)
{
  g_autoptr(RbJson) object = NULL;
  g_autoptr(RbTarget) target = NULL;

  if (rb_json_get_member_type (payload, "target_ref") != RB_JSON_OBJECT)
    return NULL;
  object = rb_json_open (payload, "target_ref", NULL);
  target = object != NULL ? rb_target_from_json (object, NULL) : NULL;
  return target != NULL ? g_strdup (target->endpoint_id) : NULL;
}

char *
rb_journal_record_line (const RbEvent  *event,
                        const char     *account_id,
                        gint64          epoch_ms,
                        GError        **error)
{
  g_autoptr(RbJson) payload = open_payload (event, error);
  g_autoptr(RbJsonWriter) writer = NULL;
  g_autofree char *target = NULL;
  g_autofree char *json = NULL;

  if (payload == NULL)
    return NULL;

  target = dup_target (payload);
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_iso (writer, "ts", epoch_ms);
  rb_json_writer_string (writer, "account", account_id);
  rb_json_writer_string (writer, "event", rb_event_kind_to_string (rb_event_get_kind (event)));
  rb_json_writer_string (writer, "subject", rb_event_get_subject (event));
  rb_json_writer_string (writer, "target_endpoint_id", target);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autoptr(GBytes) value = NULL;

      if (!is_scalar (rb_json_get_member_type (payload, members[i])))
        continue;
      value = rb_json_dup_slice (payload, members[i]);
      rb_json_writer_slice (writer, name_in_file (members[i]), value);
    }
  rb_json_writer_end_object (writer);

  json = rb_json_writer_end_text (g_steal_pointer (&writer));
  return g_strconcat (json, "\n", NULL);
}

static void
add (GPtrArray  *fields,
     const char *name,
     const char *value)
{
  if (value == NULL)
    return;
  g_ptr_array_add (fields, g_strdup (name));
  g_ptr_array_add (fields, g_strdup (value));
}

static char *
member_to_text (const RbJson *payload,
                const char   *member)
{
  g_autoptr(GBytes) slice = NULL;

  if (rb_json_get_member_type (payload, member) == RB_JSON_STRING)
    return rb_json_peek_string (payload, member);

  slice = rb_json_dup_slice (payload, member);
  return g_strndup (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice));
}

static void
add_members (GPtrArray    *fields,
             const RbJson *payload)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *upper = g_ascii_strup (members[i], -1);
      g_autofree char *name = g_strconcat ("RB_", upper, NULL);
      g_autofree char *value = NULL;

      if (!is_scalar (rb_json_get_member_type (payload, members[i])))
        continue;
      value = member_to_text (payload, members[i]);
      add (fields, name, value);
    }
}

GPtrArray *
rb_journal_record_fields (const RbEvent  *event,
                          const char     *account_id,
                          GError        **error)
{
  g_autoptr(RbJson) payload = open_payload (event, error);
  const char *kind = rb_event_kind_to_string (rb_event_get_kind (event));
  g_autofree char *message = g_strdup_printf ("%s %s", kind, rb_event_get_subject (event));
  g_autofree char *target = NULL;
  GPtrArray *fields;

  if (payload == NULL)
    return NULL;

  target = dup_target (payload);
  fields = g_ptr_array_new_with_free_func (g_free);
  add (fields, "MESSAGE", message);
  add (fields, "PRIORITY", "6");
  add (fields, "SYSLOG_IDENTIFIER", "runtime-broker");
  add (fields, "RB_ACCOUNT", account_id);
  add (fields, "RB_EVENT", kind);
  add (fields, "RB_SUBJECT", rb_event_get_subject (event));
  add (fields, "RB_TARGET_ENDPOINT_ID", target);
  add_members (fields, payload);
  return fields;
}
