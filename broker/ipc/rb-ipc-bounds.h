/* rb-ipc-bounds.h: everything between adapters and the core that has a limit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

G_BEGIN_DECLS

/* Numbers of the table in rb-ipc-bounds.c. */
typedef enum {
  RB_IPC_BOUND_CONNECTIONS,
  RB_IPC_BOUND_REQUESTS,
  RB_IPC_BOUND_INPUT,
  RB_IPC_BOUND_BODY,
  RB_IPC_BOUND_MESSAGE,
  RB_IPC_BOUND_CHANNEL_REQUESTS,
  RB_IPC_BOUND_CHANNEL_QUEUE,
  RB_IPC_BOUND_PAGE_TICKETS,
  RB_IPC_BOUND_PAGE_SESSIONS,
  RB_IPC_BOUND_PAGE_SOCKETS,
  RB_IPC_BOUND_PAGE_QUEUE,
  RB_IPC_BOUND_PAGE_CHANGES,
  RB_N_IPC_BOUNDS,
} RbIpcBound;

typedef struct _RbIpcServer RbIpcServer;

/* The options of @server are there: its bounds, which the core shows. */
void rb_ipc_bounds_start (RbIpcServer *server);
/* Nobody looks at @server any more. */
void rb_ipc_bounds_stop  (RbIpcServer *server);

G_END_DECLS
