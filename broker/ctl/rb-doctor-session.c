/* rb-doctor-session.c: what brokerctl doctor sees of the machine and the session, without a broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-doctor.h"

#include "rb-client-start.h"
#include "rb-program.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define BUS_MS 3000            /* for a bus that does not answer */
#define PROGRAM_MS 5000
#define BORN_S 1767225600      /* 2026-01-01: a clock before this was never set */
#define BROKER_NAME "io.github.runtimebroker.Broker1"

static void
look_at_program (RbDoctor *self,
                 RbCtl    *ctl)
{
  static const char *const arguments[] = { "--version", NULL };
  const RbProgramRun run = { .arguments = arguments, .timeout_ms = PROGRAM_MS };
  g_autofree char *path = rb_client_start_dup_program (ctl->options);
  g_autofree char *output = NULL;
  g_autoptr(GError) error = NULL;

  if (path == NULL)
    rb_doctor_add (self, "program", RB_DOCTOR_FAIL, _ ("install it beside brokerctl, or on PATH"), "%s", _ ("'runtime-brokerd' was not found"));
  else if (rb_program_run (ctl, &run, &output, NULL, &error) != 0)
    rb_doctor_add (self, "program", RB_DOCTOR_FAIL, _ ("install it again"), _ ("%s cannot be run: %s"), path,
                   error != NULL ? error->message : "?");
  else if (strstr (output, RB_VERSION) == NULL)
    rb_doctor_add (self, "program", RB_DOCTOR_WARN, _ ("install both from one version"), _ ("%s says '%s', and brokerctl is %s"), path,
                   g_strstrip (output), RB_VERSION);
  else
    rb_doctor_add (self, "program", RB_DOCTOR_OK, NULL, "%s %s", path, RB_VERSION);
}

static void
look_at_runtime_dir (RbDoctor *self)
{
  const char *path = g_getenv ("XDG_RUNTIME_DIR");
  struct stat found;

  if (path == NULL || *path == '\0')
    rb_doctor_add (self, "runtime-dir", RB_DOCTOR_WARN, _ ("log in through a session, or set XDG_RUNTIME_DIR; the socket is with the data until then"),
                   "%s", _ ("XDG_RUNTIME_DIR is not set"));
  else if (stat (path, &found) != 0)
    rb_doctor_add (self, "runtime-dir", RB_DOCTOR_FAIL, _ ("make it, or set XDG_RUNTIME_DIR to one that is there"), "%s: %s", path,
                   g_strerror (errno));
  else if (found.st_uid != getuid () || (found.st_mode & 077) != 0)
    rb_doctor_add (self, "runtime-dir", RB_DOCTOR_FAIL, _ ("it has to belong to you, with mode 0700"), _ ("%s has the owner %u and mode %03o"), path,
                   (guint) found.st_uid, (guint) found.st_mode & 0777);
  else
    rb_doctor_add (self, "runtime-dir", RB_DOCTOR_OK, NULL, "%s", path);
}

static gboolean
on_late (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* Nothing here may start a bus, as GDBus would where it finds none. */
static gboolean
has_bus_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime_dir = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = runtime_dir != NULL ? g_build_filename (runtime_dir, "bus", NULL) : NULL;

  if (address != NULL && *address != '\0')
    return !g_str_has_prefix (address, "disabled:");
  return path != NULL && g_file_test (path, G_FILE_TEST_EXISTS);
}

static GDBusConnection *
connect_bus (GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  GDBusConnection *connection;

  g_bus_get (G_BUS_TYPE_SESSION, cancellable, rb_ctl_store_result, &result);
  rb_ctl_wait (&result);
  connection = g_bus_get_finish (result, error);
  if (connection != NULL)
    g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}

/* Names that are on the bus, or that it would start somebody for. */
static gboolean
add_names (GDBusConnection  *connection,
           const char       *method,
           GHashTable       *names,
           GCancellable     *cancellable,
           GError          **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GVariantIter) iter = NULL;
  const char *name;

  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method, NULL,
                          G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, BUS_MS, cancellable, rb_ctl_store_result, &result);
  answer = g_dbus_connection_call_finish (connection, G_ASYNC_RESULT (rb_ctl_wait (&result)), error);
  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(as)", &iter);
  while (g_variant_iter_next (iter, "&s", &name))
    g_hash_table_add (names, g_strdup (name));
  return TRUE;
}

/* NULL, with an error or without: there is no bus. */
static GHashTable *
dup_names (GError **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GDBusConnection) connection = NULL;
  guint timer;
  gboolean good;

  if (!has_bus_address ())
    return NULL;
  timer = g_timeout_add (BUS_MS, on_late, cancellable);
  connection = connect_bus (cancellable, error);
  good = connection != NULL && add_names (connection, "ListNames", names, cancellable, error) &&
         add_names (connection, "ListActivatableNames", names, cancellable, error);
  if (!g_cancellable_is_cancelled (cancellable))
    g_source_remove (timer);
  return good ? g_steal_pointer (&names) : NULL;
}

static void
look_at_bus (RbDoctor *self)
{
  static const struct {
    const char *check;
    const char *name;
    const char *seen;
    const char *advice;
  } services[] = {
    { "activation", BROKER_NAME, N_ ("the bus does not know how to start the broker"),
      N_ ("install its D-Bus service file; until then it starts when brokerctl or an adapter needs it") },
    { "notifications", "org.freedesktop.Notifications", N_ ("nobody shows notifications in this session"),
      N_ ("what waits for you is only told by 'brokerctl needs'") },
    { "keyring", "org.freedesktop.secrets", N_ ("no keyring serves this session"), N_ ("'brokerctl login' can keep credentials in a file alone") },
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) names = dup_names (&error);

  if (names == NULL)
    rb_doctor_add (self, "bus", RB_DOCTOR_WARN, _ ("log in through a session; without it there are no notifications and no keyring"), "%s",
                   error != NULL ? error->message : _ ("there is no session bus"));
  else
    rb_doctor_add (self, "bus", RB_DOCTOR_OK, NULL, "%s", _ ("the session bus answers"));
  for (gsize i = 0; i < G_N_ELEMENTS (services); i++)
    {
      if (names == NULL)
        rb_doctor_add (self, services[i].check, RB_DOCTOR_SKIPPED, NULL, "%s", _ ("there is no session bus"));
      else if (!g_hash_table_contains (names, services[i].name))
        rb_doctor_add (self, services[i].check, RB_DOCTOR_WARN, _ (services[i].advice), "%s", _ (services[i].seen));
      else
        rb_doctor_add (self, services[i].check, RB_DOCTOR_OK, NULL, "%s", services[i].name);
    }
}

static char *
find_unit (void)
{
  static const char *const places[] = { "/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
                                        "/lib/systemd/user" };
  char *path = g_build_filename (g_get_user_config_dir (), "systemd", "user", "runtime-broker.service", NULL);

  for (gsize i = 0; !g_file_test (path, G_FILE_TEST_EXISTS) && i <= G_N_ELEMENTS (places); i++)
    {
      g_free (path);
      if (i == G_N_ELEMENTS (places))
        return NULL;
      path = g_build_filename (places[i], "runtime-broker.service", NULL);
    }
  return path;
}

static void
look_at_unit (RbDoctor *self)
{
  const char *runtime_dir = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *manager = runtime_dir != NULL ? g_build_filename (runtime_dir, "systemd", "private", NULL) : NULL;
  g_autofree char *unit = find_unit ();

  if (manager == NULL || !g_file_test (manager, G_FILE_TEST_EXISTS))
    rb_doctor_add (self, "unit", RB_DOCTOR_SKIPPED, NULL, "%s", _ ("no systemd user manager runs in this session"));
  else if (unit == NULL)
    rb_doctor_add (self, "unit", RB_DOCTOR_WARN, _ ("install it, then 'systemctl --user daemon-reload'"), "%s",
                   _ ("the unit runtime-broker.service was not found"));
  else
    rb_doctor_add (self, "unit", RB_DOCTOR_OK, NULL, "%s", unit);
}

static void
look_at_clock (RbDoctor *self)
{
  struct timex clock = { 0 };
  int state = adjtimex (&clock);

  if (g_get_real_time () / G_USEC_PER_SEC < BORN_S)
    rb_doctor_add (self, "clock", RB_DOCTOR_FAIL, _ ("set the clock: deadlines and the network's certificates depend on it"), "%s",
                   _ ("the clock was never set"));
  else if (state < 0)
    rb_doctor_add (self, "clock", RB_DOCTOR_SKIPPED, NULL, "%s", _ ("the system does not say whether the clock is kept by a time server"));
  else if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0)
    rb_doctor_add (self, "clock", RB_DOCTOR_WARN, _ ("have a time server keep it: a jump ends deadlines early"), "%s",
                   _ ("the clock is kept by no time server"));
  else
    rb_doctor_add (self, "clock", RB_DOCTOR_OK, NULL, "%s", _ ("a time server keeps the clock"));
}

void
rb_doctor_look_at_session (RbDoctor *self,
                           RbCtl    *ctl)
{
  look_at_program (self, ctl);
  look_at_runtime_dir (self);
  look_at_bus (self);
  look_at_unit (self);
  look_at_clock (self);
}
