/* rb-wire-requests.c: request bodies as the structs of the core
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-wire-requests.h"

#include "rb-error.h"

#include <string.h>

static RbJson *
empty_body (void)
{
  g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);

  return rb_json_parse_object (empty, 0, NULL);
}

/* protocol.md 4.3: nothing, and a value that has no members, counts as {}; what is missing then is the route's to say. */
RbJson *
rb_wire_parse_body (GBytes  *text,
                    gsize    max_bytes,
                    GError **error)
{
  g_autoptr(RbJson) json = NULL;

  if (text == NULL || g_bytes_get_size (text) == 0)
    return empty_body ();

  json = rb_json_parse (text, max_bytes, error);
  if (json == NULL)
    return NULL;
  switch (rb_json_get_root_type (json))
    {
    case RB_JSON_OBJECT:
      return g_steal_pointer (&json);
    case RB_JSON_NULL:
    case RB_JSON_ABSENT:
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "the body must be an object");
      return NULL;
    case RB_JSON_STRING:
    case RB_JSON_NUMBER:
    case RB_JSON_BOOLEAN:
    case RB_JSON_ARRAY:
      break;
    }
  return empty_body ();
}

/* Slices. What they hold passed the scan, so only the type is in question. */

static gboolean
read_slice (const RbJson *body,
            const char   *name,
            RbJsonType    type,
            gboolean      required,
            GBytes      **slice,
            GError      **error)
{
  RbJsonType given = rb_json_get_member_type (body, name);

  if (given == type)
    {
      *slice = rb_json_dup_slice (body, name);
      return TRUE;
    }
  if (!required && (given == RB_JSON_ABSENT || given == RB_JSON_NULL))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' must be %s", name,
                type == RB_JSON_STRING ? "a string" : "an object");
  return FALSE;
}

static gboolean
read_string (const RbJson *body,
             const char   *name,
             char        **value,
             GError      **error)
{
  *value = rb_json_dup_string (body, name, error);
  return *value != NULL;
}

static gboolean
read_pid (const RbJson *body,
          gint64       *pid,
          GError      **error)
{
  return rb_json_get_int (body, "plugin_pid", pid, error);
}

gint64
rb_wire_read_plugin_pid (const RbJson *body)
{
  gint64 pid = 0;

  if (rb_json_get_member_type (body, "plugin_pid") != RB_JSON_NUMBER || !rb_json_get_int (body, "plugin_pid", &pid, NULL))
    return 0;
  return MAX (pid, 0);
}

gint64
rb_wire_parse_pid_header (const char *text)
{
  gint64 pid;

  if (text == NULL)
    return 0;
  text += strspn (text, " \t\r\n\v\f");
  pid = g_ascii_strtoll (text, NULL, 10);
  return pid > 0 && pid <= RB_JSON_MAX_INTEGER ? pid : 0;
}

/* The routes, in the order of protocol.md. */

gboolean
rb_wire_check_initialize (const RbJson *body,
                          GError      **error)
{
  g_autofree char *version = rb_json_peek_string (body, "client_protocol_version");
  g_autofree char *kind = rb_json_peek_string (body, "client_kind");
  g_autofree char *major = NULL;

  if (version == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "client_protocol_version is required and must be a string");
      return FALSE;
    }
  if (kind == NULL || *kind == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "client_kind is required and must be a non-empty string");
      return FALSE;
    }

  major = g_strndup (version, strcspn (version, "."));
  if (strcmp (major, "1") != 0)
    {
      rb_set_error (error, RB_ERROR_INVALID, "protocol_version_mismatch",
                    "broker IPC protocol major 1 does not match client protocol major %s", major);
      return FALSE;
    }
  return TRUE;
}

gboolean
rb_wire_read_register (const RbJson      *body,
                       RbRegisterRequest *request,
                       GError           **error)
{
  if (!read_string (body, "agent_id", &request->agent_id, error) || !read_pid (body, &request->plugin_pid, error)
      || !read_string (body, "kind", &request->kind, error))
    return FALSE;

  if (!rb_json_get_optional_string (body, "started_at", &request->started_at, error)
      || !rb_json_get_optional_string (body, "tracking_ref", &request->tracking_ref, error)
      || !rb_json_get_optional_string (body, "session_name", &request->session_name, error)
      || !rb_json_get_optional_string (body, "task_hint", &request->task_hint, error)
      || !rb_json_get_optional_string (body, "runtime_session_id", &request->runtime_session_id, error)
      || !rb_json_get_optional_strv (body, "runtime_capabilities", &request->runtime_capabilities, error)
      || !rb_json_get_optional_string (body, "execution_surface", &request->execution_surface, error)
      || !rb_json_get_optional_string (body, "background_exchange_mode", &request->background_exchange_mode, error))
    return FALSE;

  /* Of these a wrong type means nothing (7.2: "ignored", "if it is a string"), and a workspace has errors of its own. */
  request->client_kind = rb_json_peek_string (body, "client_kind");
  request->client_version = rb_json_peek_string (body, "client_version");
  request->spawn_token = rb_json_peek_string (body, "spawn_token");
  request->workspace = rb_json_dup_slice (body, "workspace");
  return TRUE;
}

gboolean
rb_wire_read_send (const RbJson  *body,
                   RbSendRequest *request,
                   GError       **error)
{
  return read_string (body, "endpoint_id", &request->endpoint_id, error) && read_string (body, "to", &request->to, error)
         && read_slice (body, "content", RB_JSON_STRING, TRUE, &request->content, error)
         && rb_json_get_optional_string (body, "contentType", &request->content_type, error)
         && read_slice (body, "metadata", RB_JSON_OBJECT, FALSE, &request->metadata, error)
         && rb_json_get_optional_boolean (body, "require_live", FALSE, &request->require_live, error);
}

/* Present but not a string can own nothing: it is compared like any other wrong token, so that it gets that answer. */
static char *
read_owner_token (const RbJson *body)
{
  RbJsonType type = rb_json_get_member_type (body, "endpoint_owner_token");
  char *token;

  if (type == RB_JSON_ABSENT || type == RB_JSON_NULL)
    return NULL;
  token = rb_json_peek_string (body, "endpoint_owner_token");
  return token != NULL ? token : g_strdup ("");
}

static gboolean
read_processing_options (const RbJson        *body,
                         RbProcessingRequest *request,
                         GError             **error)
{
  RbJsonType retryable = rb_json_get_member_type (body, "retryable");

  request->has_retryable = retryable != RB_JSON_ABSENT && retryable != RB_JSON_NULL;
  return rb_json_get_optional_boolean (body, "retryable", FALSE, &request->retryable, error)
         && rb_json_get_optional_int (body, "occurred_at", RB_NO_TIME, &request->occurred_at, error)
         && rb_json_get_optional_string (body, "undispatched_id", &request->undispatched_id, error)
         && rb_json_get_optional_string (body, "reason_code", &request->reason_code, error)
         && rb_json_get_optional_string (body, "detail", &request->detail, error)
         && rb_json_get_optional_string (body, "reply_request_id", &request->reply_request_id, error)
         && rb_json_get_optional_string (body, "outbound_message_id", &request->outbound_message_id, error);
}

gboolean
rb_wire_read_processing (const RbJson        *body,
                         RbProcessingRequest *request,
                         GError             **error)
{
  request->occurred_at = RB_NO_TIME;
  request->endpoint_owner_token = read_owner_token (body);

  return read_string (body, "endpoint_id", &request->endpoint_id, error) && read_pid (body, &request->plugin_pid, error)
         && read_string (body, "source_message_id", &request->source_message_id, error)
         && read_string (body, "assignment_id", &request->assignment_id, error)
         && read_string (body, "state_event_id", &request->state_event_id, error)
         && rb_json_get_int (body, "state_sequence", &request->state_sequence, error)
         && read_string (body, "state", &request->state, error) && read_processing_options (body, request, error);
}

gboolean
rb_wire_read_reply (const RbJson   *body,
                    RbReplyRequest *request,
                    GError        **error)
{
  request->endpoint_owner_token = read_owner_token (body);
  request->reply_request_id = rb_json_peek_string (body, "reply_request_id");

  return read_string (body, "endpoint_id", &request->endpoint_id, error) && read_pid (body, &request->plugin_pid, error)
         && read_string (body, "source_message_id", &request->source_message_id, error)
         && read_string (body, "assignment_id", &request->assignment_id, error)
         && read_slice (body, "content", RB_JSON_STRING, TRUE, &request->content, error)
         && rb_json_get_optional_string (body, "contentType", &request->content_type, error)
         && read_slice (body, "metadata", RB_JSON_OBJECT, FALSE, &request->metadata, error);
}

void
rb_wire_read_claim (const RbJson   *body,
                    RbClaimRequest *request)
{
  g_autofree char *mode = rb_json_peek_string (body, "assignment_mode");

  request->endpoint_id = rb_json_peek_string (body, "endpoint_id");
  request->plugin_pid = rb_wire_read_plugin_pid (body);
  request->endpoint_owner_token = read_owner_token (body);
  request->undispatched_id = rb_json_peek_string (body, "undispatched_id");
  request->staged = g_strcmp0 (mode, "staged") == 0;
}

void
rb_wire_read_staged (const RbJson    *body,
                     RbStagedRequest *request)
{
  gboolean mark_attempt = TRUE;

  request->endpoint_id = rb_json_peek_string (body, "endpoint_id");
  request->plugin_pid = rb_wire_read_plugin_pid (body);
  request->timeout_ms = 0;
  rb_json_get_optional_double (body, "timeout_ms", 0, &request->timeout_ms, NULL);
  rb_json_get_optional_boolean (body, "mark_attempt", TRUE, &mark_attempt, NULL);
  request->mark_attempt = mark_attempt;
}

void
rb_wire_read_settle (const RbJson    *body,
                     RbSettleRequest *request)
{
  request->endpoint_id = rb_json_peek_string (body, "endpoint_id");
  request->plugin_pid = rb_wire_read_plugin_pid (body);
  request->undispatched_id = rb_json_peek_string (body, "undispatched_id");
}

/* What the reference says is the upstream's to judge; only strings can be said to it. */
static GVariant *
read_conversation_ref (const RbJson *body)
{
  static const char *const members[] = { "kind", "id" };
  g_autoptr(RbJson) object = NULL;
  GVariantDict dict;

  if (rb_json_get_member_type (body, "conversation_ref") != RB_JSON_OBJECT)
    return NULL;

  object = rb_json_open (body, "conversation_ref", NULL);
  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *text = rb_json_peek_string (object, members[i]);

      if (text != NULL)
        g_variant_dict_insert (&dict, members[i], "s", text);
    }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

gboolean
rb_wire_read_history (const RbJson      *body,
                      RbHistoryRequest  *request,
                      GError           **error)
{
  RbJsonType limit = rb_json_get_member_type (body, "limit");

  request->endpoint_id = rb_json_peek_string (body, "endpoint_id");
  request->plugin_pid = rb_wire_read_plugin_pid (body);
  request->endpoint_owner_token = read_owner_token (body);
  request->conversation_ref = read_conversation_ref (body);
  request->has_limit = limit != RB_JSON_ABSENT && limit != RB_JSON_NULL;
  return rb_json_get_optional_int (body, "limit", 0, &request->limit, error)
         && rb_json_get_optional_string (body, "before", &request->before, error)
         && rb_json_get_optional_string (body, "after", &request->after, error);
}
