/* rb-unit-start.c: one start of a unit: connect, ask for the environment, start, wait for the job, ask for the pid
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-unit-manager-private.h"

#include "rb-api.h"
#include "rb-unit-properties.h"

#include <gio/gunixfdlist.h>

#define ANSWER_MS 3000       /* it is asked before anything is started: one that does not answer is not there */
#define JOB_MS 60000

/* One start, from connecting to the job's end. */
typedef struct {
  RbUnitManager        *manager;
  char                 *unit;
  RbUnitMakeProperties  properties;
  gpointer              properties_data;
  int                   input_fd;      /* borrowed until the call was made */
  GDBusConnection      *connection;
  guint                 signal_id;
  guint                 timeout_id;
  gulong                closed_id;
  char                 *result;        /* of the job; NULL: it runs */
  gboolean              is_accepted;   /* the manager has answered that it will */
} Start;

static void
start_stop_waiting (Start *start)
{
  g_clear_handle_id (&start->timeout_id, g_source_remove);
  if (start->signal_id != 0)
    g_dbus_connection_signal_unsubscribe (start->connection, start->signal_id);
  start->signal_id = 0;
  if (start->closed_id != 0)
    g_signal_handler_disconnect (start->connection, start->closed_id);
  start->closed_id = 0;
}

static void
start_free (Start *start)
{
  if (start->connection != NULL)
    start_stop_waiting (start);
  g_clear_object (&start->connection);
  rb_unit_manager_unref (start->manager);
  g_free (start->unit);
  g_free (start->result);
  g_free (start);
}

static void
fail_start (GTask      *task,
            const char *reason,
            const char *text)
{
  Start *start = g_task_get_task_data (task);

  if (start->connection != NULL)
    start_stop_waiting (start);
  g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, reason, "%s", text));
}

static void
give_up (GTask      *task,
         const char *why)
{
  Start *start = g_task_get_task_data (task);
  RbUnitManager *self = start->manager;

  if (self->connection != NULL)
    rb_unit_manager_end (self, start->unit, FALSE);
  fail_start (task, "spawn_unknown", why);
}

static void
on_pid_told (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Start *start = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) properties = rb_unit_manager_take_properties (source, result, &error);
  g_autofree char *text = NULL;
  guint32 pid = 0;
  int status = 0;

  if (properties != NULL && (!g_variant_lookup (properties, "MainPID", "u", &pid) || pid == 0))
    g_variant_lookup (properties, "ExecMainPID", "u", &pid);
  if (properties != NULL)
    g_variant_lookup (properties, "ExecMainStatus", "i", &status);
  if (g_str_equal (start->result, "done") && properties != NULL)
    {
      g_task_return_int (task, (gssize) pid);
      return;
    }
  if (g_str_equal (start->result, "done"))
    {
      give_up (task, error != NULL ? error->message : "the service manager said nothing of it");
      return;
    }
  rb_unit_manager_release_unit (start->manager, start->unit);
  text = g_strdup_printf ("the service manager could not start it: %s (exit status %d)", start->result, status);
  fail_start (task, "spawn_failed", text);
}

/* The job may have ended before the manager's answer was read. */
static void
go_on (GTask *task)
{
  Start *start = g_task_get_task_data (task);
  RbUnitManager *self = start->manager;

  if (!start->is_accepted || start->result == NULL)
    return;
  start_stop_waiting (start);
  if (self->connection != NULL)
    rb_unit_manager_ask (self, start->unit, RB_SYSTEMD_SERVICE, on_pid_told, g_object_ref (task));
  else
    fail_start (task, "spawn_unknown", "the service manager went away");
}

static void
on_job_removed (GDBusConnection *connection,
                const char      *sender,
                const char      *path,
                const char      *interface,
                const char      *signal,
                GVariant        *parameters,
                gpointer         user_data)
{
  GTask *task = user_data;
  Start *start = g_task_get_task_data (task);
  const char *unit, *result;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uoss)")))
    return;
  g_variant_get (parameters, "(uo&s&s)", NULL, NULL, &unit, &result);
  if (!g_str_equal (unit, start->unit) || start->result != NULL)
    return;
  start->result = g_strdup (result);
  go_on (task);
}

static gboolean
on_job_late (gpointer user_data)
{
  GTask *task = user_data;
  Start *start = g_task_get_task_data (task);

  start->timeout_id = 0;
  give_up (task, "the service manager did not say whether it started");
  return G_SOURCE_REMOVE;
}

static void
on_start_closed (GDBusConnection *connection,
                 gboolean         remote_peer_vanished,
                 GError          *error,
                 GTask           *task)
{
  give_up (task, "the service manager went away");
}

static gboolean
is_refusal (const GError *error)
{
  g_autofree char *name = g_dbus_error_is_remote_error (error) ? g_dbus_error_get_remote_error (error) : NULL;

  return name != NULL && !g_str_equal (name, "org.freedesktop.DBus.Error.NoReply") &&
         !g_str_equal (name, "org.freedesktop.DBus.Error.Disconnected") && !g_str_equal (name, "org.freedesktop.DBus.Error.Timeout");
}

static void
on_start_answered (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Start *start = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &error);

  if (g_task_get_completed (task) || start->closed_id == 0)
    return;
  if (answer != NULL)
    {
      start->is_accepted = TRUE;
      go_on (task);
    }
  else if (is_refusal (error))
    {
      g_dbus_error_strip_remote_error (error);
      fail_start (task, "manager_refused", error->message);
    }
  else
    give_up (task, error->message);
}

static void
wait_for_job (RbUnitManager *self,
              GTask         *task)
{
  Start *start = g_task_get_task_data (task);

  start->connection = g_object_ref (self->connection);
  start->closed_id = g_signal_connect_data (start->connection, "closed", G_CALLBACK (on_start_closed), g_object_ref (task),
                                            (GClosureNotify) G_CALLBACK (g_object_unref), 0);
  start->signal_id = g_dbus_connection_signal_subscribe (start->connection, RB_SYSTEMD_NAME, RB_SYSTEMD_MANAGER, "JobRemoved", RB_SYSTEMD_PATH,
                                                         NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_job_removed, g_object_ref (task), g_object_unref);
  start->timeout_id = g_timeout_add_full (G_PRIORITY_DEFAULT, JOB_MS, on_job_late, g_object_ref (task), g_object_unref);
}

static void
start_unit (RbUnitManager     *self,
            GTask             *task,
            const char *const *environment)
{
  Start *start = g_task_get_task_data (task);
  g_autoptr(GUnixFDList) files = g_unix_fd_list_new ();
  g_autoptr(GError) error = NULL;
  GVariant *properties = start->properties (environment, start->properties_data);

  if (g_unix_fd_list_append (files, start->input_fd, &error) < 0)
    {
      g_variant_unref (g_variant_ref_sink (properties));
      fail_start (task, "spawn_failed", error->message);
      return;
    }
  wait_for_job (self, task);
  g_dbus_connection_call_with_unix_fd_list (self->connection, RB_SYSTEMD_NAME, RB_SYSTEMD_PATH, RB_SYSTEMD_MANAGER, "StartTransientUnit",
                                            g_variant_new ("(ss@a(sv)a(sa(sv)))", start->unit, "fail", properties, NULL),
                                            G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, RB_SYSTEMD_CALL_MS, files, NULL,
                                            on_start_answered, g_object_ref (task));
}

static void
on_environment_told (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbUnitManager *self = ((Start *) g_task_get_task_data (task))->manager;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr(GVariant) value = NULL;
  g_autofree const char **environment = NULL;

  if (answer != NULL && g_variant_is_of_type (answer, G_VARIANT_TYPE ("(v)")))
    g_variant_get (answer, "(v)", &value);
  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY) || self->connection == NULL)
    {
      fail_start (task, "no_manager", error != NULL ? error->message : "the service manager has no environment");
      return;
    }
  environment = g_variant_get_strv (value, NULL);
  start_unit (self, task, environment);
}

static void
on_start_connected (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbUnitManager *self = ((Start *) g_task_get_task_data (task))->manager;
  g_autoptr(GError) error = NULL;

  if (rb_unit_manager_connect_finish (result, &error) && self->connection != NULL)
    g_dbus_connection_call (self->connection, RB_SYSTEMD_NAME, RB_SYSTEMD_PATH, RB_SYSTEMD_PROPERTIES, "Get",
                            g_variant_new ("(ss)", RB_SYSTEMD_MANAGER, "Environment"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS,
                            self->cancellable, on_environment_told, g_steal_pointer (&task));
  else
    fail_start (task, "no_manager", error != NULL ? error->message : "the session bus went away");
}

void
rb_unit_manager_start_async (RbUnitManager        *self,
                             const char           *unit,
                             RbUnitMakeProperties  properties,
                             gpointer              properties_data,
                             int                   input_fd,
                             GAsyncReadyCallback   callback,
                             gpointer              user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Start *start = g_new0 (Start, 1);

  start->manager = rb_unit_manager_ref (self);
  start->unit = g_strdup (unit);
  start->properties = properties;
  start->properties_data = properties_data;
  start->input_fd = input_fd;
  g_task_set_source_tag (task, rb_unit_manager_start_async);
  g_task_set_task_data (task, start, (GDestroyNotify) start_free);
  rb_unit_manager_connect_async (self, on_start_connected, task);
}

GPid
rb_unit_manager_start_finish (GAsyncResult  *result,
                              GError       **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

