/* rb-mcp-resume.h: takes from the inbox what was this session's: what lapsed, and what waited for one of the same name that is gone
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-agent.h"

G_BEGIN_DECLS

/* So many messages of the inbox are looked at in one go, each once. */
#define RB_MCP_LOOKS_MAX 32

typedef struct _RbMcpResume RbMcpResume;
typedef void (*RbMcpResumedFunc) (gpointer user_data);

/* @resumed: something more lies on the desk */
RbMcpResume *rb_mcp_resume_new  (RbMcpAgent       *agent,
                                 RbMcpResumedFunc  resumed,
                                 gpointer          user_data);
void         rb_mcp_resume_free (RbMcpResume      *self);
/* Does nothing while one is under way. */
void         rb_mcp_resume_look (RbMcpResume      *self);

G_END_DECLS
