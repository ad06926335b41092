/* rb-program-child.h: a program in a process group of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-program-place.h"

G_BEGIN_DECLS

typedef struct _RbProgramChild RbProgramChild;

/* Called once; may free @child. @wait_status: RB_SPAWN_STATUS_UNKNOWN: only its end is known. */
typedef void (*RbProgramExited) (RbProgramChild *child, int wait_status, gpointer user_data);

/* Starts it in a session of its own, within the limits that the kernel knows for one process. Returns when the program runs. Fails with
 * RB_ERROR_UNAVAILABLE "spawn_failed". */
RbProgramChild *rb_program_child_new     (const RbProgramStart *start, const RbProgramPlace *place, const RbSpawnTerms *terms,
                                          RbProgramExited exited, gpointer user_data, GError **error);
/* Another process of the broker started it, or nobody of ours did. NULL: it is gone, or cannot be watched. */
RbProgramChild *rb_program_child_adopt   (GPid pid, RbProgramExited exited, gpointer user_data);
/* Lets go of it: the program runs on, nobody is told of its end. */
void            rb_program_child_free    (RbProgramChild *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbProgramChild, rb_program_child_free)

GPid            rb_program_child_get_pid (const RbProgramChild *self);
/* SIGTERM, or with @force SIGKILL, to its whole group. Of a group whose leader has ended for it the rest is killed. */
void            rb_program_child_end     (RbProgramChild *self, gboolean force);

G_END_DECLS
