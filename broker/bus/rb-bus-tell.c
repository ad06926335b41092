/* rb-bus-tell.c: the signals by which callers follow objects
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-tell.h"

#include "rb-bus-path.h"
#include "rb-log.h"

#define MANAGER "org.freedesktop.DBus.ObjectManager"

static const GDBusArgInfo managed = { -1, (char *) "objects", (char *) "a{oa{sa{sv}}}", NULL };
static const GDBusArgInfo object = { -1, (char *) "object", (char *) "o", NULL };
static const GDBusArgInfo added = { -1, (char *) "interfaces", (char *) "a{sa{sv}}", NULL };
static const GDBusArgInfo removed = { -1, (char *) "interfaces", (char *) "as", NULL };

static const GDBusArgInfo *const managed_args[] = { &managed, NULL };
static const GDBusArgInfo *const added_args[] = { &object, &added, NULL };
static const GDBusArgInfo *const removed_args[] = { &object, &removed, NULL };

static const GDBusMethodInfo get_managed = { -1, (char *) "GetManagedObjects", NULL, (GDBusArgInfo **) managed_args, NULL };
static const GDBusMethodInfo *const methods[] = { &get_managed, NULL };

static const GDBusSignalInfo interfaces_added = { -1, (char *) "InterfacesAdded", (GDBusArgInfo **) added_args, NULL };
static const GDBusSignalInfo interfaces_removed = { -1, (char *) "InterfacesRemoved", (GDBusArgInfo **) removed_args, NULL };
static const GDBusSignalInfo *const told[] = { &interfaces_added, &interfaces_removed, NULL };

static const GDBusInterfaceInfo manager = {
  .ref_count = -1,
  .name = (char *) MANAGER,
  .methods = (GDBusMethodInfo **) methods,
  .signals = (GDBusSignalInfo **) told,
};

GDBusInterfaceInfo *
rb_bus_tell_get_manager (void)
{
  return (GDBusInterfaceInfo *) &manager;
}

static void
emit (GDBusConnection *connection,
      const char      *path,
      const char      *interface,
      const char      *name,
      GVariant        *parameters)
{
  g_autoptr(GError) error = NULL;

  if (!g_dbus_connection_emit_signal (connection, NULL, path, interface, name, parameters, &error))
    rb_log_debug ("bus_signal_not_sent", "signal", name, "err", error->message, NULL);
}

void
rb_bus_tell_added (GDBusConnection          *connection,
                   const char               *path,
                   const GDBusInterfaceInfo *interface,
                   GVariant                 *properties)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_variant_builder_add (&builder, "{s@a{sv}}", interface->name, properties);
  emit (connection, RB_BUS_ROOT, MANAGER, "InterfacesAdded", g_variant_new ("(oa{sa{sv}})", path, &builder));
}

void
rb_bus_tell_removed (GDBusConnection          *connection,
                     const char               *path,
                     const GDBusInterfaceInfo *interface)
{
  const char *names[] = { interface->name, NULL };

  emit (connection, RB_BUS_ROOT, MANAGER, "InterfacesRemoved", g_variant_new ("(o^as)", path, names));
}

void
rb_bus_tell_changed (GDBusConnection          *connection,
                     const char               *path,
                     const GDBusInterfaceInfo *interface,
                     GVariant                 *before,
                     GVariant                 *now)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;
  guint n = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, now);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr(GVariant) owned = value;
      g_autoptr(GVariant) old = g_variant_lookup_value (before, name, NULL);

      if (old != NULL && g_variant_equal (old, value))
        continue;
      g_variant_builder_add (&builder, "{sv}", name, value);
      n++;
    }
  if (n == 0)
    g_variant_builder_clear (&builder);
  else
    emit (connection, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
          g_variant_new ("(sa{sv}as)", interface->name, &builder, NULL));
}
