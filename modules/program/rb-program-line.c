/* rb-program-line.c: which program is run, with which arguments and environment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-line.h"

#include "rb-api.h"

#include <string.h>

gboolean
rb_program_is_name (const char *text)
{
  if (*text == '\0' || g_str_equal (text, ".") || g_str_equal (text, ".."))
    return FALSE;
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("._-", *at) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
check_program (const char  *setting,
               const char  *program,
               GError     **error)
{
  g_autofree char *base = g_path_get_basename (program);

  if (strchr (program, '/') != NULL && !g_path_is_absolute (program))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s: the program must be a bare name or an absolute path, not '%s'", setting,
                    program);
      return FALSE;
    }
  if (rb_program_is_name (base) && *base != '-')
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s: a program's name may hold only A-Z a-z 0-9 . _ -, not '%s'", setting, base);
  return FALSE;
}

GStrv
rb_program_parse_command (const char  *setting,
                          const char  *line,
                          GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_auto(GStrv) argv = NULL;

  if (!g_shell_parse_argv (line, NULL, &argv, &local_error))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s: %s", setting, local_error->message);
      return NULL;
    }
  return check_program (setting, argv[0], error) ? g_steal_pointer (&argv) : NULL;
}

gboolean
rb_program_parse_output (const char  *setting,
                         const char  *mode,
                         gboolean    *keep_output,
                         GError     **error)
{
  *keep_output = g_str_equal (mode, "tail");
  if (*keep_output || g_str_equal (mode, "null"))
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s: must be 'tail' or 'null', not '%s'", setting, mode);
  return FALSE;
}

GStrv
rb_program_dup_argv (const char *const *argv,
                     const char        *path,
                     const char        *separator,
                     const char        *prompt)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, path);
  for (gsize i = 1; argv[i] != NULL; i++)
    g_strv_builder_add (builder, argv[i]);
  if (separator != NULL)
    g_strv_builder_add (builder, separator);
  if (prompt != NULL)
    g_strv_builder_add (builder, prompt);
  return g_strv_builder_end (builder);
}

gboolean
rb_program_is_own_variable (const char *name)
{
  static const char *const prefixes[] = { "MASONS_BROKER_", "RB_", NULL };
  static const char *const names[] = {
    "MASONS_SPAWN_TOKEN", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
    "INVOCATION_ID", "JOURNAL_STREAM", "MAINPID", "MANAGERPID", "SYSTEMD_EXEC_PID", "CREDENTIALS_DIRECTORY",
    "DBUS_STARTER_ADDRESS", "DBUS_STARTER_BUS_TYPE", NULL
  };

  for (guint i = 0; prefixes[i] != NULL; i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return TRUE;
  return g_strv_contains (names, name);
}

GStrv
rb_program_dup_environment (const char *const *environment,
                            const char        *token)
{
  g_autoptr(GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; environment[i] != NULL; i++)
    {
      g_autofree char *name = g_strndup (environment[i], strcspn (environment[i], "="));

      if (!rb_program_is_own_variable (name))
        g_ptr_array_add (kept, g_strdup (environment[i]));
    }

  g_ptr_array_add (kept, g_strconcat ("MASONS_SPAWN_TOKEN=", token, NULL));
  g_ptr_array_add (kept, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&kept), FALSE);
}
