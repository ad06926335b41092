/* rb-fake-systemd.c: a systemd user manager on a bus of the test's own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-systemd.h"

#include "rb-test.h"
#include "rb-unit-properties.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define JOB PATH "/job/1"

static const char xml[] =
  "<node><interface name='org.freedesktop.systemd1.Manager'>"
  "<property name='Environment' type='as' access='read'/>"
  "<method name='Subscribe'/>"
  "<method name='StartTransientUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='a(sv)' direction='in'/>"
  "<arg type='a(sa(sv))' direction='in'/><arg type='o' direction='out'/></method>"
  "<method name='StopUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='o' direction='out'/></method>"
  "<method name='KillUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='i' direction='in'/></method>"
  "<method name='UnrefUnit'><arg type='s' direction='in'/></method>"
  "<signal name='JobRemoved'><arg type='u'/><arg type='o'/><arg type='s'/><arg type='s'/></signal>"
  "</interface>"
  "<interface name='org.freedesktop.systemd1.Unit'><property name='ActiveState' type='s' access='read'/></interface>"
  "<interface name='org.freedesktop.systemd1.Service'>"
  "<property name='MainPID' type='u' access='read'/><property name='ExecMainPID' type='u' access='read'/>"
  "<property name='ExecMainCode' type='i' access='read'/><property name='ExecMainStatus' type='i' access='read'/>"
  "</interface></node>";

typedef struct {
  RbFakeSystemd *systemd;
  char          *name;
  GVariant      *properties;
  char          *input;
  const char    *state;
  int            code, status;
} Unit;

static void
unit_free (Unit *unit)
{
  g_free (unit->name);
  g_variant_unref (unit->properties);
  g_free (unit->input);
  g_free (unit);
}

static GDBusNodeInfo *
get_info (void)
{
  static GDBusNodeInfo *info = NULL;

  if (info == NULL)
    info = g_dbus_node_info_new_for_xml (xml, NULL);
  return info;
}

static GVariant *
get_unit_property (GDBusConnection  *connection,
                   const char       *sender,
                   const char       *path,
                   const char       *interface,
                   const char       *name,
                   GError          **error,
                   gpointer          user_data)
{
  const Unit *unit = user_data;
  gboolean runs = g_str_equal (unit->state, "active");

  if (g_str_equal (name, "ActiveState"))
    return g_variant_new_string (unit->state);
  if (g_str_equal (name, "MainPID"))
    return g_variant_new_uint32 (runs ? unit->systemd->main_pid : 0);
  if (g_str_equal (name, "ExecMainPID"))
    return g_variant_new_uint32 (unit->systemd->main_pid);
  return g_variant_new_int32 (g_str_equal (name, "ExecMainCode") ? unit->code : unit->status);
}

static void
show_unit (RbFakeSystemd *self,
           Unit          *unit)
{
  static const GDBusInterfaceVTable vtable = { NULL, get_unit_property, NULL, { 0 } };
  g_autofree char *path = rb_unit_dup_path (unit->name);

  for (guint i = 1; i <= 2; i++)
    g_assert_cmpuint (g_dbus_connection_register_object (self->connection, path, get_info ()->interfaces[i], &vtable, unit, NULL, NULL), >, 0);
}

static char *
read_input (GDBusMethodInvocation *invocation)
{
  GUnixFDList *files = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
  char text[4096] = "";
  int fd;

  g_assert_nonnull (files);
  fd = g_unix_fd_list_get (files, 0, NULL);
  g_assert_cmpint (read (fd, text, sizeof text - 1), >=, 0);
  close (fd);
  return g_strdup (text);
}

static Unit *
add_unit (RbFakeSystemd         *self,
          GDBusMethodInvocation *invocation,
          const char            *name,
          GVariant              *properties)
{
  Unit *unit = g_new0 (Unit, 1);

  unit->systemd = self;
  unit->name = g_strdup (name);
  unit->properties = g_variant_ref (properties);
  unit->input = read_input (invocation);
  unit->state = self->mode == RB_FAKE_SYSTEMD_FAILING ? "failed" : "active";
  unit->code = self->mode == RB_FAKE_SYSTEMD_FAILING ? 1 : 0;
  unit->status = self->mode == RB_FAKE_SYSTEMD_FAILING ? 203 : 0;
  g_ptr_array_add (self->units, unit);
  show_unit (self, unit);
  return unit;
}

static void
start_unit (RbFakeSystemd         *self,
            GDBusMethodInvocation *invocation,
            GVariant              *parameters)
{
  g_autoptr(GVariant) properties = NULL;
  const char *name;
  Unit *unit;

  if (self->mode == RB_FAKE_SYSTEMD_REFUSING)
    {
      g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.DBus.Error.InvalidArgs", "Cannot set property X");
      return;
    }
  if (self->mode == RB_FAKE_SYSTEMD_VANISHING)
    {
      g_object_unref (invocation);
      rb_fake_systemd_vanish (self);
      return;
    }

  g_variant_get (parameters, "(&s&s@a(sv)a(sa(sv)))", &name, NULL, &properties, NULL);
  unit = add_unit (self, invocation, name, properties);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", JOB));
  g_assert_true (g_dbus_connection_emit_signal (self->connection, NULL, PATH, NAME ".Manager", "JobRemoved",
                                                g_variant_new ("(uoss)", 1, JOB, unit->name,
                                                               self->mode == RB_FAKE_SYSTEMD_FAILING ? "failed" : "done"), NULL));
}

static void
on_call (GDBusConnection       *connection,
         const char            *sender,
         const char            *path,
         const char            *interface,
         const char            *method,
         GVariant              *parameters,
         GDBusMethodInvocation *invocation,
         gpointer               user_data)
{
  RbFakeSystemd *self = user_data;
  const char *unit = "";

  if (g_variant_n_children (parameters) > 0)
    g_variant_get_child (parameters, 0, "&s", &unit);
  g_ptr_array_add (self->calls, g_strjoin (" ", method, unit, NULL));
  if (g_str_equal (method, "StartTransientUnit"))
    start_unit (self, invocation, parameters);
  else
    g_dbus_method_invocation_return_value (invocation, g_str_equal (method, "StopUnit") ? g_variant_new ("(o)", JOB) : NULL);
}

static GVariant *
get_manager_property (GDBusConnection  *connection,
                      const char       *sender,
                      const char       *path,
                      const char       *interface,
                      const char       *name,
                      GError          **error,
                      gpointer          user_data)
{
  static const char *const environment[] = { "HOME=/home/u", "MASONS_BROKER_SECRET=x", "NOTIFY_SOCKET=/n", NULL };

  return g_variant_new_strv (environment, -1);
}

/* Nothing that is asked of it is answered. */
static GDBusMessage *
swallow (GDBusConnection *connection,
         GDBusMessage    *message,
         gboolean         incoming,
         gpointer         user_data)
{
  RbFakeSystemd *self = user_data;

  if (incoming && self->mode == RB_FAKE_SYSTEMD_SILENT && g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    {
      g_object_unref (message);
      return NULL;
    }
  return message;
}

void
rb_fake_systemd_appear (RbFakeSystemd *self)
{
  static const GDBusInterfaceVTable vtable = { on_call, get_manager_property, NULL, { 0 } };
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;

  self->connection = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (self->bus),
                                                             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                             G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_add_filter (self->connection, swallow, self, NULL);
  g_dbus_connection_register_object (self->connection, PATH, get_info ()->interfaces[0], &vtable, self, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < self->units->len; i++)
    show_unit (self, g_ptr_array_index (self->units, i));
  answer = g_dbus_connection_call_sync (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "RequestName", g_variant_new ("(su)", NAME, 0), NULL, 0, -1, NULL, &error);
  g_assert_no_error (error);
}

void
rb_fake_systemd_vanish (RbFakeSystemd *self)
{
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_clear_object (&self->connection);
}

RbFakeSystemd *
rb_fake_systemd_new (void)
{
  RbFakeSystemd *self = g_new0 (RbFakeSystemd, 1);

  self->calls = g_ptr_array_new_with_free_func (g_free);
  self->units = g_ptr_array_new_with_free_func ((GDestroyNotify) unit_free);
  self->main_pid = 4242;
  self->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (self->bus);
  return self;
}

void
rb_fake_systemd_free (RbFakeSystemd *self)
{
  if (self->connection != NULL)
    rb_fake_systemd_vanish (self);
  rb_test_settle ();
  g_test_dbus_down (self->bus);
  g_object_unref (self->bus);
  g_ptr_array_unref (self->calls);
  g_ptr_array_unref (self->units);
  g_free (self);
}

guint
rb_fake_systemd_get_n (RbFakeSystemd *self)
{
  return self->units->len;
}

const char *
rb_fake_systemd_get_name (RbFakeSystemd *self,
                          guint          i)
{
  return ((const Unit *) g_ptr_array_index (self->units, i))->name;
}

GVariant *
rb_fake_systemd_get_property (RbFakeSystemd *self,
                              guint          i,
                              const char    *name)
{
  const Unit *unit = g_ptr_array_index (self->units, i);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, unit->properties);
  while (g_variant_iter_next (&iter, "(&sv)", &key, &value))
    {
      if (g_str_equal (key, name))
        return value;
      g_variant_unref (value);
    }
  return NULL;
}

const char *
rb_fake_systemd_get_input (RbFakeSystemd *self,
                           guint          i)
{
  return ((const Unit *) g_ptr_array_index (self->units, i))->input;
}

void
rb_fake_systemd_end (RbFakeSystemd *self,
                     guint          i,
                     int            code,
                     int            status)
{
  Unit *unit = g_ptr_array_index (self->units, i);
  g_autofree char *path = rb_unit_dup_path (unit->name);
  GVariantDict changed;

  unit->state = status == 0 ? "inactive" : "failed";
  unit->code = code;
  unit->status = status;
  if (self->connection == NULL)
    return;
  g_variant_dict_init (&changed, NULL);
  g_variant_dict_insert (&changed, "ActiveState", "s", unit->state);
  g_assert_true (g_dbus_connection_emit_signal (self->connection, NULL, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                                g_variant_new ("(s@a{sv}as)", NAME ".Unit", g_variant_dict_end (&changed), NULL), NULL));
}

gboolean
rb_fake_systemd_was_called (RbFakeSystemd *self,
                            const char    *method)
{
  for (guint i = 0; i < self->calls->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (self->calls, i), method))
      return TRUE;
  return FALSE;
}
