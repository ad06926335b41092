/* rb-mcp-page.h: long lists a page at a time: what a cursor means (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"
#include "rb-json-writer.h"

G_BEGIN_DECLS

#define RB_MCP_PAGE_SIZE 50

/* @params: (nullable). FALSE: its cursor is none of ours. */
gboolean  rb_mcp_page_read  (const RbJson *params,
                             guint        *begin);
/* The cursor of what follows, if more than a page does. */
void      rb_mcp_page_write (guint         begin,
                             guint         total,
                             RbJsonWriter *writer);

G_END_DECLS
