/* rb-turns.c: reports of one assignment leave one after the other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-turns.h"

#include "rb-error.h"
#include "rb-outbox.h"

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

/* What waits in the outbox happened before what is asked now. */
static void
give_back (RbCore     *core,
           const char *source_message_id,
           const char *assignment_id)
{
  RbAssignment *assignment;

  g_hash_table_remove (core->asking, assignment_id);
  rb_outbox_wake (core, assignment_id);
  assignment = rb_assignments_lookup (core->assignments, source_message_id, assignment_id);
  if (assignment != NULL)
    start_next (core, assignment);
}

static void
note_answer (RbAssignment *assignment,
             const GError *error)
{
  if (error != NULL && !g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED))
    assignment->unsure_sequence = MAX (assignment->unsure_sequence, assignment->asked_sequence);
  assignment->asked_sequence = 0;
}

static void
on_reported (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Running *running = user_data;
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, running->source_message_id, running->assignment_id);

  if (assignment != NULL)
    note_answer (assignment, error);
  running->done (core, error, running->user_data);
  give_back (core, running->source_message_id, running->assignment_id);
  g_free (running->source_message_id);
  g_free (running->assignment_id);
  g_free (running);
}

static void
start_next (RbCore       *core,
            RbAssignment *assignment)
{
  const char *assignment_id = assignment->context->assignment_id;
  g_autofree RbTurn *turn = rb_turns_is_taken (core, assignment_id) ? NULL : g_queue_pop_head (&assignment->turns);
  g_autoptr(RbEvent) event = NULL;
  Running *running;

  if (turn == NULL)
    return;

  running = g_new (Running, 1);
  running->source_message_id = g_strdup (assignment->context->source_message_id);
  running->assignment_id = g_strdup (assignment_id);
  running->done = turn->done;
  running->user_data = turn->user_data;
  rb_turns_take (core, assignment_id);
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
  start_next (core, assignment);
}

gboolean
rb_turns_is_taken (RbCore     *core,
                   const char *assignment_id)
{
  return g_hash_table_contains (core->asking, assignment_id);
}

void
rb_turns_take (RbCore     *core,
               const char *assignment_id)
{
  g_hash_table_add (core->asking, g_strdup (assignment_id));
}

void
rb_turns_give_back (RbCore        *core,
                    const RbEvent *event)
{
  g_autofree char *source_message_id = rb_events_dup_member (event, "source_message_id");

  give_back (core, source_message_id != NULL ? source_message_id : "", rb_event_get_subject (event));
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
