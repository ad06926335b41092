/* connector-module.c: what connector-local.so says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-connector.h"
#include "rb-local-settings.h"

RB_MODULE_DEFINE ("local", RB_MODULE_CONNECTOR, RB_VERSION, "Messages between the accounts of this machine, through one database",
                  rb_local_setting_table, rb_local_connector_get_type)
