/* emitter-module.c: what emitter-http.so says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-emitter.h"
#include "rb-http-settings.h"

RB_MODULE_DEFINE ("http", RB_MODULE_EMITTER, RB_VERSION, "Events posted to the upstream's HTTP API", rb_http_setting_table,
                  rb_http_emitter_get_type)
