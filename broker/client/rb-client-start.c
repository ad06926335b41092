/* rb-client-start.c: finds a healthy broker and, when asked, starts one
 *
 * One question is asked again and again until the deadline: is there a healthy broker? What happens between two questions
 * depends on how far we are: take the spawn lock, look once more, have the session start its broker, or start one ourselves, wait for it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-start.h"

#include "rb-client-lock.h"
#include "rb-client-wake.h"
#include "rb-error.h"
#include "rb-paths.h"

#include <glib/gi18n-lib.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 100
#define PROBE_TIMEOUT_MS 2000

typedef struct {
  RbClientOptions *options;
  RbClock         *clock;
  gint64           deadline_us;
  guint64          timer;
  char            *discovery_file;  /* (nullable) until the lock is wanted */
  char            *lock_file;
  gboolean         locked;
  gboolean         called;          /* the session was asked for its broker */
  gboolean         started;         /* by the session, or by us */
  char            *said;            /* (nullable) by the session's broker */
  GPid             child;           /* 0: none, or gone */
  GSource         *child_watch;     /* (nullable) */
  int              child_status;
  gboolean         child_failed;
  RbClientHttp    *http;            /* being probed */
  GError          *last_probe;      /* (nullable) why the broker found did not count */
} Start;

static void look (GTask *task);

/* A daemon that outlives the search is still our child: somebody has to take its exit status. */
static void
on_daemon_ended (GPid     pid,
                 int      status,
                 gpointer user_data)
{
}

static void
stop_watching (Start *start)
{
  if (start->child_watch == NULL)
    return;
  g_source_destroy (start->child_watch);
  g_clear_pointer (&start->child_watch, g_source_unref);
  if (start->child != 0)
    g_child_watch_add (start->child, on_daemon_ended, NULL);
}

static void
start_free (Start *start)
{
  rb_clock_clear (start->clock, &start->timer);
  stop_watching (start);
  if (start->locked)
    rb_client_lock_release (start->lock_file);
  rb_client_options_free (start->options);
  g_clear_object (&start->clock);
  g_clear_object (&start->http);
  g_clear_error (&start->last_probe);
  g_free (start->said);
  g_free (start->discovery_file);
  g_free (start->lock_file);
  g_free (start);
}

char *
rb_client_start_dup_program (const RbClientOptions *options)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *beside = directory != NULL ? g_build_filename (directory, "runtime-brokerd", NULL) : NULL;

  if (options->program != NULL)
    return g_strdup (options->program);
  if (beside != NULL && g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&beside);
  return g_find_program_in_path ("runtime-brokerd");
}

/* Runs in the child: a session of its own, so that it outlives the terminal. */
static void
detach (gpointer user_data)
{
  setsid ();
}

static void
on_child_ended (GPid     pid,
                int      status,
                gpointer user_data)
{
  Start *start = user_data;

  start->child = 0;
  start->child_status = status;
  /* Status 0: another healthy broker was faster; it will be found. */
  start->child_failed = status != 0;
}

static gboolean
spawn (Start   *start,
       GError **error)
{
  g_autofree char *program = rb_client_start_dup_program (start->options);
  g_auto(GStrv) environment = g_get_environ ();
  char *argv[] = { program, NULL };
  g_autoptr(GError) local_error = NULL;

  if (program == NULL)
    {
      rb_set_error (error, RB_ERROR_REJECTED, "broker_start_failed", _ ("no broker is running and 'runtime-brokerd' was not found"));
      return FALSE;
    }

  environment = g_environ_setenv (environment, "MASONS_BROKER_ACCOUNT_ID", start->options->account_id, TRUE);
  if (start->options->data_dir != NULL)
    environment = g_environ_setenv (environment, "MASONS_BROKER_USER_DATA", start->options->data_dir, TRUE);
  if (!g_spawn_async (NULL, argv, environment,
                      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, detach, NULL,
                      &start->child, &local_error))
    {
      rb_set_error (error, RB_ERROR_REJECTED, "broker_start_failed", _ ("cannot start '%s': %s"), program, local_error->message);
      return FALSE;
    }

  start->started = TRUE;
  start->child_watch = g_child_watch_source_new (start->child);
  g_source_set_callback (start->child_watch, G_SOURCE_FUNC (on_child_ended), start, NULL);
  g_source_attach (start->child_watch, g_main_context_get_thread_default ());
  return TRUE;
}

/* The lock lies beside the discovery file, whose place depends on the runtime token; profile local's is minted here if
 * need be, and the daemon will find it. */
static gboolean
ensure_lock_file (Start   *start,
                  GError **error)
{
  const RbClientOptions *options = start->options;
  g_autofree char *token = g_strdup (options->runtime_token);
  g_autoptr(RbPaths) paths = NULL;

  if (start->lock_file != NULL)
    return TRUE;
  if (token == NULL)
    token = rb_paths_local_secret (options->account_id, options->data_dir, TRUE, error);
  if (token == NULL)
    return FALSE;

  paths = rb_paths_new (options->account_id, token, options->data_dir, error);
  if (paths == NULL)
    return FALSE;
  start->discovery_file = g_strdup (paths->discovery_file);
  start->lock_file = g_strconcat (paths->discovery_file, ".lock", NULL);
  return TRUE;
}

static void
on_timer (gpointer user_data)
{
  GTask *task = user_data;
  Start *start = g_task_get_task_data (task);

  start->timer = 0;
  look (task);
}

static GError *
give_up (Start *start)
{
  if (start->said != NULL)
    return rb_error_new (RB_ERROR_TIMED_OUT, "broker_start_timeout", _ ("no healthy broker was found; the service says: %s"), start->said);
  if (start->locked)
    return rb_error_new (RB_ERROR_TIMED_OUT, "broker_start_timeout",
                         "broker did not become healthy within %" G_GINT64_FORMAT "ms; check '%s' and the daemon log",
                         start->options->start_timeout_ms, start->discovery_file);
  return rb_error_new (RB_ERROR_TIMED_OUT, "broker_start_timeout",
                       "broker spawn lock was not acquired before discover timeout; check '%s'", start->lock_file);
}

static GError *
child_error (int status)
{
  return rb_error_new (RB_ERROR_REJECTED, "broker_start_failed", _ ("the daemon ended at once (%s %d); its log says why"),
                       WIFSIGNALED (status) ? _ ("signal") : _ ("status"), WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
}

static void
wait_a_turn (GTask *task)
{
  Start *start = g_task_get_task_data (task);

  if (start->child_failed)
    g_task_return_error (task, child_error (start->child_status));
  else if (rb_clock_get_monotonic_us (start->clock) >= start->deadline_us)
    g_task_return_error (task, give_up (start));
  else
    {
      start->timer = rb_clock_add (start->clock, POLL_MS, on_timer, task);
      return;
    }
  g_object_unref (task);
}

static void
fail (GTask  *task,
      GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;

  if (!rb_client_wake_finish (result, &start->started, &start->said, &error))
    {
      fail (task, error);
      return;
    }
  look (task);
}

static void
call_session (GTask *task)
{
  Start *start = g_task_get_task_data (task);

  start->called = TRUE;
  rb_client_wake_async (start->options, start->clock, start->deadline_us, g_task_get_cancellable (task), on_called, task);
}

/* No healthy broker now: do what brings one about, then ask again. */
static void
go_on (GTask *task)
{
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean taken = FALSE;

  if (!start->options->start)
    {
      fail (task, g_steal_pointer (&start->last_probe));
      return;
    }
  if (!start->locked)
    {
      if (!ensure_lock_file (start, &error) || !rb_client_lock_try (start->lock_file, &taken, &error))
        {
          fail (task, error);
          return;
        }
      start->locked = taken;
      if (taken)
        {
          look (task);
          return;
        }
    }
  else if (!start->called)
    {
      call_session (task);
      return;
    }
  else if (!start->started && !spawn (start, &error))
    {
      fail (task, error);
      return;
    }
  wait_a_turn (task);
}

static void
on_probed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Start *start = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) health = rb_client_http_call_finish (RB_CLIENT_HTTP (source), result, NULL, &error);

  if (health != NULL)
    {
      g_task_return_pointer (task, g_steal_pointer (&start->http), g_object_unref);
      g_object_unref (task);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      fail (task, g_steal_pointer (&error));
      return;
    }

  g_clear_error (&start->last_probe);
  start->last_probe = g_steal_pointer (&error);
  go_on (task);
}

static void
look (GTask *task)
{
  Start *start = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbClientSite) site = NULL;

  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    {
      fail (task, g_steal_pointer (&error));
      return;
    }

  site = rb_client_site_find (start->options, &error);
  g_clear_object (&start->http);
  if (site != NULL)
    {
      start->http = rb_client_http_new (site, start->options->pid, start->clock);
      rb_client_http_call_async (start->http, "GET", "/health", NULL, RB_CLIENT_CALL_REPEATABLE, PROBE_TIMEOUT_MS,
                                 g_task_get_cancellable (task), on_probed, task);
      return;
    }

  g_clear_error (&start->last_probe);
  start->last_probe = g_steal_pointer (&error);
  go_on (task);
}

void
rb_client_start_async (const RbClientOptions *options,
                       RbClock               *clock,
                       GCancellable          *cancellable,
                       GAsyncReadyCallback    callback,
                       gpointer               user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Start *start = g_new0 (Start, 1);

  g_task_set_source_tag (task, rb_client_start_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, start, (GDestroyNotify) start_free);
  start->options = rb_client_options_copy (options);
  start->clock = g_object_ref (clock);
  start->deadline_us = rb_clock_get_monotonic_us (clock) + options->start_timeout_ms * 1000;
  look (task);
}

RbClientHttp *
rb_client_start_finish (GAsyncResult *result,
                        GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
