/* rb-remote-sends.c: sends that the process of an isolated connector has not answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-sends.h"

#include "rb-remote-parts.h"

struct _RbRemoteSends {
  GHashTable *waiting;    /* gint64 to Waiting; in it is who has no answer */
  gint64      last_id;
};

typedef struct {
  gint64        id;
  GTask        *task;
  RbRemotePipe *pipe;     /* borrowed; NULL: it is gone */
  guint64       end;      /* in what was said there: where it is whole */
  gulong        handler;  /* on the task's cancellable; 0: it has none */
} Waiting;

/* As the module answered, contract kept or not: the guard judges. */
typedef struct {
  gboolean      ok;
  GError       *error;       /* (nullable) */
  char         *message_id;  /* (nullable) */
  RbSendStatus  status;
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_clear_error (&answer->error);
  g_free (answer->message_id);
  g_free (answer);
}

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  if (waiting->handler != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (waiting->task), waiting->handler);
  g_object_unref (waiting->task);
  g_free (waiting);
}

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, waiting_free);
}

RbRemoteSends *
rb_remote_sends_new (void)
{
  RbRemoteSends *self = g_new0 (RbRemoteSends, 1);

  self->waiting = new_table ();
  return self;
}

void
rb_remote_sends_free (RbRemoteSends *self)
{
  rb_remote_sends_fail (self, G_MAXUINT64, "It was freed");
  g_hash_table_unref (self->waiting);
  g_free (self);
}

/* Only says so: the module still answers. */
static void
on_cancelled (GCancellable *cancellable,
              Waiting      *waiting)
{
  RbRemoteFrame frame = { RB_REMOTE_CANCEL, { waiting->id } };

  if (waiting->pipe != NULL)
    rb_remote_pipe_send (waiting->pipe, &frame);
}

void
rb_remote_sends_add (RbRemoteSends *self,
                     RbRemotePipe  *pipe,
                     RbEnvelope    *envelope,
                     GTask         *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiting *waiting = g_new0 (Waiting, 1);
  RbRemoteFrame frame = { RB_REMOTE_SEND, { ++self->last_id } };

  g_task_set_check_cancellable (task, FALSE);
  rb_remote_put_envelope (&frame, envelope);
  waiting->id = self->last_id;
  waiting->task = task;
  waiting->pipe = pipe;
  waiting->end = rb_remote_pipe_send (pipe, &frame);
  if (cancellable != NULL)
    waiting->handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), waiting);
  g_hash_table_insert (self->waiting, &waiting->id, waiting);
}

static GTask *
take (RbRemoteSends *self,
      gint64         id)
{
  Waiting *waiting = g_hash_table_lookup (self->waiting, &id);
  GTask *task;

  if (waiting == NULL)
    return NULL;
  task = g_object_ref (waiting->task);
  g_hash_table_remove (self->waiting, &id);
  return task;
}

static gboolean
read_answer (const RbRemoteFrame *frame,
             Answer              *answer)
{
  if (frame->type == RB_REMOTE_NOT_SENT)
    return rb_remote_outcome_read (frame, &answer->ok, &answer->error);
  answer->ok = TRUE;
  answer->status = frame->numbers[1] == RB_SEND_DELIVERED ? RB_SEND_DELIVERED : RB_SEND_STORED;
  answer->message_id = g_strdup (frame->texts[0]);
  return TRUE;
}

gboolean
rb_remote_sends_answer (RbRemoteSends       *self,
                        const RbRemoteFrame *frame)
{
  g_autoptr(GTask) task = NULL;
  Answer *answer = g_new0 (Answer, 1);

  if (!read_answer (frame, answer))
    {
      answer_free (answer);
      return FALSE;
    }
  task = take (self, frame->numbers[0]);
  if (task != NULL)
    g_task_return_pointer (task, answer, answer_free);
  else
    answer_free (answer);
  return TRUE;
}

static GError *
error_for (const Waiting *waiting,
           guint64        written,
           const char    *how)
{
  if (waiting->end == RB_REMOTE_PIPE_NEVER || waiting->end > written)
    return rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s before it was asked", how);
  return rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, NULL, "%s before it answered 'send'", how);
}

/* Whoever hears it may send again: into another table. */
void
rb_remote_sends_fail (RbRemoteSends *self,
                      guint64        written,
                      const char    *how)
{
  g_autoptr(GHashTable) gone = self->waiting;
  GHashTableIter iter;
  gpointer value;

  self->waiting = new_table ();
  g_hash_table_iter_init (&iter, gone);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((Waiting *) value)->pipe = NULL;
  g_hash_table_iter_init (&iter, gone);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Waiting *waiting = value;

      g_task_return_error (waiting->task, error_for (waiting, written, how));
    }
}

gboolean
rb_remote_sends_finish (GTask         *task,
                        char         **message_id,
                        RbSendStatus  *status,
                        GError       **error)
{
  Answer *answer = g_task_propagate_pointer (task, error);
  gboolean ok;

  if (answer == NULL)
    return FALSE;
  ok = answer->ok;
  *message_id = g_steal_pointer (&answer->message_id);
  *status = answer->status;
  if (answer->error != NULL)
    g_propagate_error (error, g_steal_pointer (&answer->error));
  answer_free (answer);
  return ok;
}
