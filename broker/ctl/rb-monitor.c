/* rb-monitor.c: what the broker says on the session bus as it happens
 *
 * Signals are what is on the disk already. A list of all objects is read at first, and again when the broker is back after a restart: what
 * happened meanwhile is told then. Signals name what is gone by its path, so the ids are kept.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-monitor.h"

#include "rb-error.h"

#include <glib/gi18n.h>
#include <string.h>

#define NAME "io.github.runtimebroker.Broker1"
#define ROOT "/io/github/runtimebroker/Broker1"
#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define CALL_MS 5000

typedef struct {
  const char *interface;
  const char *kind;
  const char *id;         /* property */
} Kind;

static const Kind kinds[] = {
  { NAME, "broker", NULL },
  { NAME ".Endpoint", "endpoint", "EndpointId" },
  { NAME ".Message", "message", "MessageId" },
  { NAME ".Assignment", "assignment", "AssignmentId" },
  { NAME ".Module", "module", "Name" },
};

typedef struct {
  const Kind *kind;
  char       *id;
} Object;

struct _RbMonitor {
  GDBusConnection *connection;
  char            *account_id;
  RbMonitorFunc    func;
  gpointer         user_data;
  GHashTable      *objects;       /* path -> Object; as bounded as the broker's own tables */
  guint            filter;
  guint            subscriptions[3];
  guint            watch;
  gboolean         was_gone;
  int              n_waiting;     /* atomic: written by GDBus's thread, too */
  int              n_missed;      /* likewise */
};

static void
object_free (gpointer data)
{
  Object *object = data;

  g_free (object->id);
  g_free (object);
}

static const Kind *
get_kind (const char *interface)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].interface, interface))
      return &kinds[i];
  return NULL;
}

static void
tell (RbMonitor  *self,
      const char *kind,
      const char *event,
      const char *id,
      GVariant   *properties)
{
  const RbMonitorEvent told = { kind, event, id, properties, 0 };

  self->func (&told, self->user_data);
}

static void
tell_missed (RbMonitor *self)
{
  RbMonitorEvent told = { "broker", "missed", NULL, NULL, (guint) g_atomic_int_and ((guint *) &self->n_missed, 0) };

  if (told.n_missed > 0)
    self->func (&told, self->user_data);
}

static char *
dup_id (const Kind *kind,
        GVariant   *properties)
{
  const char *id = NULL;
  const char *prefix = NULL;

  if (kind->id == NULL || !g_variant_lookup (properties, kind->id, "&s", &id))
    return NULL;
  if (g_str_equal (kind->kind, "module") && g_variant_lookup (properties, "Kind", "&s", &prefix))
    return g_strdup_printf ("%s-%s", prefix, id);
  return g_strdup (id);
}

/* FALSE: it was known. */
static gboolean
add_object (RbMonitor  *self,
            const char *path,
            const Kind *kind,
            GVariant   *properties)
{
  Object *object;

  if (g_hash_table_contains (self->objects, path))
    return FALSE;
  object = g_new (Object, 1);
  *object = (Object) { kind, dup_id (kind, properties) };
  g_hash_table_insert (self->objects, g_strdup (path), object);
  return TRUE;
}

static void
on_added (RbMonitor  *self,
          const char *path,
          GVariant   *interfaces,
          gboolean    told)
{
  GVariantIter iter;
  const char *interface;
  GVariant *properties;

  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_next (&iter, "{&s@a{sv}}", &interface, &properties))
    {
      g_autoptr(GVariant) owned = properties;
      const Kind *kind = get_kind (interface);

      if (kind != NULL && kind->id != NULL && add_object (self, path, kind, properties) && told)
        tell (self, kind->kind, "added", ((Object *) g_hash_table_lookup (self->objects, path))->id, properties);
    }
}

static void
on_removed (RbMonitor  *self,
            const char *path)
{
  g_autofree char *key = NULL;
  Object *object = NULL;

  if (!g_hash_table_steal_extended (self->objects, path, (gpointer *) &key, (gpointer *) &object))
    return;
  tell (self, object->kind->kind, "removed", object->id, NULL);
  object_free (object);
}

static void
on_changed (RbMonitor  *self,
            const char *path,
            const char *interface,
            GVariant   *properties)
{
  const Kind *kind = get_kind (interface);
  Object *object = g_hash_table_lookup (self->objects, path);

  if (kind != NULL && g_variant_n_children (properties) > 0)
    tell (self, kind->kind, "changed", object != NULL ? object->id : NULL, properties);
}

static void
on_signal (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *signal,
           GVariant        *parameters,
           gpointer         user_data)
{
  RbMonitor *self = user_data;
  g_autoptr(GVariant) value = NULL;
  const char *name;

  g_atomic_int_add (&self->n_waiting, -1);
  if (g_str_equal (signal, "InterfacesAdded") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    {
      g_variant_get (parameters, "(&o@a{sa{sv}})", &name, &value);
      on_added (self, name, value, TRUE);
    }
  else if (g_str_equal (signal, "InterfacesRemoved") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    {
      g_variant_get (parameters, "(&o@as)", &name, &value);
      on_removed (self, name);
    }
  else if (g_str_equal (signal, "PropertiesChanged") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    {
      g_variant_get (parameters, "(&s@a{sv}@as)", &name, &value, NULL);
      on_changed (self, path, name, value);
    }
  tell_missed (self);
}

/* In GDBus's thread. Nothing else limits how much waits for somebody who does not read. */
static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage    *message,
            gboolean         incoming,
            gpointer         user_data)
{
  RbMonitor *self = user_data;
  const char *path = g_dbus_message_get_path (message);

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_SIGNAL || path == NULL || !g_str_has_prefix (path, ROOT))
    return message;
  if (g_atomic_int_get (&self->n_waiting) < RB_MONITOR_QUEUE_MAX)
    {
      g_atomic_int_inc (&self->n_waiting);
      return message;
    }
  g_atomic_int_inc (&self->n_missed);
  g_object_unref (message);
  return NULL;
}

static GVariant *
call (RbMonitor           *self,
      const char          *interface,
      const char          *method,
      const GVariantType  *type,
      GError             **error)
{
  g_autoptr(GError) local_error = NULL;
  GVariant *answer = g_dbus_connection_call_sync (self->connection, NAME, ROOT, interface, method, NULL, type, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                                  CALL_MS, NULL, &local_error);

  if (answer == NULL)
    {
      g_dbus_error_strip_remote_error (local_error);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "broker_not_on_bus", _ ("no broker runs on the session bus: %s"), local_error->message);
    }
  return answer;
}

/* There is one broker on a bus, and it may be another one than is meant. */
static gboolean
check_account (RbMonitor  *self,
               GError    **error)
{
  g_autoptr(GVariant) answer = call (self, NAME, "Access", G_VARIANT_TYPE ("(a{sv})"), error);
  g_autoptr(GVariant) access = NULL;
  const char *account_id = "";

  if (answer == NULL)
    return FALSE;
  access = g_variant_get_child_value (answer, 0);
  g_variant_lookup (access, "account_id", "&s", &account_id);
  if (g_str_equal (account_id, self->account_id))
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "other_account", _ ("the broker on the session bus serves the account '%s'"), account_id);
  return FALSE;
}

static void
forget_missing (RbMonitor *self,
                GVariant  *now)
{
  g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    {
      g_autoptr(GVariant) interfaces = g_variant_lookup_value (now, path, NULL);

      if (interfaces == NULL)
        g_ptr_array_add (gone, g_strdup (path));
    }
  for (guint i = 0; i < gone->len; i++)
    on_removed (self, g_ptr_array_index (gone, i));
}

/* @told: what is new since the last list. */
static gboolean
read_objects (RbMonitor  *self,
              gboolean    told,
              GError    **error)
{
  g_autoptr(GVariant) answer = call (self, MANAGER, "GetManagedObjects", G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), error);
  g_autoptr(GVariant) objects = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (answer == NULL)
    return FALSE;
  objects = g_variant_get_child_value (answer, 0);
  forget_missing (self, objects);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      on_added (self, path, interfaces, told);
      g_variant_unref (interfaces);
    }
  return TRUE;
}

static void
on_appeared (GDBusConnection *connection,
             const char      *name,
             const char      *owner,
             gpointer         user_data)
{
  RbMonitor *self = user_data;

  g_autoptr(GError) error = NULL;

  if (!self->was_gone)
    return;
  self->was_gone = FALSE;
  /* One that does not answer now is back all the same, and its signals come; another account's is not the one that was watched. */
  if (!check_account (self, &error) && g_strcmp0 (rb_error_get_reason (error), "other_account") == 0)
    return;
  tell (self, "broker", "back", NULL, NULL);
  read_objects (self, TRUE, NULL);
}

static void
on_vanished (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  RbMonitor *self = user_data;

  if (self->was_gone)
    return;
  self->was_gone = TRUE;
  tell (self, "broker", "gone", NULL, NULL);
}

static void
subscribe (RbMonitor *self)
{
  static const struct {
    const char *interface;
    const char *signal;
    const char *path;
  } wanted[] = {
    { MANAGER, "InterfacesAdded", ROOT },
    { MANAGER, "InterfacesRemoved", ROOT },
    { PROPERTIES, "PropertiesChanged", NULL },
  };

  self->filter = g_dbus_connection_add_filter (self->connection, on_message, self, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    self->subscriptions[i] = g_dbus_connection_signal_subscribe (self->connection, NAME, wanted[i].interface, wanted[i].signal, wanted[i].path,
                                                                 NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
}

static GDBusConnection *
connect_bus (GError **error)
{
  g_autoptr(GError) local_error = NULL;
  GDBusConnection *connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &local_error);

  if (connection == NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "no_bus", _ ("there is no session bus, which monitor needs: %s"), local_error->message);
  else
    g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}

RbMonitor *
rb_monitor_new (const char     *account_id,
                RbMonitorFunc   func,
                gpointer        user_data,
                GError        **error)
{
  GDBusConnection *connection = connect_bus (error);
  g_autoptr(RbMonitor) self = NULL;

  if (connection == NULL)
    return NULL;
  self = g_new0 (RbMonitor, 1);
  self->connection = connection;
  self->account_id = g_strdup (account_id);
  self->func = func;
  self->user_data = user_data;
  self->objects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, object_free);
  subscribe (self);
  if (!check_account (self, error) || !read_objects (self, FALSE, error))
    return NULL;
  self->watch = g_bus_watch_name_on_connection (connection, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared, on_vanished, self, NULL);
  return g_steal_pointer (&self);
}

void
rb_monitor_free (RbMonitor *self)
{
  if (self->watch != 0)
    g_bus_unwatch_name (self->watch);
  for (gsize i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscriptions[i]);
  g_dbus_connection_remove_filter (self->connection, self->filter);
  g_object_unref (self->connection);
  g_hash_table_unref (self->objects);
  g_free (self->account_id);
  g_free (self);
}

gboolean
rb_monitor_is_over (RbMonitor *self)
{
  return g_dbus_connection_is_closed (self->connection);
}
