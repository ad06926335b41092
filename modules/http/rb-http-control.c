/* rb-http-control.c: what is to be done with one frame of the control event stream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-control.h"

#include "rb-http-value.h"

#define MAX_FIELDS 6

/* Source: protocol.md 15.7. What is required is a text that is not empty. */
static const struct {
  const char *type;
  const char *required[MAX_FIELDS];
  const char *optional[MAX_FIELDS];
  const char *fixed_name;   /* a member with one possible value; NULL: none */
  const char *fixed_value;
} variants[] = {
  { "dispatch_undispatched", { "undispatched_id", "source_message_id" }, { "broker_projection_token", "target_endpoint_id" },
    "delivery_intent", "external_handoff" },
  { "spawn_request", { "prompt", "runtime_kind" }, { NULL }, "origin", "owner_initiated_spawn" },
  { "force_unregister", { "endpoint_id", "reason" }, { NULL }, NULL, NULL },
  { "dispatch_nudge", { "undispatched_id", "target_endpoint_id" }, { NULL }, NULL, NULL },
  /* Nobody handles it, so nothing of it has to be right to be refused. */
  { "owner_session_delivery", { NULL }, { "owner_session_message_id", "owner_session_delivery_attempt_id" }, NULL, NULL },
};

void
rb_http_control_clear (RbHttpControl *control)
{
  g_clear_pointer (&control->key, g_free);
  g_clear_pointer (&control->event, g_variant_unref);
}

static RbHttpControlVerdict
acknowledge (RbHttpControl *control,
             const char    *status,
             const char    *detail)
{
  control->status = status;
  control->detail = detail;
  return RB_HTTP_CONTROL_ACK;
}

static double
peek_number (const RbJson *json,
             const char   *name,
             double        fallback)
{
  double value = fallback;

  if (rb_json_get_member_type (json, name) == RB_JSON_NUMBER)
    rb_json_get_optional_double (json, name, fallback, &value, NULL);
  return value;
}

static int
find_variant (const RbJson *json)
{
  g_autofree char *type = rb_json_peek_string (json, "type");

  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    if (g_strcmp0 (type, variants[i].type) == 0)
      return (int) i;
  return -1;
}

/* An invalid target_ref counts as absent (11.2). */
static gboolean
copy_fields (const RbJson *json,
             int           variant,
             GVariantDict *dict)
{
  const char *fixed = variants[variant].fixed_name;

  for (guint i = 0; i < MAX_FIELDS && variants[variant].required[i] != NULL; i++)
    if (!rb_http_value_id (json, variants[variant].required[i], dict))
      return FALSE;
  if (fixed != NULL && (!rb_http_value_is_text (json, fixed, variants[variant].fixed_value) || !rb_http_value_id (json, fixed, dict)))
    return FALSE;

  for (guint i = 0; i < MAX_FIELDS && variants[variant].optional[i] != NULL; i++)
    rb_http_value_id (json, variants[variant].optional[i], dict);
  rb_http_value_target (json, "target_ref", dict);
  return TRUE;
}

static GVariant *
read_event (const RbJson *json,
            int           variant)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "x", (gint64) 1);
  if (peek_number (json, "version", 0) == 1 && rb_http_value_id (json, "type", &dict) &&
      rb_http_value_text (json, "idempotency_key", &dict) && rb_http_value_number (json, "emitted_at", &dict) &&
      copy_fields (json, variant, &dict))
    return g_variant_ref_sink (g_variant_dict_end (&dict));

  g_variant_dict_clear (&dict);
  return NULL;
}

/**
 * rb_http_control_read:
 * @data: of a frame; may be untrusted
 * @control: (out caller-allocates): what to do; to be cleared
 *
 * Returns: whether that is an acknowledgement, an event, or nothing
 */
RbHttpControlVerdict
rb_http_control_read (GBytes        *data,
                      RbHttpControl *control)
{
  g_autoptr(GBytes) mended = rb_json_mend (data);
  g_autoptr(RbJson) json = rb_json_parse (mended, 0, NULL);
  int variant;

  *control = (RbHttpControl) { NULL };
  if (json == NULL)
    return RB_HTTP_CONTROL_UNPARSEABLE;
  if (rb_json_get_root_type (json) != RB_JSON_OBJECT)
    return RB_HTTP_CONTROL_IGNORE;

  control->key = rb_json_peek_string (json, "idempotency_key");
  if (control->key == NULL)
    return RB_HTTP_CONTROL_IGNORE;
  if (peek_number (json, "version", 1) != 1)
    return acknowledge (control, "failed", "unsupported_protocol_version");

  variant = find_variant (json);
  if (variant < 0)
    return acknowledge (control, "applied", "unknown_variant_dropped");

  control->event = read_event (json, variant);
  return control->event != NULL ? RB_HTTP_CONTROL_EVENT : acknowledge (control, "failed", "invalid_control_event");
}
