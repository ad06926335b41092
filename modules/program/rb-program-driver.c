/* rb-program-driver.c: what every spawn driver does that starts programs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-driver.h"

#include <sys/wait.h>

#define CHILDREN "rb-program-children"

typedef struct {
  char     *token;
  gboolean  is_launcher;
} Job;

static void
job_free (Job *job)
{
  g_free (job->token);
  g_free (job);
}

/* RbProgramChild to Job, both owned. */
static GHashTable *
ensure_children (GObject *driver)
{
  GHashTable *children = g_object_get_data (driver, CHILDREN);

  if (children == NULL)
    {
      children = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) rb_program_child_free, (GDestroyNotify) job_free);
      g_object_set_data_full (driver, CHILDREN, children, (GDestroyNotify) g_hash_table_unref);
    }
  return children;
}

/* What was started runs on: it is the user's, and it does not die with the broker (design.md 7). */
void
rb_program_driver_stop_async (RbModule            *module,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_program_driver_stop_async);
  g_hash_table_remove_all (ensure_children (G_OBJECT (module)));
  g_task_return_boolean (task, TRUE);
}

gboolean
rb_program_driver_stop_finish (RbModule      *module,
                               GAsyncResult  *result,
                               GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

GPid
rb_program_driver_spawn_finish (RbSpawnDriver  *driver,
                                GAsyncResult   *result,
                                GError        **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

static void
on_child_exited (RbProgramChild *child,
                 int             wait_status,
                 const char     *output,
                 gpointer        user_data)
{
  g_autoptr(GObject) driver = g_object_ref (G_OBJECT (user_data));
  Job *job = NULL;

  g_hash_table_steal_extended (ensure_children (driver), child, NULL, (gpointer *) &job);
  if (!job->is_launcher || !WIFEXITED (wait_status) || WEXITSTATUS (wait_status) != 0)
    rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), job->token, wait_status, output);
  job_free (job);
  rb_program_child_free (child);
}

GPid
rb_program_driver_start (RbSpawnDriver         *driver,
                         const RbProgramStart  *start,
                         const char            *token,
                         GError               **error)
{
  RbProgramChild *child = rb_program_child_new (start, on_child_exited, driver, error);
  Job *job;

  if (child == NULL)
    return 0;

  job = g_new (Job, 1);
  job->token = g_strdup (token);
  job->is_launcher = start->is_launcher;
  g_hash_table_insert (ensure_children (G_OBJECT (driver)), child, job);
  return rb_program_child_get_pid (child);
}

void
rb_program_driver_return (GTask  *task,
                          GPid    pid,
                          GError *error)
{
  if (pid > 0)
    g_task_return_int (task, pid);
  else
    g_task_return_error (task, error);
}
