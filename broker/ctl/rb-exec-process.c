/* rb-exec-process.c: one child process: input in, output out, ended for certain
 *
 * A child is over when it has exited and nothing more can come out of its pipe. Its exit status is taken last, so that until
 * then its id, which names the group, cannot become somebody else's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-exec-process.h"

#include "rb-error.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)
#define LINGER_MS 1000   /* for output of what a finished program left behind */
#define TERM_MS 2000     /* from SIGTERM to SIGKILL */
#define KILL_MS 1000     /* for a pipe that somebody outside the group holds open */

typedef enum {
  STAGE_RUNNING,
  STAGE_LINGERING,    /* the program ended, its pipe is open */
  STAGE_TERMINATING,  /* SIGTERM was sent */
  STAGE_KILLED,       /* SIGKILL was sent */
  STAGE_GIVEN_UP,     /* the pipe is not waited for any more */
} Stage;

typedef struct {
  GPid           pid;            /* leader and name of the group; a zombie until the end */
  int            pidfd;
  GSource       *exit_source;
  GSource       *cancel_source;  /* (nullable) */
  GBytes        *written;        /* must live until it is written */
  GOutputStream *input;
  GInputStream  *output;         /* (nullable) until its end */
  GCancellable  *streams;        /* ends pending reads and writes */
  GByteArray    *collected;
  RbClock       *clock;
  guint64        timer;
  Stage          stage;
  gboolean       exited;
  GError        *failure;        /* (nullable) why we ended it */
} Process;

static void read_more (GTask *task);
static void on_timer (gpointer user_data);

static void
destroy_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
process_free (Process *process)
{
  rb_clock_clear (process->clock, &process->timer);
  destroy_source (&process->exit_source);
  destroy_source (&process->cancel_source);
  if (process->pidfd >= 0)
    close (process->pidfd);
  g_bytes_unref (process->written);
  g_clear_object (&process->input);
  g_clear_object (&process->output);
  g_clear_object (&process->streams);
  g_clear_object (&process->clock);
  g_byte_array_unref (process->collected);
  g_clear_error (&process->failure);
  g_free (process);
}

static GError *
error_from_status (int status)
{
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return NULL;
  if (WIFEXITED (status))
    return rb_error_new (RB_ERROR_REJECTED, "exit_status", "the program ended with status %d", WEXITSTATUS (status));
  return rb_error_new (RB_ERROR_REJECTED, "killed_by_signal", "the program was ended by signal %d", WTERMSIG (status));
}

static void
finish (GTask *task)
{
  Process *process = g_task_get_task_data (task);
  GError *error = g_steal_pointer (&process->failure);
  int status = 0;

  rb_clock_clear (process->clock, &process->timer);
  destroy_source (&process->exit_source);
  destroy_source (&process->cancel_source);
  kill (-process->pid, SIGTERM);
  waitpid (process->pid, &status, 0);
  g_cancellable_cancel (process->streams);

  if (error == NULL)
    error = error_from_status (status);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_byte_array_free_to_bytes (g_byte_array_ref (process->collected)),
                           (GDestroyNotify) g_bytes_unref);
  g_object_unref (task);
}

/* Returns whether it was over; the caller's reference may be the last then. */
static gboolean
check_over (GTask *task)
{
  Process *process = g_task_get_task_data (task);

  if (!process->exited || (process->output != NULL && process->stage != STAGE_GIVEN_UP))
    return FALSE;
  finish (task);
  return TRUE;
}

static void
enter (GTask  *task,
       Stage   stage,
       gint64  patience_ms)
{
  Process *process = g_task_get_task_data (task);

  rb_clock_clear (process->clock, &process->timer);
  process->stage = stage;
  if (patience_ms > 0)
    process->timer = rb_clock_add (process->clock, patience_ms, on_timer, task);
}

static void
terminate (GTask *task)
{
  Process *process = g_task_get_task_data (task);

  kill (-process->pid, SIGTERM);
  enter (task, STAGE_TERMINATING, TERM_MS);
}

/* @error: (transfer full): the first reason counts */
static void
end_because (GTask  *task,
             GError *error)
{
  Process *process = g_task_get_task_data (task);

  if (process->failure == NULL)
    process->failure = error;
  else
    g_error_free (error);
  if (process->stage < STAGE_TERMINATING)
    terminate (task);
}

static void
on_timer (gpointer user_data)
{
  GTask *task = user_data;
  Process *process = g_task_get_task_data (task);

  process->timer = 0;
  switch (process->stage)
    {
    case STAGE_RUNNING:
      end_because (task, rb_error_new (RB_ERROR_TIMED_OUT, "timeout", "the program took too long"));
      break;
    case STAGE_LINGERING:
      terminate (task);
      break;
    case STAGE_TERMINATING:
      kill (-process->pid, SIGKILL);
      enter (task, STAGE_KILLED, KILL_MS);
      break;
    case STAGE_KILLED:
    case STAGE_GIVEN_UP:
      enter (task, STAGE_GIVEN_UP, 0);
      check_over (task);
      break;
    }
}

static gboolean
on_exited (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  GTask *task = user_data;
  Process *process = g_task_get_task_data (task);

  process->exited = TRUE;
  if (!check_over (task) && process->stage == STAGE_RUNNING)
    enter (task, STAGE_LINGERING, LINGER_MS);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  end_because (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the program was cancelled"));
  return G_SOURCE_REMOVE;
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Process *process = g_task_get_task_data (task);
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);

  if (g_cancellable_is_cancelled (process->streams))
    return;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      g_clear_object (&process->output);
      check_over (task);
      return;
    }

  if (process->collected->len + g_bytes_get_size (bytes) <= RB_EXEC_OUTPUT_MAX)
    g_byte_array_append (process->collected, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  else
    end_because (task, rb_error_new (RB_ERROR_TOO_LARGE, "output_too_large", "the program wrote more than %d bytes",
                                     RB_EXEC_OUTPUT_MAX));
  read_more (task);
}

static void
read_more (GTask *task)
{
  Process *process = g_task_get_task_data (task);

  g_input_stream_read_bytes_async (process->output, READ_BYTES, G_PRIORITY_DEFAULT, process->streams, on_read,
                                   g_object_ref (task));
}

/* A child that does not read, or stops reading, is free to: that is no error of the exchange. */
static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Process *process = g_task_get_task_data (task);

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);
  g_output_stream_close (process->input, NULL, NULL);
}

/* In the child, between fork and exec. */
static void
set_up_child (gpointer user_data)
{
  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  signal (SIGPIPE, SIG_DFL);
}

static char **
make_environment (const char *const *additions)
{
  char **environment = g_get_environ ();

  for (gsize i = 0; additions != NULL && additions[i] != NULL; i++)
    {
      g_auto(GStrv) parts = g_strsplit (additions[i], "=", 2);

      environment = g_environ_setenv (environment, parts[0], parts[1] != NULL ? parts[1] : "", TRUE);
    }
  return environment;
}

static gboolean
spawn (Process            *process,
       const char *const  *argv,
       const char *const  *additions,
       GError            **error)
{
  g_auto(GStrv) environment = make_environment (additions);
  g_autoptr(GError) local_error = NULL;
  int input = -1;
  int output = -1;

  if (!g_spawn_async_with_pipes (NULL, (char **) argv, environment, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, set_up_child,
                                 NULL, &process->pid, &input, &output, NULL, &local_error))
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "program_not_started", "%s", local_error->message);
      return FALSE;
    }
  /* GIO polls, but then writes all it has: on a blocking pipe that waits for a child which waits for us. */
  g_unix_set_fd_nonblocking (input, TRUE, NULL);
  g_unix_set_fd_nonblocking (output, TRUE, NULL);
  process->input = g_unix_output_stream_new (input, TRUE);
  process->output = g_unix_input_stream_new (output, TRUE);

  process->pidfd = (int) syscall (SYS_pidfd_open, process->pid, 0);
  if (process->pidfd >= 0)
    return TRUE;
  rb_set_error (error, RB_ERROR_INTERNAL, "program_not_started", "pidfd_open: %s", g_strerror (errno));
  kill (-process->pid, SIGKILL);
  waitpid (process->pid, NULL, 0);
  return FALSE;
}

static void
watch (GTask   *task,
       Process *process,
       gint64   timeout_ms)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  process->exit_source = g_unix_fd_source_new (process->pidfd, G_IO_IN);
  g_source_set_callback (process->exit_source, G_SOURCE_FUNC (on_exited), task, NULL);
  g_source_attach (process->exit_source, g_task_get_context (task));
  if (cancellable != NULL)
    {
      process->cancel_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (process->cancel_source, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (process->cancel_source, g_task_get_context (task));
    }
  enter (task, STAGE_RUNNING, timeout_ms);
}

void
rb_exec_process_run_async (const char *const   *argv,
                           const char *const   *environment,
                           GBytes              *input,
                           gint64               timeout_ms,
                           RbClock             *clock,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Process *process = g_new0 (Process, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_exec_process_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, process, (GDestroyNotify) process_free);
  process->pidfd = -1;
  process->written = g_bytes_ref (input);
  process->streams = g_cancellable_new ();
  process->collected = g_byte_array_new ();
  process->clock = g_object_ref (clock);

  if (!spawn (process, argv, environment, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  watch (task, process, timeout_ms);
  g_output_stream_write_all_async (process->input, g_bytes_get_data (input, NULL), g_bytes_get_size (input), G_PRIORITY_DEFAULT,
                                   process->streams, on_written, g_object_ref (task));
  read_more (task);
}

GBytes *
rb_exec_process_run_finish (GAsyncResult *result,
                            GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
