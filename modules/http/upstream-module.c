/* upstream-module.c: what upstream-http.so says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-settings.h"
#include "rb-http-upstream.h"

RB_MODULE_DEFINE ("http", RB_MODULE_UPSTREAM, RB_VERSION, "The directory of a network, over its HTTP API", rb_http_setting_table,
                  rb_http_upstream_get_type)
