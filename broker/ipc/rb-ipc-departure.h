/* rb-ipc-departure.h: notices that a client leaves while its request is at work
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-ipc-poller.h"

G_BEGIN_DECLS

/* While a message is paused libsoup does not read, and so never learns that its client left. Whoever asks gets a cancellable; until somebody does,
 * nothing is watched. */
typedef struct {
  GCancellable *gone;       /* NULL: nobody asked */
  RbPoller     *poller;     /* borrowed; while @watch is */
  RbPollWatch  *watch;      /* on a descriptor of our own, so that nobody closes it first */
  int           watch_fd;   /* -1: none */
} RbIpcDeparture;

void          rb_ipc_departure_init         (RbIpcDeparture *self);
void          rb_ipc_departure_clear        (RbIpcDeparture *self);
/* Borrowed. */
GCancellable *rb_ipc_departure_get          (RbIpcDeparture *self);
void          rb_ipc_departure_watch_socket (RbIpcDeparture *self,
                                             RbPoller       *poller,
                                             GSocket        *socket);
/* The client left: whoever asked is told. */
void          rb_ipc_departure_happened     (RbIpcDeparture *self);
/* It is answered. */
void          rb_ipc_departure_stop         (RbIpcDeparture *self);

G_END_DECLS
