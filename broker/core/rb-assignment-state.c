/* rb-assignment-state.c: the life of an assignment as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-assignment-state.h"

#include <string.h>

#define QUEUED RB_ASSIGNMENT_QUEUED
#define PENDING RB_ASSIGNMENT_PENDING
#define STAGED RB_ASSIGNMENT_STAGED
#define ACCEPTED RB_ASSIGNMENT_ACCEPTED
#define REPLIED RB_ASSIGNMENT_REPLIED
#define GONE RB_ASSIGNMENT_GONE

#define END (RB_ASSIGNMENT_STOP_TIMER | RB_ASSIGNMENT_FORGET)
#define BACK (RB_ASSIGNMENT_STOP_TIMER | RB_ASSIGNMENT_PUT_BACK)

static const struct {
  RbAssignmentState from;
  RbAssignmentEvent event;
  RbAssignmentState to;
  RbAssignmentTodo  todo;
} steps[] = {
  { QUEUED, RB_ASSIGNMENT_TAKEN, PENDING, RB_ASSIGNMENT_NOTHING },
  { QUEUED, RB_ASSIGNMENT_ADAPTER_ACCEPTED, ACCEPTED, RB_ASSIGNMENT_STOP_TIMER },
  { QUEUED, RB_ASSIGNMENT_FAILED, GONE, END },
  { QUEUED, RB_ASSIGNMENT_FAILED_RETRYABLE, GONE, BACK },
  { QUEUED, RB_ASSIGNMENT_WAITING, GONE, BACK },
  { QUEUED, RB_ASSIGNMENT_EXPIRED, GONE, END },
  { QUEUED, RB_ASSIGNMENT_PROGRESS, QUEUED, RB_ASSIGNMENT_NOTHING },
  { QUEUED, RB_ASSIGNMENT_RESTORE, GONE, BACK },

  { PENDING, RB_ASSIGNMENT_TAKEN, PENDING, RB_ASSIGNMENT_NOTHING },
  { PENDING, RB_ASSIGNMENT_ADAPTER_ACCEPTED, ACCEPTED, RB_ASSIGNMENT_STOP_TIMER },
  { PENDING, RB_ASSIGNMENT_FAILED, GONE, END },
  { PENDING, RB_ASSIGNMENT_FAILED_RETRYABLE, GONE, BACK },
  { PENDING, RB_ASSIGNMENT_WAITING, GONE, BACK },
  { PENDING, RB_ASSIGNMENT_EXPIRED, GONE, END },
  { PENDING, RB_ASSIGNMENT_PROGRESS, PENDING, RB_ASSIGNMENT_NOTHING },
  { PENDING, RB_ASSIGNMENT_RESTORE, GONE, BACK },

  { STAGED, RB_ASSIGNMENT_ADAPTER_ACCEPTED, ACCEPTED, RB_ASSIGNMENT_NOTHING },
  { STAGED, RB_ASSIGNMENT_FAILED, GONE, RB_ASSIGNMENT_FORGET | RB_ASSIGNMENT_DROP_STAGED },
  { STAGED, RB_ASSIGNMENT_FAILED_RETRYABLE, GONE, RB_ASSIGNMENT_FORGET | RB_ASSIGNMENT_DROP_STAGED },
  { STAGED, RB_ASSIGNMENT_WAITING, GONE, RB_ASSIGNMENT_FORGET | RB_ASSIGNMENT_DROP_STAGED },
  { STAGED, RB_ASSIGNMENT_EXPIRED, GONE, RB_ASSIGNMENT_FORGET | RB_ASSIGNMENT_DROP_STAGED },
  { STAGED, RB_ASSIGNMENT_PROGRESS, STAGED, RB_ASSIGNMENT_NOTHING },
  { STAGED, RB_ASSIGNMENT_RESTORE, GONE, RB_ASSIGNMENT_FORGET },

  { ACCEPTED, RB_ASSIGNMENT_TAKEN, ACCEPTED, RB_ASSIGNMENT_NOTHING },
  { ACCEPTED, RB_ASSIGNMENT_ADAPTER_ACCEPTED, ACCEPTED, RB_ASSIGNMENT_NOTHING },
  { ACCEPTED, RB_ASSIGNMENT_FAILED, GONE, END },
  { ACCEPTED, RB_ASSIGNMENT_FAILED_RETRYABLE, GONE, END },
  { ACCEPTED, RB_ASSIGNMENT_WAITING, ACCEPTED, RB_ASSIGNMENT_NOTHING },
  { ACCEPTED, RB_ASSIGNMENT_EXPIRED, GONE, END },
  { ACCEPTED, RB_ASSIGNMENT_PROGRESS, ACCEPTED, RB_ASSIGNMENT_NOTHING },
  { ACCEPTED, RB_ASSIGNMENT_REPLY_SENT, REPLIED, RB_ASSIGNMENT_NOTHING },

  { REPLIED, RB_ASSIGNMENT_TAKEN, REPLIED, RB_ASSIGNMENT_NOTHING },
  { REPLIED, RB_ASSIGNMENT_ADAPTER_ACCEPTED, REPLIED, RB_ASSIGNMENT_NOTHING },
  { REPLIED, RB_ASSIGNMENT_FAILED, GONE, END },
  { REPLIED, RB_ASSIGNMENT_FAILED_RETRYABLE, GONE, END },
  { REPLIED, RB_ASSIGNMENT_WAITING, REPLIED, RB_ASSIGNMENT_NOTHING },
  { REPLIED, RB_ASSIGNMENT_EXPIRED, GONE, END },
  { REPLIED, RB_ASSIGNMENT_PROGRESS, REPLIED, RB_ASSIGNMENT_NOTHING },
  { REPLIED, RB_ASSIGNMENT_REPLY_SENT, REPLIED, RB_ASSIGNMENT_NOTHING },
  { REPLIED, RB_ASSIGNMENT_REPLY_CONFIRMED, GONE, END },
};

static const char *const names[] = {
  [RB_ASSIGNMENT_QUEUED] = "queued",
  [RB_ASSIGNMENT_PENDING] = "pending",
  [RB_ASSIGNMENT_STAGED] = "staged",
  [RB_ASSIGNMENT_ACCEPTED] = "accepted",
  [RB_ASSIGNMENT_REPLIED] = "replied",
  [RB_ASSIGNMENT_GONE] = "gone",
};

gboolean
rb_assignment_state_step (RbAssignmentState  from,
                          RbAssignmentEvent  event,
                          RbAssignmentState *next,
                          RbAssignmentTodo  *todo)
{
  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      if (steps[i].from != from || steps[i].event != event)
        continue;

      *next = steps[i].to;
      *todo = steps[i].todo;
      return TRUE;
    }

  return FALSE;
}

const char *
rb_assignment_state_to_string (RbAssignmentState state)
{
  return names[state];
}

gboolean
rb_assignment_state_from_string (const char        *text,
                                 RbAssignmentState *state)
{
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (text, names[i]) == 0)
      {
        *state = (RbAssignmentState) i;
        return TRUE;
      }

  return FALSE;
}

gboolean
rb_assignment_state_is_accepted (RbAssignmentState state)
{
  return state == RB_ASSIGNMENT_ACCEPTED || state == RB_ASSIGNMENT_REPLIED;
}

gboolean
rb_assignment_event_from_report (const char        *state,
                                 gboolean           retryable,
                                 RbAssignmentEvent *event)
{
  static const struct {
    const char        *state;
    RbAssignmentEvent  event;
  } reports[] = {
    { "adapter_accepted", RB_ASSIGNMENT_ADAPTER_ACCEPTED },
    { "processing_started", RB_ASSIGNMENT_PROGRESS },
    { "processing_interrupted", RB_ASSIGNMENT_PROGRESS },
    { "delivery_attempted", RB_ASSIGNMENT_PROGRESS },
    { "processing_failed", RB_ASSIGNMENT_FAILED },
    { "waiting_for_runtime_capability", RB_ASSIGNMENT_WAITING },
    { "target_lost_before_acceptance", RB_ASSIGNMENT_WAITING },
    { "expired", RB_ASSIGNMENT_EXPIRED },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      if (strcmp (state, reports[i].state) != 0)
        continue;

      *event = reports[i].event;
      if (*event == RB_ASSIGNMENT_FAILED && retryable)
        *event = RB_ASSIGNMENT_FAILED_RETRYABLE;
      return TRUE;
    }

  return FALSE;
}

gboolean
rb_assignment_is_broker_owned (const char *state)
{
  return strcmp (state, "assigned_to_runtime_target") == 0 || strcmp (state, "reply_requested") == 0 ||
         strcmp (state, "reply_emitted") == 0;
}
