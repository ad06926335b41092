/* wrong-name.c: a module whose name is not that of its file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module.h"

static GType
get_type (void)
{
  g_assert_not_reached ();
}

RB_MODULE_DEFINE ("another", RB_MODULE_CONNECTOR, "1", "Lies about its name", NULL, get_type)
