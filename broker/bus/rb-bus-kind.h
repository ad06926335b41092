/* rb-bus-kind.h: the kinds of objects, and how a view becomes the properties of one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  RB_BUS_BROKER,
  RB_BUS_ENDPOINT,
  RB_BUS_MESSAGE,
  RB_BUS_ASSIGNMENT,
  RB_BUS_MODULE,
  RB_BUS_N_KINDS,
} RbBusKind;

/* Of data/io.github.runtimebroker.Broker1.xml. */
GDBusInterfaceInfo *rb_bus_kind_get_interface (RbBusKind kind);
/* What of them stand below the root in a folder of this name; NULL: the root itself. */
const char         *rb_bus_kind_get_folder    (RbBusKind kind);
/* The path of the object that @view (a{sv}) is of; NULL if it has no id. */
char               *rb_bus_kind_dup_path      (RbBusKind kind, GVariant *view);
/* (transfer full) a{sv}: each property of the interface, from the member of @view that its annotation names. */
GVariant           *rb_bus_kind_make_properties (RbBusKind kind, GVariant *view);

G_END_DECLS
