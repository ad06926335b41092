/* rb-daemon-bus.c: the broker on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-activation.h"
#include "rb-bus-refusal.h"
#include "rb-daemon-private.h"
#include "rb-discovery.h"
#include "rb-error.h"
#include "rb-log.h"

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

static void
do_use (GTask   *task,
        gpointer user_data)
{
  rb_daemon_use (user_data, task);
}

void
rb_daemon_set_activated (RbDaemon *self)
{
  self->is_activated = TRUE;
}

/* Where the others are, for who is not on their bus: on another one, or without any. @paths: (nullable) */
static GError *
name_other (const RbPaths *paths,
            const GError  *error)
{
  g_autoptr(RbDiscovery) other = paths != NULL ? rb_discovery_read (paths->discovery_file, NULL) : NULL;
  g_autoptr(GString) where = g_string_new (NULL);

  if (other == NULL && paths != NULL)    /* it is starting; the lock has said its pid */
    g_string_append_printf (where, " (socket %s)", paths->socket);
  else if (other != NULL)
    g_string_append_printf (where, " (pid %" G_GINT64_FORMAT "%s%s)", other->pid, other->socket != NULL ? ", socket " : "",
                            other->socket != NULL ? other->socket : "");
  return rb_error_new (RB_ERROR_BAD_STATE, "already_running", "%s%s, and it is not on this bus", error->message, where->str);
}

void
rb_daemon_tell_callers (RbDaemon     *self,
                        const GError *error)
{
  gboolean is_other = g_strcmp0 (rb_error_get_reason (error), "already_running") == 0;
  g_autoptr(GError) told = NULL;

  if (is_other)
    told = name_other (self->paths, error);
  else if (error->domain == RB_ERROR)
    told = g_error_copy (error);
  else    /* a disk, mostly */
    told = rb_error_new (RB_ERROR_UNAVAILABLE, "start_failed", "%s", error->message);
  if (self->bus != NULL)
    rb_bus_fail (self->bus, told);
  else
    rb_bus_refuse (told, TRUE);
}

void
rb_daemon_tell_callers_asked (const GError *why,
                              gpointer      user_data)
{
  g_autoptr(GError) told = rb_error_new (RB_ERROR_UNAVAILABLE, rb_error_get_reason (why),
                                         "%s; you are asked for it now, and whoever calls again after that is served", why->message);

  rb_log_warning ("start_waits_for_person", "err", why->message, NULL);
  rb_bus_refuse (told, FALSE);
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
    self->core, self->clock, call_view, do_restart, do_use, self,
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
