/* rb-mcp-agent.h: what the host is at the broker: an endpoint, its messages, and who waits for them
 *
 * The promise, here: the broker keeps each message until the host has it. What is pushed without an assignment is acknowledged when the
 * answer that shows it was written to the host; an assignment is acknowledged at once, since the broker keeps that until it is accepted,
 * and accepted after the answer was written. So whenever this process or its host dies, the broker has what the host has not, and puts it
 * into the inbox when the process is gone.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-call.h"
#include "rb-mcp-desk.h"
#include "rb-mcp-link.h"

G_BEGIN_DECLS

#define RB_TYPE_MCP_AGENT (rb_mcp_agent_get_type ())
G_DECLARE_FINAL_TYPE (RbMcpAgent, rb_mcp_agent, RB, MCP_AGENT, GObject)

/* Signals:
 *   arrived (utf8 id, utf8 from): a message that the host has not seen
 *   changed (utf8 id): another place, or its end
 *   news (utf8 level, utf8 event, utf8 text): for the host's log */

RbMcpAgent *rb_mcp_agent_new       (RbMcpLink         *link);
RbMcpLink  *rb_mcp_agent_get_link  (RbMcpAgent        *self);
RbMcpDesk  *rb_mcp_agent_get_desk  (RbMcpAgent        *self);

/* Answers @call with @entry: {"NAME":{...},..., and @rest (nullable: members, without braces)}; @accept: afterwards it is accepted. */
void        rb_mcp_agent_hand_over (RbMcpAgent        *self,
                                    RbMcpEntry        *entry,
                                    RbMcpCall         *call,
                                    gboolean           accept,
                                    const char        *rest);
/* What was claimed, or lay there. NULL: there is no room; it returns to the inbox by itself. */
RbMcpEntry *rb_mcp_agent_take      (RbMcpAgent        *self,
                                    RbClientMessage   *message);
/* The host may not have looked at the answer to that request. */
void        rb_mcp_agent_disown    (RbMcpAgent        *self,
                                    GBytes            *call_id);
void        rb_mcp_agent_end       (RbMcpAgent        *self,
                                    RbMcpEntry        *entry,
                                    const char        *how);
/* It is ours from now on, or was before. When the broker refuses, the entry has ended. */
void        rb_mcp_agent_accept_async  (RbMcpAgent          *self,
                                        RbMcpEntry          *entry,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);
gboolean    rb_mcp_agent_accept_finish (RbMcpAgent          *self,
                                        GAsyncResult        *result,
                                        GError             **error);

/* Serves whoever waits for a message; of those that fit, who waits for an answer comes first. */
typedef void (*RbMcpServeFunc) (RbMcpEntry *entry, gpointer user_data);
void        rb_mcp_agent_set_serve (RbMcpAgent        *self,
                                    RbMcpServeFunc     serve,
                                    gpointer           user_data);

/* Says of what is accepted and not answered that it failed, gives everything back and leaves; takes @patience_ms at most. */
void        rb_mcp_agent_stop_async (RbMcpAgent          *self,
                                     gint64               patience_ms,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
void        rb_mcp_agent_stop_finish (RbMcpAgent         *self,
                                      GAsyncResult       *result);

G_END_DECLS
