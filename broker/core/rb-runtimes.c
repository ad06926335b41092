/* rb-runtimes.c: what was started and runs: known again after a restart, and ended when a person wants it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-runtimes.h"

#include "rb-error.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-spawn.h"

#include <string.h>

#define KILLED_MS 5000     /* that a killed one may take to be gone */

static RbSpawnDriver *
find_driver (RbCore     *core,
             const char *kind)
{
  for (guint i = 0; i < core->spawn_drivers->len; i++)
    {
      RbSpawnDriver *driver = g_ptr_array_index (core->spawn_drivers, i);

      if (rb_spawn_driver_handles (driver, kind))
        return driver;
    }
  return NULL;
}

static void
identify (RbCore  *core,
          RbSpawn *spawn)
{
  if (spawn->runtime->pid <= 0 || !rb_processes_identify (core->processes, spawn->runtime->pid, &spawn->pid_start))
    spawn->pid_start = 0;
}

void
rb_runtime_began (RbCore        *core,
                  RbSpawn       *spawn,
                  RbSpawnDriver *driver,
                  GPid           pid)
{
  spawn->runtime = rb_spawn_driver_dup_runtime (driver, spawn->token);
  if (spawn->runtime == NULL)
    {
      spawn->runtime = g_new0 (RbRuntime, 1);
      spawn->runtime->pid = pid != RB_SPAWN_PID_NONE ? pid : 0;
    }
  spawn->started_at = rb_core_now (core);
  identify (core, spawn);
  rb_bounds_note (core->bounds, RB_CORE_BOUND_RUNTIMES, rb_spawns_get_n_running (core->spawns));
  if (spawn->endpoint_id != NULL)
    rb_runtime_registered (core, spawn);
  if (spawn->has_exited)
    spawn->ended_at = spawn->started_at;
}

/* Where it handed over, the process that registered is it from here on. */
void
rb_runtime_registered (RbCore  *core,
                       RbSpawn *spawn)
{
  RbSpawnDriver *driver = find_driver (core, spawn->kind);
  g_autoptr(RbRuntime) now = driver != NULL ? rb_spawn_driver_dup_runtime (driver, spawn->token) : NULL;
  const RbEndpoint *endpoint = rb_registry_lookup (core->registry, spawn->endpoint_id);

  if (!rb_spawn_is_running (spawn) || now == NULL || endpoint == NULL || now->unit != NULL || now->pid > 0)
    return;

  g_clear_pointer (&spawn->runtime->unit, g_free);
  spawn->runtime->pid = endpoint->plugin_pid;
  identify (core, spawn);
  if (!rb_spawn_driver_adopt (driver, spawn->token, spawn->runtime))
    spawn->runtime->pid = 0;
}

void
rb_runtime_found (RbCore  *core,
                  RbSpawn *spawn)
{
  RbSpawnDriver *driver = find_driver (core, spawn->kind);
  const RbEndpoint *endpoint = rb_registry_lookup (core->registry, spawn->endpoint_id);

  g_clear_pointer (&spawn->detail, g_free);
  if (endpoint == NULL)
    return;
  spawn->runtime = g_new0 (RbRuntime, 1);
  spawn->runtime->pid = endpoint->plugin_pid;
  spawn->started_at = spawn->asked_at;
  identify (core, spawn);
  if (driver == NULL || !rb_spawn_driver_adopt (driver, spawn->token, spawn->runtime))
    spawn->runtime->pid = 0;
}

/* Everybody who wanted it to end; @error: NULL when it has. */
static void
answer_enders (RbCore       *core,
               RbSpawn      *spawn,
               const GError *error)
{
  g_autoptr(GPtrArray) enders = g_steal_pointer (&spawn->enders);

  for (guint i = 0; enders != NULL && i < enders->len; i++)
    {
      GTask *task = g_ptr_array_index (enders, i);

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        rb_core_commit_task (core, rb_changes_new (), g_object_ref (task));
    }
}

void
rb_runtime_ended (RbCore  *core,
                  RbSpawn *spawn)
{
  RbEndpoint *endpoint = spawn->endpoint_id != NULL ? rb_registry_lookup (core->registry, spawn->endpoint_id) : NULL;
  gboolean is_ending = spawn->is_ending;

  spawn->ended_at = rb_core_now (core);
  spawn->is_ending = FALSE;
  rb_clock_clear (core->clock, &spawn->end_timer);
  /* It cannot come back; what it had goes where that of any process goes that has ended. */
  if (is_ending && endpoint != NULL && !core->is_stopping)
    rb_lifecycle_apply (core, endpoint,
                        endpoint->state == RB_ENDPOINT_ACTIVE ? RB_ENDPOINT_EXPLICIT_UNREGISTER : RB_ENDPOINT_PROCESS_EXITED);
  rb_spawn_commit (core, spawn);
  answer_enders (core, spawn, NULL);
}

void
rb_runtime_stop_waiting (RbCore  *core,
                         RbSpawn *spawn)
{
  g_autoptr(GError) error = NULL;

  rb_clock_clear (core->clock, &spawn->end_timer);
  if (spawn->enders == NULL)
    return;
  rb_core_check_ready (core, &error);
  answer_enders (core, spawn, error);
}

void
rb_runtime_endpoint_gone (RbCore     *core,
                          const char *endpoint_id)
{
  for (GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    {
      RbSpawn *spawn = l->data;

      if (rb_spawn_is_running (spawn) && g_strcmp0 (spawn->endpoint_id, endpoint_id) == 0 && spawn->runtime->unit == NULL &&
          spawn->runtime->pid == 0)
        rb_runtime_ended (core, spawn);
    }
}

/* A pid of which nobody knows when it began may be anybody's by now, and a person may want it ended. */
static gboolean
is_still_there (RbCore        *core,
                const RbSpawn *spawn)
{
  gint64 start = 0;

  if (spawn->runtime->unit != NULL || spawn->runtime->pid == 0)
    return TRUE;
  return spawn->pid_start != 0 && rb_processes_identify (core->processes, spawn->runtime->pid, &start) && start == spawn->pid_start;
}

void
rb_runtime_resume (RbCore  *core,
                   RbSpawn *spawn)
{
  RbSpawnDriver *driver = find_driver (core, spawn->kind);
  gboolean is_there = is_still_there (core, spawn);

  /* What handed over and has not registered yet is known by nothing. */
  if (is_there && spawn->runtime->unit == NULL && spawn->runtime->pid == 0)
    return;
  if (is_there && driver != NULL && rb_spawn_driver_adopt (driver, spawn->token, spawn->runtime))
    return;

  rb_log_info ("runtime_not_found_again", "spawn_token", spawn->token, "runtime_kind", spawn->kind, "why",
               is_there ? "no driver knows it" : "it has ended", NULL);
  spawn->has_exited = TRUE;
  spawn->wait_status = RB_SPAWN_STATUS_UNKNOWN;
  rb_runtime_ended (core, spawn);
}

static void
on_end_late (gpointer user_data)
{
  RbSpawn *spawn = user_data;
  RbCore *core = spawn->core;
  RbSpawnDriver *driver = find_driver (core, spawn->kind);

  spawn->end_timer = 0;
  if (!spawn->was_forced && driver != NULL)
    {
      spawn->was_forced = TRUE;
      rb_log_warning ("runtime_is_killed", "spawn_token", spawn->token, "runtime_kind", spawn->kind, NULL);
      spawn->end_timer = rb_clock_add (core->clock, KILLED_MS, on_end_late, spawn);
      rb_spawn_driver_end (driver, spawn->token, TRUE);
    }
  else
    {
      g_autoptr(GError) error = rb_error_new (RB_ERROR_TIMED_OUT, "still_running", "the runtime '%s' does not end", spawn->token);

      spawn->is_ending = FALSE;
      answer_enders (core, spawn, error);
    }
}

static gboolean
check_end (RbCore         *core,
           const RbSpawn  *spawn,
           const char     *token,
           GError        **error)
{
  if (!rb_core_check_ready (core, error))
    return FALSE;
  if (spawn == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "not_found", "there is no runtime '%s'", token);
  else if (!rb_spawn_is_running (spawn))
    rb_set_error (error, RB_ERROR_BAD_STATE, "not_running", "the runtime '%s' does not run", token);
  else if (find_driver (core, spawn->kind) == NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "no driver knows runtimes of the kind '%s' any more", spawn->kind);
  else if (spawn->runtime->unit == NULL && spawn->runtime->pid == 0)
    rb_set_error (error, RB_ERROR_BAD_STATE, "not_known", "which process the runtime '%s' is, is not known until it registers", token);
  else
    return TRUE;
  return FALSE;
}

static void
begin_end (RbCore  *core,
           RbSpawn *spawn)
{
  spawn->is_ending = TRUE;
  spawn->was_forced = FALSE;
  spawn->end_timer = rb_clock_add (core->clock, core->settings.spawn_stop_timeout, on_end_late, spawn);
  rb_log_info ("runtime_is_ended", "spawn_token", spawn->token, "runtime_kind", spawn->kind, NULL);
  rb_core_changed (core, "spawns");
  rb_spawn_driver_end (find_driver (core, spawn->kind), spawn->token, FALSE);
}

void
rb_runtime_stop_async (RbCore              *core,
                       const char          *token,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbSpawn *spawn = rb_spawns_lookup (core, token);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_runtime_stop_async);
  if (!check_end (core, spawn, token, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (spawn->enders == NULL)
    spawn->enders = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (spawn->enders, g_steal_pointer (&task));
  if (!spawn->is_ending)
    begin_end (core, spawn);
}

gboolean
rb_runtime_stop_finish (RbCore        *core,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
