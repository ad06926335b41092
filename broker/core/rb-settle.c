/* rb-settle.c: an adapter declares a message handled without a reply
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settle.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-hold.h"
#include "rb-log.h"
#include "rb-owner.h"
#include "rb-past.h"
#include "rb-restore.h"
#include "rb-settle-early.h"
#include "rb-settle-refusal.h"
#include "rb-settling.h"

/* Marked, durably -> agreed by the upstream -> our copies of it ended, durably (IMP-40) -> answered. Source: protocol.md 12.6. When nobody knows
 * what the upstream did the mark stays, and it is asked again. That it then knows of no such message means that it had agreed. That it refuses
 * says only that it had not yet: a call that was given up may be carried out behind one that was made after it. */
typedef struct {
  char       *endpoint_id;
  char       *undispatched_id;
  GPtrArray  *dispatchers;  /* of GTask: who waits for the assignment that ends; NULL: nobody */
  RbSettling *mark;         /* NULL: nothing here ends with it */
  RbSettler  *settler;      /* the mark's, for that endpoint */
  GError     *refusal;      /* the answer, once it is durable that this did not happen */
} Settle;

#define HANDLED "handled_no_reply"

/* The first wait before the upstream is asked again; it doubles. */
#define RETRY_MS 1000
#define RETRY_MAX_MS 30000

static const RbOwnerCall settle_call = { "self-settle", "self-settle", "self-settle requires Active", FALSE };

void
rb_settle_request_clear (RbSettleRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
  g_clear_pointer (&self->undispatched_id, g_free);
}

static void
settle_free (Settle *self)
{
  g_free (self->endpoint_id);
  g_free (self->undispatched_id);
  g_clear_pointer (&self->dispatchers, g_ptr_array_unref);
  g_clear_pointer (&self->settler, rb_settler_unref);
  g_clear_pointer (&self->mark, rb_settling_unref);
  g_clear_error (&self->refusal);
  g_free (self);
}

static void
answer_dispatchers (const Settle *self,
                    const GError *error)
{
  g_autoptr(GError) settled = rb_error_new (RB_ERROR_INVALID, "dispatch_failed", "the target ended it: %s", HANDLED);

  for (guint i = 0; self->dispatchers != NULL && i < self->dispatchers->len; i++)
    g_task_return_error (g_ptr_array_index (self->dispatchers, i), g_error_copy (error != NULL ? error : settled));
}

static void
on_durable (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Settle *self = g_task_get_task_data (task);

  answer_dispatchers (self, error);
  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  core->counters.self_settled++;
  rb_log_info ("runtime_self_settled", "undispatched_id", self->undispatched_id, "endpoint_id", self->endpoint_id, NULL);
  g_task_return_boolean (task, TRUE);
}

static void
end_row (RbCore       *core,
         const Settle *self,
         RbChanges    *changes)
{
  RbMessage *row = rb_inbox_lookup (core->inbox, self->undispatched_id);
  gint64 now = rb_core_now (core);

  if (row == NULL)
    return;

  rb_message_checkpoint (row, changes, "settled", now, self->endpoint_id, HANDLED);
  g_free (row->endpoint_id);
  row->endpoint_id = g_strdup (self->endpoint_id);
  rb_past_message (core, row, HANDLED, changes);
  rb_inbox_remove (core->inbox, self->undispatched_id);
  rb_core_changed (core, "inbox");
}

/* The assignment that ends with it. What nobody accepted is over, whoever it was given to; an accepted one ends where our word is the last
 * (profile local), by whose holder it is. */
static RbAssignment *
find_assignment (RbCore       *core,
                 const Settle *self)
{
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, self->undispatched_id);
  gboolean is_local = (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0;

  if (assignment == NULL || (!is_local && !rb_assignment_state_is_accepted (assignment->state)))
    return assignment;
  return is_local && assignment->state == RB_ASSIGNMENT_ACCEPTED && g_str_equal (assignment->endpoint_id, self->endpoint_id) ? assignment
                                                                                                                             : NULL;
}

/* The upstream is being asked whether somebody may have it, or where it goes. */
static gboolean
is_taken (RbCore     *core,
          const char *undispatched_id)
{
  const RbMessage *message = rb_ledger_lookup (core->ledger, undispatched_id);

  return message != NULL &&
         (message->is_being_claimed || rb_placing_has (core->placing, message) ||
          (message->place == RB_PLACE_INBOX && rb_inbox_lookup (core->inbox, undispatched_id) == NULL));
}

/* It came while the upstream was asked, and waits for a person, who is not to give it to anybody again. Returns whether it did. */
static gboolean
end_held (RbCore       *core,
          const Settle *self,
          RbChanges    *changes)
{
  RbHeldRow *row = rb_held_lookup (core->held, self->undispatched_id);

  if (row == NULL)
    return FALSE;
  rb_hold_settle (core, row, self->endpoint_id, HANDLED, changes);
  return TRUE;
}

/* Takes @task. */
static void
finish (RbCore *core,
        GTask  *task)
{
  Settle *self = g_task_get_task_data (task);
  RbAssignment *assignment = find_assignment (core, self);
  gboolean was_held;
  RbChanges *changes;

  if (is_taken (core, self->undispatched_id))
    {
      g_queue_push_tail (&core->settles, task);
      return;
    }

  changes = rb_changes_new ();
  core->settle_attempts = 0;
  if (self->mark != NULL)
    self->mark->is_settled = TRUE;
  rb_settle_early_end (core, self->undispatched_id, self->endpoint_id, HANDLED, changes);
  rb_staging_remove_message (core->staging, self->undispatched_id);
  end_row (core, self, changes);
  was_held = end_held (core, self, changes);
  if (assignment != NULL)
    {
      self->dispatchers = g_steal_pointer (&assignment->dispatchers);
      rb_restore_end (core, assignment, HANDLED, changes);
    }
  rb_settling_forget_message (core, self->undispatched_id, changes);
  rb_core_commit (core, changes, on_durable, task);
  if (was_held)
    rb_hold_resume (core);
}

void
rb_settle_go_on (RbCore     *core,
                 const char *undispatched_id)
{
  for (GList *l = core->settles.head; l != NULL;)
    {
      GTask *task = l->data;
      const Settle *self = g_task_get_task_data (task);
      GList *next = l->next;

      if (g_str_equal (self->undispatched_id, undispatched_id))
        {
          g_queue_delete_link (&core->settles, l);
          finish (core, task);
        }
      l = next;
    }
  rb_settle_watch (core);
}

/* And it was asked before to settle it, by whomever. */
static gboolean
had_happened (RbCore       *core,
              const Settle *self,
              const GError *failure)
{
  if (self->mark == NULL || !rb_settle_is_unknown (failure))
    return FALSE;
  return self->mark->is_settled ||
         (!self->mark->is_gone && rb_settling_may_be_over (self->mark) && rb_settling_has_object (core, self->undispatched_id));
}

static void
on_unmarked (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Settle *self = g_task_get_task_data (task);

  g_task_return_error (task, error != NULL ? g_error_copy (error) : g_steal_pointer (&self->refusal));
}

/* Takes @task and @answer. */
static void
unmark (RbCore *core,
        GTask  *task,
        GError *answer)
{
  Settle *self = g_task_get_task_data (task);
  RbChanges *changes = rb_changes_new ();

  self->refusal = answer;
  rb_settling_refuse (core, self->mark, self->settler, changes);
  rb_core_commit (core, changes, on_unmarked, task);
}

/* It did not do it, for certain. */
static gboolean
is_denial (const GError *failure)
{
  return rb_settle_is_refusal (failure) || g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED);
}

/* What somebody on the way says, who knows nothing of messages, answers no question of ours. */
static gboolean
is_conclusive (const Settle *self,
               const GError *failure)
{
  return is_denial (failure) && (self->settler->n_lost == 0 || !rb_settle_is_bare (failure));
}

/* There is no such message, perhaps because another endpoint's call is being carried out, whose answer is still to come: should that be lost, this
 * one can ask again. */
static gboolean
is_open (const Settle *self,
         const GError *failure)
{
  return rb_settle_is_unknown (failure) && rb_settling_is_asked (self->mark);
}

/* Takes @task. */
static void
refuse (RbCore       *core,
        GTask        *task,
        const GError *failure)
{
  Settle *self = g_task_get_task_data (task);
  GError *answer = rb_settle_make_answer (failure);

  if (self->mark != NULL)
    self->settler->n_running--;
  if (self->mark != NULL && !is_denial (failure))
    self->settler->n_lost++;
  if (self->mark != NULL && self->settler->n_running == 0 && is_conclusive (self, failure) && !is_open (self, failure))
    unmark (core, task, answer);
  else
    {
      g_task_return_error (task, answer);
      g_object_unref (task);
    }
  rb_settle_watch (core);
}

static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  if (answer != NULL || had_happened (core, g_task_get_task_data (task), error))
    finish (core, g_steal_pointer (&task));
  else
    refuse (core, g_steal_pointer (&task), error);
}

static void
refuse_unknown (GTask      *task,
                const char *undispatched_id)
{
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "runtime_self_settle_rejected", "unknown undispatched_id: %s",
                                           undispatched_id));
}

/* Where our own inbox is the authority. Takes @task. */
static void
settle_here (RbCore *core,
             GTask  *task)
{
  Settle *self = g_task_get_task_data (task);

  if (rb_inbox_lookup (core->inbox, self->undispatched_id) != NULL || find_assignment (core, self) != NULL)
    {
      finish (core, task);
      return;
    }

  refuse_unknown (task, self->undispatched_id);
  g_object_unref (task);
}

/* Nobody but a person knows of it. */
static gboolean
is_kept_out (RbCore     *core,
             const char *undispatched_id)
{
  const RbHeldRow *row = rb_held_lookup (core->held, undispatched_id);

  return row != NULL && !row->is_leaving;
}

static GVariant *
make_arguments (const Settle     *self,
                const RbEndpoint *endpoint)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "undispatched_id", "s", self->undispatched_id);
  g_variant_dict_insert (&dict, "endpoint_id", "s", self->endpoint_id);
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", endpoint->nonce);
  return g_variant_dict_end (&dict);
}

/* Takes @task. */
static void
ask (RbCore           *core,
     GTask            *task,
     const RbEndpoint *endpoint)
{
  const Settle *self = g_task_get_task_data (task);

  rb_upstream_call_async (core->upstream, RB_UPSTREAM_SELF_SETTLE, make_arguments (self, endpoint), NULL, on_settled, task);
}

static void
on_marked (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Settle *self = g_task_get_task_data (task);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, self->endpoint_id);
  GError *refusal;

  if (error == NULL && endpoint != NULL)
    {
      ask (core, g_steal_pointer (&task), endpoint);
      return;
    }

  refusal = error != NULL ? g_error_copy (error)
                          : rb_error_new (RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: %s", self->endpoint_id);
  self->settler->n_running--;
  if (self->settler->n_running == 0)
    unmark (core, g_steal_pointer (&task), refusal);
  else
    g_task_return_error (task, refusal);
  rb_settle_watch (core);
}

/* Takes @task. */
static void
settle_there (RbCore           *core,
              GTask            *task,
              const RbEndpoint *endpoint)
{
  Settle *self = g_task_get_task_data (task);
  RbChanges *changes;

  if (!rb_settling_has_object (core, self->undispatched_id))
    {
      ask (core, task, endpoint);
      return;
    }
  changes = rb_changes_new ();
  self->settler = rb_settling_begin (core, self->undispatched_id, self->endpoint_id, changes);
  self->mark = rb_settling_ref (rb_settling_lookup (core, self->undispatched_id));
  rb_core_commit (core, changes, on_marked, task);
}

static RbEndpoint *
check_request (RbCore                 *core,
               const RbCaller         *caller,
               const RbSettleRequest  *request,
               GError                **error)
{
  RbEndpoint *endpoint;

  if (!rb_core_check_ready (core, error))
    return NULL;
  endpoint = rb_owner_check_call (core, caller, &settle_call, request->endpoint_id, request->plugin_pid, NULL, error);
  if (endpoint != NULL && (request->undispatched_id == NULL || *request->undispatched_id == '\0'))
    {
      rb_set_error (error, RB_ERROR_INVALID, "undispatched_id_invalid", "undispatched_id is required");
      return NULL;
    }
  return endpoint;
}

static Settle *
set_settle (GTask      *task,
            const char *endpoint_id,
            const char *undispatched_id)
{
  Settle *self = g_new0 (Settle, 1);

  self->endpoint_id = g_strdup (endpoint_id);
  self->undispatched_id = g_strdup (undispatched_id);
  g_task_set_task_data (task, self, (GDestroyNotify) settle_free);
  return self;
}

void
rb_settle_async (RbCore                *core,
                 const RbCaller        *caller,
                 const RbSettleRequest *request,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbEndpoint *endpoint;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_settle_async);
  endpoint = check_request (core, caller, request, &error);
  if (endpoint == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  set_settle (task, request->endpoint_id, request->undispatched_id);
  if ((rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0)
    settle_here (core, g_steal_pointer (&task));
  else if (is_kept_out (core, request->undispatched_id))
    refuse_unknown (task, request->undispatched_id);
  else
    settle_there (core, g_steal_pointer (&task), endpoint);
}

gboolean
rb_settle_finish (RbCore        *core,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Nobody waits for the answer. */
static void
ask_again (RbCore     *core,
           RbSettling *mark,
           RbSettler  *settler)
{
  GTask *task = g_task_new (core, NULL, NULL, NULL);
  Settle *self = set_settle (task, settler->endpoint_id, mark->message_id);

  g_task_set_source_tag (task, ask_again);
  self->mark = rb_settling_ref (mark);
  self->settler = rb_settler_ref (settler);
  settler->n_running++;
  rb_log_info ("self_settle_asked_again", "undispatched_id", mark->message_id, "endpoint_id", settler->endpoint_id, NULL);
  ask (core, task, rb_registry_lookup (core->registry, settler->endpoint_id));
}

static gboolean
can_ask (RbCore *core)
{
  return core->presence == RB_PRESENCE_ONLINE && core->is_running && !core->is_stopping;
}

/* What somebody may have just now is left alone: perhaps the one who declared it handled, and was told that this failed. */
static RbSettler *
find_asker (RbCore           *core,
            const RbSettling *mark)
{
  return rb_inbox_lookup (core->inbox, mark->message_id) != NULL ? rb_settling_find_asker (mark) : NULL;
}

static void
ask_all_again (RbCore *core)
{
  g_autoptr(GPtrArray) marks = rb_settling_dup_all (core);

  for (guint i = 0; can_ask (core) && i < marks->len; i++)
    {
      RbSettling *mark = g_ptr_array_index (marks, i);
      RbSettler *settler = find_asker (core, mark);

      if (settler != NULL)
        ask_again (core, mark, settler);
    }
}

void
rb_settle_resume (RbCore *core)
{
  core->settle_attempts = 0;
  ask_all_again (core);
}

static void
on_retry_due (gpointer user_data)
{
  RbCore *core = user_data;

  core->settle_timer = 0;
  ask_all_again (core);
}

static gboolean
has_asker (RbCore *core)
{
  GHashTableIter iter;
  gpointer mark;

  g_hash_table_iter_init (&iter, core->settling);
  while (g_hash_table_iter_next (&iter, NULL, &mark))
    {
      if (find_asker (core, mark) != NULL)
        return TRUE;
    }
  return FALSE;
}

void
rb_settle_watch (RbCore *core)
{
  gint64 wait = MIN (RETRY_MS << MIN (core->settle_attempts, 6), RETRY_MAX_MS);

  if (core->settle_timer != 0 || !can_ask (core) || !has_asker (core))
    return;

  core->settle_attempts++;
  core->settle_timer = rb_clock_add (core->clock, wait, on_retry_due, core);
}

void
rb_settle_vanished (RbCore     *core,
                    const char *undispatched_id)
{
  RbChanges *changes;

  if (rb_settling_lookup (core, undispatched_id) == NULL || rb_settling_has_object (core, undispatched_id))
    return;
  changes = rb_changes_new ();
  rb_settling_forget_message (core, undispatched_id, changes);
  rb_core_commit_lazy (core, changes, NULL, NULL);
}

void
rb_settle_learn (RbCore       *core,
                 const char   *undispatched_id,
                 const GError *refusal)
{
  RbSettling *mark = rb_settling_lookup (core, undispatched_id);
  const RbSettler *last;
  GTask *task;

  if (mark == NULL || !rb_settle_is_unknown (refusal) || !rb_settling_may_be_over (mark) || !rb_settling_has_object (core, undispatched_id))
    return;

  last = g_ptr_array_index (mark->settlers, mark->settlers->len - 1);
  task = g_task_new (core, NULL, NULL, NULL);
  g_task_set_source_tag (task, rb_settle_learn);
  set_settle (task, last->endpoint_id, undispatched_id)->mark = rb_settling_ref (mark);
  finish (core, task);
}
