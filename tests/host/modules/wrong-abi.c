/* wrong-abi.c: a module of another ABI, whose code must not run
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
  RB_MODULE_ABI + 1, sizeof (RbModuleInfo), "wrong-abi", "1", "Another ABI", RB_MODULE_CONNECTOR, NULL, get_type,
};
