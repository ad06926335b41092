/* rb-json-writer.c: builds JSON text that may carry slices as they came
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"

#include "rb-time.h"

#include <math.h>

/* Whether a comma is due can be read from the last byte written: no value ends with a brace or bracket that opens. */

struct _RbJsonWriter {
  GString *text;
  guint depth; /* containers that are open */
};

static void
append_escape (GString *text,
               guchar   c)
{
  switch (c)
    {
    case '"':
      g_string_append (text, "\\\"");
      break;
    case '\\':
      g_string_append (text, "\\\\");
      break;
    case '\b':
      g_string_append (text, "\\b");
      break;
    case '\f':
      g_string_append (text, "\\f");
      break;
    case '\n':
      g_string_append (text, "\\n");
      break;
    case '\r':
      g_string_append (text, "\\r");
      break;
    case '\t':
      g_string_append (text, "\\t");
      break;
    default:
      g_string_append_printf (text, "\\u%04x", c);
      break;
    }
}

static void
append_quoted (GString    *text,
               const char *value)
{
  g_autofree char *repaired = NULL;
  const char *plain;
  const char *p;

  /* Texts of the system (errors, file names) may be in any encoding; what we send is not. */
  if (!g_utf8_validate (value, -1, NULL))
    value = repaired = g_utf8_make_valid (value, -1);

  g_string_append_c (text, '"');
  for (p = plain = value; *p != '\0'; p++)
    {
      guchar c = *p;

      if (c >= 0x20 && c != '"' && c != '\\')
        continue;
      g_string_append_len (text, plain, p - plain);
      append_escape (text, c);
      plain = p + 1;
    }
  g_string_append_len (text, plain, p - plain);
  g_string_append_c (text, '"');
}

static void
begin_value (RbJsonWriter *self,
             const char   *name)
{
  GString *text = self->text;
  char last = text->len > 0 ? text->str[text->len - 1] : '\0';

  if (last != '\0' && last != '{' && last != '[')
    g_string_append_c (text, ',');

  if (name != NULL)
    {
      append_quoted (text, name);
      g_string_append_c (text, ':');
    }
}

static void
begin_container (RbJsonWriter *self,
                 const char   *name,
                 char          brace)
{
  begin_value (self, name);
  g_string_append_c (self->text, brace);
  self->depth++;
}

static void
end_container (RbJsonWriter *self,
               char          brace)
{
  g_return_if_fail (self->depth > 0);

  g_string_append_c (self->text, brace);
  self->depth--;
}

RbJsonWriter *
rb_json_writer_new (void)
{
  RbJsonWriter *self = g_new0 (RbJsonWriter, 1);

  self->text = g_string_sized_new (256);
  return self;
}

void
rb_json_writer_free (RbJsonWriter *self)
{
  g_return_if_fail (self != NULL);

  if (self->text != NULL)
    g_string_free (self->text, TRUE);
  g_free (self);
}

/**
 * rb_json_writer_end:
 * @self: (transfer full): every container that was begun is ended
 *
 * Returns: (transfer full): the text
 */
GBytes *
rb_json_writer_end (RbJsonWriter *self)
{
  GBytes *bytes = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_warn_if_fail (self->depth == 0);

  bytes = g_string_free_to_bytes (g_steal_pointer (&self->text));
  rb_json_writer_free (self);
  return bytes;
}

/**
 * rb_json_writer_end_text:
 * @self: (transfer full): every container that was begun is ended
 *
 * Returns: (transfer full): the text; cut at a U+0000 only if a slice with a
 *   raw NUL was put in, which no JSON has
 */
char *
rb_json_writer_end_text (RbJsonWriter *self)
{
  char *text = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_warn_if_fail (self->depth == 0);

  text = g_string_free (g_steal_pointer (&self->text), FALSE);
  rb_json_writer_free (self);
  return text;
}

void
rb_json_writer_begin_object (RbJsonWriter *self,
                             const char   *name)
{
  g_return_if_fail (self != NULL);

  begin_container (self, name, '{');
}

void
rb_json_writer_end_object (RbJsonWriter *self)
{
  g_return_if_fail (self != NULL);

  end_container (self, '}');
}

void
rb_json_writer_begin_array (RbJsonWriter *self,
                            const char   *name)
{
  g_return_if_fail (self != NULL);

  begin_container (self, name, '[');
}

void
rb_json_writer_end_array (RbJsonWriter *self)
{
  g_return_if_fail (self != NULL);

  end_container (self, ']');
}

/**
 * rb_json_writer_string:
 * @value: (nullable): left out if %NULL. What is not UTF-8 becomes U+FFFD.
 */
void
rb_json_writer_string (RbJsonWriter *self,
                       const char   *name,
                       const char   *value)
{
  g_return_if_fail (self != NULL);

  if (value == NULL)
    return;

  begin_value (self, name);
  append_quoted (self->text, value);
}

void
rb_json_writer_int (RbJsonWriter *self,
                    const char   *name,
                    gint64        value)
{
  g_return_if_fail (self != NULL);

  begin_value (self, name);
  g_string_append_printf (self->text, "%" G_GINT64_FORMAT, value);
}

/**
 * rb_json_writer_double:
 * @value: finite; JSON has no other
 *
 * Writes the shortest of 15 to 17 digits that reads back as @value.
 */
void
rb_json_writer_double (RbJsonWriter *self,
                       const char   *name,
                       double        value)
{
  static const char *const formats[] = { "%.15g", "%.16g", "%.17g" };
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_return_if_fail (self != NULL);
  g_return_if_fail (isfinite (value));

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_ascii_formatd (digits, sizeof digits, formats[i], value);
      if (g_ascii_strtod (digits, NULL) == value)
        break;
    }

  begin_value (self, name);
  g_string_append (self->text, digits);
}

void
rb_json_writer_boolean (RbJsonWriter *self,
                        const char   *name,
                        gboolean      value)
{
  g_return_if_fail (self != NULL);

  begin_value (self, name);
  g_string_append (self->text, value ? "true" : "false");
}

void
rb_json_writer_null (RbJsonWriter *self,
                     const char   *name)
{
  g_return_if_fail (self != NULL);

  begin_value (self, name);
  g_string_append (self->text, "null");
}

/**
 * rb_json_writer_slice:
 * @json: (nullable): one JSON value that passed a scan, or came from a writer;
 *   left out if %NULL
 */
void
rb_json_writer_slice (RbJsonWriter *self,
                      const char   *name,
                      GBytes       *json)
{
  const char *data;
  gsize size;

  g_return_if_fail (self != NULL);

  if (json == NULL)
    return;

  data = g_bytes_get_data (json, &size);
  g_return_if_fail (size > 0);
  begin_value (self, name);
  g_string_append_len (self->text, data, size);
}

/**
 * rb_json_writer_strv:
 * @value: (nullable) (array zero-terminated=1): left out if %NULL
 */
void
rb_json_writer_strv (RbJsonWriter      *self,
                     const char        *name,
                     const char *const *value)
{
  g_return_if_fail (self != NULL);

  if (value == NULL)
    return;

  rb_json_writer_begin_array (self, name);
  for (gsize i = 0; value[i] != NULL; i++)
    rb_json_writer_string (self, NULL, value[i]);
  rb_json_writer_end_array (self);
}

static void
write_dictionary (RbJsonWriter *self,
                  const char   *name,
                  GVariant     *dictionary)
{
  GVariantIter iter;
  const char *key;
  GVariant *member;

  rb_json_writer_begin_object (self, name);
  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &member))
    rb_json_writer_variant (self, key, member);
  rb_json_writer_end_object (self);
}

static void
write_items (RbJsonWriter *self,
             const char   *name,
             GVariant     *array)
{
  rb_json_writer_begin_array (self, name);
  for (gsize i = 0; i < g_variant_n_children (array); i++)
    {
      g_autoptr(GVariant) boxed = g_variant_get_child_value (array, i);
      g_autoptr(GVariant) item = g_variant_get_variant (boxed);

      rb_json_writer_variant (self, NULL, item);
    }
  rb_json_writer_end_array (self);
}

static gboolean
read_integer (GVariant *value,
              gint64   *integer)
{
  switch ((guint) g_variant_classify (value))
    {
    case G_VARIANT_CLASS_INT16:
      *integer = g_variant_get_int16 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT16:
      *integer = g_variant_get_uint16 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      *integer = g_variant_get_int32 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      *integer = g_variant_get_uint32 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      *integer = g_variant_get_int64 (value);
      return TRUE;
    default:
      return FALSE;
    }
}

/**
 * rb_json_writer_variant:
 * @value: of type b, n, q, i, u, x, t, d, s, as, a{sv} or av, whose own values
 *   are of these types; a floating reference is not taken
 */
void
rb_json_writer_variant (RbJsonWriter *self,
                        const char   *name,
                        GVariant     *value)
{
  gint64 integer;

  g_return_if_fail (self != NULL);
  g_return_if_fail (value != NULL);

  if (read_integer (value, &integer))
    {
      rb_json_writer_int (self, name, integer);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    {
      begin_value (self, name);
      g_string_append_printf (self->text, "%" G_GUINT64_FORMAT, g_variant_get_uint64 (value));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    {
      rb_json_writer_boolean (self, name, g_variant_get_boolean (value));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    {
      rb_json_writer_double (self, name, g_variant_get_double (value));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      rb_json_writer_string (self, name, g_variant_get_string (value, NULL));
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_autofree const char **strings = g_variant_get_strv (value, NULL);

      rb_json_writer_strv (self, name, strings);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      write_dictionary (self, name, value);
    }
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    {
      write_items (self, name, value);
    }
  else
    {
      g_critical ("no JSON for a value of type '%s'", g_variant_get_type_string (value));
    }
}

void
rb_json_writer_iso (RbJsonWriter *self,
                    const char   *name,
                    gint64        epoch_ms)
{
  g_autofree char *iso = rb_time_to_iso (epoch_ms);

  rb_json_writer_string (self, name, iso);
}
