/* rb-exec-turn.c: a turn whose work a program does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-exec-turn.h"

#include "rb-error.h"
#include "rb-log.h"

#include <string.h>

typedef struct {
  RbExecRunner *runner;
  RbClock      *clock;
  GCancellable *stop;
  GCancellable *waiting;       /* for a turn of the runner; follows @stop */
  guint64       patience;      /* timer */
  gboolean      reply;
  gboolean      accepting;     /* asked, whatever the answer */
  gboolean      has_turn;
  gboolean      is_waiting;
  GError       *failure;       /* (nullable) the outcome being reported */
} Run;

static void
run_free (Run *run)
{
  rb_clock_clear (run->clock, &run->patience);
  g_clear_object (&run->runner);
  g_clear_object (&run->clock);
  g_clear_object (&run->stop);
  g_clear_object (&run->waiting);
  g_clear_error (&run->failure);
  g_free (run);
}

/* Whatever it held goes back; the failure, if any, is the result. */
static void
end (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  rb_clock_clear (run->clock, &run->patience);
  if (run->has_turn)
    rb_exec_runner_give_back (run->runner);
  run->has_turn = FALSE;
  if (run->failure != NULL)
    g_task_return_error (task, g_steal_pointer (&run->failure));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_failure_reported (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  GTask *task = user_data;

  /* The outcome is the failure itself; a broker that does not want to hear of it has forgotten the assignment. */
  rb_turn_finish (RB_TURN (source), result, NULL);
  end (task);
}

/* @error: (transfer full) */
static void
report_failure (GTask  *task,
                GError *error)
{
  RbTurn *turn = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  gboolean stopped = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  const char *reason = stopped ? "adapter_stopped" : rb_error_get_reason (error);

  run->failure = error;
  rb_turn_fail_async (turn, reason != NULL ? reason : "adapter_failed", error->message, stopped, on_failure_reported, task);
}

static void
on_replied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (rb_turn_finish (RB_TURN (source), result, &error))
    end (task);
  else
    report_failure (task, error);
}

/* The work is done, whether the network takes note of it or not. */
static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbTurn *turn = RB_TURN (source);
  g_autoptr(GError) error = NULL;

  if (!rb_turn_finish (turn, result, &error))
    rb_log_info ("attach_not_settled", "message_id", rb_turn_get_name (turn), "err", error->message, NULL);
  end (user_data);
}

static void
on_program_done (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GTask *task = user_data;
  RbTurn *turn = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  g_autofree char *content = NULL;
  GError *error = NULL;
  g_autoptr(GBytes) output = rb_exec_runner_run_finish (run->runner, result, &error);

  if (output == NULL)
    {
      report_failure (task, error);
      return;
    }
  content = rb_exec_turn_make_content (output);
  /* An assignment is ended by its reply, even an empty one, or settled without; a direct message needs neither. */
  if (run->reply && (*content != '\0' || rb_turn_get_message (turn)->assignment != NULL))
    rb_turn_reply_async (turn, content, NULL, on_replied, task);
  else if (!run->reply)
    rb_turn_settle_async (turn, on_settled, task);
  else
    end (task);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  RbTurn *turn = RB_TURN (source);
  Run *run = g_task_get_task_data (task);
  g_auto(GStrv) environment = NULL;
  g_autoptr(GBytes) input = NULL;
  const char *content;
  GError *error = NULL;

  if (!rb_turn_finish (turn, result, &error))
    {
      report_failure (task, error);
      return;
    }
  content = rb_turn_get_message (turn)->content;
  input = g_bytes_new (content, strlen (content));
  environment = rb_exec_turn_make_environment (turn);
  run->has_turn = FALSE;   /* run_async() uses it up */
  rb_exec_runner_run_async (run->runner, input, (const char *const *) environment, run->stop, on_program_done, task);
}

static void go_on (GTask *task);

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;

  if (rb_turn_finish (RB_TURN (source), result, &error))
    {
      go_on (task);
      return;
    }

  /* Not ours any more. */
  if (run->failure == NULL)
    run->failure = error;
  else
    g_error_free (error);
  if (run->is_waiting)
    g_cancellable_cancel (run->waiting);
  else
    end (task);
}

static void
accept (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  run->accepting = TRUE;
  rb_turn_accept_async (g_task_get_source_object (task), NULL, on_accepted, task);
}

/* Called whenever one of the two conditions came true: accepted, and our turn. */
static void
go_on (GTask *task)
{
  RbTurn *turn = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;

  if (run->is_waiting)
    return;
  if (run->failure != NULL || g_cancellable_set_error_if_cancelled (run->stop, &error))
    report_failure (task, run->failure != NULL ? g_steal_pointer (&run->failure) : error);
  else if (rb_turn_is_accepted (turn))
    rb_turn_start_async (turn, NULL, on_started, task);
  else if (!run->accepting)
    accept (task);
}

static void
on_patience_over (gpointer user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);

  run->patience = 0;
  if (!run->accepting)
    accept (task);
}

static void
on_turn (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GTask *task = user_data;
  RbTurn *turn = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;

  run->is_waiting = FALSE;
  rb_clock_clear (run->clock, &run->patience);
  run->has_turn = rb_exec_runner_take_finish (run->runner, result, &error);
  if (run->failure != NULL)
    {
      g_clear_error (&error);
      end (task);
    }
  else if (run->has_turn)
    go_on (task);
  else if (run->accepting && !rb_turn_is_accepted (turn))
    run->failure = error;   /* the acceptance on its way ends it */
  else
    report_failure (task, error);
}

void
rb_exec_turn_run_async (RbTurn              *turn,
                        RbExecRunner        *runner,
                        RbClock             *clock,
                        gboolean             reply,
                        GCancellable        *stop,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (turn, stop, callback, user_data);
  Run *run = g_new0 (Run, 1);

  g_task_set_source_tag (task, rb_exec_turn_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, run, (GDestroyNotify) run_free);
  run->runner = g_object_ref (runner);
  run->clock = g_object_ref (clock);
  run->stop = stop != NULL ? g_object_ref (stop) : g_cancellable_new ();
  run->waiting = g_cancellable_new ();
  run->reply = reply;
  g_signal_connect_object (run->stop, "cancelled", G_CALLBACK (g_cancellable_cancel), run->waiting, G_CONNECT_SWAPPED);
  if (g_cancellable_is_cancelled (run->stop))
    g_cancellable_cancel (run->waiting);

  run->is_waiting = TRUE;
  if (rb_turn_get_message (turn)->assignment != NULL)
    run->patience = rb_clock_add (clock, RB_EXEC_TURN_PATIENCE_MS, on_patience_over, task);
  rb_exec_runner_take_async (runner, run->waiting, on_turn, task);
}

gboolean
rb_exec_turn_run_finish (RbTurn        *turn,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
add (GPtrArray  *list,
     const char *name,
     const char *value)
{
  g_ptr_array_add (list, g_strconcat (name, "=", value != NULL ? value : "", NULL));
}

GStrv
rb_exec_turn_make_environment (RbTurn *turn)
{
  RbClientMessage *message = rb_turn_get_message (turn);
  g_autofree char *correlation_id = rb_client_message_dup_metadata_member (message, "correlation_id");
  GPtrArray *list = g_ptr_array_new ();

  add (list, "RB_MESSAGE_ID", message->source_message_id);
  add (list, "RB_SENDER", message->from);
  add (list, "RB_CORRELATION_ID", correlation_id);
  add (list, "RB_ENDPOINT_ID", rb_client_endpoint_get_id (rb_turn_get_endpoint (turn)));
  add (list, "RB_ASSIGNMENT_ID", message->assignment != NULL ? message->assignment->assignment_id : NULL);
  add (list, "RB_CONTENT_TYPE", message->content_type);
  g_ptr_array_add (list, NULL);
  return (GStrv) g_ptr_array_free (list, FALSE);
}

char *
rb_exec_turn_make_content (GBytes *output)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (output, &size);

  if (size > 0 && data[size - 1] == '\n')
    size--;
  if (size > 0 && data[size - 1] == '\r')
    size--;
  return size > 0 ? g_utf8_make_valid (data, (gssize) size) : g_strdup ("");
}
