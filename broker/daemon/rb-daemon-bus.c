/* rb-daemon-bus.c: the broker on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

static GVariant *
call_view (const char *name,
           gboolean   *found,
           gpointer    user_data,
           GError    **error)
{
  RbDaemon *self = user_data;

  return rb_ipc_server_call_view (self->ipc, name, found, error);
}

static void
do_restart (GTask   *task,
            gpointer user_data)
{
  rb_daemon_restart (user_data, task);
}

gboolean
rb_daemon_open_bus (RbDaemon  *self,
                    GError   **error)
{
  RbBusPorts ports = {
    self->core, self->clock, call_view, do_restart, self,
    .notifies = g_str_equal (rb_settings_get_string (self->settings, "notifications", "enabled"), "true"),
    .hides_content = g_str_equal (rb_settings_get_string (self->settings, "notifications", "content"), "hide"),
  };
  const char *which = rb_settings_get_string (self->settings, "broker", "bus");

  if (!g_str_equal (which, "no"))
    self->bus = rb_bus_new (&ports, g_str_equal (which, "session") ? NULL : which);
  return TRUE;
}
