/* rb-swap-state.h: one connector makes way for another, as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RB_SWAP_READY,        /* the new one is loaded and configured beside the old one; nothing was touched yet */
  RB_SWAP_DRAINING,     /* the window is shut; what is undecided is decided, what is being sent is answered */
  RB_SWAP_STOPPING,     /* the old one */
  RB_SWAP_STARTING,     /* the new one */
  RB_SWAP_CONNECTING,   /* the new one runs; for a moment what is sent waits for its link */
  RB_SWAP_CLEARING,     /* the new one, which did not start, is stopped */
  RB_SWAP_GOING_BACK,   /* the old one starts again */
  RB_SWAP_RETURNING,    /* the old one runs again, and is connecting likewise */
  RB_SWAP_WAITING,      /* for the next try of the old one, which did not start either */
  RB_SWAP_OVER,
} RbSwapState;

typedef enum {
  RB_SWAP_BEGIN,
  RB_SWAP_QUIET,        /* nothing is under way any more */
  RB_SWAP_SLOW,         /* only sends are, after the deadline */
  RB_SWAP_STUCK,        /* deliveries are undecided, after the deadline */
  RB_SWAP_STOPPED,      /* or given up: it is not heard any more */
  RB_SWAP_STARTED,
  RB_SWAP_FAILED,
  RB_SWAP_LINKED,       /* or there is no need to wait for that */
  RB_SWAP_LATE,         /* the old one is still starting; who asked need not wait for that */
  RB_SWAP_RETRY,
  RB_SWAP_ABORT,        /* the broker stops */
} RbSwapEvent;

typedef enum {
  RB_SWAP_CLOSE = 1 << 0,       /* the slot */
  RB_SWAP_STOP_OLD = 1 << 1,
  RB_SWAP_START_NEW = 1 << 2,
  RB_SWAP_STOP_NEW = 1 << 3,
  RB_SWAP_START_OLD = 1 << 4,   /* another instance of it */
  RB_SWAP_OPEN = 1 << 5,        /* the slot, with what is in it */
  RB_SWAP_ACCEPT = 1 << 6,      /* tell who asked that it is done */
  RB_SWAP_REFUSE = 1 << 7,      /* tell who asked why not */
  RB_SWAP_TRY_LATER = 1 << 8,
  RB_SWAP_AWAIT_LINK = 1 << 9,
} RbSwapTodo;

/* FALSE: nothing follows from @event in @state. Pure. */
gboolean    rb_swap_state_step      (RbSwapState state, RbSwapEvent event, RbSwapState *next, RbSwapTodo *todo);
const char *rb_swap_state_to_string (RbSwapState state);

G_END_DECLS
