/* rb-store-thread.c: the thread that owns the database connection
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Group commit: while one transaction is written others queue, and all that wait go into the next one. So the thread never
 * waits to make a batch larger; not for lazy changes either, since what waits in memory would not survive a crash of the
 * process. A batch of lazy changes alone is written without a sync. An idle thread sleeps without a deadline.
 *
 * A batch that cannot be written stays at the head and is tried again, so nothing overtakes it. Reads cannot see what is
 * not written, hence they are refused meanwhile rather than left waiting.
 *
 * Only what @mutex guards is shared; the backlog and the batch belong to the thread alone. */
#include "config.h"

#include "rb-store-thread.h"

#include "rb-error.h"
#include "rb-store-writer.h"

#include <signal.h>

#define MAX_BATCH_CHANGES 4096
#define MAX_BATCH_BYTES   (8 * 1024 * 1024)
#define RETRY_FIRST_US    (250 * G_TIME_SPAN_MILLISECOND)
#define RETRY_MAX_US      (5 * G_TIME_SPAN_SECOND)

struct _RbStoreThread {
  GThread         *thread;
  RbStoreWake      wake;
  gpointer         wake_data;

  /* Guarded by the mutex */
  GMutex           mutex;
  GCond            cond;
  GQueue           queue;            /* of RbStoreItem, not seen by the thread yet */
  gboolean         stopping;
  gboolean         stopped;
  gboolean         lend_answered;    /* the connection is lent, or lend_error says why not */
  gboolean         lent;
  GError          *lend_error;
  GQueue           done;             /* of RbStoreItem, in order */
  RbStoreCounters  counters;

  /* The thread's own */
  RbStoreWriter   *writer;
  GQueue           backlog;          /* of RbStoreItem */
  GPtrArray       *batch;            /* of RbStoreItem, commits; not empty only while it is being tried */
  GPtrArray       *sets;             /* of the batch's RbChanges, not owned */
  guint            n_changes;        /* in the batch */
  gboolean         urgent;           /* the batch has something that is not lazy */
  RbStoreHealth    health;
  char            *reason;
  GError          *trouble;          /* why the batch failed; with RB_STORE_BROKEN for good */
  gint64           retry_us;         /* until the next try */
};

static void
put_done_locked (RbStoreThread *self,
                 RbStoreItem   *item)
{
  gboolean was_empty = g_queue_is_empty (&self->done);

  g_queue_push_tail (&self->done, item);
  if (was_empty)
    self->wake (self->wake_data);
}

static void
put_done (RbStoreThread *self,
          RbStoreItem   *item)
{
  g_mutex_lock (&self->mutex);
  put_done_locked (self, item);
  g_mutex_unlock (&self->mutex);
}

static void
set_health (RbStoreThread *self,
            RbStoreHealth  health,
            const char    *reason)
{
  RbStoreItem *item;

  if (self->health == health && g_strcmp0 (self->reason, reason) == 0)
    return;

  self->health = health;
  g_free (self->reason);
  self->reason = g_strdup (reason);

  item = rb_store_item_new (RB_STORE_ITEM_HEALTH);
  item->health = health;
  item->reason = g_strdup (reason);
  put_done (self, item);
}

static void
fail_item_locked (RbStoreThread *self,
                  RbStoreItem   *item,
                  const GError  *error)
{
  if (item->kind == RB_STORE_ITEM_LEND)
    {
      self->lend_error = g_error_copy (error);
      self->lend_answered = TRUE;
      g_cond_broadcast (&self->cond);
      rb_store_item_free (item);
      return;
    }

  item->error = g_error_copy (error);
  g_clear_pointer (&item->changes, rb_changes_free);
  put_done_locked (self, item);
}

static void
fail_item (RbStoreThread *self,
           RbStoreItem   *item,
           const GError  *error)
{
  g_mutex_lock (&self->mutex);
  fail_item_locked (self, item, error);
  g_mutex_unlock (&self->mutex);
}

/* --- taking work --- */

static void
move_to_backlog_locked (RbStoreThread *self)
{
  RbStoreItem *item;

  while ((item = g_queue_pop_head (&self->queue)) != NULL)
    g_queue_push_tail (&self->backlog, item);
}

/* FALSE when there is nothing left and there will be nothing more. */
static gboolean
collect (RbStoreThread *self)
{
  gboolean stopping;

  g_mutex_lock (&self->mutex);
  while (g_queue_is_empty (&self->backlog) && g_queue_is_empty (&self->queue) && !self->stopping)
    g_cond_wait (&self->cond, &self->mutex);
  move_to_backlog_locked (self);
  stopping = self->stopping;
  g_mutex_unlock (&self->mutex);

  return !stopping || !g_queue_is_empty (&self->backlog);
}

/* Moves commits from the head of the backlog into the batch: at least one, then up to the bounds or the next read. */
static void
fill_batch (RbStoreThread *self)
{
  gsize size_bytes = 0;
  RbStoreItem *item;

  while ((item = g_queue_peek_head (&self->backlog)) != NULL && item->kind == RB_STORE_ITEM_COMMIT)
    {
      guint n = rb_changes_get_n (item->changes);

      size_bytes += item->size_bytes;
      if (self->batch->len > 0 && (self->n_changes + n > MAX_BATCH_CHANGES || size_bytes > MAX_BATCH_BYTES))
        return;

      g_ptr_array_add (self->batch, g_queue_pop_head (&self->backlog));
      g_ptr_array_add (self->sets, item->changes);
      self->n_changes += n;
      self->urgent |= !rb_changes_is_lazy (item->changes);
    }
}

static void
empty_batch (RbStoreThread *self)
{
  g_ptr_array_set_size (self->batch, 0);
  g_ptr_array_set_size (self->sets, 0);
  self->n_changes = 0;
  self->urgent = FALSE;
}

/* --- doing it --- */

static void
finish_batch (RbStoreThread *self)
{
  for (guint i = 0; i < self->batch->len; i++)
    {
      RbStoreItem *item = g_ptr_array_index (self->batch, i);

      g_clear_pointer (&item->changes, rb_changes_free);
    }

  g_mutex_lock (&self->mutex);
  if (self->n_changes > 0)
    {
      self->counters.synced += self->urgent ? 1 : 0;
      self->counters.lazy += self->urgent ? 0 : 1;
      self->counters.changes += self->n_changes;
    }
  for (guint i = 0; i < self->batch->len; i++)
    put_done_locked (self, g_ptr_array_index (self->batch, i));
  g_mutex_unlock (&self->mutex);

  empty_batch (self);
}

static void
fail_batch (RbStoreThread *self)
{
  for (guint i = 0; i < self->batch->len; i++)
    fail_item (self, g_ptr_array_index (self->batch, i), self->trouble);
  empty_batch (self);
}

static gboolean
commit_batch (RbStoreThread *self)
{
  g_autoptr(GError) error = NULL;

  if (self->n_changes == 0
      || rb_store_writer_commit (self->writer, (RbChanges *const *) self->sets->pdata, self->sets->len, self->urgent, &error))
    {
      g_clear_error (&self->trouble);
      self->retry_us = RETRY_FIRST_US;
      set_health (self, RB_STORE_OK, NULL);
      finish_batch (self);
      return TRUE;
    }

  g_clear_error (&self->trouble);
  self->trouble = g_steal_pointer (&error);
  if (g_error_matches (self->trouble, RB_ERROR, RB_ERROR_CORRUPT))
    set_health (self, RB_STORE_BROKEN, self->trouble->message);
  else
    {
      rb_error_set_retryable (self->trouble, TRUE);
      set_health (self, RB_STORE_FAILING, self->trouble->message);
    }
  return FALSE;
}

static void
keep_row (GVariant *row,
          gpointer  user_data)
{
  g_ptr_array_add (user_data, g_variant_ref (row));
}

/* TRUE when it is done; a search may have to go behind what came meanwhile, so that no commit waits for its index. */
static gboolean
do_read (RbStoreThread *self,
         RbStoreItem   *item)
{
  RbRows *rows = rb_store_writer_get_rows (self->writer);

  if (g_task_get_cancellable (item->task) && g_cancellable_is_cancelled (g_task_get_cancellable (item->task)))
    return TRUE;
  if (item->kind == RB_STORE_ITEM_SEARCH)
    return rb_store_writer_search (self->writer, &item->search, item->rows, &item->error);

  if (item->kind == RB_STORE_ITEM_RANGE)
    rb_rows_select_range (rows, &item->range, keep_row, item->rows, &item->error);
  else
    rb_rows_select (rows, item->table, item->prefix, keep_row, item->rows, &item->error);
  return TRUE;
}

static void
read_rows (RbStoreThread *self,
           RbStoreItem   *item)
{
  if (item->rows == NULL)
    item->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  if (!do_read (self, item))
    {
      g_queue_push_tail (&self->backlog, item);
      return;
    }

  /* An index that is damaged costs its searches, nothing else. */
  if (item->kind != RB_STORE_ITEM_SEARCH && g_error_matches (item->error, RB_ERROR, RB_ERROR_CORRUPT))
    {
      self->trouble = g_error_copy (item->error);
      set_health (self, RB_STORE_BROKEN, self->trouble->message);
    }
  put_done (self, item);
}

static void
lend (RbStoreThread *self,
      RbStoreItem   *item)
{
  rb_store_item_free (item);

  g_mutex_lock (&self->mutex);
  self->lent = TRUE;
  self->lend_answered = TRUE;
  g_cond_broadcast (&self->cond);
  while (self->lent)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

/* Answers what would wait for a batch that cannot be written. */
static void
refuse_reads (RbStoreThread *self)
{
  GQueue kept = G_QUEUE_INIT;
  RbStoreItem *item;

  while ((item = g_queue_pop_head (&self->backlog)) != NULL)
    {
      if (item->kind == RB_STORE_ITEM_COMMIT)
        g_queue_push_tail (&kept, item);
      else
        fail_item (self, item, self->trouble);
    }
  self->backlog = kept;
}

/* FALSE when it is time to stop instead. */
static gboolean
wait_for_retry (RbStoreThread *self)
{
  gint64 deadline_us = g_get_monotonic_time () + self->retry_us;
  gboolean stopping;
  gboolean more = TRUE;

  self->retry_us = MIN (self->retry_us * 2, RETRY_MAX_US);
  do
    {
      refuse_reads (self);

      g_mutex_lock (&self->mutex);
      while (more && !self->stopping && g_queue_is_empty (&self->queue))
        more = g_cond_wait_until (&self->cond, &self->mutex, deadline_us);
      move_to_backlog_locked (self);
      stopping = self->stopping;
      g_mutex_unlock (&self->mutex);
    }
  while (!stopping && g_get_monotonic_time () < deadline_us);

  refuse_reads (self);
  return !stopping;
}

/* Returns with an empty batch: written, or refused because that is final. */
static void
write_batch (RbStoreThread *self)
{
  gboolean last_try = FALSE;

  while (!commit_batch (self))
    {
      /* What comes after a batch that is given up must not be written either. */
      if (last_try)
        set_health (self, RB_STORE_BROKEN, self->trouble->message);
      if (self->health == RB_STORE_BROKEN)
        {
          fail_batch (self);
          return;
        }
      last_try = !wait_for_retry (self);
    }
}

static void
do_next (RbStoreThread *self)
{
  RbStoreItem *item = g_queue_peek_head (&self->backlog);

  if (item == NULL)
    return;
  if (self->health == RB_STORE_BROKEN)
    {
      fail_item (self, g_queue_pop_head (&self->backlog), self->trouble);
      return;
    }

  switch (item->kind)
    {
    case RB_STORE_ITEM_COMMIT:
      fill_batch (self);
      write_batch (self);
      rb_store_writer_tidy (self->writer);
      break;
    case RB_STORE_ITEM_READ:
    case RB_STORE_ITEM_RANGE:
    case RB_STORE_ITEM_SEARCH:
      read_rows (self, g_queue_pop_head (&self->backlog));
      break;
    case RB_STORE_ITEM_LEND:
      lend (self, g_queue_pop_head (&self->backlog));
      break;
    case RB_STORE_ITEM_HEALTH:
      g_assert_not_reached ();
    }
}

/* Signals are the main thread's. A write beyond a file size limit then fails instead of ending the process. */
static void
block_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGXFSZ);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGHUP);
  sigaddset (&set, SIGCHLD);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

static gpointer
run (gpointer data)
{
  RbStoreThread *self = data;

  block_signals ();
  while (collect (self))
    do_next (self);

  g_clear_pointer (&self->writer, rb_store_writer_free);
  return NULL;
}

/* --- what others call --- */

RbStoreThread *
rb_store_thread_new (RbSql       *sql,
                     RbStoreWake  wake,
                     gpointer     user_data)
{
  RbStoreThread *self = g_new0 (RbStoreThread, 1);

  self->wake = wake;
  self->wake_data = user_data;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->queue);
  g_queue_init (&self->done);
  g_queue_init (&self->backlog);
  self->batch = g_ptr_array_new ();
  self->sets = g_ptr_array_new ();
  self->retry_us = RETRY_FIRST_US;
  self->writer = rb_store_writer_new (sql);
  self->thread = g_thread_new ("rb-store", run, self);
  return self;
}

void
rb_store_thread_free (RbStoreThread *self)
{
  g_return_if_fail (self->stopped);

  g_queue_clear_full (&self->done, (GDestroyNotify) rb_store_item_free);
  g_ptr_array_unref (self->batch);
  g_ptr_array_unref (self->sets);
  g_clear_error (&self->lend_error);
  g_clear_error (&self->trouble);
  g_free (self->reason);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

static void
refuse_closed_locked (RbStoreThread *self,
                      RbStoreItem   *item)
{
  g_autoptr(GError) error = rb_error_new (RB_ERROR_UNAVAILABLE, "store_closed", "The database is closed");

  fail_item_locked (self, item, error);
}

static void
enqueue_locked (RbStoreThread *self,
                RbStoreItem   *item)
{
  g_queue_push_tail (&self->queue, item);
  g_cond_broadcast (&self->cond);
}

void
rb_store_thread_push (RbStoreThread *self,
                      RbStoreItem   *item)
{
  g_mutex_lock (&self->mutex);
  if (self->stopped)
    refuse_closed_locked (self, item);
  else
    enqueue_locked (self, item);
  g_mutex_unlock (&self->mutex);
}

RbStoreItem *
rb_store_thread_take_done (RbStoreThread *self)
{
  RbStoreItem *item;

  g_mutex_lock (&self->mutex);
  item = g_queue_pop_head (&self->done);
  g_mutex_unlock (&self->mutex);
  return item;
}

guint
rb_store_thread_get_n_done (RbStoreThread *self)
{
  guint n;

  g_mutex_lock (&self->mutex);
  n = g_queue_get_length (&self->done);
  g_mutex_unlock (&self->mutex);
  return n;
}

RbRows *
rb_store_thread_borrow (RbStoreThread  *self,
                        GError        **error)
{
  GError *refusal;

  rb_store_thread_push (self, rb_store_item_new (RB_STORE_ITEM_LEND));

  g_mutex_lock (&self->mutex);
  while (!self->lend_answered)
    g_cond_wait (&self->cond, &self->mutex);
  self->lend_answered = FALSE;
  refusal = g_steal_pointer (&self->lend_error);
  g_mutex_unlock (&self->mutex);

  if (refusal == NULL)
    return rb_store_writer_get_rows (self->writer);

  g_propagate_error (error, refusal);
  return NULL;
}

void
rb_store_thread_give_back (RbStoreThread *self)
{
  g_mutex_lock (&self->mutex);
  self->lent = FALSE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
rb_store_thread_stop (RbStoreThread *self)
{
  if (self->stopped)
    return;

  g_mutex_lock (&self->mutex);
  self->stopping = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);

  g_thread_join (g_steal_pointer (&self->thread));

  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_mutex_unlock (&self->mutex);
}

void
rb_store_thread_get_counters (RbStoreThread   *self,
                              RbStoreCounters *counters)
{
  g_mutex_lock (&self->mutex);
  *counters = self->counters;
  g_mutex_unlock (&self->mutex);
}
