/* rb-program-driver.c: what every spawn driver does that starts programs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-driver.h"

#include "rb-program-child.h"
#include "rb-program-log.h"
#include "rb-unit-manager.h"
#include "rb-unit-properties.h"

#include <sys/wait.h>

#define STATE "rb-program-state"
#define TRIM_S 5      /* how often the output of what runs in no unit is looked at */

typedef struct {
  RbModuleContext *context;    /* NULL: not configured */
  RbUnitManager   *manager;    /* NULL: units are not wanted, or not needed yet */
  GHashTable      *jobs;       /* token (the job's) to Job */
  guint            trim_id;
  gboolean         is_stopped;
} State;

/* A runtime, in a unit or as a child; neither: it handed over, and what it left is not known. */
typedef struct {
  GObject        *driver;      /* borrowed */
  State          *state;       /* borrowed */
  char           *token;
  RbRuntime      *runtime;
  RbProgramChild *child;
  gboolean        is_launcher;
} Job;

/* A start on its way to the service manager. */
typedef struct {
  RbProgramStart  start;       /* a copy */
  RbProgramPlace *place;
} Attempt;

static void
job_free (Job *job)
{
  if (job->runtime->unit != NULL && job->state->manager != NULL)
    rb_unit_manager_unwatch (job->state->manager, job->runtime->unit);
  g_clear_pointer (&job->child, rb_program_child_free);
  rb_runtime_free (job->runtime);
  g_free (job->token);
  g_free (job);
}

static void
attempt_free (Attempt *attempt)
{
  g_strfreev (attempt->start.argv);
  g_strfreev (attempt->start.environment);
  g_free ((char *) attempt->start.input);
  g_free ((char *) attempt->start.kind);
  g_free ((char *) attempt->start.token);
  g_free ((char *) attempt->start.directory);
  g_clear_pointer (&attempt->place, rb_program_place_free);
  g_free (attempt);
}

static void
state_free (State *state)
{
  g_clear_handle_id (&state->trim_id, g_source_remove);
  g_hash_table_unref (state->jobs);
  if (state->manager != NULL)
    rb_unit_manager_stop (state->manager);
  g_clear_pointer (&state->manager, rb_unit_manager_unref);
  g_clear_object (&state->context);
  g_free (state);
}

static State *
ensure_state (gpointer driver)
{
  State *state = g_object_get_data (driver, STATE);

  if (state == NULL)
    {
      state = g_new0 (State, 1);
      state->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) job_free);
      g_object_set_data_full (driver, STATE, state, (GDestroyNotify) state_free);
    }
  return state;
}

static const RbModuleEnvironment *
get_environment (const State *state)
{
  return rb_module_context_get_environment (state->context);
}

/* Output that goes to files. */

static gboolean
trim_logs (gpointer user_data)
{
  State *state = user_data;
  gboolean more = FALSE;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, state->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Job *job = value;

      if (job->runtime->log_file == NULL)
        continue;
      rb_program_log_trim (job->runtime->log_file, get_environment (state)->spawn.log_max_bytes);
      more = TRUE;
    }
  if (!more)
    state->trim_id = 0;
  return more;
}

static void
trim_later (State *state)
{
  if (state->trim_id == 0 && get_environment (state)->spawn.log_max_bytes > 0)
    state->trim_id = g_timeout_add_seconds (TRIM_S, trim_logs, state);
}

/* The end. */

static void
end_job (Job *job,
         int  wait_status)
{
  g_autoptr(GObject) driver = g_object_ref (job->driver);
  g_autofree char *output = rb_program_log_dup_tail (job->runtime->log_file);
  g_autofree char *token = g_strdup (job->token);

  if (job->runtime->log_file != NULL && get_environment (job->state)->spawn.log_max_bytes > 0)
    rb_program_log_trim (job->runtime->log_file, get_environment (job->state)->spawn.log_max_bytes);
  g_hash_table_remove (job->state->jobs, token);
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), token, wait_status, output);
}

/* What a launcher left behind is no child of ours, and in no unit; the endpoint that registers will tell which process it is. */
static void
hand_over (Job *job)
{
  job->runtime->pid = 0;
  g_clear_pointer (&job->runtime->unit, g_free);
  g_clear_pointer (&job->child, rb_program_child_free);
}

static void
on_end (Job *job,
        int  wait_status)
{
  if (job->is_launcher && WIFEXITED (wait_status) && WEXITSTATUS (wait_status) == 0)
    hand_over (job);
  else
    end_job (job, wait_status);
}

static void
on_child_exited (RbProgramChild *child,
                 int             wait_status,
                 gpointer        user_data)
{
  on_end (user_data, wait_status);
}

static void
on_unit_ended (const char *unit,
               int         wait_status,
               gpointer    user_data)
{
  on_end (user_data, wait_status);
}

/* The beginning. */

static Job *
add_job (GObject         *driver,
         const char      *token,
         const RbRuntime *runtime)
{
  Job *job = g_new0 (Job, 1);

  job->driver = driver;
  job->state = ensure_state (driver);
  job->token = g_strdup (token);
  job->runtime = rb_runtime_copy (runtime);
  g_hash_table_replace (job->state->jobs, job->token, job);
  return job;
}

/* Takes both. */
static void
start_child (GObject *driver,
             Attempt *attempt,
             GTask   *task)
{
  const RbProgramStart *start = &attempt->start;
  const RbModuleEnvironment *environment = get_environment (ensure_state (driver));
  RbRuntime runtime = { .directory = attempt->place->directory };
  g_autoptr(GTask) owned = task;
  GError *error = NULL;
  Job *job;

  if (!rb_program_place_open_output (attempt->place, start, environment->state_dir, &error))
    {
      g_task_return_error (owned, error);
      attempt_free (attempt);
      return;
    }

  runtime.log_file = attempt->place->log_file;
  job = add_job (driver, start->token, &runtime);
  job->is_launcher = start->is_launcher;
  job->child = rb_program_child_new (start, attempt->place, &environment->spawn, on_child_exited, job, &error);
  attempt_free (attempt);
  if (job->child == NULL)
    {
      g_hash_table_remove (job->state->jobs, job->token);
      g_task_return_error (owned, error);
      return;
    }
  job->runtime->pid = rb_program_child_get_pid (job->child);
  if (job->runtime->log_file != NULL)
    trim_later (job->state);
  g_task_return_int (owned, job->runtime->pid);
}

static GVariant *
make_properties (const char *const *manager_environment,
                 gpointer           user_data)
{
  GTask *task = user_data;
  const Attempt *attempt = g_task_get_task_data (task);
  const RbModuleEnvironment *environment = get_environment (ensure_state (g_task_get_source_object (task)));

  return rb_unit_make_properties (&attempt->start, attempt->place, &environment->spawn, manager_environment);
}

static Attempt *
steal_attempt (GTask *task)
{
  Attempt *attempt = g_task_get_task_data (task);
  Attempt *copy = g_new (Attempt, 1);

  *copy = *attempt;
  *attempt = (Attempt) { .place = NULL };
  return copy;
}

/* Nothing was started: it is started here. A refusal costs what only a unit has, so it is said. */
static gboolean
may_start_here (const State  *state,
                const char   *unit,
                const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  if (state->is_stopped)
    return FALSE;
  if (g_strcmp0 (reason, "manager_refused") == 0)
    rb_log_warning ("runtime_unit_refused", "unit", unit, "err", error->message, NULL);
  return g_strcmp0 (reason, "manager_refused") == 0 || g_strcmp0 (reason, "no_manager") == 0;
}

static void
on_unit_started (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GTask *task = user_data;
  GObject *driver = g_task_get_source_object (task);
  State *state = ensure_state (driver);
  const Attempt *attempt = g_task_get_task_data (task);
  g_autofree char *unit = rb_unit_dup_name (attempt->place->name);
  RbRuntime runtime = { .unit = unit, .directory = attempt->place->directory };
  GError *error = NULL;
  Job *job;

  runtime.pid = rb_unit_manager_start_finish (result, &error);
  if (error != NULL && may_start_here (state, unit, error))
    {
      g_error_free (error);
      start_child (driver, steal_attempt (task), task);
      return;
    }
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  job = add_job (driver, attempt->start.token, &runtime);
  job->is_launcher = attempt->start.is_launcher;
  g_task_return_int (task, runtime.pid > 0 ? runtime.pid : RB_SPAWN_PID_NONE);
  g_object_unref (task);
  rb_unit_manager_watch (state->manager, unit, on_unit_ended, job);
}

static void
start_unit (State *state,
            GTask *task)
{
  const Attempt *attempt = g_task_get_task_data (task);
  g_autofree char *unit = rb_unit_dup_name (attempt->place->name);

  if (state->manager == NULL)
    state->manager = rb_unit_manager_new (NULL);
  rb_unit_manager_start_async (state->manager, unit, make_properties, task, attempt->place->input_fd, on_unit_started, task);
}

void
rb_program_driver_start (RbSpawnDriver        *driver,
                         const RbProgramStart *start,
                         GTask                *task)
{
  State *state = ensure_state (driver);
  const RbModuleEnvironment *environment = get_environment (state);
  Attempt *attempt = g_new0 (Attempt, 1);
  GError *error = NULL;

  attempt->start = *start;
  attempt->start.argv = g_strdupv (start->argv);
  attempt->start.environment = g_strdupv (start->environment);
  attempt->start.input = g_strdup (start->input);
  attempt->start.kind = g_strdup (start->kind);
  attempt->start.token = g_strdup (start->token);
  attempt->start.directory = g_strdup (start->directory);
  g_task_set_task_data (task, attempt, (GDestroyNotify) attempt_free);
  attempt->place = rb_program_place_new (&attempt->start, &environment->spawn, environment->state_dir, &error);
  if (attempt->place == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
  else if (environment->spawn.no_units)
    start_child (G_OBJECT (driver), steal_attempt (task), task);
  else
    start_unit (state, task);
}

/* The interfaces. */

void
rb_program_driver_configure (RbModule        *module,
                             RbModuleContext *context)
{
  g_set_object (&ensure_state (module)->context, context);
}

static GPid
spawn_finish (RbSpawnDriver  *driver,
              GAsyncResult   *result,
              GError        **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

static RbRuntime *
dup_runtime (RbSpawnDriver *driver,
             const char    *token)
{
  const Job *job = g_hash_table_lookup (ensure_state (driver)->jobs, token);

  return job != NULL ? rb_runtime_copy (job->runtime) : NULL;
}

static gboolean
adopt (RbSpawnDriver   *driver,
       const char      *token,
       const RbRuntime *runtime)
{
  State *state = ensure_state (driver);
  Job *job = add_job (G_OBJECT (driver), token, runtime);

  if (runtime->unit != NULL)
    {
      if (state->manager == NULL)
        state->manager = rb_unit_manager_new (NULL);
      rb_unit_manager_watch (state->manager, runtime->unit, on_unit_ended, job);
      return TRUE;
    }

  job->child = runtime->pid > 0 ? rb_program_child_adopt ((GPid) runtime->pid, on_child_exited, job) : NULL;
  if (job->child != NULL && runtime->log_file != NULL)
    trim_later (state);
  if (job->child == NULL)
    g_hash_table_remove (state->jobs, token);
  return g_hash_table_contains (state->jobs, token);
}

static void
end (RbSpawnDriver *driver,
     const char    *token,
     gboolean       force)
{
  State *state = ensure_state (driver);
  Job *job = g_hash_table_lookup (state->jobs, token);

  if (job != NULL && job->runtime->unit != NULL)
    rb_unit_manager_end (state->manager, job->runtime->unit, force);
  else if (job != NULL && job->child != NULL)
    rb_program_child_end (job->child, force);
}

/* What was started runs on: it is the user's, and it does not die with the broker (design.md 7). */
static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, cancellable, callback, user_data);
  State *state = ensure_state (module);

  g_task_set_source_tag (task, stop_async);
  state->is_stopped = TRUE;
  g_hash_table_remove_all (state->jobs);
  if (state->manager != NULL)
    rb_unit_manager_stop (state->manager);
  g_task_return_boolean (task, TRUE);
}

static gboolean
stop_finish (RbModule      *module,
             GAsyncResult  *result,
             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_program_driver_init_module (RbModuleInterface *iface)
{
  iface->stop_async = stop_async;
  iface->stop_finish = stop_finish;
}

void
rb_program_driver_init_iface (RbSpawnDriverInterface *iface)
{
  iface->spawn_finish = spawn_finish;
  iface->dup_runtime = dup_runtime;
  iface->adopt = adopt;
  iface->end = end;
}
