/* rb-remote-pipe.h: frames over a socket, from and to a main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-frame.h"

G_BEGIN_DECLS

/* What is said in one turn of the main loop leaves in one piece before the loop sleeps, so that a burst costs few system calls.
 * Belongs to one thread. */
typedef struct _RbRemotePipe RbRemotePipe;

typedef struct {
  void (*frame)  (const RbRemoteFrame *frame, gpointer user_data);
  /* Once; nothing comes after it. @reason: what the other side said that it must not, or NULL: it said that no more comes. */
  void (*closed) (const char *reason, gpointer user_data);
} RbRemotePipeFuncs;

/* Takes @fd. @side: of ours. Reads on the thread-default context as long as the pipe is not closed. */
RbRemotePipe *rb_remote_pipe_new         (int                      fd,
                                          RbRemoteSide             side,
                                          const RbRemotePipeFuncs *funcs,
                                          gpointer                 user_data);
/* No function is called any more. Frees it, at the latest when it returns from the function that called this. */
void          rb_remote_pipe_free        (RbRemotePipe            *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRemotePipe, rb_remote_pipe_free)

/* Returns where in all that was ever said it ends, see rb_remote_pipe_get_written(); of a closed one RB_REMOTE_PIPE_NEVER: it does not leave. */
#define RB_REMOTE_PIPE_NEVER G_MAXUINT64
guint64       rb_remote_pipe_send        (RbRemotePipe            *self,
                                          const RbRemoteFrame     *frame);
guint64       rb_remote_pipe_get_written (const RbRemotePipe      *self);   /* bytes that the kernel has taken */
gsize         rb_remote_pipe_get_queued  (const RbRemotePipe      *self);   /* bytes that it has not */
/* Blocks until something happens, for @timeout_ms at most; for who waits for one answer before there is a main loop. FALSE: nothing did. */
gboolean      rb_remote_pipe_turn        (RbRemotePipe            *self,
                                          int                      timeout_ms);
/* Reads what the other side left when it went. */
void          rb_remote_pipe_drain       (RbRemotePipe            *self);
/* Blocks until all that was said is with the kernel, or the other side has gone. */
void          rb_remote_pipe_flush       (RbRemotePipe            *self);

G_END_DECLS
