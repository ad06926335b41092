/* rb-program-child.h: one started program: its input, the tail of its output, its end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RB_PROGRAM_TAIL_BYTES 65536

typedef struct _RbProgramChild RbProgramChild;

/* @output: valid UTF-8, at most RB_PROGRAM_TAIL_BYTES from the end of what the program wrote. Called once; may free @child. */
typedef void (*RbProgramExited) (RbProgramChild *child, int wait_status, const char *output, gpointer user_data);

typedef struct {
  char **argv;         /* argv[0]: an absolute path */
  char **environment;
  char  *input;        /* NULL: standard input on the null device */
  gboolean keep_output;
  gboolean is_launcher; /* rb-program-driver.h: its good end is not told */
} RbProgramStart;

/* Starts it in a session of its own. Returns when the program runs. Fails with RB_ERROR_UNAVAILABLE "spawn_failed". */
RbProgramChild *rb_program_child_new     (const RbProgramStart *start, RbProgramExited exited, gpointer user_data, GError **error);
/* Lets go of it: the program runs on, nobody is told of its end. A program that is still writing will find nobody reading. */
void            rb_program_child_free    (RbProgramChild *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbProgramChild, rb_program_child_free)

GPid            rb_program_child_get_pid (const RbProgramChild *self);

G_END_DECLS
