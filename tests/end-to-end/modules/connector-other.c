/* connector-other.c: what connector-other.so says of itself: the local connector once more
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-connector.h"
#include "rb-local-settings.h"

RB_MODULE_DEFINE ("other", RB_MODULE_CONNECTOR, "9", "The local network by another module", rb_local_setting_table,
                  rb_local_connector_get_type)
