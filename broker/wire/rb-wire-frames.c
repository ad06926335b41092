/* rb-wire-frames.c: what travels on a channel, both ways
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-wire-frames.h"

#include "rb-json-writer.h"
#include "rb-json.h"
#include "rb-wire-parts.h"

#include <string.h>

GBytes *
rb_wire_frame_push (const RbPush *push)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", "message_received");
  rb_json_writer_string (writer, "push_id", push->push_id);
  rb_json_writer_string (writer, "endpoint_id", push->endpoint_id);
  rb_wire_write_envelope (writer, push->envelope);
  rb_json_writer_string (writer, "sourceMessageId", push->source_message_id);
  if (push->assignment != NULL)
    rb_wire_write_assignment (writer, "runtimeAssignment", push->assignment);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

GBytes *
rb_wire_frame_presence (const char *presence,
                        const char *reason)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", "presence_changed");
  rb_json_writer_string (writer, "presence", presence);
  rb_json_writer_string (writer, "reason", reason);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

GBytes *
rb_wire_frame_response (const char *id,
                        guint       status,
                        GBytes     *body)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", "response");
  rb_json_writer_string (writer, "id", id);
  rb_json_writer_int (writer, "status", status);
  rb_json_writer_slice (writer, "body", body);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static void
parse_push_ack (const RbJson *json,
                RbWireFrame  *frame)
{
  frame->id = rb_json_peek_string (json, "push_id");
  if (frame->id != NULL)
    frame->kind = RB_WIRE_FRAME_PUSH_ACK;
}

/* Without an id nobody could be answered. */
static void
parse_request (const RbJson *json,
               RbWireFrame  *frame)
{
  RbJsonType body = rb_json_get_member_type (json, "body");

  frame->id = rb_json_peek_string (json, "id");
  if (frame->id == NULL || *frame->id == '\0' || strlen (frame->id) > RB_WIRE_REQUEST_ID_MAX)
    return;

  frame->kind = RB_WIRE_FRAME_REQUEST;
  frame->method = rb_json_peek_string (json, "method");
  frame->target = rb_json_peek_string (json, "path");
  if (body != RB_JSON_ABSENT && body != RB_JSON_NULL)
    frame->body = rb_json_dup_slice (json, "body");
}

void
rb_wire_frame_parse (GBytes      *text,
                     RbWireFrame *frame)
{
  g_autoptr(GBytes) mended = rb_json_mend (text);
  g_autoptr(RbJson) json = NULL;
  g_autofree char *event = NULL;

  *frame = (RbWireFrame) { .kind = RB_WIRE_FRAME_OTHER };

  json = rb_json_parse_object (mended, 0, NULL);
  if (json == NULL)
    return;

  event = rb_json_peek_string (json, "event");
  if (g_strcmp0 (event, "push_ack") == 0)
    parse_push_ack (json, frame);
  else if (g_strcmp0 (event, "request") == 0)
    parse_request (json, frame);
}

void
rb_wire_frame_clear (RbWireFrame *frame)
{
  g_clear_pointer (&frame->id, g_free);
  g_clear_pointer (&frame->method, g_free);
  g_clear_pointer (&frame->target, g_free);
  g_clear_pointer (&frame->body, g_bytes_unref);
  frame->kind = RB_WIRE_FRAME_OTHER;
}
