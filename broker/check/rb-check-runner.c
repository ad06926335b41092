/* rb-check-runner.c: runs each case in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-runner.h"

#include "rb-loader.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_REASON 4096
#define MAX_LOG 65536

/* What runs in the other process, and says its result at @fd. */
typedef void (*ChildFunc) (const RbCheckOptions *options, const RbModuleInfo *info, const RbCheckCase *info_case, const char *directory, int fd);

/* A critical warning of a library: the module called it wrongly. In a child only. */
static char *critical;
/* The one that is running: a child never comes back to where it is held, and would seem to leak it. */
static RbCheckOutcome *volatile current;

void
rb_check_outcome_free (RbCheckOutcome *self)
{
  g_free (self->reason);
  g_free (self->log);
  g_free (self->directory);
  g_free (self->log_path);
  g_free (self);
}

gboolean
rb_check_outcome_is_bad (const RbCheckOutcome *self,
                         gboolean              strict)
{
  switch (self->result)
    {
    case RB_CHECK_PASS:
      return self->expected;
    case RB_CHECK_FAIL:
      return !self->expected;
    case RB_CHECK_SKIP:
      return strict;
    }
  g_return_val_if_reached (TRUE);
}

static const char *
get_field (const GLogField *fields,
           gsize            n,
           const char      *key)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, key) && fields[i].length < 0)
      return fields[i].value;
  return NULL;
}

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n,
           gpointer         user_data)
{
  if ((level & G_LOG_LEVEL_CRITICAL) != 0 && get_field (fields, n, "RB_EVENT") == NULL && critical == NULL)
    critical = g_strdup (get_field (fields, n, "MESSAGE"));
  /* What the module says, and what libraries complain of; not how they go about their work. */
  if (get_field (fields, n, "RB_EVENT") == NULL && (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) != 0)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams (level, fields, n, user_data);
}

static void
run_case (const RbCheckOptions *options,
          const RbModuleInfo   *info,
          const RbCheckCase    *info_case,
          const char           *directory,
          int                   fd)
{
  RbCheckRun *run = rb_check_run_new (options, info, directory, fd);
  RbCheckNetwork *network = rb_check_network_open (run);
  g_autofree char *missing = rb_check_network_dup_missing (run, network, info_case->needs);

  if (missing != NULL)
    rb_check_skip (run, "it needs a partner that can '%s'", missing);
  info_case->func (run, network);
  if (critical != NULL)
    rb_check_fail (run, "A library complained: %s", critical);
  rb_check_pass (run);
  rb_check_run_free (run);
}

static const RbModuleInfo *
load (const char  *path,
      GError     **error)
{
  static const RbModuleKind kinds[] = { RB_MODULE_CONNECTOR, RB_MODULE_UPSTREAM, RB_MODULE_SPAWN_DRIVER, RB_MODULE_EMITTER };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(GError) local_error = NULL;
      g_autofree char *found = NULL;
      const RbModuleInfo *info = rb_loader_open (NULL, kinds[i], path, &found, &local_error);

      if (info != NULL)
        return info;
      if (i + 1 == G_N_ELEMENTS (kinds) || g_strcmp0 (rb_error_get_reason (local_error), "module_wrong_kind") != 0)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  return NULL;
}

static void
run_load (const RbCheckOptions *options,
          const RbModuleInfo   *info,
          const RbCheckCase    *info_case,
          const char           *directory,
          int                   fd)
{
  RbCheckRun *run = rb_check_run_new (options, NULL, directory, fd);
  g_autoptr(GError) error = NULL;

  if (load (options->module, &error) == NULL)
    rb_check_fail (run, "%s (%s)", error->message, rb_error_get_reason (error) != NULL ? rb_error_get_reason (error) : "no reason");
  rb_check_pass (run);
  rb_check_run_free (run);
}

/* The module has a home of its own, and nothing of the session it is checked in. */
static void
set_up_child (const char *directory,
              const char *log_path)
{
  static const char *const directories[] = { "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR" };
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int log = open (log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  setpgid (0, 0);
  dup2 (null, STDIN_FILENO);
  dup2 (log, STDOUT_FILENO);
  dup2 (log, STDERR_FILENO);
  close (null);
  close (log);
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    g_setenv (directories[i], directory, TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (write_log, NULL, NULL);
}

static pid_t
start_child (const RbCheckOptions *options,
             const RbModuleInfo   *info,
             const RbCheckOutcome *outcome,
             ChildFunc             func,
             int                  *result_fd)
{
  int fds[2];
  pid_t pid;

  if (pipe2 (fds, O_CLOEXEC) != 0)
    return -1;
  fflush (stdout);
  pid = fork ();
  if (pid == 0)
    {
      close (fds[0]);
      set_up_child (outcome->directory, outcome->log_path);
      func (options, info, outcome->info, outcome->directory, fds[1]);
      exit (0);
    }
  close (fds[1]);
  *result_fd = fds[0];
  return pid;
}

/* FALSE: it was still running. */
static gboolean
wait_child (pid_t pid,
            int   timeout_ms,
            int  *status)
{
  int pidfd = syscall (SYS_pidfd_open, pid, 0);
  struct pollfd poller = { .fd = pidfd, .events = POLLIN };
  gboolean ended;

  do
    ended = poll (&poller, 1, timeout_ms) == 1;
  while (!ended && errno == EINTR);
  /* Its partner and whatever it started are in its group. */
  kill (-pid, SIGKILL);
  if (!ended)
    kill (pid, SIGKILL);
  waitpid (pid, status, 0);
  close (pidfd);
  return ended;
}

static int
remove_one (const char        *path,
            const struct stat *info,
            int                type,
            struct FTW        *where)
{
  remove (path);
  return 0;
}

static char *
read_result (int fd)
{
  char buffer[MAX_REASON];
  gssize n = read (fd, buffer, sizeof buffer - 1);

  close (fd);
  return n > 0 ? g_utf8_make_valid (buffer, n) : NULL;
}

static void
judge (RbCheckOutcome       *self,
       const RbCheckOptions *options,
       const char           *said,
       gboolean              ended,
       int                   status)
{
  self->result = RB_CHECK_FAIL;
  if (said != NULL && (said[0] == 'F' || said[0] == 'S'))
    {
      self->result = said[0] == 'S' ? RB_CHECK_SKIP : RB_CHECK_FAIL;
      self->reason = g_strdup (said + 1);
    }
  else if (!ended)
    self->reason = g_strdup_printf ("It did not end within %d s: something never returns", options->timeout_s);
  else if (WIFSIGNALED (status))
    self->reason = g_strdup_printf ("It crashed: %s", g_strsignal (WTERMSIG (status)));
  else if (said == NULL || WEXITSTATUS (status) != 0)
    self->reason = g_strdup_printf ("Its process ended with status %d", WEXITSTATUS (status));
  else
    self->result = RB_CHECK_PASS;
}

static RbCheckOutcome *
run_child (const RbCheckOptions *options,
           const RbModuleInfo   *info,
           const RbCheckCase    *info_case,
           ChildFunc             func)
{
  RbCheckOutcome *self = g_new0 (RbCheckOutcome, 1);
  g_autofree char *said = NULL;
  gint64 before = g_get_monotonic_time ();
  gboolean ended;
  int fd = -1, status = 0;
  gsize length;
  pid_t pid;

  self->info = info_case;
  self->directory = g_dir_make_tmp ("rb-check-XXXXXX", NULL);
  self->log_path = g_build_filename (self->directory != NULL ? self->directory : "", "log", NULL);
  current = self;
  pid = self->directory != NULL ? start_child (options, info, self, func, &fd) : -1;
  if (pid < 0)
    {
      self->result = RB_CHECK_FAIL;
      self->reason = g_strdup_printf ("No process can be started for it: %s", g_strerror (errno));
      return self;
    }
  ended = wait_child (pid, options->timeout_s * 1000, &status);
  said = read_result (fd);
  judge (self, options, said, ended, status);
  self->ms = (g_get_monotonic_time () - before) / 1000;
  if (g_file_get_contents (self->log_path, &self->log, &length, NULL) && length > MAX_LOG)
    self->log[MAX_LOG] = '\0';
  nftw (self->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return self;
}

RbCheckOutcome *
rb_check_runner_run (const RbCheckOptions *options,
                     const RbModuleInfo   *info,
                     const RbCheckCase    *info_case)
{
  return run_child (options, info, info_case, run_case);
}

const RbModuleInfo *
rb_check_runner_load (const RbCheckOptions  *options,
                      GError               **error)
{
  g_autoptr(RbCheckOutcome) outcome = run_child (options, NULL, NULL, run_load);

  if (outcome->result == RB_CHECK_PASS)
    return load (options->module, error);
  rb_set_error (error, RB_ERROR_INVALID, NULL, "%s%s%s", outcome->reason, outcome->log != NULL && *outcome->log != '\0' ? "; it said:\n" : "",
                outcome->log != NULL ? outcome->log : "");
  return NULL;
}
