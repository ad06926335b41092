/* rb-hold.c: a message waits for a person to say whether it may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-hold.h"

#include "rb-dict.h"
#include "rb-error.h"
#include "rb-inbound-private.h"
#include "rb-log.h"
#include "rb-past.h"
#include "rb-rule.h"

#include <string.h>

#define AGAIN_MS 2000

void
rb_hold_arrival (RbCore            *core,
                 RbMessage         *message,
                 gint64             seq,
                 const RbAdmission *admission)
{
  gint64 now = rb_core_now (core);
  RbChanges *changes;

  if (rb_held_is_full (core->held))
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_HELD);
      rb_inbound_refuse (core, message, seq);
      return;
    }

  changes = rb_inbound_begin (core, message);
  message->position = core->next_position++;
  rb_message_move (message, changes, RB_PLACE_HELD, NULL, admission->reason, now);
  rb_message_checkpoint_ruled (message, changes, "held", now, NULL, admission->detail, admission->rule);
  rb_held_add (core->held, message, admission->detail);
  core->counters.held++;
  rb_log_info ("message_held", "id", message->id, "reason", admission->reason, "from", rb_envelope_get_from (message->envelope), NULL);
  rb_core_changed (core, "held");
  rb_inbound_store (core, message, seq, changes);
}

void
rb_hold_turn_away (RbCore            *core,
                   RbMessage         *message,
                   gint64             seq,
                   const RbAdmission *admission)
{
  RbChanges *changes = rb_changes_new ();

  /* What it says goes to the archive at once, and nowhere else. */
  rb_message_checkpoint (message, changes, "received", message->arrived_at, NULL, rb_envelope_get_from (message->envelope));
  rb_message_checkpoint_ruled (message, changes, "refused", rb_core_now (core), NULL, admission->detail, admission->rule);
  core->counters.turned_away++;
  rb_log_info ("message_refused_by_policy", "id", message->id, "from", rb_envelope_get_from (message->envelope), NULL);
  rb_past_message (core, message, RB_ENDED_BY_POLICY, changes);
  rb_inbound_end (core, seq, changes);
}

gboolean
rb_hold_is_leaving (RbCore          *core,
                    const RbMessage *message)
{
  RbHeldRow *row = message->place == RB_PLACE_HELD ? rb_held_lookup (core->held, message->id) : NULL;

  return row != NULL && row->is_leaving;
}

RbChanges *
rb_hold_begin_move (RbCore    *core,
                    RbMessage *message)
{
  RbHeldRow *row = rb_held_lookup (core->held, message->id);
  RbChanges *changes = rb_changes_new ();

  message->is_durable = FALSE;    /* where it will be is not; a queue looks at that when it gets it */
  rb_message_checkpoint_ruled (message, changes, "admitted", rb_core_now (core), NULL, NULL, row->rule);
  return changes;
}

GTask *
rb_hold_moved (RbCore     *core,
               RbMessage  *message,
               char      **lane)
{
  RbHeldRow *row = message->place != RB_PLACE_HELD ? rb_held_lookup (core->held, message->id) : NULL;
  GTask *task;

  *lane = NULL;
  if (row == NULL)
    return NULL;

  *lane = g_strdup (row->lane);
  task = g_steal_pointer (&row->answer);
  rb_held_remove (core->held, row);
  rb_core_changed (core, "held");
  return task;
}

void
rb_hold_answer (RbCore          *core,
                const RbMessage *message,
                GTask           *task,
                const GError    *error)
{
  GVariantDict dict;

  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      g_object_unref (task);
      return;
    }

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "message_id", message->id);
  rb_dict_put_text (&dict, "place", rb_place_to_string (message->place));
  rb_dict_put_text (&dict, "endpoint_id", message->endpoint_id);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_dict_end (&dict)), (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

/* It waits for nobody, and for nothing that is before it. */
static gboolean
may_go_on (RbCore          *core,
           const RbHeldRow *row)
{
  return !row->is_leaving && row->message->is_durable && strcmp (row->message->reason, RB_REASON_HELD_BEHIND) == 0 &&
         rb_held_is_first (core->held, row);
}

/* Takes @task. The row may be gone afterwards. */
static void
let_in (RbCore     *core,
        RbHeldRow  *row,
        const char *rule,
        GTask      *task)
{
  g_autoptr(RbMessage) message = rb_message_ref (row->message);

  row->is_leaving = TRUE;
  row->rule = rule;
  row->answer = task;
  rb_inbound_place (core, message, RB_CONNECTOR_NO_SEQ);
}

/* One after the other, not one inside the other: a line may be long. */
void
rb_hold_go_on (RbCore     *core,
               const char *lane)
{
  RbHeldRow *row;

  if (core->is_letting_in || core->is_stopping || !core->is_running)
    return;

  core->is_letting_in = TRUE;
  while ((row = rb_held_get_first (core->held, lane)) != NULL && may_go_on (core, row))
    {
      g_autoptr(RbMessage) message = rb_message_ref (row->message);

      let_in (core, row, RB_RULE_IN_LINE, NULL);
      if (message->place == RB_PLACE_HELD)    /* it is being asked about, or there is no room */
        break;
    }
  core->is_letting_in = FALSE;
}

static void
go_on_with (RbCore    *core,
            RbHeldRow *row)
{
  g_autofree char *lane = g_strdup (row->lane);

  if (lane != NULL)
    rb_hold_go_on (core, lane);
  else if (may_go_on (core, row) && !core->is_stopping && core->is_running)
    let_in (core, row, RB_RULE_IN_LINE, NULL);
}

void
rb_hold_stored (RbCore          *core,
                const RbMessage *message)
{
  RbHeldRow *row = rb_held_lookup (core->held, message->id);

  if (row != NULL)
    go_on_with (core, row);
}

void
rb_hold_resume (RbCore *core)
{
  g_autoptr(GPtrArray) rows = rb_held_dup_rows (core->held);
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);

  core->is_held_stuck = FALSE;
  for (guint i = 0; i < rows->len; i++)
    if (may_go_on (core, g_ptr_array_index (rows, i)))
      g_ptr_array_add (ids, g_strdup (((RbHeldRow *) g_ptr_array_index (rows, i))->message->id));
  for (guint i = 0; i < ids->len; i++)
    {
      RbHeldRow *row = rb_held_lookup (core->held, g_ptr_array_index (ids, i));

      if (row != NULL)
        go_on_with (core, row);
    }
}

static void
on_again_due (gpointer user_data)
{
  RbCore *core = user_data;

  core->held_timer = 0;
  rb_hold_resume (core);
}

/* Only who is here makes room. */
void
rb_hold_look_again (RbCore *core)
{
  if (core->is_held_stuck && core->held_timer == 0 && !core->is_stopping && rb_core_is_attended (core))
    core->held_timer = rb_clock_add (core->clock, AGAIN_MS, on_again_due, core);
}

void
rb_hold_cancel_timer (RbCore *core)
{
  rb_clock_clear (core->clock, &core->held_timer);
}

static GError *
no_room (RbCore *core)
{
  GError *error = NULL;

  if (!rb_core_check_ready (core, &error))
    return error;
  error = rb_error_new (RB_ERROR_UNAVAILABLE, "no_room", "there is no room where it would go; it is still held");
  rb_error_set_retryable (error, TRUE);
  return error;
}

void
rb_hold_stay (RbCore    *core,
              RbMessage *message)
{
  RbHeldRow *row = rb_held_lookup (core->held, message->id);
  g_autoptr(GError) error = no_room (core);
  GTask *task = g_steal_pointer (&row->answer);

  row->is_leaving = FALSE;
  core->is_held_stuck |= strcmp (message->reason, RB_REASON_HELD_BEHIND) == 0;
  rb_hold_look_again (core);
  if (task != NULL)
    rb_hold_answer (core, message, task, error);
}

typedef struct {
  RbMessage *message;
  GTask     *task;      /* NULL: nobody waits */
} Dismissed;

static void
on_dismissed (RbCore       *core,
              const GError *error,
              gpointer      user_data)
{
  Dismissed *dismissed = user_data;

  if (dismissed->task != NULL)
    rb_hold_answer (core, dismissed->message, dismissed->task, error);
  rb_message_unref (dismissed->message);
  g_free (dismissed);
}

void
rb_hold_dismiss (RbCore    *core,
                 RbMessage *message)
{
  RbHeldRow *row = rb_held_lookup (core->held, message->id);
  g_autofree char *lane = g_strdup (row->lane);
  RbChanges *changes = rb_hold_begin_move (core, message);
  Dismissed *dismissed = g_new0 (Dismissed, 1);

  dismissed->message = rb_message_ref (message);
  dismissed->task = g_steal_pointer (&row->answer);
  rb_message_checkpoint (message, changes, "dismissed", rb_core_now (core), NULL, NULL);
  rb_held_remove (core->held, row);
  rb_past_message (core, dismissed->message, RB_ENDED_DISMISSED, changes);
  rb_core_commit (core, changes, on_dismissed, dismissed);
  rb_core_changed (core, "held");
  rb_hold_go_on (core, lane);
}

/* NULL with the error when a person cannot say anything about it now. */
static RbHeldRow *
find_row (RbCore      *core,
          const char  *message_id,
          GError     **error)
{
  RbHeldRow *row = rb_held_lookup (core->held, message_id);
  const RbMessage *message = row == NULL ? rb_ledger_lookup (core->ledger, message_id) : NULL;

  if (row == NULL && message != NULL)
    rb_set_error (error, RB_ERROR_BAD_STATE, "not_held", "message '%s' is not held; it is in: %s", message_id,
                  rb_place_to_string (message->place));
  else if (row == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "not_held", "no message '%s' is held", message_id);
  else if (row->is_leaving)
    rb_set_error (error, RB_ERROR_BAD_STATE, "is_accepted", "message '%s' was accepted already, and is on its way in", message_id);
  else if (!row->message->is_durable)    /* nobody can know of it yet */
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "is_arriving", "message '%s' is being stored", message_id);
  else
    return row;
  return NULL;
}

static gboolean
check_turn (RbCore           *core,
            const RbHeldRow  *row,
            GError          **error)
{
  if (rb_held_is_first (core->held, row))
    return TRUE;
  rb_set_error (error, RB_ERROR_BAD_STATE, "held_behind",
                "message '%s' is behind '%s' of the same conversation; accept or refuse that one first", row->message->id,
                rb_held_get_first (core->held, row->lane)->message->id);
  return FALSE;
}

/* A star in an address would make it a pattern, and the rule one for others. */
static gboolean
remember_answer (RbCore          *core,
                 const RbMessage *message,
                 RbPolicyAction   action,
                 const char      *note,
                 RbChanges       *changes,
                 GError         **error)
{
  const char *sender = rb_envelope_get_from (message->envelope);
  RbPolicyRule *rule;

  if (strchr (sender, '*') != NULL)
    {
      rb_set_error (error, RB_ERROR_UNPROCESSABLE, "cannot_remember", "the address '%s' has a star; make a rule for it by hand", sender);
      return FALSE;
    }
  rule = rb_policy_rule_new (RB_POLICY_MESSAGE, sender, "*", rb_policy_action_to_string (action), note, error);
  return rule != NULL && rb_policy_set (core->policy, rule, RB_POLICY_BY_ANSWER, rb_core_now (core), changes, error) != NULL;
}

void
rb_hold_free (RbCore    *core,
              RbHeldRow *row,
              RbChanges *changes)
{
  rb_message_move (row->message, changes, RB_PLACE_HELD, NULL, RB_REASON_HELD_BEHIND, row->message->since);
}

/* Others of the agents that were seen in a loop; with @remember all of the sender that a rule or the quota holds. */
static void
free_others (RbCore          *core,
             const RbHeldRow *accepted,
             gboolean         remember,
             RbChanges       *changes)
{
  g_autoptr(GPtrArray) rows = rb_held_dup_rows (core->held);
  const char *sender = rb_envelope_get_from (accepted->message->envelope);

  for (guint i = 0; i < rows->len; i++)
    {
      RbHeldRow *row = g_ptr_array_index (rows, i);
      const char *reason = row->message->reason;
      gboolean is_loop = strcmp (reason, RB_REASON_HELD_LOOP) == 0;

      if (row == accepted || row->is_leaving || !row->message->is_durable || strcmp (reason, RB_REASON_HELD_BEHIND) == 0)
        continue;
      if (is_loop ? (row->lane != NULL && g_strcmp0 (row->lane, accepted->lane) == 0) ||
                      rb_admission_is_same_talk (core, row->message, accepted->message)
                  : remember && strcmp (rb_envelope_get_from (row->message->envelope), sender) == 0)
        rb_hold_free (core, row, changes);
    }
}

static gboolean
accept (RbCore      *core,
        const char  *message_id,
        gboolean     remember,
        RbHeldRow  **row,
        GError     **error)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();

  if (!rb_core_check_ready (core, error) || (*row = find_row (core, message_id, error)) == NULL || !check_turn (core, *row, error) ||
      (remember && !remember_answer (core, (*row)->message, RB_POLICY_ACCEPT, NULL, changes, error)))
    return FALSE;

  rb_admission_person (core, (*row)->message);
  rb_known_add (core->known, rb_envelope_get_from ((*row)->message->envelope), rb_core_now (core), changes);
  free_others (core, *row, remember, changes);
  rb_core_commit (core, g_steal_pointer (&changes), NULL, NULL);
  return TRUE;
}

void
rb_hold_accept_async (RbCore              *core,
                      const char          *message_id,
                      gboolean             remember,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);
  RbHeldRow *row;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_hold_accept_async);
  if (!accept (core, message_id, remember, &row, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  let_in (core, row, RB_RULE_ADMITTED, task);
  if (remember)
    rb_core_changed (core, "policy");
  rb_hold_resume (core);
}

GVariant *
rb_hold_accept_finish (RbCore        *core,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rb_hold_settle (RbCore     *core,
                RbHeldRow  *row,
                const char *endpoint_id,
                const char *how,
                RbChanges  *changes)
{
  g_autoptr(RbMessage) message = rb_message_ref (row->message);

  rb_message_checkpoint (message, changes, "settled", rb_core_now (core), endpoint_id, how);
  message->endpoint_id = g_strdup (endpoint_id);
  rb_held_remove (core->held, row);
  rb_past_message (core, message, how, changes);
  rb_core_changed (core, "held");
}

void
rb_hold_end (RbCore     *core,
             RbHeldRow  *row,
             const char *how,
             const char *why,
             const char *rule,
             RbChanges  *changes)
{
  g_autoptr(RbMessage) message = rb_message_ref (row->message);

  rb_message_checkpoint_ruled (message, changes, "refused", rb_core_now (core), NULL, why, rule);
  rb_log_info ("held_message_refused", "id", message->id, NULL);
  rb_held_remove (core->held, row);
  rb_past_message (core, message, how, changes);
  rb_core_changed (core, "held");
}

void
rb_hold_refuse_async (RbCore              *core,
                      const char          *message_id,
                      gboolean             remember,
                      const char          *why,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autofree char *lane = NULL;
  RbHeldRow *row;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_hold_refuse_async);
  if (!rb_core_check_ready (core, &error) || (row = find_row (core, message_id, &error)) == NULL ||
      !rb_policy_rule_check_note (why, &error) ||
      (remember && !remember_answer (core, row->message, RB_POLICY_REFUSE, why, changes, &error)))
    {
      g_task_return_error (task, error);
      return;
    }

  lane = g_strdup (row->lane);
  rb_hold_end (core, row, RB_ENDED_BY_PERSON, why, RB_RULE_TURNED_AWAY, changes);
  rb_core_commit_task (core, g_steal_pointer (&changes), g_steal_pointer (&task));
  if (remember)
    rb_core_changed (core, "policy");
  rb_hold_go_on (core, lane);
}

gboolean
rb_hold_refuse_finish (RbCore        *core,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
