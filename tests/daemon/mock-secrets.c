/* mock-secrets.c: org.freedesktop.secrets as a test wants it
 *
 * One collection, kept in memory, with the session algorithm "plain". Method SetMode of io.github.runtimebroker.Mock decides how it
 * behaves:
 *   open       unlocked
 *   locked     its prompt unlocks it
 *   dismissed  locked, and its prompt is closed by the person
 *   asking     locked, and its prompt is answered when the mode is set to open, or never
 *   silent     never answers anything
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>

#define ROOT "/org/freedesktop/secrets"
#define COLLECTION ROOT "/aliases/default"
#define PROMPT ROOT "/prompt/p"
#define SESSION ROOT "/session/s"

static const char interfaces[] =
  "<node>"
  "<interface name='org.freedesktop.Secret.Service'>"
  "<method name='OpenSession'><arg direction='in' type='s'/><arg direction='in' type='v'/><arg direction='out' type='v'/>"
  "<arg direction='out' type='o'/></method>"
  "<method name='SearchItems'><arg direction='in' type='a{ss}'/><arg direction='out' type='ao'/><arg direction='out' type='ao'/></method>"
  "<method name='Unlock'><arg direction='in' type='ao'/><arg direction='out' type='ao'/><arg direction='out' type='o'/></method>"
  "<method name='GetSecrets'><arg direction='in' type='ao'/><arg direction='in' type='o'/><arg direction='out' type='a{o(oayays)}'/></method>"
  "<property name='Collections' type='ao' access='read'/>"
  "</interface>"
  "<interface name='org.freedesktop.Secret.Collection'>"
  "<method name='CreateItem'><arg direction='in' type='a{sv}'/><arg direction='in' type='(oayays)'/><arg direction='in' type='b'/>"
  "<arg direction='out' type='o'/><arg direction='out' type='o'/></method>"
  "<property name='Locked' type='b' access='read'/>"
  "</interface>"
  "<interface name='org.freedesktop.Secret.Item'>"
  "<method name='Delete'><arg direction='out' type='o'/></method>"
  "<property name='Locked' type='b' access='read'/>"
  "<property name='Attributes' type='a{ss}' access='read'/>"
  "<property name='Label' type='s' access='read'/>"
  "<property name='Created' type='t' access='read'/>"
  "<property name='Modified' type='t' access='read'/>"
  "</interface>"
  "<interface name='org.freedesktop.Secret.Prompt'>"
  "<method name='Prompt'><arg direction='in' type='s'/></method>"
  "<method name='Dismiss'/>"
  "<signal name='Completed'><arg type='b'/><arg type='v'/></signal>"
  "</interface>"
  "<interface name='org.freedesktop.Secret.Session'><method name='Close'/></interface>"
  "<interface name='io.github.runtimebroker.Mock'>"
  "<method name='SetMode'><arg direction='in' type='s'/></method>"
  "<method name='CountItems'><arg direction='out' type='u'/></method>"
  "</interface>"
  "</node>";

typedef struct {
  char     *path;
  guint     registration;
  GVariant *attributes;
  GVariant *secret;         /* ay */
} Item;

static struct {
  GMainLoop       *loop;
  GDBusConnection *connection;
  GDBusNodeInfo   *info;
  GHashTable      *items;     /* path -> Item */
  char            *mode;
  GVariant        *asked;     /* ao: what the prompt is to unlock */
  guint            n_made;
} mock;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_dbus_connection_unregister_object (mock.connection, item->registration);
  g_variant_unref (item->attributes);
  g_variant_unref (item->secret);
  g_free (item->path);
  g_free (item);
}

static gboolean
is_mode (const char *mode)
{
  return g_str_equal (mock.mode, mode);
}

static gboolean
is_locked (void)
{
  return !is_mode ("open") && !is_mode ("silent");
}

static guint register_object (const char *path, const char *interface);

static GVariant *
get_property (GDBusConnection *connection,
              const char      *sender,
              const char      *path,
              const char      *interface,
              const char      *name,
              GError         **error,
              gpointer         user_data)
{
  const Item *item = g_hash_table_lookup (mock.items, path);

  if (g_str_equal (name, "Locked"))
    return g_variant_new_boolean (is_locked ());
  if (g_str_equal (name, "Collections"))
    return g_variant_new_objv ((const char *const[]) { COLLECTION, NULL }, -1);
  if (item != NULL && g_str_equal (name, "Attributes"))
    return g_variant_ref (item->attributes);
  return g_str_equal (name, "Label") ? g_variant_new_string ("") : g_variant_new_uint64 (0);
}

static gboolean
fits (const Item *item,
      GVariant   *wanted)
{
  GVariantIter iter;
  const char *name, *value, *own;

  g_variant_iter_init (&iter, wanted);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    if (!g_variant_lookup (item->attributes, name, "&s", &own) || !g_str_equal (own, value))
      return FALSE;
  return TRUE;
}

static void
search_items (GDBusMethodInvocation *invocation,
              GVariant              *parameters)
{
  g_autoptr(GVariant) wanted = g_variant_get_child_value (parameters, 0);
  g_autoptr(GPtrArray) found = g_ptr_array_new ();
  static const char *const none[] = { NULL };
  GHashTableIter iter;
  Item *item;

  g_hash_table_iter_init (&iter, mock.items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &item))
    if (fits (item, wanted))
      g_ptr_array_add (found, item->path);
  g_ptr_array_add (found, NULL);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(^ao^ao)", is_locked () ? none : (const char *const *) found->pdata,
                                                                    is_locked () ? (const char *const *) found->pdata : none));
}

static void
get_secrets (GDBusMethodInvocation *invocation,
             GVariant              *parameters)
{
  g_autoptr(GVariant) paths = g_variant_get_child_value (parameters, 0);
  GVariantBuilder builder;
  GVariantIter iter;
  const char *path;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{o(oayays)}"));
  g_variant_iter_init (&iter, paths);
  while (g_variant_iter_next (&iter, "&o", &path))
    {
      const Item *item = g_hash_table_lookup (mock.items, path);

      if (item != NULL && !is_locked ())
        g_variant_builder_add (&builder, "{o(o@ay@ays)}", path, SESSION, g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0), item->secret, "application/json");
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{o(oayays)})", &builder));
}

static void
create_item (GDBusMethodInvocation *invocation,
             GVariant              *parameters)
{
  g_autoptr(GVariant) properties = g_variant_get_child_value (parameters, 0);
  g_autoptr(GVariant) secret = g_variant_get_child_value (parameters, 1);
  g_autoptr(GVariant) attributes = g_variant_lookup_value (properties, "org.freedesktop.Secret.Item.Attributes", G_VARIANT_TYPE ("a{ss}"));
  GHashTableIter iter;
  Item *item;

  if (is_locked ())
    {
      g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.Secret.Error.IsLocked", "locked");
      return;
    }
  g_hash_table_iter_init (&iter, mock.items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &item))
    if (fits (item, attributes))
      g_hash_table_iter_remove (&iter);

  item = g_new0 (Item, 1);
  item->path = g_strdup_printf (ROOT "/collection/c/%u", ++mock.n_made);
  item->attributes = g_steal_pointer (&attributes);
  item->secret = g_variant_get_child_value (secret, 2);
  item->registration = register_object (item->path, "org.freedesktop.Secret.Item");
  g_hash_table_insert (mock.items, item->path, item);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(oo)", item->path, "/"));
}

static void
complete_prompt (gboolean dismissed)
{
  GVariant *unlocked = dismissed || mock.asked == NULL ? g_variant_new_objv (NULL, 0) : mock.asked;

  g_dbus_connection_emit_signal (mock.connection, NULL, PROMPT, "org.freedesktop.Secret.Prompt", "Completed",
                                 g_variant_new ("(bv)", dismissed, unlocked), NULL);
}

static void
unlock (GDBusMethodInvocation *invocation,
        GVariant              *parameters)
{
  g_clear_pointer (&mock.asked, g_variant_unref);
  mock.asked = g_variant_get_child_value (parameters, 0);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@aoo)", g_variant_new_objv (NULL, 0), PROMPT));
}

static void
prompt (GDBusMethodInvocation *invocation)
{
  g_dbus_method_invocation_return_value (invocation, NULL);
  if (is_mode ("asking"))
    return;
  if (is_mode ("locked"))
    {
      g_free (mock.mode);
      mock.mode = g_strdup ("open");
    }
  complete_prompt (!is_mode ("open"));
}

static void
set_mode (GDBusMethodInvocation *invocation,
          GVariant              *parameters)
{
  gboolean was_asking = is_mode ("asking") && mock.asked != NULL;

  g_free (mock.mode);
  g_variant_get (parameters, "(s)", &mock.mode);
  if (was_asking && is_mode ("open"))
    complete_prompt (FALSE);
  g_dbus_method_invocation_return_value (invocation, NULL);
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
  const char *text = NULL;

  if (g_str_equal (method, "SetMode"))
    set_mode (invocation, parameters);
  else if (g_str_equal (method, "CountItems"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", g_hash_table_size (mock.items)));
  else if (is_mode ("silent"))
    return;   /* kept for ever: that is the point */
  else if (g_str_equal (method, "OpenSession"))
    {
      g_variant_get_child (parameters, 0, "&s", &text);
      if (g_str_equal (text, "plain"))
        g_dbus_method_invocation_return_value (invocation, g_variant_new ("(vo)", g_variant_new_string (""), SESSION));
      else
        g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.DBus.Error.NotSupported", "plain only");
    }
  else if (g_str_equal (method, "SearchItems"))
    search_items (invocation, parameters);
  else if (g_str_equal (method, "GetSecrets"))
    get_secrets (invocation, parameters);
  else if (g_str_equal (method, "Unlock"))
    unlock (invocation, parameters);
  else if (g_str_equal (method, "CreateItem"))
    create_item (invocation, parameters);
  else if (g_str_equal (method, "Delete"))
    {
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/"));
      g_hash_table_remove (mock.items, path);
    }
  else if (g_str_equal (method, "Prompt"))
    prompt (invocation);
  else
    {
      g_dbus_method_invocation_return_value (invocation, NULL);
      if (g_str_equal (method, "Dismiss"))
        complete_prompt (TRUE);
    }
}

static guint
register_object (const char *path,
                 const char *interface)
{
  static const GDBusInterfaceVTable vtable = { on_call, get_property, NULL, { NULL } };
  guint id = g_dbus_connection_register_object (mock.connection, path, g_dbus_node_info_lookup_interface (mock.info, interface), &vtable,
                                                NULL, NULL, NULL);

  g_assert_cmpuint (id, !=, 0);
  return id;
}

static void
on_acquired (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  g_print ("ready\n");
}

static void
on_closed (GDBusConnection *connection,
           gboolean         remote,
           GError          *error,
           gpointer         user_data)
{
  g_main_loop_quit (mock.loop);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  guint owner;

  mock.loop = g_main_loop_new (NULL, FALSE);
  mock.mode = g_strdup ("open");
  mock.items = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, item_free);
  mock.info = g_dbus_node_info_new_for_xml (interfaces, &error);
  g_assert_no_error (error);
  mock.connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_set_exit_on_close (mock.connection, FALSE);
  g_signal_connect (mock.connection, "closed", G_CALLBACK (on_closed), NULL);

  register_object (ROOT, "org.freedesktop.Secret.Service");
  register_object (ROOT, "io.github.runtimebroker.Mock");
  register_object (COLLECTION, "org.freedesktop.Secret.Collection");
  register_object (PROMPT, "org.freedesktop.Secret.Prompt");
  register_object (SESSION, "org.freedesktop.Secret.Session");
  owner = g_bus_own_name_on_connection (mock.connection, "org.freedesktop.secrets", G_BUS_NAME_OWNER_FLAGS_NONE, on_acquired, NULL, NULL,
                                        NULL);
  g_main_loop_run (mock.loop);

  g_bus_unown_name (owner);
  g_hash_table_unref (mock.items);
  g_dbus_node_info_unref (mock.info);
  g_object_unref (mock.connection);
  g_main_loop_unref (mock.loop);
  g_clear_pointer (&mock.asked, g_variant_unref);
  g_free (mock.mode);
  return 0;
}
