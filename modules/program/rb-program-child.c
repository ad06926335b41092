/* rb-program-child.c: one started program: its input, the tail of its output, its end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-child.h"

#include "rb-api.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 4096
#define READS_A_TURN 16   /* a program that writes without end must not keep the main loop */

struct _RbProgramChild {
  GPid             pid;
  guint            watch_id;    /* 0 once it was reaped */

  int              input_fd;    /* -1: closed */
  guint            input_id;
  char            *input;
  gsize            written;

  int              output_fd;   /* -1: closed */
  guint            output_id;
  GString         *tail;

  RbProgramExited  exited;
  gpointer         user_data;
};

static void
close_input (RbProgramChild *self)
{
  g_clear_handle_id (&self->input_id, g_source_remove);
  if (self->input_fd >= 0)
    close (self->input_fd);
  self->input_fd = -1;
}

static void
close_output (RbProgramChild *self)
{
  g_clear_handle_id (&self->output_id, g_source_remove);
  if (self->output_fd >= 0)
    close (self->output_fd);
  self->output_fd = -1;
}

static void
keep_tail (RbProgramChild *self,
           const char     *bytes,
           gsize           length)
{
  g_string_append_len (self->tail, bytes, (gssize) length);
  if (self->tail->len > RB_PROGRAM_TAIL_BYTES)
    g_string_erase (self->tail, 0, (gssize) (self->tail->len - RB_PROGRAM_TAIL_BYTES));
}

/* FALSE at the end of the output. */
static gboolean
read_some (RbProgramChild *self)
{
  char bytes[READ_BYTES];

  for (guint i = 0; i < READS_A_TURN; i++)
    {
      gssize n = read (self->output_fd, bytes, sizeof bytes);

      if (n > 0)
        keep_tail (self, bytes, (gsize) n);
      else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        return FALSE;
      else if (errno == EAGAIN)
        return TRUE;
    }
  return TRUE;
}

static gboolean
on_output (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  RbProgramChild *self = user_data;

  if (read_some (self))
    return G_SOURCE_CONTINUE;
  self->output_id = 0;
  close_output (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_input (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  RbProgramChild *self = user_data;
  gsize left = strlen (self->input) - self->written;
  gssize n = write (fd, self->input + self->written, left);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  self->written += n > 0 ? (gsize) n : 0;
  if (n > 0 && (gsize) n < left)
    return G_SOURCE_CONTINUE;

  /* All is written, or the program does not read: its own business. */
  self->input_id = 0;
  close_input (self);
  return G_SOURCE_REMOVE;
}

/* A grandchild may hold the pipe open for long; what is in it now is all that counts. */
static char *
take_output (RbProgramChild *self)
{
  if (self->output_fd >= 0)
    read_some (self);
  close_output (self);
  return g_utf8_make_valid (self->tail->str, (gssize) self->tail->len);
}

static void
on_exited (GPid     pid,
           int      wait_status,
           gpointer user_data)
{
  RbProgramChild *self = user_data;
  g_autofree char *output = take_output (self);

  self->watch_id = 0;
  close_input (self);
  g_spawn_close_pid (pid);
  self->exited (self, wait_status, output, self->user_data);
}

/* Between fork() and exec(): only what is safe after a fork. The program outlives a broker that is killed with its terminal. */
static void
detach (gpointer user_data)
{
  setsid ();
}

static gboolean
open_output (const RbProgramStart  *start,
             int                    fds[2],
             GError               **error)
{
  if (start->keep_output)
    return g_unix_open_pipe (fds, FD_CLOEXEC, error);

  fds[0] = -1;
  fds[1] = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  if (fds[1] >= 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "Cannot open '/dev/null': %s", g_strerror (errno));
  return FALSE;
}

static gboolean
run (RbProgramChild        *self,
     const RbProgramStart  *start,
     GError               **error)
{
  int fds[2] = { -1, -1 };
  gboolean started;

  if (!open_output (start, fds, error))
    return FALSE;

  started = g_spawn_async_with_pipes_and_fds (NULL, (const char *const *) start->argv, (const char *const *) start->environment,
                                              G_SPAWN_DO_NOT_REAP_CHILD, detach, NULL, -1, fds[1], fds[1], NULL, NULL, 0,
                                              &self->pid, start->input != NULL ? &self->input_fd : NULL, NULL, NULL, error);
  close (fds[1]);
  self->output_fd = fds[0];
  return started;
}

static void
watch (RbProgramChild *self)
{
  self->watch_id = g_child_watch_add (self->pid, on_exited, self);
  if (self->output_fd >= 0)
    {
      g_unix_set_fd_nonblocking (self->output_fd, TRUE, NULL);
      self->output_id = g_unix_fd_add (self->output_fd, G_IO_IN | G_IO_HUP, on_output, self);
    }
  if (self->input_fd >= 0)
    {
      g_unix_set_fd_nonblocking (self->input_fd, TRUE, NULL);
      self->input_id = g_unix_fd_add (self->input_fd, G_IO_OUT | G_IO_ERR, on_input, self);
    }
}

RbProgramChild *
rb_program_child_new (const RbProgramStart  *start,
                      RbProgramExited        exited,
                      gpointer               user_data,
                      GError               **error)
{
  g_autoptr(RbProgramChild) self = g_new0 (RbProgramChild, 1);
  g_autoptr(GError) local_error = NULL;

  self->input_fd = -1;
  self->output_fd = -1;
  self->input = g_strdup (start->input);
  self->tail = g_string_new (NULL);
  self->exited = exited;
  self->user_data = user_data;
  if (!run (self, start, &local_error))
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_failed", "%s", local_error->message);
      return NULL;
    }
  watch (self);
  return g_steal_pointer (&self);
}

void
rb_program_child_free (RbProgramChild *self)
{
  g_clear_handle_id (&self->watch_id, g_source_remove);
  close_input (self);
  close_output (self);
  g_string_free (self->tail, TRUE);
  g_free (self->input);
  g_free (self);
}

GPid
rb_program_child_get_pid (const RbProgramChild *self)
{
  return self->pid;
}
