/* rb-mcp-host.h: one host that is served: what it may ask, and what it is told without asking
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-server.h"
#include "rb-mcp-wait.h"

G_BEGIN_DECLS

typedef struct _RbMcpHost RbMcpHost;

/* Serves one host on two streams. It says who the host is to @agent's link, unless @name (nullable) says so. */
RbMcpHost   *rb_mcp_host_new        (RbMcpAgent    *agent,
                                     GInputStream  *input,
                                     GOutputStream *output,
                                     const char    *name);
void         rb_mcp_host_free       (RbMcpHost     *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpHost, rb_mcp_host_free)

RbMcpServer *rb_mcp_host_get_server (RbMcpHost     *self);

G_END_DECLS
