/* rb-letter.c: an event on its way to the authority
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-letter.h"

#include "rb-error.h"

#include <string.h>

RbLetter *
rb_letter_new (gint64   position,
               RbEvent *event,
               gint64   created_at)
{
  RbLetter *self = g_new0 (RbLetter, 1);

  self->position = position;
  self->event = rb_event_ref (event);
  self->created_at = created_at;
  return self;
}

void
rb_letter_free (RbLetter *self)
{
  rb_event_unref (self->event);
  g_free (self->reason);
  g_free (self);
}

static gboolean
parse_kind (const char  *text,
            RbEventKind *kind)
{
  for (int i = RB_EVENT_UNDISPATCHED_CHANGED; i <= RB_EVENT_ENDPOINT_STATE; i++)
    if (g_str_equal (rb_event_kind_to_string (i), text))
      {
        *kind = i;
        return TRUE;
      }
  return FALSE;
}

RbLetter *
rb_letter_from_row (GVariant  *row,
                    GError   **error)
{
  const char *kind_text, *subject, *payload, *state;
  g_autoptr(RbEvent) event = NULL;
  g_autoptr(GBytes) bytes = NULL;
  gint64 position, created_at;
  gboolean has_status;
  RbEventKind kind;
  RbLetter *self;

  g_variant_get (row, "(x&s&s&sx&smsmx)", &position, &kind_text, &subject, &payload, &created_at, &state, NULL, NULL, NULL);
  if (!parse_kind (kind_text, &kind))
    {
      rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged", "The outbox has an event of an unknown kind '%s'", kind_text);
      return NULL;
    }

  bytes = g_bytes_new (payload, strlen (payload));
  event = rb_event_new (kind, subject, bytes);
  self = rb_letter_new (position, event, created_at);
  self->is_dead = g_str_equal (state, "dead");
  g_variant_get_child (row, 6, "ms", &self->reason);
  g_variant_get_child (row, 7, "mx", &has_status, &self->status);
  return self;
}

void
rb_letter_record (const RbLetter *self,
                  RbChanges      *changes)
{
  GBytes *bytes = rb_event_get_payload (self->event);
  g_autofree char *payload = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  GVariant *status = self->status != 0 ? g_variant_new_int64 (self->status) : NULL;

  rb_changes_put (changes, RB_TABLE_OUTBOX,
                  g_variant_new ("(xsssxsms@mx)", self->position, rb_event_kind_to_string (rb_event_get_kind (self->event)),
                                 rb_event_get_subject (self->event), payload, self->created_at, self->is_dead ? "dead" : "queued",
                                 self->reason, g_variant_new_maybe (G_VARIANT_TYPE_INT64, status)));
}

void
rb_letter_erase (const RbLetter *self,
                 RbChanges      *changes)
{
  if (self->position != 0)
    rb_changes_delete (changes, RB_TABLE_OUTBOX, g_variant_new ("(x)", self->position));
}

char *
rb_letter_dup_lane (const RbEvent *event)
{
  static const char *const things[] = {
    [RB_EVENT_UNDISPATCHED_CHANGED] = "message",
    [RB_EVENT_PRESENCE_CHANGED] = "presence",
    [RB_EVENT_INBOUND_ROUTED] = "message",
    [RB_EVENT_PROCESSING_STATE] = "assignment",
    [RB_EVENT_ENDPOINT_STATE] = "endpoint",
  };

  return g_strconcat (things[rb_event_get_kind (event)], ":", rb_event_get_subject (event), NULL);
}
