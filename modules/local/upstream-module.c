/* upstream-module.c: what upstream-local.so says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-settings.h"
#include "rb-local-upstream.h"

RB_MODULE_DEFINE ("local", RB_MODULE_UPSTREAM, RB_VERSION, "The directory of a network of one machine", rb_local_setting_table,
                  rb_local_upstream_get_type)
