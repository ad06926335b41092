/* rb-remote-process.h: one process that an isolated module runs in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-pipe.h"

G_BEGIN_DECLS

/* A child of ours in a process group of its own, with one end of a socket pair and nothing else of ours; it ends with us. It is asked every
 * few seconds whether its main loop still turns, and killed when it does not answer. */
typedef struct _RbRemoteProcess RbRemoteProcess;

typedef struct {
  void (*frame) (const RbRemoteFrame *frame, gpointer user_data);
  /* Once, after its last frame, when it has ended and was reaped. @reason: for people: "signal 11 (Segmentation fault)". */
  void (*died)  (const char *reason, gpointer user_data);
} RbRemoteProcessFuncs;

typedef struct {
  const char  *title;        /* how it shows among processes: "connector-local" */
  RbClock     *clock;        /* (nullable): nobody asks whether it turns */
  gint64       memory_mib;   /* that it may have for itself; 0: no limit */
} RbRemoteProcessOptions;

/* Fails with RB_ERROR_UNAVAILABLE "isolation_unavailable". */
RbRemoteProcess *rb_remote_process_new      (const RbRemoteProcessOptions *options,
                                             const RbRemoteProcessFuncs   *funcs,
                                             gpointer                      user_data,
                                             GError                      **error);
/* Kills it when it still runs, and reaps it; no function is called any more. */
void             rb_remote_process_free     (RbRemoteProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRemoteProcess, rb_remote_process_free)

RbRemotePipe    *rb_remote_process_get_pipe (RbRemoteProcess *self);
gint64           rb_remote_process_get_pid  (RbRemoteProcess *self);   /* 0: it was reaped */
/* @why: what people are told of its death. */
void             rb_remote_process_kill     (RbRemoteProcess *self,
                                             const char      *why);
/* Turns until @done says so, for @timeout_ms at most. FALSE with RB_ERROR_UNAVAILABLE: it died, or took longer. */
gboolean         rb_remote_process_wait     (RbRemoteProcess *self,
                                             const gboolean  *done,
                                             int              timeout_ms,
                                             GError         **error);

G_END_DECLS
