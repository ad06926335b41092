/* rb-buffer-file.c: the peer's file of messages that waited for an endpoint to come back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-buffer-file.h"

#include "rb-import.h"
#include "rb-json.h"
#include "rb-time.h"

#include <string.h>

void
rb_buffer_file_free (RbBufferFile *self)
{
  g_ptr_array_unref (self->messages);
  g_free (self);
}

static char *
dup_filled (const RbJson *object,
            const char   *name)
{
  char *text = rb_json_peek_string (object, name);

  if (text != NULL && *text == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}

/* NULL where the sender or the content is missing. */
static RbEnvelope *
read_envelope (const RbJson *json)
{
  g_autofree char *source_id = dup_filled (json, "sourceMessageId");
  g_autofree char *from = rb_json_peek_string (json, "from");
  g_autofree char *content_type = dup_filled (json, "contentType");
  g_autoptr(GBytes) content = NULL;
  g_autoptr(GBytes) metadata = NULL;

  if (from == NULL || rb_json_get_member_type (json, "content") != RB_JSON_STRING)
    return NULL;

  content = rb_json_dup_slice (json, "content");
  if (rb_json_get_member_type (json, "metadata") == RB_JSON_OBJECT)
    metadata = rb_json_dup_slice (json, "metadata");
  return rb_envelope_new (source_id, from, NULL, content, content_type, metadata);
}

static gint64
read_time (const RbJson *line,
           gint64        now)
{
  g_autofree char *text = rb_json_peek_string (line, "arrived_at");
  gint64 at;

  return text != NULL && rb_time_from_iso (text, &at) ? at : now;
}

/* FALSE: nothing that we understand. */
static gboolean
add_line (RbBufferFile *self,
          const RbJson *line,
          gint64        now)
{
  g_autofree char *id = dup_filled (line, "id");
  g_autoptr(RbJson) json = NULL;
  g_autoptr(RbEnvelope) envelope = NULL;

  if (id == NULL || rb_json_get_member_type (line, "envelope") != RB_JSON_OBJECT)
    return FALSE;
  json = rb_json_open (line, "envelope", NULL);
  if (json == NULL)
    return FALSE;
  if (rb_json_get_member_type (json, "runtimeAssignment") == RB_JSON_OBJECT)
    {
      self->n_assignments++;
      return TRUE;
    }

  envelope = read_envelope (json);
  if (envelope == NULL)
    return FALSE;
  g_ptr_array_add (self->messages, rb_imported_message_new (g_steal_pointer (&id), envelope, read_time (line, now)));
  return TRUE;
}

/* A copy of each line: a message keeps its line alive, not the whole file. */
static void
parse_line (RbBufferFile *self,
            const char   *text,
            gsize         length,
            gint64        now)
{
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GBytes) mended = NULL;
  g_autoptr(RbJson) line = NULL;

  if (length == 0)
    return;
  bytes = g_bytes_new (text, length);
  mended = rb_json_mend (bytes);
  line = rb_json_parse_object (mended, 0, NULL);
  if (line == NULL || !add_line (self, line, now))
    self->n_damaged++;
}

RbBufferFile *
rb_buffer_file_parse (const char *text,
                      gsize       length,
                      gint64      now)
{
  RbBufferFile *self = g_new0 (RbBufferFile, 1);
  const char *end = text + length;

  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_imported_message_free);
  while (text < end)
    {
      const char *stop = memchr (text, '\n', (gsize) (end - text));

      stop = stop != NULL ? stop : end;
      parse_line (self, text, (gsize) (stop - text), now);
      text = stop + 1;
    }
  return self;
}
