/* rb-mcp-tool-table.c: the tools, in the order in which a host shows them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-tool.h"

#include <string.h>

static const RbMcpTool *const rows[] = {
  &rb_mcp_tool_wait,
  &rb_mcp_tool_list_inbox,
  &rb_mcp_tool_claim,
  &rb_mcp_tool_accept,
  &rb_mcp_tool_release,
  &rb_mcp_tool_progress,
  &rb_mcp_tool_reply,
  &rb_mcp_tool_settle,
  &rb_mcp_tool_fail,
  &rb_mcp_tool_send,
  &rb_mcp_tool_read,
  &rb_mcp_tool_explain,
  &rb_mcp_tool_search,
  &rb_mcp_tool_history,
  &rb_mcp_tool_endpoints,
  &rb_mcp_tool_who,
};

const RbMcpTool *
rb_mcp_tools_get_nth (guint i)
{
  return i < G_N_ELEMENTS (rows) ? rows[i] : NULL;
}

const RbMcpTool *
rb_mcp_tools_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i]->name, name) == 0)
      return rows[i];
  return NULL;
}
