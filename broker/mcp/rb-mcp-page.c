/* rb-mcp-page.c: long lists a page at a time: what a cursor means (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-page.h"

#define PREFIX "from-"

gboolean
rb_mcp_page_read (const RbJson *params,
                  guint        *begin)
{
  RbJsonType type = params != NULL ? rb_json_get_member_type (params, "cursor") : RB_JSON_ABSENT;
  g_autofree char *cursor = params != NULL ? rb_json_peek_string (params, "cursor") : NULL;
  guint64 number;

  *begin = 0;
  if (type == RB_JSON_ABSENT || type == RB_JSON_NULL)
    return TRUE;
  if (cursor == NULL || !g_str_has_prefix (cursor, PREFIX) ||
      !g_ascii_string_to_unsigned (cursor + sizeof PREFIX - 1, 10, RB_MCP_PAGE_SIZE, G_MAXINT, &number, NULL) || number % RB_MCP_PAGE_SIZE != 0)
    return FALSE;
  *begin = number;
  return TRUE;
}

void
rb_mcp_page_write (guint         begin,
                   guint         total,
                   RbJsonWriter *writer)
{
  g_autofree char *cursor = g_strdup_printf (PREFIX "%u", begin + RB_MCP_PAGE_SIZE);

  if (begin + RB_MCP_PAGE_SIZE < total)
    rb_json_writer_string (writer, "nextCursor", cursor);
}
