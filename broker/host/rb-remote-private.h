/* rb-remote-private.h: the inside of RbRemoteConnector, for what it hears from its process and for the life of that
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-connector.h"

#include "rb-remote-flow.h"
#include "rb-remote-process.h"
#include "rb-remote-sends.h"

G_BEGIN_DECLS

typedef enum {
  RB_REMOTE_STATE_IDLE,        /* made */
  RB_REMOTE_STATE_CONFIGURED,
  RB_REMOTE_STATE_STARTING,    /* for the first time: @start_task waits */
  RB_REMOTE_STATE_UP,          /* a process runs and has started */
  RB_REMOTE_STATE_DOWN,        /* none does, or it has not started yet */
  RB_REMOTE_STATE_LEFT,        /* it is not to be started again: superseded, or refused for good */
  RB_REMOTE_STATE_STOPPING,
  RB_REMOTE_STATE_STOPPED,
} RbRemoteState;

struct _RbRemoteConnector {
  GObject parent_instance;

  const RbModuleInfo *info;
  GHashTable         *values;           /* of the settings, as the host checked them */
  RbModuleContext    *context;
  GVariant           *configuration;    /* what each process is given; a secret is in it */
  gint64              memory_mib;
  RbClock            *clock;
  RbRemoteState       state;
  RbRemoteProcess    *process;          /* NULL: none now */
  RbRemoteFlow       *flow;             /* of @process */
  RbRemoteSends      *sends;
  GTask              *start_task;
  GTask              *stop_task;
  GCancellable       *starting;         /* the cancellable of @start_task */
  gulong              starting_handler;

  gboolean            is_answered;      /* configure was, or failed with @error */
  GError             *error;
  char               *address;
  char               *reason;           /* why there is none now, or why the last one went */
  guint               window_messages;
  gsize               window_bytes;
  gboolean            has_window;

  RbBackoff           backoff;
  guint64             restart_timer;
  guint64             steady_timer;
  guint64             stop_timer;
  gint64              n_restarts;
};

/* rb-remote-life.c */

/* Starts a process, gives it the module's file, its settings and the window. */
gboolean rb_remote_make_process (RbRemoteConnector   *self,
                                 GError             **error);
void     rb_remote_say          (RbRemoteConnector   *self,
                                 RbRemoteType         type,
                                 gint64               first,
                                 gint64               second);
void     rb_remote_tell_window  (RbRemoteConnector   *self);
void     rb_remote_note_steady  (RbRemoteConnector   *self);
void     rb_remote_clear_timers (RbRemoteConnector   *self);
/* The answer to the start that somebody waits for. @error: (nullable): taken */
void     rb_remote_end_start    (RbRemoteConnector   *self,
                                 GError              *error);
/* @reason: NULL: as it should */
void     rb_remote_end_stop     (RbRemoteConnector   *self,
                                 const char          *reason);
/* The network is as far away as if it had hung up. */
void     rb_remote_be_away      (RbRemoteConnector   *self,
                                 const char          *text);

/* rb-remote-heard.c */
void     rb_remote_hear         (RbRemoteConnector   *self,
                                 const RbRemoteFrame *frame);

G_END_DECLS
