/* rb-sim-json.c: the little that is needed of JSON, on json-glib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-json.h"

JsonNode *
rb_sim_json_parse_node (const char *text)
{
  g_autoptr(JsonParser) parser = json_parser_new ();

  if (text == NULL || !json_parser_load_from_data (parser, text, -1, NULL))
    return NULL;
  return json_parser_steal_root (parser);
}

JsonObject *
rb_sim_json_parse (const char *text)
{
  g_autoptr(JsonNode) node = rb_sim_json_parse_node (text);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_dup_object (node) : NULL;
}

char *
rb_sim_json_to_text (JsonObject *object)
{
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return json_to_string (node, FALSE);
}

JsonObject *
rb_sim_json_copy (JsonObject *object)
{
  g_autofree char *text = rb_sim_json_to_text (object);

  return rb_sim_json_parse (text);
}

JsonObject *
rb_sim_json_new (const char *name,
                 ...)
{
  JsonObject *object = json_object_new ();
  va_list args;

  va_start (args, name);
  for (; name != NULL; name = va_arg (args, const char *))
    json_object_set_string_member (object, name, va_arg (args, const char *));
  va_end (args);
  return object;
}

const char *
rb_sim_json_string (JsonObject *object,
                    const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

JsonObject *
rb_sim_json_object (JsonObject *object,
                    const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

gboolean
rb_sim_json_is_int (JsonObject *object,
                    const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
}

gint64
rb_sim_json_int (JsonObject *object,
                 const char *name,
                 gint64      fallback)
{
  return rb_sim_json_is_int (object, name) ? json_object_get_int_member (object, name) : fallback;
}

gboolean
rb_sim_json_flag (JsonObject *object,
                  const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN && json_node_get_boolean (node);
}

void
rb_sim_json_set (JsonObject *object,
                 const char *name,
                 const char *json)
{
  g_autoptr(JsonNode) node = NULL;

  if (*json == '\0')
    {
      json_object_remove_member (object, name);
      return;
    }
  node = rb_sim_json_parse_node (json);
  g_return_if_fail (node != NULL);
  json_object_set_member (object, name, g_steal_pointer (&node));
}

gboolean
rb_sim_json_equal (JsonObject *one,
                   JsonObject *other)
{
  g_autoptr(JsonNode) first = NULL;
  g_autoptr(JsonNode) second = NULL;

  if (one == NULL || other == NULL)
    return one == other;
  first = json_node_init_object (json_node_alloc (), one);
  second = json_node_init_object (json_node_alloc (), other);
  return json_node_equal (first, second);
}

const char *
rb_sim_or_none (const char *text)
{
  return text != NULL ? text : "none";
}

gint64
rb_sim_now_ms (void)
{
  return g_get_real_time () / 1000;
}
