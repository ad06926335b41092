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
  RbEvent    *event;
  gint64      sequence;
  RbReported  done;
  gpointer    user_data;
} Running;

static void start_next (RbCore *core, RbAssignment *assignment);

/* (transfer full): the messages whose assignments have the event's id; the one that it is about comes last, so that nobody else waits for ever. */
static GPtrArray *
dup_messages (RbCore        *core,
              const RbEvent *event)
{
  g_autofree char *source_message_id = rb_events_dup_member (event, "source_message_id");
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_of_id (core->assignments, rb_event_get_subject (event));
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < assignments->len; i++)
    {
      const char *id = ((const RbAssignment *) g_ptr_array_index (assignments, i))->context->source_message_id;

      g_ptr_array_insert (ids, g_strcmp0 (id, source_message_id) == 0 ? -1 : 0, g_strdup (id));
    }
  return ids;
}

/* What waits in the outbox happened before what is asked now. */
static void
give_back (RbCore        *core,
           const RbEvent *event)
{
  g_hash_table_remove (core->asking, rb_event_get_subject (event));
  rb_outbox_wake (core, rb_event_get_subject (event));
  rb_turns_go_on (core, event);
}

static void
on_reported (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Running *running = user_data;

  running->done (core, error, running->user_data);
  give_back (core, running->event);
  g_free (running->source_message_id);
  g_free (running->assignment_id);
  rb_event_unref (running->event);
  g_free (running);
}

/* Meanwhile it may have ended, or ended and begun anew. */
static void
on_reserved (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  Running *running = user_data;
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, running->source_message_id, running->assignment_id);

  if (error != NULL || assignment == NULL)
    on_reported (core, error, running);
  else if (assignment->sequence.told != running->sequence)
    {
      g_autoptr(GError) gone = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "the assignment was made again");

      on_reported (core, gone, running);
    }
  else
    rb_events_report (core, running->event, on_reported, running);
  core->n_reports--;
  rb_core_stop_continue (core);
}

static void
reserve (RbCore       *core,
         RbAssignment *assignment,
         Running      *running)
{
  RbChanges *changes = rb_changes_new ();

  core->n_reports++;
  rb_assignment_record (assignment, changes);
  rb_core_commit (core, changes, on_reserved, running);
}

static void
run (RbCore       *core,
     RbAssignment *assignment,
     const RbTurn *turn)
{
  Running *running = g_new (Running, 1);

  running->source_message_id = g_strdup (assignment->context->source_message_id);
  running->assignment_id = g_strdup (assignment->context->assignment_id);
  running->done = turn->done;
  running->user_data = turn->user_data;
  rb_turns_take (core, running->assignment_id);
  running->event = turn->make (core, assignment, turn->user_data);
  running->sequence = assignment->sequence.told;
  if (rb_events_has_authority (core) && !rb_sequence_is_reserved (&assignment->sequence))
    reserve (core, assignment, running);
  else
    rb_events_report (core, running->event, on_reported, running);
}

static void
fail_all (RbCore       *core,
          RbAssignment *assignment,
          const GError *error)
{
  GQueue turns = assignment->turns;
  RbTurn *turn;

  g_queue_init (&assignment->turns);
  while ((turn = g_queue_pop_head (&turns)) != NULL)
    {
      turn->done (core, error, turn->user_data);
      g_free (turn);
    }
}

static void
start_next (RbCore       *core,
            RbAssignment *assignment)
{
  const char *assignment_id = assignment->context->assignment_id;

  if (assignment->turns.length == 0 || rb_turns_is_taken (core, assignment_id))
    return;

  if (!rb_outbox_has_report (core, assignment_id))
    {
      g_autofree RbTurn *turn = g_queue_pop_head (&assignment->turns);

      run (core, assignment, turn);
    }
  else if (!rb_outbox_hurry (core, assignment_id))
    {
      g_autoptr(GError) error = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "what happened before is told after the restart");

      fail_all (core, assignment, error);
    }
}

/* @error: who waits fails with it; NULL: goes on. */
static void
go_on_with_all (RbCore        *core,
                const RbEvent *event,
                const GError  *error)
{
  g_autoptr(GPtrArray) ids = dup_messages (core, event);

  for (guint i = 0; i < ids->len; i++)
    {
      RbAssignment *assignment = rb_assignments_lookup (core->assignments, g_ptr_array_index (ids, i), rb_event_get_subject (event));

      if (assignment != NULL && error != NULL)
        fail_all (core, assignment, error);
      else if (assignment != NULL)
        start_next (core, assignment);
    }
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
  give_back (core, event);
}

void
rb_turns_go_on (RbCore        *core,
                const RbEvent *event)
{
  go_on_with_all (core, event, NULL);
}

void
rb_turns_fail (RbCore        *core,
               const RbEvent *event,
               const GError  *error)
{
  go_on_with_all (core, event, error);
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
