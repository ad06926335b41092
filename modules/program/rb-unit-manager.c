/* rb-unit-manager.c: the systemd user manager, on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-unit-manager-private.h"

#include "rb-api.h"
#include "rb-unit-properties.h"

#include <signal.h>

#define CALL_MS RB_SYSTEMD_CALL_MS
#define AGAIN_S 5            /* until one that went away is looked for again, while units of ours run */

typedef struct {
  RbUnitManager *manager;    /* borrowed */
  char          *unit;
  RbUnitEnded    ended;
  gpointer       user_data;
  guint          signal_id;  /* on the manager's connection */
} Watch;

static void
watch_free (Watch *watch)
{
  if (watch->signal_id != 0 && watch->manager->connection != NULL)
    g_dbus_connection_signal_unsubscribe (watch->manager->connection, watch->signal_id);
  g_free (watch->unit);
  g_free (watch);
}

static char *
dup_session_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *directory = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = directory != NULL ? g_build_filename (directory, "bus", NULL) : NULL;
  g_autofree char *escaped = NULL;

  if (address != NULL && g_str_has_prefix (address, "disabled:"))
    return NULL;
  if (address != NULL && *address != '\0')
    return g_strdup (address);
  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

GVariant *
rb_unit_manager_take_properties (GObject       *connection,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, error);

  if (answer == NULL)
    return NULL;
  if (g_variant_is_of_type (answer, G_VARIANT_TYPE ("(a{sv})")))
    return g_variant_get_child_value (answer, 0);
  rb_set_error (error, RB_ERROR_INTERNAL, "bad_answer", "the service manager answered with '%s'", g_variant_get_type_string (answer));
  return NULL;
}

/* There is a connection. @callback may be NULL: nobody waits. */
static void
call (RbUnitManager       *self,
      const char          *path,
      const char          *interface,
      const char          *method,
      GVariant            *parameters,
      GAsyncReadyCallback  callback,
      gpointer             user_data)
{
  g_dbus_connection_call (self->connection, RB_SYSTEMD_NAME, path, interface, method, parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          CALL_MS, self->cancellable, callback, user_data);
}

void
rb_unit_manager_ask (RbUnitManager       *self,
                     const char          *unit,
                     const char          *interface,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autofree char *path = rb_unit_dup_path (unit);

  call (self, path, RB_SYSTEMD_PROPERTIES, "GetAll", g_variant_new ("(s)", interface), callback, user_data);
}

static void
tell (RbUnitManager       *self,
      const char          *method,
      GVariant            *parameters,
      GAsyncReadyCallback  callback,
      gpointer             user_data)
{
  call (self, RB_SYSTEMD_PATH, RB_SYSTEMD_MANAGER, method, parameters, callback, user_data);
}

/* The end of a watch. */

static void
end_watch (RbUnitManager *self,
           const char    *unit,
           int            wait_status)
{
  Watch *watch = NULL;
  RbUnitEnded ended;
  gpointer user_data;
  g_autofree char *name = NULL;

  if (!g_hash_table_steal_extended (self->watches, unit, NULL, (gpointer *) &watch))
    return;
  ended = watch->ended;
  user_data = watch->user_data;
  name = g_strdup (watch->unit);
  watch_free (watch);
  ended (name, wait_status, user_data);
}

/* We hold a reference so that it can still be asked how it ended. */
void
rb_unit_manager_release_unit (RbUnitManager *self,
              const char    *unit)
{
  if (self->connection != NULL)
    tell (self, "UnrefUnit", g_variant_new ("(s)", unit), NULL, NULL);
}

typedef struct {
  RbUnitManager *manager;
  char          *unit;
} Question;

static Question *
question_new (RbUnitManager *manager,
              const char    *unit)
{
  Question *question = g_new (Question, 1);

  question->manager = rb_unit_manager_ref (manager);
  question->unit = g_strdup (unit);
  return question;
}

static void
question_free (Question *question)
{
  rb_unit_manager_unref (question->manager);
  g_free (question->unit);
  g_free (question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
on_end_told (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(Question) question = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) properties = rb_unit_manager_take_properties (source, result, &error);
  int code = 0, status = 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (properties != NULL)
    {
      g_variant_lookup (properties, "ExecMainCode", "i", &code);
      g_variant_lookup (properties, "ExecMainStatus", "i", &status);
    }
  rb_unit_manager_release_unit (question->manager, question->unit);
  end_watch (question->manager, question->unit, rb_unit_get_wait_status (code, status));
}

static void
ask_how_it_ended (RbUnitManager *self,
                  const char    *unit)
{
  rb_unit_manager_ask (self, unit, RB_SYSTEMD_SERVICE, on_end_told, question_new (self, unit));
}

static gboolean
is_over (GVariant *properties)
{
  const char *state = NULL;

  return g_variant_lookup (properties, "ActiveState", "&s", &state) &&
         (g_str_equal (state, "inactive") || g_str_equal (state, "failed"));
}

static void
on_unit_changed (GDBusConnection *connection,
                 const char      *sender,
                 const char      *path,
                 const char      *interface,
                 const char      *signal,
                 GVariant        *parameters,
                 gpointer         user_data)
{
  Watch *watch = user_data;
  g_autoptr(GVariant) changed = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  if (is_over (changed))
    ask_how_it_ended (watch->manager, watch->unit);
}

/* One that the manager does not know has ended; one that does not answer may be asked again when it is back. */
static void
on_state_told (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(Question) question = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) properties = rb_unit_manager_take_properties (source, result, &error);
  g_autofree char *name = error != NULL && g_dbus_error_is_remote_error (error) ? g_dbus_error_get_remote_error (error) : NULL;

  if (properties != NULL && is_over (properties))
    ask_how_it_ended (question->manager, question->unit);
  else if (g_strcmp0 (name, "org.freedesktop.systemd1.NoSuchUnit") == 0 ||
           g_strcmp0 (name, "org.freedesktop.DBus.Error.UnknownObject") == 0 ||
           g_strcmp0 (name, "org.freedesktop.DBus.Error.UnknownMethod") == 0)
    end_watch (question->manager, question->unit, RB_SPAWN_STATUS_UNKNOWN);
}

static void
look_at (RbUnitManager *self,
         Watch         *watch)
{
  g_autofree char *path = rb_unit_dup_path (watch->unit);

  if (watch->signal_id == 0)
    watch->signal_id = g_dbus_connection_signal_subscribe (self->connection, RB_SYSTEMD_NAME, RB_SYSTEMD_PROPERTIES, "PropertiesChanged",
                                                           path, RB_SYSTEMD_UNIT, G_DBUS_SIGNAL_FLAGS_NONE, on_unit_changed, watch, NULL);
  rb_unit_manager_ask (self, watch->unit, RB_SYSTEMD_UNIT, on_state_told, question_new (self, watch->unit));
}

static void
look_at_all (RbUnitManager *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->watches);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    look_at (self, value);
}

/* The connection. */

static gboolean
on_again (gpointer user_data)
{
  RbUnitManager *self = user_data;

  self->again_id = 0;
  rb_unit_manager_connect_async (self, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
try_again (RbUnitManager *self)
{
  if (self->again_id == 0 && g_hash_table_size (self->watches) > 0 && !g_cancellable_is_cancelled (self->cancellable))
    self->again_id = g_timeout_add_seconds (AGAIN_S, on_again, self);
}

static void
drop_connection (RbUnitManager *self)
{
  GHashTableIter iter;
  gpointer value;

  if (self->connection == NULL)
    return;
  g_clear_handle_id (&self->name_id, g_bus_unwatch_name);
  g_clear_signal_handler (&self->closed_id, self->connection);
  g_hash_table_iter_init (&iter, self->watches);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Watch *watch = value;

      if (watch->signal_id != 0)
        g_dbus_connection_signal_unsubscribe (self->connection, watch->signal_id);
      watch->signal_id = 0;
    }
  g_clear_object (&self->connection);
}

static void
on_closed (GDBusConnection *connection,
           gboolean         remote_peer_vanished,
           GError          *error,
           RbUnitManager   *self)
{
  drop_connection (self);
  try_again (self);
}

/* Of a manager that was started anew, too: it sends signals only to those who want them. */
static void
on_manager_appeared (GDBusConnection *connection,
                     const char      *name,
                     const char      *owner,
                     gpointer         user_data)
{
  RbUnitManager *self = user_data;

  tell (self, "Subscribe", NULL, NULL, NULL);
  look_at_all (self);
}

static void
set_connection (RbUnitManager   *self,
                GDBusConnection *connection)
{
  self->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  self->closed_id = g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  self->name_id = g_bus_watch_name_on_connection (connection, RB_SYSTEMD_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, on_manager_appeared, NULL,
                                                  self, NULL);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbUnitManager) self = user_data;
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);
  GTask *task;

  if (connection != NULL && g_cancellable_is_cancelled (self->cancellable))
    g_clear_object (&connection);
  if (connection != NULL)
    set_connection (self, connection);
  else
    try_again (self);
  while ((task = g_queue_pop_head (&self->connecting)) != NULL)
    {
      g_autoptr(GTask) owned = task;

      if (connection != NULL)
        g_task_return_boolean (owned, TRUE);
      else
        g_task_return_error (owned, rb_error_new (RB_ERROR_UNAVAILABLE, "no_manager", "%s", error != NULL ? error->message : "stopped"));
    }
}

void
rb_unit_manager_connect_async (RbUnitManager       *self,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_unit_manager_connect_async);
  if (self->connection != NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (self->address == NULL || g_cancellable_is_cancelled (self->cancellable))
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "no_manager", "there is no session bus"));
      return;
    }
  g_queue_push_tail (&self->connecting, g_steal_pointer (&task));
  if (self->connecting.length > 1)
    return;
  g_dbus_connection_new_for_address (self->address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
                                     self->cancellable, on_connected, rb_unit_manager_ref (self));
}

gboolean
rb_unit_manager_connect_finish (GAsyncResult  *result,
                                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autofree char *unit = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (answer == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rb_log_warning ("runtime_unit_not_ended", "unit", unit, "err", error->message, NULL);
}

void
rb_unit_manager_watch (RbUnitManager *self,
                       const char    *unit,
                       RbUnitEnded    ended,
                       gpointer       user_data)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->manager = self;
  watch->unit = g_strdup (unit);
  watch->ended = ended;
  watch->user_data = user_data;
  g_hash_table_replace (self->watches, watch->unit, watch);
  if (self->connection != NULL)
    look_at (self, watch);
  else
    rb_unit_manager_connect_async (self, NULL, NULL);
}

void
rb_unit_manager_unwatch (RbUnitManager *self,
                         const char    *unit)
{
  g_hash_table_remove (self->watches, unit);
}

void
rb_unit_manager_end (RbUnitManager *self,
                     const char    *unit,
                     gboolean       force)
{
  if (self->connection == NULL)
    rb_log_warning ("runtime_unit_not_ended", "unit", unit, "err", "the service manager is away", NULL);
  else if (force)
    tell (self, "KillUnit", g_variant_new ("(ssi)", unit, "all", SIGKILL), on_ended, g_strdup (unit));
  else
    tell (self, "StopUnit", g_variant_new ("(ss)", unit, "fail"), on_ended, g_strdup (unit));
}

void
rb_unit_manager_stop (RbUnitManager *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->again_id, g_source_remove);
  g_hash_table_remove_all (self->watches);
  drop_connection (self);
}

RbUnitManager *
rb_unit_manager_new (const char *address)
{
  RbUnitManager *self = g_rc_box_new0 (RbUnitManager);

  self->address = address != NULL ? g_strdup (address) : dup_session_address ();
  g_queue_init (&self->connecting);
  self->cancellable = g_cancellable_new ();
  self->watches = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) watch_free);
  return self;
}

RbUnitManager *
rb_unit_manager_ref (RbUnitManager *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  RbUnitManager *self = data;

  rb_unit_manager_stop (self);
  g_hash_table_unref (self->watches);
  g_object_unref (self->cancellable);
  g_free (self->address);
}

void
rb_unit_manager_unref (RbUnitManager *self)
{
  g_rc_box_release_full (self, clear);
}
