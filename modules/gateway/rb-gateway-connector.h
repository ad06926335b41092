/* rb-gateway-connector.h: the link of one account to a message gateway
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"

G_BEGIN_DECLS

#define RB_TYPE_GATEWAY_CONNECTOR (rb_gateway_connector_get_type ())
G_DECLARE_FINAL_TYPE (RbGatewayConnector, rb_gateway_connector, RB, GATEWAY_CONNECTOR, GObject)

G_END_DECLS
