/* rb-remote-process.c: one process that an isolated module runs in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-process.h"

#include "rb-installed.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "runtime-broker-module"
#define SOCKET_FD 3
#define SOCKET_BYTES (1024 * 1024)   /* in the kernel, each way, as far as it lets us */
#define PING_MS 5000
#define END_MS 5000                  /* from the end of its socket to its own */
#define GONE_MS 2000                 /* the same, when all of us wait for it */
#define PONG_MS 5000                 /* for one answer; the second silence kills */

struct _RbRemoteProcess {
  RbRemoteProcessFuncs  funcs;
  gpointer              user_data;
  RbClock              *clock;         /* (nullable) */
  GSubprocess          *process;
  GCancellable         *unwatched;     /* nobody waits for its end any more */
  RbRemotePipe         *pipe;
  gboolean              has_ended;
  gboolean              is_closed;     /* the socket is */
  char                 *why;           /* (nullable): we killed it */
  guint64               ping_timer;
  gint64                ping;          /* the last one that was sent */
  gint64                pong;          /* the last one that was answered */
  gboolean              is_suspect;    /* it has missed one */
};

/* What a service manager gave to us alone. */
static const char *const own_variables[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID",
                                             "LISTEN_FDNAMES", "CREDENTIALS_DIRECTORY" };

/* Between fork() and exec(). When we died meanwhile nobody would tell it. */
static void
set_up (gpointer user_data)
{
  sigset_t no_signals;

  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != (pid_t) GPOINTER_TO_INT (user_data))
    _exit (127);
  sigemptyset (&no_signals);
  sigprocmask (SIG_SETMASK, &no_signals, NULL);
}

static char *
dup_program (void)
{
  g_autofree char *us = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = rb_installed_dup_dir (RB_PRIVATE_DIR, "broker" G_DIR_SEPARATOR_S "module", us);

  return g_build_filename (dir, PROGRAM, NULL);
}

static GSubprocess *
spawn (const RbRemoteProcessOptions  *options,
       int                            fd,
       GError                       **error)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *program = dup_program ();
  g_autofree char *memory = g_strdup_printf ("%" G_GINT64_FORMAT, options->memory_mib);
  const char *argv[] = { program, options->title, memory, NULL };
  g_autoptr(GError) local_error = NULL;
  GSubprocess *process;

  for (gsize i = 0; i < G_N_ELEMENTS (own_variables); i++)
    g_subprocess_launcher_unsetenv (launcher, own_variables[i]);
  g_subprocess_launcher_take_fd (launcher, fd, SOCKET_FD);
  g_subprocess_launcher_set_child_setup (launcher, set_up, GINT_TO_POINTER ((int) getpid ()), NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, &local_error);
  if (process == NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "isolation_unavailable", "Cannot start '%s': %s", program, local_error->message);
  return process;
}

static gboolean
make_sockets (int      fds[2],
              GError **error)
{
  int size = SOCKET_BYTES;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "isolation_unavailable", "Cannot make a pair of sockets: %s", g_strerror (errno));
      return FALSE;
    }
  for (int i = 0; i < 2; i++)
    setsockopt (fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return TRUE;
}

static char *
describe_end (RbRemoteProcess *self)
{
  int number;

  if (self->why != NULL)
    return g_strdup (self->why);
  if (!g_subprocess_get_if_signaled (self->process))
    return g_strdup_printf ("exit code %d", g_subprocess_get_exit_status (self->process));
  number = g_subprocess_get_term_sig (self->process);
  return g_strdup_printf ("signal %d (%s)", number, g_strsignal (number));
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbRemoteProcess *self;
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;

  if (!g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error) && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  self = user_data;
  self->has_ended = TRUE;
  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->ping_timer);
  /* What it said before it went is worth as much as ever. It may end us, too. */
  rb_remote_pipe_drain (self->pipe);
  reason = describe_end (self);
  self->funcs.died (reason, self->user_data);
}

void
rb_remote_process_kill (RbRemoteProcess *self,
                        const char      *why)
{
  const char *pid = g_subprocess_get_identifier (self->process);

  if (self->has_ended || pid == NULL)
    return;
  if (self->why == NULL)
    self->why = g_strdup (why);
  /* It is not reaped yet, so the group is its own. */
  kill (-(pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
  g_subprocess_send_signal (self->process, SIGKILL);
}

static void
on_frame (const RbRemoteFrame *frame,
          gpointer             user_data)
{
  RbRemoteProcess *self = user_data;

  /* Whoever we have killed is heard no more. */
  if (self->why != NULL)
    return;
  if (frame->type == RB_REMOTE_PONG)
    self->pong = frame->numbers[0];
  else
    self->funcs.frame (frame, self->user_data);
}

static void
kill_closed (RbRemoteProcess *self)
{
  rb_remote_process_kill (self, "it closed its socket and went on");
}

static void
on_end_late (gpointer user_data)
{
  RbRemoteProcess *self = user_data;

  self->ping_timer = 0;
  kill_closed (self);
}

/* One that closes its socket is about to end, or of no use any more. */
static void
on_closed (const char *reason,
           gpointer    user_data)
{
  RbRemoteProcess *self = user_data;

  self->is_closed = TRUE;
  /* It may have gone the moment we closed our end. */
  if (reason != NULL && self->why == NULL)
    self->why = g_strdup_printf ("it sent %s", reason);
  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->ping_timer);
  if (self->clock != NULL && reason == NULL)
    self->ping_timer = rb_clock_add (self->clock, END_MS, on_end_late, self);
  else
    rb_remote_process_kill (self, NULL);
}

static void
on_ping_due (gpointer user_data)
{
  RbRemoteProcess *self = user_data;
  RbRemoteFrame frame = { RB_REMOTE_PING };

  self->ping_timer = 0;
  if (self->pong == self->ping)
    {
      self->is_suspect = FALSE;
      frame.numbers[0] = ++self->ping;
      rb_remote_pipe_send (self->pipe, &frame);
    }
  else if (self->is_suspect)
    {
      rb_remote_process_kill (self, "it hung: its main loop did not turn any more");
      return;
    }
  else
    self->is_suspect = TRUE;   /* we may have slept as long as it */
  self->ping_timer = rb_clock_add (self->clock, self->ping == self->pong ? PING_MS : PONG_MS, on_ping_due, self);
}

RbRemoteProcess *
rb_remote_process_new (const RbRemoteProcessOptions  *options,
                       const RbRemoteProcessFuncs    *funcs,
                       gpointer                       user_data,
                       GError                       **error)
{
  static const RbRemotePipeFuncs pipe_funcs = { on_frame, on_closed };
  RbRemoteProcess *self;
  GSubprocess *process;
  int fds[2];

  if (!make_sockets (fds, error))
    return NULL;
  process = spawn (options, fds[1], error);
  if (process == NULL)
    {
      close (fds[0]);
      return NULL;
    }

  self = g_new0 (RbRemoteProcess, 1);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->process = process;
  self->unwatched = g_cancellable_new ();
  self->pipe = rb_remote_pipe_new (fds[0], RB_REMOTE_BROKER, &pipe_funcs, self);
  g_subprocess_wait_async (process, self->unwatched, on_ended, self);
  if (options->clock != NULL)
    {
      self->clock = g_object_ref (options->clock);
      self->ping_timer = rb_clock_add (self->clock, PING_MS, on_ping_due, self);
    }
  return self;
}

void
rb_remote_process_free (RbRemoteProcess *self)
{
  g_cancellable_cancel (self->unwatched);
  rb_remote_process_kill (self, NULL);
  if (!self->has_ended)
    g_subprocess_wait (self->process, NULL, NULL);
  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->ping_timer);
  g_clear_object (&self->clock);
  rb_remote_pipe_free (self->pipe);
  g_object_unref (self->unwatched);
  g_object_unref (self->process);
  g_free (self->why);
  g_free (self);
}

RbRemotePipe *
rb_remote_process_get_pipe (RbRemoteProcess *self)
{
  return self->pipe;
}

gint64
rb_remote_process_get_pid (RbRemoteProcess *self)
{
  const char *pid = g_subprocess_get_identifier (self->process);

  return pid != NULL ? g_ascii_strtoll (pid, NULL, 10) : 0;
}

/* It is reaped in another thread, at any moment. */
static gboolean
ends_soon (RbRemoteProcess *self)
{
  gint64 pid = rb_remote_process_get_pid (self);
  struct pollfd polled = { .events = POLLIN };
  gboolean has_ended;

  if (pid == 0)
    return TRUE;
  polled.fd = pidfd_open ((pid_t) pid, 0);
  if (polled.fd < 0)
    return errno == ESRCH;
  has_ended = TEMP_FAILURE_RETRY (poll (&polled, 1, GONE_MS)) > 0;
  close (polled.fd);
  return has_ended;
}

gboolean
rb_remote_process_wait (RbRemoteProcess  *self,
                        const gboolean   *done,
                        int               timeout_ms,
                        GError          **error)
{
  gint64 deadline_us = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  g_autofree char *end = NULL;

  while (!*done && !self->is_closed && g_get_monotonic_time () < deadline_us)
    rb_remote_pipe_turn (self->pipe, (int) ((deadline_us - g_get_monotonic_time ()) / 1000) + 1);
  if (*done)
    return TRUE;

  if (self->is_closed && !ends_soon (self))
    kill_closed (self);
  else if (!self->is_closed)
    rb_remote_process_kill (self, "it did not answer in time");
  g_subprocess_wait (self->process, NULL, NULL);
  end = describe_end (self);
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "module_process_died", "Its process ended: %s", end);
  return FALSE;
}
