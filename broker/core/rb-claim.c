/* rb-claim.c: an adapter pulls one undispatched message for itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claim.h"

#include "rb-admission.h"
#include "rb-claim-message.h"
#include "rb-claim-refusal.h"
#include "rb-claim-release.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"
#include "rb-owner.h"
#include "rb-pair.h"
#include "rb-restore.h"
#include "rb-rule.h"
#include "rb-settle.h"

/* Asked of the upstream -> its answer checked -> the row taken -> agreed to by the authority -> durable -> answered. Whatever fails after the
 * upstream granted the claim gives it back (rb-claim-release.c) before the adapter hears of the failure, and the row with it. Source:
 * protocol.md 11.10. */
typedef struct {
  char         *endpoint_id;
  char         *undispatched_id;
  char         *nonce;
  RbTarget     *target;         /* the endpoint's own */
  RbClaimed    *claimed;
  RbMessage    *message;        /* taken for it; NULL before and after */
  RbAssignment *assignment;     /* owned until it is in the table */
  RbGrant      *existing;       /* an assignment that is there already */
  GError       *original;       /* told when the claim was given back */
  const char   *reason_code;
  gint64        seen_at;        /* when its message had ended before, as it was asked for; 0: it had not */
  gboolean      is_watched;
} Claim;

static const RbOwnerCall claim_call = { "assignment claim", "claim", "assignment claim is only allowed from Active", TRUE };

void
rb_claim_request_clear (RbClaimRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
  g_clear_pointer (&self->endpoint_owner_token, g_free);
  g_clear_pointer (&self->undispatched_id, g_free);
}

static void
claim_free (Claim *self)
{
  g_free (self->endpoint_id);
  g_free (self->undispatched_id);
  g_free (self->nonce);
  g_clear_pointer (&self->target, rb_target_free);
  g_clear_pointer (&self->claimed, rb_claimed_free);
  g_clear_pointer (&self->message, rb_message_unref);
  g_clear_pointer (&self->assignment, rb_assignment_free);
  g_clear_pointer (&self->existing, rb_grant_unref);
  g_clear_error (&self->original);
  g_free (self);
}

/* Who asked for the same meanwhile hears the same. Takes @task, @grant, @error. */
static void
answer (RbCore  *core,
        GTask   *task,
        RbGrant *grant,
        GError  *error)
{
  Claim *self = g_task_get_task_data (task);
  RbPair key = { self->endpoint_id, self->undispatched_id };
  g_autoptr(GPtrArray) tasks = NULL;
  gpointer pair = NULL;

  g_hash_table_steal_extended (core->claims, &key, &pair, (gpointer *) &tasks);
  g_ptr_array_add (tasks, task);
  for (guint i = 0; i < tasks->len; i++)
    {
      if (error != NULL)
        g_task_return_error (g_ptr_array_index (tasks, i), g_error_copy (error));
      else
        g_task_return_pointer (g_ptr_array_index (tasks, i), rb_grant_ref (grant), (GDestroyNotify) rb_grant_unref);
    }
  rb_pair_free (pair);
  g_clear_pointer (&grant, rb_grant_unref);
  g_clear_error (&error);
}

static void
on_released (RbCore   *core,
             gboolean  released,
             gpointer  user_data)
{
  GTask *task = user_data;
  Claim *self = g_task_get_task_data (task);
  GError *error;

  if (released)
    {
      answer (core, task, NULL, g_steal_pointer (&self->original));
      return;
    }

  error = rb_claim_refusal_unknown ("runtime self-claim was durably assigned but the broker could not expose or release it; retry the claim",
                           self->reason_code);
  rb_error_add_detail (error, "original_error", g_variant_new_string (rb_error_get_reason (self->original)));
  answer (core, task, NULL, error);
}

/* IMP-35: the row is there again, with a step that says why. */
static void
give_back (RbCore     *core,
           Claim      *self,
           const char *reason_code)
{
  RbMessage *message = g_steal_pointer (&self->message);
  RbChanges *changes = rb_changes_new ();

  if (message->place == RB_PLACE_INBOX)
    rb_message_checkpoint_ruled (message, changes, "released", rb_core_now (core), self->endpoint_id, reason_code, RB_RULE_RELEASED);
  rb_claim_message_give_back (core, message);
  rb_core_commit_lazy (core, changes, NULL, NULL);
}

/* Gives the claim back, then fails with @error (taken), which has a reason. */
static void
compensate (RbCore     *core,
            GTask      *task,
            GError     *error,
            const char *reason_code)
{
  Claim *self = g_task_get_task_data (task);

  self->original = error;
  self->reason_code = reason_code;
  if (self->message != NULL)
    give_back (core, self, reason_code);
  rb_claim_release (core, self->claimed, self->nonce, reason_code, on_released, task);
}

static void
on_existing (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, rb_grant_ref (g_task_get_task_data (task)), (GDestroyNotify) rb_grant_unref);
}

/* Given again, behind the commit that made it (row 7). Takes @task. */
static void
return_existing (RbCore             *core,
                 GTask              *task,
                 const RbAssignment *assignment)
{
  if (rb_assignment_state_is_accepted (assignment->state))
    {
      g_task_return_error (task, rb_claim_refusal_in_progress ());
      g_object_unref (task);
      return;
    }

  g_task_set_task_data (task, rb_grant_new (assignment->context, assignment->message), (GDestroyNotify) rb_grant_unref);
  rb_core_commit (core, rb_changes_new (), on_existing, task);
}

static void
on_stored (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  GTask *task = user_data;
  Claim *self = g_task_get_task_data (task);
  RbAssignment *assignment = rb_assignments_lookup (core->assignments, self->claimed->source_message_id, self->claimed->assignment_id);
  RbGrant *grant = assignment != NULL ? rb_grant_new (assignment->context, assignment->message) : NULL;

  rb_claim_message_settle (core, self->message, error);
  if (error != NULL || grant == NULL)
    {
      g_clear_pointer (&grant, rb_grant_unref);
      answer (core, task, NULL, error != NULL ? g_error_copy (error) : rb_claim_refusal_ended (core, self->endpoint_id));
      return;
    }

  core->counters.claimed++;
  rb_log_info ("runtime_self_claimed", "undispatched_id", self->undispatched_id, "assignment_id", self->claimed->assignment_id,
               "endpoint_id", self->endpoint_id, NULL);
  answer (core, task, grant, NULL);
}

static void
store (RbCore *core,
       GTask  *task)
{
  Claim *self = g_task_get_task_data (task);
  RbAssignment *assignment = g_steal_pointer (&self->assignment);
  g_autofree char *undispatched_id = g_strdup (assignment->context->undispatched_id);
  RbChanges *changes = rb_changes_new ();

  assignment->state = RB_ASSIGNMENT_PENDING;
  if (core->settings.acceptance_timeout > 0 && !self->is_watched)
    assignment->deadline = rb_core_now (core) + core->settings.acceptance_timeout;
  rb_assignments_add (core->assignments, assignment);
  rb_outbox_supersede (core, assignment->context->assignment_id, changes);
  rb_claim_message_store (core, assignment, "claimed", RB_RULE_CLAIM, changes);
  rb_changes_project (changes, rb_events_assigned (assignment));
  rb_restore_arm (core, assignment);
  rb_core_commit (core, changes, on_stored, task);
  rb_settle_go_on (core, undispatched_id);
}

/* Nobody is left to have it. */
static GError *
check_taker (RbCore *core,
             Claim  *self)
{
  GError *error = NULL;

  if (!rb_core_check_ready (core, &error))
    return error;
  if (rb_registry_lookup (core->registry, self->endpoint_id) == NULL)
    return rb_claim_refusal_no_endpoint (self->endpoint_id);
  return NULL;
}

/* The authority agreed to it; that there is nobody is durable now, and it hears so instead of having the claim back. */
static void
on_given_up (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  GTask *task = user_data;
  Claim *self = g_task_get_task_data (task);

  if (error == NULL)
    rb_restore_tell_lost (core, self->assignment, core->is_stopping ? "broker_shutdown" : "endpoint_lost");
  answer (core, task, NULL, g_steal_pointer (&self->original));
}

static void
on_agreed (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  GTask *task = user_data;
  Claim *self = g_task_get_task_data (task);
  GError *gone = error == NULL ? check_taker (core, self) : NULL;

  if (error != NULL)
    compensate (core, task, rb_claim_refusal_not_projected (error), "assigned_state_projection_failed");
  else if (gone == NULL)
    store (core, task);
  else if (!rb_events_has_authority (core))
    compensate (core, task, gone, "endpoint_lost");
  else
    {
      self->original = gone;
      give_back (core, self, "endpoint_lost");
      rb_core_commit (core, rb_changes_new (), on_given_up, task);
    }
}

static void
on_recovered (RbCore       *core,
              const GError *error,
              gpointer      user_data)
{
  GTask *task = user_data;
  Claim *self = g_task_get_task_data (task);

  answer (core, task, g_steal_pointer (&self->existing), error != NULL ? g_error_copy (error) : NULL);
}

/* The upstream gave again what we have: it came by another way while we asked. */
static void
recover (RbCore             *core,
         GTask              *task,
         const RbAssignment *assignment)
{
  Claim *self = g_task_get_task_data (task);

  if (rb_assignment_state_is_accepted (assignment->state) || !g_str_equal (assignment->endpoint_id, self->endpoint_id))
    {
      answer (core, task, NULL, rb_claim_refusal_in_progress ());
      return;
    }

  self->existing = rb_grant_new (assignment->context, assignment->message);
  rb_core_commit (core, rb_changes_new (), on_recovered, task);
}

/* Steps 13 to 15. */
static void
take (RbCore *core,
      GTask  *task)
{
  Claim *self = g_task_get_task_data (task);
  RbAssignment *existing = rb_assignments_lookup (core->assignments, self->claimed->source_message_id, self->claimed->assignment_id);
  GError *gone = existing == NULL ? check_taker (core, self) : NULL;
  g_autoptr(RbEvent) event = NULL;

  if (existing != NULL)
    {
      recover (core, task, existing);
      return;
    }
  if (gone == NULL && rb_outbox_has_report (core, self->claimed->assignment_id))
    {
      answer (core, task, NULL, rb_claim_refusal_loss_untold ());
      return;
    }
  if (gone == NULL && !rb_admission_may_claim (core, self->claimed))
    {
      compensate (core, task, rb_claim_refusal_not_let_in (), "held_by_policy");
      return;
    }
  /* Granted before that, such as by a self-settle whose answer was faster. */
  if (gone == NULL && rb_ledger_get_seen_at (core->ledger, self->undispatched_id) != self->seen_at)
    {
      compensate (core, task, rb_claim_refusal_no_message (self->undispatched_id), "message_ended");
      return;
    }
  if (gone == NULL)
    self->message = rb_claim_message_take (core, self->claimed, self->claimed->assigned_at);
  if (self->message == NULL)
    {
      compensate (core, task, gone != NULL ? gone : rb_claim_refusal_in_progress (), gone != NULL ? "endpoint_lost" : "message_in_other_hands");
      return;
    }

  self->assignment = rb_claim_message_assign (core, self->claimed, self->message);
  rb_mailroom_drop (core, self->assignment, "mailroom_dropped_staged_for_claim");
  event = rb_events_assigned (self->assignment);
  rb_events_report (core, event, on_agreed, task);
}

/* Step 12. */
static void
check_claimed (RbCore *core,
               GTask  *task)
{
  Claim *self = g_task_get_task_data (task);
  const char *reason_code = NULL;
  GError *error = rb_claim_refusal_mismatch (self->claimed, self->undispatched_id, self->target, &reason_code);

  if (error == NULL)
    take (core, task);
  else
    compensate (core, task, error, reason_code);
}

static void
on_malformed_released (RbCore   *core,
                       gboolean  released,
                       gpointer  user_data)
{
  GTask *task = user_data;
  Claim *self = g_task_get_task_data (task);

  if (released)
    answer (core, task, NULL, g_steal_pointer (&self->original));
  else
    answer (core, task, NULL,
            rb_claim_refusal_unknown ("runtime self-claim returned an invalid post-CAS response and the broker could not release it; retry the claim",
                             "invalid_2xx_claim_response"));
}

/* Step 10: it may hold the message for us, and said so badly. @answered: what of it could be read. */
static void
release_malformed (RbCore       *core,
                   GTask        *task,
                   GVariant     *answered,
                   const GError *failure)
{
  Claim *self = g_task_get_task_data (task);

  self->claimed = rb_claimed_from_pieces (answered);
  if (self->claimed != NULL)
    {
      self->original = rb_claim_refusal_rejected (failure);
      rb_claim_release (core, self->claimed, self->nonce, "invalid_2xx_claim_response", on_malformed_released, task);
      return;
    }

  rb_log_error ("runtime_self_claim_invalid_response_unreleasable", "undispatched_id", self->undispatched_id, "endpoint_id",
                self->endpoint_id, NULL);
  answer (core, task, NULL,
          rb_claim_refusal_unknown ("runtime self-claim returned an invalid post-CAS response without enough release data; retry the claim",
                           "invalid_2xx_claim_response_unreleasable"));
}

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  RbCore *core = g_task_get_source_object (task);
  Claim *self = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answered = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  g_autoptr(GVariant) pieces = NULL;
  GVariant *details = rb_error_get_details (error);

  if (answered != NULL)
    self->claimed = rb_claimed_from_answer (answered);
  if (self->claimed != NULL)
    {
      check_claimed (core, task);
      return;
    }

  if (answered != NULL)
    {
      error = rb_error_new (RB_ERROR_REJECTED, NULL, "invalid self-claim response");
      pieces = g_variant_ref (answered);
    }
  else if (details != NULL)
    pieces = g_variant_lookup_value (details, "answer", G_VARIANT_TYPE_VARDICT);
  if (pieces != NULL)
    release_malformed (core, task, pieces, error);
  else
    {
      rb_settle_learn (core, self->undispatched_id, error);
      answer (core, task, NULL, rb_claim_refusal_rejected (error));
    }
}

static GVariant *
make_arguments (const Claim *self,
                gboolean     staged)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "undispatched_id", "s", self->undispatched_id);
  g_variant_dict_insert (&dict, "target_endpoint_id", "s", self->endpoint_id);
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", self->nonce);
  g_variant_dict_insert (&dict, "recover_existing", "b", TRUE);
  if (staged)
    g_variant_dict_insert (&dict, "assignment_mode", "s", "staged");
  return g_variant_dict_end (&dict);
}

/* Where our own inbox is the authority (profile local), its rows are granted by us. */
static void
grant (RbCore *core,
       GTask  *task)
{
  Claim *self = g_task_get_task_data (task);
  RbMessage *row = rb_inbox_lookup (core->inbox, self->undispatched_id);
  g_autofree char *uuid = rb_core_uuid (core);

  if (row == NULL)
    {
      answer (core, task, NULL, rb_claim_refusal_no_message (self->undispatched_id));
      return;
    }

  self->claimed = g_new0 (RbClaimed, 1);
  self->claimed->undispatched_id = g_strdup (row->id);
  self->claimed->source_message_id = g_strdup (row->source_id != NULL ? row->source_id : row->id);
  self->claimed->message_source = g_strdup (self->claimed->source_message_id);
  self->claimed->assignment_id = g_strconcat ("claim-", uuid, NULL);
  self->claimed->token = rb_core_uuid (core);
  self->claimed->target = rb_target_copy (self->target);
  self->claimed->assigned_at = rb_core_now (core);
  self->claimed->envelope = rb_envelope_ref (row->envelope);
  take (core, task);
}

/* Rows 1 to 6. */
static RbTarget *
check_request (RbCore                *core,
               const RbCaller        *caller,
               const RbClaimRequest  *request,
               RbEndpoint           **endpoint,
               GError               **error)
{
  g_autoptr(RbTarget) target = NULL;

  if (!rb_core_check_ready (core, error))
    return NULL;
  *endpoint = rb_owner_check_call (core, caller, &claim_call, request->endpoint_id, request->plugin_pid, request->endpoint_owner_token,
                                   error);
  if (*endpoint == NULL)
    return NULL;

  target = rb_traits_dup_target ((*endpoint)->traits, (*endpoint)->id);
  if (target == NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "missing_background_exchange_v1",
                    "endpoint does not expose an assignment-capable runtime work target");
      return NULL;
    }
  if (request->undispatched_id == NULL || *request->undispatched_id == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, "undispatched_id_invalid", "undispatched_id is required");
      return NULL;
    }
  if (rb_ledger_lookup (core->ledger, request->undispatched_id) == NULL && !rb_core_has_room_for (core, 0, error))
    return NULL;
  return g_steal_pointer (&target);
}

/* TRUE when somebody asks for the same already: @task waits with it. */
static gboolean
join (RbCore     *core,
      const char *endpoint_id,
      const char *undispatched_id,
      GTask      *task)
{
  RbPair key = { (char *) endpoint_id, (char *) undispatched_id };
  GPtrArray *waiters = g_hash_table_lookup (core->claims, &key);

  if (waiters != NULL)
    {
      g_ptr_array_add (waiters, g_object_ref (task));
      return TRUE;
    }

  g_hash_table_insert (core->claims, rb_pair_new (endpoint_id, undispatched_id), g_ptr_array_new_with_free_func (g_object_unref));
  return FALSE;
}

static void
ask (RbCore               *core,
     RbEndpoint           *endpoint,
     RbTarget             *target,
     const RbClaimRequest *request,
     GTask                *task)
{
  Claim *self = g_new0 (Claim, 1);

  self->endpoint_id = g_strdup (endpoint->id);
  self->nonce = g_strdup (endpoint->nonce);
  self->undispatched_id = g_strdup (request->undispatched_id);
  self->target = target;
  self->is_watched = request->is_watched;
  self->seen_at = rb_ledger_get_seen_at (core->ledger, request->undispatched_id);
  g_task_set_task_data (task, self, (GDestroyNotify) claim_free);
  if ((rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0)
    grant (core, task);
  else
    rb_upstream_call_async (core->upstream, RB_UPSTREAM_SELF_CLAIM, make_arguments (self, request->staged), NULL, on_claimed, task);
}

void
rb_claim_async (RbCore               *core,
                const RbCaller       *caller,
                const RbClaimRequest *request,
                GAsyncReadyCallback   callback,
                gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbTarget) target = NULL;
  RbEndpoint *endpoint = NULL;
  RbAssignment *assignment;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_claim_async);
  target = check_request (core, caller, request, &endpoint, &error);
  if (target == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  assignment = rb_assignments_of_message (core->assignments, request->undispatched_id);
  if (assignment != NULL && g_str_equal (assignment->endpoint_id, endpoint->id))
    return_existing (core, g_steal_pointer (&task), assignment);
  else if (!join (core, endpoint->id, request->undispatched_id, task))
    ask (core, endpoint, g_steal_pointer (&target), request, g_steal_pointer (&task));
}

RbGrant *
rb_claim_finish (RbCore        *core,
                 GAsyncResult  *result,
                 GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
