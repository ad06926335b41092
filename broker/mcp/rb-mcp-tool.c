/* rb-mcp-tool.c: what a tool is: a row with its schema, and a function; and one call of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-tool.h"

#include "rb-error.h"
#include "rb-mcp-result.h"

void
rb_mcp_tool_write (const RbMcpTool *self,
                   RbJsonWriter    *writer)
{
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "name", self->name);
  rb_json_writer_string (writer, "title", self->title);
  rb_json_writer_string (writer, "description", self->text);
  rb_mcp_fields_write_schema (self->takes, TRUE, "inputSchema", writer);
  rb_mcp_fields_write_schema (self->gives, FALSE, "outputSchema", writer);
  rb_json_writer_begin_object (writer, "annotations");
  rb_json_writer_string (writer, "title", self->title);
  rb_json_writer_boolean (writer, "readOnlyHint", (self->hints & RB_MCP_HINT_READ_ONLY) != 0);
  rb_json_writer_boolean (writer, "destructiveHint", (self->hints & RB_MCP_HINT_DESTRUCTIVE) != 0);
  rb_json_writer_boolean (writer, "idempotentHint", (self->hints & RB_MCP_HINT_IDEMPOTENT) != 0);
  rb_json_writer_boolean (writer, "openWorldHint", (self->hints & RB_MCP_HINT_OPEN_WORLD) != 0);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
}

RbMcpTask *
rb_mcp_task_new (RbMcpAgent *agent,
                 RbMcpWaits *waits,
                 RbMcpCall  *call,
                 RbJson     *arguments)
{
  RbMcpTask *self = g_new0 (RbMcpTask, 1);

  self->agent = g_object_ref (agent);
  self->waits = waits;
  self->call = rb_mcp_call_ref (call);
  self->arguments = rb_json_ref (arguments);
  return self;
}

void
rb_mcp_task_free (RbMcpTask *self)
{
  g_object_unref (self->agent);
  rb_mcp_call_unref (self->call);
  rb_json_unref (self->arguments);
  g_free (self->id);
  g_free (self);
}

char *
rb_mcp_task_dup (RbMcpTask  *self,
                 const char *name)
{
  return rb_json_peek_string (self->arguments, name);
}

gint64
rb_mcp_task_get_int (RbMcpTask  *self,
                     const char *name,
                     gint64      fallback)
{
  gint64 value = fallback;

  rb_json_get_optional_int (self->arguments, name, fallback, &value, NULL);
  return value;
}

gboolean
rb_mcp_task_get_bool (RbMcpTask  *self,
                      const char *name,
                      gboolean    fallback)
{
  gboolean value = fallback;

  rb_json_get_optional_boolean (self->arguments, name, fallback, &value, NULL);
  return value;
}

RbMcpEntry *
rb_mcp_task_find (RbMcpTask *self)
{
  g_autofree char *id = rb_mcp_task_dup (self, "message_id");
  RbMcpDesk *desk = rb_mcp_agent_get_desk (self->agent);
  GError *error = NULL;
  RbMcpEntry *entry;

  rb_mcp_desk_expire (desk, rb_clock_get_monotonic_us (rb_mcp_link_get_clock (rb_mcp_agent_get_link (self->agent))));
  entry = rb_mcp_desk_lookup (desk, id, &error);
  if (entry == NULL)
    {
      rb_mcp_task_fail (self, error);
      return NULL;
    }
  g_free (self->id);
  self->id = g_strdup (entry->id);
  return entry;
}

void
rb_mcp_task_fail (RbMcpTask *self,
                  GError    *error)
{
  g_autoptr(GBytes) result = rb_mcp_result_new_error (error);

  rb_mcp_call_return (self->call, result, NULL, NULL);
  rb_mcp_task_free (self);
  g_error_free (error);
}

void
rb_mcp_task_return (RbMcpTask    *self,
                    RbJsonWriter *writer)
{
  g_autoptr(GBytes) object = rb_json_writer_end (writer);

  rb_mcp_task_return_text (self, object);
}

void
rb_mcp_task_return_text (RbMcpTask *self,
                         GBytes    *object)
{
  g_autoptr(GBytes) result = rb_mcp_result_new (object);

  rb_mcp_call_return (self->call, result, NULL, NULL);
  rb_mcp_task_free (self);
}

void
rb_mcp_task_ask (RbMcpTask           *self,
                 RbMcpAsk            *ask,
                 GAsyncReadyCallback  done)
{
  rb_mcp_link_ask_async (rb_mcp_agent_get_link (self->agent), ask, rb_mcp_call_get_cancellable (self->call), done, self);
}

GBytes *
rb_mcp_task_asked (RbMcpTask       **task,
                   GObject          *source,
                   GAsyncResult     *result,
                   RbClientMessage **message,
                   gpointer          user_data)
{
  GError *error = NULL;
  GBytes *answer = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, message, &error);

  *task = answer != NULL ? user_data : NULL;
  if (answer == NULL)
    rb_mcp_task_fail (user_data, error);
  return answer;
}
