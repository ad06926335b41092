/* rb-policy-apply.c: a person has a rule decide on what is here already
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-policy-apply.h"

#include "rb-admission.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-hold.h"
#include "rb-log.h"
#include "rb-past.h"
#include "rb-rule.h"

#include <string.h>

/* Whether that rule is the one that would decide on it now. */
static gboolean
is_for (RbCore          *core,
        const RbMessage *message,
        gint64           id)
{
  const RbPolicyRule *rule = message->is_durable ? rb_admission_find_rule (core, message) : NULL;

  return rule != NULL && rule->n == id;
}

static gboolean
is_held_for (RbCore             *core,
             const RbHeldRow    *row,
             const RbPolicyRule *rule)
{
  const char *reason = row->message->reason;

  if (row->is_leaving || !is_for (core, row->message, rule->n))
    return FALSE;
  return rule->action == RB_POLICY_REFUSE || (rule->action == RB_POLICY_ACCEPT && (strcmp (reason, RB_REASON_HELD) == 0 ||
                                                                                   strcmp (reason, RB_REASON_HELD_QUOTA) == 0));
}

/* (transfer container): of RbHeldRow */
static GPtrArray *
list_held (RbCore             *core,
           const RbPolicyRule *rule)
{
  GPtrArray *rows = rb_held_dup_rows (core->held);

  for (guint i = rows->len; i-- > 0;)
    if (!is_held_for (core, g_ptr_array_index (rows, i), rule))
      g_ptr_array_remove_index (rows, i);
  return rows;
}

/* Likewise, of RbMessage: what that rule would not have let in. */
static GPtrArray *
list_inbox (RbCore             *core,
            const RbPolicyRule *rule)
{
  GPtrArray *rows = rb_inbox_dup_rows (core->inbox);

  for (guint i = rows->len; i-- > 0;)
    if (rule->action == RB_POLICY_ACCEPT || !is_for (core, g_ptr_array_index (rows, i), rule->n))
      g_ptr_array_remove_index (rows, i);
  return rows;
}

static gboolean
ends_in_inbox (RbCore             *core,
               const RbPolicyRule *rule)
{
  return rule->action == RB_POLICY_REFUSE && (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0;
}

RbPolicyWaiting
rb_policy_count_waiting (RbCore *core,
                         gint64  id)
{
  const RbPolicyRule *rule = rb_policy_lookup (core->policy, id);
  g_autoptr(GPtrArray) held = NULL;
  g_autoptr(GPtrArray) inbox = NULL;

  if (rule == NULL || rule->what != RB_POLICY_MESSAGE)
    return (RbPolicyWaiting) { 0 };
  held = list_held (core, rule);
  inbox = list_inbox (core, rule);
  return ends_in_inbox (core, rule) ? (RbPolicyWaiting) { held->len, inbox->len, 0 } : (RbPolicyWaiting) { held->len, 0, inbox->len };
}

static void
end_row (RbCore     *core,
         RbMessage  *row,
         const char *why,
         RbChanges  *changes)
{
  g_autoptr(RbMessage) message = rb_message_ref (row);

  rb_message_checkpoint_ruled (message, changes, "refused", rb_core_now (core), NULL, why, RB_RULE_POLICY);
  rb_log_info ("message_refused_by_policy", "id", message->id, "from", rb_envelope_get_from (message->envelope), NULL);
  rb_staging_remove_message (core->staging, message->id);
  rb_inbox_remove (core->inbox, message->id);
  rb_past_message (core, message, RB_ENDED_BY_POLICY, changes);
}

/* Returns what became of them. */
static GVariant *
apply (RbCore             *core,
       const RbPolicyRule *rule,
       RbChanges          *changes)
{
  g_autofree char *why = rb_policy_rule_describe (rule);
  g_autoptr(GPtrArray) held = list_held (core, rule);
  g_autoptr(GPtrArray) inbox = list_inbox (core, rule);
  gboolean ends = ends_in_inbox (core, rule);
  GVariantDict dict;

  for (guint i = 0; i < held->len; i++)
    if (rule->action == RB_POLICY_ACCEPT)
      rb_hold_free (core, g_ptr_array_index (held, i), changes);
    else
      rb_hold_end (core, g_ptr_array_index (held, i), RB_ENDED_BY_POLICY, why, RB_RULE_POLICY, changes);
  for (guint i = 0; ends && i < inbox->len; i++)
    end_row (core, g_ptr_array_index (inbox, i), why, changes);

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_count (&dict, "id", rule->n);
  rb_dict_put_count (&dict, "let_in", rule->action == RB_POLICY_ACCEPT ? held->len : 0);
  rb_dict_put_count (&dict, "refused", rule->action == RB_POLICY_REFUSE ? held->len + (ends ? inbox->len : 0) : 0);
  rb_dict_put_count (&dict, "left_in_inbox", ends ? 0 : inbox->len);
  return g_variant_dict_end (&dict);
}

static const RbPolicyRule *
find_rule (RbCore  *core,
           gint64   id,
           GError **error)
{
  const RbPolicyRule *rule;

  if (!rb_core_check_ready (core, error))
    return NULL;
  rule = rb_policy_lookup (core->policy, id);
  if (rule == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_rule", "there is no rule %" G_GINT64_FORMAT, id);
  else if (rule->what == RB_POLICY_MESSAGE)
    return rule;
  else
    rb_set_error (error, RB_ERROR_UNPROCESSABLE, "not_for_messages", "rule %" G_GINT64_FORMAT " is for spawns; each that waits is answered by itself",
                  id);
  return NULL;
}

void
rb_policy_apply_async (RbCore              *core,
                       gint64               id,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  GError *error = NULL;
  const RbPolicyRule *rule = find_rule (core, id, &error);

  g_task_set_source_tag (task, rb_policy_apply_async);
  if (rule == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, g_variant_ref_sink (apply (core, rule, changes)), (GDestroyNotify) g_variant_unref);
  rb_core_commit_task (core, g_steal_pointer (&changes), g_steal_pointer (&task));
  rb_core_changed (core, "inbox");
  rb_hold_resume (core);
}

GVariant *
rb_policy_apply_finish (RbCore        *core,
                        GAsyncResult  *result,
                        GError       **error)
{
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  return g_variant_ref (g_task_get_task_data (G_TASK (result)));
}
