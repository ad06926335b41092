/* rb-claimed.c: what the upstream answered to a claim
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimed.h"

#include "rb-json.h"

#include <string.h>

void
rb_claimed_free (RbClaimed *self)
{
  g_free (self->undispatched_id);
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_free (self->token);
  g_clear_pointer (&self->target, rb_target_free);
  g_free (self->message_source);
  g_clear_pointer (&self->envelope, rb_envelope_unref);
  g_free (self);
}

/* FALSE for a metadata that is there and no JSON object; {} stands for one that is absent. */
static gboolean
read_metadata (GVariant  *message,
               GBytes   **metadata)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (message, "metadata", NULL);
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) json = NULL;
  const char *data;

  if (value == NULL)
    {
      *metadata = g_bytes_new_static ("{}", 2);
      return TRUE;
    }
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return FALSE;

  data = g_variant_get_string (value, NULL);
  text = g_bytes_new (data, strlen (data));
  json = rb_json_parse_object (text, 0, NULL);
  if (json == NULL)
    return FALSE;
  *metadata = g_bytes_ref (rb_json_get_text (json));
  return TRUE;
}

static gboolean
read_message (RbClaimed *self,
              GVariant  *answer)
{
  g_autoptr(GVariant) message = g_variant_lookup_value (answer, "message", G_VARIANT_TYPE_VARDICT);
  const char *from, *content, *content_type;
  g_autoptr(GBytes) metadata = NULL;
  g_autoptr(GBytes) slice = NULL;

  if (message == NULL || !g_variant_lookup (message, "from", "&s", &from) || !g_variant_lookup (message, "content", "&s", &content) ||
      !g_variant_lookup (message, "contentType", "&s", &content_type) ||
      !g_variant_lookup (message, "sourceMessageId", "s", &self->message_source) || !read_metadata (message, &metadata))
    return FALSE;

  slice = rb_json_slice_from_string (content);
  self->envelope = rb_envelope_new (self->source_message_id, from, NULL, slice, content_type, metadata);
  return TRUE;
}

static gboolean
read_time (GVariant *answer,
           gint64   *time)
{
  double number;

  if (g_variant_lookup (answer, "assigned_at", "x", time))
    return TRUE;
  if (!g_variant_lookup (answer, "assigned_at", "d", &number) || !(number > -1e15 && number < 1e15))
    return FALSE;
  *time = (gint64) number;
  return TRUE;
}

RbClaimed *
rb_claimed_from_pieces (GVariant *answer)
{
  g_autoptr(RbClaimed) self = g_new0 (RbClaimed, 1);
  g_autoptr(GVariant) target = NULL;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE_VARDICT))
    return NULL;

  target = g_variant_lookup_value (answer, "target_ref", NULL);
  self->target = rb_target_from_variant (target, NULL);
  if (self->target == NULL || !g_variant_lookup (answer, "undispatched_id", "s", &self->undispatched_id) ||
      !g_variant_lookup (answer, "source_message_id", "s", &self->source_message_id) ||
      !g_variant_lookup (answer, "assignment_id", "s", &self->assignment_id) ||
      !g_variant_lookup (answer, "broker_projection_token", "s", &self->token))
    return NULL;
  return g_steal_pointer (&self);
}

RbClaimed *
rb_claimed_from_answer (GVariant *answer)
{
  g_autoptr(RbClaimed) self = rb_claimed_from_pieces (answer);

  if (self == NULL || !read_time (answer, &self->assigned_at) || !read_message (self, answer))
    return NULL;
  return g_steal_pointer (&self);
}
