/* rb-local-receiver.c: reads our mailbox and hands messages on, within the window
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* At most one read and one acceptance are on their way to the disk, so that what piles up meanwhile goes together. Acceptances
 * that could not be written are kept and told again when the network is back. */
#include "config.h"

#include "rb-local-receiver.h"

#include "rb-crash-point.h"
#include "rb-error.h"

struct _RbLocalReceiver {
  grefcount             ref_count;          /* of the owner and of jobs on their way */
  GObject              *owner;              /* borrowed; jobs on their way hold a reference */
  RbClock              *clock;
  RbLocalReceiverFuncs  funcs;
  RbLocalNetwork       *network;            /* borrowed; NULL: paused */
  RbLocalMailbox       *mailbox;
  GArray               *accepted;           /* gint64: not yet on their way to the database */
  gboolean              accepting;
  gboolean              reading;
  guint64               redelivery_timer;   /* of @clock */
  gint64                redelivery_us;      /* when that one fires */
};

typedef struct {
  RbLocalReceiver *receiver;   /* both owned */
  GObject         *owner;
} Waiting;

static void pump (RbLocalReceiver *self);

static void
run_job (RbLocalReceiver     *self,
         RbLocalNetwork      *network,
         RbLocalJob          *job,
         GAsyncReadyCallback  callback)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  g_ref_count_inc (&self->ref_count);
  waiting->receiver = self;
  waiting->owner = g_object_ref (self->owner);
  rb_local_network_run_async (network, job, callback, waiting);
}

static void
waiting_free (Waiting *waiting)
{
  rb_local_receiver_unref (waiting->receiver);
  g_object_unref (waiting->owner);
  g_free (waiting);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiting, waiting_free)

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(Waiting) waiting = user_data;
  RbLocalReceiver *self = waiting->receiver;
  RbLocalJob *job;

  self->accepting = FALSE;
  if (!rb_local_network_run_finish (result, &job, NULL))
    g_array_prepend_vals (self->accepted, job->seqs->data, job->seqs->len);
  else
    pump (self);
}

static void
tell_accepted (RbLocalReceiver *self,
               RbLocalNetwork  *network)
{
  RbLocalJob *job;

  if (self->accepted->len == 0)
    return;

  job = rb_local_job_new (RB_LOCAL_JOB_ACCEPT, rb_clock_get_wall_ms (self->clock));
  job->seqs = g_steal_pointer (&self->accepted);
  self->accepted = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->accepting = TRUE;
  run_job (self, network, job, on_accepted);
}

/* The receiver's owner may do anything to us in between. */
static void
hand_on (RbLocalReceiver *self,
         RbLocalJob      *job)
{
  gboolean cut = FALSE;

  for (guint i = 0; i < job->gone->len; i++)
    rb_local_mailbox_forget (self->mailbox, g_array_index (job->gone, gint64, i));

  for (guint i = 0; i < job->rows->len && !cut; i++)
    {
      const RbLocalRow *row = &g_array_index (job->rows, RbLocalRow, i);

      RB_CRASH_POINT (LOCAL_BEFORE_DELIVERY);
      if (self->network != NULL && rb_local_mailbox_take (self->mailbox, row->seq, row->size))
        self->funcs.deliver (row->seq, row->envelope, self->owner);
      else
        cut = TRUE;
    }
  rb_local_mailbox_end (self->mailbox, job->more || cut, job->blocked_size);
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(Waiting) waiting = user_data;
  g_autoptr(GError) error = NULL;
  RbLocalReceiver *self = waiting->receiver;
  RbLocalJob *job;

  self->reading = FALSE;
  if (rb_local_network_run_finish (result, &job, &error))
    {
      hand_on (self, job);
      pump (self);
      return;
    }

  rb_local_mailbox_end (self->mailbox, TRUE, 0);
  if (self->network == NULL || !g_error_matches (error, RB_ERROR, RB_ERROR_BAD_STATE))
    return;
  rb_local_receiver_pause (self);
  self->funcs.superseded (self->owner);
}

static void
read_more (RbLocalReceiver *self)
{
  RbLocalPlan plan = { 0 };
  RbLocalJob *job;

  if (!rb_local_mailbox_plan (self->mailbox, rb_clock_get_monotonic_us (self->clock), &plan))
    return;

  job = rb_local_job_new (RB_LOCAL_JOB_READ, rb_clock_get_wall_ms (self->clock));
  job->plan = plan;
  self->reading = TRUE;
  run_job (self, self->network, job, on_read);
}

static void
on_redelivery_due (gpointer user_data)
{
  RbLocalReceiver *self = user_data;

  self->redelivery_timer = 0;
  pump (self);
}

/* One timer, for the earliest message; what is due already waits for room, not for time. */
static void
schedule_redelivery (RbLocalReceiver *self)
{
  gint64 due_us = rb_local_mailbox_get_next_due (self->mailbox);
  gint64 now_us = rb_clock_get_monotonic_us (self->clock);

  if (self->redelivery_timer != 0 && self->redelivery_us == due_us)
    return;

  rb_clock_clear (self->clock, &self->redelivery_timer);
  if (due_us <= now_us)
    return;
  self->redelivery_us = due_us;
  self->redelivery_timer = rb_clock_add (self->clock, (due_us - now_us + 999) / 1000, on_redelivery_due, self);
}

/* Whatever may have made something possible ends here. */
static void
pump (RbLocalReceiver *self)
{
  if (self->network == NULL)
    return;

  if (!self->accepting)
    tell_accepted (self, self->network);
  if (!self->reading)
    read_more (self);
  schedule_redelivery (self);
}

/**
 * rb_local_receiver_new:
 * @clock: for redelivery
 * @funcs: called on the main context while it runs
 * @owner: borrowed; pauses and drops the receiver before it goes
 *
 * Returns: (transfer full): a paused receiver with an empty window
 */
RbLocalReceiver *
rb_local_receiver_new (RbClock                    *clock,
                       const RbLocalReceiverFuncs *funcs,
                       GObject                    *owner)
{
  RbLocalReceiver *self = g_new0 (RbLocalReceiver, 1);

  g_ref_count_init (&self->ref_count);
  self->clock = g_object_ref (clock);
  self->funcs = *funcs;
  self->owner = owner;
  self->mailbox = rb_local_mailbox_new ();
  self->accepted = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

void
rb_local_receiver_unref (RbLocalReceiver *self)
{
  g_return_if_fail (self != NULL);

  if (!g_ref_count_dec (&self->ref_count))
    return;

  rb_local_receiver_pause (self);
  rb_local_mailbox_free (self->mailbox);
  g_array_unref (self->accepted);
  g_object_unref (self->clock);
  g_free (self);
}

/**
 * rb_local_receiver_run:
 * @self: a receiver
 * @network: open; borrowed until rb_local_receiver_pause()
 *
 * Reads from now on. What was handed on before a pause and is not decided yet is still in flight.
 */
void
rb_local_receiver_run (RbLocalReceiver *self,
                       RbLocalNetwork  *network)
{
  g_return_if_fail (self != NULL);

  self->network = network;
  rb_local_mailbox_ring (self->mailbox);
  pump (self);
}

/* Nothing is handed on and no timer runs. Acceptances are kept. */
void
rb_local_receiver_pause (RbLocalReceiver *self)
{
  g_return_if_fail (self != NULL);

  self->network = NULL;
  rb_clock_clear (self->clock, &self->redelivery_timer);
}

/* Tells what is accepted, also while paused. */
void
rb_local_receiver_flush (RbLocalReceiver *self,
                         RbLocalNetwork  *network)
{
  g_return_if_fail (self != NULL);
  tell_accepted (self, network);
}

void
rb_local_receiver_set_window (RbLocalReceiver *self,
                              guint            messages,
                              gsize            bytes)
{
  g_return_if_fail (self != NULL);

  rb_local_mailbox_set_window (self->mailbox, messages, bytes);
  pump (self);
}

/* There may be new messages. */
void
rb_local_receiver_ring (RbLocalReceiver *self)
{
  g_return_if_fail (self != NULL);

  rb_local_mailbox_ring (self->mailbox);
  pump (self);
}

void
rb_local_receiver_accept (RbLocalReceiver *self,
                          gint64           seq)
{
  g_return_if_fail (self != NULL);

  if (!rb_local_mailbox_accept (self->mailbox, seq))
    return;

  g_array_append_val (self->accepted, seq);
  pump (self);
}

void
rb_local_receiver_release (RbLocalReceiver *self,
                           gint64           seq)
{
  g_return_if_fail (self != NULL);

  if (rb_local_mailbox_release (self->mailbox, seq, rb_clock_get_monotonic_us (self->clock)))
    pump (self);
}
