/* rb-http-reader.c: what a successful answer says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-reader.h"

#include "rb-error.h"
#include "rb-http-value.h"

/* What a reader may look at, and what it fills: @json is NULL unless the body was an object. */
typedef struct {
  const RbHttpRoute  *route;
  const RbHttpAnswer *answer;
  const RbJson       *json;
  GVariant           *arguments;
  GVariantDict       *dict;
} Reading;

/* FALSE: @error is set, or the route's words for a malformed answer are to be used. */
typedef gboolean (*Reader) (const Reading *reading, GError **error);

static gboolean
read_whoami (const Reading  *reading,
             GError        **error)
{
  g_autofree char *type = NULL;

  if (!rb_http_value_id (reading->json, "subjectId", reading->dict))
    return FALSE;

  rb_http_value_id (reading->json, "ownerUserId", reading->dict);
  rb_http_value_id (reading->json, "carrier", reading->dict);
  type = rb_json_peek_string (reading->json, "subjectType");
  if (g_strcmp0 (type, "agent-runtime") == 0)
    return rb_http_value_id (reading->json, "subjectType", reading->dict);

  g_propagate_error (error, rb_http_route_malformed (reading->route, reading->answer));
  g_free ((*error)->message);
  (*error)->message = g_strdup_printf ("runtime broker requires agent-runtime credentials; got %s", type != NULL ? type : "undefined");
  return FALSE;
}

static gboolean
read_registered (const Reading  *reading,
                 GError        **error)
{
  if (!rb_http_value_id (reading->json, "endpoint_id", reading->dict))
    return FALSE;
  rb_http_value_double (reading->json, "heartbeat_after_seconds", reading->dict);
  rb_http_value_object (reading->json, "session_naming", reading->dict);
  return TRUE;
}

static gboolean
read_capabilities (const Reading  *reading,
                   GError        **error)
{
  static const char *const names[] = { "staged_assignment", "staged_delivery" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (!rb_http_value_boolean (reading->json, names[i], reading->dict))
      g_variant_dict_insert (reading->dict, names[i], "b", FALSE);
  return TRUE;
}

static gboolean
read_route_claim (const Reading  *reading,
                  GError        **error)
{
  return (rb_http_value_is_text (reading->json, "action", "route") || rb_http_value_is_text (reading->json, "action", "skip")) &&
         rb_http_value_text (reading->json, "action", reading->dict);
}

static gboolean
copy_all (const RbJson      *json,
          const char *const *names,
          GVariantDict      *dict)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (!rb_http_value_text (json, names[i], dict))
      return FALSE;
  return TRUE;
}

static void
copy_some (const RbJson      *json,
           const char *const *names,
           GVariantDict      *dict)
{
  for (guint i = 0; names[i] != NULL; i++)
    rb_http_value_text (json, names[i], dict);
}

static gboolean
read_candidate (const RbJson *item,
                GVariantDict *dict)
{
  static const char *const required[] = {
    "undispatched_id", "source_message_id", "sender_address", "content_preview", "reason", "claim_policy", NULL,
  };
  static const char *const optional[] = {
    "target_endpoint_id_hint", "in_reply_to", "origin_scid", "origin_ncid", "active_assignment_id", "active_target_endpoint_id", NULL,
  };

  if (!copy_all (item, required, dict) || !rb_http_value_number (item, "arrived_at", dict))
    return FALSE;
  copy_some (item, optional, dict);
  rb_http_value_conversation (item, "conversation_ref", dict);
  return TRUE;
}

static gboolean
read_history_item (const RbJson *item,
                   GVariantDict *dict)
{
  static const char *const required[] = { "message_id", "source_node_id", "target_node_id", "timestamp", NULL };
  static const char *const optional[] = { "content", "content_type", NULL };

  if (!copy_all (item, required, dict))
    return FALSE;
  copy_some (item, optional, dict);
  return TRUE;
}

typedef gboolean (*ItemReader) (const RbJson *item, GVariantDict *dict);

/* (floating); NULL: @i is not as it should be */
static GVariant *
read_item (const RbJson *items,
           guint         i,
           ItemReader    read)
{
  g_autoptr(RbJson) item = NULL;
  GVariantDict dict;

  if (rb_json_get_item_type (items, i) != RB_JSON_OBJECT)
    return NULL;
  item = rb_json_open_item (items, i, NULL);
  g_variant_dict_init (&dict, NULL);
  if (item != NULL && read (item, &dict))
    return g_variant_dict_end (&dict);
  g_variant_dict_clear (&dict);
  return NULL;
}

static void
set_item_error (GError     **error,
                const char  *code,
                const char  *text)
{
  GError *refusal = rb_error_new (RB_ERROR_REJECTED, code, "%s", text);

  rb_error_add_detail (refusal, "status", g_variant_new_int64 (502));
  rb_error_add_detail (refusal, "code", g_variant_new_string (code));
  g_propagate_error (error, refusal);
}

/* One bad item fails the whole list. */
static gboolean
read_items (const Reading  *reading,
            ItemReader      read,
            const char     *code,
            const char     *text,
            GError        **error)
{
  g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(RbJson) items = NULL;

  if (rb_json_get_member_type (reading->json, "items") != RB_JSON_ARRAY)
    return FALSE;
  items = rb_json_open (reading->json, "items", NULL);
  if (items == NULL)
    return FALSE;

  for (guint i = 0; i < rb_json_get_length (items); i++)
    {
      GVariant *item = read_item (items, i, read);

      if (item == NULL)
        {
          set_item_error (error, code, text);
          return FALSE;
        }
      g_variant_builder_add_value (&builder, item);
    }
  g_variant_dict_insert_value (reading->dict, "items", g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
read_candidates (const Reading  *reading,
                 GError        **error)
{
  return read_items (reading, read_candidate, "invalid_claim_candidates_item", "invalid claim-candidates item", error);
}

static gboolean
read_history (const Reading  *reading,
              GError        **error)
{
  return rb_http_value_conversation (reading->json, "conversation_ref", reading->dict) &&
         rb_json_get_member_type (reading->json, "items") == RB_JSON_ARRAY &&
         rb_http_value_boolean (reading->json, "has_more", reading->dict) &&
         read_items (reading, read_history_item, "invalid_runtime_conversation_history_item",
                     "invalid runtime conversation history item", error);
}

/* The metadata stays as it came, as a text. */
static gboolean
read_metadata (const RbJson *message,
               GVariantDict *dict)
{
  g_autoptr(GBytes) slice = NULL;

  switch (rb_json_get_member_type (message, "metadata"))
    {
    case RB_JSON_ABSENT:
    case RB_JSON_NULL:    /* counts as absent (1.2) */
      return TRUE;
    case RB_JSON_OBJECT:
      slice = rb_json_dup_slice (message, "metadata");
      g_variant_dict_insert_value (dict, "metadata",
                                   g_variant_new_take_string (g_strndup (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice))));
      return TRUE;
    case RB_JSON_BOOLEAN:
    case RB_JSON_NUMBER:
    case RB_JSON_STRING:
    case RB_JSON_ARRAY:
      return FALSE;
    }
  g_return_val_if_reached (FALSE);
}

static gboolean
read_claimed_message (const Reading *reading)
{
  static const char *const texts[] = { "from", "content", "contentType", NULL };
  g_autofree char *source = rb_json_peek_string (reading->json, "source_message_id");
  g_autoptr(RbJson) message = NULL;
  GVariantDict dict;

  if (rb_json_get_member_type (reading->json, "message") != RB_JSON_OBJECT)
    return FALSE;
  message = rb_json_open (reading->json, "message", NULL);
  g_variant_dict_init (&dict, NULL);
  if (message == NULL || source == NULL || !copy_all (message, texts, &dict) ||
      !rb_http_value_is_text (message, "sourceMessageId", source) || !rb_http_value_id (message, "sourceMessageId", &dict) ||
      !read_metadata (message, &dict))
    {
      g_variant_dict_clear (&dict);
      return FALSE;
    }
  g_variant_dict_insert_value (reading->dict, "message", g_variant_dict_end (&dict));
  return TRUE;
}

/* @name of the answer is the text that was asked for. */
static gboolean
is_as_asked (const Reading *reading,
             const char    *name)
{
  const char *asked = NULL;

  return g_variant_lookup (reading->arguments, name, "&s", &asked) && rb_http_value_is_text (reading->json, name, asked);
}

/* Everything is looked at, so that what was valid is known although something else was not: the claim is released with it. */
static gboolean
read_claim (const Reading  *reading,
            GError        **error)
{
  gboolean ok = is_as_asked (reading, "undispatched_id");

  ok = rb_http_value_id (reading->json, "undispatched_id", reading->dict) && ok;
  ok = rb_http_value_id (reading->json, "assignment_id", reading->dict) && ok;
  ok = rb_http_value_id (reading->json, "source_message_id", reading->dict) && ok;
  ok = rb_http_value_id (reading->json, "broker_projection_token", reading->dict) && ok;
  ok = rb_http_value_target (reading->json, "target_ref", reading->dict) && ok;
  ok = rb_http_value_number (reading->json, "assigned_at", reading->dict) && ok;
  ok = rb_http_value_boolean (reading->json, "claimed", reading->dict) && ok;
  ok = read_claimed_message (reading) && ok;
  if (ok)
    return TRUE;

  g_propagate_error (error, rb_http_route_malformed (reading->route, reading->answer));
  rb_error_add_detail (*error, "answer", g_variant_dict_end (reading->dict));
  return FALSE;
}

static gboolean
read_settled (const Reading  *reading,
              GError        **error)
{
  gboolean settled = FALSE;

  return rb_json_get_member_type (reading->json, "settled") == RB_JSON_BOOLEAN &&
         rb_json_get_optional_boolean (reading->json, "settled", FALSE, &settled, NULL) && settled &&
         rb_http_value_is_text (reading->json, "remove_reason", "handled_no_reply") && is_as_asked (reading, "undispatched_id") &&
         rb_http_value_boolean (reading->json, "settled", reading->dict) &&
         rb_http_value_id (reading->json, "remove_reason", reading->dict) &&
         rb_http_value_id (reading->json, "undispatched_id", reading->dict);
}

/* NULL: whatever the body says does not matter. */
static const Reader readers[] = {
  [RB_UPSTREAM_WHOAMI] = read_whoami,
  [RB_UPSTREAM_REGISTER_ENDPOINT] = read_registered,
  [RB_UPSTREAM_HEARTBEAT] = NULL,
  [RB_UPSTREAM_ENDPOINT_STATE] = NULL,
  [RB_UPSTREAM_UNREGISTER] = NULL,
  [RB_UPSTREAM_DISPLAY_METADATA] = NULL,
  [RB_UPSTREAM_LOOKUP_CLOSED] = NULL,   /* read_lookup() */
  [RB_UPSTREAM_CAPABILITIES] = read_capabilities,
  [RB_UPSTREAM_ROUTE_CLAIM] = read_route_claim,
  [RB_UPSTREAM_CANDIDATES] = read_candidates,
  [RB_UPSTREAM_SELF_CLAIM] = read_claim,
  [RB_UPSTREAM_RELEASE_CLAIM] = NULL,
  [RB_UPSTREAM_HISTORY] = read_history,
  [RB_UPSTREAM_SELF_SETTLE] = read_settled,
  [RB_UPSTREAM_CONTROL_ACK] = NULL,
};
G_STATIC_ASSERT (G_N_ELEMENTS (readers) == RB_UPSTREAM_N_CALLS);

/* Any answer of 2xx says that the endpoint exists; what else may come here is 404. */
static void
read_lookup (const Reading *reading)
{
  gboolean exists = reading->answer->status != 404;

  g_variant_dict_insert (reading->dict, "exists", "b", exists);
  if (exists && reading->json != NULL)
    rb_http_value_id (reading->json, "retired_at", reading->dict);
}

static gboolean
needs_body (RbUpstreamCall      call,
            const RbHttpAnswer *answer)
{
  return readers[call] != NULL || (call == RB_UPSTREAM_LOOKUP_CLOSED && answer->status != 404);
}

static GVariant *
read_body (Reader          reader,
           const Reading  *reading,
           GError        **error)
{
  GError *cause = NULL;

  if (reading->json != NULL && reader (reading, &cause))
    return g_variant_dict_end (reading->dict);

  g_variant_dict_clear (reading->dict);
  g_propagate_error (error, cause != NULL ? cause : rb_http_route_malformed (reading->route, reading->answer));
  return NULL;
}

GVariant *
rb_http_reader_read (RbUpstreamCall       call,
                     GVariant            *arguments,
                     const RbHttpAnswer  *answer,
                     GError             **error)
{
  const RbHttpRoute *route = rb_http_route_of_call (call);
  g_autoptr(RbJson) json = answer->body != NULL ? rb_json_parse_object (answer->body, 0, NULL) : NULL;
  GVariantDict dict;
  Reading reading = { route, answer, json, arguments, &dict };

  if (answer->broken != NULL && needs_body (call, answer))
    {
      g_propagate_error (error, rb_http_route_broken (route, answer));
      return NULL;
    }

  g_variant_dict_init (&dict, NULL);
  if (readers[call] != NULL)
    return read_body (readers[call], &reading, error);
  if (call == RB_UPSTREAM_LOOKUP_CLOSED)
    read_lookup (&reading);
  return g_variant_dict_end (&dict);
}
