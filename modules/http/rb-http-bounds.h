/* rb-http-bounds.h: everything in the upstream module that has a limit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

G_BEGIN_DECLS

/* Numbers of the table in rb-http-upstream.c. */
typedef enum {
  RB_HTTP_BOUND_ANSWER,
  RB_HTTP_BOUND_EVENT,
  RB_HTTP_BOUND_ACKS,
  RB_HTTP_BOUND_ACK_KEYS,
  RB_N_HTTP_BOUNDS,
} RbHttpBound;

G_END_DECLS
