/* wrong-size.c: a module that describes itself in fewer bytes, whose code must not run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module.h"

static GType
get_type (void)
{
  g_assert_not_reached ();
}

extern G_MODULE_EXPORT const RbModuleInfo rb_module_info;
G_MODULE_EXPORT const RbModuleInfo rb_module_info = {
  RB_MODULE_ABI, sizeof (RbModuleInfo) - 8, "wrong-size", "1", "Another size", RB_MODULE_CONNECTOR, NULL, get_type,
};
