/* rb-mcp-field.c: members of an object as rows of a table: its schema, and what is wrong with one that came (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-field.h"

#include "rb-error.h"

#include <string.h>

static const struct {
  const char *name;
  const char *article;
  RbJsonType  json;
} types[] = {
  [RB_MCP_STRING] = { "string", "a string", RB_JSON_STRING },
  [RB_MCP_INTEGER] = { "integer", "an integer", RB_JSON_NUMBER },
  [RB_MCP_BOOLEAN] = { "boolean", "true or false", RB_JSON_BOOLEAN },
  [RB_MCP_OBJECT] = { "object", "an object", RB_JSON_OBJECT },
  [RB_MCP_ARRAY] = { "array", "an array", RB_JSON_ARRAY },
};

static void
write_field (const RbMcpField *field,
             RbJsonWriter     *writer)
{
  rb_json_writer_begin_object (writer, field->name);
  rb_json_writer_string (writer, "type", types[field->type].name);
  rb_json_writer_string (writer, "description", field->text);
  if (field->values != NULL)
    rb_json_writer_strv (writer, "enum", field->values);
  if (field->type == RB_MCP_INTEGER && field->most > field->least)
    {
      rb_json_writer_int (writer, "minimum", field->least);
      rb_json_writer_int (writer, "maximum", field->most);
    }
  if (field->type == RB_MCP_STRING && field->least > 0)
    rb_json_writer_int (writer, "minLength", field->least);
  if (field->type == RB_MCP_ARRAY)
    {
      rb_json_writer_begin_object (writer, "items");
      rb_json_writer_string (writer, "type", "object");
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_end_object (writer);
}

void
rb_mcp_fields_write_schema (const RbMcpField *fields,
                            gboolean          is_closed,
                            const char       *name,
                            RbJsonWriter     *writer)
{
  rb_json_writer_begin_object (writer, name);
  rb_json_writer_string (writer, "type", "object");
  rb_json_writer_begin_object (writer, "properties");
  for (const RbMcpField *field = fields; field->name != NULL; field++)
    write_field (field, writer);
  rb_json_writer_end_object (writer);
  rb_json_writer_begin_array (writer, "required");
  for (const RbMcpField *field = fields; field->name != NULL; field++)
    if (field->is_required)
      rb_json_writer_string (writer, NULL, field->name);
  rb_json_writer_end_array (writer);
  if (is_closed)
    rb_json_writer_boolean (writer, "additionalProperties", FALSE);
  rb_json_writer_end_object (writer);
}

static gboolean
fail (GError     **error,
      const char  *format,
      ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError     **error,
      const char  *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  rb_set_error (error, RB_ERROR_INVALID, "invalid_arguments", "%s", text);
  return FALSE;
}

static gboolean
check_string (const RbMcpField *field,
              const RbJson     *arguments,
              GError          **error)
{
  g_autofree char *text = rb_json_peek_string (arguments, field->name);
  g_autofree char *values = NULL;

  if (text == NULL)
    return fail (error, "'%s' must not contain U+0000", field->name);
  if (strlen (text) < (gsize) field->least)
    return fail (error, "'%s' must not be empty", field->name);
  if (field->values == NULL || g_strv_contains (field->values, text))
    return TRUE;
  values = g_strjoinv (", ", (char **) field->values);
  return fail (error, "'%s' must be one of: %s", field->name, values);
}

static gboolean
check_integer (const RbMcpField *field,
               const RbJson     *arguments,
               GError          **error)
{
  gint64 value;

  if (!rb_json_get_int (arguments, field->name, &value, NULL))
    return fail (error, "'%s' must be an integer", field->name);
  if (field->most > field->least && (value < field->least || value > field->most))
    return fail (error, "'%s' must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, field->name, field->least, field->most);
  return TRUE;
}

static gboolean
check_field (const RbMcpField *field,
             const RbJson     *arguments,
             GError          **error)
{
  RbJsonType type = rb_json_get_member_type (arguments, field->name);

  if (type == RB_JSON_ABSENT || (type == RB_JSON_NULL && !field->is_required))
    return !field->is_required || fail (error, "'%s' is missing: %s", field->name, field->text);
  if (type != types[field->type].json)
    return fail (error, "'%s' must be %s", field->name, types[field->type].article);
  if (field->type == RB_MCP_STRING)
    return check_string (field, arguments, error);
  if (field->type == RB_MCP_INTEGER)
    return check_integer (field, arguments, error);
  return TRUE;
}

static gboolean
is_known (const RbMcpField *fields,
          const char       *name)
{
  for (; fields->name != NULL; fields++)
    if (strcmp (fields->name, name) == 0)
      return TRUE;
  return FALSE;
}

gboolean
rb_mcp_fields_check (const RbMcpField *fields,
                     const RbJson     *arguments,
                     GError          **error)
{
  for (guint i = 0; i < rb_json_get_length (arguments); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (arguments, i);

      if (!is_known (fields, name))
        return fail (error, "there is no argument '%.100s'", name);
    }
  for (const RbMcpField *field = fields; field->name != NULL; field++)
    if (!check_field (field, arguments, error))
      return FALSE;
  return TRUE;
}
