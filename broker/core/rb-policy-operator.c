/* rb-policy-operator.c: a person looks at the policy and at what is held, and makes and removes rules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-policy-operator.h"

#include "rb-core-private.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-policy-apply.h"
#include "rb-views.h"

static GVariant *
view_rule (const RbPolicyRule *rule)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_count (&dict, "id", rule->n);
  rb_dict_put_text (&dict, "what", rb_policy_what_to_string (rule->what));
  rb_dict_put_text (&dict, "sender", rule->sender);
  rb_dict_put_text (&dict, "kind", rule->kind);
  rb_dict_put_text (&dict, "action", rb_policy_action_to_string (rule->action));
  rb_dict_put_text (&dict, "note", rule->note);
  rb_dict_put_time (&dict, "created_at", rule->created_at);
  rb_dict_put_text (&dict, "made_by", rule->made_by);
  rb_dict_put_count (&dict, "hits", rule->hits);
  rb_dict_put_time (&dict, "last_used_at", rule->last_used_at);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_view_policy (RbCore *core)
{
  g_autoptr(GPtrArray) rules = rb_policy_dup_rules (core->policy);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < rules->len; i++)
    g_variant_builder_add_value (&builder, view_rule (g_ptr_array_index (rules, i)));
  return g_variant_builder_end (&builder);
}

/* And what of it is here already. */
static GVariant *
view_new_rule (RbCore             *core,
               const RbPolicyRule *rule)
{
  g_autoptr(GVariant) base = g_variant_ref_sink (view_rule (rule));
  RbPolicyWaiting waiting = rb_policy_count_waiting (core, rule->n);
  GVariantDict dict;

  g_variant_dict_init (&dict, base);
  rb_dict_put_count (&dict, "waiting", waiting.n_held + waiting.n_inbox);
  rb_dict_put_count (&dict, "left_in_inbox", waiting.n_left);
  return g_variant_dict_end (&dict);
}

static GVariant *
view_held_row (RbCore          *core,
               const RbHeldRow *row)
{
  g_autoptr(GVariant) base = g_variant_ref_sink (rb_view_row (row->message));
  GVariantDict dict;

  g_variant_dict_init (&dict, base);
  rb_dict_put_text (&dict, "target_endpoint_id", row->message->target_endpoint_id);
  if (g_strcmp0 (row->message->reason, RB_REASON_HELD_BEHIND) != 0)
    rb_dict_put_text (&dict, "why", row->why);
  if (!rb_held_is_first (core->held, row))
    rb_dict_put_text (&dict, "behind", rb_held_get_first (core->held, row->lane)->message->id);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_view_held (RbCore *core)
{
  g_autoptr(GPtrArray) rows = rb_held_dup_rows (core->held);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < rows->len; i++)
    g_variant_builder_add_value (&builder, view_held_row (core, g_ptr_array_index (rows, i)));
  return g_variant_builder_end (&builder);
}

/* Takes what a person typed apart; NULL with the error. */
static const RbPolicyRule *
enter_rule (RbCore      *core,
            const char  *what,
            const char  *sender,
            const char  *kind,
            const char  *action,
            const char  *note,
            RbChanges   *changes,
            GError     **error)
{
  RbPolicyWhat parsed;
  RbPolicyRule *rule;

  if (!rb_core_check_ready (core, error))
    return NULL;
  if (!rb_policy_what_from_string (what, &parsed))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_rule", "a rule is for 'message' or 'spawn'");
      return NULL;
    }
  rule = rb_policy_rule_new (parsed, sender, kind != NULL ? kind : "*", action, note, error);
  return rule != NULL ? rb_policy_set (core->policy, rule, RB_POLICY_BY_PERSON, rb_core_now (core), changes, error) : NULL;
}

void
rb_policy_set_async (RbCore              *core,
                     const char          *what,
                     const char          *sender,
                     const char          *kind,
                     const char          *action,
                     const char          *note,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  GError *error = NULL;
  const RbPolicyRule *rule = enter_rule (core, what, sender, kind, action, note, changes, &error);

  g_task_set_source_tag (task, rb_policy_set_async);
  if (rule == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, g_variant_ref_sink (view_new_rule (core, rule)), (GDestroyNotify) g_variant_unref);
  rb_core_changed (core, "policy");
  rb_core_commit_task (core, g_steal_pointer (&changes), g_steal_pointer (&task));
}

GVariant *
rb_policy_set_finish (RbCore        *core,
                      GAsyncResult  *result,
                      GError       **error)
{
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  return g_variant_ref (g_task_get_task_data (G_TASK (result)));
}

void
rb_policy_remove_async (RbCore              *core,
                        gint64               id,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  GError *error = NULL;

  g_task_set_source_tag (task, rb_policy_remove_async);
  if (rb_core_check_ready (core, &error) && !rb_policy_remove (core->policy, id, changes))
    rb_set_error (&error, RB_ERROR_NOT_FOUND, "unknown_rule", "there is no rule %" G_GINT64_FORMAT, id);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  rb_core_changed (core, "policy");
  rb_core_commit_task (core, g_steal_pointer (&changes), g_steal_pointer (&task));
}

gboolean
rb_policy_remove_finish (RbCore        *core,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
