/* rb-local-connector.h: the link of one account to the network of this machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"

G_BEGIN_DECLS

#define RB_TYPE_LOCAL_CONNECTOR (rb_local_connector_get_type ())
G_DECLARE_FINAL_TYPE (RbLocalConnector, rb_local_connector, RB, LOCAL_CONNECTOR, GObject)

G_END_DECLS
