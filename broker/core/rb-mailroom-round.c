/* rb-mailroom-round.c: the mailroom goes through endpoints and claims what it may for each
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mailroom-round.h"

#include "rb-admission.h"
#include "rb-claim-release.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"
#include "rb-staged.h"
#include "rb-upstream-error.h"

/* Source: protocol.md 12.2 to 12.4. */
typedef struct {
  RbCore      *core;
  GPtrArray   *endpoint_ids;   /* the first is the next one's, or the one at work */
  gboolean     recover_only;
  RbRoundDone  done;
  gpointer     user_data;

  GVariant    *candidates;     /* of the endpoint at work */
  gsize        position;       /* in them */
  char        *nonce;
  char        *undispatched_id;      /* of the claim that is on its way */
  char        *source_message_id;
  gint64       seen_at;              /* of its message, when it was asked for */
  gboolean     recovers;
} Round;

typedef enum { IGNORE, CLAIM, RECOVER } Todo;

static void next_endpoint (Round *self);
static void next_candidate (Round *self);

static const char *
get_endpoint_id (Round *self)
{
  return g_ptr_array_index (self->endpoint_ids, 0);
}

static void
round_free (Round *self)
{
  g_ptr_array_unref (self->endpoint_ids);
  g_clear_pointer (&self->candidates, g_variant_unref);
  g_free (self->nonce);
  g_free (self->undispatched_id);
  g_free (self->source_message_id);
  g_object_unref (self->core);
  g_free (self);
}

static void
finish_endpoint (Round *self)
{
  g_clear_pointer (&self->candidates, g_variant_unref);
  rb_staged_wake (self->core, get_endpoint_id (self));
  g_ptr_array_remove_index (self->endpoint_ids, 0);
  next_endpoint (self);
}

static void
forget_claim (Round *self)
{
  rb_mailroom_end_claim (self->core, get_endpoint_id (self), self->source_message_id);
  g_clear_pointer (&self->undispatched_id, g_free);
  g_clear_pointer (&self->source_message_id, g_free);
}

static void
on_released (RbCore   *core,
             gboolean  released,
             gpointer  user_data)
{
  Round *self = user_data;

  forget_claim (self);
  next_candidate (self);
}

/* What an adapter was given, or is about to get, must not be handed to it again. */
static gboolean
is_at_work (RbCore     *core,
            const char *undispatched_id)
{
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, undispatched_id);

  if (assignment != NULL)
    return assignment->state != RB_ASSIGNMENT_STAGED;
  return rb_ledger_lookup (core->ledger, undispatched_id) != NULL && rb_inbox_lookup (core->inbox, undispatched_id) == NULL;
}

/* NULL: the claim is what was asked for, and may be had. */
static const char *
find_fault (Round           *self,
            const RbClaimed *claimed)
{
  if (claimed->envelope == NULL)
    return "invalid_2xx_claim_response";
  if (!g_str_equal (claimed->undispatched_id, self->undispatched_id))
    return "response_undispatched_id_mismatch";
  if (!g_str_equal (claimed->target->endpoint_id, get_endpoint_id (self)))
    return "response_target_ref_mismatch";
  if (!g_str_equal (claimed->message_source, claimed->source_message_id))
    return "response_message_source_mismatch";
  if (!is_at_work (self->core, claimed->undispatched_id) && !rb_admission_may_claim (self->core, claimed))
    return "held_by_policy";
  return NULL;
}

static void
log_failure (Round        *self,
             const GError *error)
{
  gboolean declined = rb_upstream_error_get_status (error) != 0 || g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED);

  if (declined)
    rb_log_info (self->recovers ? "mailroom_recover_claim_declined" : "mailroom_claim_declined", "endpoint_id", get_endpoint_id (self),
                 "undispatched_id", self->undispatched_id, "err", error->message, NULL);
  else
    rb_log_warning (self->recovers ? "mailroom_recover_claim_failed" : "mailroom_claim_failed", "endpoint_id", get_endpoint_id (self),
                    "undispatched_id", self->undispatched_id, "err", error->message, NULL);
}

/* Of a row of ours people can see what happened to it. */
static void
checkpoint_staged (RbCore          *core,
                   const char      *endpoint_id,
                   const RbClaimed *claimed)
{
  RbMessage *row = rb_inbox_lookup (core->inbox, claimed->undispatched_id);
  RbChanges *changes;

  if (row == NULL)
    return;
  changes = rb_changes_new ();
  rb_message_checkpoint (row, changes, "staged", rb_core_now (core), endpoint_id, claimed->assignment_id);
  rb_core_commit_lazy (core, changes, NULL, NULL);
}

/* It ended while the claim was on its way, such as by a self-settle whose answer was faster: what was granted is of before that. */
static gboolean
has_ended_meanwhile (Round *self)
{
  return rb_ledger_get_seen_at (self->core->ledger, self->undispatched_id) != self->seen_at;
}

static void
stage (Round     *self,
       RbClaimed *claimed)
{
  RbCore *core = self->core;
  const char *endpoint_id = get_endpoint_id (self);

  /* Who is gone has nothing staged; the upstream hears of that by itself. What was assigned while we asked is in good hands, and what is
   * still to be told as lost is another one's soon. */
  if (!rb_mailroom_is_running (core) || rb_registry_lookup (core->registry, endpoint_id) == NULL ||
      is_at_work (core, claimed->undispatched_id) || has_ended_meanwhile (self) ||
      rb_outbox_has_report (core, claimed->assignment_id))
    {
      rb_claimed_free (claimed);
      return;
    }

  core->counters.staged++;
  rb_log_info ("mailroom_staged", "endpoint_id", endpoint_id, "assignment_id", claimed->assignment_id, "undispatched_id",
               claimed->undispatched_id, NULL);
  checkpoint_staged (core, endpoint_id, claimed);
  rb_staging_add (core->staging, endpoint_id, claimed, rb_core_now (core));
}

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Round *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  GVariant *details = rb_error_get_details (error);
  g_autoptr(RbClaimed) claimed = NULL;
  const char *fault;

  if (answer == NULL && details != NULL)
    answer = g_variant_lookup_value (details, "answer", G_VARIANT_TYPE_VARDICT);
  if (error != NULL)
    log_failure (self, error);
  else
    claimed = rb_claimed_from_answer (answer);
  if (claimed == NULL)
    claimed = rb_claimed_from_pieces (answer);

  fault = claimed != NULL ? find_fault (self, claimed) : NULL;
  if (fault != NULL)
    {
      rb_claim_release (self->core, claimed, self->nonce, fault, on_released, self);
      return;
    }
  if (claimed != NULL)
    stage (self, g_steal_pointer (&claimed));
  forget_claim (self);
  next_candidate (self);
}

static GVariant *
claim_arguments (Round *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "undispatched_id", "s", self->undispatched_id);
  g_variant_dict_insert (&dict, "target_endpoint_id", "s", get_endpoint_id (self));
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", self->nonce);
  g_variant_dict_insert (&dict, "assignment_mode", "s", "staged");
  if (self->recovers)
    g_variant_dict_insert (&dict, "recover_existing", "b", TRUE);
  return g_variant_dict_end (&dict);
}

static Todo
decide (Round    *self,
        GVariant *candidate)
{
  const char *policy = "";
  const char *assignment_id = NULL;
  const char *target = NULL;

  g_variant_lookup (candidate, "claim_policy", "&s", &policy);
  g_variant_lookup (candidate, "active_assignment_id", "&s", &assignment_id);
  g_variant_lookup (candidate, "active_target_endpoint_id", "&s", &target);
  if (g_str_equal (policy, "assigned_in_progress"))
    return g_strcmp0 (target, get_endpoint_id (self)) == 0 ? RECOVER : IGNORE;
  if (self->recover_only || assignment_id != NULL)
    return IGNORE;
  return g_str_equal (policy, "bound_session_pull_only") || g_str_equal (policy, "node_pull_only") ? CLAIM : IGNORE;
}

/* Staged, being claimed, or at work here already. */
static gboolean
is_needed (Round      *self,
           const char *undispatched_id,
           const char *source_message_id)
{
  RbCore *core = self->core;

  return rb_staging_lookup (core->staging, get_endpoint_id (self), source_message_id) == NULL && !is_at_work (core, undispatched_id) &&
         rb_mailroom_begin_claim (core, get_endpoint_id (self), source_message_id);
}

/* TRUE: a claim is on its way. */
static gboolean
handle (Round    *self,
        GVariant *candidate)
{
  const char *undispatched_id = NULL;
  const char *source_message_id = NULL;
  const char *sender = NULL;
  Todo todo = decide (self, candidate);

  g_variant_lookup (candidate, "undispatched_id", "&s", &undispatched_id);
  g_variant_lookup (candidate, "source_message_id", "&s", &source_message_id);
  g_variant_lookup (candidate, "sender_address", "&s", &sender);
  /* What was claimed in vain by an earlier process is given back when it was recovered. */
  if (todo == IGNORE || undispatched_id == NULL || source_message_id == NULL ||
      (todo == CLAIM && sender != NULL && !rb_admission_is_worth_claiming (self->core, sender)) ||
      !is_needed (self, undispatched_id, source_message_id))
    return FALSE;

  self->undispatched_id = g_strdup (undispatched_id);
  self->source_message_id = g_strdup (source_message_id);
  self->seen_at = rb_ledger_get_seen_at (self->core->ledger, undispatched_id);
  self->recovers = todo == RECOVER;
  rb_upstream_call_async (self->core->upstream, RB_UPSTREAM_SELF_CLAIM, claim_arguments (self), NULL, on_claimed, self);
  return TRUE;
}

/* At the bound nothing more is claimed: the upstream keeps it. */
static gboolean
has_room (RbCore *core)
{
  if (rb_staging_get_n (core->staging) >= core->settings.staged_cap)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_STAGED);
  else if (rb_staging_get_bytes (core->staging) >= core->settings.staged_bytes_cap)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_STAGED_BYTES);
  else
    return rb_core_has_room_for (core, 0, NULL);
  return FALSE;
}

static void
next_candidate (Round *self)
{
  while (rb_mailroom_is_running (self->core) && self->position < g_variant_n_children (self->candidates) && has_room (self->core))
    {
      g_autoptr(GVariant) candidate = g_variant_get_child_value (self->candidates, self->position++);

      if (handle (self, candidate))
        return;
    }
  finish_endpoint (self);
}

static void
on_listed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Round *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  self->position = 0;
  if (answer != NULL)
    self->candidates = g_variant_lookup_value (answer, "items", G_VARIANT_TYPE ("aa{sv}"));
  if (self->candidates != NULL)
    {
      next_candidate (self);
      return;
    }

  rb_log_warning (self->recover_only ? "mailroom_recover_list_failed" : "mailroom_list_failed", "endpoint_id", get_endpoint_id (self),
                  "err", error != NULL ? error->message : "invalid claim-candidates response", NULL);
  finish_endpoint (self);
}

static void
list (Round      *self,
      RbEndpoint *endpoint)
{
  GVariantDict dict;

  g_free (self->nonce);
  self->nonce = g_strdup (endpoint->nonce);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "endpoint_id", "s", endpoint->id);
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", endpoint->nonce);
  g_variant_dict_insert (&dict, "limit", "x", (gint64) self->core->settings.mailroom_list_limit);
  rb_upstream_call_async (self->core->upstream, RB_UPSTREAM_CANDIDATES, g_variant_dict_end (&dict), NULL, on_listed, self);
}

static void
next_endpoint (Round *self)
{
  while (rb_mailroom_is_running (self->core) && self->endpoint_ids->len > 0)
    {
      RbEndpoint *endpoint = rb_registry_lookup (self->core->registry, get_endpoint_id (self));

      if (endpoint != NULL && endpoint->state == RB_ENDPOINT_ACTIVE && !endpoint->traits->legacy)
        {
          list (self, endpoint);
          return;
        }
      g_ptr_array_remove_index (self->endpoint_ids, 0);
    }

  if (self->done != NULL)
    self->done (self->core, self->user_data);
  round_free (self);
}

void
rb_mailroom_round_run (RbCore      *core,
                       GPtrArray   *endpoint_ids,
                       gboolean     recover_only,
                       RbRoundDone  done,
                       gpointer     user_data)
{
  Round *self = g_new0 (Round, 1);

  self->core = g_object_ref (core);
  self->endpoint_ids = endpoint_ids;
  self->recover_only = recover_only;
  self->done = done;
  self->user_data = user_data;
  next_endpoint (self);
}
