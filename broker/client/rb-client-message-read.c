/* rb-client-message-read.c: a message as the broker writes it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-message-private.h"

#include "rb-error.h"

/* TRUE with *@object NULL when the member is absent. */
static gboolean
open_object (const RbJson *frame,
             const char   *name,
             RbJson      **object,
             GError      **error)
{
  RbJsonType type = rb_json_get_member_type (frame, name);

  if (type == RB_JSON_ABSENT || type == RB_JSON_NULL)
    return TRUE;
  if (type != RB_JSON_OBJECT)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' must be an object", name);
      return FALSE;
    }
  *object = rb_json_open (frame, name, error);
  return *object != NULL;
}

static gboolean
read_target (RbClientAssignment *assignment,
             const RbJson       *context,
             GError            **error)
{
  g_autoptr(RbJson) target = NULL;

  if (!open_object (context, "targetRef", &target, error))
    return FALSE;
  if (target == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'targetRef' must be an object");
      return FALSE;
    }
  assignment->target = rb_target_from_json (target, error);
  return assignment->target != NULL;
}

static gboolean
read_assignment (RbClientMessage *self,
                 const RbJson    *frame,
                 GError         **error)
{
  RbClientAssignment *assignment;
  g_autoptr(RbJson) context = NULL;

  if (!open_object (frame, "runtimeAssignment", &context, error))
    return FALSE;
  if (context == NULL)
    return TRUE;

  self->assignment = assignment = g_new0 (RbClientAssignment, 1);
  assignment->reply_correlation_id = rb_json_peek_string (context, "replyCorrelationId");
  assignment->original_trace_id = rb_json_peek_string (context, "originalTraceId");
  assignment->delivery_intent = rb_json_peek_string (context, "deliveryIntent");
  assignment->undispatched_id = rb_json_dup_string (context, "undispatchedId", error);
  if (assignment->undispatched_id == NULL)
    return FALSE;
  assignment->source_message_id = rb_json_dup_string (context, "sourceMessageId", error);
  if (assignment->source_message_id == NULL)
    return FALSE;
  assignment->assignment_id = rb_json_dup_string (context, "assignmentId", error);
  if (assignment->assignment_id == NULL)
    return FALSE;
  return read_target (assignment, context, error);
}

static gboolean
read_content (RbClientMessage *self,
              const RbJson    *frame,
              GError         **error)
{
  g_autoptr(GBytes) slice = rb_json_dup_slice (frame, "content");
  g_autoptr(GBytes) empty = NULL;

  if (rb_json_get_member_type (frame, "content") != RB_JSON_STRING)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'content' must be a string");
      return FALSE;
    }
  self->content = rb_json_slice_preview (slice, G_MAXUINT);

  if (!open_object (frame, "metadata", &self->metadata, error))
    return FALSE;
  if (self->metadata != NULL)
    return TRUE;
  empty = g_bytes_new_static ("{}", 2);
  self->metadata = rb_json_parse_object (empty, 0, error);
  return self->metadata != NULL;
}

RbClientMessage *
rb_client_message_from_json (const RbJson *frame,
                             GError      **error)
{
  g_autoptr(RbClientMessage) self = g_object_new (RB_TYPE_CLIENT_MESSAGE, NULL);

  self->from = rb_json_dup_string (frame, "from", error);
  if (self->from == NULL)
    return NULL;
  if (!rb_json_get_optional_string (frame, "contentType", &self->content_type, error)
      || !rb_json_get_optional_string (frame, "sourceMessageId", &self->source_message_id, error))
    return NULL;
  if (self->content_type == NULL)
    self->content_type = g_strdup ("text");
  self->push_id = rb_json_peek_string (frame, "push_id");
  self->endpoint_id = rb_json_peek_string (frame, "endpoint_id");

  if (!read_content (self, frame, error) || !read_assignment (self, frame, error))
    return NULL;
  if (self->endpoint_id == NULL && self->assignment != NULL)
    self->endpoint_id = g_strdup (self->assignment->target->endpoint_id);
  if (self->endpoint_id == NULL)
    self->endpoint_id = rb_client_message_dup_metadata_member (self, "target_endpoint_id");
  return g_steal_pointer (&self);
}

/* @members: more members, as JSON. */
static RbClientMessage *
read_message (const RbJson  *object,
              const char    *members,
              GError       **error)
{
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GBytes) message = NULL;
  g_autoptr(GBytes) whole = NULL;

  if (rb_json_get_member_type (object, "message") != RB_JSON_OBJECT)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'message' must be an object");
      return NULL;
    }
  message = rb_json_dup_slice (object, "message");
  whole = rb_json_object_edit (message, NULL, members);
  json = rb_json_parse_object (whole, 0, error);
  return json != NULL ? rb_client_message_from_json (json, error) : NULL;
}

RbClientMessage *
rb_client_message_from_claim (const RbJson  *answer,
                              GError       **error)
{
  g_autoptr(GBytes) assignment = NULL;
  g_autofree char *members = NULL;

  if (rb_json_get_member_type (answer, "assignment") != RB_JSON_OBJECT)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'assignment' must be an object");
      return NULL;
    }
  assignment = rb_json_dup_slice (answer, "assignment");
  members = g_strdup_printf ("\"runtimeAssignment\":%.*s", (int) g_bytes_get_size (assignment),
                             (const char *) g_bytes_get_data (assignment, NULL));
  return read_message (answer, members, error);
}

RbClientMessage *
rb_client_message_from_staged (const RbJson  *item,
                               GError       **error)
{
  g_autoptr(RbClientMessage) self = read_message (item, NULL, error);
  RbClientAssignment *assignment;

  if (self == NULL)
    return NULL;

  self->assignment = assignment = g_new0 (RbClientAssignment, 1);
  g_free (self->endpoint_id);
  self->endpoint_id = rb_json_peek_string (item, "endpoint_id");
  assignment->undispatched_id = rb_json_dup_string (item, "undispatched_id", error);
  if (assignment->undispatched_id == NULL)
    return NULL;
  assignment->source_message_id = rb_json_dup_string (item, "source_message_id", error);
  if (assignment->source_message_id == NULL)
    return NULL;
  assignment->assignment_id = rb_json_dup_string (item, "assignment_id", error);
  return assignment->assignment_id != NULL ? g_steal_pointer (&self) : NULL;
}
