/* rb-guard-connector.h: guards a connector
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"

G_BEGIN_DECLS

#define RB_TYPE_GUARD_CONNECTOR (rb_guard_connector_get_type ())
G_DECLARE_FINAL_TYPE (RbGuardConnector, rb_guard_connector, RB, GUARD_CONNECTOR, RbGuard)

G_END_DECLS
