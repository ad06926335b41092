/* rb-local-network.c: the thread that owns the database, as the main loop sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tasks go to the thread through one queue and come back in batches through one source of the main context. The thread looks into
 * a task's job and touches nothing else of it; tasks are made, answered and freed on the main context. */
#include "config.h"

#include "rb-local-network.h"

#include "rb-crash-point.h"
#include "rb-local-worker.h"

#define MAX_BATCH 256
#define RING_AGAIN_FIRST_US G_USEC_PER_SEC
#define RING_AGAIN_MAX_US   (30 * G_USEC_PER_SEC)

struct _RbLocalNetwork {
  const RbLocalSettings *settings;   /* borrowed */
  GMainContext          *context;    /* where the answers go */
  GAsyncQueue           *queue;      /* GTask with a job, or @quit */
  GTask                 *held_back;  /* of the thread: taken from @queue and not for this batch */
  GThread               *thread;
  RbLocalLostFunc        lost;
  gpointer               user_data;
};

/* What the queue holds when the thread shall end. */
static char quit;

typedef struct {
  RbLocalNetwork *network;    /* valid: it is not freed before its tasks are answered */
  GPtrArray      *tasks;
  GError         *loss;       /* (nullable) */
} Batch;

static void
batch_free (Batch *batch)
{
  g_ptr_array_unref (batch->tasks);
  g_clear_error (&batch->loss);
  g_free (batch);
}

static void
return_task (GTask *task)
{
  RbLocalJob *job = g_task_get_task_data (task);

  if (job->error != NULL)
    g_task_return_error (task, g_steal_pointer (&job->error));
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
on_batch (gpointer user_data)
{
  Batch *batch = user_data;

  if (batch->loss != NULL)
    batch->network->lost (batch->loss, batch->network->user_data);

  RB_CRASH_POINT (LOCAL_BEFORE_ANSWER);
  /* The last callback may free the network. */
  for (guint i = 0; i < batch->tasks->len; i++)
    return_task (g_ptr_array_index (batch->tasks, i));
  return G_SOURCE_REMOVE;
}

static void
answer (RbLocalNetwork *self,
        GPtrArray      *tasks,
        GError         *loss)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  Batch *batch = g_new0 (Batch, 1);

  batch->network = self;
  batch->tasks = tasks;
  batch->loss = loss;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_batch, batch, (GDestroyNotify) batch_free);
  g_source_attach (source, self->context);
}

static gboolean
stands_alone (GTask *task)
{
  const RbLocalJob *job = g_task_get_task_data (task);

  return job->kind == RB_LOCAL_JOB_OPEN || job->kind == RB_LOCAL_JOB_CLOSE;
}

/* Whoever could not be woken up is tried again, also when there is nothing else to do. */
static gpointer
wait_for_next (RbLocalNetwork *self,
               RbLocalWorker  *worker)
{
  gpointer next = g_steal_pointer (&self->held_back);
  guint64 pause_us = RING_AGAIN_FIRST_US;

  while (next == NULL && rb_local_worker_owes_rings (worker))
    {
      next = g_async_queue_timeout_pop (self->queue, pause_us);
      rb_local_worker_ring_again (worker);
      pause_us = MIN (pause_us * 2, RING_AGAIN_MAX_US);
    }
  return next != NULL ? next : g_async_queue_pop (self->queue);
}

/* Blocks until there is something to do. NULL: the end. */
static GPtrArray *
take_batch (RbLocalNetwork *self,
            RbLocalWorker  *worker)
{
  g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func (g_object_unref);
  gpointer next = wait_for_next (self, worker);

  if (next == &quit)
    return NULL;

  g_ptr_array_add (batch, next);
  if (stands_alone (next))
    return g_steal_pointer (&batch);

  while (batch->len < MAX_BATCH && (next = g_async_queue_try_pop (self->queue)) != NULL)
    {
      if (next == &quit || stands_alone (next))
        {
          self->held_back = next;
          break;
        }
      g_ptr_array_add (batch, next);
    }
  return g_steal_pointer (&batch);
}

static gpointer
work (gpointer data)
{
  RbLocalNetwork *self = data;
  g_autoptr(RbLocalWorker) worker = rb_local_worker_new (self->settings);
  GPtrArray *tasks;

  while ((tasks = take_batch (self, worker)) != NULL)
    {
      RbLocalJob *jobs[MAX_BATCH];

      for (guint i = 0; i < tasks->len; i++)
        jobs[i] = g_task_get_task_data (g_ptr_array_index (tasks, i));
      rb_local_worker_run (worker, jobs, tasks->len);
      answer (self, tasks, rb_local_worker_steal_loss (worker));
    }
  return NULL;
}

/**
 * rb_local_network_new:
 * @settings: where the database is; borrowed, and outlives the network
 * @lost: called when the database fails
 * @user_data: for @lost
 *
 * Starts the thread, which waits for jobs.
 *
 * Returns: (transfer full): a network
 */
RbLocalNetwork *
rb_local_network_new (const RbLocalSettings *settings,
                      RbLocalLostFunc        lost,
                      gpointer               user_data)
{
  RbLocalNetwork *self = g_new0 (RbLocalNetwork, 1);

  self->settings = settings;
  self->context = g_main_context_ref_thread_default ();
  self->queue = g_async_queue_new ();
  self->lost = lost;
  self->user_data = user_data;
  self->thread = g_thread_new ("rb-local", work, self);
  return self;
}

/**
 * rb_local_network_free:
 * @self: a network without unanswered jobs
 *
 * Ends the thread; does not wait for the disk if the last job was a close.
 */
void
rb_local_network_free (RbLocalNetwork *self)
{
  g_return_if_fail (self != NULL);

  g_async_queue_push (self->queue, &quit);
  g_thread_join (self->thread);
  g_async_queue_unref (self->queue);
  g_main_context_unref (self->context);
  g_free (self);
}

/**
 * rb_local_network_run_async:
 * @self: a network
 * @job: (transfer full): what to do
 * @callback: called on the main context, in the order of the calls for jobs that may share a transaction
 * @user_data: for @callback; keeps @self's owner alive
 *
 * Hands a job to the thread.
 */
void
rb_local_network_run_async (RbLocalNetwork      *self,
                            RbLocalJob          *job,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_local_network_run_async);
  g_task_set_task_data (task, job, (GDestroyNotify) rb_local_job_free);
  g_async_queue_push (self->queue, task);
}

/**
 * rb_local_network_run_finish:
 * @result: what the callback got
 * @job: (out) (transfer none): the job with its answer; lives as long as @result
 * @error: return location for a #GError
 *
 * Returns: %TRUE if the job was done
 */
gboolean
rb_local_network_run_finish (GAsyncResult  *result,
                             RbLocalJob   **job,
                             GError       **error)
{
  *job = g_task_get_task_data (G_TASK (result));
  return g_task_propagate_boolean (G_TASK (result), error);
}
