/* rb-text.c: text rules of the wire: trimming, units, code points
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-text.h"

#include <string.h>

#define MAX_SESSION_ID_UNITS 256
#define RESERVED_SESSION_PREFIX "__masons_"

/* What String.prototype.trim() strips. Source: protocol.md 1.2, Trim. */
static gboolean
is_trimmed (gunichar c)
{
  return (c >= 0x0009 && c <= 0x000D) || c == 0x0020 || c == 0x00A0 || c == 0x1680
         || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F
         || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/**
 * rb_text_trim:
 * @text: UTF-8
 *
 * Returns: (transfer full): @text without white space at its ends
 */
char *
rb_text_trim (const char *text)
{
  const char *start = text;
  const char *end = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  while (*start != '\0' && is_trimmed (g_utf8_get_char (start)))
    start = g_utf8_next_char (start);

  end = start + strlen (start);
  while (end > start)
    {
      const char *last = g_utf8_prev_char (end);

      if (!is_trimmed (g_utf8_get_char (last)))
        break;
      end = last;
    }
  return g_strndup (start, end - start);
}

/**
 * rb_text_count_units:
 * @text: UTF-8
 *
 * Returns: the length of @text in UTF-16 code units
 */
gsize
rb_text_count_units (const char *text)
{
  gsize units = 0;

  g_return_val_if_fail (text != NULL, 0);

  /* Each character has one byte that is no continuation; one of four bytes takes two units. */
  for (const guchar *p = (const guchar *) text; *p != '\0'; p++)
    units += ((*p & 0xC0) != 0x80) + (*p >= 0xF0);
  return units;
}

/**
 * rb_text_truncate:
 * @text: UTF-8
 * @code_points: how many to keep
 * @truncated: (out) (optional): whether there were more
 *
 * Returns: (transfer full): the beginning of @text
 */
char *
rb_text_truncate (const char *text,
                  gsize       code_points,
                  gboolean   *truncated)
{
  const char *end = text;

  g_return_val_if_fail (text != NULL, NULL);

  for (gsize i = 0; i < code_points && *end != '\0'; i++)
    end = g_utf8_next_char (end);

  if (truncated != NULL)
    *truncated = *end != '\0';
  return g_strndup (text, end - text);
}

/**
 * rb_text_session_id:
 * @text: (nullable): UTF-8
 *
 * Source: protocol.md 13.11.
 *
 * Returns: (transfer full) (nullable): @text trimmed, if that is 1 to 256 units
 *   and does not start with the reserved prefix
 */
char *
rb_text_session_id (const char *text)
{
  g_autofree char *trimmed = NULL;

  if (text == NULL)
    return NULL;

  trimmed = rb_text_trim (text);
  if (*trimmed == '\0'
      || rb_text_count_units (trimmed) > MAX_SESSION_ID_UNITS
      || g_str_has_prefix (trimmed, RESERVED_SESSION_PREFIX))
    return NULL;
  return g_steal_pointer (&trimmed);
}

/**
 * rb_text_sanitise:
 * @text: UTF-8
 *
 * Makes a file name. `.` and `..` pass unchanged: the caller refuses them.
 * Source: protocol.md 3.5.
 *
 * Returns: (transfer full): @text with each UTF-16 unit outside `A-Za-z0-9._-`
 *   replaced by one `_`
 */
char *
rb_text_sanitise (const char *text)
{
  GString *name = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  name = g_string_sized_new (strlen (text));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (g_ascii_isalnum (*p) || *p == '.' || *p == '_' || *p == '-')
        g_string_append_c (name, *p);
      else
        g_string_append (name, g_utf8_get_char (p) > 0xFFFF ? "__" : "_");
    }
  return g_string_free (name, FALSE);
}
