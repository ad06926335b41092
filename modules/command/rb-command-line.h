/* rb-command-line.h: what is run for a kind, with which arguments and environment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. */

typedef enum {
  RB_PROMPT_STDIN,         /* written to standard input, which is then closed */
  RB_PROMPT_ARGUMENT,      /* the last argument, after "--" */
  RB_PROMPT_ENVIRONMENT,   /* RB_SPAWN_PROMPT */
} RbPromptMode;

typedef struct {
  char         *kind;
  char        **argv;        /* as configured; argv[0] is a bare name or an absolute path */
  RbPromptMode  prompt;
  char         *directory;   /* where it works; NULL: its own */
  gboolean      keep_output; /* FALSE: standard output and error on the null device */
} RbCommandLine;

/* @line: split like a shell would, nothing else of a shell. Fails with RB_ERROR_INVALID: kind or program name outside A-Za-z0-9._-,
 * a relative path, an unbalanced quote, an unknown mode. */
RbCommandLine *rb_command_line_new      (const char *kind, const char *line, const char *prompt_mode, const char *output_mode,
                                         GError **error);
void           rb_command_line_free     (RbCommandLine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbCommandLine, rb_command_line_free)

/* @program: the path that was found for argv[0]. */
GStrv          rb_command_line_dup_argv (const RbCommandLine *self, const char *program, const char *prompt);
/* @environment without what is the broker's business (MASONS_BROKER_*, the service manager's variables), with MASONS_SPAWN_TOKEN.
 * Source: protocol.md 15.8, IMP-52. */
GStrv          rb_command_line_dup_environment (const RbCommandLine *self, const char *const *environment, const char *prompt,
                                                const char *token);

G_END_DECLS
