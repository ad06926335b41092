/* rb-launch.c: how this process was started, to be started so again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-launch.h"

#include "rb-end-signals.h"
#include "rb-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_TIMEOUT_S 20
#define SAID_MAX 2000

struct _RbLaunch {
  char  *program;        /* absolute */
  char **argv;
  char **environment;    /* prepared for the next one; NULL before */
  int    fds[4];         /* to be inherited; each 0: none */
};

/* What a restart is asked for with, which comes again while one goes on. Between two brokers nobody listens, and must not die of it. */
static const int kept_signals[] = { SIGUSR1, SIGUSR2 };

/* A signal that no source wants any more is given back to the kernel by GLib, whose answer is the end of the process. As a handler a program that we
 * start does not inherit it. */
static void
keep_signals (void)
{
  static GSource *sources[G_N_ELEMENTS (kept_signals)];   /* never attached */

  for (gsize i = 0; i < G_N_ELEMENTS (kept_signals); i++)
    if (sources[i] == NULL)
      sources[i] = g_unix_signal_source_new (kept_signals[i]);
}

static char *
dup_absolute (const char *name)
{
  if (strchr (name, '/') != NULL)
    return g_canonicalize_filename (name, NULL);
  return g_find_program_in_path (name);
}

/* The name by which we were called where it leads to us: behind a link that is turned to another version stands the one that is wanted. */
static char *
find_program (const char *name)
{
  g_autofree char *running = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *called = name != NULL ? dup_absolute (name) : NULL;
  g_autofree char *real = called != NULL ? realpath (called, NULL) : NULL;

  if (running == NULL || g_strcmp0 (real, running) == 0)
    return g_steal_pointer (&called);
  return g_steal_pointer (&running);
}

RbLaunch *
rb_launch_new (int    argc,
               char **argv)
{
  RbLaunch *self = g_new0 (RbLaunch, 1);

  keep_signals ();
  self->argv = g_strdupv (argv);
  self->program = find_program (argv[0]);
  return self;
}

static void
forget_memory (RbLaunch *self)
{
  if (self->fds[0] > 0)
    close (self->fds[0]);
  self->fds[0] = 0;
}

void
rb_launch_free (RbLaunch *self)
{
  forget_memory (self);
  g_free (self->program);
  g_strfreev (self->argv);
  g_strfreev (self->environment);
  g_free (self);
}

static void
set_refused (GError     **error,
             const char  *said)
{
  g_autofree char *text = g_strndup (said, SAID_MAX);

  g_strdelimit (g_strstrip (text), "\n", ' ');
  rb_set_error (error, RB_ERROR_BAD_STATE, "restart_refused", "the program would not start, so this one goes on: %s",
                *text != '\0' ? text : "it did not say why");
}

static gboolean
on_late (gpointer user_data)
{
  g_subprocess_force_exit (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_checked (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GSubprocess *process = G_SUBPROCESS (source);
  g_autoptr(GTask) task = user_data;
  g_autofree char *said = NULL;
  GError *error = NULL;

  g_source_destroy (g_task_get_task_data (task));
  if (!g_subprocess_communicate_utf8_finish (process, result, NULL, &said, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (g_subprocess_get_if_exited (process) && g_subprocess_get_exit_status (process) == 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  set_refused (&error, said != NULL ? said : "");
  g_task_return_error (task, error);
}

static GSubprocess *
start_check (RbLaunch  *self,
             GError   **error)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, self->program);
  g_ptr_array_add (argv, (char *) "--check-config");
  for (guint i = 1; self->argv[0] != NULL && self->argv[i] != NULL; i++)
    g_ptr_array_add (argv, self->argv[i]);
  g_ptr_array_add (argv, NULL);
  return g_subprocess_newv ((const char *const *) argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
}

void
rb_launch_check_async (RbLaunch            *self,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) failure = NULL;
  GError *error = NULL;
  GSource *late;

  g_task_set_source_tag (task, rb_launch_check_async);
  process = self->program != NULL ? start_check (self, &failure) : NULL;
  if (process == NULL)
    {
      set_refused (&error, failure != NULL ? failure->message : "it is not there");
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  late = g_timeout_source_new_seconds (CHECK_TIMEOUT_S);
  g_source_set_callback (late, on_late, g_object_ref (process), g_object_unref);
  g_source_attach (late, g_main_context_get_thread_default ());
  g_task_set_task_data (task, late, (GDestroyNotify) g_source_unref);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, on_checked, task);
}

gboolean
rb_launch_check_finish (GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
rb_launch_reserve (RbLaunch  *self,
                   GError   **error)
{
  g_autoptr(GError) local_error = NULL;

  forget_memory (self);
  if (rb_handover_reserve (&self->fds[0], &local_error))
    return TRUE;
  rb_set_error (error, RB_ERROR_BAD_STATE, "restart_refused", "the broker cannot be restarted now, so it goes on: %s", local_error->message);
  return FALSE;
}

gboolean
rb_launch_prepare (RbLaunch          *self,
                   const RbHandover  *handover,
                   GError           **error)
{
  g_autofree char *variable = NULL;
  g_auto(GStrv) environment = NULL;
  g_auto(GStrv) parts = NULL;

  g_clear_pointer (&self->environment, g_strfreev);
  if (self->fds[0] == 0 && !rb_launch_reserve (self, error))
    return FALSE;
  variable = rb_handover_pack (handover, self->fds[0], error);
  if (variable == NULL)
    return FALSE;
  parts = g_strsplit (variable, "=", 2);
  environment = g_environ_setenv (g_get_environ (), parts[0], parts[1], TRUE);
  self->environment = g_steal_pointer (&environment);
  self->fds[1] = handover->tcp_fd;
  self->fds[2] = handover->socket_fd;
  self->fds[3] = handover->lock_fd;
  return TRUE;
}

static void
set_inherited (RbLaunch *self,
               gboolean  inherited)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->fds); i++)
    if (self->fds[i] > 0)
      fcntl (self->fds[i], F_SETFD, inherited ? 0 : FD_CLOEXEC);
}

/* To be ignored survives exec, and a handler does not: it is for the time until the next one has its own. */
static void
ignore_signals (struct sigaction *before)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN };

  for (gsize i = 0; i < G_N_ELEMENTS (kept_signals); i++)
    sigaction (kept_signals[i], &ignore, &before[i]);
}

static void
restore_signals (const struct sigaction *before)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kept_signals); i++)
    sigaction (kept_signals[i], &before[i], NULL);
}

void
rb_launch_exec (RbLaunch *self)
{
  struct sigaction handlers[G_N_ELEMENTS (kept_signals)];
  sigset_t kept, before;

  /* It would find nothing of what it is to go on with, not even whose broker it is. */
  if (self->environment == NULL)
    {
      errno = ECANCELED;
      return;
    }

  ignore_signals (handlers);
  /* GLib's threads block every signal, and a mask outlives exec. What asks for the end waits for the next one. */
  rb_end_signals_fill (&kept);
  pthread_sigmask (SIG_SETMASK, &kept, &before);
  set_inherited (self, TRUE);
  execve (self->program, self->argv, self->environment);
  set_inherited (self, FALSE);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  restore_signals (handlers);
}
