/* rb-mcp-stdio.h: lines in, lines out: the transport of MCP between a host and its server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A longer line is dropped as it comes and answered as unreadable; the next one is read again. */
#define RB_MCP_LINE_MAX (4 * 1024 * 1024)
/* While more than this waits to be read by the host, nothing is read from it, and what it did not ask for is not said. */
#define RB_MCP_QUEUE_MAX (16 * 1024 * 1024)

typedef struct {
  /* @line: (nullable): it was too long */
  void (*line)  (GBytes *line, gpointer user_data);
  /* The host has gone; once. */
  void (*ended) (const char *why, gpointer user_data);
} RbMcpStdioFuncs;

/* @written: the host's pipe has all of it; else it went before. Called once for each frame, never from within rb_mcp_stdio_write(). */
typedef void (*RbMcpWrittenFunc) (gboolean written, gpointer user_data);

typedef struct _RbMcpStdio RbMcpStdio;

/* @output: does not block, or all stands still until the host has read. */
RbMcpStdio *rb_mcp_stdio_new      (GInputStream          *input,
                                   GOutputStream         *output,
                                   const RbMcpStdioFuncs *funcs,
                                   gpointer               user_data);
/* What is not written yet is not written any more; no function is called after it but those of such frames. */
void        rb_mcp_stdio_free     (RbMcpStdio            *self);
void        rb_mcp_stdio_start    (RbMcpStdio            *self);
/* @done: (nullable) */
void        rb_mcp_stdio_write    (RbMcpStdio            *self,
                                   GBytes                *frame,
                                   RbMcpWrittenFunc       done,
                                   gpointer               user_data);
gboolean    rb_mcp_stdio_is_full  (RbMcpStdio            *self);
gboolean    rb_mcp_stdio_is_idle  (RbMcpStdio            *self);

G_END_DECLS
