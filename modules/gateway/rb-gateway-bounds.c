/* rb-gateway-bounds.c: everything in this module that has a limit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-bounds.h"

const RbBoundInfo rb_gateway_bound_infos[RB_N_GATEWAY_BOUNDS] = {
  [RB_GATEWAY_BOUND_SENDS] = { "gateway_sends", "messages", RB_BOUND_PUSHES_BACK, "further sends are refused: connector_busy" },
  [RB_GATEWAY_BOUND_SEND_BYTES] = { "gateway_send_bytes", "bytes", RB_BOUND_PUSHES_BACK, "further sends are refused: connector_busy" },
  [RB_GATEWAY_BOUND_HELD] = { "gateway_held", "messages", RB_BOUND_PUSHES_BACK, "what comes is dropped and asked for again" },
  [RB_GATEWAY_BOUND_HELD_BYTES] = { "gateway_held_bytes", "bytes", RB_BOUND_PUSHES_BACK, "what comes is dropped and asked for again" },
  [RB_GATEWAY_BOUND_AHEAD] = { "gateway_ahead", "messages", RB_BOUND_PUSHES_BACK,
                               "nothing new is taken until the oldest undecided one is; it is asked for again" },
  [RB_GATEWAY_BOUND_DUPLICATES] = { "gateway_duplicates", "ids", RB_BOUND_FORGETS, "the oldest is forgotten" },
};
