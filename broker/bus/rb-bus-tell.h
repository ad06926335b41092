/* rb-bus-tell.h: the signals by which callers follow objects
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* org.freedesktop.DBus.ObjectManager, which GDBus has only for objects of its own. */
GDBusInterfaceInfo *rb_bus_tell_get_manager (void);

/* Of ObjectManager, at the root. Failing to send is not an error: nobody is there to hear. @properties: a{sv}. */
void  rb_bus_tell_added   (GDBusConnection *connection, const char *path, const GDBusInterfaceInfo *interface, GVariant *properties);
void  rb_bus_tell_removed (GDBusConnection *connection, const char *path, const GDBusInterfaceInfo *interface);
/* PropertiesChanged with those that are not what they were; nothing when all are. */
void  rb_bus_tell_changed (GDBusConnection *connection, const char *path, const GDBusInterfaceInfo *interface, GVariant *before, GVariant *now);

G_END_DECLS
