/* rb-mcp-call.c: one request of the host, until it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-call.h"

#include "rb-json-writer.h"

struct _RbMcpCall {
  grefcount        ref_count;
  GBytes          *id;
  RbJson          *params;           /* (nullable) */
  GBytes          *progress_token;   /* (nullable) */
  GCancellable    *cancellable;
  gboolean         is_over;
  RbMcpAnswerFunc  answer;
  RbMcpNotifyFunc  notify;
  gpointer         user_data;
};

static GBytes *
dup_progress_token (RbJson *params)
{
  g_autoptr(RbJson) meta = params != NULL ? rb_json_open (params, "_meta", NULL) : NULL;
  RbJsonType type = meta != NULL && rb_json_get_root_type (meta) == RB_JSON_OBJECT ? rb_json_get_member_type (meta, "progressToken") : RB_JSON_ABSENT;

  return type == RB_JSON_STRING || type == RB_JSON_NUMBER ? rb_json_dup_slice (meta, "progressToken") : NULL;
}

RbMcpCall *
rb_mcp_call_new (GBytes          *id,
                 RbJson          *params,
                 RbMcpAnswerFunc  answer,
                 RbMcpNotifyFunc  notify,
                 gpointer         user_data)
{
  RbMcpCall *self = g_new0 (RbMcpCall, 1);

  g_ref_count_init (&self->ref_count);
  self->id = g_bytes_ref (id);
  self->params = params != NULL ? rb_json_ref (params) : NULL;
  self->progress_token = dup_progress_token (params);
  self->cancellable = g_cancellable_new ();
  self->answer = answer;
  self->notify = notify;
  self->user_data = user_data;
  return self;
}

RbMcpCall *
rb_mcp_call_ref (RbMcpCall *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_mcp_call_unref (RbMcpCall *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  if (!self->is_over)
    {
      g_ref_count_init (&self->ref_count);
      rb_mcp_call_fail (self, RB_MCP_INTERNAL_ERROR, "the request was forgotten");
    }
  g_bytes_unref (self->id);
  g_clear_pointer (&self->params, rb_json_unref);
  g_clear_pointer (&self->progress_token, g_bytes_unref);
  g_object_unref (self->cancellable);
  g_free (self);
}

GBytes *
rb_mcp_call_get_id (RbMcpCall *self)
{
  return self->id;
}

RbJson *
rb_mcp_call_get_params (RbMcpCall *self)
{
  return self->params;
}

GCancellable *
rb_mcp_call_get_cancellable (RbMcpCall *self)
{
  return self->cancellable;
}

gboolean
rb_mcp_call_is_over (RbMcpCall *self)
{
  return self->is_over;
}

gboolean
rb_mcp_call_wants_progress (RbMcpCall *self)
{
  return self->progress_token != NULL && !self->is_over;
}

void
rb_mcp_call_return (RbMcpCall        *self,
                    GBytes           *result,
                    RbMcpWrittenFunc  written,
                    gpointer          user_data)
{
  g_autoptr(GBytes) frame = NULL;

  if (self->is_over)
    {
      if (written != NULL)
        written (FALSE, user_data);
      return;
    }
  self->is_over = TRUE;
  frame = rb_mcp_frame_result (self->id, result);
  self->answer (self, frame, written, user_data, self->user_data);
}

void
rb_mcp_call_fail (RbMcpCall  *self,
                  RbMcpCode   code,
                  const char *text)
{
  g_autoptr(GBytes) frame = NULL;

  if (self->is_over)
    return;
  self->is_over = TRUE;
  frame = rb_mcp_frame_error (self->id, code, text);
  self->answer (self, frame, NULL, NULL, self->user_data);
}

void
rb_mcp_call_note_progress (RbMcpCall  *self,
                           double      progress,
                           double      total,
                           const char *text)
{
  RbJsonWriter *writer;
  g_autoptr(GBytes) params = NULL;

  if (!rb_mcp_call_wants_progress (self))
    return;
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_slice (writer, "progressToken", self->progress_token);
  rb_json_writer_double (writer, "progress", progress);
  if (total > 0)
    rb_json_writer_double (writer, "total", total);
  rb_json_writer_string (writer, "message", text);
  rb_json_writer_end_object (writer);
  params = rb_json_writer_end (writer);
  self->notify ("notifications/progress", params, self->user_data);
}

void
rb_mcp_call_end (RbMcpCall *self)
{
  self->is_over = TRUE;
  g_cancellable_cancel (self->cancellable);
}
