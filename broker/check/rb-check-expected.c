/* rb-check-expected.c: the names of cases and settings that the options have
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-expected.h"

#include "rb-host-settings.h"

#include <string.h>

static gboolean
check_name (GPtrArray   *cases,
            const char  *name,
            const char  *where,
            GError     **error)
{
  for (guint i = 0; i < cases->len; i++)
    if (g_str_equal (((const RbCheckCase *) g_ptr_array_index (cases, i))->name, name))
      return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, NULL, "%s: there is no case '%s' for this kind of module (see --list)", where, name);
  return FALSE;
}

/* The first word of a line is the case; what follows says why. */
static gboolean
take_line (GHashTable  *names,
           GPtrArray   *cases,
           const char  *file,
           char        *line,
           GError     **error)
{
  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return TRUE;
  line[strcspn (line, " \t")] = '\0';
  if (!check_name (cases, line, file, error))
    return FALSE;
  g_hash_table_add (names, g_strdup (line));
  return TRUE;
}

GHashTable *
rb_check_expected_read (const RbCheckOptions  *options,
                        GPtrArray             *cases,
                        GError               **error)
{
  g_autoptr(GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  for (guint i = 0; options->only != NULL && options->only[i] != NULL; i++)
    if (!check_name (cases, options->only[i], "--only", error))
      return NULL;
  if (options->expected_failures == NULL)
    return g_steal_pointer (&names);
  if (!g_file_get_contents (options->expected_failures, &text, NULL, error))
    return NULL;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!take_line (names, cases, options->expected_failures, lines[i], error))
      return NULL;
  return g_steal_pointer (&names);
}

static gboolean
check_assignments (char               **assignments,
                   const RbModuleInfo  *info,
                   GError             **error)
{
  for (guint i = 0; assignments != NULL && assignments[i] != NULL; i++)
    {
      g_autoptr(GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      char *equals = strchr (assignments[i], '=');

      if (equals == NULL)
        {
          rb_set_error (error, RB_ERROR_INVALID, NULL, "'%s' is not KEY=VALUE", assignments[i]);
          return FALSE;
        }
      g_hash_table_insert (values, g_strndup (assignments[i], equals - assignments[i]), equals + 1);
      if (!rb_host_settings_check (info, values, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
rb_check_expected_settings (const RbCheckOptions  *options,
                            const RbModuleInfo    *info,
                            GError               **error)
{
  for (guint i = 0; options->settings_files != NULL && options->settings_files[i] != NULL; i++)
    {
      g_autoptr(GKeyFile) file = g_key_file_new ();

      if (!g_key_file_load_from_file (file, options->settings_files[i], G_KEY_FILE_NONE, error))
        {
          g_prefix_error (error, "%s: ", options->settings_files[i]);
          return FALSE;
        }
    }
  return check_assignments (options->settings, info, error) && check_assignments (options->twin_settings, info, error);
}
