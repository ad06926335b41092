/* rb-daemon-stop.c: leaves in order
 *
 * Each step ends by calling the next one, and the watchdog bounds all of it. All parts exist: a start that failed before the main loop
 * ran has nothing to stop.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-crash-point.h"
#include "rb-log.h"
#include "rb-notify.h"

#define QUIET_MS 200
#define QUIET_LOOK_MS 1

/* Whoever calls the name when it is free starts another broker: it finds all that it needs free, too. */
static void
quit (RbDaemon *self)
{
  rb_sqlite_store_close (self->store);
  if (!self->is_in_place)
    g_clear_pointer (&self->lock, rb_lock_release);
  g_clear_pointer (&self->bus, rb_bus_free);
  rb_log_info ("shutdown_complete", "reason", self->stop_reason, NULL);
  g_main_loop_quit (self->loop);
}

static void
on_host_stopped (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  RbDaemon *self = user_data;
  g_autoptr(GError) error = NULL;

  /* The host has logged which module it was. */
  if (!rb_host_stop_finish (self->host, result, &error))
    rb_log_debug ("shutdown_modules_failed", "message", error->message, NULL);
  quit (self);
}

/* Before a restart whoever was accepted in the last moment hears that he is to ask again; what nobody accepted the next one does. */
static void
close_when_quiet (gpointer user_data)
{
  RbDaemon *self = user_data;

  self->quiet_timer = 0;
  if (self->is_in_place && !rb_ipc_server_is_quiet (self->ipc) && rb_clock_get_monotonic_us (self->clock) < self->quiet_until_us)
    {
      self->quiet_timer = rb_clock_add (self->clock, QUIET_LOOK_MS, close_when_quiet, self);
      return;
    }
  rb_ipc_server_close (self->ipc);
  rb_host_stop_async (self->host, NULL, on_host_stopped, self);
}

static void
on_core_stopped (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  RbDaemon *self = user_data;

  rb_core_stop_finish (self->core, result);
  self->quiet_until_us = rb_clock_get_monotonic_us (self->clock) + QUIET_MS * 1000;
  close_when_quiet (self);
}

/* From now on nobody is to find us. Source: protocol.md 3.6, ownership check before delete. */
static void
withdraw (RbDaemon *self)
{
  if (self->discovery == NULL || rb_discovery_delete_own (self->discovery, self->paths->discovery_file))
    return;
  rb_log_warning ("discovery_delete_skipped_not_owner", "path", self->paths->discovery_file, "phase", "shutdown_early", NULL);
}

/* A stop that hangs keeps nobody from going on: what is not on the disk was not promised. In the watchdog's thread. */
static void
on_late (gpointer user_data)
{
  RbDaemon *self = user_data;

  if (g_atomic_int_get (&self->is_in_place))
    rb_launch_exec (self->launch);
}

static void
tell_manager (RbDaemon *self)
{
  g_autofree char *reloading = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  rb_notify_send (self->is_in_place ? reloading : "STOPPING=1");
}

void
rb_daemon_end_instead (RbDaemon *self)
{
  if (!self->is_in_place)
    return;
  g_atomic_int_set (&self->is_in_place, FALSE);
  withdraw (self);
  g_clear_pointer (&self->next, rb_handover_discard);
}

static void
cancel_start (RbDaemon *self)
{
  g_cancellable_cancel (self->starting);
  rb_clock_clear (self->clock, &self->ready_timer);
  rb_clock_clear (self->clock, &self->notify_timer);
  rb_clock_clear (self->clock, &self->idle_timer);
  rb_clock_clear (self->clock, &self->identity_timer);
}

/**
 * rb_daemon_stop:
 * @self: the daemon, its main loop running; modules may still be starting
 * @reason: "signal:SIGTERM", "superseded_default_stream", ...
 * @exit_code: with which the process is to end
 *
 * Source: protocol.md section 19.
 */
void
rb_daemon_stop (RbDaemon   *self,
                const char *reason,
                int         exit_code)
{
  if (self->stop_reason != NULL)
    return;

  self->stop_reason = g_strdup (reason);
  self->exit_code = exit_code;
  self->watchdog = rb_watchdog_start (rb_settings_get_integer (self->settings, "broker", "stop-timeout-ms"), on_late, self);
  tell_manager (self);

  cancel_start (self);
  if (!self->is_in_place)
    withdraw (self);
  RB_CRASH_POINT (DAEMON_WITHDRAWN);
  if (self->bus != NULL)
    rb_bus_stop (self->bus);
  rb_ipc_server_drain (self->ipc);
  rb_host_end_exchange (self->host);
  if (self->is_in_place)
    rb_daemon_hand_over (self);
  /* Logs shutdown_begin. */
  rb_core_stop_async (self->core, reason, on_core_stopped, self);
}
