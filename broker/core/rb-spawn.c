/* rb-spawn.c: a runtime is started here, because the network asks or a person does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn.h"

#include "rb-control.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-policy.h"
#include "rb-runtimes.h"
#include "rb-spawn-limit.h"

#include <string.h>

#define OUTPUT_BYTES 8192
/* The detail of one that was to be started when the last process ended. */
#define LOST "spawn_failed: the broker ended while the program was being started"

/* Nobody knows whether its program runs: it is not started a second time, however often it is asked for. */
static gboolean
is_lost (const RbSpawn *spawn)
{
  return spawn->state == RB_SPAWN_FAILED && g_strcmp0 (spawn->detail, LOST) == 0;
}

/* What comes second is told only after "received" was, however fast the program is. */
static void
tell (RbCore  *core,
      RbSpawn *spawn)
{
  if (!spawn->is_remote || !spawn->is_acknowledged || !spawn->is_owed)
    return;

  spawn->is_owed = FALSE;
  rb_control_ack (core, spawn->token, spawn->state == RB_SPAWN_REGISTERED ? "applied" : "failed", spawn->detail, TRUE);
}

static void
on_recorded (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  g_autofree char *token = user_data;
  RbSpawn *spawn = rb_spawns_lookup (core, token);

  if (error == NULL && spawn != NULL)
    tell (core, spawn);
}

void
rb_spawn_commit (RbCore  *core,
                 RbSpawn *spawn)
{
  RbChanges *changes = rb_changes_new ();

  rb_spawn_record (spawn, changes);
  rb_core_commit (core, changes, on_recorded, g_strdup (spawn->token));
  rb_core_changed (core, "spawns");
}

static void
fail (RbCore     *core,
      RbSpawn    *spawn,
      const char *detail)
{
  rb_spawn_set_state (spawn, RB_SPAWN_FAILED);
  g_free (spawn->detail);
  spawn->detail = g_strdup (detail);
  spawn->is_owed = TRUE;
  rb_spawn_commit (core, spawn);
}

static void
on_timeout (gpointer user_data)
{
  RbSpawn *spawn = user_data;

  spawn->timer = 0;
  rb_log_warning ("spawn_correlation_timeout", "spawn_token", spawn->token, "runtime_kind", spawn->kind, NULL);
  fail (spawn->core, spawn, "spawn_correlation_timeout");
}

/* What it wrote stays here: it may hold what is nobody else's business. */
static char *
describe_early_end (const RbSpawn *spawn)
{
  g_autofree char *end = rb_spawn_describe_end (spawn->wait_status);

  return g_strdup_printf ("spawn_failed: the program ended with %s before its endpoint registered", end);
}

static char *
dup_tail (const char *output)
{
  gsize length = strlen (output);
  const char *start = length > OUTPUT_BYTES ? output + length - OUTPUT_BYTES : output;

  while ((*start & 0xc0) == 0x80)
    start++;
  return g_strdup (start);
}

static void
on_exited (RbSpawnDriver *driver,
           const char    *token,
           int            wait_status,
           const char    *output,
           RbCore        *core)
{
  RbSpawn *spawn = rb_spawns_lookup (core, token);
  g_autofree char *detail = NULL;
  g_autofree char *end = rb_spawn_describe_end (wait_status);

  if (spawn == NULL || spawn->has_exited)
    return;

  spawn->has_exited = TRUE;
  spawn->wait_status = wait_status;
  spawn->output = dup_tail (output);
  rb_log_info ("spawned_program_ended", "spawn_token", token, "runtime_kind", spawn->kind, "how", end, NULL);
  if (spawn->runtime != NULL)
    rb_runtime_ended (core, spawn);
  if (spawn->state != RB_SPAWN_WAITING)
    return;

  detail = describe_early_end (spawn);
  fail (core, spawn, detail);
}

RbSpawnDriver *
rb_spawn_find_driver (RbCore      *core,
                      const char  *kind,
                      GError     **error)
{
  g_autoptr(GError) why = NULL;
  gboolean is_handled = FALSE;

  for (guint i = 0; i < core->spawn_drivers->len; i++)
    {
      RbSpawnDriver *driver = g_ptr_array_index (core->spawn_drivers, i);

      if (!rb_spawn_driver_handles (driver, kind))
        continue;
      if (rb_spawn_driver_is_available (driver, kind, why == NULL ? &why : NULL))
        return driver;
      is_handled = TRUE;
    }

  if (!is_handled)
    rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "runtime_kind_unsupported", "runtime_kind_unsupported: %s", kind);
  else
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "%s",
                  why != NULL && *why->message != '\0' ? why->message : "driver_unavailable");
  return NULL;
}

gboolean
rb_spawn_check_room (RbCore  *core,
                     GError **error)
{
  if (rb_spawns_get_n_live (core->spawns) >= RB_SPAWNS_MAX)
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_SPAWNS);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "too_many_spawns", "too_many_spawns");
      return FALSE;
    }
  if (rb_spawns_get_n_running (core->spawns) < RB_RUNTIMES_MAX)
    return TRUE;
  rb_bounds_reached (core->bounds, RB_CORE_BOUND_RUNTIMES);
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "too_many_runtimes", "too_many_runtimes");
  return FALSE;
}

/* In the order of 15.8. The limit counts what is refused after it, too. */
static RbSpawnDriver *
check (RbCore      *core,
       const char  *kind,
       GError     **error)
{
  if (!rb_core_check_ready (core, error))
    return NULL;

  if (!rb_spawn_limit_take (&core->spawn_limit, rb_clock_get_monotonic_us (core->clock) / 1000))
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_SPAWN_RATE);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_rate_limited", "spawn_rate_limited");
      return NULL;
    }
  if (!rb_spawn_check_room (core, error))
    return NULL;
  if (core->spawn_drivers->len == 0)
    rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "spawn_driver_registry_not_configured", "spawn_driver_registry_not_configured");
  else if (!core->settings.remote_spawn)
    rb_set_error (error, RB_ERROR_FORBIDDEN, "spawn_denied", "spawn_denied: this machine starts no runtimes for others");
  else
    return rb_spawn_find_driver (core, kind, error);
  return NULL;
}

static gboolean
check_question (RbCore      *core,
                const char  *prompt,
                GError     **error)
{
  if (strlen (prompt) > RB_SPAWN_PROMPT_MAX)
    {
      rb_set_error (error, RB_ERROR_TOO_LARGE, "prompt_too_large", "prompt_too_large: a person is asked about %d bytes at most",
                    RB_SPAWN_PROMPT_MAX);
      return FALSE;
    }
  if (rb_spawns_get_n_asked (core->spawns) < RB_SPAWNS_ASKED_MAX)
    return TRUE;
  rb_bounds_reached (core->bounds, RB_CORE_BOUND_SPAWNS_ASKED);
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "too_many_spawns", "too_many_spawns: others wait for a person");
  return FALSE;
}

static void
expect (RbCore  *core,
        RbSpawn *spawn)
{
  rb_spawn_set_state (spawn, core->is_stopping ? RB_SPAWN_GIVEN_UP : RB_SPAWN_WAITING);
  spawn->deadline = rb_core_now (core) + core->settings.spawn_timeout;
  if (spawn->state == RB_SPAWN_WAITING)
    spawn->timer = rb_clock_add (core->clock, core->settings.spawn_timeout, on_timeout, spawn);
}

static void
on_failure_recorded (RbCore       *core,
                     const GError *error,
                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  const RbSpawn *spawn = rb_spawns_lookup (core, g_task_get_task_data (task));
  const char *detail = spawn != NULL && spawn->detail != NULL ? spawn->detail : "spawn_failed";

  g_task_return_error (task, error != NULL ? g_error_copy (error) : rb_error_new (RB_ERROR_UNAVAILABLE, "spawn_failed", "%s", detail));
}

static void
end_start (RbCore  *core,
           RbSpawn *spawn,
           GTask   *task)
{
  RbChanges *changes = rb_changes_new ();

  g_clear_pointer (&spawn->prompt, g_free);
  rb_spawn_record (spawn, changes);
  rb_core_changed (core, "spawns");
  if (spawn->state != RB_SPAWN_FAILED)
    rb_core_commit_task (core, changes, g_object_ref (task));
  else
    rb_core_commit (core, changes, on_failure_recorded, g_object_ref (task));
  rb_core_stop_continue (core);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  RbSpawn *spawn = rb_spawns_lookup (core, g_task_get_task_data (task));
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  GPid pid = rb_spawn_driver_spawn_finish (RB_SPAWN_DRIVER (source), result, &error);

  core->n_starts--;
  if (pid <= 0 || (spawn->has_exited && spawn->state == RB_SPAWN_STARTING))
    {
      rb_spawn_set_state (spawn, RB_SPAWN_FAILED);
      spawn->detail = pid > 0 ? describe_early_end (spawn) : g_strdup_printf ("spawn_failed: %s", error->message);
      end_start (core, spawn, task);
      return;
    }

  rb_runtime_began (core, spawn, RB_SPAWN_DRIVER (source), pid);
  if (spawn->state == RB_SPAWN_STARTING)
    expect (core, spawn);
  text = g_strdup_printf ("%d", pid);
  rb_log_info ("spawn_request_initiated", "spawn_token", spawn->token, "runtime_kind", spawn->kind, "pid", text, "unit",
               spawn->runtime->unit, NULL);
  end_start (core, spawn, task);
}

/* A start that waits for its record. */
typedef struct {
  GTask *task;
  char  *directory;
} Start;

static void
start_free (Start *start)
{
  g_object_unref (start->task);
  g_free (start->directory);
  g_free (start);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Start, start_free)

static void
on_start_stored (RbCore       *core,
                 const GError *error,
                 gpointer      user_data)
{
  g_autoptr(Start) start = user_data;
  RbSpawn *spawn = rb_spawns_lookup (core, g_task_get_task_data (start->task));
  RbSpawnRequest request = { .directory = start->directory };
  g_autoptr(GError) refusal = NULL;
  RbSpawnDriver *driver;

  /* A disk that fails meanwhile is no reason: it was asked to start, on the disk, and would be so for ever. */
  if (error != NULL || (core->is_stopping && !rb_core_check_ready (core, &refusal)))
    {
      g_task_return_error (start->task, error != NULL ? g_error_copy (error) : g_steal_pointer (&refusal));
      return;
    }

  driver = rb_spawn_find_driver (core, spawn->kind, &refusal);
  if (driver == NULL)
    {
      rb_spawn_set_state (spawn, RB_SPAWN_FAILED);
      spawn->detail = g_strdup (refusal->message);
      end_start (core, spawn, start->task);
      return;
    }
  request.kind = spawn->kind;
  request.prompt = spawn->prompt;
  request.token = spawn->token;
  rb_bounds_note (core->bounds, RB_CORE_BOUND_SPAWNS, rb_spawns_get_n_live (core->spawns));
  core->n_starts++;
  rb_spawn_driver_spawn_async (driver, &request, NULL, on_started, g_object_ref (start->task));
}

void
rb_spawn_start (RbCore     *core,
                RbSpawn    *spawn,
                const char *directory,
                RbChanges  *changes,
                GTask      *task)
{
  Start *start = g_new0 (Start, 1);

  start->task = task;
  start->directory = g_strdup (directory);
  rb_spawn_record (spawn, changes);
  rb_core_changed (core, "spawns");
  rb_core_commit (core, changes, on_start_stored, start);
}

/* The rule stays here: it is the owner's business. */
static void
deny (RbCore  *core,
      RbSpawn *spawn,
      GTask   *task)
{
  rb_spawn_set_state (spawn, RB_SPAWN_DENIED);
  spawn->detail = g_strdup ("spawn_denied: the owner of this machine does not want it");
  rb_log_info ("spawn_denied", "spawn_token", spawn->token, "runtime_kind", spawn->kind, "rule", spawn->rule, NULL);
  rb_spawn_commit (core, spawn);
  g_task_return_error (task, rb_error_new (RB_ERROR_FORBIDDEN, "spawn_denied", "%s", spawn->detail));
}

static void
ask (RbCore  *core,
     RbSpawn *spawn,
     GTask   *task)
{
  RbChanges *changes = rb_changes_new ();

  rb_spawn_set_state (spawn, RB_SPAWN_ASKED);
  rb_log_info ("spawn_needs_approval", "spawn_token", spawn->token, "runtime_kind", spawn->kind, "rule", spawn->rule, NULL);
  rb_bounds_note (core->bounds, RB_CORE_BOUND_SPAWNS_ASKED, rb_spawns_get_n_asked (core->spawns));
  rb_spawn_record (spawn, changes);
  rb_core_changed (core, "spawns");
  rb_core_commit_task (core, changes, g_object_ref (task));
}

static void
decide (RbCore     *core,
        const char *kind,
        const char *prompt,
        GTask      *task)
{
  RbPolicySpawn question = { .kind = kind };
  RbPolicyVerdict verdict = rb_policy_decide_spawn (core->policy, &question, rb_core_now (core));
  RbChanges *changes;
  RbSpawn *spawn;
  GError *error = NULL;

  if (verdict.action == RB_POLICY_ASK && !check_question (core, prompt, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  changes = rb_changes_new ();
  spawn = rb_spawns_add (core, g_task_get_task_data (task), kind, TRUE, changes);
  spawn->rule = rb_policy_verdict_describe (&verdict);
  spawn->prompt = verdict.action != RB_POLICY_DENY ? g_strdup (prompt) : NULL;
  rb_bounds_note (core->bounds, RB_CORE_BOUND_SPAWN_RATE, rb_spawns_get_n_granted (core));
  if (verdict.action == RB_POLICY_ALLOW)
    {
      rb_spawn_start (core, spawn, NULL, changes, g_object_ref (task));
      return;
    }
  rb_core_commit (core, changes, NULL, NULL);
  if (verdict.action == RB_POLICY_ASK)
    ask (core, spawn, task);
  else
    deny (core, spawn, task);
}

void
rb_spawn_async (RbCore              *core,
                const char          *kind,
                const char          *prompt,
                const char          *token,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  const RbSpawn *same = rb_spawns_lookup (core, token);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_spawn_async);
  g_task_set_task_data (task, g_strdup (token), g_free);
  /* It came again while a person is being asked: that changes nothing. While it is started after the answer, neither. */
  if (same != NULL && (same->state == RB_SPAWN_ASKED || rb_spawn_is_live (same) || rb_spawn_is_running (same)))
    {
      rb_core_commit_task (core, rb_changes_new (), g_steal_pointer (&task));
      return;
    }

  if (same != NULL && is_lost (same))
    rb_core_commit (core, rb_changes_new (), on_failure_recorded, g_steal_pointer (&task));
  else if (check (core, kind, &error) != NULL)
    decide (core, kind, prompt, task);
  else
    g_task_return_error (task, error);
}

gboolean
rb_spawn_finish (RbCore        *core,
                 GAsyncResult  *result,
                 gboolean      *is_asked,
                 GError       **error)
{
  const RbSpawn *spawn = rb_spawns_lookup (core, g_task_get_task_data (G_TASK (result)));

  *is_asked = spawn != NULL && (spawn->state == RB_SPAWN_ASKED || spawn->is_answered);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_spawn_acknowledged (RbCore     *core,
                       const char *token)
{
  RbSpawn *spawn = rb_spawns_lookup (core, token);

  if (spawn == NULL)
    return;
  spawn->is_acknowledged = TRUE;
  tell (core, spawn);
}

void
rb_spawn_registered (RbCore     *core,
                     const char *token,
                     const char *endpoint_id)
{
  RbSpawn *spawn = rb_spawns_lookup (core, token);
  gboolean is_found = spawn != NULL && is_lost (spawn);

  if (spawn == NULL || (!rb_spawn_is_live (spawn) && !is_found))
    {
      rb_log_warning ("endpoint_register_unknown_spawn_token", "endpoint_id", endpoint_id, NULL);
      return;
    }

  rb_log_info ("endpoint_spawned_correlation_resolved", "spawn_token", token, "endpoint_id", endpoint_id, NULL);
  rb_spawn_set_state (spawn, RB_SPAWN_REGISTERED);
  spawn->endpoint_id = g_strdup (endpoint_id);
  spawn->is_owed = !is_found;    /* that it failed was told, and stays said */
  if (is_found)
    rb_runtime_found (core, spawn);
  else
    rb_runtime_registered (core, spawn);
  rb_spawn_commit (core, spawn);
}

void
rb_spawn_foreach_token (RbCore           *core,
                        RbSpawnTokenFunc  func,
                        gpointer          user_data)
{
  for (GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    func (((const RbSpawn *) l->data)->token, user_data);
}

guint
rb_spawns_get_n_granted (RbCore *core)
{
  return rb_spawn_limit_get_n (&core->spawn_limit, rb_clock_get_monotonic_us (core->clock) / 1000);
}

void
rb_spawn_watch (RbCore *core)
{
  for (guint i = 0; i < core->spawn_drivers->len; i++)
    g_signal_connect (g_ptr_array_index (core->spawn_drivers, i), "exited", G_CALLBACK (on_exited), core);
}

void
rb_spawn_stop (RbCore *core)
{
  for (GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    {
      RbSpawn *spawn = l->data;

      if (spawn->state == RB_SPAWN_WAITING)
        spawn->state = RB_SPAWN_GIVEN_UP;
      rb_clock_clear (core->clock, &spawn->timer);
      spawn->is_owed = FALSE;
      rb_runtime_stop_waiting (core, spawn);
    }
}

/* It was to be started just before the last process ended. */
static void
give_up_start (RbCore  *core,
               RbSpawn *spawn)
{
  spawn->is_acknowledged = TRUE;
  g_clear_pointer (&spawn->prompt, g_free);
  fail (core, spawn, LOST);
}

/* Whoever set the clock: no longer than it had at first. */
static gint64
get_time_left (RbCore        *core,
               const RbSpawn *spawn)
{
  return CLAMP (spawn->deadline - rb_core_now (core), 0, core->settings.spawn_timeout);
}

void
rb_spawn_resume (RbCore *core)
{
  for (GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    {
      RbSpawn *spawn = l->data;

      if (spawn->state == RB_SPAWN_STARTING && spawn->prompt != NULL)
        give_up_start (core, spawn);
      if (spawn->state == RB_SPAWN_WAITING && spawn->timer == 0)
        spawn->timer = rb_clock_add (core->clock, get_time_left (core, spawn), on_timeout, spawn);
      if (rb_spawn_is_running (spawn))
        rb_runtime_resume (core, spawn);
    }
}
