/* rb-mcp-resources.h: what the broker shows, as resources that a host lists, reads and watches
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-agent.h"

G_BEGIN_DECLS

#define RB_MCP_URI "runtime-broker://"

/* So many may be watched; further ones are refused. */
#define RB_MCP_SUBSCRIPTIONS_MAX 64
/* What others change is seen so late; nothing is looked at while nothing is watched. */
#define RB_MCP_WATCH_MS 3000

typedef struct _RbMcpResources RbMcpResources;

/* @notify: says it to the host */
RbMcpResources *rb_mcp_resources_new            (RbMcpAgent      *agent,
                                                 RbMcpNotifyFunc  notify,
                                                 gpointer         user_data);
void            rb_mcp_resources_free           (RbMcpResources  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpResources, rb_mcp_resources_free)

/* Each answers @call. */
void            rb_mcp_resources_list           (RbMcpResources  *self,
                                                 RbMcpCall       *call);
void            rb_mcp_resources_list_templates (RbMcpResources  *self,
                                                 RbMcpCall       *call);
void            rb_mcp_resources_read           (RbMcpResources  *self,
                                                 RbMcpCall       *call);
void            rb_mcp_resources_subscribe      (RbMcpResources  *self,
                                                 RbMcpCall       *call);
void            rb_mcp_resources_unsubscribe    (RbMcpResources  *self,
                                                 RbMcpCall       *call);
/* A message came, or is somewhere else now: the list is another, and so is the resource, if it is watched. */
void            rb_mcp_resources_note           (RbMcpResources  *self,
                                                 const char      *message_id);

/* The broker's view behind a URI; NULL: it is none of ours (no effects). */
char           *rb_mcp_resource_dup_path        (const char      *uri);

G_END_DECLS
