/* rb-endpoint-state.c: the life of an endpoint as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-endpoint-state.h"

static const struct {
  RbEndpointState  from;
  RbEndpointEvent  event;
  RbEndpointState  to;
  RbEndpointTodo   todo;
  const char      *reason;
} steps[] = {
  { RB_ENDPOINT_ACTIVE, RB_ENDPOINT_IPC_CLOSE_ALIVE, RB_ENDPOINT_RECONNECTING,
    RB_ENDPOINT_START_GRACE | RB_ENDPOINT_REPORT, "ipc_close" },
  { RB_ENDPOINT_ACTIVE, RB_ENDPOINT_IPC_CLOSE_DEAD, RB_ENDPOINT_CLOSED,
    RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE, "plugin_exit" },
  { RB_ENDPOINT_ACTIVE, RB_ENDPOINT_EXPLICIT_UNREGISTER, RB_ENDPOINT_CLOSED,
    RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE, "explicit_unregister" },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_REATTACH, RB_ENDPOINT_ACTIVE,
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_PUSH_QUEUE | RB_ENDPOINT_REPORT, "reattach" },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_GRACE_EXPIRED, RB_ENDPOINT_CLOSED,
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE, "grace_timeout" },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_PROCESS_EXITED, RB_ENDPOINT_CLOSED,
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE, "plugin_exit" },
  { RB_ENDPOINT_RECONNECTING, RB_ENDPOINT_EXPLICIT_UNREGISTER, RB_ENDPOINT_CLOSED,
    RB_ENDPOINT_STOP_GRACE | RB_ENDPOINT_REPORT | RB_ENDPOINT_REMOVE, "explicit_unregister" },
};

static const char *const state_names[] = {
  [RB_ENDPOINT_ACTIVE] = "active",
  [RB_ENDPOINT_RECONNECTING] = "reconnecting",
  [RB_ENDPOINT_CLOSED] = "closed",
};

static const char *const event_names[] = {
  [RB_ENDPOINT_IPC_CLOSE_ALIVE] = "ipc_close",
  [RB_ENDPOINT_IPC_CLOSE_DEAD] = "ipc_close_dead",
  [RB_ENDPOINT_PROCESS_EXITED] = "process_exited",
  [RB_ENDPOINT_EXPLICIT_UNREGISTER] = "explicit_unregister",
  [RB_ENDPOINT_REATTACH] = "reattach",
  [RB_ENDPOINT_GRACE_EXPIRED] = "grace_expired",
};

gboolean
rb_endpoint_state_step (RbEndpointState   state,
                        RbEndpointEvent   event,
                        RbEndpointState  *next,
                        RbEndpointTodo   *todo,
                        const char      **reason)
{
  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      if (steps[i].from != state || steps[i].event != event)
        continue;

      *next = steps[i].to;
      *todo = steps[i].todo;
      *reason = steps[i].reason;
      return TRUE;
    }

  return FALSE;
}

const char *
rb_endpoint_state_to_string (RbEndpointState state)
{
  return state_names[state];
}

gboolean
rb_endpoint_state_from_string (const char      *text,
                               RbEndpointState *state)
{
  for (size_t i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (g_strcmp0 (text, state_names[i]) == 0)
      {
        *state = (RbEndpointState) i;
        return TRUE;
      }

  return FALSE;
}

const char *
rb_endpoint_event_to_string (RbEndpointEvent event)
{
  return event_names[event];
}
