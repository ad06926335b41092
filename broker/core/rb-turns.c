/* rb-turns.c: reports of one assignment leave one after the other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-turns.h"

struct _RbTurn {
  RbMakeReport  make;
  RbReported    done;
  gpointer      user_data;
};

typedef struct {
  char       *source_message_id;
  char       *assignment_id;
  RbReported  done;
  gpointer    user_data;
} Running;

static void start_next (RbCore *core, RbAssignment *assignment);

static void
on_reported (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Running *running = user_data;
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, running->source_message_id, running->assignment_id);

  if (assignment != NULL)
    assignment->asked_sequence = 0;
  running->done (core, error, running->user_data);
  assignment = rb_assignments_lookup (core->assignments, running->source_message_id, running->assignment_id);
  g_free (running->source_message_id);
  g_free (running->assignment_id);
  g_free (running);
  if (assignment == NULL)
    return;

  assignment->is_reporting = FALSE;
  start_next (core, assignment);
}

static void
start_next (RbCore       *core,
            RbAssignment *assignment)
{
  g_autofree RbTurn *turn = g_queue_pop_head (&assignment->turns);
  g_autoptr(RbEvent) event = NULL;
  Running *running;

  if (turn == NULL)
    return;

  running = g_new (Running, 1);
  running->source_message_id = g_strdup (assignment->context->source_message_id);
  running->assignment_id = g_strdup (assignment->context->assignment_id);
  running->done = turn->done;
  running->user_data = turn->user_data;
  assignment->is_reporting = TRUE;
  event = turn->make (core, assignment, turn->user_data);
  rb_events_report (core, event, on_reported, running);
}

void
rb_turns_report (RbCore       *core,
                 RbAssignment *assignment,
                 RbMakeReport  make,
                 RbReported    done,
                 gpointer      user_data)
{
  RbTurn *turn = g_new (RbTurn, 1);

  *turn = (RbTurn) { make, done, user_data };
  g_queue_push_tail (&assignment->turns, turn);
  if (!assignment->is_reporting)
    start_next (core, assignment);
}

void
rb_turns_forget (RbCore       *core,
                 RbAssignment *assignment)
{
  GQueue turns = assignment->turns;
  RbTurn *turn;

  g_queue_init (&assignment->turns);
  rb_assignments_remove (core->assignments, assignment);
  while ((turn = g_queue_pop_head (&turns)) != NULL)
    {
      turn->done (core, NULL, turn->user_data);
      g_free (turn);
    }
}
