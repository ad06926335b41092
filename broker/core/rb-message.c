/* rb-message.c: one message that arrived, and the one place where it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-message.h"

#include "rb-json.h"
#include "rb-network.h"

#include <string.h>

static const char *const place_names[] = {
  [RB_PLACE_QUEUE] = "queue",
  [RB_PLACE_INBOX] = "inbox",
  [RB_PLACE_HELD] = "held",
  [RB_PLACE_ASSIGNMENT] = "assignment",
  [RB_PLACE_ENDED] = "ended",
};

const char *
rb_place_to_string (RbPlace place)
{
  return place_names[place];
}

gboolean
rb_place_from_string (const char *text,
                      RbPlace    *place)
{
  for (size_t i = 0; i < G_N_ELEMENTS (place_names); i++)
    if (strcmp (text, place_names[i]) == 0)
      {
        *place = (RbPlace) i;
        return TRUE;
      }

  return FALSE;
}

static GBytes *
with_traceparent (GBytes        *metadata,
                  const RbTrace *trace)
{
  static const char *const drop[] = { "traceparent", NULL };
  g_autofree char *text = rb_trace_to_string (trace);
  g_autofree char *member = g_strdup_printf ("\"traceparent\":\"%s\"", text);

  return rb_json_object_edit (metadata, drop, member);
}

static RbMessage *
message_alloc (const char *id,
               const char *source_id,
               gint64      arrived_at)
{
  RbMessage *self = g_new0 (RbMessage, 1);

  g_ref_count_init (&self->ref_count);
  self->id = g_strdup (id);
  self->source_id = g_strdup (source_id);
  self->arrived_at = arrived_at;
  self->place = RB_PLACE_ENDED;
  return self;
}

/* A metadata that is no object cannot reach us: connectors hand on what passed a scan, and {} for everything else. */
static char *
read_metadata (RbMessage  *self,
               RbEnvelope *envelope)
{
  g_autoptr(RbJson) metadata = rb_json_parse_object (rb_envelope_get_metadata (envelope), 0, NULL);

  if (metadata == NULL)
    return NULL;

  self->correlation_id = rb_json_peek_string (metadata, "correlation_id");
  self->target_endpoint_id = rb_json_peek_string (metadata, "target_endpoint_id");
  self->source_endpoint_id = rb_json_peek_string (metadata, "source_endpoint_id");
  self->wire_message_id = rb_json_peek_string (metadata, "message_id");
  return rb_json_peek_string (metadata, "traceparent");
}

RbMessage *
rb_message_new (RbEnvelope     *envelope,
                const char     *id,
                gint64          arrived_at,
                const guint8    random[24],
                RbTraceVerdict *verdict)
{
  RbMessage *self = message_alloc (id, rb_envelope_get_id (envelope), arrived_at);
  g_autofree char *traceparent = read_metadata (self, envelope);
  g_autofree char *normal = NULL;

  *verdict = rb_trace_ensure (traceparent, random, &self->trace);
  normal = rb_trace_to_string (&self->trace);
  if (g_strcmp0 (traceparent, normal) == 0)
    self->envelope = rb_envelope_ref (envelope);
  else
    {
      g_autoptr(GBytes) metadata = with_traceparent (rb_envelope_get_metadata (envelope), &self->trace);

      self->envelope = rb_envelope_with_metadata (envelope, metadata);
    }

  return self;
}

void
rb_message_set_network (RbMessage  *self,
                        const char *address)
{
  g_free (self->network);
  self->network = address != NULL ? g_strdup (rb_network_of (address)) : NULL;
}

gboolean
rb_message_is_of (const RbMessage *self,
                  const char      *address)
{
  return rb_network_is_same (self->network, address);
}

RbMessage *
rb_message_ref (RbMessage *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_message_unref (RbMessage *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_free (self->id);
  g_free (self->source_id);
  g_clear_pointer (&self->envelope, rb_envelope_unref);
  g_free (self->correlation_id);
  g_free (self->target_endpoint_id);
  g_free (self->source_endpoint_id);
  g_free (self->wire_message_id);
  g_free (self->network);
  g_free (self->endpoint_id);
  g_clear_pointer (&self->waiting_seqs, g_array_unref);
  g_free (self);
}

void
rb_message_move (RbMessage  *self,
                 RbChanges  *changes,
                 RbPlace     place,
                 const char *endpoint_id,
                 const char *reason,
                 gint64      now)
{
  g_autofree char *endpoint = g_strdup (endpoint_id);   /* may be our own */

  self->place = place;
  g_free (self->endpoint_id);
  self->endpoint_id = g_steal_pointer (&endpoint);
  self->reason = g_intern_string (reason);
  self->since = now;

  rb_changes_put (changes, RB_TABLE_PLACES,
                  g_variant_new ("(ssmsxmsmsx)", self->id, place_names[place], self->endpoint_id, self->position, self->reason,
                                 self->correlation_id, self->since));
  if (place == RB_PLACE_ENDED)
    rb_changes_delete (changes, RB_TABLE_MESSAGES, g_variant_new ("(s)", self->id));
}

static GVariant *
bytes_to_string (GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  char *text = g_strndup (data, size);

  return g_variant_new_take_string (text);
}

void
rb_message_record (RbMessage *self,
                   RbChanges *changes)
{
  GVariant *row;

  row = g_variant_new ("(sms@s@ssxsms)", self->id, self->source_id,
                       bytes_to_string (rb_envelope_get_content (self->envelope)),
                       bytes_to_string (rb_envelope_get_metadata (self->envelope)),
                       rb_envelope_get_content_type (self->envelope), self->arrived_at, rb_envelope_get_from (self->envelope),
                       self->network);
  rb_changes_put (changes, RB_TABLE_MESSAGES, row);
}

void
rb_message_checkpoint (RbMessage  *self,
                       RbChanges  *changes,
                       const char *step,
                       gint64      now,
                       const char *endpoint_id,
                       const char *detail)
{
  rb_message_checkpoint_ruled (self, changes, step, now, endpoint_id, detail, NULL);
}

void
rb_message_checkpoint_ruled (RbMessage  *self,
                             RbChanges  *changes,
                             const char *step,
                             gint64      now,
                             const char *endpoint_id,
                             const char *detail,
                             const char *rule)
{
  if (self->n_checkpoints < RB_MESSAGE_CHECKPOINTS_MAX)
    self->n_checkpoints++;
  else
    rb_changes_set_crowded (changes);
  rb_changes_put (changes, RB_TABLE_CHECKPOINTS,
                  g_variant_new ("(sxsxmsmsms)", self->id, (gint64) self->n_checkpoints, step, now, endpoint_id, detail, rule));
}

RbEnvelope *
rb_message_dup_dispatched (const RbMessage *self)
{
  static const char *const drop[] = { "dispatched_from", "delivery_intent", NULL };
  g_autoptr(GBytes) id = rb_json_slice_from_string (self->id);
  g_autofree char *members = g_strdup_printf ("\"dispatched_from\":%.*s,\"delivery_intent\":\"external_handoff\"",
                                              (int) g_bytes_get_size (id), (const char *) g_bytes_get_data (id, NULL));
  g_autoptr(GBytes) metadata = rb_json_object_edit (rb_envelope_get_metadata (self->envelope), drop, members);

  return rb_envelope_with_metadata (self->envelope, metadata);
}

RbMessage *
rb_message_from_row (GVariant *row)
{
  static const guint8 no_random[24] = { 1, [23] = 1 };
  const char *id, *source_id, *content, *metadata, *content_type, *sender, *network;
  g_autoptr(GBytes) content_bytes = NULL;
  g_autoptr(GBytes) metadata_bytes = NULL;
  g_autofree char *traceparent = NULL;
  RbMessage *self;
  gint64 arrived_at;

  g_variant_get (row, "(&sm&s&s&s&sx&sm&s)", &id, &source_id, &content, &metadata, &content_type, &arrived_at, &sender, &network);
  content_bytes = g_bytes_new (content, strlen (content));
  metadata_bytes = g_bytes_new (metadata, strlen (metadata));

  self = message_alloc (id, source_id, arrived_at);
  self->envelope = rb_envelope_new (source_id, sender, NULL, content_bytes, content_type, metadata_bytes);
  self->network = g_strdup (network);
  self->is_durable = TRUE;
  traceparent = read_metadata (self, self->envelope);
  rb_trace_ensure (traceparent, no_random, &self->trace);
  return self;
}

gboolean
rb_message_set_place (RbMessage *self,
                      GVariant  *place_row)
{
  const char *id, *place, *endpoint_id, *reason, *correlation_id;

  g_variant_get (place_row, "(&s&sm&sxm&sm&sx)", &id, &place, &endpoint_id, &self->position, &reason, &correlation_id, &self->since);
  if (strcmp (id, self->id) != 0 || !rb_place_from_string (place, &self->place))
    return FALSE;

  g_free (self->endpoint_id);
  self->endpoint_id = g_strdup (endpoint_id);
  self->reason = g_intern_string (reason);
  return TRUE;
}
