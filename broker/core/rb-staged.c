/* rb-staged.c: an adapter fetches what is staged for it, or waits for it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-staged.h"

#include "rb-admission.h"
#include "rb-claim-message.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-log.h"
#include "rb-outage-error.h"
#include "rb-outbox.h"
#include "rb-owner.h"
#include "rb-restore.h"
#include "rb-rule.h"
#include "rb-turns.h"

#include <math.h>

#define MAX_FETCHED_CHECKPOINTS 256

/* One item on its way out. */
typedef struct {
  GTask        *task;        /* borrowed: it waits for us */
  RbStagedItem *item;
  RbMessage    *message;     /* its message, when this fetch made an assignment of it */
  guint         attempt;
  RbEvent      *event;       /* the report; NULL until its turn came */
  gint64        sequence;
} Fetched;

/* Waits until something is staged -> an assignment made of each item that has none, durably -> the attempts reported -> answered. A waiter is
 * a task in the core's table of waiters; whoever takes it out answers it. Source: protocol.md 12.5. */
typedef struct {
  RbCore    *core;           /* borrowed: the task holds it */
  char      *endpoint_id;
  gint64     pid;            /* of who owns the endpoint */
  gboolean   mark_attempt;
  GTask     *task;           /* while it waits: owned */
  guint64    timer;
  GSource   *gone;           /* fires when the client is gone; NULL: nobody can tell */

  GPtrArray *fetched;        /* of Fetched; NULL while it waits */
  GList      link;           /* in the core's list of fetches that are not stored */
  guint      n_reports;      /* on their way, and one for who starts them */
} Staged;

static const RbOwnerCall staged_call = { "staged delivery", "staged-delivery", "staged delivery requires Active", FALSE };

void
rb_staged_request_clear (RbStagedRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
}

static void
fetched_free (Fetched *fetched)
{
  rb_staged_item_unref (fetched->item);
  g_clear_pointer (&fetched->message, rb_message_unref);
  g_clear_pointer (&fetched->event, rb_event_unref);
  g_free (fetched);
}

static void
staged_free (Staged *self)
{
  g_free (self->endpoint_id);
  g_clear_pointer (&self->fetched, g_ptr_array_unref);
  g_free (self);
}

static GPtrArray *
no_items (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) rb_staged_item_unref);
}

static void
return_items (GTask     *task,
              GPtrArray *items)
{
  g_task_return_pointer (task, items, (GDestroyNotify) g_ptr_array_unref);
}

/* Fetching. */

static RbAssignment *
lookup (RbCore          *core,
        const RbClaimed *claimed)
{
  return rb_assignments_lookup (core->assignments, claimed->source_message_id, claimed->assignment_id);
}

/* What went away or was accepted while its attempt was reported is not handed out. */
static void
answer (RbCore *core,
        GTask  *task)
{
  Staged *self = g_task_get_task_data (task);
  GPtrArray *items = no_items ();

  for (guint i = 0; i < self->fetched->len; i++)
    {
      RbStagedItem *item = ((Fetched *) g_ptr_array_index (self->fetched, i))->item;
      RbAssignment *assignment = lookup (core, item->claimed);

      if (assignment != NULL && !rb_assignment_state_is_accepted (assignment->state))
        g_ptr_array_add (items, rb_staged_item_ref (item));
    }
  core->counters.fetched += items->len;
  return_items (task, items);
  g_object_unref (task);
}

static void
report_done (RbCore *core,
             GTask  *task)
{
  Staged *self = g_task_get_task_data (task);

  if (--self->n_reports == 0)
    answer (core, task);
}

static RbEvent *
make_attempt (RbCore       *core,
              RbAssignment *assignment,
              gpointer      user_data)
{
  Fetched *fetched = user_data;
  g_autofree char *event_id = NULL;
  RbStateReport report = {
    .assignment = assignment,
    .state = "delivery_attempted",
    .occurred_at = rb_core_now (core),
    .with_token = TRUE,
  };

  fetched->sequence = rb_sequence_take (&assignment->sequence, NULL, 1 + (gint64) fetched->attempt);
  event_id = g_strdup_printf ("%s:delivery_attempted:%" G_GINT64_FORMAT, assignment->context->assignment_id, fetched->sequence);
  report.state_event_id = event_id;
  report.state_sequence = fetched->sequence;
  fetched->event = rb_events_processing_state (&report);
  return rb_event_ref (fetched->event);
}

/* Refused or not, the sequence may have been seen. */
static void
note_attempt (RbCore   *core,
              Fetched  *fetched,
              gboolean  is_heard)
{
  RbAssignment *assignment = lookup (core, fetched->item->claimed);
  RbChanges *changes;

  if (assignment == NULL)
    return;
  changes = rb_changes_new ();
  if (is_heard && fetched->event != NULL)
    rb_changes_project (changes, g_steal_pointer (&fetched->event));
  rb_sequence_settle (&assignment->sequence, fetched->sequence);
  rb_assignment_record (assignment, changes);
  rb_core_commit_lazy (core, changes, NULL, NULL);
}

static void
on_attempt_reported (RbCore       *core,
                     const GError *error,
                     gpointer      user_data)
{
  Fetched *fetched = user_data;

  if (error != NULL)
    rb_log_warning ("staged_delivery_attempt_projection_failed", "assignment_id", fetched->item->claimed->assignment_id, "err",
                    error->message, NULL);
  note_attempt (core, fetched, error == NULL);
  report_done (core, fetched->task);
}

static void
report_attempt (RbCore  *core,
                Staged  *self,
                Fetched *fetched)
{
  RbAssignment *assignment = lookup (core, fetched->item->claimed);

  if (assignment == NULL)
    return;
  self->n_reports++;
  rb_turns_report (core, assignment, make_attempt, on_attempt_reported, fetched);
}

/* FALSE: it was answered without. */
static gboolean
take_unstored (RbCore *core,
               Staged *self)
{
  if (self->link.data == NULL)
    return FALSE;
  g_queue_unlink (&core->unstored_fetches, &self->link);
  self->link.data = NULL;
  return TRUE;
}

/* Each comes with the next fetch, as after any answer that got lost. */
void
rb_staged_drop_unstored (RbCore     *core,
                         const char *why)
{
  GTask *task;

  while ((task = g_queue_peek_head (&core->unstored_fetches)) != NULL)
    {
      take_unstored (core, g_task_get_task_data (task));
      g_task_return_error (task, rb_outage_error_new (why, RB_OUTAGE_REPEATABLE));
    }
}

static void
on_registered (RbCore       *core,
               const GError *error,
               gpointer      user_data)
{
  GTask *task = user_data;
  Staged *self = g_task_get_task_data (task);
  gboolean is_waiting = take_unstored (core, self);

  for (guint i = 0; i < self->fetched->len; i++)
    {
      Fetched *fetched = g_ptr_array_index (self->fetched, i);

      if (fetched->message != NULL)
        rb_claim_message_settle (core, fetched->message, error);
    }
  if (error != NULL && is_waiting)
    g_task_return_error (task, g_error_copy (error));
  if (error != NULL || !is_waiting)
    {
      g_object_unref (task);
      return;
    }

  self->n_reports = 1;
  for (guint i = 0; self->mark_attempt && i < self->fetched->len; i++)
    report_attempt (core, self, g_ptr_array_index (self->fetched, i));
  report_done (core, task);
}

/* NULL: the message is here and in other hands, which the upstream cannot know of, or the policy does not let it in. */
static RbAssignment *
register_assignment (RbCore    *core,
                     Fetched   *fetched,
                     RbChanges *changes)
{
  RbStagedItem *item = fetched->item;
  RbAssignment *assignment;

  if (!rb_admission_may_claim (core, item->claimed))
    return NULL;
  fetched->message = rb_claim_message_take (core, item->claimed, item->staged_at);
  if (fetched->message == NULL)
    return NULL;

  assignment = rb_claim_message_assign (core, item->claimed, fetched->message);
  assignment->state = RB_ASSIGNMENT_STAGED;
  assignment->is_staged = TRUE;
  rb_assignments_add (core->assignments, assignment);
  rb_outbox_supersede (core, assignment->context->assignment_id, changes);
  rb_claim_message_store (core, assignment, "assigned", RB_RULE_STAGED, changes);
  rb_log_info ("staged_assignment_registered", "assignment_id", item->claimed->assignment_id, "endpoint_id", item->endpoint_id, NULL);
  return assignment;
}

static void
checkpoint_fetched (RbCore             *core,
                    const RbAssignment *assignment,
                    guint               attempt,
                    RbChanges          *changes)
{
  g_autofree char *detail = g_strdup_printf ("attempt %u", attempt);

  if (assignment->message->n_checkpoints < MAX_FETCHED_CHECKPOINTS)
    rb_message_checkpoint (assignment->message, changes, "fetched", rb_core_now (core), assignment->endpoint_id, detail);
}

/* FALSE: it is not for this adapter after all, and leaves staging. */
static gboolean
fetch_item (RbCore    *core,
            Fetched   *fetched,
            gboolean   mark_attempt,
            RbChanges *changes)
{
  RbStagedItem *item = fetched->item;
  RbAssignment *assignment = lookup (core, item->claimed);

  if (assignment == NULL)
    assignment = register_assignment (core, fetched, changes);
  if (assignment == NULL || assignment->state != RB_ASSIGNMENT_STAGED || !g_str_equal (assignment->endpoint_id, item->endpoint_id))
    {
      rb_log_warning ("staged_message_in_other_hands", "assignment_id", item->claimed->assignment_id, "undispatched_id",
                      item->claimed->undispatched_id, NULL);
      rb_staging_remove (core->staging, item->endpoint_id, item->claimed->source_message_id);
      return FALSE;
    }

  if (mark_attempt)
    {
      fetched->attempt = ++item->attempts;
      checkpoint_fetched (core, assignment, fetched->attempt, changes);
    }
  return TRUE;
}

/* Takes @task. */
static void
fetch (RbCore *core,
       GTask  *task)
{
  Staged *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) items = rb_staging_dup_items (core->staging, self->endpoint_id);
  RbChanges *changes = rb_changes_new ();

  self->fetched = g_ptr_array_new_with_free_func ((GDestroyNotify) fetched_free);
  for (guint i = 0; i < items->len; i++)
    {
      Fetched *fetched = g_new0 (Fetched, 1);

      fetched->task = task;
      fetched->item = rb_staged_item_ref (g_ptr_array_index (items, i));
      if (fetch_item (core, fetched, self->mark_attempt, changes))
        g_ptr_array_add (self->fetched, fetched);
      else
        fetched_free (fetched);
    }
  self->link.data = task;
  g_queue_push_tail_link (&core->unstored_fetches, &self->link);
  rb_core_commit (core, changes, on_registered, task);
}

/* Waiting. */

static guint
get_n_waiters_of (RbCore *core,
                  gint64  pid)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (core->waiters_of, &pid));
}

static void
count_waiter (RbCore *core,
              gint64  pid,
              int     sign)
{
  guint n = get_n_waiters_of (core, pid) + sign;

  core->n_waiters += sign;
  if (n > 0)
    g_hash_table_replace (core->waiters_of, g_memdup2 (&pid, sizeof pid), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (core->waiters_of, &pid);
  rb_bounds_note (core->bounds, RB_CORE_BOUND_STAGED_WAITERS, core->n_waiters);
  rb_bounds_note (core->bounds, RB_CORE_BOUND_STAGED_WAITERS_OF_ONE, n);
}

/* (transfer full) Takes it out of the table; nothing of it is left but the task. */
static GTask *
take_waiter (Staged *self)
{
  RbCore *core = self->core;
  GPtrArray *waiters = g_hash_table_lookup (core->waiters, self->endpoint_id);

  rb_clock_clear (core->clock, &self->timer);
  if (self->gone != NULL)
    g_source_destroy (self->gone);
  g_clear_pointer (&self->gone, g_source_unref);
  g_ptr_array_remove (waiters, self);
  if (waiters->len == 0)
    g_hash_table_remove (core->waiters, self->endpoint_id);
  count_waiter (core, self->pid, -1);
  return g_steal_pointer (&self->task);
}

static void
on_hold_over (gpointer user_data)
{
  Staged *self = user_data;
  g_autoptr(GTask) task = NULL;

  self->timer = 0;
  task = take_waiter (self);
  return_items (task, no_items ());
}

static gboolean
on_client_gone (GCancellable *cancellable,
                gpointer      user_data)
{
  g_autoptr(GTask) task = take_waiter (user_data);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The client is gone");
  return G_SOURCE_REMOVE;
}

static void
watch_client (Staged       *self,
              GCancellable *cancellable)
{
  if (cancellable == NULL)
    return;
  self->gone = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->gone, G_SOURCE_FUNC (on_client_gone), self, NULL);
  g_source_attach (self->gone, g_task_get_context (self->task));
}

/* Takes @task. */
static void
wait_for_items (RbCore *core,
                GTask  *task,
                gint64  hold_ms)
{
  Staged *self = g_task_get_task_data (task);
  GPtrArray *waiters = g_hash_table_lookup (core->waiters, self->endpoint_id);

  if (waiters == NULL)
    {
      waiters = g_ptr_array_new ();
      g_hash_table_insert (core->waiters, g_strdup (self->endpoint_id), waiters);
    }
  g_ptr_array_add (waiters, self);
  count_waiter (core, self->pid, 1);
  self->task = task;
  self->timer = rb_clock_add (core->clock, hold_ms, on_hold_over, self);
  watch_client (self, g_task_get_cancellable (task));
}

static GPtrArray *
dup_waiters (RbCore     *core,
             const char *endpoint_id)
{
  GPtrArray *waiters = g_hash_table_lookup (core->waiters, endpoint_id);

  return waiters != NULL ? g_ptr_array_copy (waiters, NULL, NULL) : g_ptr_array_new ();
}

gboolean
rb_staged_is_offered (RbCore *core)
{
  return (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) == 0;
}

void
rb_staged_wake (RbCore     *core,
                const char *endpoint_id)
{
  g_autoptr(GPtrArray) waiters = dup_waiters (core, endpoint_id);

  for (guint i = 0; i < waiters->len && rb_staging_get_n_of (core->staging, endpoint_id) > 0; i++)
    {
      g_autoptr(GTask) task = take_waiter (g_ptr_array_index (waiters, i));

      if (!g_task_return_error_if_cancelled (task))
        fetch (core, g_steal_pointer (&task));
    }
}

void
rb_staged_release (RbCore     *core,
                   const char *endpoint_id)
{
  g_autoptr(GPtrArray) waiters = dup_waiters (core, endpoint_id);

  for (guint i = 0; i < waiters->len; i++)
    {
      g_autoptr(GTask) task = take_waiter (g_ptr_array_index (waiters, i));

      return_items (task, no_items ());
    }
}

void
rb_staged_release_all (RbCore *core)
{
  GHashTableIter iter;
  gpointer key;

  /* Each turn takes one endpoint's waiters, and with the last of them the key. */
  for (g_hash_table_iter_init (&iter, core->waiters); g_hash_table_iter_next (&iter, &key, NULL);
       g_hash_table_iter_init (&iter, core->waiters))
    {
      g_autofree char *endpoint_id = g_strdup (key);

      rb_staged_release (core, endpoint_id);
    }
}

static gint64
clamp_hold (RbCore *core,
            double  timeout_ms)
{
  double timeout = isfinite (timeout_ms) ? timeout_ms : 0;

  timeout = CLAMP (timeout, 0, (double) core->settings.staged_max_timeout);
  return MIN ((gint64) timeout, core->settings.staged_max_hold);
}

/* Returns: FALSE */
static gboolean
refuse_waiter (RbCore       *core,
               RbCoreBound   bound,
               guint         n,
               GError      **error)
{
  GError *busy = rb_error_new (RB_ERROR_UNAVAILABLE, "too_many_waiters", "%u requests wait for staged messages already", n);

  rb_bounds_reached (core->bounds, bound);
  rb_error_set_retryable (busy, TRUE);
  g_propagate_error (error, busy);
  return FALSE;
}

static gboolean
check_request (RbCore                 *core,
               const RbCaller         *caller,
               const RbStagedRequest  *request,
               gint64                 *pid,
               GError                **error)
{
  const RbEndpoint *endpoint;

  if (!rb_core_check_ready (core, error))
    return FALSE;
  endpoint = rb_owner_check_call (core, caller, &staged_call, request->endpoint_id, request->plugin_pid, NULL, error);
  if (endpoint == NULL)
    return FALSE;
  if (core->n_waiters >= core->settings.staged_waiters_cap)
    return refuse_waiter (core, RB_CORE_BOUND_STAGED_WAITERS, core->n_waiters, error);
  /* One adapter that asks too often leaves room for the others. */
  if (get_n_waiters_of (core, endpoint->plugin_pid) >= rb_core_get_waiters_share (core))
    return refuse_waiter (core, RB_CORE_BOUND_STAGED_WAITERS_OF_ONE, get_n_waiters_of (core, endpoint->plugin_pid), error);
  *pid = endpoint->plugin_pid;
  return TRUE;
}

void
rb_staged_async (RbCore                *core,
                 const RbCaller        *caller,
                 const RbStagedRequest *request,
                 GCancellable          *cancellable,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, cancellable, callback, user_data);
  GError *error = NULL;
  gint64 hold_ms;
  Staged *self;
  gint64 pid;

  g_task_set_source_tag (task, rb_staged_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!check_request (core, caller, request, &pid, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    return;

  self = g_new0 (Staged, 1);
  self->core = core;
  self->endpoint_id = g_strdup (request->endpoint_id);
  self->pid = pid;
  self->mark_attempt = request->mark_attempt;
  g_task_set_task_data (task, self, (GDestroyNotify) staged_free);
  hold_ms = clamp_hold (core, request->timeout_ms);
  if (rb_staging_get_n_of (core->staging, request->endpoint_id) > 0)
    fetch (core, g_steal_pointer (&task));
  else if (hold_ms > 0)
    wait_for_items (core, g_steal_pointer (&task), hold_ms);
  else
    return_items (task, no_items ());
}

GPtrArray *
rb_staged_finish (RbCore        *core,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
