/* rb-settle.c: an adapter declares a message handled without a reply
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settle.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-owner.h"
#include "rb-past.h"
#include "rb-restore.h"
#include "rb-settling.h"
#include "rb-upstream-error.h"

/* Marked, durably -> agreed by the upstream -> our copies of it ended, durably (IMP-40) -> answered. Source: protocol.md 12.6. When nobody knows
 * what the upstream did the mark stays, and it is asked again. That it then knows of no such message means that it had agreed. */
typedef struct {
  char       *endpoint_id;
  char       *undispatched_id;
  GPtrArray  *dispatchers;  /* of GTask: who waits for the assignment that ends; NULL: nobody */
  RbSettling *mark;         /* NULL: nothing here ends with it */
  guint       n_lost;       /* of the mark's calls, when this one began */
  GError     *refusal;      /* the answer, once it is durable that this did not happen */
} Settle;

#define HANDLED "handled_no_reply"

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

/* The upstream is being asked whether somebody may have it. */
static gboolean
is_taken (RbCore     *core,
          const char *undispatched_id)
{
  const RbMessage *message = rb_ledger_lookup (core->ledger, undispatched_id);

  return message != NULL && message->place == RB_PLACE_INBOX && rb_inbox_lookup (core->inbox, undispatched_id) == NULL;
}

/* Takes @task. */
static void
finish (RbCore *core,
        GTask  *task)
{
  Settle *self = g_task_get_task_data (task);
  RbAssignment *assignment = find_assignment (core, self);
  RbChanges *changes;

  if (is_taken (core, self->undispatched_id))
    {
      g_queue_push_tail (&core->settles, task);
      return;
    }

  changes = rb_changes_new ();
  if (self->mark != NULL)
    self->mark->is_settled = TRUE;
  rb_staging_remove_message (core->staging, self->undispatched_id);
  end_row (core, self, changes);
  if (assignment != NULL)
    {
      self->dispatchers = g_steal_pointer (&assignment->dispatchers);
      rb_restore_end (core, assignment, HANDLED, changes);
    }
  rb_settling_forget_message (core, self->undispatched_id, changes);
  rb_core_commit (core, changes, on_durable, task);
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
}

static GError *
unsupported (void)
{
  GError *error = rb_error_new (RB_ERROR_NOT_SUPPORTED, "runtime_self_settle_unsupported", "apps/api self-settle route is not available");

  rb_error_set_retryable (error, TRUE);
  return error;
}

/* The upstream's status where it is one of a refusal, else 409; its code and its text where it gave them. */
static GError *
rejected (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);
  const char *code = rb_upstream_error_get_code (failure);
  GError *error = rb_error_new (status >= 400 ? RB_ERROR_REJECTED : RB_ERROR_BAD_STATE, code != NULL ? code : "runtime_self_settle_rejected",
                                "%s", *failure->message != '\0' ? failure->message : "runtime self-settle was rejected");

  if (status >= 400)
    rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  return error;
}

static GError *
unavailable (const GError *failure)
{
  gboolean answered = rb_upstream_error_get_status (failure) != 0;
  const char *code = rb_upstream_error_get_code (failure);
  GError *error = rb_error_new (RB_ERROR_UNAVAILABLE, code != NULL ? code : "runtime_self_settle_unavailable", "%s",
                                answered && *failure->message != '\0' ? failure->message : "runtime self-settle failed; retry");

  rb_error_set_retryable (error, TRUE);
  return error;
}

static gboolean
is_refusal (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);

  return g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) && (status == 0 || status >= 400);
}

/* It knows of no such message (any more), and was asked before to settle it. */
static gboolean
had_happened (RbCore       *core,
              const Settle *self,
              const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);

  if (self->mark == NULL || !is_refusal (failure) || (status != 404 && status != 410))
    return FALSE;
  return self->mark->is_settled ||
         (!self->mark->is_gone && self->mark->n_lost > 0 && rb_settling_has_object (core, self->undispatched_id));
}

/* Neither this call nor one before it. */
static gboolean
never_happened (const Settle *self,
                const GError *failure)
{
  if (self->mark->n_running > 0)
    return FALSE;
  return is_refusal (failure) ? self->mark->n_lost == self->n_lost
                              : g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED) && self->mark->n_lost == 0;
}

static GError *
make_answer (const GError *failure)
{
  if (g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    return unsupported ();
  return g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) ? rejected (failure) : unavailable (failure);
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
  rb_settling_forget (core, self->mark, changes);
  rb_core_commit (core, changes, on_unmarked, task);
}

/* Takes @task. */
static void
refuse (RbCore       *core,
        GTask        *task,
        const GError *failure)
{
  Settle *self = g_task_get_task_data (task);
  GError *answer = make_answer (failure);

  if (self->mark != NULL)
    self->mark->n_running--;
  if (self->mark != NULL && !self->mark->is_gone && never_happened (self, failure))
    {
      unmark (core, task, answer);
      return;
    }
  if (self->mark != NULL && !is_refusal (failure) && !g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    self->mark->n_lost++;
  g_task_return_error (task, answer);
  g_object_unref (task);
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

  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "runtime_self_settle_rejected", "unknown undispatched_id: %s",
                                           self->undispatched_id));
  g_object_unref (task);
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
  Settle *self = g_task_get_task_data (task);

  if (self->mark != NULL)
    self->n_lost = self->mark->n_lost;
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

  if (error == NULL && endpoint != NULL)
    {
      ask (core, g_steal_pointer (&task), endpoint);
      return;
    }

  self->mark->n_running--;
  g_task_return_error (task, error != NULL ? g_error_copy (error)
                                           : rb_error_new (RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: %s", self->endpoint_id));
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
  self->mark = rb_settling_begin (core, self->undispatched_id, self->endpoint_id, changes);
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
ask_again (RbCore           *core,
           RbSettling       *mark,
           const RbEndpoint *endpoint)
{
  GTask *task = g_task_new (core, NULL, NULL, NULL);
  Settle *self = set_settle (task, mark->endpoint_id, mark->message_id);

  g_task_set_source_tag (task, ask_again);
  self->mark = rb_settling_ref (mark);
  mark->n_running++;
  rb_log_info ("self_settle_asked_again", "undispatched_id", mark->message_id, "endpoint_id", mark->endpoint_id, NULL);
  ask (core, task, endpoint);
}

void
rb_settle_resume (RbCore *core)
{
  g_autoptr(GPtrArray) marks = rb_settling_dup_all (core);

  if (core->presence != RB_PRESENCE_ONLINE || !core->is_running)
    return;
  for (guint i = 0; i < marks->len; i++)
    {
      RbSettling *mark = g_ptr_array_index (marks, i);
      const RbEndpoint *endpoint = rb_registry_lookup (core->registry, mark->endpoint_id);

      if (mark->n_running == 0 && endpoint != NULL && rb_settling_has_object (core, mark->message_id))
        ask_again (core, mark, endpoint);
    }
}
