/* rb-program-child.c: a program in a process group of its own
 *
 * Where no service manager is: what the kernel limits for one process is limited. RLIMIT_DATA is what a program may write to in memory of its
 * own; RLIMIT_AS would count what runtimes with a JIT only reserve. RLIMIT_NPROC counts all that the user runs, and RLIMIT_CPU ends a
 * program after so many seconds: neither says what [spawn] tasks-max and cpu-percent say, so neither is set.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-child.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_SOFT 1024

struct _RbProgramChild {
  GPid             pid;
  guint            watch_id;    /* 0 once it was reaped, and of an adopted one */
  int              pidfd;       /* of an adopted one; -1: none */
  guint            pidfd_id;
  gboolean         is_leader;   /* of its process group */
  gboolean         is_ending;

  RbProgramExited  exited;
  gpointer         user_data;
};

/* What the child needs between fork() and exec(), where only calls that are safe there may be made. */
typedef struct {
  int           directory_fd;
  struct rlimit data;
} Setup;

static void
set_up (gpointer user_data)
{
  const Setup *setup = user_data;
  struct rlimit none = { 0, 0 }, files;
  sigset_t no_signals;

  setsid ();
  /* What the broker blocks for itself it would be deaf to. */
  sigemptyset (&no_signals);
  sigprocmask (SIG_SETMASK, &no_signals, NULL);
  if (setup->directory_fd >= 0 && fchdir (setup->directory_fd) != 0)
    _exit (127);
  setrlimit (RLIMIT_CORE, &none);
  if (setup->data.rlim_cur != RLIM_INFINITY)
    setrlimit (RLIMIT_DATA, &setup->data);
  /* The broker has more, which breaks programs that select(). */
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = MIN (files.rlim_max, FILES_SOFT);
      setrlimit (RLIMIT_NOFILE, &files);
    }
}

/* The pid may be somebody else's as soon as the leader was reaped, but not while others are left in its group. */
static void
on_end (RbProgramChild *self,
        int             wait_status)
{
  if (self->is_ending && self->is_leader)
    kill (-self->pid, SIGKILL);
  self->exited (self, wait_status, self->user_data);
}

static void
on_exited (GPid     pid,
           int      wait_status,
           gpointer user_data)
{
  RbProgramChild *self = user_data;

  self->watch_id = 0;
  g_spawn_close_pid (pid);
  on_end (self, wait_status);
}

/* After a restart in place it is a child of ours, and to be reaped; after any other it is not. */
static gboolean
on_adopted_exited (int          fd,
                   GIOCondition condition,
                   gpointer     user_data)
{
  RbProgramChild *self = user_data;
  int wait_status;

  self->pidfd_id = 0;
  if (waitpid (self->pid, &wait_status, WNOHANG) != self->pid)
    wait_status = RB_SPAWN_STATUS_UNKNOWN;
  on_end (self, wait_status);
  return G_SOURCE_REMOVE;
}

static RbProgramChild *
make (RbProgramExited exited,
      gpointer        user_data)
{
  RbProgramChild *self = g_new0 (RbProgramChild, 1);

  self->pidfd = -1;
  self->exited = exited;
  self->user_data = user_data;
  return self;
}

RbProgramChild *
rb_program_child_new (const RbProgramStart  *start,
                      const RbProgramPlace  *place,
                      const RbSpawnTerms    *terms,
                      RbProgramExited        exited,
                      gpointer               user_data,
                      GError               **error)
{
  g_autoptr(RbProgramChild) self = make (exited, user_data);
  g_autoptr(GError) local_error = NULL;
  rlim_t data = terms->memory_max_bytes > 0 ? (rlim_t) terms->memory_max_bytes : RLIM_INFINITY;
  Setup setup = { place->directory_fd, { data, data } };

  if (!g_spawn_async_with_pipes_and_fds (NULL, (const char *const *) start->argv, (const char *const *) start->environment,
                                         G_SPAWN_DO_NOT_REAP_CHILD, set_up, &setup, place->input_fd, place->output_fd, place->output_fd,
                                         NULL, NULL, 0, &self->pid, NULL, NULL, NULL, &local_error))
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_failed", "%s", local_error->message);
      return NULL;
    }
  self->is_leader = TRUE;
  self->watch_id = g_child_watch_add (self->pid, on_exited, self);
  return g_steal_pointer (&self);
}

RbProgramChild *
rb_program_child_adopt (GPid            pid,
                        RbProgramExited exited,
                        gpointer        user_data)
{
  g_autoptr(RbProgramChild) self = make (exited, user_data);

  self->pid = pid;
  self->pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (self->pidfd < 0)
    return NULL;
  self->is_leader = getpgid (pid) == pid;
  self->pidfd_id = g_unix_fd_add (self->pidfd, G_IO_IN, on_adopted_exited, self);
  return g_steal_pointer (&self);
}

void
rb_program_child_free (RbProgramChild *self)
{
  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_clear_handle_id (&self->pidfd_id, g_source_remove);
  if (self->pidfd >= 0)
    close (self->pidfd);
  g_free (self);
}

GPid
rb_program_child_get_pid (const RbProgramChild *self)
{
  return self->pid;
}

/* An own child is not reaped yet, and of an adopted one the kernel answers for: no stranger can be hit. */
void
rb_program_child_end (RbProgramChild *self,
                      gboolean        force)
{
  int number = force ? SIGKILL : SIGTERM;

  self->is_ending = TRUE;
  if (self->pidfd >= 0 && syscall (SYS_pidfd_send_signal, self->pidfd, self->is_leader ? 0 : number, NULL, 0) != 0)
    return;
  if (self->is_leader)
    kill (-self->pid, number);
}
