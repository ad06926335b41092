/* rb-check-case.c: which rules there are for which kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-case.h"

static const RbCheckCase *const tables[] = {
  [RB_MODULE_CONNECTOR] = rb_check_connector_cases,
  [RB_MODULE_UPSTREAM] = rb_check_upstream_cases,
  [RB_MODULE_SPAWN_DRIVER] = rb_check_spawn_driver_cases,
  [RB_MODULE_EMITTER] = rb_check_emitter_cases,
};

static void
add (GPtrArray         *list,
     const RbCheckCase *table)
{
  for (; table != NULL && table->name != NULL; table++)
    g_ptr_array_add (list, (gpointer) table);
}

GPtrArray *
rb_check_list_cases (RbModuleKind kind)
{
  GPtrArray *list = g_ptr_array_new ();

  add (list, rb_check_module_cases);
  if (kind < G_N_ELEMENTS (tables))
    add (list, tables[kind]);
  return list;
}
