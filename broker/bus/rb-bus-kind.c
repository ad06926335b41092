/* rb-bus-kind.c: the kinds of objects, and how a view becomes the properties of one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-kind.h"

#include "rb-bus-info.h"
#include "rb-bus-path.h"

#include <string.h>

#define KEY "io.github.runtimebroker.Key"

static const struct {
  const GDBusInterfaceInfo *interface;
  const char               *folder;
  const char               *id;        /* the view's member that makes the path */
} kinds[] = {
  [RB_BUS_BROKER] = { &io_github_runtimebroker_broker1_interface, NULL, NULL },
  [RB_BUS_ENDPOINT] = { &io_github_runtimebroker_broker1_endpoint_interface, "endpoints", "endpoint_id" },
  [RB_BUS_MESSAGE] = { &io_github_runtimebroker_broker1_message_interface, "messages", "id" },
  [RB_BUS_ASSIGNMENT] = { &io_github_runtimebroker_broker1_assignment_interface, "assignments", "assignment_id" },
  [RB_BUS_MODULE] = { &io_github_runtimebroker_broker1_module_interface, "modules", "path" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == RB_BUS_N_KINDS);

GDBusInterfaceInfo *
rb_bus_kind_get_interface (RbBusKind kind)
{
  return (GDBusInterfaceInfo *) kinds[kind].interface;
}

const char *
rb_bus_kind_get_folder (RbBusKind kind)
{
  return kinds[kind].folder;
}

char *
rb_bus_kind_dup_path (RbBusKind  kind,
                      GVariant  *view)
{
  g_autofree char *file = NULL;
  const char *id;

  if (kind == RB_BUS_BROKER)
    return g_strdup (RB_BUS_ROOT);
  if (!g_variant_lookup (view, kinds[kind].id, "&s", &id))
    return NULL;
  if (kind != RB_BUS_MODULE)
    return rb_bus_path_new (kinds[kind].folder, id);

  /* Its file, in which no two of them are: connector-local.so */
  file = g_path_get_basename (id);
  if (g_str_has_suffix (file, ".so"))
    file[strlen (file) - strlen (".so")] = '\0';
  return rb_bus_path_new (kinds[kind].folder, file);
}

static GVariant *
make_nothing (const char *signature)
{
  switch (*signature)
    {
    case 'b':
      return g_variant_new_boolean (FALSE);
    case 'x':
      return g_variant_new_int64 (0);
    default:
      return g_variant_new_string ("");
    }
}

GVariant *
rb_bus_kind_make_properties (RbBusKind  kind,
                             GVariant  *view)
{
  GDBusPropertyInfo **infos = kinds[kind].interface->properties;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; infos[i] != NULL; i++)
    {
      const char *member = g_dbus_annotation_info_lookup (infos[i]->annotations, KEY);
      g_autoptr(GVariant) value = g_variant_lookup_value (view, member, G_VARIANT_TYPE (infos[i]->signature));

      g_variant_builder_add (&builder, "{sv}", infos[i]->name, value != NULL ? value : make_nothing (infos[i]->signature));
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
