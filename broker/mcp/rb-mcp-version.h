/* rb-mcp-version.h: which version of MCP is spoken (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *name;
  gboolean    has_batches;        /* JSON-RPC batches: came with 2025-03-26, went with 2025-06-18 */
  gboolean    arguments_are_told; /* wrong arguments are the result of the tool, so that a model reads it: since 2025-11-25 */
} RbMcpVersion;

/* What a client asks for, where we speak it; else the newest, which the client may then refuse. @asked: (nullable) */
const RbMcpVersion *rb_mcp_version_negotiate (const char *asked);

G_END_DECLS
