/* rb-command-line.c: what is run for a kind, with which arguments and environment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-command-line.h"

#include "rb-api.h"
#include "rb-program-line.h"

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
  g_autofree char *setting = g_strconcat ("[command] output-", self->kind, NULL);

  return rb_program_parse_output (setting, mode, &self->keep_output, error);
}

static gboolean
parse_line (RbCommandLine  *self,
            const char     *line,
            GError        **error)
{
  g_autofree char *setting = g_strconcat ("[command] command-", self->kind, NULL);

  if (line != NULL)
    self->argv = rb_program_parse_command (setting, line, error);
  else
    rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s: is missing, although 'kinds' names it", setting);
  return self->argv != NULL;
}

RbCommandLine *
rb_command_line_new (const char  *kind,
                     const char  *line,
                     const char  *prompt_mode,
                     const char  *output_mode,
                     GError     **error)
{
  g_autoptr(RbCommandLine) self = g_new0 (RbCommandLine, 1);

  if (!rb_program_is_name (kind))
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
  g_free (self->directory);
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
  gboolean has_prompt = self->prompt == RB_PROMPT_ARGUMENT;
  guint n = g_strv_length (self->argv);
  gboolean has_separator = n > 1 && g_str_equal (self->argv[n - 1], "--");

  return rb_program_dup_argv ((const char *const *) self->argv, program, has_prompt && !has_separator ? "--" : NULL,
                              has_prompt ? prompt : NULL);
}

GStrv
rb_command_line_dup_environment (const RbCommandLine *self,
                                 const char *const   *environment,
                                 const char          *prompt,
                                 const char          *token)
{
  g_auto(GStrv) own = rb_program_dup_environment (environment, token);

  return self->prompt == RB_PROMPT_ENVIRONMENT ? g_environ_setenv (g_steal_pointer (&own), "RB_SPAWN_PROMPT", prompt, TRUE)
                                               : g_steal_pointer (&own);
}
