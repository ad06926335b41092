/* rb-mcp-version.c: which version of MCP is spoken (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-version.h"

#include <string.h>

/* The newest first. */
static const RbMcpVersion versions[] = {
  { "2025-11-25", FALSE, TRUE },
  { "2025-06-18", FALSE, FALSE },
  { "2025-03-26", TRUE, FALSE },
  { "2024-11-05", FALSE, FALSE },
  { "2024-10-07", FALSE, FALSE },
};

const RbMcpVersion *
rb_mcp_version_negotiate (const char *asked)
{
  for (gsize i = 0; asked != NULL && i < G_N_ELEMENTS (versions); i++)
    if (strcmp (versions[i].name, asked) == 0)
      return &versions[i];
  return &versions[0];
}
