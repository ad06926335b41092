/* no-type.c: a module that names no type
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module.h"

RB_MODULE_DEFINE ("no-type", RB_MODULE_CONNECTOR, "1", "Names no type", NULL, NULL)
