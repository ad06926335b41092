/* rb-watchdog.c: ends the process when stopping takes too long
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-watchdog.h"

#include "rb-log.h"

#include <unistd.h>

struct _RbWatchdog {
  GMutex   mutex;
  GCond    cond;
  gboolean cancelled;
  gint64   deadline_us;
  RbWatchdogFunc last;
  gpointer user_data;
  GThread *thread;
};

static gpointer
watch (gpointer data)
{
  RbWatchdog *self = data;
  gboolean cancelled;

  g_mutex_lock (&self->mutex);
  while (!self->cancelled && g_cond_wait_until (&self->cond, &self->mutex, self->deadline_us))
    ;
  cancelled = self->cancelled;
  g_mutex_unlock (&self->mutex);

  if (!cancelled)
    {
      rb_log_warning ("shutdown_watchdog_force_exit", NULL);
      if (self->last != NULL)
        self->last (self->user_data);
      _exit (0);
    }
  return NULL;
}

RbWatchdog *
rb_watchdog_start (gint64         timeout_ms,
                   RbWatchdogFunc last,
                   gpointer       user_data)
{
  RbWatchdog *self = g_new0 (RbWatchdog, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->last = last;
  self->user_data = user_data;
  self->deadline_us = g_get_monotonic_time () + timeout_ms * 1000;
  self->thread = g_thread_new ("shutdown-watch", watch, self);
  return self;
}

void
rb_watchdog_cancel (RbWatchdog *self)
{
  g_mutex_lock (&self->mutex);
  self->cancelled = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);

  g_thread_join (self->thread);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}
