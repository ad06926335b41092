/* rb-mcp-result.h: what a tool says, and what it says when something went wrong (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"

G_BEGIN_DECLS

/* @object: a JSON object. Once for programs, and once as text for hosts that know only that. */
GBytes     *rb_mcp_result_new       (GBytes       *object);
/* The broker's code, its words, and what a model can do about it; no fault of the protocol. */
GBytes     *rb_mcp_result_new_error (const GError *error);

/* What to do about it; never NULL. */
const char *rb_mcp_advice           (const GError *error);

G_END_DECLS
