/* mcp-fixture.h: a real broker and two hosts, alice and bob
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-daemon-fixture.h"
#include "rb-mcp-program.h"

G_BEGIN_DECLS

typedef struct {
  RbDaemonFixture *broker;
  RbMcpProgram    *alice;
  RbMcpProgram    *bob;
} McpFixture;

RbMcpProgram *mcp_start_host (McpFixture *fixture, const char *name);
void mcp_set_up (McpFixture *fixture, gconstpointer data);
void mcp_tear_down (McpFixture *fixture, gconstpointer data);
char *mcp_dup_text (const RbJson *object, const char *name);
char *mcp_dup_in (const RbJson *object, const char *member, const char *name);
void mcp_assert_state (const RbJson *object, const char *state);
char *mcp_send_text (RbMcpProgram *host, const char *text);
guint mcp_count_inbox (RbMcpProgram *host);
void mcp_wait_inbox (RbMcpProgram *host, guint count);
char *mcp_dup_endpoint (RbMcpProgram *host);
void mcp_dispatch (McpFixture *fixture, const char *message_id, const char *endpoint_id);
char *mcp_explain (RbMcpProgram *host, const char *id);

G_END_DECLS
