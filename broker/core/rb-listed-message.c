/* rb-listed-message.c: a message as the list of the inbox shows it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-listed-message.h"

#include "rb-core-private.h"

void
rb_listed_message_free (RbListedMessage *self)
{
  g_free (self->id);
  g_free (self->source_message_id);
  g_free (self->sender_address);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_free (self->content_type);
  g_clear_pointer (&self->metadata, g_bytes_unref);
  g_free (self->reason);
  g_free (self->claim_policy);
  g_free (self->active_assignment_id);
  g_free (self->active_target_endpoint_id);
  g_clear_pointer (&self->conversation_ref, g_variant_unref);
  g_free (self->original_target_endpoint_id);
  g_free (self->original_correlation_id);
  g_free (self);
}

RbListedMessage *
rb_listed_message_from_row (const RbMessage *message)
{
  RbListedMessage *item = g_new0 (RbListedMessage, 1);

  item->id = g_strdup (message->id);
  item->source_message_id = g_strdup (message->source_id);
  item->arrived_at = message->arrived_at;
  item->sender_address = g_strdup (rb_envelope_get_from (message->envelope));
  item->content = g_bytes_ref (rb_envelope_get_content (message->envelope));
  item->content_type = g_strdup (rb_envelope_get_content_type (message->envelope));
  item->metadata = g_bytes_ref (rb_envelope_get_metadata (message->envelope));
  item->reason = g_strdup (message->reason);
  item->claim_policy = g_strdup ("owner_select_required");
  item->original_target_endpoint_id = g_strdup (message->endpoint_id);
  item->original_correlation_id = g_strdup (message->correlation_id);
  return item;
}

static char *
dup_text (GVariant   *item,
          const char *name)
{
  char *text = NULL;

  g_variant_lookup (item, name, "s", &text);
  return text;
}

static const char *
listing_reason (const char *reason)
{
  if (g_strcmp0 (reason, RB_REASON_CLOSED_SESSION) == 0 || g_strcmp0 (reason, RB_REASON_CORRELATED) == 0)
    return reason;
  return RB_REASON_UNADDRESSED;
}

static RbMessage *
find_cached (RbCore     *core,
             const char *undispatched_id,
             const char *source_message_id)
{
  RbMessage *message = undispatched_id != NULL ? rb_ledger_lookup (core->ledger, undispatched_id) : NULL;

  if (message == NULL && source_message_id != NULL)
    message = rb_ledger_lookup (core->ledger, source_message_id);
  return message;
}

static void
fill_message (RbListedMessage *item,
              GVariant        *candidate,
              const RbMessage *cached)
{
  g_autofree char *preview = dup_text (candidate, "content_preview");

  if (cached == NULL)
    {
      item->sender_address = dup_text (candidate, "sender_address");
      item->content = rb_json_slice_from_string (preview != NULL ? preview : "");
      item->content_type = g_strdup ("text");
      item->metadata = g_bytes_new_static ("{}", 2);
      return;
    }

  item->sender_address = g_strdup (rb_envelope_get_from (cached->envelope));
  item->content = g_bytes_ref (rb_envelope_get_content (cached->envelope));
  item->content_type = g_strdup (rb_envelope_get_content_type (cached->envelope));
  item->metadata = g_bytes_ref (rb_envelope_get_metadata (cached->envelope));
}

RbListedMessage *
rb_listed_message_from_candidate (RbCore   *core,
                                  GVariant *candidate)
{
  RbListedMessage *item = g_new0 (RbListedMessage, 1);
  g_autofree char *reason = dup_text (candidate, "reason");

  item->id = dup_text (candidate, "undispatched_id");
  item->source_message_id = dup_text (candidate, "source_message_id");
  g_variant_lookup (candidate, "arrived_at", "x", &item->arrived_at);
  fill_message (item, candidate, find_cached (core, item->id, item->source_message_id));
  item->reason = g_strdup (listing_reason (reason));
  item->claim_policy = dup_text (candidate, "claim_policy");
  item->active_assignment_id = dup_text (candidate, "active_assignment_id");
  item->active_target_endpoint_id = dup_text (candidate, "active_target_endpoint_id");
  item->conversation_ref = g_variant_lookup_value (candidate, "conversation_ref", G_VARIANT_TYPE_VARDICT);
  item->original_target_endpoint_id = dup_text (candidate, "target_endpoint_id_hint");
  item->original_correlation_id = dup_text (candidate, "in_reply_to");
  return item;
}
