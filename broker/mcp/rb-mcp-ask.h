/* rb-mcp-ask.h: one thing that is asked of the broker; with rb-mcp-link the only file that knows the client library
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"

G_BEGIN_DECLS

typedef enum {
  RB_MCP_ASK_VIEW,      /* path */
  RB_MCP_ASK_CLAIM,     /* id; the answer is a message */
  RB_MCP_ASK_REPORT,    /* message, state, text */
  RB_MCP_ASK_FAIL,      /* message, reason_code, text, retryable */
  RB_MCP_ASK_REPLY,     /* message, text, content_type: of an assignment, or of a direct message */
  RB_MCP_ASK_SETTLE,    /* id */
  RB_MCP_ASK_SEND,      /* id (the address), text, content_type, metadata */
  RB_MCP_ASK_HISTORY,   /* id (the conversation), limit, before, after */
} RbMcpAskKind;

/* Strings are owned; what the kind does not name is not looked at, and may be NULL. */
typedef struct {
  RbMcpAskKind     kind;
  char            *path;
  char            *id;
  RbClientMessage *message;
  RbClientState    state;
  gboolean         retryable;
  char            *reason_code;
  char            *text;
  char            *content_type;
  char            *metadata;      /* JSON text */
  guint            limit;
  char            *before;
  char            *after;
} RbMcpAsk;

RbMcpAsk        *rb_mcp_ask_new              (RbMcpAskKind           kind);
void             rb_mcp_ask_free             (RbMcpAsk              *self);

/* @self: lives until the callback. */
void             rb_mcp_ask_run_async        (const RbMcpAsk        *self,
                                              RbClient              *client,
                                              RbClientEndpoint      *endpoint,
                                              GCancellable          *cancellable,
                                              GAsyncReadyCallback    callback,
                                              gpointer               user_data);
/* The answer's JSON; @message: (out) (optional): of a claim, which has no JSON but {} */
GBytes          *rb_mcp_ask_run_finish       (GAsyncResult          *result,
                                              RbClientMessage      **message,
                                              GError               **error);

G_END_DECLS
