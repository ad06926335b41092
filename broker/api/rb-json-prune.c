/* rb-json-prune.c: a text that is nested too deeply, without what is too deep
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

/* Behind the string that starts at @p. */
static const char *
skip_string (const char *p,
             const char *end)
{
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\' && p + 1 < end)
      p++;
  return MIN (p + 1, end);
}

/* Behind the container that starts at @p. */
static const char *
skip_container (const char *p,
                const char *end)
{
  gsize depth = 0;

  while (p < end)
    {
      char c = *p;

      p = c == '"' ? skip_string (p, end) : p + 1;
      if (c == '[' || c == '{')
        depth++;
      else if ((c == ']' || c == '}') && --depth == 0)
        break;
    }
  return p;
}

/* Where the next container begins that is deeper than the limit; @depth: (inout): how deep @p is. NULL: there is none. */
static const char *
find_too_deep (const char *p,
               const char *end,
               guint      *depth)
{
  while (p < end)
    {
      char c = *p;

      if ((c == '[' || c == '{') && *depth == RB_JSON_MAX_DEPTH)
        return p;
      if (c == '[' || c == '{')
        (*depth)++;
      else if ((c == ']' || c == '}') && *depth > 0)
        (*depth)--;
      p = c == '"' ? skip_string (p, end) : p + 1;
    }
  return NULL;
}

/**
 * rb_json_prune:
 * @text: what somebody sent; it need not be JSON
 *
 * For what cannot be refused as a whole: a message that its network brings until it is accepted. Takes time in the length of @text,
 * whatever it holds.
 *
 * Returns: (transfer full): @text, or a copy with `null` for each array and object that is more than %RB_JSON_MAX_DEPTH deep
 */
GBytes *
rb_json_prune (GBytes *text)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  const char *end = length > 0 ? data + length : data;
  guint depth = 0;
  const char *deep = length > 0 ? find_too_deep (data, end, &depth) : NULL;
  const char *copied = data;
  GString *pruned;

  if (deep == NULL)
    return g_bytes_ref (text);

  pruned = g_string_sized_new (length);
  for (; deep != NULL; deep = find_too_deep (copied, end, &depth))
    {
      g_string_append_len (pruned, copied, deep - copied);
      g_string_append (pruned, "null");
      copied = skip_container (deep, end);
    }
  g_string_append_len (pruned, copied, end - copied);
  return g_string_free_to_bytes (pruned);
}
