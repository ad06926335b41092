/* rb-http-sse.c: server-sent events, cut out of a stream of bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-sse.h"

#include "rb-error.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MAX_ID_BYTES 1024
#define MAX_RETRY_MS 600000

struct _RbHttpSse {
  gsize     max_frame_bytes;
  GString  *line;        /* of which the end has not come yet */
  GString  *data;        /* of the frame so far */
  char     *id;          /* of the frame so far */
  gboolean  has_data;
  gboolean  after_cr;    /* a LF now belongs to the CR before it */
  gboolean  has_begun;   /* the first line is over */
  gint64    retry_ms;
  GQueue    frames;      /* whole ones */
};

void
rb_http_sse_frame_free (RbHttpSseFrame *self)
{
  g_free (self->id);
  g_bytes_unref (self->data);
  g_free (self);
}

/**
 * rb_http_sse_new:
 * @max_frame_bytes: how long the data of a frame, or any line, may be
 *
 * Returns: (transfer full): a parser
 */
RbHttpSse *
rb_http_sse_new (gsize max_frame_bytes)
{
  RbHttpSse *self = g_new0 (RbHttpSse, 1);

  self->max_frame_bytes = max_frame_bytes;
  self->retry_ms = -1;
  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  g_queue_init (&self->frames);
  return self;
}

void
rb_http_sse_free (RbHttpSse *self)
{
  g_return_if_fail (self != NULL);

  g_string_free (self->line, TRUE);
  g_string_free (self->data, TRUE);
  g_free (self->id);
  g_queue_clear_full (&self->frames, (GDestroyNotify) rb_http_sse_frame_free);
  g_free (self);
}

static gboolean
too_long (GError **error,
          gsize    limit)
{
  rb_set_error (error, RB_ERROR_TOO_LARGE, "sse_frame_too_large", "an event is longer than %" G_GSIZE_FORMAT " bytes", limit);
  return FALSE;
}

static void
end_frame (RbHttpSse *self)
{
  if (self->has_data)
    {
      RbHttpSseFrame *frame = g_new0 (RbHttpSseFrame, 1);
      char *text = g_utf8_make_valid (self->data->str, (gssize) self->data->len);

      frame->id = g_steal_pointer (&self->id);
      frame->data = g_bytes_new_take (text, strlen (text));
      g_queue_push_tail (&self->frames, frame);
    }

  g_clear_pointer (&self->id, g_free);
  g_string_truncate (self->data, 0);
  self->has_data = FALSE;
}

/* It comes back in a header: what cannot stand in one is no id. */
static void
set_id (RbHttpSse  *self,
        const char *value,
        gsize       length)
{
  if (length > MAX_ID_BYTES)
    return;
  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (value[i]))
      return;

  g_free (self->id);
  self->id = g_strndup (value, length);
}

static void
set_retry (RbHttpSse  *self,
           const char *value,
           gsize       length)
{
  g_autofree char *text = g_strndup (value, length);
  guint64 retry_ms;

  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &retry_ms, NULL))
    self->retry_ms = MIN ((gint64) retry_ms, MAX_RETRY_MS);
}

static gboolean
add_data (RbHttpSse   *self,
          const char  *value,
          gsize        length,
          GError     **error)
{
  if (self->data->len + 1 + length > self->max_frame_bytes)
    return too_long (error, self->max_frame_bytes);

  if (self->has_data)
    g_string_append_c (self->data, '\n');
  g_string_append_len (self->data, value, (gssize) length);
  self->has_data = TRUE;
  return TRUE;
}

static gboolean
is_name (const char *line,
         gsize       length,
         const char *name)
{
  return length == strlen (name) && memcmp (line, name, length) == 0;
}

static gboolean
read_field (RbHttpSse   *self,
            const char  *line,
            gsize        length,
            GError     **error)
{
  const char *colon = memchr (line, ':', length);
  gsize name_length = colon != NULL ? (gsize) (colon - line) : length;
  const char *value = colon != NULL ? colon + 1 : line + length;
  gsize value_length = (gsize) (line + length - value);

  if (value_length > 0 && *value == ' ')
    {
      value++;
      value_length--;
    }

  if (is_name (line, name_length, "data"))
    return add_data (self, value, value_length, error);
  if (is_name (line, name_length, "id"))
    set_id (self, value, value_length);
  else if (is_name (line, name_length, "retry"))
    set_retry (self, value, value_length);
  return TRUE;
}

static gboolean
end_line (RbHttpSse  *self,
          GError    **error)
{
  const char *line = self->line->str;
  gsize length = self->line->len;
  gboolean ok = TRUE;

  if (!self->has_begun && g_str_has_prefix (line, BYTE_ORDER_MARK))
    {
      line += strlen (BYTE_ORDER_MARK);
      length -= strlen (BYTE_ORDER_MARK);
    }
  self->has_begun = TRUE;

  if (length == 0)
    end_frame (self);
  else if (*line != ':')
    ok = read_field (self, line, length, error);
  g_string_truncate (self->line, 0);
  return ok;
}

/* Bytes up to the next line end. */
static gsize
span_of_line (const char *bytes,
              gsize       length)
{
  gsize n = 0;

  while (n < length && bytes[n] != '\r' && bytes[n] != '\n')
    n++;
  return n;
}

static gboolean
add_to_line (RbHttpSse   *self,
             const char  *bytes,
             gsize        length,
             GError     **error)
{
  /* "data: " does not count. */
  if (self->line->len + length > self->max_frame_bytes + 6)
    return too_long (error, self->max_frame_bytes);
  g_string_append_len (self->line, bytes, (gssize) length);
  return TRUE;
}

/**
 * rb_http_sse_feed:
 * @self: a parser
 * @bytes: what came next, however it was cut
 * @length: how much of it
 * @error: return location for a #GError
 *
 * Returns: %FALSE when a frame is too long
 */
gboolean
rb_http_sse_feed (RbHttpSse   *self,
                  const char  *bytes,
                  gsize        length,
                  GError     **error)
{
  const char *end = bytes + length;

  g_return_val_if_fail (self != NULL, FALSE);

  while (bytes < end)
    {
      gsize n = span_of_line (bytes, (gsize) (end - bytes));
      gboolean belongs_to_cr = self->after_cr && n == 0 && *bytes == '\n';

      self->after_cr = FALSE;
      if (!add_to_line (self, bytes, n, error))
        return FALSE;
      bytes += n;
      if (bytes == end)
        break;

      self->after_cr = *bytes == '\r';
      bytes++;
      if (!belongs_to_cr && !end_line (self, error))
        return FALSE;
    }
  return TRUE;
}

RbHttpSseFrame *
rb_http_sse_take (RbHttpSse *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_queue_pop_head (&self->frames);
}

gint64
rb_http_sse_get_retry_ms (const RbHttpSse *self)
{
  g_return_val_if_fail (self != NULL, -1);
  return self->retry_ms;
}
