/* rb-program-line.h: which program is run, with which arguments and environment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. @setting is how an error names where the value came from: "[command] command-k". */

/* Only A-Z a-z 0-9 . _ - (protocol.md 15.8), and neither "." nor "..". */
gboolean  rb_program_is_name          (const char *text);

/* Split like a shell would, nothing else of a shell. The program is a bare name or an absolute path. Fails with RB_ERROR_INVALID
 * "bad_setting". */
GStrv     rb_program_parse_command    (const char *setting, const char *line, GError **error);
/* "tail": the end of the output is kept; "null": it goes to the null device. */
gboolean  rb_program_parse_output     (const char *setting, const char *mode, gboolean *keep_output, GError **error);

/* @argv with the path that was found for its program, and @separator and @prompt behind it; either may be NULL. */
GStrv     rb_program_dup_argv         (const char *const *argv, const char *path, const char *separator, const char *prompt);
/* The broker's business (MASONS_BROKER_*, the service manager's variables), and nobody else's. */
gboolean  rb_program_is_own_variable  (const char *name);
/* @environment without what is the broker's business (MASONS_BROKER_*, the service manager's variables), with MASONS_SPAWN_TOKEN.
 * Source: protocol.md 15.8, IMP-52. */
GStrv     rb_program_dup_environment  (const char *const *environment, const char *token);

G_END_DECLS
