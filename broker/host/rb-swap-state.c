/* rb-swap-state.c: one connector makes way for another, as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-swap-state.h"

static const struct {
  RbSwapState from;
  RbSwapEvent event;
  RbSwapState to;
  RbSwapTodo  todo;
} steps[] = {
  { RB_SWAP_READY,      RB_SWAP_BEGIN,   RB_SWAP_DRAINING,   RB_SWAP_CLOSE },
  { RB_SWAP_DRAINING,   RB_SWAP_QUIET,   RB_SWAP_STOPPING,   RB_SWAP_STOP_OLD },
  { RB_SWAP_DRAINING,   RB_SWAP_SLOW,    RB_SWAP_STOPPING,   RB_SWAP_STOP_OLD },
  { RB_SWAP_DRAINING,   RB_SWAP_STUCK,   RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_DRAINING,   RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_STOPPING,   RB_SWAP_STOPPED, RB_SWAP_STARTING,   RB_SWAP_START_NEW },
  { RB_SWAP_STOPPING,   RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_REFUSE },
  { RB_SWAP_STARTING,   RB_SWAP_STARTED, RB_SWAP_CONNECTING, RB_SWAP_AWAIT_LINK },
  { RB_SWAP_STARTING,   RB_SWAP_FAILED,  RB_SWAP_CLEARING,   RB_SWAP_STOP_NEW },
  { RB_SWAP_STARTING,   RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_REFUSE },
  { RB_SWAP_CONNECTING, RB_SWAP_LINKED,  RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_ACCEPT },
  { RB_SWAP_CONNECTING, RB_SWAP_FAILED,  RB_SWAP_CLEARING,   RB_SWAP_STOP_NEW },
  { RB_SWAP_CONNECTING, RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_CLEARING,   RB_SWAP_STOPPED, RB_SWAP_GOING_BACK, RB_SWAP_START_OLD },
  { RB_SWAP_CLEARING,   RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_REFUSE },
  { RB_SWAP_GOING_BACK, RB_SWAP_STARTED, RB_SWAP_RETURNING,  RB_SWAP_AWAIT_LINK },
  { RB_SWAP_GOING_BACK, RB_SWAP_FAILED,  RB_SWAP_WAITING,    RB_SWAP_OPEN | RB_SWAP_REFUSE | RB_SWAP_TRY_LATER },
  { RB_SWAP_GOING_BACK, RB_SWAP_LATE,    RB_SWAP_GOING_BACK, RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_GOING_BACK, RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_REFUSE },
  { RB_SWAP_RETURNING,  RB_SWAP_LINKED,  RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_RETURNING,  RB_SWAP_FAILED,  RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_RETURNING,  RB_SWAP_ABORT,   RB_SWAP_OVER,       RB_SWAP_OPEN | RB_SWAP_REFUSE },
  { RB_SWAP_WAITING,    RB_SWAP_RETRY,   RB_SWAP_GOING_BACK, RB_SWAP_START_OLD },
  { RB_SWAP_WAITING,    RB_SWAP_ABORT,   RB_SWAP_OVER,       0 },
};

gboolean
rb_swap_state_step (RbSwapState  state,
                    RbSwapEvent  event,
                    RbSwapState *next,
                    RbSwapTodo  *todo)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i].from == state && steps[i].event == event)
      {
        *next = steps[i].to;
        *todo = steps[i].todo;
        return TRUE;
      }
  return FALSE;
}

const char *
rb_swap_state_to_string (RbSwapState state)
{
  static const char *const names[] = {
    "ready", "draining", "stopping", "starting", "connecting", "clearing", "going_back", "returning", "waiting", "over",
  };

  return names[state];
}
