/* rb-exec-runner.c: runs one program for many inputs, so many at a time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-exec-runner.h"

#include "rb-exec-process.h"

struct _RbExecRunner {
  GObject   parent_instance;

  GStrv     argv;
  guint     concurrency;
  gint64    timeout_ms;
  RbClock  *clock;
  guint     running;     /* turns taken */
  GQueue    waiting;     /* of GTask, in order; a task leaves in grant_turns() or on_cancelled() */
};

G_DEFINE_FINAL_TYPE (RbExecRunner, rb_exec_runner, G_TYPE_OBJECT)

/* The task's data: its watch on the caller's cancellable. */
static void
stop_watching (gpointer data)
{
  GSource *source = data;

  g_source_destroy (source);
  g_source_unref (source);
}

static void
grant_turns (RbExecRunner *self)
{
  GTask *next;

  while (self->running < self->concurrency && (next = g_queue_pop_head (&self->waiting)) != NULL)
    {
      g_autoptr(GTask) task = next;

      self->running++;
      g_task_set_task_data (task, NULL, NULL);
      g_task_return_boolean (task, TRUE);
    }
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbExecRunner *self = g_task_get_source_object (task);

  g_queue_remove (&self->waiting, task);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled while waiting for a turn");
  return G_SOURCE_REMOVE;
}

static void
rb_exec_runner_finalize (GObject *object)
{
  RbExecRunner *self = RB_EXEC_RUNNER (object);

  g_strfreev (self->argv);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_exec_runner_parent_class)->finalize (object);
}

static void
rb_exec_runner_class_init (RbExecRunnerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_exec_runner_finalize;
}

static void
rb_exec_runner_init (RbExecRunner *self)
{
  g_queue_init (&self->waiting);
}

RbExecRunner *
rb_exec_runner_new (const char *const *argv,
                    guint              concurrency,
                    gint64             timeout_ms,
                    RbClock           *clock)
{
  RbExecRunner *self = g_object_new (RB_TYPE_EXEC_RUNNER, NULL);

  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);
  g_return_val_if_fail (concurrency >= 1, NULL);

  self->argv = g_strdupv ((char **) argv);
  self->concurrency = concurrency;
  self->timeout_ms = timeout_ms;
  self->clock = g_object_ref (clock);
  return self;
}

guint
rb_exec_runner_get_running (RbExecRunner *self)
{
  return self->running;
}

guint
rb_exec_runner_get_waiting (RbExecRunner *self)
{
  return self->waiting.length;
}

void
rb_exec_runner_take_async (RbExecRunner        *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_exec_runner_take_async);
  /* A turn that was granted must be seen by its taker, or nobody gives it back. */
  g_task_set_check_cancellable (task, FALSE);
  if (cancellable != NULL)
    {
      GSource *source = g_cancellable_source_new (cancellable);

      g_source_set_callback (source, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (source, g_task_get_context (task));
      g_task_set_task_data (task, source, stop_watching);
    }
  g_queue_push_tail (&self->waiting, task);
  grant_turns (self);
}

gboolean
rb_exec_runner_take_finish (RbExecRunner  *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_exec_runner_give_back (RbExecRunner *self)
{
  g_return_if_fail (self->running > 0);

  self->running--;
  grant_turns (self);
}

static void
on_process_done (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbExecRunner *self = g_task_get_source_object (task);
  GError *error = NULL;
  GBytes *output = rb_exec_process_run_finish (result, &error);

  rb_exec_runner_give_back (self);
  if (output != NULL)
    g_task_return_pointer (task, output, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

void
rb_exec_runner_run_async (RbExecRunner        *self,
                          GBytes              *input,
                          const char *const   *environment,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (self->running > 0);

  g_task_set_source_tag (task, rb_exec_runner_run_async);
  g_task_set_check_cancellable (task, FALSE);
  rb_exec_process_run_async ((const char *const *) self->argv, environment, input, self->timeout_ms, self->clock, cancellable,
                             on_process_done, task);
}

GBytes *
rb_exec_runner_run_finish (RbExecRunner  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
