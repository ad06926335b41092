/* rb-daemon-idle.c: leaves when nobody has needed it for long
 *
 * Whatever starts us on demand starts us again: the bus, a socket of the service manager, a client that starts its broker. Nothing looks at
 * a clock meanwhile but the one timer. On a network that others see us on we stay: to be there is what we are for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-log.h"

static void watch (RbDaemon *self);

static gboolean
is_idle (RbDaemon *self)
{
  return rb_core_is_idle (self->core) && rb_ipc_server_is_quiet (self->ipc) && !rb_ipc_server_has_page (self->ipc) &&
         (self->bus == NULL || rb_bus_is_quiet (self->bus));
}

static void
on_idle_for_long (gpointer user_data)
{
  RbDaemon *self = user_data;

  self->idle_timer = 0;
  if (!is_idle (self))
    {
      watch (self);
      return;
    }
  rb_log_info ("idle_exit", NULL);
  rb_daemon_stop (self, "idle", 0);
}

/* From the last change on, when nobody is there. What is asked for in between only delays the end when it is being answered just then. */
static void
watch (RbDaemon *self)
{
  gint64 idle_ms = rb_settings_get_integer (self->settings, "broker", "idle-exit-ms");

  rb_clock_clear (self->clock, &self->idle_timer);
  if (idle_ms > 0 && self->stop_reason == NULL && !rb_core_is_attended (self->core))
    self->idle_timer = rb_clock_add (self->clock, idle_ms, on_idle_for_long, self);
}

static void
on_core_changed (RbCore     *core,
                 const char *topic,
                 RbDaemon   *self)
{
  watch (self);
}

void
rb_daemon_watch_idle (RbDaemon *self)
{
  gboolean is_local = (rb_upstream_get_features (rb_host_get_upstream (self->host)) & RB_UPSTREAM_LOCAL_INBOX) != 0;

  if (!is_local || rb_settings_get_integer (self->settings, "broker", "idle-exit-ms") <= 0)
    return;
  g_signal_connect (self->core, "changed", G_CALLBACK (on_core_changed), self);
  watch (self);
}
