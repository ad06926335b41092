/* rb-spawn-operator.c: a person says whether a runtime starts that the network asks for, or starts one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn-operator.h"

#include "rb-control.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-policy.h"
#include "rb-spawn.h"

#include <string.h>

static RbSpawn *
find_asked (RbCore      *core,
            const char  *token,
            GError     **error)
{
  RbSpawn *spawn = rb_spawns_lookup (core, token);

  if (!rb_core_check_ready (core, error))
    return NULL;
  if (spawn != NULL && spawn->state == RB_SPAWN_ASKED)
    return spawn;
  if (spawn == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "not_found", "there is no spawn '%s'", token);
  else
    rb_set_error (error, RB_ERROR_BAD_STATE, "no_longer_waiting", "the spawn '%s' is no longer waiting: it is %s", token,
                  rb_spawn_state_to_string (spawn->state));
  return NULL;
}

static gboolean
remember (RbCore         *core,
          const RbSpawn  *spawn,
          const char     *action,
          RbChanges      *changes,
          GError        **error)
{
  RbPolicyRule *rule = rb_policy_rule_new (RB_POLICY_SPAWN, "*", spawn->kind, action, NULL, error);

  return rule != NULL && rb_policy_set (core->policy, rule, RB_POLICY_BY_ANSWER, rb_core_now (core), changes, error) != NULL;
}

static void
set_rule (RbSpawn    *spawn,
          const char *text)
{
  g_free (spawn->rule);
  spawn->rule = g_strdup (text);
  spawn->is_answered = TRUE;
}

/* The upstream hears of it apart from its request, which was not answered; and when it asks again, that it was done. */
static void
on_remembered (RbCore       *core,
               const GError *error,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  const char *token = g_task_get_task_data (task);

  if (error != NULL)
    {
      rb_control_forget (core, token);
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  rb_control_ack (core, token, "received", NULL, TRUE);
  rb_spawn_acknowledged (core, token);
  g_task_return_boolean (task, TRUE);
}

static void
on_approved_started (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = RB_CORE (source);
  const char *token = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  RbChanges *changes;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      const RbSpawn *spawn = rb_spawns_lookup (core, token);

      /* Else the next process finds it as it is on the disk. */
      if (spawn != NULL && spawn->state == RB_SPAWN_FAILED)
        rb_control_ack (core, token, "failed", error->message, TRUE);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  changes = rb_changes_new ();
  rb_control_remember (core, token, changes);
  rb_core_commit (core, changes, on_remembered, g_steal_pointer (&task));
}

void
rb_spawn_approve_async (RbCore              *core,
                        const char          *token,
                        gboolean             always,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  GError *error = NULL;
  RbSpawn *spawn = find_asked (core, token, &error);
  GTask *start;

  g_task_set_source_tag (task, rb_spawn_approve_async);
  g_task_set_task_data (task, g_strdup (token), g_free);
  if (spawn == NULL || !rb_spawn_check_room (core, &error) || rb_spawn_find_driver (core, spawn->kind, &error) == NULL ||
      (always && !remember (core, spawn, "allow", changes, &error)))
    {
      g_task_return_error (task, error);
      return;
    }

  rb_spawn_set_state (spawn, RB_SPAWN_STARTING);
  set_rule (spawn, always ? "a person: always" : "a person");
  rb_log_info ("spawn_approved", "spawn_token", token, "runtime_kind", spawn->kind, NULL);
  start = g_task_new (core, NULL, on_approved_started, g_steal_pointer (&task));
  g_task_set_source_tag (start, rb_spawn_approve_async);
  g_task_set_task_data (start, g_strdup (token), g_free);
  rb_spawn_start (core, spawn, NULL, g_steal_pointer (&changes), start);
}

static void
on_denial_stored (RbCore       *core,
                  const GError *error,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  rb_control_ack (core, g_task_get_task_data (task), "failed", "spawn_denied: the owner of this machine does not want it", TRUE);
  g_task_return_boolean (task, TRUE);
}

void
rb_spawn_deny_async (RbCore              *core,
                     const char          *token,
                     gboolean             always,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  GError *error = NULL;
  RbSpawn *spawn = find_asked (core, token, &error);

  g_task_set_source_tag (task, rb_spawn_deny_async);
  g_task_set_task_data (task, g_strdup (token), g_free);
  if (spawn == NULL || (always && !remember (core, spawn, "deny", changes, &error)))
    {
      g_task_return_error (task, error);
      return;
    }

  rb_spawn_set_state (spawn, RB_SPAWN_DENIED);
  set_rule (spawn, always ? "a person: never" : "a person");
  g_clear_pointer (&spawn->prompt, g_free);
  spawn->detail = g_strdup ("spawn_denied: a person did not want it");
  rb_log_info ("spawn_denied", "spawn_token", token, "runtime_kind", spawn->kind, "rule", spawn->rule, NULL);
  rb_spawn_record (spawn, changes);
  rb_core_changed (core, "spawns");
  rb_core_commit (core, g_steal_pointer (&changes), on_denial_stored, g_steal_pointer (&task));
}

gboolean
rb_spawn_answer_finish (RbCore        *core,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
check_by_hand (RbCore      *core,
               const char  *kind,
               const char  *prompt,
               GError     **error)
{
  if (!rb_core_check_ready (core, error) || !rb_spawn_check_room (core, error))
    return FALSE;
  if (strlen (prompt) <= RB_SPAWN_PROMPT_MAX)
    return TRUE;
  rb_set_error (error, RB_ERROR_TOO_LARGE, "prompt_too_large", "the prompt may have %d bytes", RB_SPAWN_PROMPT_MAX);
  return FALSE;
}

void
rb_spawn_by_hand_async (RbCore              *core,
                        const char          *kind,
                        const char          *prompt,
                        const char          *directory,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autofree char *token = rb_core_uuid (core);
  RbChanges *changes;
  GError *error = NULL;
  RbSpawn *spawn;

  g_task_set_source_tag (task, rb_spawn_by_hand_async);
  if (!check_by_hand (core, kind, prompt, &error) || rb_spawn_find_driver (core, kind, &error) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  changes = rb_changes_new ();
  spawn = rb_spawns_add (core, token, kind, FALSE, changes);
  spawn->rule = g_strdup ("a person");
  spawn->prompt = g_strdup (prompt);
  g_task_set_task_data (task, g_steal_pointer (&token), g_free);
  rb_spawn_start (core, spawn, directory, changes, g_steal_pointer (&task));
}

char *
rb_spawn_by_hand_finish (RbCore        *core,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error) ? g_strdup (g_task_get_task_data (G_TASK (result))) : NULL;
}
