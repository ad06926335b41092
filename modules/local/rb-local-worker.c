/* rb-local-worker.c: does jobs on the database; lives on its thread alone
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs that were asked for while another one ran are done together: all sends and acceptances in one transaction, synced once.
 * A send that is refused (no such handle, mailbox full) is an answer like any other. An SQL call that fails closes the database:
 * everything of that transaction fails, and so does what follows until somebody opens it again. */
#include "config.h"

#include "rb-local-worker.h"

#include "rb-crash-point.h"
#include "rb-error.h"
#include "rb-local-address.h"

#include <string.h>

struct _RbLocalWorker {
  const RbLocalSettings *settings;    /* borrowed */
  RbLocalDatabase       *database;    /* NULL: closed, see @failure */
  RbLocalClaim           claim;       /* survives the database being closed */
  GError                *failure;     /* why it is closed */
  gboolean               lost;        /* @failure is news */
  GHashTable            *owed;        /* set of handles, owned: their bells did not ring */
};

RbLocalWorker *
rb_local_worker_new (const RbLocalSettings *settings)
{
  RbLocalWorker *self = g_new0 (RbLocalWorker, 1);

  self->settings = settings;
  self->owed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "connector_unavailable", "The local network is not open");
  return self;
}

void
rb_local_worker_free (RbLocalWorker *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->database, rb_local_database_close);
  g_clear_error (&self->failure);
  g_hash_table_unref (self->owed);
  g_free (self);
}

static void
ring (RbLocalWorker *self,
      const char    *handle)
{
  if (!rb_local_bell_ring (self->settings->directory, handle))
    g_hash_table_add (self->owed, g_strdup (handle));
}

gboolean
rb_local_worker_owes_rings (RbLocalWorker *self)
{
  return g_hash_table_size (self->owed) > 0;
}

void
rb_local_worker_ring_again (RbLocalWorker *self)
{
  GHashTableIter iter;
  gpointer handle;

  g_hash_table_iter_init (&iter, self->owed);
  while (g_hash_table_iter_next (&iter, &handle, NULL))
    {
      if (rb_local_bell_ring (self->settings->directory, handle))
        g_hash_table_iter_remove (&iter);
    }
}

GError *
rb_local_worker_steal_loss (RbLocalWorker *self)
{
  if (!self->lost)
    return NULL;

  self->lost = FALSE;
  return g_error_copy (self->failure);
}

static void
lose_database (RbLocalWorker *self,
               const GError  *error)
{
  rb_local_database_roll_back (self->database);
  g_clear_pointer (&self->database, rb_local_database_close);
  g_clear_error (&self->failure);
  self->failure = g_error_copy (error);
  self->lost = TRUE;
}

static void
open_network (RbLocalWorker *self,
              RbLocalJob    *job)
{
  g_autoptr(RbLocalDatabase) database = NULL;
  RbLocalClaim claim = self->claim;

  g_clear_pointer (&self->database, rb_local_database_close);
  RB_CRASH_POINT (LOCAL_BEFORE_OPEN);
  database = rb_local_database_open (self->settings->database, &job->error);
  if (database == NULL ||
      !rb_local_claim_take (&claim, rb_local_database_get_sql (database), self->settings, job->now_ms, &job->error))
    return;

  RB_CRASH_POINT (LOCAL_AFTER_CLAIM);
  /* Whoever had the handle before us reads there that it has not any more. */
  ring (self, self->settings->handle);

  self->claim = claim;
  job->bell = rb_local_bell_open (self->settings->directory, self->settings->handle, claim.generation, &job->error);
  if (job->bell == NULL)
    return;

  RB_CRASH_POINT (LOCAL_AFTER_OPEN);
  self->database = g_steal_pointer (&database);
  g_clear_error (&self->failure);
  self->lost = FALSE;
}

static void
refuse (RbLocalJob *job,
        RbError     code,
        const char *reason,
        const char *text)
{
  g_autofree char *address = rb_local_address_new (job->to);

  job->error = rb_error_new (code, reason, "'%s': %s", address, text);
  rb_error_add_detail (job->error, "connector_code", g_variant_new_string (reason));
  rb_error_add_detail (job->error, "to", g_variant_new_string (address));
}

/* An id that is there already gets its first answer again, unless somebody else used it: their message is not this one. */
static gboolean
answer_earlier (RbLocalWorker           *self,
                RbLocalJob              *job,
                const RbLocalRecipient  *recipient,
                GError                 **error)
{
  g_autofree char *sender = NULL;

  if (!rb_local_database_find_earlier (self->database, recipient->mailbox, rb_envelope_get_id (job->envelope), &sender,
                                       &job->status, error))
    return FALSE;

  if (strcmp (sender, rb_envelope_get_from (job->envelope)) != 0)
    refuse (job, RB_ERROR_REJECTED, "message_id_taken", "another sender used this message id");
  return TRUE;
}

static gboolean
is_full (const RbLocalRecipient *recipient,
         RbEnvelope             *envelope)
{
  return recipient->messages >= recipient->messages_max ||
         recipient->bytes + (gint64) rb_envelope_get_size (envelope) > recipient->bytes_max;
}

/* FALSE is a failure of the database alone; refusals are in the job. */
static gboolean
send_one (RbLocalWorker  *self,
          RbLocalJob     *job,
          GHashTable     *to_ring,
          GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  RbLocalRecipient recipient;

  if (g_cancellable_set_error_if_cancelled (job->cancellable, &job->error))
    return TRUE;

  if (!rb_local_database_find (self->database, job->to, &recipient, &local_error))
    {
      if (local_error == NULL)
        refuse (job, RB_ERROR_REJECTED, "unknown_recipient", "nobody of that name ever ran on this machine");
    }
  else if (answer_earlier (self, job, &recipient, &local_error))
    return TRUE;
  else if (local_error == NULL && is_full (&recipient, job->envelope))
    refuse (job, RB_ERROR_UNAVAILABLE, "recipient_mailbox_full", "the recipient's mailbox is full");

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (job->error != NULL)
    return TRUE;

  job->status = rb_local_bell_is_live (self->settings->directory, job->to, recipient.generation) ? RB_SEND_DELIVERED
                                                                                                 : RB_SEND_STORED;
  g_hash_table_add (to_ring, job->to);
  return rb_local_database_put (self->database, &recipient, job->envelope, job->status, job->now_ms, error);
}

static gboolean
accept_all (RbLocalWorker  *self,
            RbLocalJob     *job,
            GError        **error)
{
  for (guint i = 0; i < job->seqs->len; i++)
    {
      gint64 seq = g_array_index (job->seqs, gint64, i);

      if (!rb_local_database_accept (self->database, self->claim.mailbox, seq, job->now_ms, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_write (const RbLocalJob *job)
{
  return job->kind == RB_LOCAL_JOB_SEND || job->kind == RB_LOCAL_JOB_ACCEPT;
}

/* A message that was accepted twice is noticed by the broker; one that was sent must survive the machine. */
static gboolean
write_uncommitted (RbLocalWorker      *self,
                   RbLocalJob *const  *jobs,
                   guint               n_jobs,
                   GHashTable         *to_ring,
                   GError            **error)
{
  gboolean durable = FALSE;

  for (guint i = 0; i < n_jobs; i++)
    durable = durable || jobs[i]->kind == RB_LOCAL_JOB_SEND;

  RB_CRASH_POINT (LOCAL_BEFORE_BEGIN);
  if (!rb_local_database_begin (self->database, durable, error))
    return FALSE;

  for (guint i = 0; i < n_jobs; i++)
    {
      if (jobs[i]->kind == RB_LOCAL_JOB_SEND && !send_one (self, jobs[i], to_ring, error))
        return FALSE;
      if (jobs[i]->kind == RB_LOCAL_JOB_ACCEPT && !accept_all (self, jobs[i], error))
        return FALSE;
    }
  return TRUE;
}

/* For senders it is all the same: nothing was sent, and later it may work. Only a commit that broke in the middle of an input or
 * output error leaves open what a recovery will find. */
static GError *
explain_failure (const GError *error,
                 gboolean      committing)
{
  const char *reason = rb_error_get_reason (error);

  if (committing && g_strcmp0 (reason, "io_error") == 0)
    return rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "%s", error->message);
  return rb_error_new (RB_ERROR_UNAVAILABLE, reason != NULL ? reason : "connector_unavailable", "%s", error->message);
}

static void
fail_writes (RbLocalJob *const *jobs,
             guint              n_jobs,
             const GError      *error,
             gboolean           committing)
{
  for (guint i = 0; i < n_jobs; i++)
    {
      if (is_write (jobs[i]) && jobs[i]->error == NULL)
        jobs[i]->error = explain_failure (error, committing);
    }
}

static void
run_writes (RbLocalWorker     *self,
            RbLocalJob *const *jobs,
            guint              n_jobs)
{
  g_autoptr(GHashTable) to_ring = g_hash_table_new (g_str_hash, g_str_equal);   /* handles, borrowed from the jobs */
  g_autoptr(GError) error = NULL;
  gboolean written;
  GHashTableIter iter;
  gpointer handle;

  if (self->database == NULL)
    {
      fail_writes (jobs, n_jobs, self->failure, FALSE);
      return;
    }

  written = write_uncommitted (self, jobs, n_jobs, to_ring, &error);
  RB_CRASH_POINT (LOCAL_BEFORE_COMMIT);
  if (!written || !rb_local_database_commit (self->database, &error))
    {
      fail_writes (jobs, n_jobs, error, written);
      lose_database (self, error);
      return;
    }

  RB_CRASH_POINT (LOCAL_AFTER_COMMIT);
  /* Also those who did not listen a moment ago: they may be starting. */
  g_hash_table_iter_init (&iter, to_ring);
  while (g_hash_table_iter_next (&iter, &handle, NULL))
    ring (self, handle);
}

/* How far a read got. */
typedef struct {
  gsize first_bytes;
  gsize bytes;
} Budget;

static gsize
get_max_size (const RbLocalJob *job,
              const Budget     *budget)
{
  return job->rows->len == 0 ? budget->first_bytes : budget->bytes;
}

/* FALSE: the next row did not fit. */
static gboolean
keep_row (RbLocalJob       *job,
          Budget           *budget,
          const RbLocalRow *row)
{
  if (row->envelope == NULL)
    {
      job->blocked_size = row->size;
      return FALSE;
    }

  budget->bytes -= MIN (budget->bytes, row->size);
  g_array_append_val (job->rows, *row);
  return TRUE;
}

static gboolean
read_again (RbLocalWorker  *self,
            RbLocalJob     *job,
            Budget         *budget,
            GError        **error)
{
  for (guint i = 0; i < job->plan.again->len && job->blocked_size == 0; i++)
    {
      g_autoptr(GError) local_error = NULL;
      gint64 seq = g_array_index (job->plan.again, gint64, i);
      RbLocalRow row;

      if (rb_local_database_read (self->database, self->claim.mailbox, seq, FALSE, get_max_size (job, budget), &row,
                                  &local_error))
        keep_row (job, budget, &row);
      else if (local_error == NULL)
        g_array_append_val (job->gone, seq);
      else
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_on (RbLocalWorker  *self,
         RbLocalJob     *job,
         Budget         *budget,
         GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  gint64 seq = job->plan.after + 1;
  RbLocalRow row;

  job->more = TRUE;
  while (job->rows->len < job->plan.messages && job->blocked_size == 0)
    {
      if (!rb_local_database_read (self->database, self->claim.mailbox, seq, TRUE, get_max_size (job, budget), &row,
                                   &local_error))
        {
          job->more = FALSE;
          break;
        }
      if (keep_row (job, budget, &row))
        seq = row.seq + 1;
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static void
read_mailbox (RbLocalWorker *self,
              RbLocalJob    *job)
{
  g_autoptr(GError) error = NULL;
  Budget budget = { job->plan.first_bytes, job->plan.bytes };

  job->rows = g_array_new (FALSE, FALSE, sizeof (RbLocalRow));
  g_array_set_clear_func (job->rows, (GDestroyNotify) rb_local_row_clear);
  job->gone = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (self->database == NULL)
    {
      job->error = g_error_copy (self->failure);
      return;
    }

  if (!rb_local_database_is_current (self->database, &self->claim, &error))
    {
      if (error == NULL)
        job->error = rb_error_new (RB_ERROR_BAD_STATE, "superseded", "Another broker took over handle '%s'",
                                   self->settings->handle);
    }
  else if (read_again (self, job, &budget, &error))
    read_on (self, job, &budget, &error);

  if (error == NULL)
    return;
  job->error = g_error_copy (error);
  lose_database (self, error);
}

/**
 * rb_local_worker_run:
 * @self: a worker
 * @jobs: (array length=n_jobs): an open or a close alone, or any of the others together
 * @n_jobs: at least 1
 *
 * Does what is asked; blocks on the disk.
 */
void
rb_local_worker_run (RbLocalWorker     *self,
                     RbLocalJob *const *jobs,
                     guint              n_jobs)
{
  gboolean has_writes = FALSE;

  if (jobs[0]->kind == RB_LOCAL_JOB_OPEN)
    open_network (self, jobs[0]);
  if (jobs[0]->kind == RB_LOCAL_JOB_CLOSE)
    g_clear_pointer (&self->database, rb_local_database_close);

  for (guint i = 0; i < n_jobs; i++)
    has_writes = has_writes || is_write (jobs[i]);
  if (has_writes)
    run_writes (self, jobs, n_jobs);

  for (guint i = 0; i < n_jobs; i++)
    {
      if (jobs[i]->kind == RB_LOCAL_JOB_READ)
        read_mailbox (self, jobs[i]);
    }
}
