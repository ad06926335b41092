/* rb-mcp-tool.h: what a tool is: a row with its schema, and a function; and one call of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-mcp-field.h"
#include "rb-mcp-wait.h"

G_BEGIN_DECLS

/* What the host may conclude before it lets a model call it. */
typedef enum {
  RB_MCP_HINT_NONE        = 0,
  RB_MCP_HINT_READ_ONLY   = 1 << 0,
  RB_MCP_HINT_DESTRUCTIVE = 1 << 1,
  RB_MCP_HINT_IDEMPOTENT  = 1 << 2,   /* the same call again changes nothing more */
  RB_MCP_HINT_OPEN_WORLD  = 1 << 3,   /* it reaches others */
} RbMcpHints;

typedef struct _RbMcpTask RbMcpTask;
typedef void (*RbMcpToolFunc) (RbMcpTask *task);

typedef struct {
  const char       *name;
  const char       *title;
  const char       *text;       /* for the model */
  const RbMcpField *takes;
  const RbMcpField *gives;
  RbMcpHints        hints;
  RbMcpToolFunc     run;        /* owns the task */
} RbMcpTool;

/* NULL: there are no more. */
const RbMcpTool *rb_mcp_tools_get_nth (guint         i);
const RbMcpTool *rb_mcp_tools_find  (const char      *name);
void             rb_mcp_tool_write  (const RbMcpTool *self,
                                     RbJsonWriter    *writer);

/* One call. Its arguments were checked. Whoever has the task ends it with one of the functions below. */
struct _RbMcpTask {
  RbMcpAgent *agent;
  RbMcpWaits *waits;
  RbMcpCall  *call;
  RbJson     *arguments;
  char       *id;          /* (nullable) of the entry that it is about, which may have gone meanwhile; or the reference of what it sends */
  const char *outcome;     /* (nullable) static: how the entry ends, when the broker agrees */
  void      (*then)        (RbMcpTask *task, RbMcpEntry *entry);   /* (nullable) when the entry is accepted */
  gboolean    needs_work;  /* for that, an entry that is no work will not do */
};

RbMcpTask *rb_mcp_task_new        (RbMcpAgent *agent,
                                   RbMcpWaits *waits,
                                   RbMcpCall  *call,
                                   RbJson     *arguments);
void       rb_mcp_task_free       (RbMcpTask  *self);
/* The argument; NULL when it is not given. */
char      *rb_mcp_task_dup        (RbMcpTask  *self,
                                   const char *name);
gint64     rb_mcp_task_get_int    (RbMcpTask  *self,
                                   const char *name,
                                   gint64      fallback);
gboolean   rb_mcp_task_get_bool   (RbMcpTask  *self,
                                   const char *name,
                                   gboolean    fallback);
/* The entry that "message_id" names, which the task is about from now on. NULL: the task was failed. */
RbMcpEntry *rb_mcp_task_find      (RbMcpTask  *self);

/* These end the task. @error: (transfer full). @object: of the writer, freed. */
void       rb_mcp_task_fail       (RbMcpTask    *self,
                                   GError       *error);
void       rb_mcp_task_return     (RbMcpTask    *self,
                                   RbJsonWriter *object);
/* @object: the text of one */
void       rb_mcp_task_return_text (RbMcpTask   *self,
                                    GBytes      *object);
/* Asks the broker; @done calls rb_mcp_task_asked(). */
void       rb_mcp_task_ask        (RbMcpTask           *self,
                                   RbMcpAsk            *ask,
                                   GAsyncReadyCallback  done);
/* The answer, with @task (out) ours again; NULL: it failed, and has ended. */
GBytes    *rb_mcp_task_asked      (RbMcpTask       **task,
                                   GObject          *source,
                                   GAsyncResult     *result,
                                   RbClientMessage **message,
                                   gpointer          user_data);

/* The rows, each at the end of its file. */
extern const RbMcpTool rb_mcp_tool_list_inbox, rb_mcp_tool_claim, rb_mcp_tool_wait;
extern const RbMcpTool rb_mcp_tool_accept, rb_mcp_tool_release, rb_mcp_tool_reply, rb_mcp_tool_progress, rb_mcp_tool_fail, rb_mcp_tool_settle;
extern const RbMcpTool rb_mcp_tool_send;
extern const RbMcpTool rb_mcp_tool_read, rb_mcp_tool_explain, rb_mcp_tool_search, rb_mcp_tool_history, rb_mcp_tool_endpoints, rb_mcp_tool_who;

G_END_DECLS
