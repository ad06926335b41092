/* rb-mcp-rpc.h: JSON-RPC 2.0 as MCP speaks it: one message, read or written (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"

G_BEGIN_DECLS

/* Codes of the protocol; what the broker refuses is no fault of it, and answered as the result of a tool. */
typedef enum {
  RB_MCP_PARSE_ERROR = -32700,
  RB_MCP_INVALID_REQUEST = -32600,
  RB_MCP_METHOD_NOT_FOUND = -32601,
  RB_MCP_INVALID_PARAMS = -32602,
  RB_MCP_INTERNAL_ERROR = -32603,
  RB_MCP_RESOURCE_NOT_FOUND = -32002,
} RbMcpCode;

typedef enum {
  RB_MCP_REQUEST,
  RB_MCP_NOTIFICATION,
  RB_MCP_RESPONSE,        /* we ask nothing: it answers nobody */
} RbMcpKind;

typedef struct {
  RbMcpKind  kind;
  GBytes    *id;          /* (nullable) text of a JSON string or integer, as it came */
  char      *method;      /* (nullable) of a response */
  RbJson    *params;      /* (nullable) an object */
} RbMcpMessage;

/* What is answered to something that is no message. */
typedef struct {
  RbMcpCode   code;
  const char *text;       /* static */
  GBytes     *id;         /* (nullable) where one could be read */
} RbMcpFault;

void          rb_mcp_fault_clear         (RbMcpFault   *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbMcpFault, rb_mcp_fault_clear)

/* @value: of any type. NULL: @fault is filled. */
RbMcpMessage *rb_mcp_message_parse       (const RbJson *value,
                                          RbMcpFault   *fault);
void          rb_mcp_message_free        (RbMcpMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpMessage, rb_mcp_message_free)

/* The text of one frame, which is one line without its end. @id: (nullable): null. */
GBytes       *rb_mcp_frame_result        (GBytes       *id,
                                          GBytes       *result);
GBytes       *rb_mcp_frame_error         (GBytes       *id,
                                          RbMcpCode     code,
                                          const char   *text);
GBytes       *rb_mcp_frame_notification  (const char   *method,
                                          GBytes       *params);
/* @frames: of GBytes; the answer to a batch */
GBytes       *rb_mcp_frame_batch         (GPtrArray    *frames);

G_END_DECLS
