/* rb-bus-words.c: what a caller on the bus says: a text, of which type it is, and metadata
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-words.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define SIZE_MAX_BYTES (1024 * 1024)

static gboolean
check_size (const RbBusWords *self,
            GError          **error)
{
  gsize size = g_bytes_get_size (self->content) + g_bytes_get_size (self->metadata);

  if (size <= SIZE_MAX_BYTES)
    return TRUE;
  rb_set_error (error, RB_ERROR_TOO_LARGE, "payload_too_large", "text and metadata are longer than %d bytes", SIZE_MAX_BYTES);
  return FALSE;
}

gboolean
rb_bus_words_read (RbBusWords  *self,
                   const char  *text,
                   const char  *content_type,
                   const char  *metadata,
                   GError     **error)
{
  const char *object = metadata != NULL ? metadata : "{}";
  g_autoptr(RbJson) json = NULL;

  self->content = rb_json_slice_from_string (text);
  self->content_type = g_strdup (content_type);
  self->metadata = g_bytes_new (object, strlen (object));
  json = rb_json_parse_object (self->metadata, 0, error);
  return json != NULL && check_size (self, error);
}

void
rb_bus_words_clear (RbBusWords *self)
{
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_pointer (&self->content_type, g_free);
  g_clear_pointer (&self->metadata, g_bytes_unref);
}
