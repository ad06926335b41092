/* rb-mcp-server.h: the life of one connection with a host: what may be asked when, and what waits for an answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-call.h"
#include "rb-mcp-version.h"

G_BEGIN_DECLS

/* So many requests may be at work; further ones are refused at once. */
#define RB_MCP_CALLS_MAX 64

#define RB_TYPE_MCP_SERVER (rb_mcp_server_get_type ())
G_DECLARE_FINAL_TYPE (RbMcpServer, rb_mcp_server, RB, MCP_SERVER, GObject)

/* Signals:
 *   initialize (utf8 client_name or NULL, utf8 client_version or NULL): the host has said who it is, before it is answered
 *   ready ():  the host knows who we are
 *   disowned (GBytes id): the host has cancelled a request that was answered before: it may not look at the answer
 *   ended (utf8 why): the host has gone; nothing is answered any more. Once. */

/* Handles a request: answers @call now or later. */
typedef void (*RbMcpMethodFunc) (RbMcpCall *call, gpointer user_data);
typedef struct {
  const char      *name;
  RbMcpMethodFunc  run;
} RbMcpMethod;

/* @methods: ends with a NULL name; what is asked beyond initialize and ping. @greeting: members of the answer to initialize, without braces. */
RbMcpServer        *rb_mcp_server_new         (GInputStream      *input,
                                               GOutputStream     *output,
                                               const RbMcpMethod *methods,
                                               const char        *greeting,
                                               gpointer           user_data);
void                rb_mcp_server_start       (RbMcpServer       *self);
const RbMcpVersion *rb_mcp_server_get_version (RbMcpServer       *self);
/* Before the host is ready, and while it does not read, nothing is said. */
void                rb_mcp_server_notify      (RbMcpServer       *self,
                                               const char        *method,
                                               GBytes            *params);
/* As if the host had gone. */
void                rb_mcp_server_stop        (RbMcpServer       *self,
                                               const char        *why);
guint               rb_mcp_server_get_n_calls (RbMcpServer       *self);

G_END_DECLS
