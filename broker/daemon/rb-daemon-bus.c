/* rb-daemon-bus.c: the broker on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-activation.h"
#include "rb-bus-refusal.h"
#include "rb-daemon-private.h"
#include "rb-error.h"

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

void
rb_daemon_set_activated (RbDaemon *self)
{
  self->is_activated = TRUE;
}

/* The others are where the bus is not: on another one, or without any. */
void
rb_daemon_tell_callers (const GError *error)
{
  g_autoptr(GError) told = g_error_copy (error);

  if (g_strcmp0 (rb_error_get_reason (error), "already_running") == 0)
    {
      g_clear_error (&told);
      rb_set_error (&told, RB_ERROR_BAD_STATE, "already_running", "%s, and it is not on this bus", error->message);
    }
  rb_bus_refuse (told, TRUE);
}

void
rb_daemon_turn_away (GPtrArray *problems,
                     gboolean   is_activated)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  rb_activation_turn_away ();
  if (!is_activated)
    return;

  for (guint i = 0; i < problems->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", (const char *) problems->pdata[i]);
  rb_set_error (&error, RB_ERROR_INVALID, "wrong_settings", "%s", text->str);
  rb_bus_refuse (error, TRUE);
}

/* Whoever came another way is served; by this one nobody ever would be. */
static void
say_unwanted (void)
{
  g_autoptr(GError) error = rb_error_new (RB_ERROR_UNAVAILABLE, "bus_unwanted", "the broker runs, but broker.bus=no keeps it off the bus");

  rb_bus_refuse (error, FALSE);
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
  else if (self->is_activated)
    say_unwanted ();
  return TRUE;
}
