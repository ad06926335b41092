/* connector-module.c: what connector-gateway.so says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-connector.h"
#include "rb-gateway-settings.h"

RB_MODULE_DEFINE ("gateway", RB_MODULE_CONNECTOR, RB_VERSION, "The link to a message gateway: WebSocket, connector protocol 4",
                  rb_gateway_setting_table, rb_gateway_connector_get_type)
