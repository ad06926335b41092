/* rb-mcp-wait.h: requests of the host that wait for a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-agent.h"

G_BEGIN_DECLS

#define RB_MCP_WAIT_DEFAULT_S 50      /* hosts give up a call after a minute, if they are not told otherwise */
#define RB_MCP_WAIT_MAX_S 3600
#define RB_MCP_PROGRESS_MS 5000

typedef struct _RbMcpWaits RbMcpWaits;

RbMcpWaits *rb_mcp_waits_new   (RbMcpAgent *agent);
void        rb_mcp_waits_free  (RbMcpWaits *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpWaits, rb_mcp_waits_free)

/* What it waits for; copied. With @correlation_id or @in_reply_to: only for what answers that. */
typedef struct {
  gint64      timeout_s;
  gboolean    accept;
  const char *correlation_id;   /* (nullable) */
  const char *in_reply_to;      /* (nullable) */
  const char *rest;             /* (nullable) members of the answer, without braces */
} RbMcpWish;

/* Answers @call with the next message, at once where one lies there, or without one when the time is over. Until then it tells of progress.
 * Who waits for any message is also given what went back to the inbox and is this session's. */
void        rb_mcp_waits_add   (RbMcpWaits      *self,
                                RbMcpCall       *call,
                                const RbMcpWish *wish);
guint       rb_mcp_waits_count (RbMcpWaits      *self);

G_END_DECLS
