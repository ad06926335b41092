/* test-kinds.c: paths and properties of objects on the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-kind.h"
#include "rb-bus-path.h"
#include "rb-test.h"

static void
test_paths (void)
{
  static const struct {
    const char *id, *path;
  } rows[] = {
    { "ep1", "ep1" }, { "", "_" }, { "_", "_5f" }, { "a-b", "a_2db" }, { "a_2db", "a_5f2db" }, { "../x", "_2e_2e_2fx" }, { "\303\251", "_c3_a9" },
  };

  g_test_summary ("Any id is an element of a valid path, and no two are the same.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = rb_bus_path_new ("endpoints", rows[i].id);
      g_autofree char *expected = g_strconcat (RB_BUS_ROOT "/endpoints/", rows[i].path, NULL);

      g_assert_cmpstr (path, ==, expected);
      g_assert_true (g_variant_is_object_path (path));
    }
}

static void
test_properties (void)
{
  g_autoptr(GVariant) empty = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));

  g_test_summary ("Each property of each interface has a member of a view, and a value of its type also when the view has none.");

  for (guint kind = 0; kind < RB_BUS_N_KINDS; kind++)
    {
      GDBusPropertyInfo **infos = rb_bus_kind_get_interface (kind)->properties;
      g_autoptr(GVariant) properties = rb_bus_kind_make_properties (kind, empty);

      for (guint i = 0; infos[i] != NULL; i++)
        {
          g_autoptr(GVariant) value = g_variant_lookup_value (properties, infos[i]->name, NULL);

          g_assert_nonnull (g_dbus_annotation_info_lookup (infos[i]->annotations, "io.github.runtimebroker.Key"));
          g_assert_cmpstr (g_variant_get_type_string (value), ==, infos[i]->signature);
        }
    }
}

static void
test_view (void)
{
  g_autoptr(GVariant) view = g_variant_ref_sink (g_variant_new_parsed ("{'endpoint_id': <'ep-1'>, 'state': <'active'>, 'plugin_pid': <@x 7>,"
                                                                        " 'label': <5>}"));
  g_autoptr(GVariant) properties = rb_bus_kind_make_properties (RB_BUS_ENDPOINT, view);
  g_autofree char *path = rb_bus_kind_dup_path (RB_BUS_ENDPOINT, view);
  g_autoptr(GVariant) module = g_variant_ref_sink (g_variant_new_parsed ("{'path': <'/usr/lib/connector-local.so'>}"));
  g_autofree char *module_path = NULL;
  const char *state, *label;
  gint64 pid;

  g_test_summary ("Members become the properties that name them; one of another type is none.");

  g_assert_cmpstr (path, ==, RB_BUS_ROOT "/endpoints/ep_2d1");
  g_assert_true (g_variant_lookup (properties, "State", "&s", &state));
  g_assert_cmpstr (state, ==, "active");
  g_assert_true (g_variant_lookup (properties, "Pid", "x", &pid));
  g_assert_cmpint (pid, ==, 7);
  g_assert_true (g_variant_lookup (properties, "Label", "&s", &label));
  g_assert_cmpstr (label, ==, "");
  g_assert_null (rb_bus_kind_dup_path (RB_BUS_MESSAGE, view));
  module_path = rb_bus_kind_dup_path (RB_BUS_MODULE, module);
  g_assert_cmpstr (module_path, ==, RB_BUS_ROOT "/modules/connector_2dlocal");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/kinds/paths", test_paths);
  g_test_add_func ("/kinds/properties", test_properties);
  g_test_add_func ("/kinds/view", test_view);
  return g_test_run ();
}
