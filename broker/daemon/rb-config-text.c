/* rb-config-text.c: one key of a settings file's text, set or taken out, and not a byte of the rest changed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-config-text.h"

#include <string.h>

typedef enum { LINE_OTHER, LINE_GROUP, LINE_KEY } LineKind;

/* @name: (out): of the group or the key */
static LineKind
read_line (const char  *line,
           char       **name)
{
  g_autofree char *text = g_strstrip (g_strdup (line));
  char *end = strchr (text, *text == '[' ? ']' : '=');

  if (*text == '#' || end == NULL)
    return LINE_OTHER;
  *end = '\0';
  *name = *text == '[' ? g_strdup (text + 1) : g_strdup (g_strchomp (text));
  return *text == '[' ? LINE_GROUP : LINE_KEY;
}

typedef struct {
  GPtrArray *lines;      /* of char *, without their ends */
  GArray    *matches;    /* of guint: lines that set the key */
  int        last;       /* line of the group behind which a new key stands: its heading or its last key; -1: there is no such group */
} Found;

static void
found_clear (Found *self)
{
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  g_clear_pointer (&self->matches, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

static void
split (Found      *self,
       const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  self->lines = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; lines[i] != NULL; i++)
    g_ptr_array_add (self->lines, g_strdup (lines[i]));
  /* What is behind the last line end is no line. */
  if (self->lines->len > 0 && *(const char *) self->lines->pdata[self->lines->len - 1] == '\0')
    g_ptr_array_set_size (self->lines, (int) self->lines->len - 1);
}

static Found
find (const char *text,
      const char *group,
      const char *key)
{
  Found self = { .matches = g_array_new (FALSE, FALSE, sizeof (guint)), .last = -1 };
  gboolean is_inside = FALSE;

  split (&self, text);
  for (guint i = 0; i < self.lines->len; i++)
    {
      g_autofree char *name = NULL;
      LineKind kind = read_line (self.lines->pdata[i], &name);

      if (kind == LINE_GROUP)
        is_inside = g_str_equal (name, group);
      if (kind == LINE_OTHER || !is_inside)
        continue;
      self.last = (int) i;
      if (kind == LINE_KEY && g_str_equal (name, key))
        g_array_append_val (self.matches, i);
    }
  return self;
}

static char *
join (const Found *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->lines->len; i++)
    g_string_append_printf (text, "%s\n", (const char *) self->lines->pdata[i]);
  return g_string_free (text, FALSE);
}

/* The end of the line as it was, which another system's editor may have made. */
static void
replace (Found      *self,
         guint       i,
         const char *line)
{
  char **place = (char **) &self->lines->pdata[i];
  gboolean has_return = g_str_has_suffix (*place, "\r");

  g_free (*place);
  *place = g_strconcat (line, has_return ? "\r" : "", NULL);
}

char *
rb_config_text_set (const char *text,
                    const char *group,
                    const char *key,
                    const char *value)
{
  g_auto(Found) found = find (text, group, key);
  g_autofree char *line = g_strdup_printf ("%s=%s", key, value);

  if (found.matches->len > 0)
    replace (&found, g_array_index (found.matches, guint, found.matches->len - 1), line);
  else if (found.last >= 0)
    g_ptr_array_insert (found.lines, found.last + 1, g_steal_pointer (&line));
  else
    {
      if (found.lines->len > 0)
        g_ptr_array_add (found.lines, g_strdup (""));
      g_ptr_array_add (found.lines, g_strdup_printf ("[%s]", group));
      g_ptr_array_add (found.lines, g_steal_pointer (&line));
    }
  return join (&found);
}

char *
rb_config_text_unset (const char *text,
                      const char *group,
                      const char *key)
{
  g_auto(Found) found = find (text, group, key);

  if (found.matches->len == 0)
    return NULL;
  for (guint i = found.matches->len; i > 0; i--)
    g_ptr_array_remove_index (found.lines, g_array_index (found.matches, guint, i - 1));
  return join (&found);
}
