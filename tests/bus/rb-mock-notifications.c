/* rb-mock-notifications.c: a notification service that remembers what it was told, and misbehaves when asked to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mock-notifications.h"

#include "rb-test.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

#define INTERFACE(capabilities, id)                                                                                                       \
  "<node><interface name='" NAME "'><method name='GetCapabilities'><arg type='" capabilities "' direction='out'/></method>"              \
  "<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"                      \
  "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/><arg type='a{sv}' direction='in'/>"         \
  "<arg type='i' direction='in'/><arg type='" id "' direction='out'/></method>"                                                           \
  "<method name='CloseNotification'><arg type='u' direction='in'/></method></interface></node>"

static void
notice_free (gpointer data)
{
  RbMockNotice *notice = data;

  g_free (notice->summary);
  g_free (notice->body);
  g_strfreev (notice->actions);
  g_variant_unref (notice->hints);
  g_free (notice);
}

static void
take_notice (RbMockNotifications   *self,
             GVariant              *parameters,
             GDBusMethodInvocation *invocation)
{
  RbMockNotice *notice = g_new0 (RbMockNotice, 1);
  g_autofree char *icon = NULL;
  g_autofree char *app = NULL;
  gint32 timeout;

  g_variant_get (parameters, "(susss^as@a{sv}i)", &app, &notice->replaces, &icon, &notice->summary, &notice->body, &notice->actions,
                 &notice->hints, &timeout);
  notice->id = notice->replaces != 0 ? notice->replaces : ++self->next_id;
  g_ptr_array_add (self->told, notice);
  if (self->holds)
    g_object_unref (invocation);
  else if (self->is_odd)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", "one"));
  else
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", notice->id));
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
  RbMockNotifications *self = user_data;
  guint32 id;

  self->n_calls++;
  if (g_str_equal (method, "Notify"))
    take_notice (self, parameters, invocation);
  else if (g_str_equal (method, "CloseNotification"))
    {
      g_variant_get (parameters, "(u)", &id);
      g_array_append_val (self->closed, id);
      g_dbus_method_invocation_return_value (invocation, NULL);
    }
  else if (self->is_odd)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", 7));
  else if (self->capabilities != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(^as)", self->capabilities));
  else
    g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.DBus.Error.UnknownMethod", "no such method");
}

static const GDBusInterfaceVTable vtable = { .method_call = on_call };

static void
on_acquired (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  ((RbMockNotifications *) user_data)->is_owner = TRUE;
}

RbMockNotifications *
rb_mock_notifications_new (const char *address,
                           const char *capabilities,
                           gboolean    is_odd)
{
  RbMockNotifications *self = g_new0 (RbMockNotifications, 1);
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (is_odd ? INTERFACE ("u", "s") : INTERFACE ("as", "u"), NULL);
  g_autoptr(GError) error = NULL;

  self->is_odd = is_odd;
  self->capabilities = capabilities != NULL ? g_strsplit (capabilities, ",", -1) : NULL;
  self->told = g_ptr_array_new_with_free_func (notice_free);
  self->closed = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->connection = g_dbus_connection_new_for_address_sync (address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                             G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_register_object (self->connection, PATH, node->interfaces[0], &vtable, self, NULL, &error);
  g_assert_no_error (error);
  self->owner_id = g_bus_own_name_on_connection (self->connection, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, on_acquired, NULL, self, NULL);
  rb_test_wait_until (self->is_owner);
  return self;
}

void
rb_mock_notifications_free (RbMockNotifications *self)
{
  g_bus_unown_name (self->owner_id);
  if (!g_dbus_connection_is_closed (self->connection))
    g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_object_unref (self->connection);
  g_strfreev (self->capabilities);
  g_ptr_array_unref (self->told);
  g_array_unref (self->closed);
  g_free (self);
}

const RbMockNotice *
rb_mock_notifications_wait (RbMockNotifications *self,
                            guint                i)
{
  rb_test_wait_until (self->told->len > i);
  return g_ptr_array_index (self->told, i);
}

gboolean
rb_mock_notifications_has_closed (RbMockNotifications *self,
                                  guint32              id)
{
  for (guint i = 0; i < self->closed->len; i++)
    if (g_array_index (self->closed, guint32, i) == id)
      return TRUE;
  return FALSE;
}

const char *
rb_mock_notice_find_action (const RbMockNotice *notice,
                            const char         *label)
{
  for (guint i = 0; notice->actions[i] != NULL; i += 2)
    if (g_str_equal (notice->actions[i + 1], label))
      return notice->actions[i];
  return NULL;
}

void
rb_mock_notifications_emit (RbMockNotifications *self,
                            const char          *name,
                            GVariant            *parameters)
{
  g_autoptr(GError) error = NULL;

  g_dbus_connection_emit_signal (self->connection, NULL, PATH, NAME, name, parameters, &error);
  g_assert_no_error (error);
}

void
rb_mock_notifications_click (RbMockNotifications *self,
                             guint32              id,
                             const char          *action)
{
  g_assert_nonnull (action);
  rb_mock_notifications_emit (self, "ActionInvoked", g_variant_new ("(us)", id, action));
}

/* What the bus has from us it has passed on when it answers; so much for what it has for us. */
void
rb_mock_notifications_settle (RbMockNotifications *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  answer = g_dbus_connection_call_finish (self->connection, result, NULL);
  g_assert_nonnull (answer);
  rb_test_settle ();
}
