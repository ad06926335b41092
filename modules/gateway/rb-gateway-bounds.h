/* rb-gateway-bounds.h: everything in this module that has a limit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

G_BEGIN_DECLS

/* Numbers of rb_gateway_bound_infos. */
typedef enum {
  RB_GATEWAY_BOUND_SENDS,
  RB_GATEWAY_BOUND_SEND_BYTES,
  RB_GATEWAY_BOUND_HELD,
  RB_GATEWAY_BOUND_HELD_BYTES,
  RB_GATEWAY_BOUND_AHEAD,
  RB_GATEWAY_BOUND_DUPLICATES,
  RB_N_GATEWAY_BOUNDS,
} RbGatewayBound;

extern const RbBoundInfo rb_gateway_bound_infos[RB_N_GATEWAY_BOUNDS];

#define RB_GATEWAY_SENDS_MAX 4096
#define RB_GATEWAY_SEND_BYTES_MAX ((gsize) 64 * 1024 * 1024)

G_END_DECLS
