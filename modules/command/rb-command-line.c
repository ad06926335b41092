/* rb-command-line.c: what is run for a kind, with which arguments and environment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-command-line.h"

#include "rb-api.h"

#include <string.h>

static gboolean
is_name (const char *text)
{
  if (*text == '\0' || g_str_equal (text, ".") || g_str_equal (text, ".."))
    return FALSE;
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("._-", *at) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
check_program (const char  *kind,
               const char  *program,
               GError     **error)
{
  g_autofree char *base = g_path_get_basename (program);

  if (strchr (program, '/') != NULL && !g_path_is_absolute (program))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                    "[command] command-%s: the program must be a bare name or an absolute path, not '%s'", kind, program);
      return FALSE;
    }
  if (is_name (base) && *base != '-')
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                "[command] command-%s: a program's name may hold only A-Z a-z 0-9 . _ -, not '%s'", kind, base);
  return FALSE;
}

static gboolean
parse_prompt (RbCommandLine  *self,
              const char     *mode,
              GError        **error)
{
  if (g_str_equal (mode, "stdin"))
    self->prompt = RB_PROMPT_STDIN;
  else if (g_str_equal (mode, "argument"))
    self->prompt = RB_PROMPT_ARGUMENT;
  else if (g_str_equal (mode, "environment"))
    self->prompt = RB_PROMPT_ENVIRONMENT;
  else
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                    "[command] prompt-%s: must be 'stdin', 'argument' or 'environment', not '%s'", self->kind, mode);
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_output (RbCommandLine  *self,
              const char     *mode,
              GError        **error)
{
  self->keep_output = g_str_equal (mode, "tail");
  if (self->keep_output || g_str_equal (mode, "null"))
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "[command] output-%s: must be 'tail' or 'null', not '%s'", self->kind, mode);
  return FALSE;
}

static gboolean
parse_line (RbCommandLine  *self,
            const char     *line,
            GError        **error)
{
  g_autoptr(GError) local_error = NULL;

  if (line != NULL && g_shell_parse_argv (line, NULL, &self->argv, &local_error))
    return check_program (self->kind, self->argv[0], error);

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "[command] command-%s: %s", self->kind,
                local_error != NULL ? local_error->message : "is missing, although 'kinds' names it");
  return FALSE;
}

RbCommandLine *
rb_command_line_new (const char  *kind,
                     const char  *line,
                     const char  *prompt_mode,
                     const char  *output_mode,
                     GError     **error)
{
  g_autoptr(RbCommandLine) self = g_new0 (RbCommandLine, 1);

  if (!is_name (kind))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                    "[command] kinds: a kind may hold only A-Z a-z 0-9 . _ -, not '%s'", kind);
      return NULL;
    }

  self->kind = g_strdup (kind);
  if (!parse_line (self, line, error) || !parse_prompt (self, prompt_mode, error) || !parse_output (self, output_mode, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
rb_command_line_free (RbCommandLine *self)
{
  g_free (self->kind);
  g_strfreev (self->argv);
  g_free (self);
}

/**
 * rb_command_line_dup_argv:
 * @self: a command line
 * @program: path of the program
 * @prompt: what the runtime is asked; may begin with a dash
 *
 * A prompt on the command line stands behind "--", so that it cannot pass for an option.
 *
 * Returns: (transfer full): the argument vector
 */
GStrv
rb_command_line_dup_argv (const RbCommandLine *self,
                          const char          *program,
                          const char          *prompt)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  guint n = g_strv_length (self->argv);

  g_strv_builder_add (builder, program);
  for (guint i = 1; i < n; i++)
    g_strv_builder_add (builder, self->argv[i]);
  if (self->prompt == RB_PROMPT_ARGUMENT)
    {
      if (n == 1 || !g_str_equal (self->argv[n - 1], "--"))
        g_strv_builder_add (builder, "--");
      g_strv_builder_add (builder, prompt);
    }
  return g_strv_builder_end (builder);
}

static gboolean
is_ours (const char *name)
{
  static const char *const prefixes[] = { "MASONS_BROKER_", "RB_", NULL };
  static const char *const names[] = {
    "MASONS_SPAWN_TOKEN", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
    "INVOCATION_ID", "JOURNAL_STREAM", "MAINPID", "MANAGERPID", NULL
  };

  for (guint i = 0; prefixes[i] != NULL; i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return TRUE;
  return g_strv_contains (names, name);
}

GStrv
rb_command_line_dup_environment (const RbCommandLine *self,
                                 const char *const   *environment,
                                 const char          *prompt,
                                 const char          *token)
{
  g_autoptr(GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; environment[i] != NULL; i++)
    {
      g_autofree char *name = g_strndup (environment[i], strcspn (environment[i], "="));

      if (!is_ours (name))
        g_ptr_array_add (kept, g_strdup (environment[i]));
    }

  g_ptr_array_add (kept, g_strconcat ("MASONS_SPAWN_TOKEN=", token, NULL));
  if (self->prompt == RB_PROMPT_ENVIRONMENT)
    g_ptr_array_add (kept, g_strconcat ("RB_SPAWN_PROMPT=", prompt, NULL));
  g_ptr_array_add (kept, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&kept), FALSE);
}
