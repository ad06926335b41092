/* rb-endpoint-state.h: the life of an endpoint as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 7.5. */
typedef enum {
  RB_ENDPOINT_ACTIVE,
  RB_ENDPOINT_RECONNECTING,
  RB_ENDPOINT_CLOSED,
} RbEndpointState;

typedef enum {
  RB_ENDPOINT_IPC_CLOSE_ALIVE,      /* the channel closed, its process lives */
  RB_ENDPOINT_IPC_CLOSE_DEAD,       /* the channel closed, its process does not */
  RB_ENDPOINT_PROCESS_EXITED,       /* the process of a reconnecting endpoint ended: nobody can come back */
  RB_ENDPOINT_EXPLICIT_UNREGISTER,
  RB_ENDPOINT_REATTACH,
  RB_ENDPOINT_GRACE_EXPIRED,
} RbEndpointEvent;

typedef enum {
  RB_ENDPOINT_NOTHING     = 0,
  RB_ENDPOINT_START_GRACE = 1 << 0,
  RB_ENDPOINT_STOP_GRACE  = 1 << 1,
  RB_ENDPOINT_REPORT      = 1 << 2,
  RB_ENDPOINT_PUSH_QUEUE  = 1 << 3,
  RB_ENDPOINT_REMOVE      = 1 << 4,
} RbEndpointTodo;

/* FALSE when the event is ignored in this state: nothing is filled. @reason is the wire's word for the report. */
gboolean     rb_endpoint_state_step      (RbEndpointState   state,
                                          RbEndpointEvent   event,
                                          RbEndpointState  *next,
                                          RbEndpointTodo   *todo,
                                          const char      **reason);
const char  *rb_endpoint_state_to_string (RbEndpointState state);
gboolean     rb_endpoint_state_from_string (const char *text, RbEndpointState *state);
const char  *rb_endpoint_event_to_string (RbEndpointEvent event);

G_END_DECLS
