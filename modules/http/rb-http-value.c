/* rb-http-value.c: members of a JSON object as values of an a{sv}
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-value.h"

#include "rb-target.h"

#include <math.h>

#define MAX_DEPTH 16   /* GVariant counts three levels for one of ours, and has an end */

static GVariant *object_to_variant (const RbJson *json, guint depth);

static char *
dup_text (GBytes *slice)
{
  return rb_json_slice_preview (slice, G_MAXUINT);
}

gboolean
rb_http_value_text (const RbJson *json,
                    const char   *name,
                    GVariantDict *dict)
{
  g_autoptr(GBytes) slice = NULL;

  if (rb_json_get_member_type (json, name) != RB_JSON_STRING)
    return FALSE;
  slice = rb_json_dup_slice (json, name);
  g_variant_dict_insert_value (dict, name, g_variant_new_take_string (dup_text (slice)));
  return TRUE;
}

gboolean
rb_http_value_id (const RbJson *json,
                  const char   *name,
                  GVariantDict *dict)
{
  g_autofree char *text = rb_json_peek_string (json, name);

  if (text == NULL || *text == '\0')
    return FALSE;
  g_variant_dict_insert (dict, name, "s", text);
  return TRUE;
}

static gboolean
read_double (const RbJson *json,
             const char   *name,
             double       *value)
{
  return rb_json_get_member_type (json, name) == RB_JSON_NUMBER && rb_json_get_optional_double (json, name, 0, value, NULL) &&
         isfinite (*value);
}

gboolean
rb_http_value_number (const RbJson *json,
                      const char   *name,
                      GVariantDict *dict)
{
  double value;

  if (!read_double (json, name, &value) || fabs (value) > (double) RB_JSON_MAX_INTEGER)
    return FALSE;
  g_variant_dict_insert (dict, name, "x", (gint64) value);
  return TRUE;
}

gboolean
rb_http_value_double (const RbJson *json,
                      const char   *name,
                      GVariantDict *dict)
{
  double value;

  if (!read_double (json, name, &value))
    return FALSE;
  g_variant_dict_insert (dict, name, "d", value);
  return TRUE;
}

gboolean
rb_http_value_boolean (const RbJson *json,
                       const char   *name,
                       GVariantDict *dict)
{
  gboolean value;

  if (rb_json_get_member_type (json, name) != RB_JSON_BOOLEAN || !rb_json_get_optional_boolean (json, name, FALSE, &value, NULL))
    return FALSE;
  g_variant_dict_insert (dict, name, "b", value);
  return TRUE;
}

gboolean
rb_http_value_target (const RbJson *json,
                      const char   *name,
                      GVariantDict *dict)
{
  g_autoptr(RbJson) object = rb_json_open (json, name, NULL);
  g_autoptr(RbTarget) target = object != NULL ? rb_target_from_json (object, NULL) : NULL;
  GVariantDict value;

  if (target == NULL)
    return FALSE;

  g_variant_dict_init (&value, NULL);
  g_variant_dict_insert (&value, "kind", "s", "projection_endpoint");
  g_variant_dict_insert (&value, "projection_endpoint_id", "s", target->endpoint_id);
  g_variant_dict_insert (&value, "background_exchange_mode", "s", rb_target_mode_to_string (target->mode));
  if (target->session_id != NULL)
    g_variant_dict_insert (&value, "runtime_session_id", "s", target->session_id);
  g_variant_dict_insert_value (dict, name, g_variant_dict_end (&value));
  return TRUE;
}

gboolean
rb_http_value_conversation (const RbJson *json,
                            const char   *name,
                            GVariantDict *dict)
{
  g_autoptr(RbJson) object = NULL;
  GVariantDict value;

  if (rb_json_get_member_type (json, name) != RB_JSON_OBJECT)
    return FALSE;
  object = rb_json_open (json, name, NULL);
  if (object == NULL || !rb_http_value_is_text (object, "kind", "session_conversation"))
    return FALSE;

  g_variant_dict_init (&value, NULL);
  g_variant_dict_insert (&value, "kind", "s", "session_conversation");
  if (!rb_http_value_id (object, "id", &value))
    {
      g_variant_dict_clear (&value);
      return FALSE;
    }
  g_variant_dict_insert_value (dict, name, g_variant_dict_end (&value));
  return TRUE;
}

static GVariant *
number_to_variant (GBytes *slice)
{
  g_autofree char *text = dup_text (slice);
  double value = g_ascii_strtod (text, NULL);

  if (value == floor (value) && fabs (value) <= (double) RB_JSON_MAX_INTEGER)
    return g_variant_new_int64 ((gint64) value);
  return g_variant_new_double (isfinite (value) ? value : 0);
}

static GVariant *
array_to_variant (const RbJson *json,
                  guint         depth);

/* (floating); NULL: too deep. */
static GVariant *
item_to_variant (const RbJson *json,
                 guint         i,
                 guint         depth)
{
  g_autoptr(GBytes) slice = rb_json_dup_item_slice (json, i);
  g_autoptr(RbJson) inner = NULL;

  switch (rb_json_get_item_type (json, i))
    {
    case RB_JSON_ABSENT:
    case RB_JSON_NULL:
      return g_variant_new_maybe (G_VARIANT_TYPE_STRING, NULL);
    case RB_JSON_BOOLEAN:
      return g_variant_new_boolean (*(const char *) g_bytes_get_data (slice, NULL) == 't');
    case RB_JSON_NUMBER:
      return number_to_variant (slice);
    case RB_JSON_STRING:
      return g_variant_new_take_string (dup_text (slice));
    case RB_JSON_ARRAY:
      inner = rb_json_open_item (json, i, NULL);
      return inner != NULL && depth < MAX_DEPTH ? array_to_variant (inner, depth + 1) : NULL;
    case RB_JSON_OBJECT:
      inner = rb_json_open_item (json, i, NULL);
      return inner != NULL && depth < MAX_DEPTH ? object_to_variant (inner, depth + 1) : NULL;
    }
  g_return_val_if_reached (NULL);
}

static GVariant *
array_to_variant (const RbJson *json,
                  guint         depth)
{
  g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < rb_json_get_length (json); i++)
    {
      GVariant *item = item_to_variant (json, i, depth);

      if (item == NULL)
        return NULL;
      g_variant_builder_add (&builder, "v", item);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
object_to_variant (const RbJson *json,
                   guint         depth)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (guint i = 0; i < rb_json_get_length (json); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (json, i);
      GVariant *item = item_to_variant (json, i, depth);

      if (item == NULL)
        {
          g_variant_dict_clear (&dict);
          return NULL;
        }
      g_variant_dict_insert_value (&dict, name, item);
    }
  return g_variant_dict_end (&dict);
}

gboolean
rb_http_value_object (const RbJson *json,
                      const char   *name,
                      GVariantDict *dict)
{
  g_autoptr(RbJson) object = NULL;
  GVariant *value;

  if (rb_json_get_member_type (json, name) != RB_JSON_OBJECT)
    return FALSE;
  object = rb_json_open (json, name, NULL);
  value = object != NULL ? object_to_variant (object, 0) : NULL;
  if (value == NULL)
    return FALSE;
  g_variant_dict_insert_value (dict, name, value);
  return TRUE;
}

gboolean
rb_http_value_is_text (const RbJson *json,
                       const char   *name,
                       const char   *text)
{
  g_autofree char *value = rb_json_peek_string (json, name);

  return g_strcmp0 (value, text) == 0;
}
