/* rb-json-get.c: typed values of a checked JSON document
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "rb-error.h"
#include "rb-json-private.h"

#include <string.h>

static gboolean
fail_member (const char *name,
             const char *kind,
             GError    **error)
{
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' must be %s", name, kind);
  return FALSE;
}

static gboolean
fail_item (guint       i,
           const char *kind,
           GError    **error)
{
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "item %u must be %s", i, kind);
  return FALSE;
}

static gboolean
is_absent (const RbJson     *self,
           const RbJsonSpan *span)
{
  RbJsonType type = rb_json_span_type (self, span);

  return type == RB_JSON_ABSENT || type == RB_JSON_NULL;
}

/* NULL if @span is no string, or one that a C string cannot hold; @kind then says what it should have been. */
static char *
dup_string (const RbJson     *self,
            const RbJsonSpan *span,
            const char      **kind)
{
  g_autofree char *decoded = NULL;
  RbJsonString string;
  gsize length;

  *kind = "a string";
  if (rb_json_span_type (self, span) != RB_JSON_STRING)
    return NULL;

  *kind = "a string without U+0000";
  string = rb_json_string_of_span (rb_json_get_data (self), span);
  decoded = rb_json_string_decode (&string, &length);
  return strlen (decoded) == length ? g_steal_pointer (&decoded) : NULL;
}

static RbJson *
open_span (const RbJson     *self,
           const RbJsonSpan *span,
           GError          **error)
{
  g_autoptr(GBytes) slice = rb_json_span_to_slice (self, span);

  return rb_json_parse (slice, 0, error);
}

static gboolean
is_container (const RbJson     *self,
              const RbJsonSpan *span)
{
  RbJsonType type = rb_json_span_type (self, span);

  return type == RB_JSON_OBJECT || type == RB_JSON_ARRAY;
}

/**
 * rb_json_open:
 * @name: a member that is an object or an array
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "bad_request" if it is neither.
 *
 * Returns: (transfer full): the nested document, sharing the text; or %NULL
 */
RbJson *
rb_json_open (const RbJson *self,
              const char   *name,
              GError      **error)
{
  const RbJsonSpan *span;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  span = rb_json_lookup (self, name);
  if (!is_container (self, span))
    {
      fail_member (name, "an object or an array", error);
      return NULL;
    }
  return open_span (self, span, error);
}

/**
 * rb_json_dup_string:
 * @name: a member that must be a string
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "bad_request" if it is absent, null, not a
 * string, or has a U+0000.
 *
 * Returns: (transfer full): UTF-8, or %NULL
 */
char *
rb_json_dup_string (const RbJson *self,
                    const char   *name,
                    GError      **error)
{
  const char *kind;
  char *string;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  string = dup_string (self, rb_json_lookup (self, name), &kind);
  if (string == NULL)
    fail_member (name, kind, error);
  return string;
}

static gboolean
get_int (const RbJson     *self,
         const RbJsonSpan *span,
         gint64           *value)
{
  return rb_json_span_type (self, span) == RB_JSON_NUMBER
         && rb_json_number_to_int (rb_json_get_data (self) + span->at, span->length, value);
}

/**
 * rb_json_get_int:
 * @name: a member that must be an integral number
 * @value: (out): filled on success, else untouched
 * @error: return location for a #GError
 *
 * `1`, `1.0` and `1e0` are integers. Fails with %RB_ERROR_INVALID
 * "bad_request" if the member is absent, null, not a number, has a fraction or
 * is beyond 2^53. Source: protocol.md 1.2 and 25.
 *
 * Returns: %TRUE if @value was filled
 */
gboolean
rb_json_get_int (const RbJson *self,
                 const char   *name,
                 gint64       *value,
                 GError      **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return get_int (self, rb_json_lookup (self, name), value) || fail_member (name, "an integer", error);
}

/**
 * rb_json_get_optional_string:
 * @value: (out) (transfer full) (nullable): filled on success, else untouched;
 *   %NULL if the member is absent or null
 *
 * Fails as rb_json_dup_string() does for another type.
 */
gboolean
rb_json_get_optional_string (const RbJson *self,
                             const char   *name,
                             char        **value,
                             GError      **error)
{
  const RbJsonSpan *span;
  const char *kind;
  char *string;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  span = rb_json_lookup (self, name);
  if (is_absent (self, span))
    {
      *value = NULL;
      return TRUE;
    }

  string = dup_string (self, span, &kind);
  if (string == NULL)
    return fail_member (name, kind, error);

  *value = string;
  return TRUE;
}

/**
 * rb_json_get_optional_int:
 * @fallback: the value of an absent or null member
 * @value: (out): filled on success, else untouched
 *
 * Fails as rb_json_get_int() does for another type or range.
 */
gboolean
rb_json_get_optional_int (const RbJson *self,
                          const char   *name,
                          gint64        fallback,
                          gint64       *value,
                          GError      **error)
{
  const RbJsonSpan *span;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  span = rb_json_lookup (self, name);
  if (is_absent (self, span))
    {
      *value = fallback;
      return TRUE;
    }
  return get_int (self, span, value) || fail_member (name, "an integer", error);
}

/**
 * rb_json_get_optional_double:
 * @fallback: the value of an absent or null member
 * @value: (out): finite; filled on success, else untouched
 *
 * Fails with %RB_ERROR_INVALID "bad_request" for another type and for a number
 * beyond the range of a double.
 */
gboolean
rb_json_get_optional_double (const RbJson *self,
                             const char   *name,
                             double        fallback,
                             double       *value,
                             GError      **error)
{
  const RbJsonSpan *span;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  span = rb_json_lookup (self, name);
  if (is_absent (self, span))
    {
      *value = fallback;
      return TRUE;
    }
  if (rb_json_span_type (self, span) != RB_JSON_NUMBER
      || !rb_json_number_to_double (rb_json_get_data (self) + span->at, span->length, value))
    return fail_member (name, "a number", error);
  return TRUE;
}

/**
 * rb_json_get_optional_boolean:
 * @fallback: the value of an absent or null member
 * @value: (out): filled on success, else untouched
 *
 * Fails with %RB_ERROR_INVALID "bad_request" for another type.
 */
gboolean
rb_json_get_optional_boolean (const RbJson *self,
                              const char   *name,
                              gboolean      fallback,
                              gboolean     *value,
                              GError      **error)
{
  const RbJsonSpan *span;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  span = rb_json_lookup (self, name);
  if (is_absent (self, span))
    {
      *value = fallback;
      return TRUE;
    }
  if (rb_json_span_type (self, span) != RB_JSON_BOOLEAN)
    return fail_member (name, "a boolean", error);

  *value = rb_json_get_data (self)[span->at] == 't';
  return TRUE;
}

/**
 * rb_json_get_optional_strv:
 * @value: (out) (transfer full) (nullable): filled on success, else untouched;
 *   %NULL if the member is absent or null, empty for an empty array
 *
 * Fails with %RB_ERROR_INVALID "bad_request" unless the member is an array of
 * strings without U+0000.
 */
gboolean
rb_json_get_optional_strv (const RbJson *self,
                           const char   *name,
                           GStrv        *value,
                           GError      **error)
{
  g_autoptr(RbJson) array = NULL;
  g_auto(GStrv) strings = NULL;
  const RbJsonSpan *span;
  const char *kind;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  span = rb_json_lookup (self, name);
  if (is_absent (self, span))
    {
      *value = NULL;
      return TRUE;
    }
  if (rb_json_span_type (self, span) != RB_JSON_ARRAY)
    return fail_member (name, "an array of strings", error);

  array = open_span (self, span, error);
  if (array == NULL)
    return FALSE;

  strings = g_new0 (char *, rb_json_get_length (array) + 1);
  for (guint i = 0; i < rb_json_get_length (array); i++)
    {
      strings[i] = dup_string (array, rb_json_value_at (array, i), &kind);
      if (strings[i] == NULL)
        return fail_member (name, "an array of strings", error);
    }

  *value = g_steal_pointer (&strings);
  return TRUE;
}

/**
 * rb_json_peek_string:
 * @name: a member of any type
 *
 * For metadata, where a value of another type counts as absent.
 *
 * Returns: (transfer full) (nullable): the string; %NULL if the member is
 *   absent, not a string or has a U+0000
 */
char *
rb_json_peek_string (const RbJson *self,
                     const char   *name)
{
  const char *kind;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return dup_string (self, rb_json_lookup (self, name), &kind);
}

/**
 * rb_json_get_item_type:
 *
 * Returns: the type of item @i (of an object: of the value of member @i);
 *   %RB_JSON_ABSENT beyond the end
 */
RbJsonType
rb_json_get_item_type (const RbJson *self,
                       guint         i)
{
  g_return_val_if_fail (self != NULL, RB_JSON_ABSENT);

  return rb_json_span_type (self, rb_json_value_at (self, i));
}

/**
 * rb_json_dup_item_slice:
 *
 * Returns: (transfer full) (nullable): the text of item @i (of an object: of
 *   the value of member @i) as it came; %NULL beyond the end
 */
GBytes *
rb_json_dup_item_slice (const RbJson *self,
                        guint         i)
{
  g_return_val_if_fail (self != NULL, NULL);

  return rb_json_span_to_slice (self, rb_json_value_at (self, i));
}

/**
 * rb_json_open_item:
 *
 * As rb_json_open(), for item @i.
 *
 * Returns: (transfer full): the nested document, sharing the text; or %NULL
 */
RbJson *
rb_json_open_item (const RbJson *self,
                   guint         i,
                   GError      **error)
{
  const RbJsonSpan *span;

  g_return_val_if_fail (self != NULL, NULL);

  span = rb_json_value_at (self, i);
  if (!is_container (self, span))
    {
      fail_item (i, "an object or an array", error);
      return NULL;
    }
  return open_span (self, span, error);
}

/**
 * rb_json_dup_item_string:
 *
 * As rb_json_dup_string(), for item @i.
 *
 * Returns: (transfer full): UTF-8, or %NULL
 */
char *
rb_json_dup_item_string (const RbJson *self,
                         guint         i,
                         GError      **error)
{
  const char *kind;
  char *string;

  g_return_val_if_fail (self != NULL, NULL);

  string = dup_string (self, rb_json_value_at (self, i), &kind);
  if (string == NULL)
    fail_item (i, kind, error);
  return string;
}
