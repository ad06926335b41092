/* rb-mcp-rpc.c: JSON-RPC 2.0 as MCP speaks it: one message, read or written (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-rpc.h"

#include "rb-json-writer.h"

#include <string.h>

void
rb_mcp_fault_clear (RbMcpFault *self)
{
  g_clear_pointer (&self->id, g_bytes_unref);
}

static RbMcpMessage *
refuse (RbMcpFault *fault,
        RbMcpCode   code,
        const char *text,
        GBytes     *id)
{
  *fault = (RbMcpFault) { .code = code, .text = text, .id = id != NULL ? g_bytes_ref (id) : NULL };
  return NULL;
}

/* MCP takes strings and integers, and no null. */
static GBytes *
dup_id (const RbJson *value)
{
  RbJsonType type = rb_json_get_member_type (value, "id");
  gint64 number;

  if (type == RB_JSON_STRING || (type == RB_JSON_NUMBER && rb_json_get_int (value, "id", &number, NULL)))
    return rb_json_dup_slice (value, "id");
  return NULL;
}

static RbMcpMessage *
make_message (const RbJson *value,
              RbMcpKind     kind,
              GBytes       *id,
              char         *method)
{
  RbMcpMessage *self = g_new0 (RbMcpMessage, 1);

  self->kind = kind;
  self->id = id != NULL ? g_bytes_ref (id) : NULL;
  self->method = method;
  if (rb_json_get_member_type (value, "params") == RB_JSON_OBJECT)
    self->params = rb_json_open (value, "params", NULL);
  return self;
}

static gboolean
is_response (const RbJson *value)
{
  return rb_json_get_member_type (value, "method") == RB_JSON_ABSENT &&
         (rb_json_get_member_type (value, "result") != RB_JSON_ABSENT || rb_json_get_member_type (value, "error") != RB_JSON_ABSENT);
}

RbMcpMessage *
rb_mcp_message_parse (const RbJson *value,
                      RbMcpFault   *fault)
{
  g_autofree char *version = NULL;
  g_autofree char *method = NULL;
  g_autoptr(GBytes) id = NULL;
  RbJsonType params;

  if (rb_json_get_root_type (value) != RB_JSON_OBJECT)
    return refuse (fault, RB_MCP_INVALID_REQUEST, "a message must be an object", NULL);
  id = dup_id (value);
  version = rb_json_peek_string (value, "jsonrpc");
  if (g_strcmp0 (version, "2.0") != 0)
    return refuse (fault, RB_MCP_INVALID_REQUEST, "'jsonrpc' must be \"2.0\"", id);
  if (is_response (value))
    return make_message (value, RB_MCP_RESPONSE, id, NULL);

  method = rb_json_peek_string (value, "method");
  if (method == NULL)
    return refuse (fault, RB_MCP_INVALID_REQUEST, "'method' must be a string", id);
  if (id == NULL && rb_json_get_member_type (value, "id") != RB_JSON_ABSENT)
    return refuse (fault, RB_MCP_INVALID_REQUEST, "'id' must be a string or an integer", NULL);
  params = rb_json_get_member_type (value, "params");
  if (params != RB_JSON_ABSENT && params != RB_JSON_OBJECT)
    return refuse (fault, RB_MCP_INVALID_PARAMS, "'params' must be an object", id);
  return make_message (value, id != NULL ? RB_MCP_REQUEST : RB_MCP_NOTIFICATION, id, g_steal_pointer (&method));
}

void
rb_mcp_message_free (RbMcpMessage *self)
{
  g_clear_pointer (&self->id, g_bytes_unref);
  g_clear_pointer (&self->params, rb_json_unref);
  g_free (self->method);
  g_free (self);
}

/* A frame is one line. Slices travel as they came, and between their tokens there may be line ends; within a string JSON allows none. */
static GBytes *
to_line (RbJsonWriter *writer)
{
  char *text = rb_json_writer_end_text (writer);

  for (char *c = text; (c = strpbrk (c, "\n\r")) != NULL; c++)
    *c = ' ';
  return g_bytes_new_take (text, strlen (text));
}

static RbJsonWriter *
begin_frame (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "jsonrpc", "2.0");
  return writer;
}

GBytes *
rb_mcp_frame_result (GBytes *id,
                     GBytes *result)
{
  RbJsonWriter *writer = begin_frame ();

  rb_json_writer_slice (writer, "id", id);
  rb_json_writer_slice (writer, "result", result);
  rb_json_writer_end_object (writer);
  return to_line (writer);
}

GBytes *
rb_mcp_frame_error (GBytes     *id,
                    RbMcpCode   code,
                    const char *text)
{
  RbJsonWriter *writer = begin_frame ();

  if (id != NULL)
    rb_json_writer_slice (writer, "id", id);
  else
    rb_json_writer_null (writer, "id");
  rb_json_writer_begin_object (writer, "error");
  rb_json_writer_int (writer, "code", code);
  rb_json_writer_string (writer, "message", text);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  return to_line (writer);
}

GBytes *
rb_mcp_frame_notification (const char *method,
                           GBytes     *params)
{
  RbJsonWriter *writer = begin_frame ();

  rb_json_writer_string (writer, "method", method);
  rb_json_writer_slice (writer, "params", params);
  rb_json_writer_end_object (writer);
  return to_line (writer);
}

GBytes *
rb_mcp_frame_batch (GPtrArray *frames)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_array (writer, NULL);
  for (guint i = 0; i < frames->len; i++)
    rb_json_writer_slice (writer, NULL, g_ptr_array_index (frames, i));
  rb_json_writer_end_array (writer);
  return to_line (writer);
}
