/* rb-settings-text.c: reads a key file's text into the settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings.h"

#include <string.h>

/* GKeyFile does not tell lines. "group.key" to the number of the last line that sets it, which is the one that counts. */
static GHashTable *
find_lines (const char *text,
            gsize       length)
{
  g_autofree char *copy = g_strndup (text, length);
  g_auto(GStrv) lines = g_strsplit (copy, "\n", -1);
  g_autofree char *group = g_strdup ("");
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      char *end = strchr (line, *line == '[' ? ']' : '=');

      if (*line == '#' || end == NULL)
        continue;

      *end = '\0';
      if (*line == '[')
        {
          g_free (group);
          group = g_strdup (line + 1);
        }
      else
        {
          g_hash_table_replace (found, g_strdup_printf ("%s.%s", group, g_strchomp (line)), GUINT_TO_POINTER (i + 1));
        }
    }
  return found;
}

/* GKeyFile sets an error over another one where a value has two wrong escapes, so they are looked at before it does. */
static char *
dup_value (GKeyFile    *file,
           const char  *group,
           const char  *key,
           GError     **error)
{
  g_autofree char *raw = g_key_file_get_value (file, group, key, error);

  for (const char *at = raw != NULL ? strchr (raw, '\\') : NULL; at != NULL; at = strchr (at + 2, '\\'))
    if (at[1] == '\0' || strchr ("sntr\\", at[1]) == NULL)
      {
        g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "has a backslash that is not one of \\s, \\n, \\t, \\r, \\\\");
        return NULL;
      }
  return raw != NULL ? g_key_file_get_string (file, group, key, error) : NULL;
}

static void
add_key (RbSettings *self,
         const char *origin,
         GKeyFile   *file,
         const char *group,
         const char *key,
         GPtrArray  *problems)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *value = dup_value (file, group, key, &error);

  /* GKeyFile may give a value that it could not make sense of, and an error beside it. */
  if (error != NULL)
    g_ptr_array_add (problems, g_strdup_printf ("%s: [%s] %s: %s", origin, group, key, error->message));
  else
    rb_settings_set (self, group, key, value, RB_ORIGIN_FILE, origin);
}

static void
add_group (RbSettings *self,
           const char *name,
           GKeyFile   *file,
           const char *group,
           GHashTable *lines,
           GPtrArray  *problems)
{
  g_auto(GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *full = g_strdup_printf ("%s.%s", group, keys[i]);
      guint line = GPOINTER_TO_UINT (g_hash_table_lookup (lines, full));
      g_autofree char *origin = line == 0 ? g_strdup (name) : g_strdup_printf ("%s:%u", name, line);

      add_key (self, origin, file, group, keys[i], problems);
    }
}

/**
 * rb_settings_add_text:
 * @self: the settings
 * @name: the file's path, for people
 * @text: its bytes; may be anything
 * @length: how many
 * @problems: (element-type utf8): gets what cannot be read at all
 *
 * Adds the keys of a key file. Escapes are those of #GKeyFile.
 */
void
rb_settings_add_text (RbSettings *self,
                      const char *name,
                      const char *text,
                      gsize       length,
                      GPtrArray  *problems)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) lines = NULL;
  g_auto(GStrv) groups = NULL;

  /* GKeyFile asks for at least one byte. */
  if (length == 0)
    return;
  if (!g_utf8_validate_len (text, length, NULL))
    {
      g_ptr_array_add (problems, g_strdup_printf ("%s: is not UTF-8 text", name));
      return;
    }
  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &error))
    {
      g_ptr_array_add (problems, g_strdup_printf ("%s: %s", name, error->message));
      return;
    }

  lines = find_lines (text, length);
  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    add_group (self, name, file, groups[i], lines, problems);
}
