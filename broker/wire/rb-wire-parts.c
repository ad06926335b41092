/* rb-wire-parts.c: what frames and answers have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-wire-parts.h"

void
rb_wire_write_assignment (RbJsonWriter              *writer,
                          const char                *name,
                          const RbAssignmentContext *assignment)
{
  rb_json_writer_begin_object (writer, name);
  rb_json_writer_string (writer, "undispatchedId", assignment->undispatched_id);
  rb_json_writer_string (writer, "sourceMessageId", assignment->source_message_id);
  rb_json_writer_string (writer, "assignmentId", assignment->assignment_id);
  rb_target_write (assignment->target, writer, "targetRef");
  rb_json_writer_string (writer, "deliveryIntent", "external_handoff");
  rb_json_writer_string (writer, "replyCorrelationId", assignment->reply_correlation_id);
  rb_json_writer_string (writer, "originalTraceId", assignment->original_trace_id);
  rb_json_writer_end_object (writer);
}

void
rb_wire_write_content (RbJsonWriter     *writer,
                       const RbEnvelope *envelope)
{
  const char *type = rb_envelope_get_content_type (envelope);

  rb_json_writer_string (writer, "from", rb_envelope_get_from (envelope));
  rb_json_writer_slice (writer, "content", rb_envelope_get_content (envelope));
  rb_json_writer_string (writer, "contentType", type != NULL ? type : "text");
}

void
rb_wire_write_envelope (RbJsonWriter     *writer,
                        const RbEnvelope *envelope)
{
  GBytes *metadata = rb_envelope_get_metadata (envelope);

  rb_wire_write_content (writer, envelope);
  if (metadata != NULL)
    {
      rb_json_writer_slice (writer, "metadata", metadata);
      return;
    }
  rb_json_writer_begin_object (writer, "metadata");
  rb_json_writer_end_object (writer);
}
