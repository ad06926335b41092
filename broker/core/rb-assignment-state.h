/* rb-assignment-state.h: the life of an assignment as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 11.4. */
typedef enum {
  RB_ASSIGNMENT_QUEUED,     /* not accepted, waits to be pushed; its acceptance deadline runs */
  RB_ASSIGNMENT_PENDING,    /* not accepted, the adapter took it; its acceptance deadline runs */
  RB_ASSIGNMENT_STAGED,     /* not accepted, fetched by the adapter; no deadline */
  RB_ASSIGNMENT_ACCEPTED,
  RB_ASSIGNMENT_REPLIED,    /* the reply was sent, its report is not confirmed */
  RB_ASSIGNMENT_GONE,
} RbAssignmentState;

typedef enum {
  RB_ASSIGNMENT_TAKEN,               /* the adapter's receipt came */
  RB_ASSIGNMENT_ADAPTER_ACCEPTED,
  RB_ASSIGNMENT_FAILED,              /* processing_failed */
  RB_ASSIGNMENT_FAILED_RETRYABLE,    /* processing_failed, retryable */
  RB_ASSIGNMENT_WAITING,             /* waiting_for_runtime_capability, target_lost_before_acceptance */
  RB_ASSIGNMENT_EXPIRED,
  RB_ASSIGNMENT_PROGRESS,            /* processing_started, processing_interrupted, delivery_attempted */
  RB_ASSIGNMENT_REPLY_SENT,
  RB_ASSIGNMENT_REPLY_CONFIRMED,
  RB_ASSIGNMENT_RESTORE,             /* acceptance deadline, push not received, endpoint lost, shutdown */
} RbAssignmentEvent;

typedef enum {
  RB_ASSIGNMENT_NOTHING   = 0,
  RB_ASSIGNMENT_STOP_TIMER = 1 << 0,
  RB_ASSIGNMENT_PUT_BACK  = 1 << 1,   /* its message returns to the inbox */
  RB_ASSIGNMENT_FORGET    = 1 << 2,   /* its message has ended */
  RB_ASSIGNMENT_DROP_STAGED = 1 << 3,
} RbAssignmentTodo;

/* FALSE: the event has no place in this state. */
gboolean     rb_assignment_state_step        (RbAssignmentState from, RbAssignmentEvent event, RbAssignmentState *next, RbAssignmentTodo *todo);
const char  *rb_assignment_state_to_string   (RbAssignmentState state);
gboolean     rb_assignment_state_from_string (const char *text, RbAssignmentState *state);
gboolean     rb_assignment_state_is_accepted (RbAssignmentState state);
/* What an adapter's word (protocol.md 16.5) means here; FALSE for a word that we do not know. */
gboolean     rb_assignment_event_from_report (const char *state, gboolean retryable, RbAssignmentEvent *event);
/* assigned_to_runtime_target, reply_requested, reply_emitted: an adapter may not report them. */
gboolean     rb_assignment_is_broker_owned   (const char *state);

G_END_DECLS
