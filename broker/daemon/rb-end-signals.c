/* rb-end-signals.c: the signals that ask the process to end, none of which is lost
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-end-signals.h"

#include <glib-unix.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

typedef struct {
  int              fd;
  RbEndSignalFunc  func;
  gpointer         user_data;
} Watch;

void
rb_end_signals_fill (sigset_t *set)
{
  sigemptyset (set);
  sigaddset (set, SIGTERM);
  sigaddset (set, SIGINT);
}

/* In the child of every fork(), whoever calls it. A mask outlives exec, and a program that cannot be asked to end is a nuisance. */
static void
unblock_in_child (void)
{
  sigset_t set;

  rb_end_signals_fill (&set);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
}

void
rb_end_signals_block (void)
{
  sigset_t set;

  rb_end_signals_fill (&set);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  pthread_atfork (NULL, NULL, unblock_in_child);
}

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  close (watch->fd);
  g_free (watch);
}

static gboolean
on_signal (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  Watch *watch = user_data;
  struct signalfd_siginfo info;

  if (read (fd, &info, sizeof info) == sizeof info)
    watch->func (info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM", watch->user_data);
  return G_SOURCE_CONTINUE;
}

guint
rb_end_signals_watch (RbEndSignalFunc func,
                      gpointer        user_data)
{
  Watch *watch;
  sigset_t set;
  int fd;

  rb_end_signals_fill (&set);
  fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0)
    return 0;
  watch = g_new (Watch, 1);
  *watch = (Watch) { fd, func, user_data };
  return g_unix_fd_add_full (G_PRIORITY_HIGH, fd, G_IO_IN, on_signal, watch, watch_free);
}
