/* rb-mcp-batch.h: the answers to what came in one array, until all are there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-rpc.h"
#include "rb-mcp-stdio.h"

G_BEGIN_DECLS

typedef struct _RbMcpBatch RbMcpBatch;

/* One reference for each request that may be answered, and one for who takes the array apart. The last one writes. */
RbMcpBatch *rb_mcp_batch_new   (RbMcpStdio       *stdio);
RbMcpBatch *rb_mcp_batch_ref   (RbMcpBatch       *self);
void        rb_mcp_batch_unref (RbMcpBatch       *self);
/* @written: (nullable) */
void        rb_mcp_batch_add   (RbMcpBatch       *self,
                                GBytes           *frame,
                                RbMcpWrittenFunc  written,
                                gpointer          user_data);

G_END_DECLS
