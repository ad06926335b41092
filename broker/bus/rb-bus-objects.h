/* rb-bus-objects.h: the objects on the bus, as they were told last
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-kind.h"
#include "rb-core.h"

G_BEGIN_DECLS

/* What is shown here is on the disk: an object changes when the commit that changed it is done, and signals, properties and
 * GetManagedObjects all say what was told last. Changes of a moment are told together. */
typedef struct _RbBusObjects RbBusObjects;

/* (transfer full) aa{sv}, floating: the modules as a person sees them. */
typedef GVariant *(*RbBusModulesFunc) (gpointer user_data);
/* A method of an object of ours, other than those of org.freedesktop.DBus. @key: what the object is of: an endpoint's or a message's id, a
 * module's path, "". */
typedef void (*RbBusMethodFunc) (RbBusKind kind, const char *key, GDBusMethodInvocation *invocation, gpointer user_data);

/* @core is loaded and does not stop. All is borrowed and must stay until rb_bus_objects_free(). */
RbBusObjects *rb_bus_objects_new      (RbCore *core, RbClock *clock, RbBusModulesFunc modules, RbBusMethodFunc method, gpointer user_data);
void          rb_bus_objects_free     (RbBusObjects *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBusObjects, rb_bus_objects_free)

/* They stay as they are, and the core is not looked at any more. */
void          rb_bus_objects_freeze   (RbBusObjects *self);
gboolean      rb_bus_objects_export   (RbBusObjects *self, GDBusConnection *connection, GError **error);
void          rb_bus_objects_unexport (RbBusObjects *self);

G_END_DECLS
